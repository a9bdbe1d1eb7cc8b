"""The code blocks of a reply, as they were received. They are those that the page numbers: what is read is the text that
is drawn, in the same parts, with the same rule for headings; what is given are the characters behind it.
"""

import re
from dataclasses import dataclass
from io import StringIO
from typing import Final

from deepchat.render.blocks import Fence, Indented, Leaf, Node, Paragraph, Parser, Path
from deepchat.render.inline import Inline
from deepchat.render.leaves import Prose
from deepchat.render.source import Source
from deepchat.render.theme import THEMES, Theme
from deepchat.text import clean, mend

# Nothing is drawn: these are as good as any.
_WIDTH: Final = 80
_THEME: Final[Theme] = THEMES["mono"]

# Without one of these there is no code: a fence, or as much room as makes code of a line.
_MAYBE: Final = re.compile(r"```|~~~|\t|    ")

# A line that only the parser can judge, and characters that are made visible or end lines in ways of their own.
_HARD: Final = re.compile(r".*(?:```|~~~)|    | {0,3}(?:\t|[><$\\])|[^\n]*?[-+*.)](?:    | *\t)")
_ODD: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_FENCE: Final = re.compile(r"(`{3,}(?=[^`]*$)|~{3,})(.*)")


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A code block as it was written: `info` is what stands behind the fence, made visible, `source` the lines without
    the last newline."""

    info: str
    source: str


def code_blocks(text: str) -> list[CodeBlock]:
    """The code blocks of a text, fenced and indented, in order; the last one may be unfinished."""
    written = mend(text).replace("\r\n", "\n").replace("\r", "\n")
    codes = _Codes()
    source = Source(Parser(codes), lambda: False)
    for before, after in zip(_lines(written), _lines(clean(text)), strict=True):
        codes.written, codes.drawn = before.removesuffix("\n"), after.removesuffix("\n")
        source.feed(after)
    source.finish()
    return codes.found


def count_blocks(text: str) -> int:
    """How many code blocks there are. Where only fences at the margin make one, as in most replies, they are counted without
    the parser."""
    if not _MAYBE.search(text):
        return 0
    counted = None if _ODD.search(text) else _fences(text)
    return len(code_blocks(text)) if counted is None else counted


def _fences(text: str) -> int | None:
    """How many fences are opened at the margin; None when another line may make a code block, or not let one be."""
    number, fence = 0, ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if not fence and found:
            number, fence = number + 1, found[1]
        elif not fence and _HARD.match(line):
            return None
        elif fence and found and found[1].startswith(fence) and not found[2].strip(" \t"):
            fence = ""
        elif fence and not found and line.lstrip(" ").startswith(fence):
            return None
    return number


def _lines(text: str) -> StringIO:
    """Its lines, which end with `\\n` and with nothing else."""
    return StringIO(text, newline="\n")


class _Codes:
    """Keeps code, and asks paragraphs whether they can be headings. `written` is the line being read as it was received,
    `drawn` the same made visible."""

    def __init__(self) -> None:
        self.found: list[CodeBlock] = []
        self.written = self.drawn = ""
        self._inline = Inline(_THEME)
        self._prose: Prose | None = None
        self._code: list[str] = []
        self._size = 0

    def open(self, node: Node, path: Path) -> None:
        self._code, self._size = [], 0
        if isinstance(node, Paragraph):
            self._prose = Prose(self._inline, _WIDTH, _THEME, defines=True)

    def line(self, leaf: Leaf, text: str) -> None:
        if isinstance(leaf, Fence | Indented):
            self._code.append(self._as_written(text))
            if isinstance(leaf, Fence) or text.strip():
                self._size = len(self._code)
        elif self._prose:
            self._prose.line(text)

    def more(self, leaf: Leaf, text: str) -> None:
        if self._prose:
            self._prose.more(text)

    def close(self, node: Node, path: Path) -> None:
        if isinstance(node, Fence | Indented):
            info = node.info if isinstance(node, Fence) else ""
            self.found.append(CodeBlock(info, "\n".join(self._code[: self._size])))
        elif isinstance(node, Paragraph) and self._prose:
            self._prose.close()
            self._prose = None

    def can_be_heading(self, paragraph: Paragraph) -> bool:
        return self._prose is not None and self._prose.can_be_heading

    def _as_written(self, text: str) -> str:
        """A line of code: behind the indentation, which has no character to be made visible, it ends as its line does."""
        code = text.lstrip(" \t")
        return text[: len(text) - len(code)] + self.written[len(self.drawn) - len(code) :]
