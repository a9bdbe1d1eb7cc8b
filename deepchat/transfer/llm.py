"""The database of `llm` (llm.datasette.io): its tables `conversations` and `responses`, read and never written.

The mapping: each response becomes a question and its reply, with model, tokens, time and options; a system prompt the
persona. Its attachments, tools, schemas and fragments are left out, and counted.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from deepchat.conversation import Conversation, Json, Message, Session, Usage
from deepchat.transfer.records import Loaded
from deepchat.transfer.source import Found, derived_id, mapping, milliseconds, text_of

PROVIDER: Final = "llm"

# Tables with what is left out: a row for each.
_LEFT: Final = {
    "prompt_attachments": "attachment",
    "prompt_fragments": "fragment",
    "system_fragments": "fragment",
    "tool_calls": "call of a tool",
    "tool_results": "result of a tool",
}


def read(path: Path) -> Found:
    """The sessions of a `logs.db`. sqlite3.Error when it is none."""
    left_out: Counter[str] = Counter()
    return Found(_sessions(path, left_out), left_out)


def _sessions(path: Path, left_out: Counter[str]) -> Iterator[Loaded]:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as logs:
        logs.row_factory = sqlite3.Row
        tables = {row["name"] for row in logs.execute("SELECT name FROM sqlite_master")}
        for table in _LEFT.keys() & tables:
            (count,) = logs.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # noqa: S608  a name of ours
            left_out[_LEFT[table]] += count
        names = {row["id"]: row for row in logs.execute("SELECT * FROM conversations")}
        for (id_,) in logs.execute("SELECT DISTINCT conversation_id FROM responses").fetchall():
            said = logs.execute(
                "SELECT * FROM responses WHERE conversation_id IS ? ORDER BY datetime_utc, id",
                (id_,),
            )
            yield _session(id_ or "", [dict(row) for row in said], dict(names.get(id_) or {}))


def _session(id_: str, said: list[dict[str, Any]], named: dict[str, Any]) -> Loaded:
    conversation = Conversation()
    for row in said:
        conversation = conversation.add(*_exchange(row, conversation.leaf))
    first = said[0]
    created = _created(first)
    session = Session(
        derived_id(created, PROVIDER, id_ or text_of(first.get("id"))),
        text_of(named.get("name")),
        text_of(named.get("model")) or text_of(first.get("model")),
        PROVIDER,
        text_of(said[-1].get("system")),
        created_ms=created,
    )
    return session, conversation


def _exchange(row: dict[str, Any], parent: str | None) -> list[Message]:
    created, id_ = _created(row), text_of(row.get("id"))
    asked = Message(
        derived_id(created, PROVIDER, id_, "asked"),
        "user",
        text_of(row.get("prompt")),
        parent,
        created_ms=created,
    )
    taken = row.get("duration_ms")
    tokens = row.get("input_tokens"), row.get("output_tokens")
    reply = Message(
        derived_id(created, PROVIDER, id_, "reply"),
        "assistant",
        text_of(row.get("response")),
        asked.id,
        model=text_of(row.get("model")),
        provider=PROVIDER,
        parameters=_options(row.get("options_json")),
        usage=Usage(*tokens) if any(tokens) else None,
        created_ms=created,
        seconds=taken / 1000 if isinstance(taken, int) else None,
    )
    return [asked, reply]


def _created(row: dict[str, Any]) -> int:
    """llm writes the time in UTC, without saying so."""
    when = text_of(row.get("datetime_utc"))
    return milliseconds(when if when.endswith("Z") or "+" in when else f"{when}+00:00")


def _options(text: object) -> dict[str, Json]:
    try:
        return mapping(json.loads(text_of(text) or "{}"))
    except (ValueError, RecursionError):
        return {}
