"""Commands that ask other models: several at once, or one all that was asked."""

import re
from collections.abc import Iterator
from typing import Final

from deepchat.errors import UsageError
from deepchat.repl.commands import COMMANDS
from deepchat.repl.commands.models import offered, takeable
from deepchat.repl.needs import Choice, Desk

GROUP = "Turns"

# More do not fit beside one another, nor below.
MOST: Final = 8

# What stands before a new question.
ASKS: Final = "--"
_ASKS: Final = re.compile(rf"(?<!\S){ASKS}(?!\S)")


@COMMANDS.command(
    "/compare",
    usage=f"model model… [{ASKS} question]",
    group=GROUP,
    candidates=takeable,
    several=True,
)
async def compare(desk: Desk, text: str) -> None:
    """Ask several models at once, the last question or a new one behind `--`, and go on with the answer you choose.

    The replies arrive side by side where the terminal is wide enough; then each stands there whole, and below them what it
    took. All of them are kept: `/prev` and `/next` flip through them. Ctrl-C stops those that are still on their way.
    """
    before, *question = _ASKS.split(text, maxsplit=1)
    names = before.split()
    if not 1 < len(names) <= MOST:
        raise UsageError(
            f"/compare wants 2 to {MOST} models.",
            hint=f"/compare A B asks both the last question, /compare A B {ASKS} WORDS a new one.",
        )
    desk.chat.require_ours()
    await desk.compare([await offered(desk, name) for name in names], "".join(question).strip())


# Before the model that is to answer.
OF: Final = "-m"


def _of(desk: Desk) -> Iterator[Choice]:
    for one in takeable(desk):
        yield Choice(f"{OF} {one.value}", f"{OF} {one.label}", one.about)


@COMMANDS.command("/replay", usage=f"{OF} model", group=GROUP, candidates=_of)
async def replay(desk: Desk, text: str) -> None:
    """Ask another model all questions of this branch again, one after the other, and show where the answers part.

    How many requests that takes, and about what they cost, is said before. The answers are a branch of their own, and the one
    so far stays. What is muted, and summaries, are left out. Ctrl-C ends it, and keeps what was answered.
    """
    option, *names = text.split() or [""]
    if option != OF or len(names) != 1:
        raise UsageError(f"/replay wants a model: /replay {OF} MODEL.")
    desk.chat.require_ours()
    await desk.replay(await offered(desk, names[0]))
