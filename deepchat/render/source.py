"""The source of a reply as it arrives: complete lines, the open end, and the parts of lines too long to wait for."""

import re
from collections.abc import Callable
from typing import Final

from deepchat.render.blocks import LONGEST_LINE, Leaf, Node, Paragraph, Parser, Path, Verbatim

# A line of prose longer than FIRST is read in parts, the others of them longer than NEXT: each ends at a space, or
# after ANYWHERE where there is none.
# Of a line that begins with marks alone more is looked at, since each of them may be a quote or an item.
FIRST: Final = 100
MARKED: Final = 400
NEXT: Final = 60
ANYWHERE: Final = 600

# Chinese and Japanese have no spaces; their commas and stops serve as well.
_SPACE: Final = re.compile("[ 、。，；！？]")

# What the open end of a line must go beyond before it is shown: until then it may become something else.
_MARKERS: Final = " \t>-+*"
_MARKS: Final = f"{_MARKERS}0123456789.)"
_SIGNS: Final = " \t=-*_+#~`|:.$\\"
_UNCLEAR: Final = re.compile(r"(?:\d{1,9}[.)]?[ \t]*|</?[^>\s]*|\[[ xX]?\]?)\Z")
_FENCE_ARRIVING: Final = re.compile(r"[ \t>*+-]*`{3,}[^`]*")
_LINK_ARRIVING: Final = re.compile(r"\[([^\[\]]*)\]\([^()\s]*\Z")


class Source:
    """Feeds a parser with what can no longer change. The same lines and parts come out, however the text is cut. No line
    is read while it `waits`, unless the text ends."""

    def __init__(self, parser: Parser, waits: Callable[[], bool]) -> None:
        self._parser = parser
        self._waits = waits
        self._unread = ""
        self._pieces: list[str] = []
        self._size = 0
        self._waits_for: float = FIRST
        self._divided = False

    def feed(self, text: str) -> None:
        """More text, or none, to read on; its only line ends are `\\n`."""
        text, at = self._unread + text, 0
        while not self._waits():
            end = text.find("\n", at)
            if end < 0:
                self._append(text[at:])
                at = len(text)
                break
            self._append(text[at:end])
            self._end_line()
            at = end + 1
        self._unread = text[at:]

    @property
    def behind(self) -> bool:
        """Whether there is text that could not be read yet."""
        return bool(self._unread)

    def finish(self) -> None:
        """The text ends here."""
        self._waits = _never
        self.feed("")
        if self._size or self._divided:
            self._end_line()
        self._parser.finish()

    def end(self, enough: int) -> str:
        """The open end of the text: the last, incomplete line, or at least `enough` characters of it.

        What is left out is a multiple of `enough`, so that what follows is rarely laid out from another character on.
        """
        left_out = max(0, self._size // enough - 1) * enough
        pieces: list[str] = []
        missing = self._size - left_out
        for piece in reversed(self._pieces):
            pieces.append(piece[-missing:])
            missing -= len(piece)
            if missing <= 0:
                break
        return "".join(reversed(pieces))

    def draft(self, parser: Parser, enough: int) -> None:
        """Feed another parser with the open end, as far as it is clear what it is, and finish it. Before that with what
        could not be read yet, `enough` of it."""
        *lines, unread = self._unread[-enough:].split("\n")
        for line in lines:
            parser.line(line)
        end = unread or self.end(enough)
        if self._divided:
            parser.more(end)
        elif is_clear(end, parser.tip):
            parser.line(end if isinstance(parser.tip, Verbatim) else healed(end))
        parser.finish()

    def _append(self, text: str) -> None:
        if not text:
            return
        self._pieces.append(text)
        self._size += len(text)
        if self._size > self._waits_for:
            self._divide()

    def _end_line(self) -> None:
        line = "".join(self._pieces)
        if not self._divided:
            self._parser.line(line)
        elif line:
            self._parser.more(line)
        self._pieces, self._size = [], 0
        self._waits_for, self._divided = FIRST, False

    def _divide(self) -> None:
        """Read the parts of the open line that are long enough, unless it must be read as a whole."""
        line = "".join(self._pieces)
        while at := _end_of_part(line, NEXT if self._divided else _least(line)):
            if not self._divided:
                self._waits_for = _size_to_divide(self._parser, line[:at])
                if len(line) <= self._waits_for:
                    break
            self._read_part(line[:at])
            line = line[at:]
        self._pieces, self._size = [line], len(line)

    def _read_part(self, part: str) -> None:
        if self._divided:
            self._parser.more(part)
        else:
            self._parser.line(part, long=True)
            self._waits_for, self._divided = NEXT, True


def _never() -> bool:
    return False


def _least(line: str) -> int:
    """From how many characters on the beginning of a line tells what it is."""
    return FIRST if line[:FIRST].strip(_MARKS) else MARKED


def _end_of_part(line: str, least: int) -> int | None:
    if space := _SPACE.search(line, least, ANYWHERE):
        return space.end()
    return ANYWHERE if len(line) > ANYWHERE else None


def _size_to_divide(parser: Parser, part: str) -> float:
    """Beyond which size a line that begins like this is read in parts: the lines of paragraphs always are, verbatim ones
    never, and others once they cannot be what they seem to be. A line with a `|` may be the head of a table."""
    if _is_text(parser, part, long=False):
        return LONGEST_LINE if "|" in part else FIRST
    return LONGEST_LINE if _is_text(parser, part, long=True) else float("inf")


def _is_text(parser: Parser, part: str, *, long: bool) -> bool:
    trial = parser.fork(_Deaf())
    trial.line(part, long=long)
    return isinstance(trial.tip, Paragraph)


class _Deaf:
    """Hears nothing: for a parser that only tries."""

    def open(self, node: Node, path: Path) -> None: ...

    def line(self, leaf: Leaf, text: str) -> None: ...

    def more(self, leaf: Leaf, text: str) -> None: ...

    def close(self, node: Node, path: Path) -> None: ...

    def can_be_heading(self, paragraph: Paragraph) -> bool:
        return False


def is_clear(end: str, tip: Node) -> bool:
    """Whether what an incomplete line is cannot change any more with its next characters, as far as the eye is misled."""
    if isinstance(tip, Verbatim):
        return bool(end.strip(" \t>").strip("`~"))
    return bool(end.strip(_SIGNS)) and not _UNCLEAR.match(end.lstrip(_MARKERS))


def healed(end: str) -> str:
    """An incomplete line with its code and strong text closed, and without the half address of a link. What opens a fence
    stays as it is."""
    if _FENCE_ARRIVING.fullmatch(end):
        return end
    if end.count("`") % 2:
        return end.rstrip("`") if end.endswith("`") else end + "`"
    end = _LINK_ARRIVING.sub(r"\1", end)
    if end.count("**") % 2:
        return end[:-2] if end.endswith("**") else end.rstrip() + "**"
    return end[:-1] if end.endswith("*") and end.count("*") % 2 else end
