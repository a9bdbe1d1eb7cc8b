"""What importers share: sessions made of other programs' records; pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from deepchat.conversation import Conversation, Session, id_at


@dataclass(slots=True)
class Found:
    """What an importer found: sessions one by one, and, in words with a count, what could not be taken along."""

    sessions: Iterator[tuple[Session, Conversation]]
    left_out: Counter[str] = field(default_factory=Counter)


def derived_id(ms: int, *names: str) -> str:
    """The id of something that has another one elsewhere: the same whenever it is imported."""
    number = int.from_bytes(sha256("\0".join(names).encode("utf-8", "replace")).digest()[:10])
    return id_at(ms, number)


def milliseconds(when: object) -> int:
    """Since 1970, from seconds or from an ISO date; 0 for anything else."""
    try:
        if isinstance(when, str):
            return max(0, int(datetime.fromisoformat(when).timestamp() * 1000))
        if isinstance(when, (int, float)):
            return max(0, int(when * 1000))
    except (ValueError, OverflowError, OSError):
        return 0
    return 0


def text_of(value: object) -> str:
    """A string, or nothing."""
    return value if isinstance(value, str) else ""


def mapping(value: object) -> dict[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    """A list, or an empty one."""
    return value if isinstance(value, list) else []
