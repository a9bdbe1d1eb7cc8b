"""Values out of a server's JSON, whatever stands there: what does not fit counts as not given. Pure."""

from collections.abc import Mapping

from deepchat.conversation import Json
from deepchat.text import clean_line

# Beyond this neither JSON numbers nor a database's integers are exact, and no count or price gets there.
_TOO_BIG = 1 << 53


def mapping(value: Json) -> Mapping[str, Json]:
    """An object; {} for anything else."""
    return value if isinstance(value, dict) else {}


def line(value: Json, limit: int = 200) -> str:
    """One clean line of text; "" for anything else."""
    return clean_line(value, limit) if isinstance(value, str) else ""


def amount(value: Json) -> float | None:
    """A number that is not negative; None for anything else, infinity and truth values too."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value < _TOO_BIG else None


def count(value: Json) -> int | None:
    """`amount` as a whole number."""
    number = amount(value)
    return None if number is None else int(number)
