"""A connection to the file: looked at before it is touched, made private, brought up to date by `migrations`.

What becomes of a damaged one is `mending`'s business.
"""

import os
import shutil
import sqlite3
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from operator import methodcaller
from pathlib import Path
from typing import Final, TypeVar

from deepchat.errors import NewerStore
from deepchat.store import backups, troubles
from deepchat.store.migrations import STEPS
from deepchat.store.pages import holds_turns

T = TypeVar("T")

APPLICATION_ID: Final = 0x64636874  # "dcht"

# How long another process may keep us waiting. Python sees Ctrl-C between the slices, not inside one.
PATIENCE_S: Final = 5.0
_SLICE_S: Final = 0.1

# Tables by which a file of ours is known whose head is damaged.
_OURS: Final = {"session", "message", "message_fts"}

# One bad byte must not hide the rest.
_text = methodcaller("decode", "utf-8", "replace")

# After a crash a file of at most this size is looked through, which takes a tenth of a second.
_LOOKED_THROUGH: Final = 32 << 20


def opened(path: Path, patience_s: float | None = None) -> sqlite3.Connection:
    """A connection to a file of our version: new, ours, or refused untouched with a StoreError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives -wal and -shm the mode of the file. O_EXCL, since closing a descriptor of an existing one would drop
    # the locks that other connections of this process hold on it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return patiently(lambda: _connected(path), patience_s)


def is_read_only(path: Path) -> bool:
    """Whether there is a file in a folder where nothing can be written, which SQLite needs to read one with a log."""
    return path.exists() and not os.access(path.parent, os.W_OK)


def opened_to_read(path: Path) -> sqlite3.Connection:
    """A connection to a file that is read-only: to itself, or, where there is a log, to a copy that nobody sees."""
    if not size(Path(f"{path}-wal")):
        connection = _connection(f"{path.absolute().as_uri()}?mode=ro&immutable=1")
        if version_of(connection) == len(STEPS):
            return connection
        connection.close()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        for end in ("", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{path}{end}", f"{copy}{end}")
        return _connected(copy)  # which lives on without its name


def _connection(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri, uri=True, timeout=_SLICE_S, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    connection.text_factory = _text
    return connection


def _connected(path: Path) -> sqlite3.Connection:
    _refuse_newer(path)
    connection = _connection(path.absolute().as_uri())
    try:
        # Not trusted_schema = OFF: SQLite up to 3.40 then refuses FTS5 in triggers as "unsafe use of virtual table".
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        # Ours truncate, under the write lock: no commit can meet a log being reset (sqlite.org/wal.html#walresetbug).
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_newer(path: Path) -> None:
    with _glimpse(path) as connection:
        version = version_of(connection)
    if version > len(STEPS):
        raise NewerStore(
            f"A newer deepchat wrote the session database {path} (version {version}, this one knows {len(STEPS)}).",
            hint="Upgrade deepchat. Nothing in the file was changed.",
        )


@contextmanager
def _glimpse(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that changes nothing: closing any other could write the log of a newer version back."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=_SLICE_S)) as connection:
        connection.text_factory = _text
        yield connection


@contextmanager
def untouched(path: Path) -> Iterator[None]:
    """Inside, connections can be closed without the last one writing the log into a damaged file."""
    with ExitStack() as stack:
        with suppress(sqlite3.DatabaseError):  # it may hold the file open all the same
            connection = stack.enter_context(_glimpse(path))
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        yield


def damage(path: Path, *, alone: bool, suspect: bool, patience_s: float | None = None) -> str:
    """What is wrong with the file, "" for nothing that shows; nothing is changed.

    `alone` says that nobody else has it open: then a log that is there was left by a crash. After one, and where
    something makes it `suspect`, the file is looked through, unless it is large. StoreError for what is not ours to
    mend: a newer version, or the database of another program.
    """
    log = size(Path(f"{path}-wal"))
    if not size(path):
        return "it is empty, but its log is not" if log else ""
    try:
        return patiently(
            lambda: _damage(path, crashed=alone and log > 0, suspect=suspect), patience_s
        )
    except UnicodeDecodeError:  # in SQLite's own words about the schema
        return "its schema is damaged"
    except sqlite3.DatabaseError as error:
        if not troubles.is_damage(error):
            raise
        return str(error)


def _damage(path: Path, *, crashed: bool, suspect: bool) -> str:
    _refuse_newer(path)
    with _glimpse(path) as connection:
        # All of one moment: another process may be making the file just now.
        connection.execute("BEGIN")
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if owner != APPLICATION_ID and (names or owner):
            if not names >= _OURS:
                raise troubles.foreign(path)
            return "its head is damaged"
        if crashed and _torn(path):
            return "its log is damaged"
        if not (crashed or suspect):
            return ""
        if not _is_as_declared(connection):
            return "its schema is damaged"
        if size(path) > _LOOKED_THROUGH:
            return ""
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return "" if found == "ok" else str(found)


def _is_as_declared(connection: sqlite3.Connection) -> bool:
    """Whether the schema is what the steps make."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        for step in STEPS[: version_of(connection)]:
            step(fresh)
        return _schema(connection) >= _schema(fresh)


def _schema(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    return set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))


def _torn(path: Path) -> bool:
    """Whether the log has turns behind the place where SQLite stops reading it.

    That place is the index's (offset 16 of the -shm file, sqlite.org/walformat.html), which the glimpse has made anew.
    """
    try:
        index = Path(f"{path}-shm").read_bytes()[:20]
    except FileNotFoundError:
        return False
    with Path(f"{path}-wal").open("rb") as log:
        head = log.read(32)
        if len(index) < 20 or len(head) < 32:
            return False
        (read,) = struct.unpack_from("=I", index, 16)
        (page_size,) = struct.unpack_from(">I", head, 8)
        behind = size(Path(log.name)) - 32 - read * (24 + page_size)
        return behind >= 24 + page_size and holds_turns(log.fileno())


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = version_of(connection)
    if version == len(STEPS):
        return
    # One that another process has just begun holds nothing yet.
    if version and connection.execute("SELECT 1 FROM session LIMIT 1").fetchone():
        backups.before_version(connection, path, version)
    for number, step in enumerate(STEPS, start=1):
        with transaction(connection, "IMMEDIATE"):
            # Asked again inside: another process may have been faster.
            if version_of(connection) < number:
                step(connection)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {number}")


def version_of(connection: sqlite3.Connection) -> int:
    """How many steps of `migrations` the file has seen."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


@contextmanager
def transaction(
    connection: sqlite3.Connection, kind: str, patience_s: float | None = None
) -> Iterator[None]:
    """Commit what happens inside, or, on any exception, nothing of it. `kind` is SQLite's: IMMEDIATE, DEFERRED."""
    patiently(lambda: _begin(connection, kind), patience_s)
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


def checkpoint(connection: sqlite3.Connection) -> None:
    """Move the log into the file."""
    # Where somebody reads just now, or the disk is full, the log keeps it as safely until the next time.
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def size(path: Path) -> int:
    """In bytes; 0 where there is nothing."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def patiently(act: Callable[[], T], patience_s: float | None = None) -> T:
    """The result of `act`, tried again while another process is in its way, for PATIENCE_S unless that is too long."""
    deadline = time.monotonic() + (PATIENCE_S if patience_s is None else patience_s)
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            if not troubles.is_busy(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.005)
