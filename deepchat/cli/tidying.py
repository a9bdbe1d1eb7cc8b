"""Housekeeping beside the chat: what has expired is thrown away, and backups are made, in small steps, long after the
start."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from deepchat.errors import StoreError

# By then the first question has been typed, or a short visit is over.
QUIET_S: Final = 10.0

# Between two steps, so that a reply that streams gets at the disk.
BETWEEN_S: Final = 0.1


class Step(Protocol):
    """A part of the work; whether there is another one to do. One that takes long stops when it is not `wanted`."""

    def __call__(self, wanted: Callable[[], bool]) -> bool: ...


class Tidying:
    """A thread that takes each of `steps`, again and again while there is more of it to do, and none after `close`."""

    def __init__(self, *steps: Step, quiet_s: float = QUIET_S) -> None:
        self._steps = steps
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
            for step in self._steps:
                while not self._over.wait(wait) and step(self._wanted):
                    wait = BETWEEN_S
                wait = BETWEEN_S

    def _wanted(self) -> bool:
        return not self._over.is_set()
