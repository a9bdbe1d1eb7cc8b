"""What can be read of a damaged database, put into a new one. How its pages are read is `pages`' business, and what
becomes of the damaged file `mending`'s.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from deepchat.conversation import new_id
from deepchat.store.pages import HARMED, LOST, Pages, Record, Value

# Columns that hold one of a few words, which are told from each other by their lengths, whatever happened to a letter.
_WORDS: Final = {
    "role": {len(word): word for word in ("system", "user", "assistant")},
    "state": {len(word): word for word in ("streaming", "done", "stopped", "cut", "failed")},
}

_RECOVERED: Final = "Recovered chat"

# What is wrong with rows whose neighbours are lost, put right. A parent is older than its child.
_REPAIRS: Final = (
    "UPDATE message SET state = 'cut', writer = NULL WHERE state = 'streaming' AND writer IS NULL",
    """UPDATE message SET parent = (
         SELECT max(id) FROM message AS older WHERE older.session = message.session AND older.id < message.id)
       WHERE parent IS NOT NULL AND (parent >= id OR NOT EXISTS (
         SELECT 1 FROM message AS above WHERE above.session = message.session AND above.id = message.parent))""",
    """UPDATE session SET leaf = (SELECT max(id) FROM message WHERE message.session = session.id)
       WHERE NOT EXISTS (SELECT 1 FROM message WHERE message.session = session.id AND message.id = leaf)""",
    "DELETE FROM piece WHERE message NOT IN (SELECT id FROM message WHERE state = 'streaming')",
    # What stands behind a gap does not belong there.
    """DELETE FROM piece WHERE number > (
         SELECT count(*) FROM piece AS before WHERE before.message = piece.message AND before.number <= piece.number)""",
    """UPDATE session SET
         turns = (SELECT count(*) FROM message WHERE message.session = session.id AND role = 'user'),
         cost = (SELECT sum(cost) FROM message WHERE message.session = session.id),
         cost_estimated = (
           SELECT coalesce(max(cost_estimated), 0) FROM message WHERE message.session = session.id)""",
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, as the schema declares it."""

    name: str
    kind: str
    required: bool
    is_key: bool


Columns = Sequence[Column]


@dataclass(frozen=True, slots=True)
class Salvaged:
    """How much was found."""

    sessions: int
    messages: int


def salvage(pages: Pages, target: sqlite3.Connection) -> Salvaged:
    """Put every row that makes sense into `target`, an empty database of the present version.

    A message whose session is lost gets a new one, one whose parent is lost follows the message before it. Raises
    sqlite3.Error when `target` cannot be written; what comes from the pages raises nothing.
    """
    # In any order: what refers to what is looked at when all is there.
    target.execute("PRAGMA foreign_keys = OFF")
    target.execute("BEGIN IMMEDIATE")
    tables = _tables(target)
    for name, record in pages.records():
        known = name if name in tables else ""
        table = _recognised(record, tables) if name in (LOST, HARMED) else known
        # A piece that came to harm would go on in the middle of a word.
        if table and (name, table) != (HARMED, "piece"):
            _put(target, table, tables[table], record)
    _adopt(target)
    for repair in _REPAIRS:
        target.execute(repair)
    _drop_dangling(target)
    target.execute("DELETE FROM body WHERE digest NOT IN (SELECT body FROM attachment)")
    target.execute("COMMIT")
    target.execute("PRAGMA foreign_keys = ON")
    counts = target.execute("SELECT (SELECT count(*) FROM session), (SELECT count(*) FROM message)")
    return Salvaged(*counts.fetchone())


def _tables(target: sqlite3.Connection) -> Mapping[str, Columns]:
    """The tables that hold something of the user's: not SQLite's own, nor the full-text index."""
    names = target.execute(
        """SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
           AND name NOT LIKE 'message\\_fts%' ESCAPE '\\'"""
    ).fetchall()
    return {name: list(_columns(target, name)) for (name,) in map(tuple, names)}


