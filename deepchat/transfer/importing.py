"""Files of ours and of other programs into sessions: which it is, is told by what stands in it. Nothing here stores them."""

import json
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from deepchat.errors import UsageError
from deepchat.transfer import aichat, chatgpt, claude, llm, records
from deepchat.transfer.records import Loaded, Unreadable
from deepchat.transfer.source import Found, mapping

KNOWN: Final = (
    "deepchat's .json and .jsonl, conversations.json of ChatGPT and Claude (or the .zip with it), llm's logs.db, "
    "aichat's sessions"
)

_SQLITE: Final = b"SQLite format 3\0"
_INSIDE: Final = "conversations.json"


def read(path: Path) -> Found:
    """The sessions in a file, or in a folder of aichat's. UsageError when it cannot be read, or is none of these."""
    try:
        return _read(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    except zipfile.BadZipFile as error:
        raise UsageError(f"{path} cannot be read: it is damaged.") from error


def _read(path: Path) -> Found:
    if path.is_dir():
        return aichat.read(sorted(path.glob("*.y*ml")))
    if path.suffix.lower() in (".yaml", ".yml"):
        return aichat.read([path])
    with path.open("rb") as file:
        head = file.read(len(_SQLITE))
    if head == _SQLITE:
        return _logs(path)
    return _decoded(_zipped(path) if zipfile.is_zipfile(path) else path.read_bytes(), path)


def _logs(path: Path) -> Found:
    try:
        found = llm.read(path)
        return Found(iter(list(found.sessions)), found.left_out)
    except sqlite3.Error as error:
        raise UsageError(f"{path} is not llm's database: {error}.") from error


def _zipped(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if Path(name).name == _INSIDE]
        if not names:
            raise UsageError(f"{path} has no {_INSIDE} in it.")
        return archive.read(names[0])


def _decoded(data: bytes, path: Path) -> Found:
    text = data.decode("utf-8-sig", "replace")
    try:
        whole = json.loads(text)
    except RecursionError as error:
        raise UsageError(f"{path} is nested too deeply.") from error
    except ValueError:
        return _lines(text, path)
    if isinstance(whole, dict) and whole.get("format") == records.FORMAT:
        return _ours([whole], path)
    if isinstance(whole, list) and any("mapping" in mapping(one) for one in whole):
        return chatgpt.read(whole)
    if isinstance(whole, list) and any("chat_messages" in mapping(one) for one in whole):
        return claude.read(whole)
    raise UsageError(f"{path} holds no chats that are known here.", hint=f"Known are {KNOWN}.")


def _lines(text: str, path: Path) -> Found:
    """A `.jsonl` file; of one that was cut the last line is left out."""
    found, broken = [], 0
    for line in text.split("\n"):
        try:
            if line.strip():
                found.append(mapping(json.loads(line)))
        except (ValueError, RecursionError):
            broken += 1
    if not found or found[0].get("format") != records.FORMAT:
        raise UsageError(f"{path} holds no chats that are known here.", hint=f"Known are {KNOWN}.")
    ours = _ours(found, path)
    ours.left_out["line that is no JSON"] += broken
    return ours


def _ours(documents: list[dict[str, Any]], path: Path) -> Found:
    newest = max((v for d in documents if isinstance(v := d.get("version"), int)), default=0)
    if newest > records.VERSION:
        raise UsageError(f"A newer deepchat wrote {path}.", hint="Upgrade deepchat.")
    left_out: Counter[str] = Counter()
    return Found(_sessions(documents, left_out), left_out)


def _sessions(documents: list[dict[str, Any]], left_out: Counter[str]) -> Iterator[Loaded]:
    for document in documents:
        several = document.get("sessions")
        for record in several if isinstance(several, list) else [document.get("session")]:
            try:
                yield records.session_of(record)
            except Unreadable as error:
                left_out[f"chat that cannot be read ({error})"] += 1
