"""Text into the user's clipboard, and out of it: the system's own where there is one, the terminal's over SSH."""

import base64
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from deepchat.errors import UsageError
from deepchat.text import mend

# xterm takes no more; others take less and say nothing.
LARGEST: Final = 100_000

# How long the programs that keep a clipboard may take. One that asks a display which is gone may wait for ever.
PATIENCE_S: Final = 2.0

# pyperclip runs such programs without a time limit, lets them write on the screen, and does not notice when they fail:
# so it works in a process of its own, and looks what became of the text. -P: nothing is imported from the user's folder.
_PYTHON: Final = (sys.executable, "-P", "-c")
_COPY: Final = """
import sys, pyperclip
text = sys.stdin.buffer.read().decode()
pyperclip.copy(text)
sys.exit(pyperclip.paste() != text)
"""
_PASTE: Final = """
import sys, pyperclip
sys.stdout.buffer.write(pyperclip.paste().encode())
"""


@dataclass(frozen=True, slots=True)
class Copied:
    """How far copying is known to have worked, and what is yet to be written to the terminal, raw."""

    said: str
    sequence: str = ""


def copy(text: str, environ: Mapping[str, str]) -> Copied:
    """Copy, as far as that can be done without the terminal. UsageError when there is no way. May take its time.

    Over SSH the clipboard that counts is at the other end: OSC 52 asks the terminal to take the text, and no terminal
    tells whether it did.
    """
    text = mend(text)
    remote = any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))
    if not remote and _done((*_PYTHON, _COPY), environ, text):
        return Copied("Copied.")
    # tmux hands it on to its own terminal, where a sequence of ours is mostly not let through (`set-clipboard external`
    # and `allow-passthrough off` are its defaults); before 3.2 it cannot.
    if environ.get("TMUX") and _done(("tmux", "load-buffer", "-w", "-"), environ, text):
        return Copied(
            "In tmux's buffer, and handed to the terminal (OSC 52); not every terminal takes it."
        )
    if environ.get("TERM") == "dumb":
        raise UsageError("There is no clipboard here.", hint="/save writes a block to a file.")
    encoded = base64.b64encode(text.encode()).decode("ascii")
    if len(encoded) > LARGEST:
        raise UsageError(
            f"{len(text):,} characters are too many for the terminal's clipboard.",
            hint="/save writes a block to a file.",
        )
    return Copied(
        "Handed to the terminal (OSC 52); not every terminal takes it.",
        _passed_through(f"\x1b]52;c;{encoded}\x07", environ),
    )


def paste(environ: Mapping[str, str]) -> str:
    """The text in the clipboard. UsageError when it cannot be had, or there is none. May take its time."""
    try:
        ran = subprocess.run(  # noqa: S603  fixed words
            (*_PYTHON, _PASTE),
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(
            "The clipboard cannot be read here.", hint="Paste with your terminal's own key."
        ) from error
    text = ran.stdout.decode("utf-8", "replace")
    if not text:
        raise UsageError("There is no text in the clipboard.")
    return text


def _done(command: tuple[str, ...], environ: Mapping[str, str], text: str) -> bool:
    """Whether a program that is given the text succeeded. One that stays, to keep it, holds on to nothing of ours."""
    try:
        ran = subprocess.run(  # noqa: S603  fixed words
            command,
            input=text.encode(),
            env=dict(environ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ran.returncode == 0


def _passed_through(sequence: str, environ: Mapping[str, str]) -> str:
    """Wrapped so that tmux or screen hand it on to the terminal they run in, be they on this side of SSH or the other.

    tmux is given it bare as well: which of the two it heeds is up to `set-clipboard` and `allow-passthrough`.
    """
    term = environ.get("TERM", "")
    if environ.get("TMUX") or term.startswith("tmux"):
        doubled = sequence.replace("\x1b", "\x1b\x1b")
        return f"{sequence}\x1bPtmux;{doubled}\x1b\\"
    if environ.get("STY") or term.startswith("screen"):
        # screen takes at most 768 bytes in one string.
        parts = [sequence[start : start + 700] for start in range(0, len(sequence), 700)]
        return "".join(f"\x1bP{part}\x1b\\" for part in parts)
    return sequence
