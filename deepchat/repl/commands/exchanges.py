"""How commands name a question: by its number along the branch in use, from 1, or as the last one."""

from collections.abc import Iterator

from deepchat import branches, context
from deepchat.branches import Exchange
from deepchat.conversation import Message
from deepchat.errors import UsageError
from deepchat.repl.needs import Choice, Desk
from deepchat.repl.registry import LONGEST
from deepchat.repl.words import count
from deepchat.text import clean_line


def questions(desk: Desk) -> Iterator[Choice]:
    """What Tab offers for one."""
    for number, exchange in enumerate(said(desk), start=1):
        yield Choice(str(number), str(number), context.title_of(exchange.asked.text))


def said(desk: Desk) -> list[Exchange]:
    """All that was asked and answered along the branch in use, but for what is being answered."""
    exchanges = branches.exchanges(desk.chat.conversation.path())
    return (
        exchanges[:-1] if desk.chat.turns and exchanges and not exchanges[-1].reply else exchanges
    )


def chosen(desk: Desk, number: str) -> tuple[int, Exchange]:
    """The exchange of this number, or the last one for "", and its number. UsageError when there is none."""
    exchanges = said(desk)
    if not exchanges:
        raise UsageError("There is no question yet.")
    number = number or str(len(exchanges))
    if not number.isdecimal() or not 1 <= int(number) <= len(exchanges):
        asked = count(len(exchanges), "question")
        raise UsageError(
            f"There is no question {clean_line(number, LONGEST)}: this chat has {asked}."
        )
    return int(number), exchanges[int(number) - 1]


def answered(desk: Desk, number: str) -> tuple[int, Message]:
    """The answer to the question of this number, or to the last one for "", and that number. UsageError when there is none."""
    place, exchange = chosen(desk, number)
    if exchange.reply is None:
        raise UsageError(f"Question {place} has no answer.")
    return place, exchange.reply


def others(desk: Desk, number: str) -> tuple[int, Exchange, list[Exchange]]:
    """As `chosen`, and all that was asked and answered in its place. UsageError when there is nothing but that."""
    place, exchange = chosen(desk, number)
    found = branches.variants(desk.chat.conversation, exchange)
    if found in ([], [exchange]):
        raise UsageError(
            f"Question {place} has no other answer.", hint="/retry and /edit make one."
        )
    return place, exchange, found
