"""What was typed before, over all sessions: one JSON line per entry in a file only the user can read; and the ghost of
an earlier line behind the one being typed."""

import itertools
import json
import os
import re
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final, Self

from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.history import History

from deepchat.locks import lock
from deepchat.repl.aside import aside
from deepchat.repl.needs import Entry, Spans
from deepchat.repl.registry import split_command

LIMIT: Final = 5_000

# Entries have a bounded place in the history; a longer text is still whole in its session.
LONGEST: Final = 64 * 1024

# Bytes that are read, the newest; a file twice as long is cut back to them.
LARGEST: Final = 4 << 20

# Another process holds the lock for the moment of one write. One that was suspended in that very moment must not make
# us wait for its return.
PATIENCE_S: Final = 1.0
SLICE_S: Final = 0.001


# Somebody may put the key there, where the name of a provider belongs.
_LOGIN: Final = re.compile(r"\s*/log[a-z]*\s+\S", re.IGNORECASE)


class Kept(str):
    """An entry that knows which parts of it were pasted. To prompt_toolkit it is a text like any other."""

    pasted: Spans

    def __new__(cls, entry: Entry) -> Self:
        kept = super().__new__(cls, entry.text)
        kept.pasted = entry.pasted
        return kept


def kept(entry: Entry) -> str:
    """An entry as the history holds it."""
    return Kept(entry) if entry.pasted else entry.text


def recalled(text: str) -> Entry:
    """The entry that the history holds as this."""
    return Entry(str(text), text.pasted if isinstance(text, Kept) else ())


_State = tuple[int, int] | None


