"""The keys pressed before the composer stands: kept from being echoed, and from being changed on their way."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

_BRACKETING: Final = (
    *("xterm", "screen", "tmux", "rxvt", "kitty", "alacritty", "foot", "konsole", "gnome", "vte"),
    *("wezterm", "ghostty", "iterm", "mintty", "contour", "putty", "st-"),
)

_PASTES: Final = "\x1b[?2004h"

# A program that does not know what a paste is gets it unmarked.
NO_PASTES: Final = "\x1b[?2004l"


def brackets_pastes(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is known to: most are. GNU screen, which hands nothing through, calls itself as tmux may."""
    term = environ.get("TERM", "")
    return term.startswith(_BRACKETING) and not (
        term.startswith("screen") and "TMUX" not in environ
    )


@contextmanager
def silent_keys() -> Iterator[None]:
    """While inside, the terminal neither echoes keys, nor turns Enter into a line feed, nor waits for Ctrl-Q after a Ctrl-S;
    Ctrl-C still interrupts. Pastes are marked, where the terminal can: otherwise their lines would be taken for typed ones.

    What is typed meanwhile waits for the composer. Nothing happens where there is no such terminal.
    """
    if sys.platform == "win32" or not sys.stdin.isatty():
        yield
        return
    import termios  # not on Windows

    marks = brackets_pastes(os.environ)
    tty = sys.stdin.fileno()
    before = termios.tcgetattr(tty)
    silent = termios.tcgetattr(tty)
    silent[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON)
    silent[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(tty, termios.TCSANOW, silent)
    try:
        _ask(_PASTES if marks else "")  # behind that, since a Ctrl-S would hold it
        yield
    finally:
        with suppress(termios.error, OSError):  # the terminal is gone
            termios.tcsetattr(tty, termios.TCSADRAIN, before)
            _ask(NO_PASTES if marks else "")


def _ask(mode: str) -> None:
    sys.stdout.write(mode)
    sys.stdout.flush()
