"""Code gets its colours here, one complete line at a time, with the lexer's state carried over; it is not laid out here.

Pygments lexes whole texts. This runs the rules of its lexers in a loop of its own, whose position and stack outlive a
line, so that the work grows as the code. What a lexer does wrong, or too slowly, costs colours and never text.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from time import thread_time
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from pygments.lexer import ExtendedRegexLexer, Lexer, LexerContext, RegexLexer
from pygments.lexers import find_lexer_class, get_all_lexers
from pygments.lexers.c_cpp import CFamilyLexer
from pygments.lexers.data import YamlLexer, YamlLexerContext
from pygments.lexers.special import TextLexer
from pygments.token import Error, Keyword, Name, Text, _TokenType
from rich.style import Style

from deepchat.render.theme import Theme

Run = tuple[str, Style]

# Characters of a block, and of a line, beyond which code is plain.
BLOCK_LIMIT: Final = 64 * 1024
LINE_LIMIT: Final = 2_000

# Seconds of this thread's CPU: for one line; for a block, and what each of its lines adds.
LINE_SECONDS: Final = 0.050
BLOCK_SECONDS: Final = 0.250
SECONDS_PER_LINE: Final = 0.001

_PLAIN: Final = Style()

# What people write that Pygments does not know, or knows as something else.
_ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "h": "c",
        "hpp": "cpp",
        "json5": "json",
        "jsonc": "json",
        "m": "objective-c",
        "mjs": "javascript",
        "output": "text",
        "patch": "diff",
        "pl": "perl",
        "rs": "rust",
        "svelte": "html",
        "svg": "xml",
        "tf": "terraform",
        "vue": "html",
    }
)
# A single match cannot be interrupted from just any thread. All lexers of Pygments 2.21 were given lines of LINE_LIMIT
# characters that repeat one or two, those for some 100 common languages also random mixtures: Scala's never ended,
# Easytrieve's took 3 s, the other three 0.2 to 0.3 s; of the rest none took longer than 0.17 s.
HOSTILE: Final = frozenset({"Easytrieve", "Pug", "Scala", "Scaml", "Zeek"})

# What ends the constructs that a lexer matches in one piece across lines. Appended to the lines seen so far, it lets
# such a match succeed that is still open: the match then reaches past them, and is tried again when more has come.
_CLOSERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "bash": ("'",),
        "c": ("{", "*/"),
        "cpp": ("{", "*/"),
        "css": ("*/", '"', "'"),
        "csharp": ("*/", '"'),
        "elixir": ('"""',),
        "go": ("*/", "`"),
        "groovy": ("*/", '"""', "'''"),
        "haskell": ("-}",),
        "html": ("-->", "?>", ">", '"', "'"),
        "java": ("*/", '"""'),
        "javascript": ("*/", '"', "'"),
        "julia": ('"""', "=#"),
        "kotlin": ("*/", '"""'),
        "lua": ("]]",),
        "markdown": ("\n```\n",),
        "nim": ('"""',),
        "perl": ("'", '"', "/", "}", "]", ")", ">", "\n=cut\n"),
        "php": ("*/", "'"),
        "powershell": ("#>", '\n"@', "\n'@"),
        "python": ('"""', "'''"),
        "ruby": ("\n=end\n",),
        "rust": ("*/", '"#'),
        "sql": ("*/", "'"),
        "swift": ("*/", '"""'),
        "toml": ('"""', "'''"),
        "xml": ("-->", "]]>", "?>", ">", '"', "'"),
        "yaml": (),
    }
)
_USUAL_CLOSERS: Final = ("*/",)
_HEREDOC: Final = re.compile(r"<<[-~<]?\s*['\"\\]?(\w+)")
_HEREDOC_LANGUAGES: Final = frozenset({"bash", "perl", "php", "ruby", "terraform"})


class _Embedded(NamedTuple):
    """A language inside another one: its name, and what leads back."""

    language: str
    closer: re.Pattern[str]


# By the state in which the outer lexer then is.
_EMBEDDED: Final[Mapping[str, Mapping[str, _Embedded]]] = MappingProxyType(
    {
        "html": {
            "script-content": _Embedded("javascript", re.compile(r"<\s*/\s*script\s*>", re.I)),
            "style-content": _Embedded("css", re.compile(r"<\s*/\s*style\s*>", re.I)),
        }
    }
)


