"""Who is alive: each process that streams replies holds a lock on a file of its own for as long as it lives.

The system releases a lock when its holder ends in whatever way, so a lock that can be taken means a dead writer. Nothing
about the database is known here.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deepchat.locks import lock


class Writer:
    """This process, as the others see it. `id` stands in what it writes."""

    def __init__(self, folder: Path, fresh_id: str) -> None:
        """Hold a lock in `folder` under an id that nobody had before. OSError when the folder cannot be written."""
        folder.mkdir(mode=0o700, exist_ok=True)
        self.id = fresh_id
        self._path = folder / fresh_id
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        lock(self._file)

    def close(self) -> None:
        os.close(self._file)
        self._path.unlink(missing_ok=True)


def is_alive(folder: Path, writer_id: str) -> bool:
    """Whether the process that wrote under this id still runs."""
    with _opened(folder / writer_id) as file:
        return file is not None and not _locked(file)


def sweep(folder: Path, *, before: str) -> None:
    """Take away what killed writers left behind: a writer without a file is dead as well.

    Only ids that sort before this one: a new writer has no lock in the moment between making its file and locking it.
    """
    with suppress(OSError):  # housekeeping: a file that is somebody else's is no reason to stop
        for path in folder.iterdir():
            if path.name < before and not is_alive(folder, path.name):
                path.unlink(missing_ok=True)


@contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield None
        return
    try:
        yield file
    finally:
        os.close(file)


def _locked(file: int) -> bool:
    with suppress(OSError):
        lock(file)
        return True
    return False
