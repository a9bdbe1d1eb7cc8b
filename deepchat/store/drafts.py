"""What was typed and not sent, one small file each, so that neither a kill -9 nor a database in trouble costs it.

Whose they are is told by the lock that each process holds, see `writers`; when they are written is not known here.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from deepchat.conversation import Draft, clock_ms, new_id
from deepchat.store.writers import Writer, is_alive

_ENDING: Final = ".json"
_UNFINISHED: Final = ".new"


class DraftFiles:
    """Drafts in `folder`, which is made with the first. It satisfies `repl.needs.Drafts`.

    Any thread may use it. Nothing raises: a disk that fails costs the draft of a process that dies as well. A file is
    named OWNER.ID.json; OWNER is a writer's id, and holds a lock beside those of the store while its process lives.
    """

    def __init__(self, folder: Path, *, now_ms: Callable[[], int] = clock_ms) -> None:
        self._folder = folder
        self._owners = folder.with_name("writers")
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._owner: Writer | None = None
        self._files: dict[str, list[Path]] = {}

    def keep(self, draft: Draft) -> None:
        """This one, in place of what this process has kept for its session; an empty one only takes that away."""
        with self._lock, suppress(OSError):
            before = self._files.get(draft.session, [])
            kept = []
            if not draft.empty:
                kept = before[:1] or [self._fresh()]
                _write(kept[0], draft)
            self._files[draft.session] = kept
            for path in before[len(kept) :]:
                path.unlink(missing_ok=True)

    def left(self) -> dict[str, Draft]:
        """What processes that are gone have left: by name, the newest first."""
        with suppress(OSError):
            dead = [path for path in self._folder.iterdir() if not self._is_owned(path)]
            for path in dead:
                if path.suffix == _UNFINISHED:
                    path.unlink(missing_ok=True)
            return dict(_drafts(path for path in dead if path.suffix == _ENDING))
        return {}

    def claim(self, name: str, session: str) -> bool:
        """Make a draft that was left one of this process, for this session; False when another has been faster."""
        with self._lock, suppress(OSError):
            mine = self._fresh()
            (self._folder / name).rename(mine)
            self._files.setdefault(session, []).append(mine)
            return True
        return False

    def close(self) -> None:
        """Let go of the drafts: the next process that looks may have them."""
        owner, self._owner = self._owner, None
        if owner:
            with suppress(OSError):
                owner.close()

    def _fresh(self) -> Path:
        """A name under which nobody else writes. OSError."""
        now = self._now_ms()
        if self._owner is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._owner = Writer(self._owners, new_id(now))
        return self._folder / f"{self._owner.id}.{new_id(now)}{_ENDING}"

    def _is_owned(self, path: Path) -> bool:
        owner = path.name.partition(".")[0]
        return (self._owner is not None and owner == self._owner.id) or is_alive(
            self._owners, owner
        )


def _write(path: Path, draft: Draft) -> None:
    """Whole or not at all. Not synced: it is the end of the process that is feared, not that of the machine."""
    values = {"session": draft.session, "text": draft.text, "queued": draft.queued}
    aside = path.with_suffix(_UNFINISHED)
    file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "wb") as copy:
        # ASCII, in which every text can be written: also one with half a surrogate pair.
        copy.write(json.dumps(values).encode("ascii"))
    aside.replace(path)


def _drafts(paths: Iterator[Path]) -> Iterator[tuple[str, Draft]]:
    for path in sorted(paths, key=_changed_ns, reverse=True):
        draft = _read(path)
        if draft:
            yield path.name, draft


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # another process has taken it
        return 0


def _read(path: Path) -> Draft | None:
    """None for a file that is no draft."""
    try:
        values = json.loads(path.read_bytes())
        return Draft(str(values["session"]), str(values["text"]), tuple(map(str, values["queued"])))
    except (OSError, ValueError, LookupError, TypeError):
        return None
