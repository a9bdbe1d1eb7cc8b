"""`!command`: one run of the user's shell, its output as it comes, and how to end it."""

import asyncio
import codecs
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import IO, Final

from deepchat import figures
from deepchat.conversation import TEXT, Attachment
from deepchat.errors import UsageError
from deepchat.repl.aside import aside
from deepchat.text import clean

# Of a long output the beginning and the end are kept, this many bytes of each; on the screen this many lines.
HALF: Final = 50_000
SHOWN_LINES: Final = 200

# How long a command may take to end when it is asked to.
GRACE_S: Final = 1.0

_CHUNK: Final = 65_536
_LONGEST_LINE: Final = 10_000

# How often it is looked whether a command that writes nothing has ended, or is to.
_LINGER_S: Final = 0.1

_COLORS: Final = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that has ended: its exit status (negative, the signal that ended it), and what it wrote."""

    command: str
    status: int
    output: str

    @property
    def ending(self) -> str:
        return f"signal {-self.status}" if self.status < 0 else f"exit status {self.status}"

    @property
    def attachment(self) -> Attachment:
        """What it wrote, under what was run and how that ended."""
        return Attachment(f"$ {self.command} ({self.ending})", TEXT, self.output.encode())


async def run(
    command: str, environ: Mapping[str, str], show: Callable[[str], None], *, given: bytes = b""
) -> Ran:
    """Run a command; `show` gets its output line by line, made safe. Cancelled, it ends the command and all it started.

    It reads what it is `given`, and has no terminal, so that it takes no keys and draws nothing. UsageError when there is
    no shell.
    """
    process = _started(command, environ, given)
    loop, stop = asyncio.get_running_loop(), threading.Event()
    screen = _Screen(lambda text: loop.call_soon_threadsafe(show, text))
    ran = asyncio.ensure_future(aside(partial(_follow, command, process, stop, screen)))
    try:
        return await asyncio.shield(ran)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([ran], timeout=2 * GRACE_S)
        raise


def _started(command: str, environ: Mapping[str, str], given: bytes) -> subprocess.Popen[bytes]:
    windows = sys.platform == "win32"
    shell = environ.get("COMSPEC", "cmd.exe") if windows else environ.get("SHELL") or "/bin/sh"
    try:
        with _file_of(given) if given else nullcontext(subprocess.DEVNULL) as stdin:
            return subprocess.Popen(  # noqa: S603  the user's own words, to the user's own shell
                [shell, "/c" if windows else "-c", command],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except (OSError, ValueError) as error:
        raise UsageError(f"The shell cannot be run: {error}.", hint="$SHELL names it.") from error


def _file_of(data: bytes) -> IO[bytes]:
    """To be read from its beginning. A pipe could be full before the command reads."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  the caller's to close
    file.write(data)
    file.seek(0)
    return file


def _follow(
    command: str, process: subprocess.Popen[bytes], stop: threading.Event, screen: "_Screen"
) -> Ran:
    """On a thread of its own: take in what is written, until the command has ended or is to."""
    output = _Output()
    with process.stdout or nullcontext():
        try:
            for data in _written(process, stop):
                output.add(data)
                screen.add(data)
            screen.finish()
            while not (stop.is_set() or _has_ended(process)):
                pass
        finally:
            if stop.is_set():
                _end(process)
    return Ran(command, process.wait(), output.text())


def _written(process: subprocess.Popen[bytes], stop: threading.Event) -> Iterator[bytes]:
    """What comes, until no more can; what the command leaves running may hold on to the pipe."""
    assert process.stdout  # noqa: S101  a pipe was asked for
    pipe = process.stdout.fileno()
    while not stop.is_set():
        if _holds_something(pipe):
            data = os.read(pipe, _CHUNK)
            if not data:
                return
            yield data
        elif process.poll() is not None:
            return


def _holds_something(pipe: int) -> bool:
    """Wait a moment for it. Windows can only read, and wait in that."""
    return sys.platform == "win32" or bool(select.select([pipe], [], [], _LINGER_S)[0])


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Wait a moment for it."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(_LINGER_S)
    return process.returncode is not None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the whole group to end, then make it: jobs in the background ignore the first."""
    _signal(process, "SIGINT")
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)
    _signal(process, "SIGKILL")


def _signal(process: subprocess.Popen[bytes], name: str) -> None:
    with suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.terminate()
        else:
            os.killpg(process.pid, signal.Signals[name])


class _Output:
    """What was written: its beginning and its end, however much it was."""

    def __init__(self) -> None:
        self._size = 0
        self._head = bytearray()
        self._tail = bytearray()

    def add(self, data: bytes) -> None:
        self._size += len(data)
        room = HALF - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        del self._tail[:-HALF]

    def text(self) -> str:
        left_out = self._size - len(self._head) - len(self._tail)
        gap = f"\n[{figures.size(left_out)} left out]\n".encode() if left_out else b""
        whole = bytes(self._head + gap + self._tail).decode("utf-8", "replace")
        return _COLORS.sub("", whole)


class _Screen:
    """Shows whole lines, up to a number of them, and at the end says how many more there were."""

    def __init__(self, show: Callable[[str], object]) -> None:
        self._show = show
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._open = ""
        self._lines = 0

    def add(self, data: bytes) -> None:
        *lines, self._open = (self._open + self._decoder.decode(data)).split("\n")
        if len(self._open) > _LONGEST_LINE:
            lines.append(self._open)
            self._open = ""
        self._put(lines)

    def finish(self) -> None:
        self._put([self._open] if self._open else [])
        if self._lines > SHOWN_LINES:
            self._show(f"… {self._lines - SHOWN_LINES:,} more lines\n")

    def _put(self, lines: list[str]) -> None:
        shown = lines[: max(0, SHOWN_LINES - self._lines)]
        self._lines += len(lines)
        if shown:
            self._show("".join(f"{clean(_COLORS.sub('', line))}\n" for line in shown))
