"""Values as rows of the database, and back; pure. The statements that write them are in `sessions`."""

import json
import sqlite3
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, get_args

from deepchat.conversation import (
    Attachment,
    Json,
    Mark,
    Message,
    Parameters,
    Session,
    SessionSummary,
    Usage,
)
from deepchat.text import mend

Value = str | int | float | None

# All messages of a session. Taken by position, not by name: with 10,000 of them that is felt.
TREE: Final = """
    SELECT id, uid, role, text, parent, state, reasoning, model, reported_model, provider, parameters, finish_reason,
      prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, cost, cost_estimated, error, request_id,
      created_ms, first_token_s, seconds, retries, mark, left_out, sent_after, exceptions, hint, edited
    FROM message WHERE session = ? ORDER BY id"""

# What a list says of a session. Its tags come in the order of their key, which is that of the alphabet.
SUMMARY: Final = """
    session.*, (SELECT group_concat(word, ' ') FROM tag WHERE tag.session = session.id) AS tags"""

# What the turns of a session are counted by, a parent before its children, and which messages begin one.
ABOVE: Final = """
    SELECT id, parent, role = 'user' AND mark <> 'deleted' FROM message WHERE session = ? ORDER BY id"""

# What is attached to them, without the bodies: one that is attached often is read once.
ATTACHED: Final = """
    SELECT message, name, media_type, body, path, first_line, last_line, attachment.digest
    FROM message JOIN attachment ON attachment.message = message.id
    WHERE session = ? ORDER BY message, number"""

_MARKS: Final = get_args(Mark)

_UNCOUNTED: Final = [None] * 5

_LARGEST_INTEGER: Final = (1 << 63) - 1


def of_session(session: Session) -> dict[str, Value]:
    """What a session's row holds of it, by column."""
    return _storable(
        uid=session.id,
        title=session.title,
        model=session.model,
        provider=session.provider,
        persona=session.persona,
        persona_name=session.persona_name,
        parameters=_json(session.parameters),
        created_ms=session.created_ms,
        changed_ms=session.changed_ms,
    )


def of_message(message: Message) -> dict[str, Value]:
    """What a message's row holds of it, by column; its parent, a key of the database, is not among them."""
    usage = message.usage or Usage()
    return _storable(
        uid=message.id,
        role=message.role,
        state=message.state,
        text=message.text,
        reasoning=message.reasoning,
        model=message.model,
        reported_model=message.reported_model,
        provider=message.provider,
        parameters=_json(message.parameters),
        finish_reason=message.finish_reason,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        cost=usage.cost,
        cost_estimated=int(usage.estimated),
        error=message.error,
        request_id=message.request_id,
        created_ms=message.created_ms,
        first_token_s=message.first_token_s,
        seconds=message.seconds,
        retries=message.retries,
        mark=message.mark,
        left_out=int(message.left),
        sent_after=message.after,
        exceptions=json.dumps(message.exceptions),
        hint=message.hint,
        edited=int(message.edited),
    )


def of_attachment(attachment: Attachment) -> dict[str, Value]:
    """What an attachment's row holds of it, by column; its body has a row of its own."""
    first, last = attachment.lines or (None, None)
    return _storable(
        name=attachment.name,
        media_type=attachment.media_type,
        body=sha256(attachment.body).hexdigest(),
        path=attachment.path,
        first_line=first,
        last_line=last,
        digest=attachment.digest,
    )


def session(row: sqlite3.Row) -> Session:
    return Session(
        row["uid"],
        row["title"],
        row["model"],
        row["provider"],
        row["persona"],
        row["persona_name"],
        _parameters(row["parameters"]),
        row["created_ms"],
        row["changed_ms"],
    )


def attachment(row: sqlite3.Row, bodies: Mapping[str, bytes]) -> Attachment:
    """The attachment of a row of ATTACHED. `bodies` has what is attached by its digest."""
    _, name, media_type, body, path, first, last, digest = row
    lines = None if first is None else (first, last)
    return Attachment(name, media_type, bodies[body], path, lines, digest)


def message(row: sqlite3.Row, uids: Mapping[int, str]) -> Message:
    """The message of a row of TREE. `uids` has the ids of its session's messages by their keys in the database."""
    key, uid, role, text, parent, state, reasoning, *rest = row
    if parent is not None and parent >= key:  # in a damaged file, and a circle then
        parent = None
    model, reported_model, provider, parameters, finish_reason, *rest = rest
    counted, (estimated, error, request_id, created_ms, *rest) = rest[:5], rest[5:]
    first_token_s, seconds, retries, mark, left, after, exceptions, hint, edited = rest
    return Message(
        uid,
        role,
        text,
        uids.get(parent),
        state,
        reasoning,
        model,
        reported_model,
        provider,
        _parameters(parameters),
        finish_reason,
        Usage(*(*counted, bool(estimated))) if counted != _UNCOUNTED else None,
        error,
        request_id,
        created_ms,
        first_token_s,
        seconds,
        retries,
        mark=mark if mark in _MARKS else "",
        left=bool(left),
        after=after,
        exceptions=_ids(exceptions),
        hint=hint,
        edited=bool(edited),
    )


def summary(row: sqlite3.Row) -> SessionSummary:
    """The summary of a row of SUMMARY."""
    return SessionSummary(
        row["uid"],
        row["title"],
        row["model"],
        row["updated_ms"],
        row["turns"],
        row["cost"],
        row["trashed_ms"],
        bool(row["starred"]),
        bool(row["archived"]),
        tuple((row["tags"] or "").split()),
        bool(row["cost_estimated"]),
    )


def piece(text: str) -> bytes:
    """A piece of a reply; it may end in the middle of a surrogate pair."""
    return text.encode("utf-8", "surrogatepass")


def joined(pieces: list[bytes]) -> str:
    """The text that came in these pieces."""
    return mend(b"".join(pieces).decode("utf-8", "surrogatepass"))


def _storable(**values: Value) -> dict[str, Value]:
    return {column: _fitting(value) for column, value in values.items()}


def _fitting(value: Value) -> Value:
    """SQLite has UTF-8 without surrogates, and 64 bits for an integer; a server's count may be anything."""
    if isinstance(value, str):
        return mend(value)
    if isinstance(value, int):
        return max(-_LARGEST_INTEGER, min(value, _LARGEST_INTEGER))
    return value


def _json(parameters: Parameters) -> str:
    # Not escaped, so that `mend` sees surrogates here as anywhere.
    return json.dumps(dict(parameters), ensure_ascii=False)


def _parameters(text: str) -> Parameters:
    found = {} if text == "{}" else _parsed(text)
    return found if isinstance(found, dict) else {}


def _ids(text: str) -> tuple[str, ...]:
    found = [] if text == "[]" else _parsed(text)
    return tuple(map(str, found)) if isinstance(found, list) else ()


def _parsed(text: str) -> Json:
    """What cannot be read is left out: it must not hide the conversation."""
    try:
        found: Json = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found
