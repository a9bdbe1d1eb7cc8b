"""Which failure may be tried again, how often, and after what wait; pure. The turn waits, where it can be stopped.

Nothing is paid for twice: what was delivered and got no answer is never sent again by itself, for it may be answered, and
billed, all the same.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from deepchat.errors import (
    DeepchatError,
    ModelNotFound,
    RateLimited,
    ServerTrouble,
    Unreachable,
)
from deepchat.text import clean_line

# The server refused to begin: a timeout of its own, too early, too busy, broken, overloaded (529); 52x are Cloudflare's.
PASSING: Final = frozenset((408, 425, 429, 500, 502, 503, 504, *range(520, 525), 529))

FIRST_S: Final = 2.0
LONGEST_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Retries:
    """At most so many tries after the first one. `chance` gives numbers in [0, 1)."""

    most: int = 2
    chance: Callable[[], float] = random.random

    def wait(self, error: DeepchatError, done: int) -> float | None:
        """Seconds until a request that failed like this before anything of an answer came, and was sent again `done`
        times, may be sent again; None: it may not.

        As long as the server asks for; where it does not say, exponential with full jitter, so that those who were refused
        together do not return together (aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter).
        """
        if done >= self.most or not _passes(error):
            return None
        asked = _asked_for(error)
        if asked > LONGEST_S:
            return None
        return asked or self.chance() * min(LONGEST_S, FIRST_S * 2.0**done)


NEVER: Final = Retries(0)


def _passes(error: DeepchatError) -> bool:
    """Whether nothing was sent, or the server refused what was, and it may be otherwise in a moment."""
    if isinstance(error, ServerTrouble | RateLimited):
        return error.status in PASSING
    return isinstance(error, Unreachable)


def another_may(error: DeepchatError) -> bool:
    """Whether another model may answer where this one was refused: it is busy, broken or gone."""
    return isinstance(error, ModelNotFound) or (
        isinstance(error, ServerTrouble | RateLimited) and error.status in PASSING
    )


@dataclass(frozen=True, slots=True)
class Passed:
    """A model that was passed over, why, and the one that is asked instead."""

    model: str
    error: DeepchatError
    instead: str

    @property
    def told(self) -> str:
        """One clean line."""
        return clean_line(f"{self.error} {self.instead} is asked instead of {self.model}.", 500)


def _asked_for(error: DeepchatError) -> float:
    asked = error.retry_after if isinstance(error, ServerTrouble | RateLimited) else None
    return asked or 0.0


@dataclass(frozen=True, slots=True)
class Pause:
    """The wait before a request is sent again: after which failure, for how many seconds, and since when."""

    error: DeepchatError
    seconds: float
    since: float

    def told(self, now: float | None = None) -> str:
        """`retrying in 4 s: why`, one clean line. `now` is on the clock of `since`, and as a rule that moment itself."""
        passed = 0.0 if now is None else now - self.since
        left = max(0, math.ceil(self.seconds - passed))
        return f"retrying in {left} s: {clean_line(str(self.error))}"
