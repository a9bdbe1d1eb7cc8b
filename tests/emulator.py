"""A terminal with scrollback that never forgets a row and tells dim from plain text; pyte alone does neither."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

import pyte
from pyte.screens import Char

Cells = tuple[Char, ...]

ESCAPES = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;;[!-~]*\x1b\\")
BLANK = Char(" ")
DIM, BLINKS = 2, 5
PLAIN_WEIGHT, STEADY = 22, 25
COLORS = (38, 48)


class Emulator(pyte.HistoryScreen):
    """Feed it with `write`. A `Char` holds a cell's text, colours and attributes; what is dim is told as blinking."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines, history=1_000_000, ratio=0.5)
        self._stream = pyte.Stream(self)

    def write(self, text: str) -> None:
        self._stream.feed(text)

    def select_graphic_rendition(self, *codes: int, **_: bool) -> None:
        super().select_graphic_rendition(*_with_dim(codes))

    @property
    def scrolled(self) -> int:
        """How many rows have left the screen; they cannot change any more."""
        return len(self.history.top)

    def rows(self, start: int = 0) -> list[Cells]:
        """The rows of scrollback and screen, from the one of this number on."""
        above = islice(self.history.top, start, None)
        below = (self.buffer[y] for y in range(max(0, start - self.scrolled), self.lines))
        return [tuple(row[x] for x in range(self.columns)) for row in (*above, *below)]


def _with_dim(codes: Iterable[int]) -> Iterator[int]:
    rest = iter(codes)
    for code in rest:
        yield BLINKS if code == DIM else code
        if code == PLAIN_WEIGHT:
            yield STEADY
        if code in COLORS:
            kind = next(rest, BLINKS)
            yield kind
            yield from islice(rest, 3 if kind == DIM else 1)


def bare(painted: str) -> str:
    """What a reader sees of what was drawn: without our own escapes."""
    return ESCAPES.sub("", painted)


def text_of(row: Cells) -> str:
    """What stands in a row, without the blanks at its end. The second cell of a wide character is empty."""
    return "".join(cell.data for cell in row).rstrip()


def transcript(ansi: str, columns: int) -> list[Cells]:
    """The rows that a text makes on a terminal which shows nothing else."""
    terminal = Emulator(columns, 2)
    terminal.write(ansi.replace("\n", "\r\n"))
    return trimmed(terminal.rows())


def trimmed(rows: list[Cells]) -> list[Cells]:
    """Without the rows at the end that are blank, and in no style."""
    while rows and set(rows[-1]) == {BLANK}:
        rows.pop()
    return rows
