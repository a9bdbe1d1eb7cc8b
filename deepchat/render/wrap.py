"""Styled runs of text laid out in rows of a given width, in cells. Nothing here knows markdown or escape sequences.

A row depends only on the text before its end and on the word that did not fit, so a row once full never changes.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from rich.cells import cell_len, split_graphemes
from rich.style import Style

NOTHING: Final = Style()


class Run(NamedTuple):
    """Text in one style; `link` is what a click on it opens."""

    text: str
    style: Style = NOTHING
    link: str = ""


Row = list[Run]

_NO_SPACE: Final = Run("")

# A word of more rows than this is broken before its end is known.
_WORD: Final = 2

# Chinese and Japanese are broken between any two characters, but not before what closes nor after what opens.
_OPENING: Final = "「『（［｛〈《【〔"
_CLOSING: Final = "、。，．：；！？」』）］｝〉》】〕々ーぁぃぅぇぉっゃゅょァィゥェォッャュョ…‥・"
_BREAKABLE: Final = "\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003fffd"
# Two cells wide, and a row may end between any two of them.
_IDEOGRAPH: Final = (
    rf"(?:[\u3400-\u4dbf\u4e00-\u9fff]|(?![{_CLOSING}])[\u3041-\u3096\u30a1-\u30fa])"
)

# Characters that take one cell, or two, whatever stands beside them, unless it is none of these; and the others, each with
# the one before it, to which it may belong. There are more of each: the rest is measured.
_NARROW: Final = " -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0377\u0391-\u03a1\u03a3-\u0482\u048a-\u052f\u05d0-\u05ea\u2400-\u2421\ufffd"
_WIDE: Final = "\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
_PLAIN: Final = rf"(?=[{_NARROW}{_WIDE}]|\Z)"
_STRETCH: Final = re.compile(
    rf"(?P<narrow>[{_NARROW}]+{_PLAIN})|(?P<wide>[{_WIDE}]+{_PLAIN})"
    rf"|[{_NARROW}{_WIDE}]?(?:\u200d[{_NARROW}{_WIDE}]|[^{_NARROW}{_WIDE}])+"
)

# A line end, white space, simple words each with a space behind it, or (the beginning of) a word.
_WORDS: Final = r"\n|[ \t]+|(?:[!-~]++ )++"
_ASCII_PIECE: Final = re.compile(rf"{_WORDS}|[^\n \t]+")
_PIECE: Final = re.compile(rf"{_WORDS}|{_IDEOGRAPH}{{3,}}|[{_BREAKABLE}]|[^\n \t{_BREAKABLE}]+")
_BELONGS_LEFT: Final = re.compile("[\u0300-\u036f\u3099\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_IS_BREAKABLE: Final = re.compile(f"[{_BREAKABLE}]")


class Wrapper:
    """Breaks a stream of runs greedily at spaces; what is longer than a row is broken between characters."""

    def __init__(self, width: int) -> None:
        self.width = max(1, width)
        self._rows: list[Row] = []
        self._row: Row = []
        self._used = 0
        self._space = _NO_SPACE
        self._word: list[Run] = []
        self._size = 0
        self._inside = False  # the word has begun on this row, and is longer than a row

    def copy(self) -> "Wrapper":
        """The same state, to be fed on its own."""
        twin = Wrapper(self.width)
        twin._rows = list(self._rows)
        twin._row, twin._used = list(self._row), self._used
        twin._space, twin._word = self._space, list(self._word)
        twin._size, twin._inside = self._size, self._inside
        return twin

    def resized(self, width: int) -> "Wrapper":
        """The unfinished row, to go on with in another width; full rows must be taken before."""
        twin = Wrapper(width)
        twin.feed(self.open_row())
        return twin

    def feed(self, runs: Iterable[Run]) -> None:
        """Take more text; `\\n` ends a row."""
        for text, style, link in runs:
            pattern = _ASCII_PIECE if text.isascii() else _PIECE
            for piece in pattern.findall(text):
                if piece == "\n":
                    self._end_line()
                elif piece[0] in " \t":
                    self._end_word()
                    self._inside = False
                    self._space = Run(self._space.text + piece.replace("\t", " "), style, link)
                elif piece[-1] == " ":
                    self._fill(piece, style, link)
                elif len(piece) > 2 and _IS_BREAKABLE.match(piece):
                    self._fill_wide(piece, style, link)
                else:
                    self._extend(Run(piece, style, link))

    def open_row(self) -> Row:
        """What is not on a full row yet."""
        return [*self._row, self._space, *self._word]

    def take(self) -> list[Row]:
        """The rows that are full, each once."""
        rows, self._rows = self._rows, []
        return rows

    def finish(self) -> list[Row]:
        """The rest of the rows, the last one however short; none when there was no text."""
        self._end_word()
        if self._row:
            self._end_row()
        return self.take()

    def _fill(self, words: str, style: Style, link: str) -> None:
        """Simple words, each with a space behind it: as many at once as the row has room for."""
        at, space = 0, Run(" ", style, link)
        while at < len(words):
            begun = self._word or self._inside
            room = 0 if begun else self.width - self._used - len(self._space.text)
            end = words.rfind(" ", at, at + max(0, room) + 1)
            if end < 0:
                end = words.index(" ", at)
                self._extend(Run(words[at:end], style, link))
                self._end_word()
                self._inside = False
            else:
                if self._space.text:
                    self._row.append(self._space)
                self._row.append(Run(words[at:end], style, link))
                self._used += len(self._space.text) + end - at
            self._space = space
            at = end + 1

    def _fill_wide(self, text: str, style: Style, link: str) -> None:
        """Ideographs: as many at once as the row has room for, but the last, to which more may belong."""
        self._extend(Run(text[0], style, link))
        self._end_word()
        at, last = 1, len(text) - 1
        while at < last:
            room = max(0 if self._used else 1, (self.width - self._used) // 2)
            if not room:
                self._end_row()
            else:
                end = min(last, at + room)
                self._row.append(Run(text[at:end], style, link))
                self._used += 2 * (end - at)
                at = end
        self._extend(Run(text[last], style, link))

    def _extend(self, piece: Run) -> None:
        """The word goes on, or a next one begins without a space."""
        if self._word and _parts(self._word[-1].text[-1], piece.text[0]):
            self._end_word()
        self._word.append(piece)
        self._size += len(piece.text)
        if self._size > _WORD * self.width:
            self._end_word()
            self._inside = True

    def _end_line(self) -> None:
        self._end_word()
        self._end_row()
        self._inside = False
        self._space = _NO_SPACE

    def _end_word(self) -> None:
        """Put the word on this row, or on the next one when it does not fit."""
        if not self._word:
            return
        word, self._word, self._size = self._word, [], 0
        if self._inside:
            self._inside = False
            self._break(word)
            return
        space, self._space = self._space, _NO_SPACE
        size = row_len(word)
        gap = len(space.text)
        if self._used and self._used + gap + size > self.width:
            self._end_row()
            gap = 0
        gap = min(gap, max(0, self.width - self._used - size))
        if gap:
            self._row.append(Run(space.text[:gap], space.style, space.link))
        self._used += gap
        if size > self.width:
            self._break(word)
        else:
            self._row += word
            self._used += size

    def _break(self, word: list[Run]) -> None:
        """Fill rows with a word that is longer than a row."""
        first, *rest = chop(word, self.width, self._used)
        self._row += first
        for row in rest:
            self._end_row()
            self._row = row
        self._used = row_len(self._row)

    def _end_row(self) -> None:
        self._rows.append(self._row)
        self._row, self._used = [], 0


def _parts(left: str, right: str) -> bool:
    """Whether a row may end between two characters of which none is a space."""
    if (left.isascii() and right.isascii()) or right in _CLOSING or left in _OPENING:
        return False
    if _BELONGS_LEFT.match(right):
        return False
    return bool(_IS_BREAKABLE.match(left) or _IS_BREAKABLE.match(right))


def wrap(runs: Iterable[Run], width: int) -> list[Row]:
    """The rows of a finished text; none for no text."""
    wrapper = Wrapper(width)
    wrapper.feed(runs)
    return wrapper.finish()


def chop(runs: Iterable[Run], width: int, used: int = 0) -> list[Row]:
    """Runs broken between characters where the width ends, as a terminal does; at least one row. Holds no newlines.

    The first row has room for what is left beside `used` cells.
    """
    rows: list[Row] = [[]]
    for run, cells in _unbreakable(list(runs)):
        text, at = run.text, 0
        while at < len(text):
            room = width - used
            if room <= 0 or (used and room < (cells or cell_len(text))):
                rows.append([])
                used = 0
                continue
            head = text[at : at + max(1, room // cells)] if cells else text
            rows[-1].append(run._replace(text=head))
            used += cells * len(head) if cells else cell_len(head)
            at += len(head)
    return [merged(row) for row in rows]


def _unbreakable(runs: list[Run]) -> Iterable[tuple[Run, int]]:
    """Runs of characters that take so many cells each, and stand alone; with 0, a run for a character as it is seen."""
    if all(run.text.isascii() for run in runs):
        return ((run, 1) for run in runs)
    return _stretches(runs[0]) if len(runs) == 1 else ((run, 0) for run in _graphemes(runs))


def _stretches(run: Run) -> Iterable[tuple[Run, int]]:
    for stretch in _STRETCH.finditer(run.text):
        text = run._replace(text=stretch[0])
        if stretch.lastgroup:
            yield text, 1 if stretch.lastgroup == "narrow" else 2
        else:
            yield from ((grapheme, 0) for grapheme in _graphemes([text]))


def _graphemes(runs: list[Run]) -> Iterable[Run]:
    """One run for each character as it is seen; a character that is spread over two runs goes with the first."""
    text = "".join(run.text for run in runs)
    ends = iter(runs)
    run, end = Run(""), 0
    for start, stop, _ in split_graphemes(text)[0]:
        while start >= end:
            run = next(ends)
            end += len(run.text)
        yield Run(text[start:stop], run.style, run.link)


def merged(row: Iterable[Run]) -> Row:
    """The same row with neighbours of one style as one run."""
    out: Row = []
    for run in row:
        if out and _alike(out[-1], run):
            out[-1] = Run(out[-1].text + run.text, run.style, run.link)
        else:
            out.append(run)
    return out


def _alike(left: Run, right: Run) -> bool:
    # Most neighbours share the very same style; comparing two costs more than looking at all of their text.
    same = left.style is right.style or left.style == right.style
    return same and left.link == right.link


def row_len(row: Iterable[Run]) -> int:
    """The cells a row takes."""
    text = "".join([run.text for run in row])
    return len(text) if text.isascii() else cell_len(text)
