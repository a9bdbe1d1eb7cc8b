"""Copies of the database, made with SQLite's own means, and looked through: a few dated ones, and one from before each
change of the schema. When they are made is not known here.
"""

import filecmp
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Final

# Dated copies that are kept, and ones from before a new version.
KEPT: Final = 3
KEPT_VERSIONS: Final = 2

_PAGES: Final = 1024

_PARTIAL: Final = ".part"
_LONG_AGO_S: Final = 86_400


class GivenUp(Exception):
    """A copy was no longer wanted before it was complete."""


def listed(path: Path) -> list[Path]:
    """The copies of the database at `path`, the newest first."""
    found = _folder(path).glob(f"{path.stem}-*{path.suffix}")
    return sorted(found, key=lambda copy: (copy.stat().st_mtime_ns, copy.name), reverse=True)


def due(path: Path, today: date) -> bool:
    """Whether there is something new, and no copy of today."""
    if not path.exists() or _dated(path, today).exists():
        return False
    made = max((copy.stat().st_mtime_ns for copy in listed(path)), default=0)
    written = [path.stat().st_mtime_ns]
    with suppress(FileNotFoundError):
        written.append(Path(f"{path}-wal").stat().st_mtime_ns)
    return max(written) > made


def make(path: Path, today: date, wanted: Callable[[], bool]) -> str:
    """A copy of the database as it is now, in place of the oldest, unless there is one that is equal; what is wrong with
    it, "" for nothing: a damaged one is not kept. GivenUp as soon as it is not `wanted`; OSError, sqlite3.Error when it cannot be made."""
    with _new(_dated(path, today)) as copy:
        _copy_file(path, copy, wanted)
        if wrong := examined(copy):
            copy.unlink()
            return wrong
        newest = next(iter(listed(path)), None)
        if newest and filecmp.cmp(copy, newest, shallow=False):  # written since, but nothing new
            newest.touch()
            copy.unlink()
    _forget(listed(path))
    return ""


def wrong_with(path: Path) -> str:
    """What is wrong with the database, "" for nothing. It is looked for in a copy, so that nobody has to wait for it.
    Raises as `make` does."""
    with _new(_folder(path) / "looked-through") as copy:
        _copy_file(path, copy, lambda: True)
        wrong = examined(copy)
        copy.unlink()
        return wrong


def before_version(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """A copy from before the schema changes from this version to a later one. Raises as `make` does."""
    with _new(_folder(path) / f"{path.stem}-version-{version}{path.suffix}") as copy:
        _copy(connection, copy, lambda: True)
    _forget(listed(path))


def examined(copy: Path) -> str:
    """What is wrong with a database that nobody uses, "" for nothing: its pages, its references, its full-text index."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        try:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                return str(found)
            if dangling := connection.execute("PRAGMA foreign_key_check").fetchone():
                return f"a {dangling[0]} refers to a {dangling[2]} that is not there"
            connection.execute(
                "INSERT INTO message_fts(message_fts, rank) VALUES ('integrity-check', 1)"
            )
        except sqlite3.DatabaseError as error:
            return str(error)
    return ""


def _copy_file(path: Path, copy: Path, wanted: Callable[[], bool]) -> None:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source:
        _copy(source, copy, wanted)


def _copy(source: sqlite3.Connection, copy: Path, wanted: Callable[[], bool]) -> None:
    def stop(status: int, remaining: int, total: int) -> None:
        if not wanted():
            raise GivenUp

    # One moment's state: otherwise each write of another process makes it start again.
    source.execute("BEGIN")
    try:
        source.execute("SELECT 1 FROM sqlite_master").fetchone()
        with closing(sqlite3.connect(copy)) as target:
            source.backup(target, pages=_PAGES, progress=stop)
    finally:
        source.execute("ROLLBACK")


@contextmanager
def _new(copy: Path) -> Iterator[Path]:
    """A file for the user's eyes only, which gets its name when it is complete; one that is gone by then gets none."""
    copy.parent.mkdir(mode=0o700, exist_ok=True)
    handle, name = tempfile.mkstemp(_PARTIAL, dir=copy.parent)  # others may be making the same
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        with suppress(FileNotFoundError):
            partial.replace(copy)
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            Path(f"{partial}{end}").unlink(missing_ok=True)


def _forget(copies: Sequence[Path]) -> None:
    """Take away the oldest, and what killed processes had begun."""
    versions = [copy for copy in copies if "-version-" in copy.name]
    dated = [copy for copy in copies if copy not in versions]
    for copy in (*dated[KEPT:], *versions[KEPT_VERSIONS:], *_abandoned(copies)):
        copy.unlink(missing_ok=True)


def _abandoned(copies: Sequence[Path]) -> Iterator[Path]:
    for partial in copies[0].parent.glob(f"*{_PARTIAL}") if copies else ():
        with suppress(FileNotFoundError):
            if time.time() - partial.stat().st_mtime > _LONG_AGO_S:
                yield partial


def _dated(path: Path, today: date) -> Path:
    return _folder(path) / f"{path.stem}-{today.isoformat()}{path.suffix}"


def _folder(path: Path) -> Path:
    return path.with_name("backups")
