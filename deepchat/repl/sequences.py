"""Escape sequences that terminals send for keys, as those that prompt_toolkit knows; what nobody knows is passed over.

The grammar is that of ECMA-48, 5.4 and 5.6. Enter, and letters with Ctrl or Alt, come as `CSI 27;MODIFIERS;CODE~` (xterm's
modifyOtherKeys) or `CSI CODE;MODIFIERS u` (sw.kovidgoyal.net/kitty/keyboard-protocol) from terminals told to do so.
"""

import re
from typing import Final

from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES

# A function key of the Linux console, a mouse report of xterm's first kind, any other CSI, SS3, and control strings.
_SEQUENCE: Final = re.compile(
    r"\x1b(?:\[\[[A-E]|\[M[^\x1b]{3}|\[[0-?]*[ -/]*[@-~]|O[A-Za-z]"
    r"|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\)"
)
_BEGUN: Final = re.compile(
    r"\x1b(?:\[\[?|\[M[^\x1b]{0,2}|\[[0-?]+[ -/]*|\[[ -/]+|O|\][^\x07\x1b]*\x1b?|[PX^_][^\x1b]*\x1b?)?\Z"
)
_CODED: Final = re.compile(
    r"\x1b\[(?:27;(?P<xterm>\d{1,9});(?P<code>\d{1,9})~|(?P<kitty>\d{1,9})(?::[\d:]*)?(?:;(?P<with>\d{0,9})(?::(?P<event>\d+))?)?"
    r"(?:;[\d:]*)?u)"
)

_SHIFT, _ALT, _CTRL = 1, 2, 4
_ENTER: Final = 13
_RELEASED: Final = "3"
_KEYPAD_ENTER: Final = "\x1bOM"

# Codes of keys, not of characters.
_FIRST_KEY: Final = 0xE000


def begins(text: str) -> int:
    """Where a sequence begins that has not ended with this text; its length when there is none."""
    found = _BEGUN.search(text)
    return found.start() if found else len(text)


def is_cut(text: str) -> bool:
    """Whether this is the beginning of a sequence, and no key by itself, as Esc and Alt-[ are."""
    return text.startswith("\x1b[") and len(text) > len("\x1b[")


def known(text: str) -> str:
    """The text with each whole sequence as prompt_toolkit reads it, or gone."""
    return _SEQUENCE.sub(lambda found: _known(found[0]), text)


def _known(sequence: str) -> str:
    if sequence == _KEYPAD_ENTER:
        return "\r"
    coded = _CODED.fullmatch(
        sequence
    )  # before what prompt_toolkit knows: Shift-Enter is Enter there
    if not coded:
        return sequence if sequence in ANSI_SEQUENCES else ""
    if coded["event"] == _RELEASED:
        return ""
    held = int(coded["xterm"] or coded["with"] or 1) - 1
    return _key(int(coded["code"] or coded["kitty"]), held)


def _key(code: int, held: int) -> str:
    """The character of a key that was pressed while others were held, as terminals have always sent it."""
    if code >= _FIRST_KEY or held & ~(_SHIFT | _ALT | _CTRL):
        return ""
    if code == _ENTER:
        return "\n" if held else "\r"
    char = chr(code).upper() if held & _SHIFT else chr(code)
    if held & _CTRL:
        char = chr(ord(char.upper()) & 0x1F) if "@" <= char.upper() <= "_" else ""
    return f"\x1b{char}" if held & _ALT and char else char