class FileHistory(History):
    """Entries shared by every terminal that writes to this file. A disk that fails costs the entry, not the chat.

    Under a lock, lines are appended with one write, and a file that has grown too long is written anew. The newest
    5,000 different ones are read, on a thread of its own. An entry is a string, or, with `pasted` parts, an object.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        is_private: Callable[[], bool] = bool,
        is_secret: Callable[[str], bool] = lambda text: False,
    ) -> None:
        super().__init__()
        self._path = path
        self._is_private = is_private
        self._is_secret = is_secret
        self._known: _State = None

    async def load(self) -> AsyncGenerator[str, None]:
        """The newest first, each once."""
        if not self._is_current():
            self._add(await aside(lambda: list(self.load_history_strings())))
        for entry in self._loaded_strings:
            yield entry

    def fill(self, buffer: Buffer) -> None:
        """Have the entries in the buffer now, those of other processes among them: one is about to go through them."""
        buffer.load_history_if_not_yet_loaded()
        loading = buffer._load_history_task
        if self._is_current() and (loading is None or loading.done()):
            return
        if loading:
            loading.cancel()
        if not self._is_current():
            self._add(self.load_history_strings())
        draft, cursor = buffer.text, buffer.cursor_position
        buffer._working_lines.clear()
        buffer._working_lines.extend([*reversed(self._loaded_strings), draft])
        buffer.working_index = len(buffer._working_lines) - 1
        buffer.cursor_position = cursor

    def _add(self, stored: Iterable[str]) -> None:
        """What is stored is in the order in which it was entered, by whomever; some entries are only here."""
        stored = list(stored)
        here = set(self._loaded_strings).difference(stored)
        ours = [entry for entry in self._loaded_strings if entry in here]
        self._loaded_strings = [*ours, *stored]
        self._loaded = True

    def _is_current(self) -> bool:
        """Whether all that stands in the file is known here."""
        return self._loaded and (self._path is None or _state(self._path) == self._known)

    def load_history_strings(self) -> Iterable[str]:
        """The newest first, each once; what is beyond them is taken out of a file that has grown too long."""
        if self._path is None:
            return []
        try:
            with open(self._path, "rb", opener=_private) as file:
                self._known = _state(file.fileno())
                size = file.seek(0, os.SEEK_END)
                lines = _last_lines(file)
        except OSError:
            return []
        if size > 2 * LARGEST or len(lines) > 2 * LIMIT:
            with suppress(OSError):  # it is read all the same
                _compact(self._path)
        return _newest(lines)

    def append_string(self, string: str) -> None:
        """Add an entry, or make an older one like it the newest."""
        with suppress(ValueError):
            self._loaded_strings.remove(string)
        super().append_string(string)

    def store_string(self, string: str) -> None:
        """Keep one entry for next time, unless the chat is one of which nothing is kept, or it holds a key."""
        if self._path is None or self._is_private() or len(string) > LONGEST:
            return
        if _LOGIN.match(string) or self._is_secret(string):
            return
        with suppress(OSError), _locked(self._path) as file:
            was_current = self._is_current()
            # What a killed process, or a full disk, has left of a line must not take ours along.
            start = b"" if _ends_with_newline(file) else b"\n"
            file.write(start + _line(string))
            file.flush()
            self._known = _state(file.fileno()) if was_current else self._known


def _state(file: Path | int) -> "_State":
    """What tells the file from what it was before; None where there is none."""
    try:
        found = os.fstat(file) if isinstance(file, int) else file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size


class Ghost(AutoSuggest):
    """The rest of the newest entry that begins with what is typed: its first line, and never of a command.

    What stood behind a command is seldom right again: the id of another chat, a number of another reply.
    """

    def get_suggestion(self, buffer: Buffer, document: Document) -> Suggestion | None:
        """What may follow; None for nothing."""
        typed = document.text
        if not typed.strip() or "\n" in typed or split_command(typed):
            return None
        for entry in reversed(buffer.history.get_strings()):
            if entry.startswith(typed):
                end = len(entry.partition("\n")[0])
                rest = recalled(entry).cut(len(typed), end)
                if rest.text:
                    return Suggestion(kept(rest))
        return None


def _newest(lines: list[bytes]) -> list[str]:
    """The entries of these lines, the last first, each once."""
    found: dict[str, None] = {}
    for line in reversed(lines):
        entry = _entry(line)
        if entry:
            found.setdefault(entry)
        if len(found) == LIMIT:
            break
    return list(found)


def _entry(line: bytes) -> str:
    """The entry of one line; "" for one that is torn."""
    try:
        entry = json.loads(line)
        if isinstance(entry, dict):
            return _with_pastes(str(entry["text"]), entry["pasted"])
    except (ValueError, LookupError, TypeError, OverflowError):
        return ""
    return entry if isinstance(entry, str) else ""


def _with_pastes(text: str, pasted: Iterable[Iterable[int]]) -> str:
    """TypeError, ValueError. Parts that cannot be: all of it may have been pasted."""
    parts = tuple((int(start), int(end)) for start, end in pasted)
    places = [0, *itertools.chain(*parts), len(text)]
    return kept(Entry(text, parts if places == sorted(places) else ((0, len(text)),)))


def _line(entry: str) -> bytes:
    values = {"text": entry, "pasted": entry.pasted} if isinstance(entry, Kept) else entry
    # ASCII, in which every text can be written: also one with half a surrogate pair.
    return (json.dumps(values) + "\n").encode("ascii")


def _compact(path: Path) -> None:
    """Write the file anew with what is read of it, and put it in its place. OSError when that cannot be."""
    with _locked(path) as file:
        entries = _newest(_last_lines(file))
        fresh = path.with_name(f"{path.name}.new")
        with open(fresh, "wb", opener=_private) as copy:
            copy.writelines(_line(entry) for entry in reversed(entries))
        fresh.replace(path)


def _last_lines(file: IO[bytes]) -> list[bytes]:
    size = file.seek(0, os.SEEK_END)
    file.seek(-min(size, LARGEST), os.SEEK_END)
    lines = file.read().splitlines()
    return lines[1:] if size > LARGEST else lines  # the first one may be the end of an entry


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """The file, to read and append to, locked against other processes; made when it is not there. OSError."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with open(path, "a+b", opener=_private) as file:
            if _is_locked(file.fileno(), deadline) and _is_at(file.fileno(), path):
                yield file
                return
        time.sleep(SLICE_S)


def _is_locked(file: int, deadline: float) -> bool:
    """Whether the lock is ours now. OSError when another has held it for too long."""
    try:
        lock(file)
    except OSError:
        if time.monotonic() > deadline:
            raise
        return False
    return True


def _is_at(file: int, path: Path) -> bool:
    """Whether the open file is still the one of this name."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _private(path: str, flags: int) -> int:
    """Open for the user's eyes only; what others could read so far as well."""
    file = os.open(path, flags, 0o600)
    with suppress(OSError):  # somebody else's
        if os.name == "posix" and os.fstat(file).st_mode & 0o077:
            os.fchmod(file, 0o600)
    return file


def _ends_with_newline(file: IO[bytes]) -> bool:
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
