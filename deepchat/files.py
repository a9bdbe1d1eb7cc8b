"""A file written whole or not at all, and one that grows."""

import os
import tempfile
from pathlib import Path

from deepchat.errors import UsageError


def write(path: Path, text: str, *, force: bool = False) -> None:
    """Write a text, byte for byte. A file that exists is only replaced by `force`, and then at once; one that a link leads to,
    in its own place. UsageError when that cannot be."""
    try:
        (_replace if force else _create)(path, text.encode("utf-8", "replace"))
    except FileExistsError:
        raise UsageError(f"{path} exists already.", hint="--force replaces it.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error


def like(path: Path, text: str) -> str:
    """A text of which each line ends as those of the file do that is there, if all of them end alike. OSError is none."""
    try:
        there = path.read_bytes()
    except OSError:
        return text
    windows = there.count(b"\r\n")
    return text.replace("\n", "\r\n") if windows and windows == there.count(b"\n") else text


def append(path: Path, text: str) -> None:
    """Add to a file that only the user can read when it is new. OSError when that cannot be."""
    number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(number, "a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)


def _create(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _replace(path: Path, data: bytes) -> None:
    path = path.resolve()
    if not path.exists():
        _create(path, data)
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    aside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        aside.chmod(path.stat().st_mode & 0o777)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
