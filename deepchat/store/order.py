"""What keeps sessions in order, besides their titles: stars, tags, the archive. What becomes of them in lists is in `search`."""

import sqlite3
from collections.abc import Sequence


def star(connection: sqlite3.Connection, uid: str, *, on: bool) -> bool:
    """Give it a star, or take it away; whether there is such a session."""
    return (
        connection.execute("UPDATE session SET starred = ? WHERE uid = ?", (on, uid)).rowcount > 0
    )


def archive(connection: sqlite3.Connection, uid: str, *, on: bool) -> bool:
    """Take it out of the list, or put it there again; whether there is such a session."""
    return (
        connection.execute("UPDATE session SET archived = ? WHERE uid = ?", (on, uid)).rowcount > 0
    )


def tag(connection: sqlite3.Connection, uid: str, words: Sequence[str], *, on: bool) -> bool:
    """Put words on it, or take them away; whether there is such a session."""
    found = connection.execute("SELECT id FROM session WHERE uid = ?", (uid,)).fetchone()
    if found is None:
        return False
    change = (
        "INSERT OR IGNORE INTO tag (session, word) VALUES (?, ?)"
        if on
        else "DELETE FROM tag WHERE session = ? AND word = ?"
    )
    connection.executemany(change, [(found["id"], word) for word in words])
    return True


def tags(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """Each word, in the order of the alphabet, and on how many sessions it is that are not deleted."""
    return [
        (word, many)
        for word, many in connection.execute(
            """SELECT word, count(*) FROM tag JOIN session ON session.id = tag.session
               WHERE trashed_ms IS NULL GROUP BY word ORDER BY word"""
        )
    ]
