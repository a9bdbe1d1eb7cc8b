"""What was typed and not sent, one small folder each, so that neither a kill -9 nor a database in trouble costs it.

Whose they are is told by the lock that each process holds, see `writers`; when they are written is not known here.
"""

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from deepchat.conversation import Attachment, Draft, Unsent, clock_ms, new_id
from deepchat.store.writers import Writer, is_alive

# Bytes of attachments that are kept with one draft: the largest picture, and all texts that fit a window.
LARGEST: Final = 32 << 20

# Bytes from which on a pasted part of a text is not written again with each key.
LONG: Final = 8 << 10

_DRAFT: Final = "draft.json"


class DraftFiles:
    """Drafts in `home`, which is made with the first. It satisfies `repl.needs.Drafts`.

    Any thread may use it. Nothing raises: a disk that fails costs the draft of a process that dies as well. A draft is a
    folder OWNER.ID; OWNER is a writer's id, and holds a lock beside those of the store while its process lives. In it are
    `draft.json` and what is attached or was pasted at length, each body written once, under its SHA-256.
    """

    def __init__(self, home: Path, *, now_ms: Callable[[], int] = clock_ms) -> None:
        self._home = home
        self._owners = home.with_name("writers")
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._owner: Writer | None = None
        self._folders: dict[str, list[Path]] = {}
        self._names: dict[bytes, str] = {}

    def keep(self, draft: Draft) -> None:
        """This one, in place of what this process has kept for its session; an empty one only takes that away."""
        with self._lock, suppress(OSError):
            before = self._folders.get(draft.session, [])
            kept = []
            if not draft.empty:
                kept = before[:1] or [self._fresh()]
                self._write(kept[0], draft)
            self._folders[draft.session] = kept
            for folder in before[len(kept) :]:
                _remove(folder)

    def left(self) -> dict[str, str]:
        """What processes that are gone have left: names and the sessions they belong to, the newest first."""
        with suppress(OSError):
            dead = [folder for folder in self._home.iterdir() if not self._is_owned(folder)]
            dead.sort(key=_changed_ns, reverse=True)
            return {folder.name: session for folder in dead if (session := _session_of(folder))}
        return {}

    def claim(self, name: str, session: str) -> Draft | None:
        """Make a draft that was left one of this process, for this session; None when another has been faster."""
        with self._lock, suppress(OSError):
            mine = self._fresh()
            (self._home / name).rename(mine)
            self._folders.setdefault(session, []).append(mine)
            return _read(mine)
        return None

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
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._owner = Writer(self._owners, new_id(now))
        return self._home / f"{self._owner.id}.{new_id(now)}"

    def _is_owned(self, folder: Path) -> bool:
        owner = folder.name.partition(".")[0]
        return (self._owner is not None and owner == self._owner.id) or is_alive(
            self._owners, owner
        )

    def _write(self, folder: Path, draft: Draft) -> None:
        """First the bodies, then what tells of them; what that does not tell of goes last."""
        folder.mkdir(mode=0o700, exist_ok=True)
        bodies = [*(each.body for each in _fitting(draft)), *_long_pastes(draft)]
        self._names = {body: self._names.get(body) or sha256(body).hexdigest() for body in bodies}
        there = {path.name for path in folder.iterdir()}
        kept = {
            body: name
            for body, name in self._names.items()
            if name in there or _put(folder / name, body)
        }
        # ASCII, in which every text can be written: also one with half a surrogate pair.
        if not _put(folder / _DRAFT, json.dumps(_values(draft, kept)).encode("ascii")):
            return
        for name in there - {_DRAFT, *kept.values()}:
            (folder / name).unlink(missing_ok=True)


def _fitting(draft: Draft) -> list[Attachment]:
    """As much of what is attached as may be kept."""
    fitting, size = [], 0
    for each in _attached(draft):
        if size + len(each.body) <= LARGEST:
            fitting.append(each)
            size += len(each.body)
    return fitting


def _long_pastes(draft: Draft) -> Iterator[bytes]:
    for each in (Unsent(draft.text, pasted=draft.pasted), *draft.queued):
        for start, end in each.pasted:
            body = _encoded(each.text[start:end])
            if len(body) >= LONG:
                yield body


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _attached(draft: Draft) -> Iterator[Attachment]:
    yield from draft.attachments
    for each in draft.queued:
        yield from each.attachments


