"""How markdown looks: blocks become rows, with the marks of the quotes and lists around them. Parsing belongs to `blocks`
and `inline`, bytes to `ansi`.

The layout is stable by definition: no row depends on what comes after the block's last line (a list's number column is
as wide as its first number, a blank line between two items is shown where it stands), so what is printed never changes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from deepchat.render import leaves
from deepchat.render.blocks import (
    Fence,
    Heading,
    Html,
    Indented,
    Item,
    Leaf,
    List,
    Math,
    Node,
    Paragraph,
    Path,
    Quote,
    Rule,
    Table,
)
from deepchat.render.inline import Inline
from deepchat.render.theme import Theme
from deepchat.render.wrap import NOTHING, Row, Run, merged, row_len, wrap

# Text keeps at least this many cells; of deeply nested blocks only the inner marks are shown.
NARROWEST: Final = 8

# Longer rows are hard to read: the eye loses the way back. Tables and code may be wider.
MEASURE: Final = 100

_BULLETS: Final = "•◦▪"


@dataclass(frozen=True, slots=True)
class Look:
    """What a page is drawn with. `plain`: no box drawing, marks as words. `ticks`: code amid text keeps its backticks.
    `highlight` makes a coloring for a language. Text is at most `measure` cells wide, its marks included."""

    theme: Theme
    highlight: Callable[[str, Theme], leaves.Coloring]
    plain: bool = False
    ticks: bool = False
    measure: int = MEASURE


class Page:
    """Turns the blocks it hears of into rows. `rows` are those not yet taken, `codes` how many code blocks there were before."""

    def __init__(self, look: Look, width: int, codes: int = 0) -> None:
        self.inline = Inline(look.theme, ticks=look.ticks, plain=look.plain)
        self.rows: list[Row] = []
        self._look = look
        self.width = width
        self._codes = codes
        self._is_draft = False
        self._path: Path = ()
        self._here: tuple[int, ...] = ()
        self._margin: Row | None = None
        self._leaf: leaves.Leaf | None = None
        self._last: tuple[int, ...] = ()
        self._ends_blank = False
        self._was_code = False

    def take(self) -> list[Row]:
        """The rows that are final, each once."""
        rows, self.rows = self.rows, []
        return rows

    def draft(self) -> "Page":
        """A copy without rows, to be fed with what is not final."""
        twin = leaves.twin_of(self)
        twin.rows = []
        twin._is_draft = True
        twin._leaf = self._leaf.draft() if self._leaf else None
        return twin

    def resize(self, width: int) -> None:
        """Lay out what comes now for another width; what was taken stays."""
        self.width = width
        self._margin = None
        if self._leaf:
            self._leaf.resize(self._inner(self._path[-1], self._path[:-1]))

    # --- what the parser tells ---

    def open(self, node: Node, path: Path) -> None:
        if isinstance(node, Quote | List | Item):
            return
        self._stand((*path, node))
        leaf = self._begun(node, self._inner(node, path))
        self._leaf = leaf.draft() if leaf and self._is_draft else leaf

    def line(self, leaf: Leaf, text: str) -> None:
        if self._leaf:
            self._emit(self._leaf.line(text), bare=isinstance(leaf, Fence | Indented))

    def more(self, leaf: Leaf, text: str) -> None:
        if isinstance(self._leaf, leaves.Prose):
            self._emit(self._leaf.more(text))

    def begun(self, text: str) -> list[Row]:
        """What is there of the next row of an open table."""
        rows = self._leaf.begun(text) if isinstance(self._leaf, leaves.Table) else []
        return [[*self._room, *row] for row in rows]

    def close(self, node: Node, path: Path) -> None:
        if isinstance(node, Item) and node.serial not in self._last:
            self._stand((*path, node))
            self._emit([[]])
        elif self._leaf and not isinstance(node, Quote | List | Item):
            level = node.level if isinstance(node, Paragraph | Heading) else 0
            self._emit(self._closed(self._leaf, level))
            self._leaf = None

    def can_be_heading(self, paragraph: Paragraph) -> bool:
        return isinstance(self._leaf, leaves.Prose) and self._leaf.can_be_heading

    # --- leaves ---

    def _begun(self, node: Node, width: int) -> leaves.Leaf | None:
        theme, plain = self._look.theme, self._look.plain
        match node:
            case Paragraph() | Heading():
                defines = isinstance(node, Paragraph)
                return leaves.Prose(self.inline, width, theme, defines=defines)
            case Fence():
                return self._code(node.info, width, trims=False)
            case Indented():
                return self._code("", width, trims=True)
            case Html():
                return leaves.Verbatim(width, NOTHING, theme.dim)
            case Math():
                return leaves.Verbatim(width, theme.math, theme.math)
            case Table():
                return leaves.Table(self.inline, width, theme, node.aligns, flat=plain)
            case Rule():
                self._emit([[Run("---" if plain else "─" * width, theme.rule)]])
            case _:
                pass
        return None

    def _closed(self, leaf: leaves.Leaf, level: int) -> list[Row]:
        """The rest of a leaf; `level` is that of a heading, or 0."""
        if not level or not isinstance(leaf, leaves.Prose) or leaf.printed:
            return leaf.close()
        mark = "#" * level + " " if self._look.plain else ""
        return leaf.close_as_heading(self._look.theme.heading[level - 1], mark)

    def _code(self, info: str, width: int, *, trims: bool) -> leaves.Leaf:
        """Code under a label with its language and its number, by which it can be copied."""
        self._codes += 1
        label = Run(f"{info or 'code'} · {self._codes}", self._look.theme.label)
        room = row_len(self._prefix(self._path, self._fresh)) if self._begins_item else 0
        self._emit(wrap([label], max(1, width - room)), bare=True)
        return leaves.Code(self._look.highlight(info, self._look.theme), width, trims=trims)

    # --- rows ---

    def _stand(self, path: Path) -> None:
        """The rows from now on are those of its last block."""
        self._path, self._margin = path, None
        self._here = tuple(node.serial for node in path)

    def _emit(self, rows: list[Row], *, bare: bool = False) -> None:
        """Add rows of the innermost block; `bare`: without what stands before them, but for the mark of a new item."""
        if not rows:
            return
        self._gap(self._here)
        first = self._room
        if self._here != self._last:
            bare = bare and not self._begins_item
            first = self._prefix(self._path, self._fresh)
        if bare:
            self.rows += rows
        else:
            self.rows.append([*first, *rows[0]])
            self.rows += ([*self._room, *row] for row in rows[1:])
        self._last = self._here
        self._ends_blank = not any(run.text.strip() for run in self.rows[-1])
        self._was_code = isinstance(self._path[-1], Fence | Indented)

    def _gap(self, here: tuple[int, ...]) -> None:
        """A blank row before a new block of the page; inside containers around code, and where the source has one; never
        a second."""
        if here == self._last or not self._last or self._ends_blank:
            return
        same = 0
        while same < len(self._last) and self._last[same] == here[same]:
            same += 1
        is_code = isinstance(self._path[-1], Fence | Indented)
        if same == 0 or self._path[same].after_blank or is_code or self._was_code:
            self.rows.append(_without_end(self._prefix(self._path[:same])))

    @property
    def _fresh(self) -> frozenset[int]:
        """The blocks that begin with the next row."""
        return frozenset(self._here).difference(self._last)

    @property
    def _begins_item(self) -> bool:
        fresh = self._fresh
        return any(isinstance(node, Item) and node.serial in fresh for node in self._path)

    @property
    def _room(self) -> Row:
        """What stands before the further rows of the innermost block: found once, since there may be many."""
        if self._margin is None:
            self._margin = merged(self._prefix(self._path))
        return self._margin

    @property
    def _measure(self) -> int:
        return min(self.width, self._look.measure)

    def _inner(self, leaf: Node, path: Path) -> int:
        """The cells a leaf may take; code has no marks before it."""
        if isinstance(leaf, Fence | Indented):
            return self.width
        outer = self.width if isinstance(leaf, Table) else self._measure
        return max(1, outer - row_len(self._prefix(path)))

    def _prefix(self, path: Path, fresh: frozenset[int] = frozenset()) -> Row:
        """The marks before a row: bars of quotes, and the marks of items where they are `fresh`, else room for them."""
        prefix: Row = []
        room = self._measure - min(NARROWEST, self._measure)
        depth = sum(isinstance(node, Item) and not node.list.ordered for node in path)
        for node in reversed(path):
            mark = self._mark(node, depth)
            depth -= isinstance(node, Item) and not node.list.ordered
            if not mark:
                continue
            size = row_len(mark)
            room -= size
            if room < 0:
                break
            stays = isinstance(node, Quote) or node.serial in fresh
            prefix[:0] = mark if stays else [Run(" " * size)]
        return prefix

    def _mark(self, node: Node, depth: int) -> Row:
        theme, plain = self._look.theme, self._look.plain
        if isinstance(node, Quote):
            return [Run("> " if plain else "│ ", theme.quote)]
        if not isinstance(node, Item):
            return []
        number: Row = []
        if node.list.ordered:
            digits = max(2, len(str(node.list.start)))
            number = [Run(f"{node.number:>{digits}}{node.list.marker} ", theme.number)]
        if node.task:
            done = node.task == "done"
            box = ("[x]" if done else "[ ]") if plain else ("✓" if done else "☐")
            box = f"{box} " if number else f" {box} "
            return [*number, Run(box, theme.done if done else theme.bullet)]
        bullet = "-" if plain else _BULLETS[(depth - 1) % len(_BULLETS)]
        return number or [Run(f" {bullet} ", theme.bullet)]


def _without_end(row: Row) -> Row:
    """The row without spaces at its end, which would be copied."""
    while row and not row[-1].text.strip():
        row = row[:-1]
    return [*row[:-1], row[-1]._replace(text=row[-1].text.rstrip())] if row else row
