"""Who has the database open: each process that does holds a shared lock beside it, and one that is to replace the file
has to hold it alone. Nothing is known here of what is in the file.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from deepchat.locks import lock, share

# How long one that replaces the file is waited for.
_PATIENCE_S: Final = 5.0


class Use:
    """One process's use of the file at `path`. Where no lock can be had, on a read-only disk or some network ones, it is
    used without."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}-lock")
        self._file: int | None = None

    def begin(self) -> bool:
        """Whether nobody else uses it, nor can before `go_on`. OSError when somebody else keeps it alone for long."""
        if self._file is None:
            with suppress(PermissionError, FileNotFoundError):
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        if self._file is None:
            return False
        try:
            lock(self._file)
        except OSError:
            self.go_on()
            return False
        return True

    def go_on(self) -> None:
        """Use it beside others. OSError as above."""
        if self._file is None:
            return
        deadline = time.monotonic() + _PATIENCE_S
        while not self._shared(self._file):
            if time.monotonic() > deadline:
                raise TimeoutError("another deepchat is mending it")
            time.sleep(0.02)

    def _shared(self, file: int) -> bool:
        try:
            share(file)
        except BlockingIOError:
            return False
        except OSError:  # there are no locks here
            return True
        return True

    def end(self) -> None:
        """It is closed."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)
