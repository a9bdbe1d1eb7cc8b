"""`/diff`: two answers in one place beside one another, or a code block beside a file."""

import re
from typing import Final

from deepchat import context
from deepchat.branches import Exchange
from deepchat.errors import UsageError
from deepchat.repl.commands import COMMANDS
from deepchat.repl.commands.blocks import against_file
from deepchat.repl.commands.exchanges import others, questions
from deepchat.repl.needs import Desk

# Two answers, not a file.
_PLACES: Final = re.compile(r"[\d ]+")


@COMMANDS.command("/diff", usage="[n [a b | file]]", group="Turns", candidates=questions)
def diff(desk: Desk, text: str) -> None:
    """Show two answers to question n, or to the last one, side by side; or code block n and a file.

    In a narrow window it is a diff. a and b say which, as `‹2/3›` counts them; alone it is the one in use and the one before it. Between the columns stands
    `|` where a line differs, `<` or `>` where only one answer has it.
    """
    number, _, rest = text.partition(" ")
    if rest and not _PLACES.fullmatch(rest):
        against_file(desk, number, rest)
    else:
        answers(desk, text)


def answers(desk: Desk, text: str) -> None:
    """Compare two answers in one place, given as `[n [a b]]`. UsageError when there are no such."""
    number, *places = text.split() or [""]
    if len(places) not in (0, 2) or not all(place.isdecimal() for place in places):
        raise UsageError(
            "/diff wants a question, and two of its answers.",
            hint="/diff 4 1 3 compares the first and the third answer to question 4.",
        )
    _, here, found = others(desk, number)
    behind = found.index(here) if here in found else len(found) - 1
    first, second = map(int, places) if places else (max(1, behind), max(1, behind) + 1)
    for place in (first, second):
        if not 1 <= place <= len(found):
            raise UsageError(f"There is no answer {place}: this place has {len(found)}.")
    one, other = found[first - 1], found[second - 1]
    asked = one.asked.text != other.asked.text
    desk.page.compared(
        _named(one, f"‹{first}/{len(found)}›", asked=asked),
        _named(other, f"‹{second}/{len(found)}›", asked=asked),
    )


def _named(exchange: Exchange, place: str, *, asked: bool) -> tuple[str, str]:
    """What an answer is called, by who gave it and, where that is not the same, what was `asked`; and its text."""
    reply = exchange.reply
    assert reply  # noqa: S101  of those in one place each has one
    said = (
        place,
        reply.reported_model or reply.model,
        "edited" if reply.edited else context.title_of(reply.hint),
        context.title_of(exchange.asked.text) if asked else "",
    )
    return " · ".join(filter(None, said)), reply.text
