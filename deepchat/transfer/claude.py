"""Claude's export: `conversations.json`, a list of conversations, each with its `chat_messages` in order.

The mapping: names and times are taken over; text becomes messages, thinking the reasoning of a reply, files whose text the
export has become attachments. Other files and what tools did are left out, and counted. (As described by its users; the
format has no specification.)
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from deepchat.conversation import TEXT, Attachment, Conversation, Message, Session
from deepchat.transfer.records import Loaded
from deepchat.transfer.source import Found, derived_id, listed, mapping, milliseconds, text_of

PROVIDER: Final = "claude"


def read(conversations: list[Any]) -> Found:
    """The sessions of a decoded `conversations.json`."""
    left_out: Counter[str] = Counter()
    return Found(_sessions(conversations, left_out), left_out)


def _sessions(conversations: list[Any], left_out: Counter[str]) -> Iterator[Loaded]:
    for whole in map(mapping, conversations):
        created, id_ = milliseconds(whole.get("created_at")), text_of(whole.get("uuid"))
        conversation = Conversation()
        for record in map(mapping, listed(whole.get("chat_messages"))):
            message = _message(record, conversation, left_out)
            if message.text or message.attachments:
                conversation = conversation.add(message)
        if conversation.messages:
            session = Session(
                derived_id(created, PROVIDER, id_),
                text_of(whole.get("name")),
                provider=PROVIDER,
                created_ms=created,
            )
            yield session, conversation


def _message(record: dict[str, Any], conversation: Conversation, left_out: Counter[str]) -> Message:
    created = milliseconds(record.get("created_at"))
    parts = list(map(mapping, listed(record.get("content"))))
    for part in parts:
        if part.get("type") not in ("text", "thinking"):
            left_out[f"{text_of(part.get('type')) or 'unknown'} part"] += 1
    text = _joined(parts, "text") or text_of(record.get("text"))
    left_out["file without its text"] += len(listed(record.get("files")))
    return Message(
        derived_id(created, PROVIDER, text_of(record.get("uuid")) or f"{created} {text}"),
        "user" if record.get("sender") == "human" else "assistant",
        text,
        conversation.leaf,
        reasoning=_joined(parts, "thinking"),
        provider=PROVIDER,
        created_ms=created,
        attachments=tuple(_attached(record)),
    )


def _joined(parts: list[dict[str, Any]], kind: str) -> str:
    return "\n\n".join(filter(None, (text_of(p.get(kind)) for p in parts if p.get("type") == kind)))


def _attached(record: dict[str, Any]) -> Iterator[Attachment]:
    for each in map(mapping, listed(record.get("attachments"))):
        body = text_of(each.get("extracted_content")).encode("utf-8", "replace")
        yield Attachment(text_of(each.get("file_name")) or "attachment", TEXT, body)
