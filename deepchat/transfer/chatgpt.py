"""ChatGPT's export: `conversations.json`, a list of conversations, each a `mapping` of nodes that know their parent.

The mapping: titles, times and models are taken over; user and assistant text becomes messages, the branch that was shown
last the active one. Neighbours of one role, between which a tool was at work, become one message. Pictures, what tools
said, and hidden system messages are left out, and counted. (As described by OpenAI's users; the format has no specification.)
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from deepchat.conversation import Conversation, Message, Role, Session
from deepchat.transfer.records import Loaded
from deepchat.transfer.source import Found, derived_id, listed, mapping, milliseconds, text_of

PROVIDER: Final = "chatgpt"


def read(conversations: list[Any]) -> Found:
    """The sessions of a decoded `conversations.json`."""
    left_out: Counter[str] = Counter()
    return Found(_sessions(conversations, left_out), left_out)


def _sessions(conversations: list[Any], left_out: Counter[str]) -> Iterator[Loaded]:
    for whole in map(mapping, conversations):
        tree = _Tree(whole, left_out)
        if tree.messages:
            yield tree.session(), Conversation(tree.messages, tree.leaf)


class _Tree:
    """One conversation, its nodes made into messages."""

    def __init__(self, whole: dict[str, Any], left_out: Counter[str]) -> None:
        self._whole = whole
        self._nodes = {id_: mapping(node) for id_, node in mapping(whole.get("mapping")).items()}
        self._left_out = left_out
        self._id = text_of(whole.get("conversation_id")) or text_of(whole.get("id"))
        self._made: dict[str, Message | None] = {}
        self.messages: dict[str, Message] = {}
        for id_ in self._nodes:
            self._make(id_)
        at = self._above(text_of(whole.get("current_node")))
        last = next(reversed(self.messages.values()), None)
        self.leaf = at.id if at else last.id if last else None
        self._drop_beginnings()

    def session(self) -> Session:
        created = milliseconds(self._whole.get("create_time"))
        return Session(
            derived_id(created, PROVIDER, self._id),
            text_of(self._whole.get("title")),
            text_of(self._whole.get("default_model_slug")),
            PROVIDER,
            created_ms=created,
        )

    def _make(self, id_: str) -> None:
        """Messages for this node and those above it, from the top: a chain of them may be long."""
        chain: list[str] = []
        while id_ in self._nodes and id_ not in self._made and id_ not in chain:
            chain.append(id_)
            id_ = text_of(self._nodes[id_].get("parent"))
        for one in reversed(chain):
            self._made[one] = message = self._message(one)
            if message:
                self.messages[message.id] = message

    def _above(self, id_: str) -> Message | None:
        """The message of this node, or of the nearest one above it that has one."""
        while id_ in self._made:
            if message := self._made[id_]:
                return message
            id_ = text_of(self._nodes[id_].get("parent"))
        return None

    def _message(self, id_: str) -> Message | None:
        record = mapping(self._nodes[id_].get("message"))
        role, text = self._role(record), self._text(record)
        if role is None or not text:
            return None
        above = self._above(text_of(self._nodes[id_].get("parent")))
        if above and above.role == role:
            text, above = f"{above.text}\n\n{text}", self.messages.get(above.parent or "")
        created = milliseconds(record.get("create_time")) or (above.created_ms if above else 0)
        model = text_of(mapping(record.get("metadata")).get("model_slug"))
        return Message(
            derived_id(created, PROVIDER, self._id, id_),
            role,
            text,
            above.id if above else None,
            model=model if role == "assistant" else "",
            provider=PROVIDER,
            created_ms=created,
        )

    def _role(self, record: dict[str, Any]) -> Role | None:
        role = text_of(mapping(record.get("author")).get("role"))
        if mapping(record.get("metadata")).get("is_visually_hidden_from_conversation"):
            return None
        if role == "tool":
            self._left_out["result of a tool"] += 1
        to_all = record.get("recipient") in (None, "all")
        if role == "assistant" and not to_all:
            self._left_out["call of a tool"] += 1
        if role == "user":
            return "user"
        return "assistant" if role == "assistant" and to_all else None

    def _text(self, record: dict[str, Any]) -> str:
        content = mapping(record.get("content"))
        parts = listed(content.get("parts")) or [content.get("text")]
        for part in parts:
            if isinstance(part, dict):
                kind = text_of(part.get("content_type")) or "part without text"
                self._left_out["picture" if "image" in kind else kind] += 1
        return "\n".join(filter(None, map(text_of, parts)))

    def _drop_beginnings(self) -> None:
        """A message that another one goes on with is in that already, unless something else follows it."""
        followed = {message.parent for message in self.messages.values()} | {self.leaf}
        texts = {message.id: message for message in self.messages.values()}
        for message in texts.values():
            if message.id not in followed and self._is_beginning(message):
                del self.messages[message.id]

    def _is_beginning(self, message: Message) -> bool:
        return any(
            other.parent == message.parent
            and other.role == message.role
            and other.text.startswith(f"{message.text}\n\n")
            for other in self.messages.values()
            if other is not message
        )
