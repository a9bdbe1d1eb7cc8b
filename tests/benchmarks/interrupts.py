"""How long the composer takes to come back when something is interrupted, in each phase, in the real program. Hand-run.

    python tests/benchmarks/interrupts.py [--times 5]

A key is pressed, and the screen is looked at until the status line is that of a program that waits. The goal is 200 ms.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # it is run by its path

from deepchat.demo.manual import Page
from deepchat.demo.server import DemoServer, Pace
from tests.sites import full
from tests.terminal.driver import Driver
from tests.terminal.phases import IN_A_REPLY, NEVER_RESOLVING, NOWHERE, is_over

SETTLED_S: Final = 0.15  # the request has come; its answer is on its way

KEYS: Final[dict[str, Callable[[Driver], None]]] = {
    "Ctrl-C": lambda chat: chat.press("\x03"),
    "Esc": lambda chat: chat.press("\x1b"),
    "SIGINT": lambda chat: os.kill(chat.child.pid, signal.SIGINT),
}


def interrupted_ms(chat: Driver, press: Callable[[Driver], None]) -> float:
    """Milliseconds from the key to the composer."""
    pressed = time.monotonic()
    press(chat)
    while not is_over(chat.lines()):
        chat.read(0.001)
    return (time.monotonic() - pressed) * 1000


def enter(chat: Driver, line: str, shown: str) -> None:
    """Enter a line in an empty composer, and wait until this is shown."""
    chat.press(f"\x15{line}\r")
    chat.wait_until(lambda: not is_over(chat.lines()) and shown in "\n".join(chat.lines()), shown)
    time.sleep(SETTLED_S)
    chat.read(0.01)


def report(phase: str, key: str, took: list[float]) -> None:
    print(f"| {phase} | {key} | {median(took):.0f} | {max(took):.0f} |", flush=True)


def in_replies(server: DemoServer, times: int) -> None:
    """In each phase of a reply that has been asked for."""
    with Driver("--base-url", server.base_url, "-m", "deepchat/demo") as chat:
        chat.wait_for("/help")
        for phase in IN_A_REPLY[:-1]:  # the last one ends by itself, sooner than this looks
            for key, press in KEYS.items():
                took = []
                for _ in range(times):
                    server.script.append(phase.answer)
                    enter(chat, "Go.", phase.seen)
                    took.append(interrupted_ms(chat, press))
                report(phase.name, key, took)


def before_a_reply(program: Driver, where: str, times: int) -> None:
    """Where there is no server, with a question and with a command."""
    with program as chat:
        chat.wait_for("/help")
        for what, line, shown in (
            ("question", "Go.", "waiting"),
            ("/models", "/models", "working"),
        ):
            for key, press in KEYS.items():
                if (what, key) == ("/models", "Esc"):  # stops replies only
                    continue
                took = []
                for _ in range(times):
                    enter(chat, line, shown)
                    took.append(interrupted_ms(chat, press))
                report(f"{where}, {what}", key, took)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--times", type=int, default=5)
    times = options.parse_args().times
    print("| phase | key | ms, median | worst |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"HOME": home, "DEEPINFRA_TOKEN": "x" * 32}
        for name in [name for name in os.environ if name.startswith("XDG_")]:
            del os.environ[name]
        with DemoServer([Page("a", "b")], pace=Pace.INSTANT) as server:
            in_replies(server, times)
        with full() as site:
            before_a_reply(Driver("--base-url", site.url, "-m", "m"), "connecting", times)
        before_a_reply(Driver(*NOWHERE, run=NEVER_RESOLVING), "resolving", times)


if __name__ == "__main__":
    main()
