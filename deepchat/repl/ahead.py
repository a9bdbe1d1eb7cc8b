"""Lines that are typed into a plain terminal before they are asked for: taken off it, so that its end does not cost them.

What a line means is not known here.
"""

import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TextIO

from deepchat.text import clean

# A signal that comes at a bad moment is heeded this late.
WAIT_S: Final = 0.25

_CHUNK: Final = 65_536


class LinesAhead:
    """Asks for lines, those that were typed ahead first. `terminal` is where they are typed; None: `otherwise` asks.

    `waiting` are the lines that nobody has asked for yet.
    """

    def __init__(
        self, otherwise: Callable[[str], str], out: TextIO, terminal: TextIO | None
    ) -> None:
        self.waiting: list[str] = []
        self._otherwise = otherwise
        self._out = out
        self._terminal = terminal if sys.platform != "win32" else None
        self._half = b""
        self._ended = False

    def ask(self, prompt: str) -> str:
        """The next line; one that was typed ahead is shown again where it is taken. EOFError at the end."""
        if self.waiting:
            self._write(f"{prompt}{clean(self.waiting[0])}\n")
            return self.waiting.pop(0)
        if self._terminal is None:
            return self._otherwise(prompt)
        self._write(prompt)
        # Not by `input`: a signal that comes just before it waits would be heeded with the next line.
        while not (self.look(WAIT_S) or self._ended):
            pass
        if self.waiting:
            return self.waiting.pop(0)
        self._ended = False
        raise EOFError

    def ask_unseen(self, prompt: str) -> str:
        """The next line that is typed, without an echo; what was typed ahead was not meant for this. EOFError at the end."""
        self.look()
        ahead, self.waiting[:] = [*self.waiting], []
        try:
            with _without_echo(self._terminal):
                return self.ask(prompt)
        except OSError as error:  # the terminal is gone
            raise EOFError from error
        except BaseException:
            self._half = b""
            raise
        finally:
            self._write("\n")
            self.waiting[:0] = ahead

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()

    def look(self, wait_s: float = 0) -> bool:
        """Take the lines that were typed meanwhile, or are within this time; whether there were some."""
        before = len(self.waiting)
        try:
            while not self._ended and self._has_typed(wait_s if before == len(self.waiting) else 0):
                self._take()
        except OSError:  # the terminal is gone
            self._ended = True
        return len(self.waiting) > before

    def take_all(self) -> None:
        """At the end: half a line as well, which the terminal would hand to whoever reads next."""
        if self._terminal:
            with suppress(OSError), _by_keys(self._terminal.fileno()):
                self.look()
        if self._half:
            self.waiting.append(self._text(self._half))
            self._half = b""

    def _has_typed(self, wait_s: float) -> bool:
        if self._terminal is None:
            return False
        if os.tcgetpgrp(self._terminal.fileno()) != os.getpgrp():  # in the background
            time.sleep(wait_s)
            return False
        return bool(select.select([self._terminal], [], [], wait_s)[0])

    def _take(self) -> None:
        assert self._terminal  # noqa: S101  something was typed there
        data = os.read(self._terminal.fileno(), _CHUNK)
        if not data:  # Ctrl-D, behind which half a line is one
            self._ended = not self._half
            data = b"\n" if self._half else b""
        *lines, self._half = (self._half + data).split(b"\n")
        self.waiting += map(self._text, lines)

    def _text(self, line: bytes) -> str:
        assert self._terminal  # noqa: S101  it came from there
        return line.decode(self._terminal.encoding, "replace")


@contextmanager
def _without_echo(terminal: TextIO | None) -> Iterator[None]:
    """Inside, what is typed is not shown; what was typed of a line that nobody waits for any more is thrown away."""
    if terminal is None:
        yield
        return
    import termios  # not on Windows

    def echoes_not(attributes: list[Any]) -> None:
        attributes[3] &= ~termios.ECHO

    with _changed(terminal.fileno(), echoes_not):
        try:
            yield
        except BaseException:
            with suppress(termios.error):
                termios.tcflush(terminal, termios.TCIFLUSH)
            raise


@contextmanager
def _by_keys(terminal: int) -> Iterator[None]:
    """Inside, the terminal gives keys, not lines. OSError when it is gone."""
    import termios  # not on Windows

    def gives_keys(attributes: list[Any]) -> None:
        attributes[3] &= ~termios.ICANON
        attributes[6][termios.VMIN] = 1  # on some systems the place of Ctrl-D
        attributes[6][termios.VTIME] = 0

    with _changed(terminal, gives_keys):
        yield


@contextmanager
def _changed(terminal: int, change: Callable[[list[Any]], None]) -> Iterator[None]:
    """Inside, the terminal has other attributes. OSError when it is gone."""
    import termios  # not on Windows

    try:
        before, attributes = termios.tcgetattr(terminal), termios.tcgetattr(terminal)
        change(attributes)
        termios.tcsetattr(terminal, termios.TCSANOW, attributes)
    except termios.error as error:
        raise OSError(*error.args) from error
    try:
        yield
    finally:
        with suppress(termios.error):
            termios.tcsetattr(terminal, termios.TCSANOW, before)
