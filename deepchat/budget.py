"""What may be spent: the limits, what a request is expected to cost, and whether it may be asked. What was spent is read
elsewhere."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, get_args

from deepchat import context, figures
from deepchat.conversation import Message, Usage
from deepchat.errors import DeepchatError, OverBudget, StoreError, UsageError

Span = Literal["reply", "session", "day", "month"]
SPANS: Final[tuple[Span, ...]] = get_args(Span)

# Of which there are sums.
SUMMED: Final[tuple[Span, ...]] = ("session", "day", "month")

# What was agreed to once is asked about again when it is so many times as much.
_MUCH_MORE: Final = 2

_WHERE: Final = {"session": "on this chat", "day": "today", "month": "this month"}

_AGAIN: Final = "The same once more sends it"


@dataclass(frozen=True, slots=True)
class Budget:
    """US dollars; None is no limit. What is expected to cost more than `ask_above` is asked about, unless that is 0."""

    ask_above: float = 0.0
    reply: float | None = None
    session: float | None = None
    day: float | None = None
    month: float | None = None

    def limit(self, span: Span) -> float | None:
        limit: float | None = getattr(self, span)
        return limit


@dataclass(frozen=True, slots=True)
class Expected:
    """What a request takes, about: tokens that go out and that come back, and US dollars for what goes out and for all of it,
    None where the prices are not known."""

    put: int
    got: int
    put_cost: float | None = None
    cost: float | None = None


def together(requests: Sequence[Expected]) -> Expected:
    """What several take; a price that is not known counts nothing beside one that is."""
    costs = [one.cost for one in requests if one.cost is not None]
    put_costs = [one.put_cost for one in requests if one.put_cost is not None]
    return Expected(
        sum(one.put for one in requests),
        sum(one.got for one in requests),
        max(put_costs, default=None),
        sum(costs) if costs else None,
    )


@dataclass(frozen=True, slots=True)
class Outlays:
    """Where a purse finds what was spent beside the stored replies: the messages of the session with this id, and those of
    this process that are not stored."""

    session: str
    messages: Sequence[Message]
    unstored: Sequence[Message]


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many tokens a reply may have, and how it ends there."""

    tokens: int
    reached: OverBudget


def begins(span: Literal["day", "month"], now_ms: int) -> int:
    """When the present day or month began where the user is, in milliseconds since 1970."""
    day = datetime.fromtimestamp(now_ms / 1000).astimezone().date()
    first = day if span == "day" else day.replace(day=1)
    return int(datetime(first.year, first.month, first.day).astimezone().timestamp() * 1000)


def allowance(most: float | None, expected: Expected) -> Allowance | None:
    """What a reply may be within so many dollars; None for anything. Of `expected` only the price per token matters."""
    if most is None or expected.cost is None or expected.put_cost is None:
        return None
    got_cost = expected.cost - expected.put_cost
    if got_cost <= 0:
        return None
    tokens = (most - expected.put_cost) * expected.got / got_cost
    return Allowance(
        max(0, int(tokens)),
        OverBudget(
            f"Stopped: with its question this reply has cost about ~{figures.money(most)}, the budget for one.",
            hint="/continue asks for the rest, for as much again; /budget reply AMOUNT raises it.",
        ),
    )


