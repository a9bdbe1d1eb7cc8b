"""Whether anybody still waits for what a thread is doing: who starts it knows, and what may take long in it asks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


def _always() -> bool:
    return True


_wanted: ContextVar[Callable[[], bool]] = ContextVar("wanted", default=_always)


def is_wanted() -> bool:
    """Whether the work of this thread is; where nobody said anything, it is."""
    return _wanted.get()()


@contextmanager
def wanted_while(claim: Callable[[], bool]) -> Iterator[None]:
    """Inside, on this thread, the work is wanted for as long as this says so. It may be asked a thousand times a second."""
    token = _wanted.set(claim)
    try:
        yield
    finally:
        _wanted.reset(token)
