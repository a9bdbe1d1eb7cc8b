"""What a server may say, and what came of it: the vocabulary of the tests of this room."""

import json
import random
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, AnyStr

from deepchat.api.client import Client
from deepchat.conversation import (
    Event,
    PromptMessage,
    ReasoningDelta,
    Reported,
    Request,
    TextDelta,
    Usage,
)
from deepchat.errors import DeepchatError
from deepchat.turn import Stop

ASK = Request("deepchat/demo", (PromptMessage("user", "hi"),))


def chunk(content: Any = None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "choices": [{"index": 0, "delta": {"content": content}, "finish_reason": reason}],
        **more,
    }


def delta(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields}]}


def stream(*chunks: Any, done: bool = True) -> bytes:
    """Server-sent events: chunks as JSON, strings as they are."""
    lines = [c if isinstance(c, str) else f"data: {json.dumps(c)}" for c in chunks]
    return "".join(f"{line}\n\n" for line in [*lines, *(["data: [DONE]"] if done else [])]).encode()


def received(client: Client) -> tuple[list[Event], DeepchatError | None]:
    """The events of a reply, and the error that ends it, if any."""
    got: list[Event] = []
    try:
        for event in client.stream(ASK, Stop()):
            got.append(event)
    except DeepchatError as error:
        return got, error
    return got, None


def text_of(got: Iterable[Event]) -> str:
    return "".join(event.text for event in got if isinstance(event, TextDelta))


def reasoning_of(got: Iterable[Event]) -> str:
    return "".join(event.text for event in got if isinstance(event, ReasoningDelta))


def usage_of(got: Iterable[Event]) -> Usage | None:
    reports = [event.usage for event in got if isinstance(event, Reported)]
    return reports[-1] if reports else None


def cut(whole: AnyStr, places: Iterable[int]) -> tuple[AnyStr, ...]:
    """In pieces at these places; places beyond it do not count."""
    within = sorted({0, len(whole), *(place for place in places if place < len(whole))})
    return tuple(whole[a:b] for a, b in pairwise(within))


def bytewise(whole: bytes) -> tuple[bytes, ...]:
    return cut(whole, range(len(whole)))


def randomly(whole: bytes, seed: int) -> tuple[bytes, ...]:
    chance = random.Random(seed)
    cuts = min(len(whole) // 5 + 1, 1000)
    return cut(whole, (chance.randrange(len(whole) + 1) for _ in range(cuts)))
