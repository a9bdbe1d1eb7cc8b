"""Code gets its colours here, one complete line at a time, with the lexer's state carried over; it is not laid out here.

Pygments lexes whole texts. This runs the rules of its lexers in a loop of its own, whose position and stack outlive a
line, so that the work grows as the code. What a lexer does wrong, or too slowly, costs colours and never text.

Of 134,000 lines of Pygments' own examples in 458 languages 3.5 % look otherwise than lexed in one go, mostly in rare
languages; `tests/benchmarks/lexers.py` names all. Not exact among the usual ones, since later lines decide: names of
functions in C and C++ (0.7 %) and Java (1.3 %), underlined headings in Markdown and reStructuredText (33 %), the language
of a function in PostgreSQL. Since Pygments has no rules for them: Makefile (3 %), Delphi (6 %). Racket is not (58 %).

A lexer is loaded on a thread, from when its fence is read: the first line of code arrives later, as a rule. Else it is
to be kept back while the meter `waits`; a line that comes all the same waits itself, so that colours do not depend on
timing.
"""

import copy
import gc
import re
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from time import monotonic, process_time, thread_time
from types import FrameType, MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from pygments.lexer import DelegatingLexer, ExtendedRegexLexer, Lexer, LexerContext, RegexLexer
from pygments.lexers import find_lexer_class, get_all_lexers
from pygments.lexers.data import YamlLexer, YamlLexerContext
from pygments.lexers.special import TextLexer
from pygments.token import Error, Name, Text, _TokenType
from rich.style import Style

from deepchat.render.theme import Theme

Run = tuple[str, Style]

# A token: where it starts in the line, where it ends, and its type. It may begin before the line and end behind it.
Part = tuple[int, int, _TokenType]

# Characters of a block, and of a line, beyond which code is plain.
BLOCK_LIMIT: Final = 512 * 1024
LINE_LIMIT: Final = 2_000

# Seconds of this thread's CPU: for a line that may still grow; for the code of a reply when it starts, which is also the
# most it can have left, and what each line and character adds: ten times what ordinary code takes.
PEEK_SECONDS: Final = 0.005
REPLY_SECONDS: Final = 0.050
SECONDS_PER_LINE: Final = 20e-6
SECONDS_PER_CHAR: Final = 10e-6

# What a single match gets beyond that, so that only such a one is interrupted by force.
GRACE_SECONDS: Final = 0.010

# Seconds for a block when those before it left nothing, and how often.
BLOCK_SECONDS: Final = 0.002
SLOW_BLOCKS: Final = 8

# Seconds of CPU that the first line of code waits for its lexer; ten times that by the clock, as a busy machine shall not
# decide about colours. Where that can be done in steps, seconds of each: in one of them most lexers are there.
LOAD_SECONDS: Final = 0.500
STEP_SECONDS: Final = 0.030

# Characters of a block that may be lexed once more, because what they begin is not closed: at first, and what each
# character adds. Lexers that are not made of rules are slower.
RESCANS: Final = (20_000, 4)
REPEATS: Final = (5_000, 2)

# Characters before a line that rules may look back at.
_BEHIND: Final = 8

# Words of heredocs that are looked for.
_HEREDOCS: Final = 4

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
        "svelte": "vue",
        "svg": "xml",
        "tf": "terraform",
    }
)
# What ends the constructs that a lexer matches in one piece across lines. Appended to the lines seen so far, it lets
# such a match succeed that is still open: the match then reaches past them, and is tried again when more has come.
_CLOSERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "bash": ("'",),
        "c": ("{", "*/"),
        "cpp": ("{", "*/"),
        "cmake": ("]]", '"'),
        "css": ("*/", '"', "'"),
        "csharp": ("*/", '"'),
        "django": ("#}", "{% endcomment %}"),
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
        "powershell": ('"@', "\n'@", "#>"),
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
_USUAL_CLOSERS: Final = ("*/", "*)", '"""', "'''", '"', "'")
_HEREDOC: Final = re.compile(r"<<[-~<]?\s*['\"\\]?(\w+)")
_HEREDOC_LANGUAGES: Final = frozenset({"bash", "perl", "php", "ruby", "terraform"})

