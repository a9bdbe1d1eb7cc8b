"""Which of two versions counts when a session comes in from elsewhere, so that two machines that exchange their sessions
end with the same on both; pure.
"""

from dataclasses import astuple, dataclass
from typing import Final

from deepchat.conversation import Conversation, Message, Session

# A reply that was gone on with is the longer one; of two as long, one that was completed.
_ORDER: Final = ("streaming", "failed", "cut", "stopped", "done")


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken in: whether the session is `new`, and how many messages were added, or are longer than they were."""

    new: bool
    messages: int


def is_better(theirs: Message, ours: Message) -> bool:
    """Whether theirs takes the place of ours, of the same message."""
    return _worth(theirs) > _worth(ours)


def _worth(message: Message) -> tuple[int, int, str, str]:
    # The texts decide nothing but that both sides decide alike.
    length = len(message.text) + len(message.reasoning)
    return length, _ORDER.index(message.state), message.text, message.reasoning


def is_later(theirs: tuple[Session, Conversation], ours: tuple[Session, Conversation]) -> bool:
    """Whether theirs says what the session is called and how it goes on: where something happened last."""
    return _latest(*theirs) > _latest(*ours)


def _latest(session: Session, conversation: Conversation) -> tuple[int, tuple[str, ...]]:
    at = max(session.changed_ms, newest(conversation))
    # As above: where both were changed at one moment.
    marks = sorted(
        (m.id, m.mark, m.left) for m in conversation.messages.values() if m.mark or m.left
    )
    return at, (*map(repr, astuple(session)), repr(conversation.leaf), repr(marks))


def newest(conversation: Conversation) -> int:
    """When something was said last, in milliseconds since 1970."""
    return max((message.created_ms for message in conversation.messages.values()), default=0)
