"""Finding a session again, or the place in it: by its id, its title, or what was said. What was deleted is not found;
nothing here writes.

The full-text index knows words, newest first, without looking at more than is asked for. Whatever has no words in its
sense, or none that it knows, is looked for in all texts, which takes half a second a million; whoever does not want to
wait for that stops it (`database`).
"""

import re
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from deepchat import sought
from deepchat.conversation import SessionSummary
from deepchat.sought import ANY, NAMING, Hit, Only
from deepchat.store import rows
from deepchat.text import mend

# Beyond this SQLite may find a pattern too complex, and a person means nothing more.
_LONGEST_QUERY: Final = 1000

# From this length on the last word may go on: shorter ones begin half of the index.
_UNFINISHED: Final = 3

# Up to so many places they are ranked, which looks at each; of more the newest are the best guess.
_RANKED: Final = 1_000

# Nobody is shown the sessions of older places than so many, if they are all in a few long ones.
_LOOKED_AT: Final = 10_000

# Scripts whose words no space parts, or that inflect at the end: the index knows only whole runs of letters.
_UNPARTED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)

# Which sessions count: `_filters` has the values.
_COUNTS: Final = """
    session.trashed_ms IS NULL
    AND (:model IS NULL OR session.model LIKE :model ESCAPE '\\')
    AND (:persona IS NULL OR session.persona_name LIKE :persona ESCAPE '\\')
    AND (:least IS NULL OR session.cost >= :least)
    AND (:most IS NULL OR session.cost <= :most)
    AND (:tag IS NULL OR EXISTS (SELECT 1 FROM tag WHERE tag.session = session.id AND tag.word = :tag))
    AND (session.starred OR NOT :starred)"""

_USED: Final = "(:since_ms IS NULL OR session.updated_ms >= :since_ms)"
_SAID: Final = "(:since_ms IS NULL OR message.created_ms >= :since_ms)"

# What was archived is not listed, unless that is asked for; it is found all the same.
_RECENT: Final = f"""
    SELECT {rows.SUMMARY} FROM session
    WHERE {_COUNTS} AND {_USED} AND archived = :archived
    ORDER BY updated_ms DESC, id DESC LIMIT :limit"""  # noqa: S608  ours, as all below

_ASKED: Final = "(session.archived OR NOT :archived)"

# Read from the index alone, when all sessions count.
_TITLES: Final = """
    SELECT id, title FROM session WHERE trashed_ms IS NULL AND title LIKE :pattern ESCAPE '\\'
    ORDER BY archived, updated_ms DESC, id DESC"""

_TITLES_THAT_COUNT: Final = f"""
    SELECT id, title FROM session
    WHERE {_COUNTS} AND {_USED} AND {_ASKED} AND title LIKE :pattern ESCAPE '\\'
    ORDER BY archived, updated_ms DESC, id DESC"""  # noqa: S608

_ONE: Final = f"SELECT {rows.SUMMARY} FROM session WHERE id = ?"  # noqa: S608

_ENDING: Final = f"""
    SELECT {rows.SUMMARY} FROM session
    WHERE substr(uid, -6) = substr(:end, -6) AND uid LIKE :pattern ESCAPE '\\' AND trashed_ms IS NULL LIMIT 2"""  # noqa: S608

_BEGINNING: Final = f"""
    SELECT {rows.SUMMARY} FROM session
    WHERE uid >= :start AND uid < :start || char(1114111) AND trashed_ms IS NULL LIMIT 2"""  # noqa: S608

# CROSS JOIN keeps the order of the loops: newest place first.
_INDEXED: Final = f"""
    FROM message_fts
    CROSS JOIN message ON message.id = message_fts.rowid
    CROSS JOIN session ON session.id = message.session
    WHERE message_fts MATCH :words AND {_COUNTS} AND {_ASKED}"""

_SCANNED: Final = f"""
    FROM searchable
    CROSS JOIN message ON message.id = searchable.id
    CROSS JOIN session ON session.id = message.session
    WHERE searchable.text LIKE :pattern ESCAPE '\\' AND {_COUNTS} AND {_ASKED}"""

_SESSIONS_INDEXED: Final = f"""
    SELECT {rows.SUMMARY} {_INDEXED} AND {_USED} ORDER BY message_fts.rowid DESC LIMIT :looked_at"""

_SESSIONS_SCANNED: Final = f"""
    SELECT {rows.SUMMARY}, searchable.text AS text {_SCANNED} AND {_USED} ORDER BY searchable.id DESC"""

_PLACE: Final = f"""
    SELECT {rows.SUMMARY}, message.uid AS said_uid, message.id AS said, message.created_ms AS said_ms"""

_COUNT: Final = "SELECT count(*) FROM (SELECT 1 FROM message_fts WHERE message_fts MATCH ? LIMIT ?)"