# Where the options' defaults do not suit a fence: PHP usually begins without "<?php".
_OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType({"PHP": {"startinline": True}})

# Not made of rules, and a line of them can do without those before it.
_LINE_BY_LINE: Final = frozenset({"erb", "json", "json-object", "jsonld"})


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


class Styles(dict[_TokenType, Style]):
    """The styles of a theme by token type; equal ones are the same object."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._known = {_PLAIN: _PLAIN}

    def __missing__(self, kind: _TokenType) -> Style:
        style = self._theme.token(kind)
        self[kind] = self._known.setdefault(style, style)
        return self[kind]


class Highlighter:
    """One code block. `line` takes its lines in order; both methods return runs that add up to exactly their text.

    Blocks that share a `meter` share the time they may take; it knows whether something had to stay plain.
    """

    def __init__(
        self,
        language: str,
        theme: Theme,
        meter: "Meter | None" = None,
        load: Callable[[str], Future[Lexer]] | None = None,
    ) -> None:
        self.meter = meter or Meter()
        self.meter.begin_block()
        self._loading: Future[Lexer] | None = (load or loading)(language)
        self.meter.expect(self._loading)
        self._late = False
        self._lines: _Lines | None = None
        self._styles = Styles(theme)
        self._size = 0
        self._peeking = True

    def line(self, text: str) -> list[Run]:
        """The next complete line, without its line end."""
        self._peeking = True
        self._size += len(text) + 1
        self.meter.allow_line(len(text))
        runs = self._runs(text, keep=True)
        if runs is None:
            self._lines = self._loading = None
        return runs or _plain(text)

    def peek(self, text: str) -> list[Run]:
        """A line that may still grow. Nothing of it is remembered, but that it was slow: then it waits until complete."""
        runs = self._runs(text, keep=False) if self._peeking else None
        self._peeking = runs is not None
        return runs or _plain(text)

    def _runs(self, text: str, *, keep: bool) -> list[Run] | None:
        """None when the lexer failed, was too slow, or the block is too long."""
        try:
            self._take_lexer(wait=keep)
            if self._lines is None or "\n" in text:
                return _plain(text)
            if self._size > BLOCK_LIMIT or len(text) > LINE_LIMIT:
                self.meter.gave_up |= keep
                return None if self._size > BLOCK_LIMIT else _plain(text)
            with self.meter.running(charged=keep):
                return self._styled(text, self._lines.parts(text, keep=keep))
        except Exception:  # noqa: BLE001  whatever is wrong in a lexer, the code stays readable
            self.meter.gave_up |= keep
            return None

    def _take_lexer(self, *, wait: bool) -> None:
        """Once it is loaded. The first line waits for it; when that takes too long, lines are plain until it is there."""
        if self._loading is None:
            return
        if wait and not self._late:
            self.meter.wait_long()
        if self._loading.done():
            self._lines = _lines(self._loading.result(), self.meter)
            self._loading = None
        elif wait:
            self._late = self.meter.gave_up = True

    def _styled(self, text: str, parts: Iterable[Part]) -> list[Run]:
        """Each character once: what no part covers is plain, what two parts cover is the first one's."""
        runs: list[Run] = []
        begun, at, style = 0, 0, _PLAIN
        for start, end, kind in (*parts, (len(text), len(text) + 1, Text)):
            if end <= at:
                continue
            if start > at and style is not _PLAIN:
                runs.append((text[begun:at], style))
                begun, style = at, _PLAIN
            at = max(at, start)
            if self._styles[kind] is not style:
                runs.append((text[begun:at], style))
                begun, style = at, self._styles[kind]
            at = end
        runs.append((text[begun:], style))
        return [run for run in runs if run[0]]


