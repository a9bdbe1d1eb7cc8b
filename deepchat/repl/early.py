"""The keys pressed before the composer stands: kept from being echoed, and from being changed on their way."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def silent_keys() -> Iterator[None]:
    """While inside, the terminal neither echoes keys, nor turns Enter into a line feed, nor waits for Ctrl-Q after a Ctrl-S;
    Ctrl-C still interrupts.

    What is typed meanwhile waits for the composer. Nothing happens where there is no such terminal.
    """
    if sys.platform == "win32" or not sys.stdin.isatty():
        yield
        return
    import termios  # not on Windows

    tty = sys.stdin.fileno()
    before = termios.tcgetattr(tty)
    silent = termios.tcgetattr(tty)
    silent[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON)
    silent[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(tty, termios.TCSANOW, silent)
    try:
        yield
    finally:
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(tty, termios.TCSADRAIN, before)
