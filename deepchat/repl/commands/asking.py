"""Commands that ask several models, or one of them, what was asked before."""

import re
from typing import Final

from deepchat.errors import UsageError
from deepchat.repl.commands import COMMANDS
from deepchat.repl.commands.models import offered, takeable
from deepchat.repl.needs import Desk

GROUP = "Chat"

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
