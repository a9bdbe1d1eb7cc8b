"""What of a chat is to be exported; pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from deepchat.branches import Exchange, exchanges
from deepchat.conversation import Attachment, Conversation, Message, Session
from deepchat.errors import UsageError


@dataclass(frozen=True, slots=True)
class Wanted:
    """The exchanges from `first` to `last` of the active path, counted from 1 (None: from the beginning, to the end), or
    the `newest` so many; of them only the `code`, or the `reasoning`, too. `hide` masks what nobody else should see."""

    first: int | None = None
    last: int | None = None
    newest: int | None = None
    code: bool = False
    reasoning: bool = False
    hide: Callable[[str], str] | None = None

    @property
    def is_part(self) -> bool:
        """Whether something is to be left out."""
        return any((self.first, self.last, self.newest, self.code))


@dataclass(frozen=True, slots=True)
class Numbered:
    """An exchange, and its number in the chat."""

    number: int
    exchange: Exchange


def selected(conversation: Conversation, wanted: Wanted) -> list[Numbered]:
    """The exchanges that are wanted. UsageError when there are none."""
    said = [Numbered(n, one) for n, one in enumerate(exchanges(conversation.path()), start=1)]
    if not said:
        raise UsageError("Nothing was said in this chat yet.")
    first = wanted.first or 1
    if wanted.newest:
        first = max(1, len(said) - wanted.newest + 1)
    chosen = [one for one in said if first <= one.number <= (wanted.last or len(said))]
    if not chosen:
        raise UsageError(f"This chat has only {len(said)} turns.")
    return chosen


def masked(
    session: Session, conversation: Conversation, hide: Callable[[str], str]
) -> tuple[Session, Conversation]:
    """Both with every text masked."""
    session = replace(session, title=hide(session.title), persona=hide(session.persona))
    return session, Conversation(
        {id_: _masked(message, hide) for id_, message in conversation.messages.items()},
        conversation.leaf,
    )


def _masked(message: Message, hide: Callable[[str], str]) -> Message:
    attachments: Sequence[Attachment] = [
        each if each.is_picture else replace(each, body=hide(each.text).encode())
        for each in message.attachments
    ]
    return replace(
        message,
        text=hide(message.text),
        reasoning=hide(message.reasoning),
        error=hide(message.error),
        attachments=tuple(attachments),
    )
