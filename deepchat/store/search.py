"""Finding a session again: by its id, its title, or what was said in it. What was deleted is not found; nothing here
writes."""

import re
import sqlite3
from collections.abc import Iterable
from typing import Final

from deepchat.conversation import SessionSummary
from deepchat.store import rows
from deepchat.text import mend

# So many characters of an id name a session by themselves; people are shown this many, its last.
NAMING: Final = 6

# Beyond this SQLite may find a pattern too complex, and a person means nothing more.
_LONGEST_QUERY: Final = 1000

# From this length on the last word may go on: shorter ones begin half of the index.
_UNFINISHED: Final = 3

# Scripts whose words no space parts, or that inflect at the end: the index knows only whole runs of letters.
_UNPARTED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)


def recent(connection: sqlite3.Connection, limit: int) -> list[SessionSummary]:
    """The most recently used sessions."""
    found = connection.execute(
        "SELECT * FROM session WHERE trashed_ms IS NULL ORDER BY updated_ms DESC, id DESC LIMIT ?",
        (limit,),
    )
    return [rows.summary(row) for row in found]


def find(connection: sqlite3.Connection, query: str, limit: int) -> list[SessionSummary]:
    """At most `limit` sessions that match, the most recently used first. No query raises.

    An id, or the beginning or end of one, answers alone. Otherwise: sessions whose title has each word of the query in
    it, in any case, and those where every word of it was said in one message, the last word perhaps unfinished. Where
    no session has the words, or they are not the kind the index knows, the query is looked for as it stands.
    """
    query = mend(query[:_LONGEST_QUERY]).replace("\0", " ").strip()
    if not query:
        return recent(connection, limit)
    named = _named(connection, query)
    if named and len(query) >= NAMING:
        return [rows.summary(named)]
    titled = _titled(connection, query, limit)
    said = [] if _UNPARTED.search(query) else _said(connection, query, limit)
    if _UNPARTED.search(query) or not (titled or said):
        said = _containing(connection, query, limit)
    found = {row["id"]: row for row in ([named] if named else []) + titled + said}
    latest_first = sorted(found.values(), key=lambda row: (row["updated_ms"], row["id"]))[::-1]
    return [rows.summary(row) for row in latest_first[:limit]]


def _named(connection: sqlite3.Connection, query: str) -> sqlite3.Row | None:
    """The one session with this id, or whose id begins or ends so."""
    start = _literal(query)
    found = connection.execute(
        """SELECT * FROM session
           WHERE (uid LIKE ? ESCAPE '\\' OR uid LIKE ? ESCAPE '\\') AND trashed_ms IS NULL LIMIT 2""",
        (f"{start}%", f"%{start}"),
    ).fetchall()
    return found[0] if len(found) == 1 else None


def _titled(connection: sqlite3.Connection, query: str, limit: int) -> list[sqlite3.Row]:
    connection.create_function("fits", 2, _fits, deterministic=True)
    return connection.execute(
        """SELECT * FROM session WHERE fits(title, ?) AND trashed_ms IS NULL
           ORDER BY updated_ms DESC, id DESC LIMIT ?""",
        (query.casefold(), limit),
    ).fetchall()


def _fits(title: str, folded: str) -> bool:
    """Whether each word is somewhere in the title."""
    title = title.casefold()
    return all(word in title for word in folded.split())


def _said(connection: sqlite3.Connection, query: str, limit: int) -> list[sqlite3.Row]:
    """Where the full-text index has all the words. CROSS JOIN keeps the order of the loops: newest hit first."""
    hits = connection.execute(
        """SELECT session.* FROM message_fts
           CROSS JOIN message ON message.id = message_fts.rowid
           CROSS JOIN session ON session.id = message.session
           WHERE message_fts MATCH ? AND session.trashed_ms IS NULL ORDER BY message_fts.rowid DESC""",
        (_words(query),),
    )
    return _distinct(hits, limit)


def _containing(connection: sqlite3.Connection, query: str, limit: int) -> list[sqlite3.Row]:
    hits = connection.execute(
        """SELECT session.* FROM searchable
           CROSS JOIN message ON message.id = searchable.id
           CROSS JOIN session ON session.id = message.session
           WHERE searchable.text LIKE ? ESCAPE '\\' AND session.trashed_ms IS NULL
           ORDER BY searchable.id DESC""",
        (f"%{_literal(query)}%",),
    )
    return _distinct(hits, limit)


def _distinct(hits: Iterable[sqlite3.Row], limit: int) -> list[sqlite3.Row]:
    """The first sessions of these hits; the rest, maybe a million, is not even looked up."""
    found: dict[int, sqlite3.Row] = {}
    for row in hits:
        if len(found) >= limit:
            break
        found.setdefault(row["id"], row)
    return list(found.values())


def _words(query: str) -> str:
    """An FTS5 query for all the words: quoted, since bare it is a language in which most texts are errors."""
    words = query.split()
    quoted = " ".join('"' + word.replace('"', '""') + '"' for word in words)
    return quoted + "*" if len(words[-1]) >= _UNFINISHED else quoted


def _literal(text: str) -> str:
    """A LIKE pattern that stands for this text only."""
    return re.sub(r"([\\%_])", r"\\\1", text)
