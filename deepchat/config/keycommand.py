"""Asking a program of the user's, such as a password manager, for a key. Whose key that is, is not known here."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Final

from deepchat.errors import NoKey
from deepchat.secret import Secret, mask
from deepchat.text import clean_line
from deepchat.wanted import is_wanted

LIMIT_S: Final = 30.0

# What prints more than this prints no key.
_LARGEST: Final = 64 << 10

# How much of its complaints is kept, the last.
_COMPLAINTS: Final = 4 << 10
_LONGEST: Final = 200

# How often it is looked whether anybody still waits; and how long what it printed may take to arrive when it has ended.
_LOOK_S: Final = 0.05
_ARRIVE_S: Final = 1.0


def first_line(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    whose: str,
    limit_s: float = LIMIT_S,
) -> str:
    """The first line that this program prints. Raises NoKey, which quotes nothing of that, with the last line of what it
    complained about.

    It is run without a shell and has no terminal: a chat stands in that one. It may take so long, and is ended when it
    does, or when nobody wants it any more.
    """
    process = _started(command, environ, whose)
    assert process.stdout  # noqa: S101  both are pipes
    assert process.stderr  # noqa: S101
    out, complaints = _Heard(process.stdout), _Heard(process.stderr)
    try:
        why = _why_not_ended(process, out, limit_s)
    finally:
        _end(process)
    for heard in (out, complaints):
        heard.join(_ARRIVE_S)
    line = out.text.partition("\n")[0].strip()
    why = why or _why_no_key(process.returncode, out, line)
    if why:
        raise _failed(whose, f"{why}{_last(complaints.text, line)}")
    return line


def _started(
    command: Sequence[str], environ: Mapping[str, str], whose: str
) -> subprocess.Popen[bytes]:
    # pinentry would draw on the terminal that gpg names to it.
    given = {name: value for name, value in environ.items() if name != "GPG_TTY"}
    try:
        return subprocess.Popen(  # noqa: S603  it is the user's own, from the user's file
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=given,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        # Not by its name: what was put there may be the key itself.
        reason = getattr(error, "strerror", None) or "that is no program"
        raise _failed(whose, f"cannot be run: {reason.lower()}") from None


def _why_not_ended(process: subprocess.Popen[bytes], out: "_Heard", limit_s: float) -> str:
    """Wait for its end; what kept it from that, "" for nothing."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_S)
            return ""
        if not is_wanted():
            return "was stopped"
        if out.is_too_much:
            return _why_no_key(0, out, "")
    return f"gave no key within {limit_s:g} s"


def _why_no_key(code: int, out: "_Heard", line: str) -> str:
    if out.is_too_much:
        return f"printed more than {_LARGEST >> 10} KB, which is no key"
    if code:
        return f"failed (exit code {code})" if code > 0 else f"was ended by signal {-code}"
    return "" if line else "printed nothing"


def _last(complaints: str, line: str) -> str:
    """The last line of its complaints, behind a colon: without what may be the key."""
    said = complaints.strip().rpartition("\n")[2]
    told = clean_line(mask(Secret(line).redact(said)), _LONGEST).strip().rstrip(".")
    return f": {told}" if told else ""


def _failed(whose: str, why: str) -> NoKey:
    return NoKey(
        f"The key_command of {clean_line(whose)} {why}.",
        hint="Try it in a shell; deepchat login stores a key instead.",
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """With all that it has started, unless it has ended by itself."""
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class _Heard(threading.Thread):
    """Reads a pipe to its end, so that nobody who writes to it is held up; the beginning and the end of it are kept."""

    def __init__(self, pipe: IO[bytes]) -> None:
        super().__init__(name="key_command", daemon=True)
        self.is_too_much = False
        self._pipe = pipe
        self._head = self._tail = b""
        self.start()

    def run(self) -> None:
        with self._pipe, suppress(OSError):
            while piece := os.read(self._pipe.fileno(), _LARGEST):
                room = _LARGEST - len(self._head)
                self._head += piece[:room]
                self._tail = (self._tail + piece[room:])[-_COMPLAINTS:]
                self.is_too_much |= len(piece) > room

    @property
    def text(self) -> str:
        """What was heard, as far as it was kept."""
        return (self._head + self._tail).decode("utf-8", "replace")