_PLACES_INDEXED: Final = f"""
    {_PLACE}, snippet(message_fts, 0, :mark, :mark, '…', 30) AS text
    {_INDEXED} AND {_SAID} ORDER BY"""

_PLACES_SCANNED: Final = f"""
    {_PLACE}, searchable.text AS text {_SCANNED} AND {_SAID} ORDER BY searchable.id DESC"""


def recent(connection: sqlite3.Connection, limit: int, only: Only = ANY) -> list[SessionSummary]:
    """The most recently used sessions."""
    return [rows.summary(row) for row in connection.execute(_RECENT, _filters(only, limit=limit))]


def find(
    connection: sqlite3.Connection, query: str, limit: int, only: Only = ANY
) -> list[SessionSummary]:
    """At most `limit` sessions that match, the most recently used first. No query raises.

    An id, or the beginning or end of one, answers alone. Otherwise: sessions whose title has each word of the query in
    it, in any case, and those where every word of it was said in one message, the last word perhaps unfinished. Where
    no session has the words, or they are not the kind the index knows, they may be parts of words as well.
    """
    query = _tidy(query)
    if not query:
        return recent(connection, limit, only)
    named = _named(connection, query)
    if named:
        return [rows.summary(named)]
    titled = _titled(connection, query, limit, only)
    if _UNPARTED.search(query):
        said = _containing(connection, query, limit, only)
    else:
        said = _said(connection, query, limit, only)
        if not (titled or said):
            titled = _titled(connection, query, limit, only, folded=True)
            said = _containing(connection, query, limit, only)
    found = {row["id"]: row for row in titled + said}
    latest_first = sorted(found.values(), key=lambda row: (row["updated_ms"], row["id"]))[::-1]
    return [rows.summary(row) for row in latest_first[:limit]]


def places(connection: sqlite3.Connection, query: str, limit: int, only: Only = ANY) -> list[Hit]:
    """At most `limit` messages in which the query was said, as `find` looks for it, and titles that have it of sessions
    beside. The best first where there are few, else the newest. No query raises."""
    query = _tidy(query)
    if not query:
        return [_whole(row) for row in connection.execute(_RECENT, _filters(only, limit=limit))]
    titled = _titled(connection, query, limit, only)
    ranked = False
    if _UNPARTED.search(query):
        said = _in_texts(connection, query, limit, only)
    else:
        ranked = _are_few(connection, query)
        said = _in_index(connection, query, limit, only, ranked=ranked)
        if not (titled or said):
            titled = _titled(connection, query, limit, only, folded=True)
            said = _in_texts(connection, query, limit, only)
    known = {hit.session.id for hit in said}
    found = [hit for hit in map(_whole, titled) if hit.session.id not in known] + said
    if not ranked:
        found.sort(key=lambda hit: hit.at_ms, reverse=True)
    return found[:limit]


def _are_few(connection: sqlite3.Connection, query: str) -> bool:
    (many,) = connection.execute(_COUNT, (_words(query), _RANKED + 1)).fetchone()
    return bool(many <= _RANKED)


def _tidy(query: str) -> str:
    return mend(query[:_LONGEST_QUERY]).replace("\0", " ").strip()


def _filters(only: Only, **more: str | int) -> dict[str, str | int | float | None]:
    """The values of `_COUNTS`, and more."""
    return {
        "model": f"%{_literal(only.model)}%" if only.model else None,
        "persona": f"%{_literal(only.persona)}%" if only.persona else None,
        "since_ms": only.since_ms,
        "least": only.least,
        "most": only.most,
        "tag": only.tag or None,
        "starred": only.starred,
        "archived": only.archived,
        **more,
    }


def _named(connection: sqlite3.Connection, query: str) -> sqlite3.Row | None:
    """The one session with this id, or whose id begins or ends so."""
    if len(query) < NAMING:
        return None
    found: dict[int, sqlite3.Row] = {}
    for id_ in {query, query.lower()}:
        values = {"start": id_, "end": id_, "pattern": f"%{_literal(id_)}"}
        for statement in (_ENDING, _BEGINNING):
            found.update({row["id"]: row for row in connection.execute(statement, values)})
    return next(iter(found.values())) if len(found) == 1 else None


def _titled(
    connection: sqlite3.Connection, query: str, limit: int, only: Only, *, folded: bool = False
) -> list[sqlite3.Row]:
    """Sessions whose title has each of the words, the last used first; `folded` finds ß for ss, and takes longer."""
    words = query.casefold().split()
    pattern = "%" if folded else _rough(words)
    found: list[sqlite3.Row] = []
    statement = _TITLES if only == ANY else _TITLES_THAT_COUNT
    for key, title in connection.execute(statement, _filters(only, pattern=pattern)):
        if _has_all(title, words):
            found += connection.execute(_ONE, (key,))
        if len(found) >= limit:
            break
    return found


def _has_all(text: str, words: Iterable[str]) -> bool:
    """Whether a text has each of these words, given in small letters, somewhere."""
    text = text.casefold()
    return all(word in text for word in words)


