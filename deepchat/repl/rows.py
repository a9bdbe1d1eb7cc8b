"""Rows of ANSI text that stand on a screen, made into others with few bytes; pure. Where the bytes go is not known here."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Final

from prompt_toolkit.utils import get_cwidth

_RESET: Final = "\x1b[0m"
_STYLE: Final = re.compile(r"\x1b\[[0-9;]*m")
_ESCAPE: Final = re.compile(r"\x1b(?:\[[0-9;]*m|\]8;;[^\x1b]*\x1b\\)")
_HALF_AN_ESCAPE: Final = re.compile(r"\x1b[^m]*\Z")

_LINK_END: Final = "\x1b]8;;\x1b\\"
_PIECE: Final = re.compile(rf"{_ESCAPE.pattern}|[\s\S]")

_TAB: Final = " " * 8


def cells(row: str) -> int:
    """How many cells a row takes up at most, whatever the terminal thinks of tabs and of joined characters."""
    text = _ESCAPE.sub("", row).replace("\t", _TAB)
    return len(text) if text.isascii() else get_cwidth(text)


def fitting(row: str, room: int) -> str:
    """As much of a row as takes up no more cells than this, on any terminal; its styles and links are ended."""
    if cells(row) <= room:
        return row
    out, left = [], room
    for piece in _PIECE.findall(row):
        taken = 0 if _ESCAPE.match(piece) else cells(piece)
        if taken > left:
            break
        out.append(piece)
        left -= taken
    return "".join(out) + _LINK_END + _RESET


def cut(text: str, room: int) -> str:
    """As much of the text as has room, in cells."""
    if get_cwidth(text) <= room:
        return text
    kept = ""
    for char in text:
        if get_cwidth(kept + char) > room - 1:
            break
        kept += char
    return f"{kept}…" if room > 0 else ""


def repaint(
    old: Sequence[str], new: Sequence[str], final: int, below: int, cursor: tuple[int, int]
) -> str:
    """The bytes that turn the rows `old` into `new`, and move the `below` rows under them along.

    The cursor stands in what is below, before and afterwards, in the same row and column of it. Every row is shorter than
    the screen is wide, and all of them fit on it. Rows are moved, not written again, where they stay the same: IL and DL
    (ECMA-48) leave nothing in the scrollback, while a newline in the last row of the screen moves the top one there.

    The first `final` of the new rows will not be written again, and the terminal may have broken rows in two a moment ago,
    so that the way up ends too low. To lose nothing then, all that follows a change is written anew.
    """
    row, column = cursor
    painter = _Painter(old, at=len(old) + row)
    if len(new) > len(old):
        painter.go(len(old) + below - 1)
        painter.make_room(len(new) - len(old))
    painter.align(new, 0 if final else _scrolled(old, new))
    changed = painter.changed(new)
    if final and changed and changed[0] < len(old) - 1:
        painter.write_anew(changed[0], new[changed[0] :])
    else:
        painter.mend(new, changed)
    if painter.out:
        painter.go(len(new) + row)
        painter.out.append(_to(column))
    return "".join(painter.out)


class _Painter:
    """Rows as they stand on the screen, the row the cursor is in, counted from the first of them, and what was written."""

    def __init__(self, rows: Sequence[str], at: int) -> None:
        self.out: list[str] = []
        self._rows = list(rows)
        self._at = at

    def go(self, row: int) -> None:
        """By relative moves alone, since nobody knows where on the screen this is."""
        up = self._at - row
        if up:
            self.out.append("\n" * -up or f"\x1b[{up}A")
        self._at = row

    def make_room(self, count: int) -> None:
        """Blank rows under the one the cursor is in, which has to be the last that is ours."""
        self.out.append("\n" * count)
        self._at += count

    def align(self, new: Sequence[str], scrolled: int) -> None:
        """Insert and delete rows until there are as many as in `new`."""
        self._delete(0, scrolled)
        self._delete(len(new), len(self._rows) - len(new))
        self._insert(len(self._rows), len(new) - len(self._rows))

    def changed(self, new: Sequence[str]) -> list[int]:
        """Which rows are others."""
        return [number for number, text in enumerate(new) if self._rows[number] != text]

    def mend(self, new: Sequence[str], changed: Sequence[int]) -> None:
        """Write into each changed row what is new in it."""
        for number in changed:
            self.go(number)
            self.out.append(_rewritten(self._rows[number], new[number]))

    def write_anew(self, number: int, rows: Sequence[str]) -> None:
        """Write all rows from this one on."""
        for text in rows:
            self.go(number)
            self.out.append(f"\r\x1b[K{text}")
            number += 1

    def _insert(self, number: int, count: int) -> None:
        if count > 0:
            self.go(number)
            self.out.append(f"\x1b[{count}L")
            self._rows[number:number] = [""] * count

    def _delete(self, number: int, count: int) -> None:
        if count > 0:
            self.go(number)
            self.out.append(f"\x1b[{count}M")
            del self._rows[number : number + count]


def _scrolled(old: Sequence[str], new: Sequence[str]) -> int:
    """How many rows left at the top."""
    return old.index(new[0]) if new and new[0] and new[0] in old else 0


def _rewritten(old: str, new: str) -> str:
    """What makes one row into another, with the cursor in it: all behind what both begin with."""
    if not (_is_even(old) and _is_even(new)):
        return f"\r\x1b[K{new}"
    same = _HALF_AN_ESCAPE.sub("", _common(old, new))
    styles = _STYLE.findall(same)
    style = styles[-1] if styles and styles[-1] != _RESET else ""
    erase = "\x1b[K" if cells(old) > cells(new) else ""
    return f"{_to(cells(same))}{style}{new[len(same) :]}{erase}"


def _to(column: int) -> str:
    return f"\x1b[{column + 1}G" if column else "\r"


def _common(old: str, new: str) -> str:
    """What both begin with."""
    if new.startswith(old):
        return old
    pairs = zip(old, new, strict=False)
    return "".join(left for left, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _is_even(row: str) -> bool:
    """Whether there is no doubt about the column in which each character stands."""
    text = _ESCAPE.sub("", row)
    return all(map(_is_even_char, text)) if not text.isascii() else text.isprintable()


@lru_cache(maxsize=4096)
def _is_even_char(char: str) -> bool:
    """Letters, digits, punctuation and lines; neither what joins others nor emoji, on which terminals disagree."""
    if get_cwidth(char) == 0:
        return False
    kind = unicodedata.category(char)
    return kind[0] in "LNPZ" or kind in ("Sm", "Sc") or char.isascii() or "─" <= char <= "▟"
