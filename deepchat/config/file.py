"""Reading config.toml: what is right in it, and one line for each thing that is not. Nothing here knows what it is for."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deepchat.config.keys import Key, Place, key_at, names_in
from deepchat.conversation import Json
from deepchat.fuzzy import nearest

Values = dict[Place, Json]

# A file nobody wrote by hand is not worth the time, and one with more mistakes is not config.toml.
_LARGEST: Final = 256 * 1024
_MOST_MISTAKES: Final = 20

# A list of no more texts than this is written out where it is wrong.
_FEW: Final = 4

_NAME: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED: Final = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER: Final = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]")
_ASSIGNED: Final = re.compile(rf"\s*({_DOTTED})\s*=")

_SECRET: Final = re.compile("key|token|secret|password|bearer|auth", re.IGNORECASE)
_KEPT_ELSEWHERE: Final = "is ignored: keys are not kept here; deepchat login keeps one, or an environment variable such as DEEPINFRA_TOKEN"


@dataclass(frozen=True, slots=True)
class _Mistake:
    """What is wrong at a place; without words, the place itself is."""

    place: Place
    words: str = ""


def read(path: Path) -> str:
    """The text of a file. OSError when it cannot be read, ValueError when it is not a text of a sensible size."""
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST // 1024} KB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is not UTF-8") from error


def parse(
    text: str, name: str, *, under: Place = (), first_line: int = 1
) -> tuple[Values, list[str]]:
    """The values of a TOML text that are as they should be, by place, and a warning for each that is not.

    `under` is the table of the configuration that the text is the content of, `first_line` the number of its first
    line in the file `name`.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return {}, [f"{name} is not valid TOML and was left out: {_reason(error, first_line)}."]
    values: Values = {}
    mistakes: list[_Mistake] = []
    for found in _check(document, under):
        if isinstance(found, _Mistake):
            mistakes.append(found)
        else:
            values[found[0]] = found[1]
    return values, list(_said(mistakes, text, name, under, first_line))


def _reason(error: Exception, first_line: int) -> str:
    """Python's words, with the line as it is counted in the file."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return re.sub(
        r"\(at line (\d+), column (\d+)\)",
        lambda match: f"(line {int(match[1]) + first_line - 1}, column {match[2]})",
        str(error),
    )


def _check(table: Mapping[str, object], place: Place) -> Iterator[tuple[Place, Json] | _Mistake]:
    for name, value in table.items():
        here = (*place, name)
        if key := key_at(here):
            yield _checked(key, here, value)
        elif not names_in(here):
            yield _Mistake(here)
        elif isinstance(value, dict):
            yield from _check(value, here)
        else:
            yield _Mistake(here, f"must be a table, [{'.'.join(here)}]")


def _checked(key: Key, place: Place, value: object) -> tuple[Place, Json] | _Mistake:
    try:
        return place, key.kind.take(value)
    except ValueError:
        return _Mistake(place, wrong(key, value))


def wrong(key: Key, value: object) -> str:
    """What to say of a value that is not of its key's kind. What may be endless, the value, comes last."""
    used = "it is ignored" if key.default is None else f"{_quoted(key.default)} is used"
    found = "" if key.kind.private else f", not {_quoted(value)}"
    return f"must be {key.kind.expected}; {used}{found}"


def _quoted(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if (
        isinstance(value, list)
        and 0 < len(value) <= _FEW
        and all(isinstance(v, str) for v in value)
    ):
        return " and ".join(f'"{each}"' for each in value)
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and value.bit_length() > 256:
        return "a huge number"  # Python refuses to write out thousands of digits
    return f'"{value}"' if isinstance(value, str) else str(value)


# --- mistakes, in words ----------------------------------------------------------------------------------------------


def _said(
    mistakes: list[_Mistake], text: str, name: str, under: Place, first_line: int
) -> Iterator[str]:
    marks = list(_marks(text)) if mistakes else []
    for mistake in mistakes[:_MOST_MISTAKES]:
        line = _line(marks, mistake.place[len(under) :])
        where = f"{name}, line {line + first_line - 1}" if line else name
        yield f"{where}: {'.'.join(mistake.place)} {mistake.words or _unknown(mistake.place)}."
    if len(mistakes) > _MOST_MISTAKES:
        yield f"{name}: and {len(mistakes) - _MOST_MISTAKES} more mistakes."


def _unknown(place: Place) -> str:
    known = [name for name in names_in(place[:-1]) if name != "*"]
    if near := nearest(place[-1], known):
        return (
            f"is not known and was left out; the nearest name is {'.'.join((*place[:-1], near[0]))}"
        )
    if _SECRET.search(place[-1]):
        return _KEPT_ELSEWHERE
    return f"is not known and was left out; known are {', '.join(known)}"


def _marks(text: str) -> Iterator[tuple[int, Place]]:
    """Each line that opens a table or assigns a key, with the place it is about.

    tomllib tells no positions. This small scan knows headers, dotted and quoted keys and steps over texts of several
    lines; it only has to find the line of a file that is known to be valid.
    """
    table: Place = ()
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not inside:
            if header := _HEADER.match(line):
                table = _names(header[1])
                yield number, table
            elif assigned := _ASSIGNED.match(line):
                yield number, (*table, *_names(assigned[1]))
        for quotes in ('"""', "'''"):
            if inside in ("", quotes) and line.count(quotes) % 2:
                inside = "" if inside else quotes


def _names(dotted: str) -> Place:
    return tuple(name.strip("\"'") for name in re.findall(_NAME, dotted))


def _line(marks: list[tuple[int, Place]], place: Place) -> int:
    """The line that comes nearest to a place: the key itself, or the table it is written in. 0 when there is none."""
    best, at = 0, 0
    for number, mark in marks:
        same = min(len(mark), len(place))
        if same > best and mark[:same] == place[:same]:
            best, at = same, number
    return at
