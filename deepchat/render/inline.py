"""Inline markup as styled runs: emphasis, code, links, math. Blocks, rows and escape sequences belong to others."""

import re
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLink
from markdown_it.helpers import parseLinkDestination, parseLinkTitle
from markdown_it.rules_inline import StateInline, entity
from markdown_it.token import Token
from rich.style import Style

from deepchat.render.theme import Theme
from deepchat.render.wrap import NOTHING, Run
from deepchat.text import REPLACEMENT, Cleaner

# Beyond these the inline parser may need more than a moment. Its time grows with what may open markup; brackets, which
# it looks at again and again, count for more.
MOST_CHARS: Final = 8000
MOST_OPENERS: Final = 400
_CHEAP: Final = "*_~<&`"
_DEAR: Final = "[!\\$"
_DEAR_COUNTS: Final = 4

_LAST_CONTROL: Final = 0x9F

# What a click may open. Terminals and browsers cut longer addresses.
_CLICKABLE: Final = re.compile(r"(?:https?://|mailto:)[!-~]{1,2000}\Z")

_BREAK: Final = re.compile(r"<br\s*/?>\Z", re.IGNORECASE)

# What the parser may do something about: where markup begins, and white space around a line break.
_BEGINS: Final = r"[*_~`\[<&\\$]|:(?=//)"
_READ: Final = re.compile(rf"{_BEGINS}|[ \t]\n|\n[ \t]")

# Where its rules have to be tried. Its own pattern stops at each sign that a plug-in may want.
_STOPS: Final = re.compile(rf"{_BEGINS}|[\]\n]|!(?=\[)")

# What may be the beginning of markup, where it is left over as text.
_LEFT_OPEN: Final = re.compile(
    r"\*(?!\s)|~~(?!\s)|`|\[|<[!?]|<[A-Za-z/][^>\"']*(?:[\"']|\Z)|(?<![A-Za-z0-9])_(?!\s)|\$[^\s$][^\n]*\Z|\$\$"
)
_MATH_OPEN: Final = re.compile(r"\\[(\[]")

# Math as models write it. A price is no math: `$` opens before a character and closes behind one, not before a digit.
_MATH: Final = re.compile(
    r"\\\(.+?\\\)|\\\[.+?\\\]|\$\$.+?\$\$|\$(?![\s$])[^$\n]*?(?<![\s\\])\$(?!\d)", re.DOTALL
)

# A bare address, from its "://" on. It ends where GitHub's ends (github.github.com/gfm, extended autolinks), and before
# the scripts of East Asia, in which a sentence goes on without a space.
_BARE: Final = re.compile(r"://[A-Za-z0-9][^\s<>\"`|\\^{}\x7f-\xa0\u0e00-\U0010ffff]*")
_SCHEME: Final = re.compile(r"(?<![A-Za-z0-9+.-])https?\Z", re.IGNORECASE)
_BEHIND: Final = "?!.,:;*_~'\")]"


