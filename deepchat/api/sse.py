"""Bytes off the socket → whole, repaired event blocks → server-sent events; nothing here knows JSON or HTTP.

The format is WHATWG's (html.spec.whatwg.org/multipage/server-sent-events.html). sseclient-py reads it well as long as it
is given one whole block at a time, LF only, in valid UTF-8: that is what `Feeder` makes of any stream. Two leniencies are
meant: an unterminated last event counts, and a field named `error`, which some servers send, becomes an event of that name.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from typing import Final

import sseclient

from deepchat.errors import NotAnAnswer

HEAD_BYTES: Final = 64 << 10
LARGEST_EVENT: Final = 64 << 20

# sseclient glues an event together line by line, which is quadratic in their number; real events have a handful.
MOST_LINES: Final = 10_000

_ERROR_FIELD: Final = re.compile(rb"^error:", re.MULTILINE)


def events(feeder: "Feeder") -> Iterator[tuple[str, str]]:
    """Each event's name ("message" where it has none) and data. Raises NotAnAnswer on an event beyond all bounds."""
    for event in sseclient.SSEClient(feeder).events():
        yield event.event, event.data


def opened(pieces: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first byte of a body that is neither white space nor BOM, b"" if there is none; and the body from its start."""
    rest = iter(pieces)
    start = b""
    for piece in rest:
        start += piece
        first = start.removeprefix(BOM_UTF8).lstrip()[:1]
        if (first and not BOM_UTF8.startswith(start)) or len(start) > HEAD_BYTES:
            return first, _after(start, rest)
    return b"", _after(start, rest)


def _after(start: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield start
    yield from rest


class Feeder:
    """The blocks of a stream, one whole event each, in time linear in its bytes.

    `head` holds the first 64 KB as they came, to explain a body that is no event stream; `comments` counts keep-alives.
    `server` is what it is called in an error.
    """

    def __init__(
        self,
        pieces: Iterable[bytes],
        *,
        largest: int = LARGEST_EVENT,
        server: str = "The server",
    ) -> None:
        self.head = b""
        self.comments = 0
        self._largest = largest
        self._server = server
        self._blocks = self._cut(_lf_only(_without_bom(self._noted(pieces))))

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return self._repaired(next(self._blocks))

    def close(self) -> None:
        """sseclient asks for one; the source is closed by who opened it."""

    def _noted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            if len(self.head) < HEAD_BYTES:
                self.head += piece[: HEAD_BYTES - len(self.head)]
            yield piece

    def _cut(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """At each blank line. What was searched is not searched again, else a picture in an event costs minutes."""
        buffer = bytearray()
        searched = 0
        for piece in pieces:
            buffer += piece
            while (end := buffer.find(b"\n\n", searched)) >= 0:
                yield bytes(buffer[: end + 2])
                del buffer[: end + 2]
                searched = 0
            searched = max(0, len(buffer) - 1)
            if len(buffer) > self._largest:
                raise self._beyond(f"{self._largest:,} bytes")
        if buffer:
            yield bytes(buffer)

    def _beyond(self, bound: str) -> NotAnAnswer:
        return NotAnAnswer(
            f"{self._server} sent an event of more than {bound}.",
            hint="No chat server does that: check the base URL.",
        )

    def _repaired(self, block: bytes) -> bytes:
        if block.count(b"\n") > MOST_LINES:
            raise self._beyond(f"{MOST_LINES:,} lines")
        self.comments += block.startswith(b":") + block.count(b"\n:")
        if not block.isascii():
            block = block.decode("utf-8", "replace").encode()
        return _ERROR_FIELD.sub(b"event: error\ndata:", block) if b"error:" in block else block


def _without_bom(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """One byte order mark is dropped, even if it comes in pieces; a second one is the server's mistake."""
    rest = iter(pieces)
    start = b""
    for piece in rest:
        start += piece
        if not BOM_UTF8.startswith(start) or start == BOM_UTF8:
            break
    yield start.removeprefix(BOM_UTF8)
    yield from rest


def _lf_only(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """CR and CRLF become LF. A CR counts at once, and an LF right after it, in the next piece, is the same line end."""
    after_cr = False
    for piece in pieces:
        text = piece[1:] if after_cr and piece.startswith(b"\n") else piece
        after_cr = piece.endswith(b"\r")
        yield text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
