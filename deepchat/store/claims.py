"""Which sessions are open, and in which process: each holds a lock on a file of its own. What is in them is not known here."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from deepchat.locks import lock

# What a system says when somebody else holds the lock; anything else means that there are no locks here.
_HELD: Final = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)


class Claims:
    """What this process has open, in `folder`. It satisfies `chat.Claims`; nothing raises.

    Where no lock can be had, on a read-only disk or some network ones, every session is free.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, int] = {}

    def take(self, session_id: str) -> bool:
        """Whether no other process has this session open; this one has it then."""
        if session_id in self._files:
            return True
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            while (file := self._locked(self._folder / session_id)) is None:
                pass
        except OSError as error:
            return error.errno not in _HELD
        self._files[session_id] = file
        return True

    def _locked(self, path: Path) -> int | None:
        """The file with the lock on it; None when it was taken away in between. OSError when the lock is held."""
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            lock(file)
            if path.exists() and path.stat().st_ino == os.fstat(file).st_ino:
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)
        return None

    def drop(self, session_id: str) -> None:
        """It is open here no more."""
        file = self._files.pop(session_id, None)
        if file is not None:
            with suppress(OSError):
                (self._folder / session_id).unlink()
            os.close(file)

    def close(self) -> None:
        """None is."""
        for session_id in tuple(self._files):
            self.drop(session_id)
