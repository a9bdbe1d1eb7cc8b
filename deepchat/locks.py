"""Locks on files, by which processes know of one another. What a lock means is for those who hold it to say."""

import sys

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def lock(file: int) -> None:
    """An exclusive lock that ends with the descriptor, or with the process in whatever way. OSError when it is held."""
    if sys.platform == "win32":
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        # flock, not lockf: the latter never conflicts within one process, and ends when any descriptor is closed.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def share(file: int) -> None:
    """A lock that many may hold at once, and nobody while there is an exclusive one: OSError then.

    Windows has none through Python. It does not let go of a file that is open, which is what this is to prevent.
    """
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
