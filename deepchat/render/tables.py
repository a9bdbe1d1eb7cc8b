"""Tables: columns that fit, cells that wrap, and rows as lines of "head: value" where columns do not fit."""

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from deepchat.render.blocks import Align
from deepchat.render.theme import Theme
from deepchat.render.wrap import Row, Run, row_len, wrap

Cells = list[list[Run]]

# A column is not made narrower than its longest word, or than this.
_NARROW: Final = 16

# Columns up to this width get so many spare cells when rows may follow that were not measured.
_FEW: Final = 10
_SPARE: Final = 2
_DIGIT: Final = re.compile(r"\d")
_BAR: Final = " │ "
_HANG: Final = "  "


def can_fit(columns: int, width: int) -> bool:
    """Whether so many columns have a cell each, whatever they hold."""
    return columns + len(_BAR) * (columns - 1) <= width


def column_widths(
    rows: Sequence[Cells], columns: int, width: int, *, spare: bool = False
) -> list[int] | None:
    """The widths of columns that fit in `width` cells with bars between them; None when they cannot. With `spare`, narrow
    columns have room for a longer number or word."""
    if not can_fit(columns, width):
        return None
    room = width - len(_BAR) * (columns - 1)
    natural, least = [1] * columns, [1] * columns
    for row in rows:
        for at, cell in enumerate(row):
            text = "".join(run.text for run in cell)
            natural[at] = max(natural[at], *(row_len([Run(line)]) for line in text.split("\n")))
            longest = max((row_len([Run(word)]) for word in text.split()), default=1)
            least[at] = max(least[at], min(longest, _NARROW))
    if sum(least) > room:
        return None
    widths = _shared(natural, least, room)
    if spare:
        _widen(widths, least, room, digits=_of_digits(rows[-1]))
    return widths


def _shared(natural: list[int], least: list[int], room: int) -> list[int]:
    """Each column as wide as it likes, up to the level at which the room is used up."""
    level = min(max(natural), room)
    while level and sum(_at_level(natural, least, level)) > room:
        level -= 1
    widths = _at_level(natural, least, level)
    for at in range(len(widths)):
        if sum(widths) < room and widths[at] < natural[at]:
            widths[at] += 1
    return widths


def _at_level(natural: list[int], least: list[int], level: int) -> list[int]:
    return [max(low, min(like, level)) for like, low in zip(natural, least, strict=True)]


def _widen(widths: list[int], least: list[int], room: int, *, digits: set[int]) -> None:
    """Give spare cells to narrow columns, those of `digits` first: what is left of the room, then what the widest has."""
    narrow = [at for at, width in enumerate(widths) if width <= _FEW]
    for at in sorted(narrow, key=lambda at: at not in digits):
        for _ in range(_SPARE):
            widest = widths.index(max(widths))
            if sum(widths) >= room:
                if widths[widest] <= max(least[widest], _NARROW):
                    return
                widths[widest] -= 1
            widths[at] += 1


def _of_digits(row: Cells) -> set[int]:
    """The columns in which a row has a number."""
    return {at for at, cell in enumerate(row) if any(_DIGIT.search(run.text) for run in cell)}


def grid(row: Cells, widths: list[int], aligns: Sequence[Align], theme: Theme) -> list[Row]:
    """A row of a table in columns; as many rows as its tallest cell needs."""
    bar = Run(_BAR, theme.rule)
    stacks = [wrap(cell, width) for cell, width in zip(row, widths, strict=True)]
    out = []
    for lines in zip_longest(*stacks, fillvalue=()):
        line: Row = []
        for at, (cell, width, align) in enumerate(zip(lines, widths, aligns, strict=True)):
            line += [*([bar] if at else []), *_padded(cell, width, align)]
        out.append(line[:-1])  # nothing is filled up on the right
    return out


def _padded(cell: Sequence[Run], width: int, align: Align) -> Row:
    room = max(0, width - row_len(cell))
    left = {"left": 0, "center": room // 2, "right": room}[align]
    return [Run(" " * left), *cell, Run(" " * (room - left))]


def rule(widths: list[int], theme: Theme) -> Row:
    """The line between the head and the body."""
    return [Run("─┼─".join("─" * width for width in widths), theme.rule)]


def gap(widths: list[int], theme: Theme) -> Row:
    """The air between two rows, where some take more than one line."""
    return [run for width in widths[:-1] for run in (Run(" " * width), Run(_BAR, theme.rule))]


def record(head: Cells, row: Cells, width: int) -> list[Row]:
    """A row of a table as lines of "head: value", with hanging indents."""
    out: list[Row] = []
    for name, cell in zip(head, row, strict=True):
        if not cell:
            continue
        label = [*name, Run(": ")] if name else []
        first, *rest = wrap([*label, *cell], width - len(_HANG)) or [[]]
        out += [first, *([Run(_HANG), *line] for line in rest)]
    return out
