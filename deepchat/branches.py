"""The branches of a conversation: what was asked and answered on the active path, what else was said in the same place,
and where each leads. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from deepchat.conversation import Conversation, Message

Children = dict[str | None, list[Message]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and one of the answers it got, if any."""

    asked: Message
    reply: Message | None = None

    @property
    def end(self) -> str:
        """The id of the message that what is said next would follow."""
        return (self.reply or self.asked).id


def remaining(path: Sequence[Message]) -> Iterator[Message]:
    """A path without the questions that were deleted from it, and their answers."""
    gone = False
    for message in path:
        if message.role == "user":
            gone = message.mark == "deleted"
        if message.role == "system" or not gone:
            yield message


def exchanges(path: Sequence[Message]) -> list[Exchange]:
    """What was asked and answered along a path, in order; records of a changed persona, and what was deleted, are passed
    over."""
    return _exchanges(tuple(remaining(path)))


def _exchanges(path: Sequence[Message]) -> list[Exchange]:
    said = [message for message in path if message.role != "system"]
    return [
        Exchange(asked, reply if reply and reply.role == "assistant" else None)
        for asked, reply in zip_longest(said, said[1:])
        if asked.role == "user"
    ]


def personas(path: Sequence[Message]) -> dict[str, str]:
    """Who the model was told to be from a question of a path on, by the question's id, where that changed."""
    found: dict[str, str] = {}
    changed, asked = None, None
    for message in path:
        if message.role == "system":
            changed = message.text
        elif message.role == "user":
            asked = message.id
        if changed is not None and asked and message.role != "system":
            found[asked], changed = changed, None
    return found


def before(conversation: Conversation, message: Message) -> str | None:
    """The id of the message that this one follows, records of a changed persona passed over; None at the beginning."""
    at = message.parent
    while at is not None and conversation.messages[at].role == "system":
        at = conversation.messages[at].parent
    return at


def variants(conversation: Conversation, exchange: Exchange) -> list[Exchange]:
    """All that was asked and answered in the place of this exchange, itself among it, the oldest answer first.

    Questions that got no answer, or were deleted, are left out.
    """
    children = _children(conversation)
    asked = _after(children, before(conversation, exchange.asked), "user")
    answered = (
        Exchange(one, reply)
        for one in asked
        if one.mark != "deleted"
        for reply in _after(children, one.id, "assistant")
    )
    found = [one for one in answered if one.reply and (one.reply.text or one == exchange)]
    return sorted(found, key=lambda one: _age(one.reply or one.asked))


def newest(conversation: Conversation, message_id: str) -> str:
    """The id of the message at which the branch ends that was begun, or gone on with, last behind this message."""
    children = _children(conversation)
    ends, look = [], [conversation.messages[message_id]]
    while look:
        message = look.pop()
        following = children.get(message.id, [])
        look += following
        if not following:
            ends.append(message)
    return max(ends, key=_age).id


def place_of(conversation: Conversation, message_id: str) -> tuple[int, Exchange]:
    """The number of the exchange that a message belongs to, from 1, and the exchange: on the active path where it is
    there, else on the newest branch behind it; where it was, if it is deleted. KeyError when there is no such message."""
    path = conversation.path()
    if message_id not in {message.id for message in path}:
        path = conversation.at(newest(conversation, message_id)).path()
    number = 1
    for exchange in _exchanges(path):
        if message_id in (exchange.asked.id, exchange.end):
            return number, exchange
        number += exchange.asked.mark != "deleted"
    raise KeyError(message_id)


@dataclass(frozen=True, slots=True)
class Place:
    """An exchange in the tree. `number` counts from 1 along its path, `depth` the forks above it, and `others` whether
    it is one of several in its place."""

    exchange: Exchange
    number: int
    depth: int
    others: bool


def tree(conversation: Conversation) -> Iterator[Place]:
    """Every exchange, each before those that follow it, the older of several first. What goes on without a fork keeps
    its depth."""
    children = _children(conversation)
    waiting = _places(children, None, 1, 0)
    while waiting:
        place = waiting.pop()
        yield place
        number = place.number + (place.exchange.asked.mark != "deleted")
        waiting += _places(children, place.exchange.end, number, place.depth + place.others)


def _places(children: Children, at: str | None, number: int, depth: int) -> list[Place]:
    """What follows a message, the newest first."""
    found: list[Exchange] = []
    for asked in _after(children, at, "user"):
        replies = _after(children, asked.id, "assistant")
        found += [Exchange(asked, reply) for reply in replies] or [Exchange(asked)]
    found.sort(key=lambda one: _age(one.reply or one.asked), reverse=True)
    return [Place(one, number, depth, len(found) > 1) for one in found]


def _after(children: Children, at: str | None, role: str) -> list[Message]:
    """The messages of this role that follow, records of a changed persona passed over."""
    found, look = [], list(children.get(at, []))
    while look:
        message = look.pop()
        if message.role == role:
            found.append(message)
        elif message.role == "system":
            look += children.get(message.id, [])
    return found


def _children(conversation: Conversation) -> Children:
    found: Children = {}
    for message in conversation.messages.values():
        found.setdefault(message.parent, []).append(message)
    return found


def _age(message: Message) -> tuple[int, str]:
    # Ids sort by time as well, but not those of one millisecond.
    return message.created_ms, message.id
