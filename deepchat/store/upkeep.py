"""The database as a whole: looked at when deepchat starts, backed up, checked, and replaced by a backup."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from sqlite3 import sqlite_version
from typing import Final

from deepchat.errors import StoreError
from deepchat.store import backups
from deepchat.store.database import Database
from deepchat.store.opening import size, version_of
from deepchat.store.troubles import in_our_words

SQLITE: Final = sqlite_version
RESTORING: Final = "deepchat doctor --restore-backup"


@dataclass(frozen=True, slots=True)
class Checkup:
    """What stands in the database, and what is `wrong` with it, "" for nothing. `size` is in bytes."""

    path: Path
    size: int
    version: int
    sessions: int
    messages: int
    trashed: int
    wrong: str


class Upkeep:
    """What is done to a database that is not reading or writing chats. Every method raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._path = database.path

    def look(self) -> None:
        """See whether the file can be used, and mend it if it is damaged, as its first use would. Where there is none,
        nothing is made."""
        if size(self._path) or self._path.with_name(f"{self._path.name}-wal").exists():
            self._database.look()
        elif copies := self.backups():
            self._database.tell(
                f"There is no session database, but a backup of it, {copies[0].name}: {RESTORING} brings it back."
            )

    def back_up(self, today: date, wanted: Callable[[], bool] = lambda: True) -> None:
        """Copy the file, once a day, when there is something new. A copy that turns out to be damaged is not kept: then
        the file itself is mended."""
        if not backups.due(self._path, today):
            return
        with in_our_words(self._path):
            try:
                wrong = backups.make(self._path, today, wanted)
            except backups.GivenUp:
                return
        if wrong:
            self._database.mend(wrong)

    def backups(self) -> list[Path]:
        """The newest first."""
        with in_our_words(self._path):
            return backups.listed(self._path)

    def set_aside(self) -> Sequence[Path]:
        """The files whose place another has taken."""
        found = self._path.parent.glob(f"{self._path.stem}-*{self._path.suffix}")
        return sorted(found, key=lambda path: path.name)

    def restore(self, backup: Path) -> Path | None:
        """Put a copy of a backup in the place of the file; where that is now, None when there was none."""
        with in_our_words(self._path):
            wrong = backups.examined(backup)
        if wrong:
            raise StoreError(
                f"The backup {backup} is damaged as well: {wrong}.",
                hint="Another one may do: deepchat doctor lists them.",
            )
        return self._database.replace(backup)

    def mend(self, why: str) -> None:
        """Put what can be read into a new file."""
        self._database.mend(why)

    def checkup(self) -> Checkup:
        """Count what is there, and look through all of it; that takes seconds where it is much."""
        with self._database.reading() as connection:
            counts = connection.execute(
                """SELECT count(*) FILTER (WHERE trashed_ms IS NULL), count(trashed_ms),
                   (SELECT count(*) FROM message) FROM session"""
            )
            sessions, trashed, messages = counts.fetchone()
            version = version_of(connection)
        return Checkup(
            self._path, size(self._path), version, sessions, messages, trashed, self.wrong()
        )

    def wrong(self) -> str:
        """What is wrong with the file, "" for nothing, when all of it is looked through. Damage that shows is mended."""
        self.look()
        if not size(self._path):
            return ""
        with in_our_words(self._path):
            return backups.wrong_with(self._path)
