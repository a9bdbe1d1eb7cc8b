"""The REPL without cursor movement: lines in, text out, for terminals and ears that want nothing redrawn."""

import asyncio
import os
import shutil
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TextIO

from deepchat.errors import UsageError
from deepchat.repl import clipboard
from deepchat.repl.aside import aside
from deepchat.repl.composer import is_open, without_quotes
from deepchat.repl.house import House
from deepchat.repl.loop import Pending, Repl
from deepchat.repl.needs import Entry, Next, Picking, Spans, Surface
from deepchat.retrying import Pause
from deepchat.text import clean, clean_line

PROMPT: Final = "> "
MORE: Final = "  "
WAIT_S: Final = 0.25
LISTED: Final = 30


class PlainSurface:
    """A stream that is only ever appended to. Nothing can stand in a composer here: what returns is printed."""

    draft = ""
    echoes = True

    def __init__(self, out: TextIO, lines: Callable[[str], str]) -> None:
        self._out = out
        self._lines = lines

    @property
    def width(self) -> int:
        return shutil.get_terminal_size().columns

    @property
    def height(self) -> int:
        return shutil.get_terminal_size().lines

    def print(self, ansi: str) -> None:
        """Print for good."""
        self._out.write(ansi)
        self._out.flush()

    def frame(self, commit: str, live: str) -> None:
        """Print `commit`; the open end is not shown before it is final."""
        if commit:
            self.print(commit)

    @property
    def unsent(self) -> Entry:
        return Entry(self.draft)

    def compose(self, text: str, pasted: Spans = ()) -> None:
        """Print a text that was not sent, so that it can be copied."""
        self.print(f"Not sent: {clean(text)}\n")

    async def pick(self, picking: Picking) -> str | None:
        """A numbered list, and a line for the number."""
        choices = picking.find("")[:LISTED]
        for number, choice in enumerate(choices, start=1):
            self.print(
                f"{number:>3}  {clean_line(choice.label)}  {clean_line(choice.about)}".rstrip()
                + "\n"
            )
        answer = self._answer(f"{picking.title}, by number: ").strip() if choices else ""
        if answer.isdecimal() and 0 < int(answer) <= len(choices):
            return choices[int(answer) - 1].value
        return None

    def _answer(self, question: str) -> str:
        """One line; "" when the user would rather not."""
        # asyncio would hold Ctrl-C back until the line has come.
        held = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return self._lines(question)
        except (EOFError, KeyboardInterrupt):
            self.print("\n")
            return ""
        finally:
            signal.signal(signal.SIGINT, held)

    async def edit(self) -> None:
        """UsageError: there is no draft."""
        raise UsageError(
            "There is no composer here to edit.", hint="A line that ends with \\ goes on."
        )

    def remember(self, text: str) -> None:
        """Nothing to do: what was typed stands above."""

    def entitle(self, title: str) -> None:
        """Nothing to do: a title is not text."""

    async def copy(self, text: str) -> str:
        """Put a text into the clipboard, and say how that went."""
        copied = await aside(partial(clipboard.copy, text, os.environ))
        self.print(copied.sequence)
        return copied.said

    def ring(self) -> None:
        """Ring the bell."""
        self.print("\a")

    def refresh(self) -> None:
        """Nothing to do: there is no status line."""


class Plain:
    """A plain surface, and the REPL on it."""

    def __init__(
        self,
        wire: Callable[[Surface, Callable[[], None]], House],
        *,
        lines: Callable[[str], str] = input,
        out: TextIO | None = None,
    ) -> None:
        self._came = threading.Event()
        self._lines = lines
        self._surface = PlainSurface(out or sys.stdout, lines)
        self.repl = Repl(wire(self._surface, self._came.set), self._surface)

    def run(self, begin: Callable[[Repl], str]) -> None:
        """Until the user leaves. `begin` gives what is entered first in the user's stead."""
        first = begin(self.repl)
        try:
            outcome = self._do(first) if first else None
            while outcome is not Next.LEAVE:
                outcome = self._read()
        finally:
            self.repl.leave()

    def _read(self) -> Next | None:
        self._receive()
        try:
            line = self._lines(PROMPT)
            while line.endswith("\\") or is_open(line):
                line = line.removesuffix("\\") + "\n" + self._lines(MORE)
        except EOFError:
            self._surface.print("\n")
            return Next.LEAVE
        except KeyboardInterrupt:
            self._surface.print("\n")
            return self.repl.interrupt()
        return self._do(without_quotes(Entry(line)).text)

    def _do(self, line: str) -> Next | None:
        outcome = self.repl.enter(line)
        if not isinstance(outcome, Awaitable):
            return outcome
        try:
            return asyncio.run(self._obey(line, outcome))
        except KeyboardInterrupt:
            self.repl.desk.page.notice("Stopped.")
            return None

    async def _obey(self, line: str, outcome: Pending) -> Next | None:
        ticking = asyncio.ensure_future(_tick())
        try:
            return await self.repl.obey(line, outcome)
        finally:
            ticking.cancel()

    def _receive(self) -> None:
        """Draw the reply until it has ended; Ctrl-C stops it."""
        told: Pause | None = None
        while self.repl.busy:
            try:
                if not self.repl.behind:
                    self._came.wait(WAIT_S)
                self._came.clear()
                told = self._tell_pause(told)
                self.repl.pump()
            except KeyboardInterrupt:
                self.repl.interrupt()

    def _tell_pause(self, told: Pause | None) -> Pause | None:
        """A line for each wait before a question is sent again, in place of a status line. The one that was told last."""
        turn = self.repl.desk.chat.turn
        pause = turn.pause if turn else None
        if pause and pause is not told:
            self.repl.desk.page.notice(f"No answer yet, {pause.told()}")
        return pause or told


async def _tick() -> None:
    """Ctrl-C that comes just before asyncio falls asleep is heeded when something wakes it: this does."""
    while True:
        await asyncio.sleep(WAIT_S)
