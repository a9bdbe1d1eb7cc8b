"""Servers that misbehave, and ways that lead nowhere: what they do, and what they say. What must come of it is in `faults`."""

import json
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final
from unittest import mock

from deepchat.api.address import Address
from deepchat.secret import Secret
from tests.api.peer import CERTIFICATES, Peer, Talk, read_request
from tests.api.said import chunk, stream

AWAY: Final = "https://api.example/v1"

# Sent with each request; it must not be seen again.
KEY: Final = "sk-canary-0123456789"


@dataclass(frozen=True, slots=True)
class Site:
    """What is asked: the base URL, what the environment says about the way there, and the chats that were asked for."""

    url: str
    env: Mapping[str, str] = field(default_factory=dict)
    requests: list[bytes] = field(default_factory=list)

    def named(self, says: str) -> str:
        """A sentence with the names filled in for {server} and {proxy}."""
        proxy = "".join(self.env.values()).rpartition("@")[2]
        return says.replace("{server}", Address.of(self.url).shown).replace("{proxy}", proxy)

    @property
    def key(self) -> Secret | None:
        """The one to send, where it may go."""
        address = Address.of(self.url)
        return Secret(KEY) if address.scheme == "https" or address.is_loopback else None


# Sets a site up, and clears it away.
Opening = Callable[[], AbstractContextManager[Site]]


# --- how a peer behaves ----------------------------------------------------------------------------------------------


def close(line: socket.socket) -> None:
    """Nothing more: the connection is closed after the talk."""


def reset(line: socket.socket) -> None:
    time.sleep(0.05)  # a reset may overtake what was sent before it
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang(line: socket.socket) -> None:
    line.recv(1)


def leave(line: socket.socket) -> None:
    """Out of TLS without its goodbye."""
    socket.socket.shutdown(line, socket.SHUT_RDWR)


def late(piece: bytes) -> Talk:
    """By itself, so that what was said before has arrived."""

    def talk(line: socket.socket) -> None:
        time.sleep(0.05)
        line.sendall(piece)

    return talk


def drip(drop: bytes) -> Talk:
    def talk(line: socket.socket) -> None:
        while True:
            line.sendall(drop)
            time.sleep(0.02)

    return talk


def hello(line: socket.socket) -> bytes:
    """What a client of TLS says first."""
    return line.recv(65536)


def peer(
    *says: bytes | Iterable[bytes],
    takes: Callable[[socket.socket], bytes] = read_request,
    end: Talk = close,
    certificate: str = "",
    url: str = "http://127.0.0.1:{port}/v1",
    env: Mapping[str, str] | None = None,
) -> Opening:
    """One that takes a request, says its pieces, and ends. {port} in the URL and the environment is its own."""

    @contextmanager
    def site() -> Iterator[Site]:
        requests: list[bytes] = []

        def talk(line: socket.socket) -> None:
            taken = takes(line)
            requests.extend([taken] if taken.startswith(b"POST") else [])
            for piece in chain.from_iterable([s] if isinstance(s, bytes) else s for s in says):
                line.sendall(piece)
            end(line)

        one = Peer(talk, certificate)
        try:
            told = {name: value.format(port=one.port) for name, value in (env or {}).items()}
            yield Site(url.format(port=one.port), told, requests)
        finally:
            one.close()

    return site


def broken(name: str, failure: OSError, url: str = "http://127.0.0.1:9/v1") -> Opening:
    """A place where this function of sockets fails."""

    @contextmanager
    def site() -> Iterator[Site]:
        owner = socket if name == "getaddrinfo" else socket.socket
        with mock.patch.object(owner, name, side_effect=failure):
            yield Site(url)

    return site


@contextmanager
def nobody() -> Iterator[Site]:
    """A port where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield Site(f"http://127.0.0.1:{unused.getsockname()[1]}/v1")


@contextmanager
def full() -> Iterator[Site]:
    """A server whose queue is full: whoever connects waits."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield Site(f"http://127.0.0.1:{server.getsockname()[1]}/v1")


def elsewhere(env: Mapping[str, str], url: str = AWAY) -> Opening:
    """A server that only this environment leads to."""

    @contextmanager
    def site() -> Iterator[Site]:
        yield Site(url, env)

    return site


def trusting(certificate: str) -> dict[str, str]:
    """An environment in which it is."""
    return {"REQUESTS_CA_BUNDLE": str(CERTIFICATES / f"{certificate}.pem")}


# --- what it says ----------------------------------------------------------------------------------------------------


def answer(
    body: Any = b"", status: int = 200, *, head: str = "", claims: int = 0, kind: str = ""
) -> bytes:
    """A whole answer, JSON unless it is bytes; it `claims` to have so many bytes more than it has."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = kind or ("text/html" if sent.startswith(b"<") else "application/json")
    return (
        f"HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\n{head}"
        f"Connection: close\r\nContent-Length: {len(sent) + claims}\r\n\r\n"
    ).encode() + sent


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


def gzipped(*pieces: bytes, begun: bool = False) -> bytes:
    """The beginning of something compressed; or, where it has `begun`, a part that can be said again and again."""
    packer = zlib.compressobj(wbits=-15 if begun else 31)
    return b"".join(map(packer.compress, pieces)) + packer.flush(zlib.Z_FULL_FLUSH)


HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
OPEN: Final = HEAD + b"Connection: close\r\n\r\n"
CHUNKED: Final = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GZIPPED: Final = HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"
LOCAL: Final = "https://localhost:{port}/v1"
BY_PROXY: Final = {"https_proxy": "http://me:pw@127.0.0.1:{port}"}

HI: Final = stream(chunk("Hi"), done=False)
REST: Final = stream(chunk(reason="stop"))
PLENTY: Final = b"x" * 65536
PAGE: Final = (
    b"<html><head><title>Log in\n here</title></head><body>Welcome to the airport</body></html>"
)


def goes_on(*events: Any) -> Opening:
    """A stream that says "Hi", then this."""
    return peer(OPEN, HI, stream(*events))
