"""What was typed before, over all sessions: one JSON line per entry in a file only the user can read."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from prompt_toolkit.history import History

LIMIT: Final = 5_000

# Entries have a bounded place in the history; a longer text is still whole in its session.
LONGEST: Final = 64 * 1024


class FileHistory(History):
    """Entries shared by every terminal that writes to this file. A disk that fails costs the entry, not the chat.

    Lines are appended with one write on O_APPEND, so processes do not mix; the newest 5,000 different ones are read.
    """

    def __init__(self, path: Path | None) -> None:
        super().__init__()
        self._path = path

    def load_history_strings(self) -> Iterable[str]:
        """The newest first, each once."""
        if self._path is None or not self._path.exists():
            return
        seen: set[str] = set()
        for line in reversed(_lines(self._path)):
            entry = _entry(line)
            if entry and entry not in seen:
                seen.add(entry)
                yield entry
            if len(seen) == LIMIT:
                return

    def store_string(self, string: str) -> None:
        """Keep one entry for next time."""
        if self._path is None or len(string) > LONGEST:
            return
        line = (json.dumps(string) + "\n").encode("ascii")
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError:
            return
        try:
            os.write(file, line)
        except OSError:
            return
        finally:
            os.close(file)


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().splitlines()
    except OSError:
        return []


def _entry(line: bytes) -> str:
    """The entry of one line; "" for one that is torn."""
    try:
        entry = json.loads(line)
    except ValueError:
        return ""
    return entry if isinstance(entry, str) else ""
