"""One SQLite file: read and written in transactions, mended when it is damaged, its errors told in our words.

What stands in the file is not known here. How it is opened is `opening`'s business.
"""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

from deepchat.store.mending import aside, complete, mend, replacement, unused_label
from deepchat.store.opening import (
    checkpoint,
    damage,
    is_read_only,
    opened,
    opened_to_read,
    size,
    transaction,
    untouched,
)
from deepchat.store.troubles import (
    busy,
    in_our_words,
    is_damage,
    is_stopped,
    is_surprise,
    read_only,
    told,
)
from deepchat.store.use import Use
from deepchat.wanted import is_wanted

_LARGEST_WAL: Final = 4 << 20

# How long a thread may wait for others that has keys to answer.
HASTE_S: Final = 0.2

# Of SQLite's machine, between two looks whether it should go on: a millisecond or less.
_STEPS: Final = 5_000


class Database:
    """A file with one connection to write and one to read, so that a long search never holds up a reply.

    Opened at first use. Any thread may use it; everything raises StoreError. `tell` is told when it was damaged, in one
    line, on whatever thread found it.
    """

    def __init__(self, path: Path, *, tell: Callable[[str], None] = lambda said: None) -> None:
        self.path = path
        self.tell = tell
        self._use = Use(path)
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._known = (0, 0)
        self._sound = False
        self._is_read_only = False
        self._damage = ""
        self._suspect = False
        self._hasty: int | None = None
        self._haste_s = HASTE_S

    def hurry(self, patience_s: float = HASTE_S) -> None:
        """From now on this thread waits for others no longer than this, until it can `take_time` again."""
        self._hasty, self._haste_s = threading.get_ident(), patience_s

    def take_time(self) -> None:
        """No thread has to hurry any more."""
        self._hasty = None

    @contextmanager
    def writing(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        """One write transaction. A durable one survives power loss, with all before it; any survives the process."""
        self.look()
        if self._is_read_only:
            raise read_only(self.path)
        with self._held(self._write_lock), self._watched():
            if self._writer is None:
                self._writer = opened(self.path, self._patience_s)
            self._writer.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            # IMMEDIATE: a deferred transaction that reads before it writes can fail whatever the patience.
            with transaction(self._writer, "IMMEDIATE", self._patience_s):
                yield self._writer
            if durable and size(Path(f"{self.path}-wal")) > _LARGEST_WAL:
                checkpoint(self._writer)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Everything read inside is of one moment. It ends, with a StoreError, when it is not `wanted` any more, and
        with KeyboardInterrupt, both at once."""
        self.look()
        with self._held(self._read_lock), self._watched():
            if self._reader is None:
                self._reader = self._opened_to_read()
                self._reader.set_progress_handler(_is_unwanted, _STEPS)
            with transaction(self._reader, "DEFERRED", self._patience_s):
                yield self._reader

    def look(self) -> None:
        """Mend the file if it is damaged; the first use does that anyway. StoreError when it cannot be mended, or is not
        ours to mend."""
        if self._sound and self._known == _identity(self.path):
            return
        with self._read_lock, self._write_lock, in_our_words(self.path):
            if not (self._sound and self._known == _identity(self.path)):
                self._let_go()
                self._make_sound()
                self._sound = True

    def _opened_to_read(self) -> sqlite3.Connection:
        if self._is_read_only:
            return opened_to_read(self.path)
        return opened(self.path, self._patience_s)

    def mend(self, why: str) -> None:
        """Put what can be read into a new file, whatever SQLite says of this one. StoreError as above."""
        self._sound, self._damage = False, why
        self.look()

    def replace(self, copy: Path) -> Path | None:
        """Put a copy of this other file in its place; where the one that was there is now, None for nowhere. StoreError
        when that fails, or somebody else has it open; then all is as it was."""
        with self._read_lock, self._write_lock, in_our_words(self.path):
            self._let_go()
            self._sound = False
            if not self._use.begin():
                raise told(self.path, "it is open elsewhere", "Close other copies of deepchat.")
            complete(self.path)
            label = unused_label(self.path, "replaced")
            with replacement(self.path, label) as fresh:
                shutil.copyfile(copy, fresh)
                fresh.chmod(0o600)
            complete(self.path)
            self._use.go_on()
        return before if (before := aside(self.path, label)).exists() else None

    def _make_sound(self) -> None:
        self._use.end()
        self._is_read_only = is_read_only(self.path)
        if not self._is_read_only:
            self._make_writable()
            self._writer = opened(self.path, self._patience_s)
        self._known = _identity(self.path)

    def _make_writable(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        alone = self._use.begin()
        if alone:
            complete(self.path)
        why = self._damage or damage(
            self.path, alone=alone, suspect=self._suspect, patience_s=self._patience_s
        )
        if why and not alone:
            raise told(
                self.path,
                f"it is damaged ({why}), and open elsewhere",
                "Close other copies of deepchat: then what can be read goes into a new one.",
            )
        if why:
            mend(self.path, why, self.tell)
        self._damage, self._suspect = "", False
        self._use.go_on()

    @property
    def _patience_s(self) -> float | None:
        return self._haste_s if threading.get_ident() == self._hasty else None

    @contextmanager
    def _held(self, lock: threading.Lock) -> Iterator[None]:
        """Another thread may hold it while it waits for a process."""
        patience_s = self._patience_s
        if not lock.acquire(timeout=-1 if patience_s is None else patience_s):
            raise busy(self.path)
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Remember for the next use, which mends it, that the file is damaged, or that SQLite does not find its way."""
        with in_our_words(self.path):
            try:
                yield
            except (sqlite3.DatabaseError, UnicodeDecodeError, IndexError) as error:
                if is_stopped(error) and is_wanted():
                    raise KeyboardInterrupt from error  # SQLite has swallowed it
                if is_damage(error):
                    self._sound, self._damage = False, str(error)
                elif is_surprise(error):
                    self._sound, self._suspect = False, True
                raise

    def _let_go(self) -> None:
        with untouched(self.path) if self._damage or self._suspect else nullcontext():
            for connection in filter(None, (self._reader, self._writer)):
                connection.close()
        self._reader = self._writer = None

    def close(self) -> None:
        """Move everything into the one file, and let go of it. The next use opens it again."""
        with self._read_lock, self._write_lock, in_our_words(self.path):
            try:
                if self._writer and not (self._damage or self._suspect):
                    checkpoint(self._writer)
                self._let_go()
            finally:
                self._sound = False
                self._use.end()


def _identity(path: Path) -> tuple[int, int]:
    """By which a file is told from another of its name."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino


def _is_unwanted() -> bool:
    return not is_wanted()