def _plain(text: str) -> list[Run]:
    return [(text, _PLAIN)] if text else []


class TooSlow(Exception):
    """A line, or the code of a reply, has used up its time."""


class Meter:
    """The work done for the code of one reply: `matches` and the `chars` given to lexers are counted, the CPU time of
    this thread is limited.

    Time that other threads, programs and the garbage collector take is not held against the code: with many objects around
    one collection takes all that a reply has. The clock is read every 16th match, as a system call costs as much as a match. A single match may never end; in the main thread, where the program draws, a
    signal interrupts it.
    """

    def __init__(self) -> None:
        self.matches = 0
        self.chars = 0
        self.gave_up = False
        self._left = REPLY_SECONDS
        self._until = 0.0
        self._slow_blocks = 0
        self._expected: Future[Lexer] | None = None
        self._expected_until = 0.0

    def expect(self, loading: Future[Lexer]) -> None:
        """The next block needs this lexer."""
        self._expected, self._expected_until = loading, monotonic() + 10 * LOAD_SECONDS

    def waits(self) -> bool:
        """Whether a lexer is not there yet, and may still be waited for."""
        if self._expected and (self._expected.done() or monotonic() > self._expected_until):
            self._expected = None
        return self._expected is not None

    def wait(self) -> None:
        """For the lexer, a moment at most."""
        if self._expected:
            futures.wait([self._expected], STEP_SECONDS)

    def wait_long(self) -> None:
        """For the lexer, as long as it is worth while."""
        work_ends = process_time() + LOAD_SECONDS
        while self.waits() and process_time() < work_ends:
            self.wait()

    def begin_block(self) -> None:
        """One that was slow leaves the next something, a few times."""
        if self._left < BLOCK_SECONDS and self._slow_blocks < SLOW_BLOCKS:
            self._slow_blocks += 1
            self._left = BLOCK_SECONDS

    def allow_line(self, chars: int) -> None:
        more = SECONDS_PER_LINE + SECONDS_PER_CHAR * chars
        self._left = min(REPLY_SECONDS, self._left + more)

    @contextmanager
    def running(self, *, charged: bool) -> Iterator[None]:
        """Limited by what is left for the reply, and `charged` to it: peeks are not, or how often one peeks would
        decide what is coloured."""
        seconds = self._left if charged else min(PEEK_SECONDS, self._left)
        if seconds <= 0:
            raise TooSlow
        alarm = _alarm() if _can_interrupt() else None
        collecting = gc.isenabled()
        gc.disable()
        started = thread_time()
        self._until = started + seconds
        try:
            if alarm:
                alarm.arm(seconds + GRACE_SECONDS)
            yield
        finally:
            if alarm:
                alarm.arm(0)
            if charged:
                self._left -= thread_time() - started
            if collecting:
                gc.enable()

    def match(self) -> None:
        self.matches += 1
        if not self.matches & 15 and thread_time() > self._until:
            raise TooSlow


class _Alarm:
    """Raises TooSlow in the main thread, when its time is up. Installed once: that costs more than to lex a line."""

    def __init__(self) -> None:
        self._armed = False
        signal.signal(signal.SIGVTALRM, self._ring)

    def arm(self, seconds: float) -> None:
        """Ring after some seconds, and then again and again, lest it be lost where exceptions are swallowed; 0: never."""
        self._armed = seconds > 0
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds, PEEK_SECONDS)

    def _ring(self, _number: int, frame: FrameType | None) -> None:
        """In a lexer alone, or where its rules are tried: elsewhere it would do harm, in a destructor be lost."""
        if not self._armed or frame is None:
            return
        room = str(frame.f_globals.get("__name__")).partition(".")[0]
        if room in ("pygments", "re") or frame.f_code is Continued._find.__code__:
            raise TooSlow


_alarm = cache(_Alarm)


def _can_interrupt() -> bool:
    main = threading.current_thread() is threading.main_thread()
    return main and hasattr(signal, "setitimer")


