"""How files are named in what is typed: mentions, quotes, escapes, ranges of lines, dropped paths. Pure: nothing is
looked up on disk."""

import os
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

from deepchat.conversation import Lines

# Where a backslash parts folders it cannot escape.
_ESCAPES: Final = os.sep != "\\"

# Not behind a letter: an address of mail is no mention.
_AT: Final = r"(?<![^\s(\[{'\"])@"
_MENTION: Final = re.compile(
    rf'{_AT}(?:"(?P<quoted>[^"\n]+)"(?P<part>#L\d+(?:-L?\d+)?)?|(?P<bare>(?:\\.|[^\s\\"])+))'
)
_BEGUN: Final = r'(?P<quote>"?)(?P<word>(?<=")[^"\n]*|(?:\\.|[^\s\\"])*)\Z'
_BEGUN_MENTION: Final = re.compile(_AT + _BEGUN)
_BEGUN_WORD: Final = re.compile(rf"(?<!\S){_BEGUN}")
_LONGEST_WORD: Final = 1_000
_LONGEST_PATH: Final = 4_096

_PART: Final = re.compile(r"(?P<name>.+)#L(?P<first>\d+)(?:-L?(?P<last>\d+))?")
_SUFFIXED: Final = re.compile(r".*/[^/]*\.\w+")
_ESCAPED: Final = re.compile(r"\\(.)")
_SPECIAL: Final = re.compile(r"[\s\\'\"]")

# What ends a sentence, not a name.
_PUNCTUATION: Final = ".,;:!?)]}>'…、。，"

_HERE: Final = ("./", "../", "/", "~/")


class Named(NamedTuple):
    """A file as it was named, and the first and last line of it that are meant."""

    name: str
    lines: Lines | None = None


class Begun(NamedTuple):
    """A name that is being typed: as it is written so far, what that gives, and whether in quotes."""

    word: str
    name: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Mention:
    """One `@name`, and what it may mean, the likeliest first. `explicit` when it can hardly be anything but a file."""

    readings: tuple[Named, ...]
    explicit: bool


def mentions(text: str, is_typed: Callable[[int], bool] = lambda at: True) -> Iterator[Mention]:
    """The mentions in a text: `@name`, `@"a name"`, `@a\\ name`, each maybe with `#L10` or `#L10-20` behind it.

    One whose `@` was not typed is none; `is_typed` tells by its place.
    """
    at = text.find("@")
    while at >= 0:
        match = _MENTION.match(text, at) if is_typed(at) else None
        if match:
            yield _mention(match)
        at = text.find("@", match.end() if match else at + 1)


def _mention(match: re.Match[str]) -> Mention:
    if match["quoted"]:
        return Mention((_parted(f"{match['quoted']}{match['part'] or ''}"),), explicit=True)
    spellings = dict.fromkeys((match["bare"], match["bare"].rstrip(_PUNCTUATION)))
    readings = tuple(reading for each in spellings for reading in meanings(_unescaped(each)))
    return Mention(readings, any(map(_unmistakable, readings)))


def _unmistakable(reading: Named) -> bool:
    """`@types/node` is a package and `@someone` a person; these are not."""
    name = reading.name
    return bool(reading.lines or name.startswith(_HERE) or _SUFFIXED.fullmatch(name))


def meanings(word: str) -> tuple[Named, ...]:
    """A file of just this name, or a part of one."""
    return tuple(dict.fromkeys((Named(word), _parted(word)))) if word else ()


def _parted(word: str) -> Named:
    match = _PART.fullmatch(word)
    if match is None:
        return Named(word)
    first = int(match["first"])
    last = int(match["last"] or first)
    return Named(match["name"], (min(first, last), max(first, last)))


def words(text: str) -> list[str]:
    """The names in the argument of a command, as a shell would part them."""
    if not _ESCAPES:
        return [word.strip("\"'") for word in shlex.split(text, posix=False)]
    try:
        return shlex.split(text)
    except ValueError:  # a quote without its end, as in: don't.txt
        return text.split()


def written(name: str) -> str:
    """A name as it can be typed behind an `@` and be found again."""
    if not _ESCAPES:
        return f'"{name}"' if _SPECIAL.search(name) else name
    return _SPECIAL.sub(r"\\\g<0>", name)


def begun(before: str, *, behind_at: bool) -> Begun | None:
    """The name that a text ends with: that of a mention, or any word of a command's argument."""
    pattern = _BEGUN_MENTION if behind_at else _BEGUN_WORD
    match = pattern.search(before[-_LONGEST_WORD:].rpartition("\n")[2])
    if match is None:
        return None
    word, quoted = match["word"], bool(match["quote"])
    return Begun(word, word if quoted else _unescaped(word), quoted)


def dropped(text: str) -> Iterator[str]:
    """The absolute paths that a text may be when it is nothing but a path, as terminals write what is dropped on them:
    quoted, escaped, as it is, or as a file URL."""
    line = text.strip()
    if not line or "\n" in line or len(line) > _LONGEST_PATH:
        return
    parts = words(line)
    for each in (line, *(parts if len(parts) == 1 else ())):
        name = _of_url(each) if each.startswith("file://") else each
        if name and os.path.isabs(name):  # noqa: PTH117  the name may be anything; Path would tidy it
            yield name


def _of_url(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url2pathname(parts.path) if parts.netloc in ("", "localhost") else ""


def _unescaped(word: str) -> str:
    return _ESCAPED.sub(r"\1", word) if _ESCAPES else word
