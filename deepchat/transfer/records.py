"""Our own format: whole sessions as JSON, out and in; pure.

`.json` is one object: {"format": "deepchat", "version": 1, "sessions": [SESSION, …]}; `.jsonl` a line for each session:
{"format": "deepchat", "version": 1, "session": SESSION}. A SESSION has the fields of `conversation.Session`, "leaf" (the id
of the active leaf, or null), "messages" (the fields of `conversation.Message`, each behind its parent), and "bodies": what
is attached, by the SHA-256 of its bytes, as {"text": …} where it is UTF-8, {"base64": …} where it is not. In a message an
attachment has in "body" that SHA-256. Fields with their default are left out. Equal sessions give equal bytes.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import MISSING, fields
from hashlib import sha256
from heapq import heapify, heappop, heappush
from types import UnionType
from typing import Any, Final, Literal, TypeVar, cast, get_args, get_origin

from deepchat.conversation import Attachment, Conversation, Message, Session, Usage
from deepchat.text import mend

Value = TypeVar("Value", Session, Message, Usage, Attachment)

FORMAT: Final = "deepchat"
VERSION: Final = 1

Loaded = tuple[Session, Conversation]


class Unreadable(Exception):
    """A record is not what it should be; `str` says why."""


# --- out ---------------------------------------------------------------------------------------------------------------


def document(sessions: list[Loaded]) -> str:
    """A `.json` file."""
    head = {"format": FORMAT, "version": VERSION}
    whole = head | {"sessions": [_session(*one) for one in sessions]}
    return mend(json.dumps(whole, ensure_ascii=False, indent=1)) + "\n"


def line(session: Session, conversation: Conversation) -> str:
    """A line of a `.jsonl` file."""
    whole = {"format": FORMAT, "version": VERSION, "session": _session(session, conversation)}
    return mend(json.dumps(whole, ensure_ascii=False)) + "\n"


def _session(session: Session, conversation: Conversation) -> dict[str, Any]:
    messages = ordered(conversation)
    bodies = {sha256(each.body).hexdigest(): each.body for m in messages for each in m.attachments}
    return {
        **_fields(session),
        "leaf": conversation.leaf,
        "messages": [_message(message) for message in messages],
        "bodies": {digest: _body(bodies[digest]) for digest in sorted(bodies)},
    }


def _message(message: Message) -> dict[str, Any]:
    found = _fields(message)
    if message.state == "streaming":
        found["state"] = "cut"
    if message.usage:
        found["usage"] = _fields(message.usage)
    if message.attachments:
        found["attachments"] = [
            {**_fields(each), "body": sha256(each.body).hexdigest()} for each in message.attachments
        ]
    return found


def _fields(value: Session | Message | Usage | Attachment) -> dict[str, Any]:
    """Those that are not as they are by default."""
    found = {}
    for field in fields(value):
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if (now := getattr(value, field.name)) != default:
            found[field.name] = now
    return found


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode("ascii")}


def ordered(conversation: Conversation) -> list[Message]:
    """All messages, each behind its parent, those of one moment by their ids: the same for equal trees."""
    children: dict[str | None, list[tuple[str, Message]]] = {}
    for message in conversation.messages.values():
        children.setdefault(message.parent, []).append((message.id, message))
    ready, found = children.get(None, []), []
    heapify(ready)
    while ready:
        id_, message = heappop(ready)
        found.append(message)
        for child in children.get(id_, []):
            heappush(ready, child)
    return found


# --- in ----------------------------------------------------------------------------------------------------------------


def session_of(record: object) -> Loaded:
    """The session of a SESSION. Unreadable when it is none."""
    whole = _mapping(record, "a session")
    bodies = {
        digest: _bytes(body) for digest, body in _mapping(whole.get("bodies", {}), "bodies").items()
    }
    read: dict[str, Message] = {}
    for each in _list(whole.get("messages"), "messages"):
        message = _read_message(_mapping(each, "a message"), bodies)
        if message.parent is not None and message.parent not in read:
            raise Unreadable(f"message {message.id} follows one that is not there")
        read[message.id] = message
    leaf = whole.get("leaf")
    if leaf is not None and leaf not in read:
        raise Unreadable("its leaf is not there")
    return _made(Session, whole, {}), Conversation(read, cast(str | None, leaf))


def _read_message(record: Mapping[str, Any], bodies: Mapping[str, bytes]) -> Message:
    if record.get("state") == "streaming":
        raise Unreadable("a message is not complete")
    attachments = tuple(
        _read_attachment(_mapping(each, "an attachment"), bodies)
        for each in _list(record.get("attachments", []), "attachments")
    )
    usage = record.get("usage")
    return _made(
        Message,
        record,
        {
            "attachments": attachments,
            "usage": None if usage is None else _made(Usage, _mapping(usage, "usage"), {}),
        },
    )


def _read_attachment(record: Mapping[str, Any], bodies: Mapping[str, bytes]) -> Attachment:
    if record.get("body") not in bodies:
        raise Unreadable("what is attached is not there")
    lines = record.get("lines")
    if lines is not None and not (
        isinstance(lines, list) and [type(n) for n in lines] == [int, int]
    ):
        raise Unreadable("an attachment has lines that are none")
    return _made(
        Attachment,
        record,
        {"body": bodies[record["body"]], "lines": None if lines is None else (lines[0], lines[1])},
    )


def _made(kind: type[Value], record: Mapping[str, Any], ready: Mapping[str, object]) -> Value:
    """A value of this kind, from a record of its fields, those that are `ready` apart. What is unknown is left out."""
    found: dict[str, Any] = dict(ready)
    for field in fields(kind):
        if field.name in ready or field.name not in record:
            continue
        if not _fits(record[field.name], field.type):
            raise Unreadable(f"a {kind.__name__.lower()} has a wrong {field.name}")
        value = record[field.name]
        found[field.name] = tuple(value) if isinstance(value, list) else value
    try:
        return kind(**found)
    except TypeError:
        raise Unreadable(f"a {kind.__name__.lower()} lacks something") from None


def _fits(value: object, kind: object) -> bool:
    options = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    return any(_is_of(value, one) for one in options)


def _is_of(value: object, kind: object) -> bool:
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if get_origin(kind) is Mapping:
        return isinstance(value, dict)
    if get_origin(kind) is tuple:
        return isinstance(value, list) and all(_is_of(each, get_args(kind)[0]) for each in value)
    if kind is float:
        return type(value) in (int, float)
    return type(value) is kind


def _bytes(body: object) -> bytes:
    record = _mapping(body, "a body")
    try:
        if "text" in record:
            return str(record["text"]).encode()
        return b64decode(record["base64"], validate=True)
    except (KeyError, ValueError, TypeError):
        raise Unreadable("what is attached cannot be read") from None


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(f"{what} is no object")
    return value


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise Unreadable(f"{what}: no list")
    return value
