"""What may be wrong with the database file, in our words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from deepchat.errors import StoreError

# By SQLite's primary result code: a cause, and what to do about it.
_TROUBLES: Final = {
    sqlite3.SQLITE_BUSY: (
        "another program keeps it locked",
        "Close other copies of deepchat, or try again in a moment.",
    ),
    sqlite3.SQLITE_FULL: ("the disk is full", "Free some space; new turns are then kept again."),
    sqlite3.SQLITE_NOTADB: (
        "it is not a deepchat database",
        "Move it away and deepchat starts a new one. Nothing in it was changed.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "it is damaged",
        "Do that again: what can be read goes into a new one first.",
    ),
    sqlite3.SQLITE_IOERR: (
        "reading or writing it failed",
        "Check the disk, and that this is a file.",
    ),
    sqlite3.SQLITE_READONLY: ("it may not be written", "Check who owns the file and its folder."),
    sqlite3.SQLITE_INTERRUPT: ("the search was stopped", "Ask again."),
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened",
        "Check that its folder exists and is yours to write.",
    ),
}

_DAMAGE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file itself is not as it should be."""
    return isinstance(error, sqlite3.Error) and code(error) in _DAMAGE


def is_surprise(error: BaseException) -> bool:
    """Whether SQLite does not understand a statement of ours, or we not its answer: the schema may be damaged."""
    if isinstance(error, sqlite3.Error):
        return code(error) == sqlite3.SQLITE_ERROR
    # SQLite's own words about a schema that is no text; a column that a row does not have.
    return isinstance(error, UnicodeDecodeError) or str(error) == "No item with that key"


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else is in the way, for now."""
    return code(error) == sqlite3.SQLITE_BUSY


def is_stopped(error: BaseException) -> bool:
    """Whether a statement was stopped from outside."""
    return isinstance(error, sqlite3.Error) and code(error) == sqlite3.SQLITE_INTERRUPT


def code(error: sqlite3.Error) -> int:
    """The primary result code; 0 where the error is not SQLite's but of Python's module."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


@contextmanager
def in_our_words(path: Path) -> Iterator[None]:
    """What SQLite and the system raise inside becomes a StoreError about this file."""
    try:
        yield
    except sqlite3.Error as error:
        cause, hint = _TROUBLES.get(
            code(error), (str(error), "Make a copy of its folder, and report this.")
        )
        raise told(path, cause, hint) from error
    except (UnicodeDecodeError, IndexError) as error:
        if not is_surprise(error):
            raise
        raise told(path, *_TROUBLES[sqlite3.SQLITE_CORRUPT]) from error
    except OSError as error:
        _, hint = _TROUBLES[sqlite3.SQLITE_CANTOPEN]
        raise told(path, error.strerror or str(error), hint) from error


def foreign(path: Path) -> StoreError:
    """The database of another program."""
    return told(path, *_TROUBLES[sqlite3.SQLITE_NOTADB])


def busy(path: Path) -> StoreError:
    """Somebody else is in the way, for now."""
    return told(path, *_TROUBLES[sqlite3.SQLITE_BUSY])


def read_only(path: Path) -> StoreError:
    """It can be read, and no more."""
    return told(path, *_TROUBLES[sqlite3.SQLITE_READONLY])


def told(path: Path, cause: str, hint: str) -> StoreError:
    """Why this file cannot be used."""
    return StoreError(f"The session database {path} cannot be used: {cause}.", hint=hint)
