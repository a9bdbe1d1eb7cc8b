"""What went over the line in one request and its answer, in words for who looks for a fault; no key is in them."""

import gzip
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from deepchat import figures
from deepchat.api.refusals import Redact, unredacted
from deepchat.secret import HIDDEN, MASKED, mask
from deepchat.text import clean, clean_line

# Of each body; what is beyond is counted.
KEPT_BYTES: Final = 256 << 10

# Characters of a body at its beginning, and as many at its end, where it is told briefly.
BRIEF: Final = 1_000

_PICTURE: Final = re.compile(r"(?<=;base64,)[A-Za-z0-9+/=]{100,}")

# Others may carry what opens a door.
_SHOWN: Final = re.compile(
    r"(?i)accept|cache-control|cf-ray|connection|content-|date|retry-after|server|transfer-encoding|user-agent"
    r"|via|.*request-id|x-deepinfra-|x-ratelimit-|openai-|location"
)


@dataclass(slots=True)
class Exchange:
    """One request and what came of it, filled while that happens; times are seconds since it began."""

    method: str
    url: str
    headers: Mapping[str, str | None]
    body: bytes
    keyed: bool = False
    redact: Redact = unredacted
    is_new_line: bool = False
    status: str = ""
    answer: Mapping[str, str] = field(default_factory=dict)
    heard_bytes: int = 0
    end: str = "under way"
    _heard: bytearray = field(default_factory=bytearray)
    _times: dict[str, float] = field(default_factory=dict)
    _date: datetime = field(default_factory=lambda: datetime.now(UTC))
    _began: float = field(default_factory=time.monotonic)

    def mark(self, what: str) -> None:
        """This happened now; the first time counts."""
        self._times.setdefault(what, time.monotonic() - self._began)

    def answered(self, status: int, reason: str, headers: Mapping[str, str]) -> None:
        self.mark("answered")
        self.status = f"{status} {reason}".strip()
        self.answer = dict(headers)

    def hear(self, piece: bytes) -> None:
        """A piece of the answer's body."""
        self.mark("heard")
        self.heard_bytes += len(piece)
        if len(self._heard) < KEPT_BYTES:
            self._heard += piece[: KEPT_BYTES - len(self._heard)]

    def ended(self, how: str) -> None:
        self.mark("ended")
        self.end = how

    @property
    def is_over(self) -> bool:
        return "ended" in self._times

    def told(self, *, brief: bool = False) -> str:
        """Several lines, `>` what was sent and `<` what was heard. `brief` leaves the middle of long bodies out."""
        date = f"{self._date:%Y-%m-%d %H:%M:%S} UTC"
        lines = [f"{date} {clean_line(self.method)} {clean_line(self.url, 500)}", *self._story()]
        asked = {name: value for name, value in self.headers.items() if value is not None}
        lines += [f"> {line}" for line in (*self._shown(asked), *self._sent(brief=brief))]
        lines += [f"< {line}" for line in (*self._shown(self.answer), *self._said(brief=brief))]
        return clean(mask(self.redact("\n".join(lines)))) + "\n"

    def _story(self) -> list[str]:
        line = "on a new connection" if self.is_new_line else "on a connection used before"
        size = figures.size(len(self.body))
        heard = figures.size(self.heard_bytes)
        words = {
            "sent": f"sent {line}, {size}",
            "answered": f"answered: {clean_line(self.status)}",
            "heard": "the first byte of a body",
            "ended": f"{clean_line(self.end)}, {heard} heard",
        }
        return [
            f"  {at:8.3f} s  {words[what]}" for what, at in self._times.items() if what in words
        ]

    def _shown(self, headers: Mapping[str, str]) -> list[str]:
        shown = [
            f"{name}: {value if _SHOWN.match(name) else MASKED}" for name, value in headers.items()
        ]
        if headers is not self.answer and self.keyed:
            shown.append(f"Authorization: Bearer {HIDDEN}")
        return shown

    def _sent(self, *, brief: bool) -> list[str]:
        packed = self.headers.get("Content-Encoding") == "gzip"
        body = gzip.decompress(self.body) if packed else self.body
        return _body(body[:KEPT_BYTES], len(body), brief=brief)

    def _said(self, *, brief: bool) -> list[str]:
        return _body(bytes(self._heard), self.heard_bytes, brief=brief)


def _body(kept: bytes, size: int, *, brief: bool) -> list[str]:
    """A blank line, and the lines of a body, pictures as the number of their characters."""
    if not size:
        return []
    text = _PICTURE.sub(
        lambda found: f"({len(found[0])} characters)", kept.decode("utf-8", "replace")
    )
    if brief and len(text) > 2 * BRIEF + 100:
        left_out = len(text) - 2 * BRIEF
        text = f"{text[:BRIEF]}\n… {left_out} characters …\n{text[-BRIEF:]}"
    more = [f"… and {size - len(kept)} bytes more"] if size > len(kept) else []
    return ["", *text.rstrip("\n").splitlines(), *more]
