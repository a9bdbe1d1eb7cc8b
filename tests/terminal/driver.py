"""The real program in a pseudo-terminal, with pyte as the screen: press keys, wait for what the screen shows."""

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pexpect
import pyte

ROOT = Path(__file__).parents[2]
WAIT_S = 20


class Window(pyte.HistoryScreen):
    """A screen that resizes as xterm does: rows are cut, and what no longer fits goes into the scrollback."""

    def resize(self, lines=None, columns=None):
        lines, columns = lines or self.lines, columns or self.columns
        pushed = max(0, self.cursor.y + 1 - lines)
        for _ in range(pushed):
            self.history.top.append(self.buffer[0])
            below = {y - 1: line for y, line in self.buffer.items() if y}
            self.buffer.clear()
            self.buffer.update(below)
        for y in range(lines, self.lines + 1):
            self.buffer.pop(y, None)
        for line in self.buffer.values():
            for x in [x for x in line if x >= columns]:
                del line[x]
        self.lines, self.columns = lines, columns
        self.margins = None
        self.cursor.y -= pushed
        self.cursor.x = min(self.cursor.x, columns - 1)


class Driver:
    """A running deepchat. `lines()` is the screen, `everything()` what has scrolled away and the screen."""

    def __init__(
        self,
        *flags: str,
        run: Sequence[str] = (sys.executable, "-m", "deepchat"),
        env: Mapping[str, str] | None = None,
        rows=24,
        columns=80,
    ):
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self.screen = Window(columns, rows, history=10_000, ratio=0.5)
        self.stream = pyte.ByteStream(self.screen)
        self.written = b""
        self.child = pexpect.spawn(
            run[0],
            [*run[1:], *flags],
            env={**os.environ, "TERM": "xterm-256color", "PYTHONPATH": path, **(env or {})},
            dimensions=(rows, columns),
            timeout=WAIT_S,
        )
        self.child.delaybeforesend = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self) -> None:
        """Make sure that it has ended."""
        if self.child.isalive():
            self.child.kill(signal.SIGKILL)
            self.child.wait()
        self.child.close()

    def resize(self, rows: int, columns: int) -> None:
        """As a window is: first its contents, then the program is told."""
        self.screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def press(self, keys: str) -> None:
        self.child.send(keys)

    def enter(self, line: str) -> None:
        """Type a line, see it, and send it."""
        self.press(line)
        self.wait_for(line.splitlines()[-1][-20:])
        self.press("\r")

    def wait_for(self, text: str, *, gone: bool = False) -> None:
        """Until the screen shows this text (or, `gone`, no longer does)."""
        self.wait_until(lambda: (text in "\n".join(self.lines())) is not gone, repr(text))

    def wait_until(self, seen, what="that") -> None:
        deadline = time.monotonic() + WAIT_S
        while not seen():
            if time.monotonic() > deadline:
                shown = "\n".join(self.lines())
                raise AssertionError(f"waited for {what}; the screen shows\n{shown}")
            self.read(0.05)

    def read(self, seconds: float) -> bool:
        """Take in what the program writes; whether it has ended."""
        try:
            data = self.child.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            return True
        self.written += data
        self.stream.feed(data)
        return False

    def wait_for_end(self) -> int:
        """The exit code; negative, the signal."""
        deadline = time.monotonic() + WAIT_S
        while not self.read(0.05):
            assert time.monotonic() < deadline, "it does not end"
        self.child.wait()
        number = self.child.signalstatus
        return -int(number) if number else int(self.child.exitstatus)

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    def everything(self) -> list[str]:
        above = [
            "".join(row[column].data for column in range(self.screen.columns)).rstrip()
            for row in self.screen.history.top
        ]
        return [*above, *self.lines()]
