"""The leaves of markdown as rows: prose, code, verbatim text, tables. What surrounds a leaf is the page's business.

Each leaf takes its lines one by one and gives back the rows that can no longer change; `close` gives the rest. A copy
draws on its own, for the preview of what is still open.
"""

import re
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

from rich.style import Style

from deepchat.render.blocks import Align, cells
from deepchat.render.inline import Inline
from deepchat.render.tables import Cells, can_fit, column_widths, gap, grid, record, rule
from deepchat.render.theme import Theme
from deepchat.render.wrap import NOTHING, Row, Run, Wrapper, chop, row_len, wrap

# A paragraph longer than this is printed in parts, and can no longer become a heading.
LONG: Final = 600

# Text in which markup stays open is divided after this many characters all the same.
LONGEST_MARKUP: Final = 800

# Rows of a table's body after which its columns keep their widths.
TABLE_SETTLES: Final = 30

_TAB: Final = 4

# Code is printed with its tabs; a terminal stops at each of so many columns.
_STOP: Final = 8

# An unfinished line of code longer than this has no colours yet: they would be worked out again for every frame.
_PEEK: Final = 120

# An unfinished line of code of more rows than this is shown by its newest characters, so many of them: rows that moved up
# would be drawn again for each new one, and those of a page erased.
_WHOLE: Final = 6
_NEWEST: Final = 40

_TAG: Final = re.compile(r"(</?[A-Za-z!?][^<>]*>|<!--.*|-->)")

T = TypeVar("T")


def twin_of(original: T) -> T:
    """`copy.copy` without its detour by the protocol of pickles: this is done several times for each frame."""
    twin = object.__new__(type(original))
    twin.__dict__.update(original.__dict__)
    return twin


class Coloring(Protocol):
    """The colours of one code block (`highlight.Highlighter`)."""

    def line(self, text: str) -> list[tuple[str, Style]]:
        """The next complete line."""
        ...

    def peek(self, text: str) -> list[tuple[str, Style]]:
        """A line that may still grow; nothing is remembered."""
        ...


class Leaf(Protocol):
    """A block of text, being drawn."""

    def line(self, text: str) -> list[Row]:
        """The next line; returns rows that are final."""
        ...

    def close(self) -> list[Row]:
        """The rest of the rows."""
        ...

    def resize(self, width: int) -> None:
        """Lay out what comes now for another width."""
        ...

    def draft(self) -> "Leaf":
        """A copy to be drawn for now: it may be fed and closed, and leaves this one as it is."""
        ...


class Prose:
    """A paragraph, or a heading. Wherever no markup is open, what came so far is read once and for all.

    A paragraph `defines`: link definitions may stand at its head.
    """

    def __init__(self, inline: Inline, width: int, theme: Theme, *, defines: bool) -> None:
        self._inline = inline
        self._theme = theme
        self._defines = defines
        self._style = NOTHING
        self._wrapper = Wrapper(width)
        self._text = ""
        self._open = ""
        self._try_at = 0
        self._marks = 0
        self._begun = False
        self._at_head = True
        self._is_draft = False
        self.printed = False

    def line(self, text: str) -> list[Row]:
        return self.more(f"\n{text}" if self._begun else text)

    def more(self, text: str) -> list[Row]:
        """The last line goes on."""
        if text.startswith("\n[") and self._is_all_defined():
            return [*self._defined(), *self.more(text[1:])]
        self._begun = True
        self._open += text
        self._text += "" if self.printed else text
        if self._may_define and len(self._open) <= LONG:
            return []
        if not self._is_draft:  # which is read when it is closed
            self._read(final=False)
        self.printed = self.printed or len(self._text) > LONG
        return self._wrapper.take() if self.printed else []

    def close(self) -> list[Row]:
        self._read(final=True)
        self._inline.count(self._marks)
        return self._wrapper.finish()

    def close_as_heading(self, style: Style, mark: str) -> list[Row]:
        """It was a heading all the time, but for definitions; `mark` stands before it."""
        self._style = style
        self._again(self._wrapper.width)
        if self._may_define:
            self._define()
        self._wrapper.feed([Run(mark, style)] if mark else [])
        return self.close()

    def resize(self, width: int) -> None:
        if self.printed:
            self._wrapper = self._wrapper.resized(width)
        else:
            self._again(width)

    def _again(self, width: int) -> None:
        """Begin anew; nothing is printed."""
        self._wrapper = Wrapper(width)
        self._open, self._try_at, self._at_head = self._text, 0, True
        self._marks = 0

    def draft(self) -> "Prose":
        twin = twin_of(self)
        twin._wrapper = self._wrapper.copy()
        twin._is_draft = True
        return twin

    @property
    def can_be_heading(self) -> bool:
        """Whether nothing is printed, and there is more than link definitions."""
        with self._inline.trying():
            return not self.printed and bool(self._inline.define(self._text)[1].strip())

    @property
    def _may_define(self) -> bool:
        return self._defines and self._at_head and self._open.startswith("[") and "]:" in self._open

    def _is_all_defined(self) -> bool:
        """Whether there is nothing but link definitions so far. A `[` on the next line is no part of the last one."""
        if not self._may_define or self.printed or len(self._open) < self._try_at:
            return False
        with self._inline.trying():
            rest = self._inline.define(self._open)[1]
        self._try_at = min(len(self._open) * 2, LONG) if rest else 0
        return not rest

    def _defined(self) -> list[Row]:
        """The rows of the definitions so far; what follows may still be a heading."""
        self._define()
        self._text = ""
        return self._wrapper.take()

    def _read(self, *, final: bool) -> None:
        """Style and lay out the open text, if it can be told apart from what follows."""
        if len(self._open) < self._try_at and not final:
            return
        if self._may_define:
            self._define()
        if not self._open:
            return
        runs, settled, marks = self._inline.read(self._open, self._style)
        if settled or final or len(self._open) > LONGEST_MARKUP:
            self._marks += marks
            self._wrapper.feed(runs)
            self._open, self._try_at, self._at_head = "", 0, False
        else:
            self._try_at = min(len(self._open) * 2, LONGEST_MARKUP + 1)

    def _define(self) -> None:
        """Link definitions at the head are shown as they are: a link may come before its definition."""
        definitions, self._open = self._inline.define(self._open)
        if definitions:
            self._wrapper.feed([Run(f"{definitions}\n", self._theme.dim)])
            self._begun = bool(self._open)