class _Markdown(MarkdownIt):
    """Addresses stay as they were written; they are encoded only where they become the target of a click."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802  the name is markdown-it's
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        return link


def _math(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  the signature is markdown-it's
    match = _MATH.match(state.src, state.pos)
    if not match:
        return False
    if not silent:
        state.push("math", "", 0).content = match[0]
    state.pos = match.end()
    return True


def _bare(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  the signature is markdown-it's
    """An address without markup. `state.pending` ends in its scheme."""
    if silent or state.linkLevel or not (match := _BARE.match(state.src, state.pos)):
        return False
    scheme = _SCHEME.search(state.pending[-6:])
    if not scheme:
        return False
    rest = _trimmed(match[0])
    state.pending = state.pending[: -len(scheme[0])]
    state.push("link_open", "a", 1).attrs = {"href": scheme[0] + rest}
    state.push("text", "", 0).content = scheme[0] + rest
    state.push("link_close", "a", -1)
    state.pos += len(rest)
    return True


def _trimmed(address: str) -> str:
    """Without the punctuation of the sentence around it; a bracket stays where it closes one inside."""
    while address[-1] in _BEHIND:
        if address.endswith(")") and address.count("(") >= address.count(")"):
            break
        address = address[:-1]
    return address


class _Helpers:
    """What the parser's rules for links call. Theirs looks for the end of a label from each bracket anew, up to the end
    of the text: the square of the brackets. Behind one that is never closed, none before it can be."""

    parseLinkDestination = staticmethod(parseLinkDestination)  # noqa: N815  the names are markdown-it's
    parseLinkTitle = staticmethod(parseLinkTitle)  # noqa: N815

    def __init__(self) -> None:
        self._state: StateInline | None = None
        self._unclosed: set[int] = set()

    def parseLinkLabel(  # noqa: N802
        self,
        state: StateInline,
        start: int,
        disableNested: bool = False,  # noqa: FBT001, FBT002, N803
    ) -> int:
        """Where the label that begins with the bracket at `start` ends; -1 for nowhere."""
        if state is not self._state:
            self._state, self._unclosed = state, set()
        if start in self._unclosed or state.src.find("]", start) < 0:
            return -1
        before = state.pos
        end = self._end_of_label(state, start, alone=disableNested)
        state.pos = before
        return end

    def _end_of_label(self, state: StateInline, start: int, *, alone: bool) -> int:
        state.pos, depth = start + 1, 1
        while state.pos < state.posMax:
            at, char = state.pos, state.src[state.pos]
            depth -= char == "]"
            if not depth:
                return at
            state.md.inline.skipToken(state)
            if char != "[":
                continue
            if state.pos == at + 1:
                if at in self._unclosed:
                    break
                depth += 1
            elif alone and state.pos < state.posMax:
                return -1  # there is a link in it
        self._unclosed.add(start)
        return -1


def _entity(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  the signature is markdown-it's
    """An entity of a control character stands for that one, which is marked as any other; CommonMark replaces only
    U+0000 (6.2), where markdown-it replaces all of them without a trace."""
    found = entity(state, silent)
    if found and not silent and state.tokens[-1].content == REPLACEMENT:
        code = state.tokens[-1].markup.lower().removeprefix("&#").removesuffix(";")
        number = int(code[1:], 16) if code.startswith("x") else int(code)
        if 0 < number <= _LAST_CONTROL:
            state.tokens[-1].content = chr(number)
    return found


def _inline_parser() -> MarkdownIt:
    markdown = _Markdown("commonmark").enable("strikethrough")
    markdown.helpers = _Helpers()  # type: ignore[assignment]  # a module, as a rule
    markdown.inline.ruler.before("escape", "bare", _bare)
    markdown.inline.ruler.before("escape", "math", _math)
    markdown.inline.ruler.at("entity", _entity)
    markdown.inline.terminator_re = _STOPS
    return markdown


def _definition_parser() -> MarkdownIt:
    markdown = _Markdown("commonmark")
    markdown.block.ruler.enableOnly(["reference", "paragraph"])
    return markdown


@dataclass(slots=True)
class Work:
    """What the parser was given so far."""

    calls: int = 0
    chars: int = 0


class Reading(NamedTuple):
    """The runs of a text; whether they stay what they are when more text follows behind a space or a line end; and how
    many characters were made visible that had been hidden in entities."""

    runs: list[Run]
    settled: bool = True
    marks: int = 0


class Inline:
    """Reads inline markup, and remembers the link definitions met so far. With `ticks`, code keeps its backticks; `plain`
    text, in which nothing can be struck through, its tildes."""

    def __init__(self, theme: Theme, *, ticks: bool = False, plain: bool = False) -> None:
        self._theme = theme
        self._ticks = ticks
        self._plain = plain
        self._markdown = _inline_parser()
        self._definitions = _definition_parser()
        self._known: MutableMapping[str, Any] = {}
        self._trying = False
        self.work = Work()
        self.too_dense = False
        self.marks = 0

    @contextmanager
    def trying(self) -> Iterator[None]:
        """What is read inside is not final: no definition is learned, and nothing is reported as too dense."""
        before, self._trying = self._trying, True
        try:
            yield
        finally:
            self._trying = before

    def runs(self, text: str, base: Style = NOTHING) -> list[Run]:
        """Styled text of a table's cell, where `<br>` is the only way to break a line; so does a newline in a run. What is
        too dense to be parsed in a moment stays as it is."""
        reading = self.read(text, base, breaks=True)
        self.count(reading.marks)
        return reading.runs

    def count(self, marks: int) -> None:
        """So many more characters were made visible, for good."""
        self.marks += 0 if self._trying else marks

    def read(self, text: str, base: Style = NOTHING, *, breaks: bool = False) -> Reading:
        """Styled text that may have to be read again: its marks are not counted yet. `<br>` stays, unless it `breaks`."""
        if not _READ.search(text):
            return Reading([Run(text, base)] if text else [])
        if _is_dense(text):
            self.too_dense = self.too_dense or not self._trying
            return Reading([Run(text, base)])
        self.work.calls += 1
        self.work.chars += len(text)
        tokens = self._markdown.parseInline(text, self._known)[0].children or ()
        walk = _Runs(self._theme, base, ticks=self._ticks, plain=self._plain, breaks=breaks)
        return Reading(walk.of(tokens), not _is_open(text, tokens), walk.marks)

    def define(self, text: str) -> tuple[str, str]:
        """Split a paragraph into the link definitions at its head, and the rest; learn them, for what follows.

        A footnote (`[^1]: …`) looks like a definition, and is text.
        """
        if not text.startswith("[") or "]:" not in text or text.startswith("[^"):
            return "", text
        head, footnotes = text, ""
        if (at := text.find("\n[^")) >= 0:
            head, footnotes = text[:at], text[at:]
        tokens = self._definitions.parse(head, {} if self._trying else self._known)
        first = next((token.map[0] for token in tokens if token.map), None)
        if first is None:
            return head, footnotes[1:]
        lines = text.split("\n")
        return "\n".join(lines[:first]), "\n".join(lines[first:])


def _is_dense(text: str) -> bool:
    cheap = sum(map(text.count, _CHEAP))
    dear = sum(map(text.count, _DEAR))
    return len(text) > MOST_CHARS or cheap + _DEAR_COUNTS * dear > MOST_OPENERS


def _is_open(text: str, tokens: Sequence[Token]) -> bool:
    """Whether markup that begins in `text` may still be waiting for its end."""
    if text.endswith("\\") or any(_LEFT_OPEN.search(t.content) for t in tokens if t.type == "text"):
        return True
    return "\\" in text and bool(_MATH_OPEN.search(_MATH.sub("", text)))


class _Runs:
    """Collects runs while it walks over tokens; the stack holds what each open element looks like."""

    def __init__(
        self, theme: Theme, base: Style, *, ticks: bool, plain: bool, breaks: bool
    ) -> None:
        self.marks = 0
        self._theme = theme
        self._ticks = ticks
        self._plain = plain
        self._breaks = breaks
        self._out: list[Run] = []
        self._styles = [base]
        self._links: list[tuple[Token, int]] = []

    def of(self, tokens: Sequence[Token]) -> list[Run]:
        for token in tokens:
            self._add(token)
        return self._out

    def _code(self, token: Token) -> str:
        if not self._ticks:
            return token.content
        space = " " if "`" in (token.content[:1], token.content[-1:]) else ""
        return f"{token.markup}{space}{token.content}{space}{token.markup}"

    def _add(self, token: Token) -> None:
        match token.type:
            case "html_inline" if self._breaks and _BREAK.match(token.content):
                self._break()
            case "text" | "text_special" | "html_inline":
                self._say(token.content)
            case "math":
                self._say(token.content, self._theme.math)
            case "softbreak" | "hardbreak":
                self._out.append(Run("\n", self._styles[-1]))
            case "code_inline":
                self._say(self._code(token), self._theme.code)
            case "s_open" | "s_close" if self._plain:
                self._say(token.markup)
            case "link_open":
                self._links.append((token, len(self._out)))
                self._styles.append(self._styles[-1] + self._theme.link)
            case "link_close":
                self._styles.pop()
                self._end_link()
            case "image":
                self._image(token)
            case "strong_open":
                self._styles.append(self._styles[-1] + self._theme.strong)
            case "em_open":
                self._styles.append(self._styles[-1] + self._theme.emphasis)
            case "s_open":
                self._styles.append(self._styles[-1] + self._theme.strike)
            case _:
                self._styles.pop()

    def _say(self, text: str, style: Style = NOTHING) -> None:
        text = self._clean(text)
        if self._breaks and self._out and self._out[-1].text == "\n":
            text = text.lstrip(" ")
        if text:
            self._out.append(Run(text, self._styles[-1] + style))

    def _break(self) -> None:
        """A line ends; white space around it does not count."""
        if self._out:
            last = self._out[-1]
            self._out[-1] = last._replace(text=last.text.rstrip(" "))
        self._out.append(Run("\n", self._styles[-1]))

    def _image(self, token: Token) -> None:
        self._say("image: ", self._theme.dim)
        self._links.append((token, len(self._out)))
        self.of(token.children or ())
        self._end_link()

    def _end_link(self) -> None:
        """Make what was said since the link began clickable, and show where it leads, unless it says so itself."""
        token, start = self._links.pop()
        address = self._attribute(token.attrs.get("href", token.attrs.get("src", "")))
        text = "".join(run.text for run in self._out[start:])
        said = self._attribute(token.attrs.get("title", ""))
        title = f' "{said}"' if said else ""
        target = normalizeLink(address)
        clickable = _CLICKABLE.match(target)
        host = _disguised_host(address, target) if clickable else ""
        told = [f"leads to {host}"] if host else []
        if title or address not in (text, f"mailto:{text}"):
            told.insert(0, f"{address}{title}")
        if told:
            self._say(f"{' ' if text else ''}({', '.join(told)})", self._theme.dim)
        if clickable:
            self._out[start:] = [Run(run.text, run.style, target) for run in self._out[start:]]

    def _attribute(self, value: str | float) -> str:
        return self._clean(str(value)).replace("\n", " ")

    def _clean(self, text: str) -> str:
        """Once more: an entity may stand for anything."""
        if text.isascii() and text.isprintable():
            return text
        cleaner = Cleaner()
        text = cleaner.feed(text) + cleaner.finish()
        self.marks += cleaner.marks
        return text


def _disguised_host(address: str, target: str) -> str:
    """The host that a click really leads to, where who reads the address may take it for another one: it stands behind
    a name, as in https://bank.com@evil.com, or in letters that look like others. "" where the address is plain."""
    scheme, _, rest = target.partition(":")
    name, _, host = re.split("[/?#]", rest.removeprefix("//"), maxsplit=1)[0].rpartition("@")
    hidden = (name and scheme != "mailto") or host.lower() not in address.lower()
    return host if hidden else ""