def _rough(words: Iterable[str]) -> str:
    """A LIKE pattern that leaves out most of what does not have the longest word: SQLite knows the case of A to Z only, but
    is ten times as fast."""
    word = max(words, key=len)
    letters = (char if char.isascii() or char.lower() == char.upper() else "\0" for char in word)
    return f"%{_literal(''.join(letters)).replace(chr(0), '_')}%"


def _said(connection: sqlite3.Connection, query: str, limit: int, only: Only) -> list[sqlite3.Row]:
    """Where the full-text index has all the words."""
    values = _filters(only, words=_words(query), looked_at=_LOOKED_AT)
    return _distinct(connection.execute(_SESSIONS_INDEXED, values), limit)


def _containing(
    connection: sqlite3.Connection, query: str, limit: int, only: Only
) -> list[sqlite3.Row]:
    return _distinct(
        islice(_holding(connection, _SESSIONS_SCANNED, query, only), _LOOKED_AT), limit
    )


def _holding(
    connection: sqlite3.Connection, statement: str, query: str, only: Only
) -> Iterator[sqlite3.Row]:
    """The rows of a statement whose text has each of the words."""
    words = query.casefold().split()
    for row in connection.execute(statement, _filters(only, pattern=_rough(words))):
        if _has_all(row["text"], words):
            yield row


def _distinct(hits: Iterable[sqlite3.Row], limit: int) -> list[sqlite3.Row]:
    """The first sessions of these hits; the rest, maybe a million, is not even looked up."""
    found: dict[int, sqlite3.Row] = {}
    for row in hits:
        if len(found) >= limit:
            break
        found.setdefault(row["id"], row)
    return list(found.values())


def _in_index(
    connection: sqlite3.Connection, query: str, limit: int, only: Only, *, ranked: bool
) -> list[Hit]:
    # What a message says cannot know this mark.
    mark = f"\ufdd0{secrets.token_hex(8)}\ufdd0"
    values = _filters(only, words=_words(query), mark=mark, limit=limit)
    order = "rank" if ranked else "message_fts.rowid DESC"
    found = connection.execute(f"{_PLACES_INDEXED} {order} LIMIT :limit", values).fetchall()
    turns = _Turns(connection)
    return [_place(row, _between(row["text"], mark), turns) for row in found]


def _in_texts(connection: sqlite3.Connection, query: str, limit: int, only: Only) -> list[Hit]:
    wanted = re.compile(f"({'|'.join(map(re.escape, query.split()))})", re.IGNORECASE)
    found = islice(_holding(connection, _PLACES_SCANNED, query, only), limit)
    turns = _Turns(connection)
    return [_place(row, _apart(row["text"], wanted), turns) for row in found]


def _between(text: str, mark: str) -> Iterator[tuple[str, bool]]:
    """The parts of a text, of which each second one stands between two marks."""
    for number, part in enumerate(text.split(mark)):
        yield part, bool(number % 2)


def _apart(text: str, wanted: re.Pattern[str]) -> Iterator[tuple[str, bool]]:
    """The parts of a text around what is looked for, no further than it is shown."""
    first = wanted.search(text)
    start = max(0, first.start() - sought.SHOWN) if first else 0
    for number, part in enumerate(wanted.split(text[start : start + 3 * sought.SHOWN])):
        yield part, bool(number % 2)


def _place(row: sqlite3.Row, parts: Iterable[tuple[str, bool]], turns: "_Turns") -> Hit:
    session = rows.summary(row)
    turn = turns.of(row["id"], row["said"])
    return Hit(session, row["said_ms"], row["said_uid"], turn, sought.excerpt(parts))


def _whole(row: sqlite3.Row) -> Hit:
    """A session that was not found by anything said in it."""
    session = rows.summary(row)
    return Hit(session, session.updated_ms)


class _Turns:
    """In which turns messages are: how many questions stand above each, itself among them. Of a session all is read in
    one go, once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[int, dict[int, int]] = {}

    def of(self, session: int, message: int) -> int:
        if session not in self._known:
            self._known[session] = self._counted(session)
        return self._known[session].get(message, 0)  # 0: in a damaged file

    def _counted(self, session: int) -> dict[int, int]:
        turns: dict[int, int] = {}
        for key, parent, begins in self._connection.execute(rows.ABOVE, (session,)):
            turns[key] = turns.get(parent, 0) + begins
        return turns


def _words(query: str) -> str:
    """An FTS5 query for all the words: quoted, since bare it is a language in which most texts are errors."""
    words = query.split()
    quoted = " ".join('"' + word.replace('"', '""') + '"' for word in words)
    return quoted + "*" if len(words[-1]) >= _UNFINISHED else quoted


def _literal(text: str) -> str:
    """A LIKE pattern that stands for this text only."""
    return re.sub(r"([\\%_])", r"\\\1", text)
