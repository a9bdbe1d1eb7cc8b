"""Housekeeping beside the chat: what has expired is thrown away in small steps, long after the start."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from deepchat.errors import StoreError

# By then the first question has been typed, or a short visit is over.
QUIET_S: Final = 10.0

# Between two steps, so that a reply that streams gets at the disk.
BETWEEN_S: Final = 0.1


class Tidying:
    """A thread that takes `step` after step while there is something to do, and none after `close`."""

    def __init__(self, step: Callable[[], bool], *, quiet_s: float = QUIET_S) -> None:
        self._step = step
        self._quiet_s = quiet_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tidying", daemon=True)

    def start(self) -> None:
        """Begin to wait for a quiet moment."""
        self._thread.start()

    def close(self) -> None:
        """See the step at hand through, and stop."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        with suppress(StoreError):  # the next start tries again
            wait = self._quiet_s
            while not self._over.wait(wait) and self._step():
                wait = BETWEEN_S