class Code:
    """Lines of code, whole, as they are; the terminal wraps them, so that what is copied is what was written.

    Blank lines wait for the next line that is not, when `trims`: at the end of indented code they are no part of it.
    """

    def __init__(self, coloring: Coloring, width: int, *, trims: bool) -> None:
        self._coloring = coloring
        self._width = width
        self._trims = trims
        self._blank: list[str] = []
        self._is_draft = False

    def line(self, text: str) -> list[Row]:
        if self._trims and not text.strip():
            self._blank.append(text)
            return []
        lines, self._blank = [*self._blank, text], []
        return [row for line in lines for row in self._rows(line)]

    def close(self) -> list[Row]:
        return []

    def resize(self, width: int) -> None:
        self._width = width

    def draft(self) -> "Code":
        twin = twin_of(self)
        twin._blank = list(self._blank)
        twin._is_draft = True
        return twin

    def _rows(self, line: str) -> list[Row]:
        if not self._is_draft:
            return [[Run(*run) for run in self._coloring.line(line)]]
        text = _expanded(line)
        if len(text) > _PEEK:
            rows = chop([Run(text)], self._width)
            return (
                rows
                if len(rows) <= _WHOLE
                else chop([Run(f"… {text[-_NEWEST:]}")], self._width)[-1:]
            )
        return chop([Run(*run) for run in self._coloring.peek(text)], self._width)


def _expanded(line: str) -> str:
    """A line with spaces for its tabs, as many as a terminal would show."""
    *parts, last = line.split("\t")
    return "".join(part + " " * (_STOP - row_len([Run(part)]) % _STOP) for part in parts) + last


class Verbatim:
    """HTML and display math: as written, wrapped; tags have a style of their own, and lines that go on and on are
    broken anywhere, which takes no time. Blank lines at the end are dropped.
    """

    def __init__(self, width: int, style: Style, tags: Style) -> None:
        self._width = width
        self._style = style
        self._tags = tags
        self._blank = 0

    def line(self, text: str) -> list[Row]:
        if not text.strip():
            self._blank += 1
            return []
        blank, self._blank = self._blank, 0
        text = text.expandtabs(_TAB)
        if len(text) > LONGEST_MARKUP:
            return [[]] * blank + chop([Run(text, self._style)], self._width)
        parts = _TAG.split(text)
        runs = [Run(part, self._tags if at % 2 else self._style) for at, part in enumerate(parts)]
        return [[]] * blank + wrap(runs, self._width)

    def close(self) -> list[Row]:
        return []

    def resize(self, width: int) -> None:
        self._width = width

    def draft(self) -> "Verbatim":
        return twin_of(self)


# Of a row, beyond which its code spans are not looked for.
MOST_CHARS: Final = 2_000

