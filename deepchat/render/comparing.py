"""Two texts that say nearly the same: beside one another, or one below the other as a diff. Which of the two is `drawing`'s
business."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, unified_diff
from itertools import zip_longest
from typing import Final

from pygments.token import Generic
from rich.style import Style

from deepchat.render.theme import Theme
from deepchat.render.wrap import NOTHING, Row, Run, row_len, wrap

# The words of a longer line are not compared.
_LONGEST: Final = 4_000

_WORD: Final = re.compile(r"\S+\s*|\s+")

# Between the columns, as sdiff has it: a line that both have, that differs, that only one of them has.
_SAME: Final = Run("   ")
_OTHER: Final = " | "
_LEFT: Final = " < "
_RIGHT: Final = " > "

# Lines that are clean.
Lines = Sequence[str]


def beside(left: Lines, right: Lines, theme: Theme, width: int) -> Iterator[Row]:
    """Rows of at most `width` cells, each text in a column: dim what both have, in the colours of a diff the words that only
    one has."""
    for one, other in pairs(left, right):
        mark = Run(_mark(one, other), theme.dim)
        yield from columns(*_runs(one, other, theme), width, mark)


def columns(left: list[Run], right: list[Run], width: int, mark: Run = _SAME) -> Iterator[Row]:
    """Rows of two columns, which are `width` cells together; the mark stands between them in the first row."""
    room = (width - row_len([mark])) // 2
    stacks = [wrap(left, room) or [[]], wrap(right, room) or [[]]]
    for row, beyond in zip_longest(*stacks, fillvalue=list[Run]()):
        row = [*row, Run(" " * (room - row_len(row))), mark, *beyond]
        while row and not row[-1].text.strip():
            row.pop()
        yield row
        mark = _SAME


def below(
    left: Lines, right: Lines, names: tuple[str, str], theme: Theme, width: int
) -> Iterator[Row]:
    """Rows of a unified diff."""
    styles = {"-": theme.token(Generic.Deleted), "+": theme.token(Generic.Inserted), "@": theme.dim}
    for line in unified_diff(left, right, *names, lineterm=""):
        yield from wrap([Run(line, styles.get(line[0], NOTHING))], width)


def pairs(left: Lines, right: Lines) -> Iterator[tuple[str | None, str | None]]:
    """All lines of both in their order, those that belong together as a pair, None beside one that stands alone."""
    for kind, a, b, c, d in SequenceMatcher(None, left, right).get_opcodes():
        if kind == "equal":
            yield from zip(left[a:b], right[c:d], strict=True)
        else:
            yield from zip_longest(left[a:b], right[c:d])


def _mark(one: str | None, other: str | None) -> str:
    if one is None:
        return _RIGHT
    if other is None:
        return _LEFT
    return _SAME.text if one == other else _OTHER


def _runs(one: str | None, other: str | None, theme: Theme) -> tuple[list[Run], list[Run]]:
    gone, come = theme.token(Generic.Deleted), theme.token(Generic.Inserted)
    if one == other:
        return [Run(one or "", theme.dim)], [Run(other or "", theme.dim)]
    if one is None or other is None or max(len(one), len(other)) > _LONGEST:
        return [Run(one or "", gone)], [Run(other or "", come)]
    mine, yours = _WORD.findall(one), _WORD.findall(other)
    found = SequenceMatcher(None, mine, yours).get_opcodes()
    return (
        [_run(mine[a:b], kind, gone) for kind, a, b, _, _ in found],
        [_run(yours[c:d], kind, come) for kind, _, _, c, d in found],
    )


def _run(words: Sequence[str], kind: str, style: Style) -> Run:
    return Run("".join(words), NOTHING if kind == "equal" else style)
