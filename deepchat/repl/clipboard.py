"""Text into the user's clipboard, and out of it: the system's own where there is one, the terminal's over SSH."""

import base64
from collections.abc import Callable, Mapping
from typing import Final

import pyperclip

from deepchat.errors import UsageError

# xterm takes no more; others take less and say nothing.
LARGEST: Final = 100_000


def copy(text: str, write: Callable[[str], None], environ: Mapping[str, str]) -> str:
    """Copy, and say truthfully how far that is known to have worked. UsageError when there is no way.

    Over SSH the clipboard that counts is at the other end: OSC 52 asks the terminal to take the text, and no terminal
    tells whether it did. `write` puts raw bytes on the terminal.
    """
    if not any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY")):
        try:
            pyperclip.copy(text)
        except pyperclip.PyperclipException:
            pass  # no clipboard program here; the terminal may have one
        else:
            return "Copied."
    encoded = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
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
        text = pyperclip.paste()
    except (pyperclip.PyperclipException, UnicodeDecodeError, OSError) as error:
        raise UsageError(
            "The clipboard cannot be read here.", hint="Paste with your terminal's own key."
        ) from error
    if not text:
        raise UsageError("There is no text in the clipboard.")
    return text


def _passed_through(sequence: str, environ: Mapping[str, str]) -> str:
    """Wrapped so that tmux or screen hand it on to the terminal they run in."""
    if environ.get("TMUX"):
        doubled = sequence.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{doubled}\x1b\\"
    if environ.get("TERM", "").startswith("screen"):
        # screen takes at most 768 bytes in one string.
        parts = [sequence[start : start + 700] for start in range(0, len(sequence), 700)]
        return "".join(f"\x1bP{part}\x1b\\" for part in parts)
    return sequence
