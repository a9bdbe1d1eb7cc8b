"""What answers took, summed up by day, model and the like: money, tokens, speed, waiting. Pure; where they are kept is not
known here."""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import compress
from typing import Final, Literal, get_args

from deepchat import figures

By = Literal["day", "week", "month", "model", "provider"]
BYS: Final[tuple[By, ...]] = get_args(By)

MONEY: Final = ("answers", "no price", "in", "out", "cost")
SPEED: Final = ("speed", "first token", "9 of 10", "retries")

# Cells of the longest bar.
BAR: Final = 16

# What came in less time came in one piece: nothing is to be learnt of it.
LEAST_S: Final = 0.001

# How far back is looked where nothing else is wanted.
SINCE: Final = "30d"

Row = Sequence[str]
Table = tuple[Row, Sequence[Row]]

_TIMES: Final = ("day", "week", "month")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one reply took: US dollars, tokens as the server counted them, seconds; None where that is not known."""

    at_ms: int
    model: str
    provider: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: float | None
    estimated: bool
    first_token_s: float | None
    seconds: float | None
    retries: int

    @property
    def speed(self) -> float | None:
        """Tokens per second, after the first one."""
        if not self.completion_tokens or self.seconds is None:
            return None
        streaming = self.seconds - (self.first_token_s or 0.0)
        return self.completion_tokens / streaming if streaming >= LEAST_S else None


@dataclass(frozen=True, slots=True)
class Sum:
    """What all answers of one `name` took together. What the `unpriced` ones cost is not known. Speed and the wait for the
    first token are medians, `p90` is what nine of ten waits do not exceed; None where nothing of it is known."""

    name: str
    answers: int
    unpriced: int
    prompt_tokens: int
    completion_tokens: int
    cost: float
    estimated: bool
    tokens_per_second: float | None
    first_token_s: float | None
    first_token_p90_s: float | None
    retries: int


def summed(answers: Iterable[Answer], by: By) -> list[Sum]:
    """A sum for each day and the like, in their order, or for each model and the like, the dearest first."""
    groups: dict[str, list[Answer]] = {}
    for answer in answers:
        groups.setdefault(_NAMES[by](answer), []).append(answer)
    sums = [total(name, group) for name, group in groups.items()]
    if by in _TIMES:
        return sorted(sums, key=lambda one: one.name)
    return sorted(sums, key=lambda one: (-one.cost, -_tokens(one), one.name))


def total(name: str, answers: Sequence[Answer]) -> Sum:
    """All of these together."""
    waits = [one.first_token_s for one in answers if one.first_token_s is not None]
    return Sum(
        name,
        len(answers),
        unpriced=sum(one.cost is None for one in answers),
        prompt_tokens=sum(one.prompt_tokens or 0 for one in answers),
        completion_tokens=sum(one.completion_tokens or 0 for one in answers),
        cost=math.fsum(one.cost or 0.0 for one in answers),
        estimated=any(one.estimated for one in answers),
        tokens_per_second=_median([one.speed for one in answers if one.speed is not None]),
        first_token_s=_median(waits),
        first_token_p90_s=_most_of(waits),
        retries=sum(one.retries for one in answers),
    )


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _most_of(values: Sequence[float]) -> float | None:
    """The smallest of them that nine of ten do not exceed."""
    return sorted(values)[math.ceil(0.9 * len(values)) - 1] if values else None


def _day(answer: Answer) -> date:
    """Where the user is."""
    return datetime.fromtimestamp(answer.at_ms / 1000).astimezone().date()


def _week(answer: Answer) -> str:
    """By its Monday."""
    day = _day(answer)
    return (day - timedelta(days=day.weekday())).isoformat()


_NAMES: Final[Mapping[By, Callable[[Answer], str]]] = {
    "day": lambda answer: _day(answer).isoformat(),
    "week": _week,
    "month": lambda answer: f"{_day(answer):%Y-%m}",
    "model": lambda answer: answer.model,
    "provider": lambda answer: answer.provider,
}


# --- as tables -------------------------------------------------------------------------------------------------------


def row(one: Sum) -> Row:
    """What stands below MONEY and SPEED, behind the name; "" for what is not known."""
    return (*_money(one), *_speed(one))


def tables(sums: Sequence[Sum], by: By) -> Sequence[Table]:
    """For the eye: the money, with bars, then the speed; without columns in which nothing stands."""
    bars = _bars(sums)
    return (
        _filled((by, *MONEY, ""), [(one.name, *_money(one), bars[one.name]) for one in sums]),
        _filled((by, *SPEED), [(one.name, *_speed(one)) for one in sums]),
    )


def _filled(headers: Row, rows: Sequence[Row]) -> Table:
    filled = [any(column) for column in zip(*rows, strict=True)]
    return tuple(compress(headers, filled)), [tuple(compress(one, filled)) for one in rows]


def _money(one: Sum) -> Row:
    cost = f"{'~' if one.estimated else ''}{figures.money(one.cost)}"
    return (
        figures.count(one.answers),
        figures.count(one.unpriced) if one.unpriced else "",
        figures.count(one.prompt_tokens),
        figures.count(one.completion_tokens),
        cost if one.unpriced < one.answers else "",
    )


def _speed(one: Sum) -> Row:
    waits = (one.first_token_s, one.first_token_p90_s)
    return (
        "" if one.tokens_per_second is None else figures.speed(one.tokens_per_second),
        *("" if wait is None else figures.duration(wait) for wait in waits),
        figures.count(one.retries) if one.retries else "",
    )


def _bars(sums: Sequence[Sum]) -> Mapping[str, str]:
    """By name, as long as the money, or, where there is none, as the tokens. Of something there is always a bit to be seen."""
    by_cost = any(one.cost for one in sums)
    sizes = {one.name: one.cost if by_cost else _tokens(one) for one in sums}
    longest = max(sizes.values(), default=0) or 1
    return {name: "█" * math.ceil(BAR * size / longest) for name, size in sizes.items()}


def _tokens(one: Sum) -> int:
    return one.prompt_tokens + one.completion_tokens
