"""What is looked for among the chats, as it is typed, and what is found. Pure; where it is looked for is the store's
business."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from deepchat.conversation import SessionSummary
from deepchat.errors import UsageError
from deepchat.fuzzy import nearest
from deepchat.text import clean, clean_line

# So many characters of an id name a chat by themselves; people are shown this many, its last.
NAMING: Final = 6

# The longest tag.
_LONGEST_TAG: Final = 40

# Of a text where something was found so many characters are shown, and so many of them before it.
SHOWN: Final = 160
LEAD: Final = 40

# Cleaning looks at each character, and a text may have millions.
_LOOKED_AT: Final = 2 * SHOWN

_HOUR_MS: Final = 3_600_000
_SPANS_MS: Final = {"h": 1, "d": 24, "w": 7 * 24, "m": 30 * 24, "y": 365 * 24}
_SPAN: Final = re.compile(r"(\d{1,6})([hdwmy])")
_COST: Final = re.compile(r"([<>]=?)?\$?(\d*\.?\d+)")

# What stands behind the name of a filter; "" for one that says all by itself.
FILTERS: Final = {
    "--model": "NAME",
    "--persona": "NAME",
    "--since": "7d",
    "--cost": ">0.10",
    "--tag": "WORD",
    "--star": "",
    "--archived": "",
}


@dataclass(frozen=True, slots=True)
class Only:
    """Which chats count: those of a model and of a persona in whose names this is, used since a moment, that have cost
    from `least` to `most` US dollars, with a tag, with a star, in the archive. None, "" and False for any."""

    model: str = ""
    persona: str = ""
    since_ms: int | None = None
    least: float | None = None
    most: float | None = None
    tag: str = ""
    starred: bool = False
    archived: bool = False


ANY: Final = Only()


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, clean and in one line, and whether it is what was looked for."""

    text: str
    found: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where something was found: the message with this id, in this turn of its chat, counted from 1; or, without
    a message, the chat's title. `at_ms` is when it was said, or the chat last used."""

    session: SessionSummary
    at_ms: int
    message: str | None = None
    turn: int = 0
    excerpt: Sequence[Piece] = ()


def typed(line: str, now_ms: int) -> tuple[str, Only]:
    """The words and the filters of a typed line: `--model NAME words`, `--since=7d words`; behind `--` all is words.

    UsageError for a filter that is not known, or says nothing that can be understood.
    """
    words: list[str] = []
    named: dict[str, str] = {}
    left = line.split()
    while left:
        word = left.pop(0)
        name, given, value = word.partition("=")
        if word == "--":
            words += left
            break
        if not word.startswith("--"):
            words.append(word)
        elif name not in FILTERS:
            raise _unknown(name)
        elif FILTERS[name] and not given:
            named[name] = left.pop(0) if left else ""
        else:
            named[name] = value
    return " ".join(words), only(
        now_ms,
        model=named.get("--model"),
        persona=named.get("--persona"),
        since=named.get("--since"),
        cost=named.get("--cost"),
        tag=named.get("--tag"),
        starred="--star" in named,
        archived="--archived" in named,
    )


def only(
    now_ms: int,
    *,
    model: str | None = None,
    persona: str | None = None,
    since: str | None = None,
    cost: str | None = None,
    tag: str | None = None,
    starred: bool = False,
    archived: bool = False,
) -> Only:
    """Filters, as they are typed: None is not there. UsageError for what cannot be understood."""
    typed = {"model": model, "persona": persona, "since": since, "cost": cost, "tag": tag}
    for name, value in typed.items():
        if value == "":
            raise UsageError(
                f"--{name} wants something behind it.", hint=f"--{name} {FILTERS[f'--{name}']}"
            )
    least, most = (None, None) if cost is None else _cost(cost)
    return Only(
        model or "",
        persona or "",
        None if since is None else _since(since, now_ms),
        least,
        most,
        tag_of(tag or ""),
        starred,
        archived,
    )


def tag_of(text: str) -> str:
    """A tag as it is kept: without the # that it may be typed with, in small letters. UsageError for a long one."""
    tag = text.strip("#,").casefold()
    if len(tag) > _LONGEST_TAG:
        raise UsageError(f"A tag has at most {_LONGEST_TAG} characters.")
    return tag


def marks(session: SessionSummary) -> str:
    """The star, the place and the tags of a chat, in a few characters."""
    star = ["★"] if session.starred else []
    place = ["archived"] if session.archived else []
    return " ".join([*star, *place, *(f"#{tag}" for tag in session.tags)])


def _unknown(name: str) -> UsageError:
    near = nearest(name, FILTERS)
    meant = f"Did you mean {near[0]}? " if near else ""
    return UsageError(
        f"There is no filter {clean_line(name, 40)}.",
        hint=f"{meant}Behind -- everything is looked for as it stands.",
    )


def _since(text: str, now_ms: int) -> int:
    """Milliseconds since 1970; a date without a zone is one of here."""
    span = _SPAN.fullmatch(text.lower())
    if span:
        return max(0, now_ms - int(span[1]) * _SPANS_MS[span[2]] * _HOUR_MS)
    try:
        return max(0, int(datetime.fromisoformat(text).astimezone().timestamp() * 1000))
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"--since does not understand {clean_line(text, 40)}.",
            hint="12h, 7d, 3w, 6m, 1y, or a date such as 2026-01-31.",
        ) from None


def _cost(text: str) -> tuple[float | None, float | None]:
    """The least and the most, in US dollars."""
    found = _COST.fullmatch(text)
    if not found:
        raise UsageError(
            f"--cost does not understand {clean_line(text, 40)}.", hint=">0.10, or <1."
        )
    sign, dollars = found[1] or ">=", float(found[2])
    if sign == ">":
        dollars = math.nextafter(dollars, math.inf)
    elif sign == "<":
        dollars = math.nextafter(dollars, -math.inf)
    return (dollars, None) if ">" in sign else (None, dollars)


def excerpt(parts: Iterable[tuple[str, bool]]) -> list[Piece]:
    """A few words around what was found first, of a text that comes in parts that are it, or are not."""
    pieces: list[Piece] = []
    room = SHOWN
    for text, found in parts:
        ahead = not (found or any(piece.found for piece in pieces))
        piece = _line(text[-_LOOKED_AT:] if ahead else text[:_LOOKED_AT])
        if ahead and len(piece) > LEAD:
            piece = f"…{piece[-LEAD:]}"
        if len(piece) > room:
            piece = f"{piece[: max(0, room - 1)]}…"
        if piece and room > 0:
            pieces.append(Piece(piece, found))
        room -= len(piece)
    return pieces


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", clean(text))


def named(session_title: str) -> str:
    """A title in a sentence."""
    return f"“{clean_line(session_title, 60)}”" if session_title else "A chat without a title"


def the_one(found: Sequence[SessionSummary], text: str) -> SessionSummary:
    """The chat that is meant: of several, the one with this very title. UsageError for none or more."""
    exact = [one for one in found if one.title.casefold() == text.casefold()]
    meant = exact if len(exact) == 1 else found
    if not meant:
        raise UsageError("No chat holds that.")
    if len(meant) > 1:
        ids = ", ".join(f"{one.id[-NAMING:]} {named(one.title)}" for one in meant[:3])
        more = " …" if len(meant) > 3 else ""
        raise UsageError(f"{len(meant)} chats fit that: {ids}{more}", hint="Name an id.")
    return meant[0]
