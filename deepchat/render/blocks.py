"""Markdown's block structure, found while the text arrives: each complete line is looked at once. Pure; inline markup,
looks and link definitions belong to others.

The strategy is that of CommonMark's appendix (spec.commonmark.org/0.31.2/#appendix-a-parsing-strategy): a stack of open
blocks, of which each line continues some, closes others and opens new ones. With it come the tables, task lists and
struck text of GitHub's markdown (github.github.com/gfm) and display math, which must stay as it was written.
"""

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import pairwise
from typing import Final, Literal, Protocol, Self

# Deeper containers stay text, so that no line costs more than this many steps of matching.
DEEPEST: Final = 40

# Wider tables stay text: each row, however short, would have that many cells.
MOST_COLUMNS: Final = 100

# A line longer than this is text where only its end could tell that it is a rule, a heading, a fence or part of a table.
LONGEST_LINE: Final = 4000

Align = Literal["left", "center", "right"]


@dataclass(eq=False, kw_only=True)
class Node:
    """An open block. `serial` names it, in copies of the parser too; `after_blank` if a blank line stands before it."""

    serial: int = 0
    after_blank: bool = False

    def __copy__(self) -> Self:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin


class Document(Node):
    """The root."""


class Quote(Node):
    """A block quote."""


@dataclass(eq=False)
class List(Node):
    """A list: its items share one `marker` (`-`, `+`, `*`, `.` or `)`). `last` is the number of its last item, if any."""

    marker: str
    start: int
    last: int | None = None

    @property
    def ordered(self) -> bool:
        return self.marker in ".)"


@dataclass(eq=False)
class Item(Node):
    """A list item. Its content begins `offset` columns right of its surroundings; `task` is None, "todo" or "done"."""

    list: List
    number: int
    offset: int
    empty: bool = True
    task: Literal["todo", "done"] | None = None


@dataclass(eq=False)
class Paragraph(Node):
    """`lines` of text. `level` becomes 1 or 2 when an underline makes it a heading. `held` is its last line, where the
    next one may yet turn it into the head of a table."""

    lines: int = 0
    level: int = 0
    held: str | None = None


@dataclass(eq=False)
class Heading(Node):
    """A heading that begins with `#`; it has one line, or none."""

    level: int


@dataclass(eq=False)
class Fence(Node):
    """Code between fences of at least `length` times `char`; its lines lose up to `indent` columns of indentation."""

    char: str
    length: int
    indent: int
    info: str


class Indented(Node):
    """Code that is indented by four columns. Blank lines at its end are not part of it."""


@dataclass(eq=False)
class Html(Node):
    """HTML, up to the line that holds `end`, or up to a blank line."""

    end: re.Pattern[str] | None


@dataclass(eq=False)
class Math(Node):
    """Display math, up to the line that holds `end`, or up to a blank line."""

    end: str


@dataclass(eq=False)
class Table(Node):
    """A table; its lines are the head and the rows, without the line of dashes. `line` sees them unsplit: `cells`."""

    aligns: tuple[Align, ...]


class Rule(Node):
    """A thematic break."""


Leaf = Paragraph | Heading | Fence | Indented | Html | Math | Table | Rule
Container = Document | Quote | List | Item
Verbatim = Fence | Indented | Html | Math
Path = tuple[Node, ...]


class Sink(Protocol):
    """What hears of the blocks. At most one leaf is open at a time."""

    def open(self, node: Node, path: Path) -> None:
        """A block begins; `path` holds the containers around it, outermost first, without the document."""
        ...

    def line(self, leaf: Leaf, text: str) -> None:
        """A line of the open leaf, final, without its newline."""
        ...

    def more(self, leaf: Leaf, text: str) -> None:
        """The paragraph's last line goes on."""
        ...

    def close(self, node: Node, path: Path) -> None:
        """The block is complete."""
        ...

    def can_be_heading(self, paragraph: Paragraph) -> bool:
        """Whether an underline may still make a heading of what the paragraph holds."""
        ...


class _Found(Enum):
    """What the start of a block left of its line."""

    NOTHING = auto()  # no such start
    INSIDE = auto()  # a container was opened; look at what follows
    TEXT = auto()  # a leaf was opened; the rest is its text
    ALL = auto()  # the line is used up


