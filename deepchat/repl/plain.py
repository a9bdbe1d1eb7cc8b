"""The REPL without cursor movement: lines in, text out, for terminals and ears that want nothing redrawn."""

import asyncio
import os
import shutil
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Final, TextIO

from deepchat.repl import clipboard
from deepchat.repl.loop import House, Repl
from deepchat.repl.needs import Next, Surface

PROMPT: Final = "> "
WAIT_S: Final = 0.25


class PlainSurface:
    """A stream that is only ever appended to. Nothing can stand in a composer here: what returns is printed."""

    draft = ""

    def __init__(self, out: TextIO) -> None:
        self._out = out

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

    def compose(self, text: str) -> None:
        """Print a text that was not sent, so that it can be copied."""
        self.print(f"Not sent: {text}\n")

    def remember(self, text: str) -> None:
        """Nothing to do: what was typed stands above."""

    def entitle(self, title: str) -> None:
        """Nothing to do: a title is not text."""

    def copy(self, text: str) -> str:
        """Put a text into the clipboard, and say how that went."""
        return clipboard.copy(text, self.print, os.environ)

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
        surface = PlainSurface(out or sys.stdout)
        self.repl = Repl(wire(surface, self._came.set), surface)

    def run(self, begin: Callable[[Repl], None]) -> int:
        """Until the user leaves; always 0."""
        begin(self.repl)
        try:
            while self._read() is not Next.LEAVE:
                pass
        finally:
            self.repl.leave()
        return 0

    def _read(self) -> Next | None:
        self._receive()
        try:
            line = self._lines(PROMPT)
        except EOFError:
            return Next.LEAVE
        except KeyboardInterrupt:
            return self.repl.interrupt()
        return self._do(line) if line.strip() else None

    def _do(self, line: str) -> Next | None:
        outcome = self.repl.enter(line)
        if not isinstance(outcome, Awaitable):
            return outcome
        try:
            return asyncio.run(_result(outcome))
        except KeyboardInterrupt:
            self.repl.desk.page.notice("Stopped.")
            return None
        except Exception as error:  # noqa: BLE001  a bug in one command does not end the chat
            self.repl.refuse(line, error)
            return None

    def _receive(self) -> None:
        """Draw the reply until it has ended; Ctrl-C stops it."""
        while self.repl.busy:
            try:
                self._came.wait(WAIT_S)
                self._came.clear()
                self.repl.pump()
            except KeyboardInterrupt:
                self._stop()

    def _stop(self) -> None:
        turn = self.repl.desk.chat.turn
        self.repl.interrupt()
        if turn and not turn.wait(WAIT_S):
            turn.abandon()


async def _result(outcome: Awaitable[Next | None]) -> Next | None:
    return await outcome
