"""Signals that end the program wherever it is: what is open is closed in order, the terminal put back, nothing said.

While a chat stands in its terminal, `repl.interactive` answers them; before and after that, and in pipes, this does.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

# What shells add to the number of the signal that ended a program.
KILLED: Final = 128

_HANGUPS: Final = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGQUIT", "SIGHUP") if hasattr(signal, name)
)


@contextmanager
def orderly() -> Iterator[None]:
    """Inside, SIGTERM, SIGQUIT and SIGHUP raise SystemExit, with 128 and their number; nohup goes on to work."""
    taken = [number for number in _HANGUPS if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> None:
    for each in _HANGUPS:  # the first is obeyed already, and must not be cut short
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(KILLED + number)