_HTML_TAG: Final = (
    r"<[A-Za-z][A-Za-z0-9-]*"
    r"(?:\s+[A-Za-z_:][A-Za-z0-9_.:-]*(?:\s*=\s*(?:[^\s\"'=<>`]+|'[^']*'|\"[^\"]*\"))?)*\s*/?>"
)
_HTML_BLOCKS: Final = (
    "address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|"
    "fieldset|figcaption|figure|footer|form|frame|frameset|h1|h2|h3|h4|h5|h6|head|header|hr|html|iframe|legend|li|link|"
    "main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|"
    "title|tr|track|ul"
)
# The seven kinds of HTML block: how each begins, what ends it (None: a blank line). Only the last cannot interrupt a
# paragraph.
_HTML: Final[tuple[tuple[re.Pattern[str], re.Pattern[str] | None], ...]] = (
    (
        re.compile(r"<(?:script|pre|style|textarea)(?=\s|>|$)", re.IGNORECASE),
        re.compile(r"</(?:script|pre|style|textarea)>", re.IGNORECASE),
    ),
    (re.compile(r"<!--"), re.compile(r"-->")),
    (re.compile(r"<\?"), re.compile(r"\?>")),
    (re.compile(r"<![A-Za-z]"), re.compile(r">")),
    (re.compile(r"<!\[CDATA\["), re.compile(r"\]\]>")),
    (re.compile(rf"</?(?:{_HTML_BLOCKS})(?=\s|/?>|$)", re.IGNORECASE), None),
    (re.compile(rf"(?:{_HTML_TAG}|</[A-Za-z][A-Za-z0-9-]*\s*>)\s*$"), None),
)
_WHITE: Final = re.compile(r"[ \t]+")
_HEADING: Final = re.compile(r"#{1,6}(?=[ \t]|$)")
_FENCE: Final = re.compile(r"`{3,}|~{3,}")
_ORDERED: Final = re.compile(r"(\d{1,9})([.)])")
# An environment of LaTeX.
_BEGIN: Final = re.compile(r"\\begin\{(\w+\*?)\}")

_DASHES: Final = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?$")
_TASK: Final = re.compile(r"\[([ xX])\][ \t]+(?=\S)")


class _Line:
    """A cursor over a source line that counts columns, since a tab fills up to the next multiple of four."""

    __slots__ = ("at", "blank", "column", "long", "next", "next_column", "spaces", "text")

    def __init__(self, text: str, *, long: bool) -> None:
        self.text = text
        self.long = long
        self.at = self.column = 0
        self.spaces = 0  # what is left of a tab that was used in part
        self._look()

    @property
    def indent(self) -> int:
        return self.next_column - self.column

    @property
    def first(self) -> str:
        """The first character that is no space, or ""."""
        return self.text[self.next : self.next + 1]

    def rest(self) -> str:
        """What was not used, white space included."""
        return " " * self.spaces + self.text[self.at + bool(self.spaces) :]

    def words(self) -> str:
        """What was not used, from the first character that is no space."""
        return self.text[self.next :]

    def to_text(self) -> None:
        self.at, self.column, self.spaces = self.next, self.next_column, 0

    def skip(self, count: int) -> None:
        """Use `count` characters, none of them a tab."""
        self.at += count
        self.column += count
        self._look()

    def skip_columns(self, count: int) -> None:
        """Use white space, up to `count` columns of it."""
        if self.at == len(self.text):
            return
        while count > 0 and self.text[self.at : self.at + 1] in (" ", "\t"):
            size = self.spaces or (4 - self.column % 4 if self.text[self.at] == "\t" else 1)
            step = min(count, size)
            count -= step
            self.column += step
            self.spaces = size - step
            self.at += not self.spaces
        self._look()

    def _look(self) -> None:
        at, column, text = self.at, self.column, self.text
        if self.spaces:
            at, column = at + 1, column + self.spaces
        self.next = at
        if white := _WHITE.match(text, at):
            self.next = white.end()
            begun = " " * (column % 4)
            column += len((begun + white[0]).expandtabs(4)) - len(begun)
        self.next_column = column
        self.blank = self.next >= len(text)