def _columns(target: sqlite3.Connection, table: str) -> Iterator[Column]:
    for _, name, kind, required, _, key in target.execute(f"PRAGMA table_info({_quoted(table)})"):
        yield Column(name, kind, bool(required), is_key=bool(key) and kind == "INTEGER")


def _put(target: sqlite3.Connection, table: str, columns: Columns, record: Record) -> None:
    """One row, unless one with its key is there. Columns that it was written before have what the schema says."""
    columns = columns[: len(record.values)]
    values = [_fitting(*pair, record.key) for pair in zip(columns, record.values, strict=False)]
    names, marks = ", ".join(column.name for column in columns), ", ".join("?" * len(values))
    target.execute(
        f"INSERT OR IGNORE INTO {_quoted(table)} ({names}) VALUES ({marks})",  # noqa: S608  names of our schema
        values,
    )


def _fitting(column: Column, value: Value, key: int | None) -> Value:
    """The value as the column wants it; what is beyond repair becomes nothing."""
    if column.is_key and value is None:
        return key
    if column.name in _WORDS and isinstance(value, str):
        return _WORDS[column.name].get(len(value), value)
    if value is None and not column.required:
        return None
    if column.kind == "TEXT":
        return value if isinstance(value, str) else _text(value)
    if column.kind == "BLOB":
        return value if isinstance(value, bytes) else _text(value).encode()
    whole = isinstance(value, int) or (column.kind == "REAL" and isinstance(value, float))
    return value if whole else 0 if column.required else None


def _text(value: Value) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def _recognised(record: Record, tables: Mapping[str, Columns]) -> str:
    """The table that a row is of, by what it looks like; "" when it is none that is known."""
    values = record.values
    if record.key is not None and len(values) == len(tables["body"]):
        digest, body = values
        found = isinstance(body, bytes) and sha256(body).hexdigest() == digest
        return "body" if found else ""
    for table in ("message", "session") if record.key is not None else ("piece", "attachment"):
        if _looks_like(table, values, tables[table]):
            return table
    return ""


_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "TEXT": (str,),
    "BLOB": (bytes,),
    "INTEGER": (int,),
    "REAL": (int, float),
}

# As many columns as the table has had from its beginning.
_LEAST: Final = {"message": 23, "session": 13, "piece": 4, "attachment": 9}


def _looks_like(table: str, values: Sequence[Value], columns: Columns) -> bool:
    if not _LEAST[table] <= len(values) <= len(columns):
        return False
    return all(_is_of(*pair) for pair in zip(columns, values, strict=False))


def _is_of(column: Column, value: Value) -> bool:
    if value is None:
        return column.is_key or not column.required
    return isinstance(value, _KINDS[column.kind])


def _adopt(target: sqlite3.Connection) -> None:
    """A session for messages that have lost theirs."""
    orphans = target.execute(
        """SELECT session, min(created_ms), max(created_ms) FROM message
           WHERE session NOT IN (SELECT id FROM session) GROUP BY session"""
    ).fetchall()
    for key, first_ms, last_ms in map(tuple, orphans):
        target.execute(
            """INSERT INTO session
                 (id, uid, title, model, provider, persona, persona_name, parameters, created_ms, updated_ms)
               VALUES (?, ?, ?, '', '', '', '', '{}', ?, ?)""",
            (key, new_id(first_ms), _RECOVERED, first_ms, last_ms),
        )


def _drop_dangling(target: sqlite3.Connection) -> None:
    """Rows that refer to what was not found, such as attachments of a lost message."""
    while dangling := {
        (row[0], row[2], row[3]) for row in target.execute("PRAGMA foreign_key_check")
    }:
        for table, referred, number in dangling:
            links = [
                (row[3], row[4])
                for row in target.execute(f"PRAGMA foreign_key_list({_quoted(table)})")
                if row[0] == number
            ]
            fits = " AND ".join(f"there.{far} = {_quoted(table)}.{near}" for near, far in links)
            target.execute(
                f"""DELETE FROM {_quoted(table)} WHERE {links[0][0]} IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM {_quoted(referred)} AS there WHERE {fits})"""  # noqa: S608  names of our schema
            )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
