"""Which messages of a branch the model is sent: all but what is muted, deleted, summarised or left out to make room. Pure."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final, Literal

from deepchat.conversation import WHOLE, Message

# How a question stands, and with it its answer. `out` makes room, `summarised` is what a later summary tells; `summary` is
# one that holds.
Standing = Literal["in", "pinned", "muted", "deleted", "out", "summarised", "summary"]

SENT: Final = ("in", "pinned", "summary")


def standings(path: Sequence[Message]) -> dict[str, Standing]:
    """How each question of a branch stands, by its id, the oldest first.

    The last summary that is whole stands for all before it, `left` leaves out its question and all before; neither touches
    what is pinned, nor the summary.
    """
    found: dict[str, Standing] = {}
    rest: Standing = "in"
    reply: Message | None = None
    for message in reversed(path):
        if message.role == "assistant":
            reply = message
        elif message.role == "user":
            if message.left and rest == "in":
                rest = "out"
            found[message.id] = _standing(message, reply, rest, last=not found)
            if found[message.id] == "summary":
                rest = "summarised"
            reply = None
    return dict(reversed(found.items()))


def _standing(asked: Message, reply: Message | None, rest: Standing, *, last: bool) -> Standing:
    if asked.mark == "summary" and rest != "summarised":
        if reply and is_whole(reply):
            return "summary"
        return "in" if last else "out"  # the last one is on its way
    if asked.mark in ("muted", "pinned", "deleted"):
        return asked.mark
    return rest


def is_whole(reply: Message) -> bool:
    """Whether it ended by itself, and not at a limit."""
    return reply.state == "done" and reply.finish_reason in WHOLE and bool(reply.text.strip())


def spoken(path: Sequence[Message]) -> Iterator[Message]:
    """The messages of a branch that are sent."""
    return _sent_of(path, {id_ for id_, how in standings(path).items() if how in SENT})


def recorded(path: Sequence[Message]) -> tuple[str, tuple[str, ...]]:
    """What is kept of that with a reply to the end of this branch: the id of the last question of those left out in a row,
    and the ids of all that stand otherwise than this tells."""
    standing = standings(path)
    after = _border(path, standing)
    before = set(takewhile(after.__ne__, standing)) | {after} if after else set()
    others = (id_ for id_, how in standing.items() if (how in SENT) == (id_ in before))
    return after, tuple(others)


def _border(path: Sequence[Message], standing: dict[str, Standing]) -> str:
    """The id of the last question that is left out with all before it; "" for none."""
    left = ""
    previous = ""
    for message in path:
        if message.role == "user":
            if message.left:
                left = message.id
            if standing[message.id] == "summary":
                left = previous
            previous = message.id
    return left


def spoken_then(path: Sequence[Message], reply: Message) -> Iterator[Message]:
    """The messages of the branch before a reply that were sent when it was asked for."""
    asked = [message.id for message in path if message.role == "user"]
    before = asked.index(reply.after) + 1 if reply.after in asked else 0
    sent = {
        id_ for number, id_ in enumerate(asked) if (number >= before) != (id_ in reply.exceptions)
    }
    return _sent_of(path, sent)


def _sent_of(path: Sequence[Message], questions: set[str]) -> Iterator[Message]:
    sent = True
    for message in path:
        if message.role == "user":
            sent = message.id in questions
        if message.role != "system" and sent:
            yield message
