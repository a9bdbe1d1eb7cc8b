"""The manual the demo knows, and full-text search in it; what is then said about it is decided in `answers`."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

# What questions are made of, and pages too: no help in a search.
_COMMON: Final = """
a about an and any are as at be by can deepchat do does explain for from get has have help how i if in is it its let
me my of on or please should show so tell that the there this to use using want was we what when where which who why
will with would you your
"""
_EMPTY: Final = frozenset(_COMMON.split())
_WORD: Final = re.compile(r"[^\W_]+")
_HEADING: Final = re.compile(r"#{1,6}\s+(.+?)\s*#*$")
_FENCE: Final = re.compile(r" {0,3}(```|~~~)")

MOST_WORDS: Final = 32
# Passages less than this share as relevant as the best one are noise.
_RELEVANT: Final = 0.25


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the manual: a title, and its text in markdown."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A page that was found, and BM25's score for it: the higher the better, of no unit."""

    page: Page
    score: float


def passages(pages: Iterable[Page]) -> tuple[Page, ...]:
    """Each page cut at its headings into pages of their own, so that an answer is no longer than it must be."""
    return tuple(passage for page in pages for passage in _cut(page))


def _cut(page: Page) -> Iterator[Page]:
    title, lines, fenced = page.title, list[str](), False
    for line in page.body.splitlines():
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if not heading:
            lines.append(line)
            continue
        yield from _passage(title, lines)
        title, lines = f"{page.title}: {heading[1]}", []
    yield from _passage(title, lines)


def _passage(title: str, lines: Sequence[str]) -> Iterator[Page]:
    body = "\n".join(lines).strip()
    if body:
        yield Page(title, body)


def words(text: str) -> tuple[str, ...]:
    """The words of a question that are worth a search, in order, each once; all of them when none looks worth it."""
    said = list(dict.fromkeys(_WORD.findall(text.lower())))
    telling = [word for word in said if word not in _EMPTY]
    return tuple((telling or said)[:MOST_WORDS])


def match(asked: Sequence[str]) -> str:
    """An FTS5 query for any of these words or their beginnings: quoted, so that no word can be an operator.

    One or two Latin letters begin too much; in other scripts they are words.
    """
    short = {word for word in asked if len(word) < 3 and word.isascii()}
    return " OR ".join(f'"{word}"' if word in short else f'"{word}"*' for word in asked)


def search(manual: Sequence[Page], asked: Sequence[str]) -> tuple[Hit, ...]:
    """The pages that fit these `words`, best first; a word in a title counts eight times.

    The index lives in memory and only for this call: for a manual it is made in milliseconds, and no lock is needed.
    """
    if not asked:
        return ()
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE VIRTUAL TABLE page USING fts5 (title, body, tokenize = 'porter')")
        database.executemany(
            "INSERT INTO page (rowid, title, body) VALUES (?, ?, ?)",
            [(number, page.title, page.body) for number, page in enumerate(manual)],
        )
        found = database.execute(
            "SELECT rowid, -bm25(page, 8.0, 1.0) AS score FROM page WHERE page MATCH ? ORDER BY score DESC, rowid",
            [match(asked)],
        ).fetchall()
    return tuple(
        Hit(manual[number], score) for number, score in found if score >= found[0][1] * _RELEVANT
    )
