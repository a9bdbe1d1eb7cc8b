"""Deleted sessions: out of sight, whole, until they expire. What is in sight is in `search`."""

import sqlite3

from deepchat.conversation import SessionSummary
from deepchat.store import rows


def put(connection: sqlite3.Connection, uid: str, now_ms: int) -> bool:
    """Take a session out of sight; whether there was one in sight."""
    return (
        connection.execute(
            "UPDATE session SET trashed_ms = ? WHERE uid = ? AND trashed_ms IS NULL", (now_ms, uid)
        ).rowcount
        > 0
    )


def take_out(connection: sqlite3.Connection, uid: str) -> bool:
    """Put a session in sight again, in its old place; whether it was in the trash."""
    return (
        connection.execute(
            "UPDATE session SET trashed_ms = NULL WHERE uid = ? AND trashed_ms IS NOT NULL", (uid,)
        ).rowcount
        > 0
    )


def content(connection: sqlite3.Connection, limit: int) -> list[SessionSummary]:
    """What is in it, the last deleted first."""
    found = connection.execute(
        f"""SELECT {rows.SUMMARY} FROM session
            WHERE trashed_ms IS NOT NULL ORDER BY trashed_ms DESC, id DESC LIMIT ?""",  # noqa: S608  ours
        (limit,),
    )
    return [rows.summary(row) for row in found]


def expired(connection: sqlite3.Connection, before_ms: int) -> int | None:
    """The key of the session that was deleted first, where that was before this moment."""
    found = connection.execute(
        "SELECT id FROM session WHERE trashed_ms < ? ORDER BY trashed_ms LIMIT 1", (before_ms,)
    ).fetchone()
    return None if found is None else int(found["id"])


def destroy(connection: sqlite3.Connection, key: int, before_ms: int) -> None:
    """Delete a session with all its messages, unless somebody has restored it meanwhile."""
    connection.execute("DELETE FROM session WHERE id = ? AND trashed_ms < ?", (key, before_ms))