# A code span, and a bar in it that no backslash precedes.
_CODE: Final = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\1(?!`)).)+(?<!`)\1(?!`)")
_BAR: Final = re.compile(r"(?<!\\)\|")


def _with_bars(code: re.Match[str]) -> str:
    return _BAR.sub(r"\|", code[0])


class Table:
    """A table. Its columns fit what they hold, up to the row at which they are settled; from then on rows are final. When
    a cell up to there wraps, there is air between the rows.

    With `flat` it is never drawn in columns. Then, and where there are too many of them, each row is final.
    """

    def __init__(
        self, inline: Inline, width: int, theme: Theme, aligns: tuple[Align, ...], *, flat: bool
    ) -> None:
        self._inline = inline
        self._width = width
        self._theme = theme
        self._aligns = aligns
        self._flat = flat
        self._head: Cells = []
        self._rows: list[Cells] = []
        self._settled = False
        self._laid_out: list[Row] | None = None
        self._measured = False
        self._widths: list[int] | None = None
        self._airy = False

    def line(self, text: str) -> list[Row]:
        if not self._head:
            self._head = self._cells(text, self._theme.table_head)
            return []
        row = self._cells(text)
        if self._settled:
            return self._body([row], self._columns())
        self._rows.append(row)
        self._laid_out, self._measured = None, False
        if len(self._rows) < TABLE_SETTLES and self._in_columns:
            return []
        rows, self._settled, self._flat = self._layout(), True, self._columns() is None
        return rows

    def begun(self, text: str) -> list[Row]:
        """The beginning of a next row, in columns that are as wide as they would be if it ended here; so are those of the
        rows above, where they are not final. To be asked of a draft."""
        row, columns = self._cells(text), self._columns()
        if columns and not self._settled:
            wider = column_widths([self._head, *self._rows, row], len(columns), self._width)
            if wider != columns:
                columns = self._widths = wider
                self._laid_out = None
        if columns is None:
            return record(self._head, row, self._width)
        between = [gap(columns, self._theme)] if self._airy and self._rows else []
        return [*between, *grid(row, columns, self._aligns, self._theme)]

    def close(self) -> list[Row]:
        return [] if self._settled else self._layout()

    def resize(self, width: int) -> None:
        self._width = width
        self._laid_out, self._measured = None, False

    def draft(self) -> "Table":
        if self._head and not self._settled:
            self._layout()
        twin = twin_of(self)
        twin._rows = list(self._rows)
        return twin

    def _cells(self, text: str, style: Style = NOTHING) -> Cells:
        """As many cells as there are columns; what is too much goes into the last, so that nothing is lost.

        Each bar parts two cells, in code as well (GFM, tables). Where that makes too many, those in code do not.
        """
        last = len(self._aligns) - 1
        parts = [part.strip() for part in cells(text)]
        if last + 1 < len(parts) and len(text) < MOST_CHARS:
            whole = [part.strip() for part in cells(_CODE.sub(_with_bars, text))]
            parts = whole if len(whole) <= last + 1 else parts
        parts = [*parts[:last], " | ".join(parts[last:])]
        filled = [self._inline.runs(part, style) for part in parts]
        return filled + [[]] * (last + 1 - len(parts))

    @property
    def _in_columns(self) -> bool:
        return not self._flat and can_fit(len(self._aligns), self._width)

    def _columns(self) -> list[int] | None:
        if not self._in_columns:
            return None
        if not self._measured:
            rows, spare = [self._head, *self._rows], len(self._rows) >= TABLE_SETTLES
            self._widths = column_widths(rows, len(self._aligns), self._width, spare=spare)
            self._measured = True
        return self._widths

    def _layout(self) -> list[Row]:
        """All rows so far; laid out once, since a live view asks again and again."""
        if self._laid_out is None:
            columns = self._columns()
            rows = self._body(self._rows, columns)
            if columns is not None:
                head = grid(self._head, columns, self._aligns, self._theme)
                rows = [*head, rule(columns, self._theme), *rows]
            self._laid_out = rows or wrap(_joined(self._head), self._width)
        return self._laid_out

    def _body(self, rows: Sequence[Cells], columns: list[int] | None) -> list[Row]:
        if columns is None:
            between: list[Row] = [[]]
            blocks = [record(self._head, row, self._width) for row in rows]
        else:
            blocks = [grid(row, columns, self._aligns, self._theme) for row in rows]
            if not self._settled:
                self._airy = any(len(lines) > 1 for lines in blocks)
            between = [gap(columns, self._theme)] if self._airy else []
        lines = [line for block in blocks for line in (*between, *block)]
        return lines if self._settled else lines[len(between) :]


def _joined(row: Cells) -> list[Run]:
    return [run for cell in row for run in (*cell, Run(" | "))][:-1]
