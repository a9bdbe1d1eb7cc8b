"""Text into the user's clipboard, and out of it: the system's own where there is one, the terminal's over SSH."""

import base64
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import pyperclip

from deepchat.errors import UsageError
from deepchat.text import mend

# xterm takes no more; others take less and say nothing.
LARGEST: Final = 100_000

_TMUX_S: Final = 2.0


def copy(text: str, write: Callable[[str], None], environ: Mapping[str, str]) -> str:
    """Copy, and say truthfully how far that is known to have worked. UsageError when there is no way.

    Over SSH the clipboard that counts is at the other end: OSC 52 asks the terminal to take the text, and no terminal
    tells whether it did. `write` puts raw bytes on the terminal.
    """
    text = mend(text)
    remote = any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))
    if not remote and _into_system(text):
        return "Copied."
    if environ.get("TMUX") and _into_tmux(text, environ):
        return "In tmux's buffer, and handed to the terminal (OSC 52); not every terminal takes it."
    if environ.get("TERM") == "dumb":
        raise UsageError("There is no clipboard here.", hint="/save writes a block to a file.")
    encoded = base64.b64encode(text.encode()).decode("ascii")
    if len(encoded) > LARGEST:
        raise UsageError(
            f"{len(text):,} characters are too many for the terminal's clipboard.",
            hint="/save writes a block to a file.",
        )
    write(_passed_through(f"\x1b]52;c;{encoded}\x07", environ))
    return "Handed to the terminal (OSC 52); not every terminal takes it."


def paste() -> str:
    """The text in the clipboard. UsageError when it cannot be had, or there is none. May take its time."""
    try:
        with _silent_stderr():
            text = pyperclip.paste()
    except (pyperclip.PyperclipException, UnicodeDecodeError, OSError) as error:
        raise UsageError(
            "The clipboard cannot be read here.", hint="Paste with your terminal's own key."
        ) from error
    if not text:
        raise UsageError("There is no text in the clipboard.")
    return text


def _into_system(text: str) -> bool:
    """Whether the text is in the system's clipboard. pyperclip does not notice when xclip and its like fail: look."""
    try:
        with _silent_stderr():
            pyperclip.copy(text)
            return bool(pyperclip.paste() == text)
    except (pyperclip.PyperclipException, OSError, ValueError, AssertionError):
        return False  # no clipboard, no program for it, or one that says nothing sensible


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Inside, what programs complain about does not get onto the screen."""
    before = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  a name of the system, not a path
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)


def _into_tmux(text: str, environ: Mapping[str, str]) -> bool:
    """Whether tmux took it. It hands the text on to its own terminal, where a sequence of ours is mostly not let through
    (`set-clipboard external` and `allow-passthrough off` are its defaults); before 3.2 it cannot."""
    load = ("tmux", "load-buffer", "-w", "-")
    try:
        done = subprocess.run(  # noqa: S603  fixed words
            load,
            input=text.encode(),
            env=dict(environ),
            capture_output=True,
            timeout=_TMUX_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _passed_through(sequence: str, environ: Mapping[str, str]) -> str:
    """Wrapped so that tmux or screen hand it on to the terminal they run in, be they on this side of SSH or the other."""
    term = environ.get("TERM", "")
    if environ.get("TMUX") or term.startswith("tmux"):
        doubled = sequence.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{doubled}\x1b\\"
    if environ.get("STY") or term.startswith("screen"):
        # screen takes at most 768 bytes in one string.
        parts = [sequence[start : start + 700] for start in range(0, len(sequence), 700)]
        return "".join(f"\x1bP{part}\x1b\\" for part in parts)
    return sequence