@dataclass(slots=True)
class Parser:
    """Tells `sink` of each block, at the earliest complete line that decides it."""

    sink: Sink
    _stack: list[Node] = field(default_factory=lambda: [Document()])
    _matched: int = 1
    _serial: int = 0
    _after_blank: bool = False

    @property
    def tip(self) -> Node:
        """The innermost open block."""
        return self._stack[-1]

    def fork(self, sink: Sink) -> "Parser":
        """A copy that tells another sink; what it reads leaves this one as it is."""
        stack = [copy.copy(node) for node in self._stack]
        for above, node in pairwise(stack):
            if isinstance(node, Item) and isinstance(above, List):
                node.list = above
        return Parser(sink, stack, self._matched, self._serial, self._after_blank)

    def line(self, text: str, *, long: bool = False) -> None:
        """Read one complete line, without its newline, or the first part of a `long` one."""
        line = _Line(text, long=long or len(text) > LONGEST_LINE)
        if self._continue(line):
            self._add(line)
        self._after_blank = not text.strip(" \t>")

    def more(self, text: str) -> None:
        """Read more of the line before, which is too long to wait for its end and belongs to a paragraph."""
        paragraph = self.tip
        if not isinstance(paragraph, Paragraph):
            raise TypeError("Only the line of a paragraph can go on.")
        self._release(paragraph)
        self.sink.more(paragraph, text)

    def finish(self) -> None:
        """Close what is open."""
        self._close_to(1)

    # --- which open blocks the line continues ---

    def _continue(self, line: _Line) -> bool:
        """Set `_matched` to the number of open blocks that the line continues; False when it was a closing fence."""
        self._matched = 1
        for node in self._stack[1:]:
            if isinstance(node, Fence) and _closes(node, line):
                self._close_to(self._matched)
                return False
            if not _continues(node, line):
                return True
            self._matched += 1
        return True

    # --- what the rest of the line is ---

    def _add(self, line: _Line) -> None:
        found = _Found.INSIDE
        while found is _Found.INSIDE and not isinstance(self._inner, Verbatim) and not line.blank:
            found = self._start(line)
        if found is _Found.ALL:
            return
        if line.blank or not self._lazy:
            self._close_to(self._matched)
        self._text(self.tip, line)

    @property
    def _inner(self) -> Node:
        """The innermost block that the line continues."""
        return self._stack[self._matched - 1]

    @property
    def _lazy(self) -> bool:
        """Whether text would go on with a paragraph although containers around it are not continued."""
        return self._matched < len(self._stack) and isinstance(self.tip, Paragraph)

    def _start(self, line: _Line) -> _Found:
        if line.indent >= 4:
            return self._indented(line)
        for start in _STARTS.get(line.first, ()):
            if line.long and start in _WHOLE:
                continue
            found = start(self, line)
            if found is not _Found.NOTHING:
                return found
        return _Found.NOTHING

    def _text(self, node: Node, line: _Line) -> None:
        if isinstance(node, Fence | Indented):
            self.sink.line(node, line.rest())
        elif isinstance(node, Html | Math):
            self._until_end(node, line.rest())
        elif isinstance(node, Table) and not line.long:
            self.sink.line(node, line.words())
        elif isinstance(node, Paragraph):
            self._say(node, line.words())
        elif not line.blank:
            self._paragraph(line)

    def _until_end(self, node: Html | Math, text: str) -> None:
        self.sink.line(node, text)
        ends = node.end in text if isinstance(node, Math) else node.end and node.end.search(text)
        if ends:
            self._close()

    def _paragraph(self, line: _Line) -> None:
        text, item = line.words(), self.tip
        if isinstance(item, Item) and item.empty and (task := _TASK.match(text)):
            item.task = "todo" if task[1] == " " else "done"
            text = text[task.end() :]
        paragraph = Paragraph()
        self._open(paragraph)
        self._say(paragraph, text)

    def _say(self, paragraph: Paragraph, text: str) -> None:
        """The next line; only a line with a `|` has to wait for the one after it."""
        self._release(paragraph)
        paragraph.lines += 1
        if "|" in text and len(text) <= LONGEST_LINE:
            paragraph.held = text
        else:
            self.sink.line(paragraph, text)

    def _release(self, paragraph: Paragraph) -> None:
        """Let go of the line that was held back."""
        if paragraph.held is not None:
            self.sink.line(paragraph, paragraph.held)
            paragraph.held = None

    # --- the stack ---

    def _open(self, node: Node) -> None:
        while not _holds(self.tip, node):
            self._close()
        parent = self.tip
        if isinstance(parent, Item):
            parent.empty = False
        self._serial += 1
        node.serial, node.after_blank = self._serial, self._after_blank
        self.sink.open(node, tuple(self._stack[1:]))
        self._stack.append(node)

    def _open_container(self, node: Node) -> None:
        self._open(node)
        self._matched = len(self._stack)

    def _close(self) -> None:
        node = self._stack.pop()
        if isinstance(node, Paragraph):
            self._release(node)
        self.sink.close(node, tuple(self._stack[1:]))

    def _close_to(self, depth: int) -> None:
        while len(self._stack) > depth:
            self._close()

    # --- the starts of blocks ---

    def _quote(self, line: _Line) -> _Found:
        if len(self._stack) >= DEEPEST:
            return _Found.NOTHING
        _skip_quote(line)
        self._close_to(self._matched)
        self._open_container(Quote())
        return _Found.INSIDE

    def _heading(self, line: _Line) -> _Found:
        match = _HEADING.match(line.text, line.next)
        if not match:
            return _Found.NOTHING
        text = line.text[match.end() :].rstrip(" \t")
        bare = text.rstrip("#")
        if not bare or bare[-1] in " \t":
            text = bare
        heading = Heading(len(match[0]))
        self._close_to(self._matched)
        self._open(heading)
        self.sink.line(heading, text.strip(" \t"))
        self._close()
        return _Found.ALL

    def _fence(self, line: _Line) -> _Found:
        match = _FENCE.match(line.text, line.next)
        if not match:
            return _Found.NOTHING
        info = line.text[match.end() :].strip()
        if line.first == "`" in info:
            return _Found.NOTHING
        self._close_to(self._matched)
        self._open(Fence(line.first, len(match[0]), line.indent, info))
        return _Found.ALL

    def _html(self, line: _Line) -> _Found:
        text = line.words()
        kind = next((kind for kind in _HTML if kind[0].match(text)), None)
        if kind is None:
            return _Found.NOTHING
        if kind is _HTML[-1] and (isinstance(self._inner, Paragraph | Table) or self._lazy):
            return _Found.NOTHING
        self._close_to(self._matched)
        self._open(Html(kind[1]))
        self._matched = len(self._stack)
        return _Found.TEXT

    def _math(self, line: _Line) -> _Found:
        text = line.words().rstrip()
        begun = _BEGIN.match(text)
        if text == "\\[":
            end = "\\]"
        elif begun and f"\\end{{{begun[1]}}}" not in text:
            end = f"\\end{{{begun[1]}}}"
        elif text.startswith("$$") and "$$" not in text[2:]:
            end = "$$"
        else:
            return _Found.NOTHING
        self._close_to(self._matched)
        math = Math(end)
        self._open(math)
        self.sink.line(math, line.rest())
        return _Found.ALL

    def _underline(self, line: _Line) -> _Found:
        paragraph = self._inner
        if not isinstance(paragraph, Paragraph) or line.words().rstrip(" \t").strip(line.first):
            return _Found.NOTHING
        self._release(paragraph)
        if not self.sink.can_be_heading(paragraph):
            return _Found.NOTHING
        paragraph.level = 1 if line.first == "=" else 2
        self._close_to(self._matched - 1)
        return _Found.ALL

    def _table(self, line: _Line) -> _Found:
        paragraph, dashes = self._inner, line.words().rstrip(" \t")
        if not isinstance(paragraph, Paragraph) or paragraph.held is None:
            return _Found.NOTHING
        if dashes[:2] in ("- ", "-\t") or not _DASHES.match(dashes):
            return _Found.NOTHING
        head, columns = paragraph.held, cells(dashes)
        if len(columns) > MOST_COLUMNS or len(columns) != len(cells(head)):
            return _Found.NOTHING
        paragraph.held = None
        self._after_blank = paragraph.after_blank and paragraph.lines == 1
        self._close_to(self._matched - 1)
        table = Table(tuple(_align(column.strip()) for column in columns))
        self._open(table)
        self.sink.line(table, head)
        return _Found.ALL

    def _rule(self, line: _Line) -> _Found:
        text, char = line.words(), line.first
        if text.count(char) < 3 or text.strip(char + " \t") or not set(text) <= {char, " ", "\t"}:
            return _Found.NOTHING
        self._close_to(self._matched)
        self._open(Rule())
        self._close()
        return _Found.ALL

    def _item(self, line: _Line) -> _Found:
        ordered = _ORDERED.match(line.text, line.next)
        size = len(ordered[0]) if ordered else 1
        number, marker = (int(ordered[1]), ordered[2]) if ordered else (1, line.first)
        after = line.text[line.next + size :]
        blank = not after.strip(" \t")
        if (line.first.isdigit() and not ordered) or after[:1] not in ("", " ", "\t"):
            return _Found.NOTHING
        if isinstance(self._inner, Paragraph) and (blank or number != 1):
            return _Found.NOTHING
        if len(self._stack) >= DEEPEST:
            return _Found.NOTHING
        indent = line.indent
        line.to_text()
        line.skip(size)
        # Content begins at the next character, unless that is so far off that it must be indented code.
        space = line.indent if not blank and line.indent <= 4 else 1
        line.skip_columns(space)
        self._close_to(self._matched)
        self._open_item(marker, number, indent + size + space)
        return _Found.INSIDE

    def _open_item(self, marker: str, number: int, offset: int) -> None:
        if not (isinstance(self.tip, List) and self.tip.marker == marker):
            self._open(List(marker, number))
        parent = self.tip
        if not isinstance(parent, List):
            raise TypeError("An item stands in a list.")
        # CommonMark counts on from the first, whatever is written: a number that was left out would be lost.
        parent.last = number if parent.last is None else max(number, parent.last + 1)
        item = Item(parent, parent.last, offset)
        self._open_container(item)

    def _indented(self, line: _Line) -> _Found:
        if isinstance(self.tip, Paragraph):
            return _Found.NOTHING
        line.skip_columns(4)
        self._close_to(self._matched)
        self._open(Indented())
        self._matched = len(self._stack)
        return _Found.TEXT