# --- which lexer -----------------------------------------------------------------------------------------------------


def loading(language: str) -> Future[Lexer]:
    """A lexer that is being loaded, or is there: for a fence's info string, by its first word, which is a name or a file
    extension; a TextLexer for none."""
    words = re.split(r"[\s,:;]", language.strip(" \t{}.").lower(), maxsplit=1)
    name = words[0].removeprefix("language-").removeprefix("lang-")
    return _loading(_names().get(_ALIASES.get(name, name), ""))


@lru_cache(maxsize=64)
def _loading(name: str) -> Future[Lexer]:
    return _loader().submit(_lexer, name)


@cache
def _loader() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "lexers")


def lexer_for(language: str) -> Lexer:
    """The lexer, waited for."""
    return loading(language).result()


@lru_cache(maxsize=64)
def _lexer(name: str) -> Lexer:
    """Imports and compiles it, and the languages that are embedded in it: some 10 ms, for a few languages 100."""
    found = find_lexer_class(name) if name else None
    lexer = found(**_OPTIONS.get(name, {})) if found else TextLexer()
    for layer in (lexer, *_layers(lexer)):
        for embedded in _EMBEDDED.get(_alias(layer), {}).values():
            _lexer(_names()[embedded.language])
    return lexer


def _layers(lexer: Any) -> tuple[Lexer, ...]:
    """The lexer that finds the language of a template, and the one for what it leaves."""
    return (lexer.language_lexer, lexer.root_lexer) if isinstance(lexer, DelegatingLexer) else ()


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

    def parts(self, line: str, *, keep: bool) -> list[Part]:
        """The tokens of a line, in order. With `keep`, the lexer then stands behind the line; without, it stays where it
        was."""
        ...


def _lines(lexer: Lexer, meter: Meter) -> _Lines | None:
    if isinstance(lexer, TextLexer):
        return None
    if isinstance(lexer, DelegatingLexer):
        return Layered(lexer, meter)
    return Continued(lexer, meter) if isinstance(lexer, RegexLexer) else Repeated(lexer, meter)


def _alias(lexer: Lexer) -> str:
    return lexer.aliases[0] if lexer.aliases else ""


class Patience:
    """How many characters of a block may be lexed once more."""

    def __init__(self, first: int, per_char: int) -> None:
        self._left = first
        self._per_char = per_char

    def allows(self, again: int) -> bool:
        return again <= self._left

    def spend(self, again: int, new: int) -> None:
        self._left += self._per_char * new - again


class Repeated:
    """All lines so far are lexed again for each: for lexers that are not made of rules. They are forgotten when there are
    too many; at once, where lines do not depend on one another."""

    def __init__(self, lexer: Lexer, meter: Meter) -> None:
        self._lexer = lexer
        self._meter = meter
        self._patience = Patience(*REPEATS)
        self._seen = ""

    def parts(self, line: str, *, keep: bool) -> list[Part]:
        seen = self._seen if self._patience.allows(len(self._seen)) else ""
        shown = len(seen)
        self._meter.chars += shown + len(line) + 1
        parts = []
        for start, kind, value in self._lexer.get_tokens_unprocessed(f"{seen}{line}\n"):
            self._meter.match()
            parts.append((start - shown, start - shown + len(value), kind))
        if keep:
            self._patience.spend(shown, len(line) + 1)
            self._seen = "" if _alias(self._lexer) in _LINE_BY_LINE else f"{seen}{line}\n"
        return parts


class Layered:
    """A template: one lexer finds the language of the template, another lexes what that leaves of the line."""

    def __init__(self, lexer: Any, meter: Meter) -> None:
        self._needle: _TokenType = lexer.needle
        self._upper, self._lower = (_lines(layer, meter) for layer in _layers(lexer))

    def parts(self, line: str, *, keep: bool) -> list[Part]:
        upper = self._upper.parts(line, keep=keep) if self._upper else []
        own = [part for part in upper if part[2] is not self._needle]
        holes = [(max(0, start), end) for start, end, kind in upper if kind is self._needle]
        left = "".join(line[start:end] for start, end in holes)
        lower = self._lower.parts(left, keep=keep) if self._lower else []
        return sorted([*own, *_spread(lower, holes)])


