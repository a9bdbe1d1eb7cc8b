"""A damaged file set aside, untouched, and a new one in its place with what can be read.

Whoever calls has the file alone (`use`). At whatever instant the process ends, the next one goes on from there: a
replacement that is complete has a name that says so, and what it replaces.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Final

from deepchat.store.opening import checkpoint, opened, size
from deepchat.store.pages import Pages
from deepchat.store.salvage import Salvaged, salvage

_COMPLETE: Final = ".new"
_PARTIAL: Final = ".part"

# From this size on it takes more than a few seconds, which is said before.
_LARGE: Final = 16 << 20

Tell = Callable[[str], None]


def mend(path: Path, why: str, tell: Tell) -> None:
    """Salvage what is at `path` into a new file, which takes its place. `tell` is told what was found, and where the
    original lies. Raises OSError, sqlite3.Error; then all is as it was."""
    if size(path) > _LARGE:
        tell("The session database is damaged. What can be read of it is saved into a new one …")
    label = unused_label(path, "damaged")
    with replacement(path, label) as fresh, closing(opened(fresh)) as target:
        found = _salvaged(path, target)
        checkpoint(target)
    complete(path)
    tell(_report(path, label, why, found))


def _salvaged(path: Path, target: sqlite3.Connection) -> Salvaged:
    with _descriptor(path) as file, _descriptor(Path(f"{path}-wal")) as log:
        if file is None and log is None:
            return Salvaged(0, 0)
        return salvage(Pages(file, log), target)


@contextmanager
def _descriptor(path: Path) -> Iterator[int | None]:
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        yield file
    finally:
        os.close(file)


def _report(path: Path, label: str, why: str, found: Salvaged) -> str:
    where = f"The damaged one is {aside(path, label)}."
    if not found.messages:
        return f"The session database was damaged ({why}), and nothing in it could be read. {where}"
    chats = f"{found.sessions} chat{'s' if found.sessions != 1 else ''}"
    messages = f"{found.messages} message{'s' if found.messages != 1 else ''}"
    return f"The session database was damaged ({why}). {chats} with {messages} are in a new one. {where}"


@contextmanager
def replacement(path: Path, label: str) -> Iterator[Path]:
    """A place beside `path` for the file that is to take its place; complete when the block ends without an exception."""
    complete = path.with_name(f"{path.name}.{label}{_COMPLETE}")
    partial = complete.with_suffix(_PARTIAL)
    try:
        yield partial
        _synced(partial)
        partial.replace(complete)
    finally:
        for end in ("", "-wal", "-shm", "-lock"):
            Path(f"{partial}{end}").unlink(missing_ok=True)


def complete(path: Path) -> None:
    """Put every complete replacement in its place, and aside what was there. Nothing happens where there is none."""
    for new in sorted(path.parent.glob(f"{path.name}.*{_COMPLETE}")):
        label = new.name.removeprefix(f"{path.name}.").removesuffix(_COMPLETE)
        # The log last: without the file before it, it would be damage of its own.
        for end in ("", "-wal"):
            with suppress(FileNotFoundError):
                Path(f"{path}{end}").rename(f"{aside(path, label)}{end}")
        Path(f"{path}-shm").unlink(missing_ok=True)
        new.rename(path)
        _synced(path.parent)


def aside(path: Path, label: str) -> Path:
    """Where the file goes whose place another takes."""
    return path.with_name(f"{path.stem}-{label}{path.suffix}")


def unused_label(path: Path, why: str) -> str:
    """A label for `replacement` under which nothing was set aside yet: why, and the local time."""
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    labels = chain([f"{why}-{stamp}"], (f"{why}-{stamp}-{number}" for number in count(2)))
    return next(label for label in labels if not aside(path, label).exists())


def _synced(path: Path) -> None:
    """On the disk, as far as the system says so."""
    with suppress(PermissionError):  # folders on Windows
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
