"""One SQLite file: opened with care, read and written in transactions, its errors told in our words.

What stands in the file is not known here, except that `migrations` brings it up to date.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from deepchat.errors import StoreError
from deepchat.store.migrations import STEPS

T = TypeVar("T")

APPLICATION_ID: Final = 0x64636874  # "dcht"

# How long another process may keep us waiting. Python sees Ctrl-C between the slices, not inside one.
PATIENCE_S: Final = 5.0
_SLICE_S: Final = 0.1

_LARGEST_WAL: Final = 4 << 20

# What may be wrong with the file, by SQLite's primary result code: a cause, and what to do about it.
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
    sqlite3.SQLITE_CORRUPT: ("it is damaged", "Make a copy of its folder before anything else."),
    sqlite3.SQLITE_IOERR: (
        "reading or writing it failed",
        "Check the disk, and that this is a file.",
    ),
    sqlite3.SQLITE_READONLY: ("it may not be written", "Check who owns the file and its folder."),
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened",
        "Check that its folder exists and is yours to write.",
    ),
}


class Database:
    """A file with one connection to write and one to read, so that a long search never holds up a reply.

    Opened at first use. Any thread may use it; everything raises StoreError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None

    @contextmanager
    def writing(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        """One write transaction. A durable one survives power loss, with all before it; any survives the process."""
        with self._write_lock, _in_our_words(self.path):
            if self._writer is None:
                self._writer = _opened(self.path)
            self._writer.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            # IMMEDIATE: a deferred transaction that reads before it writes can fail whatever the patience.
            with transaction(self._writer, "IMMEDIATE"):
                yield self._writer
            if durable and _size(Path(f"{self.path}-wal")) > _LARGEST_WAL:
                _checkpoint(self._writer)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Everything read inside is of one moment."""
        with self._read_lock, _in_our_words(self.path):
            if self._reader is None:
                self._reader = _opened(self.path)
            with transaction(self._reader, "DEFERRED"):
                yield self._reader

    def close(self) -> None:
        """Move everything into the one file, and let go of it. The next use opens it again."""
        with self._read_lock, self._write_lock, _in_our_words(self.path):
            reader, self._reader = self._reader, None
            writer, self._writer = self._writer, None
            if reader:
                reader.close()
            if writer:
                _checkpoint(writer)
                writer.close()


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str) -> Iterator[None]:
    """Commit what happens inside, or, on any exception, nothing of it. `kind` is SQLite's: IMMEDIATE, DEFERRED."""
    _patiently(lambda: _begin(connection, kind))
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _begin(connection: sqlite3.Connection, kind: str) -> None:
    connection.execute(f"BEGIN {kind}")
    try:
        # A deferred transaction begins in truth with its first read.
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _opened(path: Path) -> sqlite3.Connection:
    """A connection to a file of our version: new, ours, or refused untouched."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives -wal and -shm the mode of the file. O_EXCL, since closing a descriptor of an existing one would drop
    # the locks that other connections of this process hold on it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return _patiently(lambda: _connected(path))


def _connected(path: Path) -> sqlite3.Connection:
    _refuse_foreign(path)
    connection = sqlite3.connect(
        path, timeout=_SLICE_S, isolation_level=None, check_same_thread=False
    )
    try:
        connection.row_factory = sqlite3.Row
        # Not trusted_schema = OFF: SQLite up to 3.40 then refuses FTS5 in triggers as "unsafe use of virtual table".
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        # Ours truncate, under the write lock: no commit can meet a log being reset (sqlite.org/wal.html#walresetbug).
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_foreign(path: Path) -> None:
    """Look before touching: StoreError for a newer version, or the database of another program."""
    # Read-only, or closing the connection could write a log of the newer version back.
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_SLICE_S)
    try:
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        empty = connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None
        version = _version(connection)
    finally:
        connection.close()
    if owner != APPLICATION_ID and not (empty and owner == version == 0):
        raise _told(path, *_TROUBLES[sqlite3.SQLITE_NOTADB])
    if version > len(STEPS):
        raise _told(
            path,
            f"a newer deepchat wrote it (version {version}, this one knows {len(STEPS)})",
            "Upgrade deepchat. Nothing in the file was changed.",
        )


def _migrate(connection: sqlite3.Connection) -> None:
    if _version(connection) == len(STEPS):
        return
    for number, step in enumerate(STEPS, start=1):
        with transaction(connection, "IMMEDIATE"):
            # Asked again inside: another process may have been faster.
            if _version(connection) < number:
                step(connection)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {number}")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _checkpoint(connection: sqlite3.Connection) -> None:
    """Move the log into the file."""
    # Where somebody reads just now, or the disk is full, the log keeps it as safely until the next time.
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _patiently(act: Callable[[], T]) -> T:
    """The result of `act`, tried again while another process is in its way."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.005)


@contextmanager
def _in_our_words(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        cause, hint = _TROUBLES.get(
            _code(error), (str(error), "Make a copy of its folder, and report this.")
        )
        raise _told(path, cause, hint) from error
    except OSError as error:
        _, hint = _TROUBLES[sqlite3.SQLITE_CANTOPEN]
        raise _told(path, error.strerror or str(error), hint) from error


def _told(path: Path, cause: str, hint: str) -> StoreError:
    return StoreError(f"The session database {path} cannot be used: {cause}.", hint=hint)


def _code(error: sqlite3.Error) -> int:
    """The primary result code; 0 where the error is not SQLite's but of Python's module."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