_Start = Callable[[Parser, _Line], _Found]

# What may begin with a character, in the order in which it is tried.
_STARTS: Final[Mapping[str, tuple[_Start, ...]]] = {
    ">": (Parser._quote,),
    "#": (Parser._heading,),
    "`": (Parser._fence,),
    "~": (Parser._fence,),
    "<": (Parser._html,),
    "$": (Parser._math,),
    "\\": (Parser._math,),
    "=": (Parser._underline,),
    "-": (Parser._underline, Parser._table, Parser._rule, Parser._item),
    "|": (Parser._table,),
    ":": (Parser._table,),
    "_": (Parser._rule,),
    "*": (Parser._rule, Parser._item),
    "+": (Parser._item,),
    **dict.fromkeys("0123456789", (Parser._item,)),
}

# What is none before its line has ended.
_WHOLE: Final = (Parser._heading, Parser._fence, Parser._underline, Parser._table, Parser._rule)


def _continues(node: Node, line: _Line) -> bool:
    """Whether `line` goes on with `node`; if so, what that takes of the line is used."""
    match node:
        case List():
            pass  # as its item does
        case Quote():
            if line.indent > 3 or line.first != ">":
                return False
            _skip_quote(line)
        case Item():
            if node.empty if line.blank else line.indent < node.offset:
                return False
            line.skip_columns(node.offset)
        case Fence():
            line.skip_columns(node.indent)
        case Indented():
            if line.indent < 4 and not line.blank:
                return False
            line.skip_columns(4)
        case Html():
            return node.end is not None or not line.blank
        case Paragraph() | Table() | Math():
            return not line.blank
        case _:
            pass
    return True


def _closes(fence: Fence, line: _Line) -> bool:
    text = line.words().rstrip(" \t")
    return line.indent <= 3 and len(text) >= fence.length and not text.strip(fence.char)


def _holds(parent: Node, child: Node) -> bool:
    if isinstance(parent, List):
        return isinstance(child, Item)
    return isinstance(parent, Document | Quote | Item)


def _skip_quote(line: _Line) -> None:
    line.to_text()
    line.skip(1)
    line.skip_columns(1)


def _align(dashes: str) -> Align:
    if dashes.endswith(":"):
        return "center" if dashes.startswith(":") else "right"
    return "left"


def cells(row: str) -> list[str]:
    """The cells of a table's row, split at each `|` that no backslash precedes."""
    parts = [part.replace("\\|", "|") for part in re.split(r"(?<!\\)\|", row.strip())]
    if not parts[0].strip():
        parts.pop(0)
    if parts and not parts[-1].strip():
        parts.pop()
    return parts
