"""The moments in which a reply or a command can be interrupted: how to come to each, and how one sees that it is over."""

import re
import sys
from dataclasses import dataclass
from typing import Final

from deepchat.demo import deepinfra
from deepchat.demo.server import Answer

# The status line while something is under way.
UNDER_WAY: Final = re.compile(r"(waiting|thinking|receiving|retrying in) \d+ s|is working")

_NEVER_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Phase:
    """`answer` is what the server does, `seen` what then stands on the screen, `kept` what must be left of the reply."""

    name: str
    answer: Answer
    seen: str
    kept: str


def _cut(kept: str) -> bytes:
    """An event of which the end never comes."""
    [event, *_] = Answer.reply([kept]).pieces[1:]
    return event[: len(event) // 2]


def _silent(*said: bytes) -> Answer:
    return Answer(said, end="hang")


def _said(text: str) -> tuple[bytes, ...]:
    return Answer.reply([text], done=False, finish=None, usage={}).pieces


# A server that wants to be left alone for longer than a test takes.
BUSY: Final = Answer.json(
    {"error": {"message": "Model busy"}}, status=429, headers={"Retry-After": "50"}
)

IN_A_REPLY: Final = (
    Phase("waiting for headers", Answer(before_s=_NEVER_S), "waiting", ""),
    Phase("headers, no event", _silent(b": hello\n\n"), "waiting", ""),
    Phase("a refusal that drags on", Answer((b"{",), status=500, end="hang"), "waiting", ""),
    Phase("before another try", BUSY, "retrying in", ""),
    Phase(
        "thinking",
        Answer.reply("", reasoning=["Hm, "] * 3, done=False, finish=None, usage={}, end="hang"),
        "thinking",
        "",
    ),
    Phase("between tokens", _silent(*_said("Half one")), "Half one", "Half one"),
    Phase("in an event", _silent(*_said("Half two"), _cut("never")), "Half two", "Half two"),
    Phase("amid a stream", Answer.reply(["on "] * 3000, pause_s=0.01), "on on on", "on on on"),
    Phase("draining", _silent(*_said("Whole"), deepinfra.DONE), "Whole", "Whole"),
)

# The program, with a resolver that does not answer.
NEVER_RESOLVING: Final = (
    sys.executable,
    "-c",
    "import socket, time; socket.getaddrinfo = lambda *_, **__: time.sleep(60)\n"
    "from deepchat.__main__ import main; main()",
)
NOWHERE: Final = ("--base-url", "https://deepchat.invalid/v1", "-m", "m")


def is_over(lines: list[str]) -> bool:
    """Whether this screen shows a composer that waits for the user."""
    shown = [line for line in lines if line]
    return not UNDER_WAY.search(shown[-1]) if shown else False