class Purse:
    """The limits in force, and what the user has agreed to. `spent` is what the stored replies since a moment have cost; it
    raises StoreError. Where nobody can be asked (`asks`), a limit that is reached is refused at once."""

    def __init__(
        self,
        limits: Budget,
        spent: Callable[[int], Usage],
        now_ms: Callable[[], int],
        *,
        asks: bool = True,
    ) -> None:
        self.limits = limits
        self._spent = spent
        self._now_ms = now_ms
        self._asks = asks
        self._read: dict[int, Usage] = {}
        self._asked: Hashable = None
        self._granted: Hashable = None
        self._overrun: set[tuple[Span, Hashable]] = set()
        self._agreed = ("", 0.0)  # a session, and the price that was agreed to there
        self._unlimited = False

    def set(self, name: str, dollars: float | None) -> None:
        """Another limit from now on: a field of `Budget`."""
        change: dict[str, Any] = {name: dollars}
        self.limits = replace(self.limits, **change)
        self._overrun = {one for one in self._overrun if one[0] != name}

    def spent(self, span: Span, outlays: Outlays) -> Usage:
        """What was spent so far, as far as it is known; on a day or in a month by other processes, too."""
        if span not in ("day", "month"):
            return context.total_cost(outlays.messages) or Usage(cost=0.0)
        since = self._since(span)
        unstored = [message for message in outlays.unstored if message.created_ms >= since]
        own, stored = context.total_cost(unstored) or Usage(cost=0.0), self._stored(since)
        cost = (own.cost or 0.0) + (stored.cost or 0.0)
        return Usage(cost=cost, estimated=own.estimated or stored.estimated)

    def _since(self, span: Span) -> int:
        return begins("day" if span == "day" else "month", self._now_ms())

    def _stored(self, since_ms: int) -> Usage:
        """Where the disk does not answer, what it said last."""
        try:
            self._read[since_ms] = self._spent(since_ms)
        except StoreError:
            return self._read.get(since_ms, Usage(cost=0.0))
        return self._read[since_ms]

    def reached(self, outlays: Outlays, expected: Expected) -> list[Span]:
        """The limits that are reached before anything more is asked; none by what costs nothing."""
        if expected.cost == 0:
            return []
        return [span for span in SPANS if self._is_reached(span, outlays, expected)]

    def _is_reached(self, span: Span, outlays: Outlays, expected: Expected) -> bool:
        limit = self.limits.limit(span)
        if limit is None:
            return False
        if span == "reply":
            return (expected.put_cost or 0.0) >= limit
        return (self.spent(span, outlays).cost or 0.0) >= limit

    def require(self, wanted: Hashable, outlays: Outlays, expected: Expected) -> None:
        """Let this be asked, or say why not. UsageError when it is dear, OverBudget when a limit is reached: once, so that the
        same again is granted; what goes beyond the same limit after that is refused."""
        if wanted == self._granted:
            return
        reached = self.reached(outlays, expected)
        overrun = [span for span in reached if self._key(span, outlays) in self._overrun]
        if overrun or (reached and not self._asks):
            raise self._refusal((overrun or reached)[0], outlays, expected)
        dear = self._is_dear(outlays, expected)
        if wanted != self._asked and (reached or dear):
            self._asked = wanted
            raise self._refusal(reached[0], outlays, expected) if reached else _dear(expected)
        self._grant(wanted, reached, outlays, expected)

    def _grant(
        self, wanted: Hashable, reached: list[Span], outlays: Outlays, expected: Expected
    ) -> None:
        self._granted, self._asked = wanted, None
        self._overrun |= {self._key(span, outlays) for span in reached}
        self._unlimited = "reply" in reached
        if self._is_dear(outlays, expected):
            self._agreed = (outlays.session, expected.cost or 0.0)

    def take(self) -> float | None:
        """What the reply may cost that is asked for now, None for anything. The grant is used."""
        most = None if self._unlimited else self.limits.reply
        self._granted, self._unlimited = None, False
        return most

    def _key(self, span: Span, outlays: Outlays) -> tuple[Span, Hashable]:
        """A limit, in one chat, or on one day or in one month."""
        return span, outlays.session if span in ("session", "reply") else self._since(span)

    def _is_dear(self, outlays: Outlays, expected: Expected) -> bool:
        if not (self._asks and self.limits.ask_above and expected.cost):
            return False
        session, agreed = self._agreed
        known = agreed * _MUCH_MORE if session == outlays.session else 0.0
        return expected.cost > max(self.limits.ask_above, known)

    def _refusal(self, span: Span, outlays: Outlays, expected: Expected) -> DeepchatError:
        limit = figures.money(self.limits.limit(span) or 0.0)
        if span == "reply":
            said = f"about ~{figures.money(expected.put_cost or 0.0)} for the question alone, and {limit} is the budget for one reply"
        else:
            spent = context.price(self.spent(span, outlays))
            said = f"{spent} was spent {_WHERE[span]}, and the budget is {limit}"
        if not self._asks:
            return OverBudget(f"Not sent: {said}.", hint="[budget] in config.toml sets it.")
        again = f"{_AGAIN}, this once; " if self._key(span, outlays) not in self._overrun else ""
        return OverBudget(f"Not sent: {said}.", hint=f"{again}/budget {span} AMOUNT raises it.")


def _dear(expected: Expected) -> DeepchatError:
    cost = figures.money(expected.cost or 0.0)
    put, got = figures.count(expected.put), figures.count(expected.got)
    return UsageError(
        f"Not sent yet: about ~{cost}, for ~{put} tokens out and ~{got} back.", hint=f"{_AGAIN}."
    )