def _put(path: Path, data: bytes) -> bool:
    """Whole or not at all; whether it is there. Not synced: it is the end of the process that is feared, not that of the
    machine."""
    aside = path.with_suffix(".new")
    try:
        file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "wb") as copy:
            copy.write(data)
        aside.replace(path)
    except OSError:
        with suppress(OSError):
            aside.unlink()
        return False
    return True


def _remove(folder: Path) -> None:
    """The draft first: a folder without one is rubbish."""
    (folder / _DRAFT).unlink(missing_ok=True)
    for path in folder.iterdir():
        path.unlink(missing_ok=True)
    folder.rmdir()


def _changed_ns(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:  # another process has taken it
        return 0


# --- as JSON -----------------------------------------------------------------------------------------------------------


def _values(draft: Draft, kept: Mapping[bytes, str]) -> dict[str, Any]:
    """`kept` tells the names of the bodies that are."""
    lost = [each.name for each in _attached(draft) if each.body not in kept]
    return {
        **_message(Unsent(draft.text, draft.attachments, draft.pasted), kept),
        "session": draft.session,
        "queued": [_message(each, kept) for each in draft.queued],
        "lost": [*draft.lost, *lost],
    }


def _message(unsent: Unsent, kept: Mapping[bytes, str]) -> dict[str, Any]:
    attached = [
        asdict(each) | {"body": kept[each.body]} for each in unsent.attachments if each.body in kept
    ]
    return {"text": _pieces(unsent, kept), "pasted": unsent.pasted, "attachments": attached}


def _pieces(unsent: Unsent, kept: Mapping[bytes, str]) -> str | list[str | dict[str, str]]:
    """The text; or, where long pastes lie in files, what stands before, between and behind these, and their names."""
    pieces: list[str | dict[str, str]] = []
    at = 0
    for start, end in unsent.pasted:
        body = _encoded(unsent.text[start:end])
        if body in kept and len(body) >= LONG and start >= at:
            pieces += [unsent.text[at:start], {"body": kept[body]}]
            at = end
    return [*pieces, unsent.text[at:]] if pieces else unsent.text


def _session_of(folder: Path) -> str:
    """Whose draft it is; "" for what is none, of which the rest of a killed process is swept."""
    try:
        return str(json.loads((folder / _DRAFT).read_bytes())["session"])
    except FileNotFoundError:
        with suppress(OSError):
            _remove(folder)
    except (OSError, ValueError, LookupError, TypeError):
        pass
    return ""


def _read(folder: Path) -> Draft | None:
    """None for what is no draft."""
    try:
        values = json.loads((folder / _DRAFT).read_bytes())
        lost = [str(name) for name in values["lost"]]
        typed = _unsent(values, folder, lost)
        queued = tuple(_unsent(each, folder, lost) for each in values["queued"])
        return Draft(
            str(values["session"]), typed.text, queued, typed.attachments, typed.pasted, tuple(lost)
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _unsent(values: Mapping[str, Any], folder: Path, lost: list[str]) -> Unsent:
    """What is attached and is not there any more is named in `lost`."""
    found = [(each, _body(folder / str(each["body"]))) for each in values["attachments"]]
    lost += [str(each["name"]) for each, body in found if body is None]
    attached = tuple(_attachment(each, body) for each, body in found if body is not None)
    pasted = tuple(map(_pair, values["pasted"]))
    if isinstance(values["text"], str):
        return Unsent(values["text"], attached, pasted)
    pieces = [_piece(each, folder) for each in values["text"]]
    text = "".join(filter(None, pieces))
    if None in pieces:
        lost.append("a pasted text")
        pasted = ((0, len(text)),)  # nobody knows any more where the others begin
    return Unsent(text, attached, pasted)


def _piece(piece: str | Mapping[str, Any], folder: Path) -> str | None:
    """None when it is gone."""
    if isinstance(piece, str):
        return piece
    body = _body(folder / str(piece["body"]))
    return body.decode("utf-8", "surrogatepass") if body is not None else None


def _body(path: Path) -> bytes | None:
    """None when it is not what was written: the machine may have ended, too."""
    with suppress(OSError):
        body = path.read_bytes()
        return body if sha256(body).hexdigest() == path.name else None
    return None


def _attachment(values: Mapping[str, Any], body: bytes) -> Attachment:
    name, kind, path, digest = (
        str(values[key]) for key in ("name", "media_type", "path", "digest")
    )
    return Attachment(
        name, kind, body, path, _pair(values["lines"]) if values["lines"] else None, digest
    )


def _pair(values: Iterable[Any]) -> tuple[int, int]:
    first, last = map(int, values)
    return first, last