class Part(NamedTuple):
    """A token, by its place in the line. It may begin before the line and end behind it."""

    start: int
    end: int
    kind: _TokenType

    def moved(self, by: int) -> "Part":
        return Part(self.start + by, self.end + by, self.kind)


class Highlighter:
    """One code block. `line` takes its lines in order; both methods return runs that add up to exactly their text."""

    def __init__(self, language: str, theme: Theme) -> None:
        self.meter = Meter()
        self._lines: _Lines | None = _lines(language, self.meter)
        self._style = cache(theme.token)
        self._size = 0
        self._peeking = True

    def line(self, text: str) -> list[Run]:
        """The next complete line, without its line end."""
        self._peeking = True
        self._size += len(text) + 1
        self.meter.allow_line()
        if self._size > BLOCK_LIMIT:
            self._lines = None
        runs = self._runs(text, keep=True)
        if runs is None:
            self._lines = None
        return runs or _plain(text)

    def peek(self, text: str) -> list[Run]:
        """A line that may still grow. Nothing of it is remembered, but that it was slow: then it waits until complete."""
        runs = self._runs(text, keep=False) if self._peeking else None
        self._peeking = runs is not None
        return runs or _plain(text)

    def _runs(self, text: str, *, keep: bool) -> list[Run] | None:
        """None when the lexer failed, or was too slow."""
        if self._lines is None or len(text) > LINE_LIMIT or "\n" in text:
            return _plain(text)
        try:
            with self.meter.running(charged=keep):
                return self._styled(text, self._lines.parts(text, keep=keep))
        except Exception:  # noqa: BLE001  whatever is wrong in a lexer, the code stays readable
            return None

    def _styled(self, text: str, parts: Iterator[Part]) -> list[Run]:
        """Each character once: what no part covers is plain, what two parts cover is the first one's."""
        runs: list[Run] = []
        at = 0
        for part in parts:
            end = min(part.end, len(text))
            if end > at:
                start = max(at, part.start)
                _add(runs, text[at:start], _PLAIN)
                _add(runs, text[start:end], self._style(part.kind))
                at = end
        _add(runs, text[at:], _PLAIN)
        return runs


def _plain(text: str) -> list[Run]:
    return [(text, _PLAIN)] if text else []


def _add(runs: list[Run], text: str, style: Style) -> None:
    if not text:
        return
    if runs and runs[-1][1] == style:
        text = runs.pop()[0] + text
    runs.append((text, style))


class TooSlow(Exception):
    """A line, or a block, has used up its time."""


class Meter:
    """The work done for one block: `matches` are counted, the CPU time of this thread is limited.

    Time that other threads and programs take is not held against the code. The clock is read every 16th match, as
    a system call costs as much as a match.
    """

    def __init__(self) -> None:
        self.matches = 0
        self._left = BLOCK_SECONDS
        self._until = 0.0

    def allow_line(self) -> None:
        self._left += SECONDS_PER_LINE

    @contextmanager
    def running(self, *, charged: bool) -> Iterator[None]:
        """Limited by what is left for the block, and `charged` to it: peeks are not, or how often one peeks would
        decide what is coloured."""
        started = thread_time()
        self._until = started + min(LINE_SECONDS, self._left)
        try:
            yield
        finally:
            if charged:
                self._left -= thread_time() - started

    def match(self) -> None:
        self.matches += 1
        if not self.matches & 15 and thread_time() > self._until:
            raise TooSlow


# --- which lexer -----------------------------------------------------------------------------------------------------


def lexer_for(language: str) -> Lexer:
    """The lexer for a fence's info string, by its first word: a name or a file extension; a TextLexer for none.

    The first call for a language imports and compiles its lexer: 30 ms and more.
    """
    words = re.split(r"[\s,:;]", language.strip(" \t{}.").lower(), maxsplit=1)
    name = words[0].removeprefix("language-").removeprefix("lang-")
    return _lexer(_ALIASES.get(name, name))