def _spread(parts: list[Part], holes: list[tuple[int, int]]) -> Iterator[Part]:
    """Parts of what stands in the holes, each of them cut where a hole ends, at its place in the line."""
    at = number = 0
    for hole, hole_end in holes:
        until = at + max(0, hole_end - hole)
        while number < len(parts) and parts[number][0] < until:
            start, end, kind = parts[number]
            yield hole + max(start - at, 0), hole + min(end, until) - at, kind
            if end > until:
                break
            number += 1
        at = until


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
    there. It is lexed again with each line that may close it, until patience ends: then it counts as closed.
    """

    def __init__(self, lexer: Any, meter: Meter) -> None:
        self._lexer = copy.copy(lexer)  # some lexers keep notes of what they have read
        self._rules: Mapping[str, list[tuple[Any, Any, Any]]] = self._lexer._tokens
        self._meter = meter
        self._language = _alias(lexer)
        self._embedded = _EMBEDDED.get(self._language, {})
        self._extended = isinstance(lexer, ExtendedRegexLexer)
        self._rename = _second_pass(lexer)
        self._patience = Patience(*RESCANS)
        self._open = ""
        self._closers: tuple[str, ...] = ()
        self._place: _Place | None = None

    def parts(self, line: str, *, keep: bool) -> list[Part]:
        before = self._place or _Place(_beginning(self._lexer, line))
        if before.inside and not any(closer.strip() in line for closer in self._closers):
            if keep:
                self._open += line + "\n"
                self._patience.spend(0, len(line) + 1)
            return [(0, len(line), before.inside)]
        shown = len(self._open)
        seen = f"{self._open}{line}\n"
        closers = _closers(self._language, seen) if self._patience.allows(shown) else ()
        place = _Place(_copied(before.at), None, before.inner)
        place.at.text = self._lexer.text = seen + "".join(closers)
        place.at.end = len(place.at.text)
        self._meter.chars += place.at.end
        parts = self._scan(place, len(seen), keep=keep)
        if keep:
            start = max(0, seen.rfind("\n", 0, place.at.pos) + 1 - _BEHIND)
            place.at.pos -= start
            self._open, self._closers, self._place = seen[start:], closers, place
            self._patience.spend(shown, len(line) + 1)
        return [(start - shown, end - shown, kind) for start, end, kind in parts]

    def _scan(self, place: _Place, stop: int, *, keep: bool) -> list[Part]:
        """Match up to `stop`. The place is then there, or where a construct begins that reaches past it."""
        at = place.at
        parts: list[Part] = []
        while at.pos < stop:
            self._meter.match()
            if at.stack[-1] in self._embedded:
                parts += self._scan_embedded(place, stop, keep=keep)
                if at.pos == stop:
                    break
            match, action, move = self._find(at, stop)
            if match is None:
                parts.append(_skip(at))
                continue
            before = at
            if match.end() > stop or (self._extended and type(action) is not _TokenType):
                before = _copied(at)
            new = self._act(match, action, at)
            parts += new
            if at.pos > stop:
                place.at, place.inside = before, _left_open(new, stop)
                break
            if move is not None:
                _move(at.stack, move)
        return parts

    def _scan_embedded(self, place: _Place, stop: int, *, keep: bool) -> list[Part]:
        """The embedded language up to what leads back, or to the end of the line."""
        at, embedded = place.at, self._embedded[place.at.stack[-1]]
        closer = embedded.closer.search(at.text, at.pos, stop)
        start, at.pos = at.pos, closer.start() if closer else stop
        parts: list[Part] = []
        if at.pos > start:
            place.inner = place.inner or _lines(lexer_for(embedded.language), self._meter)
            code = at.text[start : at.pos].removesuffix("\n")
            parts = place.inner.parts(code, keep=keep) if place.inner else []
        if closer:
            place.inner = None
        return [(start + first, start + end, kind) for first, end, kind in parts]

    def _find(self, at: LexerContext, stop: int) -> tuple[re.Match[str] | None, Any, Any]:
        """The match of the first rule that matches here, its action, and the state it leads to."""
        text, pos, end = at.text, at.pos, at.end
        for rule, action, move in self._rules[at.stack[-1]]:
            match = rule(text, pos, end)
            if not match:
                continue
            if match.end() > stop and move is None:
                # What matches up to `stop` without the closers as well is not open, only greedy.
                greedy = rule(text, pos, stop)
                match = greedy if greedy and greedy.end() == stop else match
            return match, action, move
        return None, None, None

    def _act(self, match: re.Match[str], action: Any, at: LexerContext) -> list[Part]:
        """The parts of a match. The action of an extended lexer moves the context itself, and may go further."""
        start, end = match.span()
        if type(action) is _TokenType:
            at.pos = end
            return [(start, end, self._renamed(action, match.group()))]
        if action is None:
            at.pos = end
            return []
        tokens = action(self._lexer, match, at) if self._extended else action(self._lexer, match)
        parts = []
        for start, kind, value in tokens:
            self._meter.match()
            parts.append((start, start + len(value), self._renamed(kind, value)))
        if not self._extended:
            at.pos = end
        return parts

    def _renamed(self, kind: _TokenType, value: str) -> _TokenType:
        return self._rename(kind, value) if self._rename and within(kind, Name) else kind


def _left_open(parts: list[Part], stop: int) -> _TokenType | None:
    """The type of the token that goes on behind the line, for more than its end."""
    for start, end, kind in parts:
        if start < stop - 1 and end > stop and not within(kind, Text):
            return kind
    return None


def within(kind: _TokenType, parent: _TokenType) -> bool:
    return kind[: len(parent)] == parent


def _beginning(lexer: RegexLexer, line: str) -> LexerContext:
    """Where a lexer stands before the first line of a block. PHP may begin in the middle of its code, or in HTML."""
    if isinstance(lexer, YamlLexer):
        return YamlLexerContext("", 0)  # type: ignore[no-untyped-call]
    inline = _alias(lexer) == "php" and not line.lstrip().startswith("<")
    return LexerContext("", 0, ["root", "php"] if inline else None)


@lru_cache(maxsize=64)
def _second_pass(lexer: RegexLexer) -> Callable[[_TokenType, str], _TokenType] | None:
    """What lexers do that look at names again after their rules have run: C finds types, Lisp functions, by lists.

    Found out by giving a name to the lexer, and to the rules alone.
    """
    one_pass = type(lexer).get_tokens_unprocessed is RegexLexer.get_tokens_unprocessed
    if one_pass or isinstance(lexer, ExtendedRegexLexer):
        return None
    stack = _beginning(lexer, "").stack

    @lru_cache(maxsize=2048)
    def rename(kind: _TokenType, name: str) -> _TokenType:
        for text in (name, f"({name}"):
            *_, (_, by_rules, _) = RegexLexer.get_tokens_unprocessed(lexer, text, stack)
            *_, (_, after_all, value) = lexer.get_tokens_unprocessed(text)
            if by_rules is kind and value == name:
                return after_all
        return kind

    return rename


def _closers(language: str, text: str) -> tuple[str, ...]:
    closers = _CLOSERS.get(language, _USUAL_CLOSERS)
    if language not in _HEREDOC_LANGUAGES or "<<" not in text:
        return closers
    words = dict.fromkeys(_HEREDOC.findall(text))
    return (*closers, *(f"\n{word}\n" for word in list(words)[-_HEREDOCS:]))


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
        return (start, at.pos, Error)
    at.stack = ["root"]
    return (start, at.pos, Text)


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
