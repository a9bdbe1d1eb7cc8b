"""What a frame costs a terminal at least: the bytes of a painter that leaves alone what already stands on the screen."""

import re
from itertools import zip_longest
from typing import Final, NamedTuple

_PIECE: Final = re.compile(r"(\x1b\[[0-9;]*m|\x1b\]8;;[^\x1b]*\x1b\\)|(.)", re.DOTALL)


TAB: Final = 8


class Cell(NamedTuple):
    """A character ("" behind a tab) and the escape sequences it stands under."""

    char: str
    pen: str


Cells = list[Cell]


class Painter:
    """Draws frames one after the other. `paint` gives the bytes: what is new, and the way there. `erased` counts the
    cells that were not blank, and were wiped."""

    def __init__(self) -> None:
        self.erased = 0
        self._shown: list[Cells] = [[]]

    def paint(self, commit: str, live: str) -> str:
        """The cursor stands behind the last row, before and after."""
        finished = [_cells(row) for row in commit.split("\n")[:-1]]
        rows = [*finished, *(_cells(row) for row in live.split("\n"))]
        out: list[str] = []
        at = len(self._shown) - 1
        column = len(self._shown[-1])
        for number, (old, new) in enumerate(zip_longest(self._shown, rows)):
            if old == new:
                continue
            same = _same(old or [], new or [])
            if (at, column) != (number, same):
                out.append(_way(number - at, same))
            out.append(_written((new or [])[same:]))
            if len(old or []) > len(new or []):
                out.append("\x1b[K")
                self.erased += sum(
                    bool(cell.char.strip()) for cell in (old or [])[len(new or []) :]
                )
            at, column = number, len(new or [])
        if (at, column) != (len(rows) - 1, len(rows[-1])):
            out.append(_way(len(rows) - 1 - at, len(rows[-1])))
        self._shown = rows[len(finished) :]
        return "".join(out)


def _cells(row: str) -> Cells:
    cells: Cells = []
    pen = ""
    for escape, char in _PIECE.findall(row):
        if char == "\t":
            stop = TAB - len(cells) % TAB
            cells += [Cell(char, pen), *[Cell("", pen)] * (stop - 1)]
        elif char:
            cells.append(Cell(char, pen))
        elif escape in ("\x1b[0m", "\x1b]8;;\x1b\\"):
            pen = ""
        else:
            pen += escape
    return cells


def _same(old: Cells, new: Cells) -> int:
    for at, (left, right) in enumerate(zip(old, new, strict=False)):
        if left != right:
            return at
    return min(len(old), len(new))


def _way(rows: int, column: int) -> str:
    """Down by newlines, since there may be no row yet."""
    vertical = f"\x1b[{-rows}A" if rows < 0 else "\n" * rows
    return f"{vertical}\r" if column == 0 else f"{vertical}\x1b[{column + 1}G"


def _written(cells: Cells) -> str:
    out, pen = [], ""
    for cell in cells:
        if cell.pen != pen:
            out.append(("\x1b[0m" if pen else "") + cell.pen)
            pen = cell.pen
        out.append(cell.char)
    return "".join(out) + ("\x1b[0m" if pen else "")