@lru_cache(maxsize=64)
def _lexer(name: str) -> Lexer:
    known = _names().get(name)
    found = find_lexer_class(known) if known and known not in HOSTILE else None
    return found() if found else TextLexer()


@cache
def _names() -> Mapping[str, str]:
    """Alias or file extension → the name Pygments has for the lexer. Imports none."""
    lexers = sorted(get_all_lexers(plugins=False))
    names = {alias.lower(): name for name, aliases, _, _ in lexers for alias in aliases}
    for name, _, patterns, _ in lexers:
        for pattern in patterns:
            names.setdefault(pattern.removeprefix("*.").lower(), name)
    return names


# --- line by line ----------------------------------------------------------------------------------------------------


class _Lines(Protocol):
    """A way to lex line by line."""

    def parts(self, line: str, *, keep: bool) -> Iterator[Part]:
        """The tokens of a line, in order. With `keep`, once all are taken, the lexer stands behind the line; without,
        it stays where it was."""
        ...


def _lines(language: str, meter: Meter) -> _Lines:
    lexer = lexer_for(language)
    return Continued(lexer, meter) if isinstance(lexer, RegexLexer) else Separate(lexer, meter)


class Separate:
    """Each line for itself: for lexers that are not made of rules, or run one lexer over the leavings of another."""

    def __init__(self, lexer: Lexer, meter: Meter) -> None:
        self._lexer = lexer
        self._meter = meter

    def parts(self, line: str, *, keep: bool) -> Iterator[Part]:
        for start, kind, value in self._lexer.get_tokens_unprocessed(line + "\n"):
            self._meter.match()
            yield Part(start, start + len(value), kind)


@dataclass(slots=True)
class _Place:
    """Where a scan stands: the lexer's position and stack; the type of the construct that is open there, where it has
    only one; the language embedded there."""

    at: LexerContext
    inside: _TokenType | None = None
    inner: _Lines | None = None


class Continued:
    """The rules of a RegexLexer, run from where the last line left off.

    `_open` holds the lines, ended, from the one on in which a construct began that is not closed yet; the place is in
    there. It is lexed again with each line that may close it.
    """

    def __init__(self, lexer: RegexLexer, meter: Meter) -> None:
        self._lexer = lexer
        self._rules: Mapping[str, list[tuple[Any, Any, Any]]] = lexer._tokens  # type: ignore[attr-defined]  # as compiled by its metaclass
        self._meter = meter
        self._language = lexer.aliases[0] if lexer.aliases else ""
        self._embedded = _EMBEDDED.get(self._language, {})
        self._extended = isinstance(lexer, ExtendedRegexLexer)
        self._names = _second_pass(lexer)
        self._open = ""
        self._closers: tuple[str, ...] = ()
        context = YamlLexerContext if isinstance(lexer, YamlLexer) else LexerContext
        self._place = _Place(context("", 0))

    def parts(self, line: str, *, keep: bool) -> Iterator[Part]:
        inside = self._place.inside
        if inside and not any(closer.strip() in line for closer in self._closers):
            yield Part(0, len(line), inside)
            if keep:
                self._open += line + "\n"
            return
        shown = len(self._open)
        seen = self._open + line + "\n"
        closers = _closers(self._language, seen)
        place = _Place(_copied(self._place.at), None, self._place.inner)
        place.at.text = seen + "".join(closers)
        place.at.end = len(place.at.text)
        for part in self._scan(place, len(seen), keep=keep):
            yield part.moved(-shown)
        if keep:
            start = seen.rfind("\n", 0, place.at.pos) + 1
            place.at.pos -= start
            self._open, self._closers, self._place = seen[start:], closers, place

    def _scan(self, place: _Place, stop: int, *, keep: bool) -> Iterator[Part]:
        """Match up to `stop`. The place is then there, or where a construct begins that reaches past it."""
        at = place.at
        while at.pos < stop:
            self._meter.match()
            if at.stack[-1] in self._embedded:
                yield from self._scan_embedded(place, stop, keep=keep)
                if at.pos == stop:
                    return
            match, action, move = self._find(at, stop)
            if match is None:
                yield _skip(at)
                continue
            before = _copied(at) if self._extended or match.end() > stop else at
            yield from self._act(match, action, at)
            if at.pos > stop:
                place.at = before
                place.inside = action if move is None and type(action) is _TokenType else None
                return
            if move is not None:
                _move(at.stack, move)

    def _scan_embedded(self, place: _Place, stop: int, *, keep: bool) -> Iterator[Part]:
        """The embedded language up to what leads back, or to the end of the line."""
        at, embedded = place.at, self._embedded[place.at.stack[-1]]
        closer = embedded.closer.search(at.text, at.pos, stop)
        start, at.pos = at.pos, closer.start() if closer else stop
        if at.pos > start:
            inner = place.inner = place.inner or _lines(embedded.language, self._meter)
            code = at.text[start : at.pos].removesuffix("\n")
            for part in inner.parts(code, keep=keep):
                yield part.moved(start)
        if closer:
            place.inner = None

    def _find(self, at: LexerContext, stop: int) -> tuple[re.Match[str] | None, Any, Any]:
        """The match of the first rule that matches here, its action, and the state it leads to."""
        for rule, action, move in self._rules[at.stack[-1]]:
            match = rule(at.text, at.pos, at.end)
            if match and match.end() > stop and move is None:
                # What matches up to `stop` without the closers as well is not open, only greedy.
                greedy = rule(at.text, at.pos, stop)
                match = greedy if greedy and greedy.end() == stop else match
            if match:
                return match, action, move
        return None, None, None

    def _act(self, match: re.Match[str], action: Any, at: LexerContext) -> Iterator[Part]:
        """The parts of a match. The action of an extended lexer moves the context itself, and may go further."""
        if action is None:
            at.pos = match.end()
        elif type(action) is _TokenType:
            yield self._part(match.start(), action, match.group())
            at.pos = match.end()
        elif self._extended:
            for token in action(self._lexer, match, at):
                yield self._part(*token)
        else:
            for token in action(self._lexer, match):
                yield self._part(*token)
            at.pos = match.end()

    def _part(self, start: int, kind: _TokenType, value: str) -> Part:
        return Part(start, start + len(value), self._names.get((kind, value), kind))


@lru_cache(maxsize=64)
def _second_pass(lexer: Lexer) -> Mapping[tuple[_TokenType, str], _TokenType]:
    """What some lexers recolour after their rules have run: C's types, the functions that come with PHP and Lua."""
    if isinstance(lexer, CFamilyLexer):
        types = lexer.stdlib_types | lexer.c99_types | lexer.c11_atomic_types | lexer.linux_types
        return dict.fromkeys(((Name, name) for name in types), Keyword.Type)
    functions = getattr(lexer, "_functions", ())
    return {(kind, name): Name.Builtin for name in functions for kind in (Name, Name.Other)}


def _closers(language: str, text: str) -> tuple[str, ...]:
    closers = _CLOSERS.get(language, _USUAL_CLOSERS)
    if language not in _HEREDOC_LANGUAGES or "<<" not in text:
        return closers
    return (*closers, *(f"\n{word}\n" for word in _HEREDOC.findall(text)))


def _copied(at: LexerContext) -> LexerContext:
    """A context with lists of its own: its stack, and what a lexer keeps there besides."""
    other = object.__new__(type(at))
    other.__dict__ = {k: v[:] if type(v) is list else v for k, v in at.__dict__.items()}
    return other


def _skip(at: LexerContext) -> Part:
    """No rule matched: as in Pygments, one character is an error, and the end of a line starts from the root again."""
    start = at.pos
    at.pos += 1
    if at.text[start] != "\n":
        return Part(start, at.pos, Error)
    at.stack = ["root"]
    return Part(start, at.pos, Text)


def _move(stack: list[str], move: tuple[str, ...] | int | str) -> None:
    """A state transition, as Pygments defines it; the last state is never popped."""
    if isinstance(move, int):
        del stack[max(1, len(stack) - abs(move)) :]
        return
    for state in move if isinstance(move, tuple) else (move,):
        if state == "#push":
            stack.append(stack[-1])
        elif state != "#pop":
            stack.append(state)
        elif len(stack) > 1:
            stack.pop()
