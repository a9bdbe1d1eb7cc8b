"""What may go wrong between here and a reply, as data: the site where it does, and what must come of it.

Not tests: those that run over the table are in tests/api, tests/cli and tests/terminal. `tests/benchmarks/faults.py` prints
a run.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import repeat
from socket import gaierror
from typing import Any, Final
from unittest import mock

from deepchat.api.client import Client, Timeouts
from deepchat.conversation import Message
from deepchat.errors import (
    AccessError,
    BadRequest,
    DeepchatError,
    ModelNotFound,
    NotAnAnswer,
    ProxyFailed,
    RateLimited,
    ServerTrouble,
    StreamCut,
    TimedOut,
    TlsFailed,
    TooLong,
    Unreachable,
)
from deepchat.retrying import Retries
from deepchat.turn import Turn
from tests.api.said import ASK, bytewise, chunk, stream
from tests.core.fakes import MemoryJournal
from tests.sites import (
    AWAY,
    BY_PROXY,
    CHUNKED,
    GZIPPED,
    HEAD,
    HI,
    LOCAL,
    OPEN,
    PAGE,
    PLENTY,
    REST,
    Opening,
    Site,
    answer,
    broken,
    chunked,
    drip,
    elsewhere,
    full,
    goes_on,
    gzipped,
    hang,
    hello,
    late,
    leave,
    nobody,
    peer,
    reset,
    trusting,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """At this `site` a turn fails with this `kind` of error (None: it does not), whose sentence is `says`; a last "…" stands
    for anything. The server sees so many `requests`, and it is tried so many times (0: as many). Of the reply it `keeps`
    this text. `limits` are shorter ones than those of `ask`; `floods` is said of a server that sends far too much.
    """

    site: Opening
    kind: type[DeepchatError] | None
    says: str
    requests: int = 1
    tries: int = 0
    keeps: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)
    floods: bool = False

    @property
    def exit_code(self) -> int:
        return self.kind.exit_code if self.kind else 0

    def is_said(self, sentence: str, site: Site) -> bool:
        """Whether that is what must be said."""
        wanted = site.named(self.says)
        start = wanted.removesuffix("…")
        return sentence.startswith(start) if start != wanted else sentence == wanted


def _unsent(site: Opening, kind: type[DeepchatError], says: str, **more: Any) -> Fault:
    """Nothing is delivered: what may pass is tried three times."""
    return Fault(site, kind, says, requests=0, tries=3 if kind is Unreachable else 1, **more)


def _begun(site: Opening, kind: type[DeepchatError] | None, says: str, **more: Any) -> Fault:
    """The reply has begun: it is kept, and never asked for again."""
    return Fault(site, kind, says, **{"keeps": "Hi", **more})


@contextmanager
def staged(fault: Fault) -> Iterator[Site]:
    """The site set up, and the environment as it is to be there."""
    with fault.site() as site, mock.patch.dict(os.environ, site.env):
        yield site


@dataclass(frozen=True, slots=True)
class Outcome:
    """A turn that has ended, where it did, and the text that the journal has of its reply."""

    turn: Turn
    site: Site
    kept: str


def ask(fault: Fault) -> Outcome:
    """A turn, with limits that a test can wait for; tried again at once."""
    limits = {"connect": 5, "headers": 5, "silence": 5, "payload": 5, "tail": 0.2, "drain": 0.05}
    journal = MemoryJournal()
    with staged(fault) as site:
        timeouts = Timeouts(**{**limits, **fault.limits})
        with closing(Client(site.url, site.key, timeouts=timeouts)) as client:
            reply = Message("1", "assistant", "")
            at_once = Retries(chance=lambda: 0.0)
            turn = Turn(client, journal, ASK, reply, retries=at_once).start()
            assert turn.wait(50)
    return Outcome(turn, site, journal.sealed[-1].text)


# --- the table -------------------------------------------------------------------------------------------------------

QUICK: Final = {"connect": 0.1}

CONNECTING: Final = {
    "a name nobody knows": _unsent(
        broken("getaddrinfo", gaierror(-2, "Name or service not known"), AWAY),
        Unreachable, "{server} cannot be found by its name."),
    "no network": _unsent(
        broken("connect", OSError(101, "Network is unreachable")),
        Unreachable, "{server} cannot be reached: network is unreachable."),
    "refused": _unsent(nobody, Unreachable, "{server} refused the connection."),
    "a connection not taken": _unsent(
        full, Unreachable, "No connection to {server} came about within 0.1 s.", limits=QUICK),
    "a self-signed certificate": _unsent(
        peer(certificate="good", url=LOCAL),
        TlsFailed, "The certificate of {server} is not accepted: self-signed certificate."),
    "an expired certificate": _unsent(
        peer(certificate="expired", url=LOCAL, env=trusting("expired")),
        TlsFailed, "The certificate of {server} is not accepted: certificate has expired."),
    "another host's certificate": _unsent(
        peer(certificate="other", url=LOCAL, env=trusting("other")),
        TlsFailed, "The certificate of {server} is not accepted: Hostname mismatch."),
    "certificates that are not there": _unsent(
        peer(certificate="good", url=LOCAL, env={"REQUESTS_CA_BUNDLE": "/nowhere/at/all.pem"}),
        TlsFailed, "No connection to {server}: the file of trusted certificates cannot be read."),
    "no TLS at all": _unsent(
        peer(b"HTTP/1.1 400 Bad Request\r\n\r\n", takes=hello, url=LOCAL),
        TlsFailed, "{server} does not speak TLS."),
    "a handshake closed": _unsent(
        peer(takes=hello, url=LOCAL), TlsFailed, "The TLS handshake with {server} failed: …"),
    "a handshake reset": _unsent(
        peer(takes=hello, end=reset, url=LOCAL),
        Unreachable, "{server} broke the connection off while it was being made."),
    "a handshake without end": _unsent(
        peer(takes=hello, end=hang, url=LOCAL),
        Unreachable, "No connection to {server} came about within 0.1 s.", limits=QUICK),
}  # fmt: skip

PROXIES: Final = {
    "a proxy that is not there": _unsent(
        elsewhere({"https_proxy": "http://me:pw@127.0.0.1:9"}),
        Unreachable, "The proxy {proxy} on the way to {server} cannot be reached."),
    "a proxy that wants a password": _unsent(
        peer(answer(status=407), takes=hello, url=AWAY, env=BY_PROXY),
        ProxyFailed, "The proxy {proxy} on the way to {server} wants a name and a password (407)."),
    "a proxy that refuses": _unsent(
        peer(answer(status=403), takes=hello, url=AWAY, env=BY_PROXY),
        ProxyFailed, "The proxy {proxy} on the way to {server} does not lead there (403)."),
    "a proxy that is none": _unsent(
        peer(b"220 mail.example ESMTP\r\n", takes=hello, url=AWAY, env=BY_PROXY),
        ProxyFailed, "The proxy {proxy} on the way to {server} does not speak HTTP."),
    "a proxy that closes": _unsent(
        peer(takes=hello, url=AWAY, env=BY_PROXY),
        Unreachable, "The proxy {proxy} on the way to {server} broke the connection off while it was being made."),
    "a proxy that takes the request and closes": Fault(
        peer(url="http://api.example/v1", env={"http_proxy": "http://127.0.0.1:{port}"}),
        StreamCut, "{server} closed the connection without an answer."),
    "SOCKS without support": _unsent(
        elsewhere({"all_proxy": "socks5h://127.0.0.1:9"}),
        ProxyFailed, "{server} is to be reached by a SOCKS proxy, and support for SOCKS is not installed."),
}  # fmt: skip

NO_ANSWER: Final = "{server} closed the connection without an answer."
NO_HTTP: Final = "What answers at {server} does not speak HTTP."
ENDLESS_HEAD: Final = "{server} answers with headers beyond all bounds."

WAITING: Final = {
    "closed without an answer": Fault(peer(), StreamCut, NO_ANSWER),
    "reset without an answer": Fault(peer(end=reset), StreamCut, NO_ANSWER),
    "half the headers, then reset": Fault(peer(HEAD, end=reset), StreamCut, NO_ANSWER),
    "half a status": Fault(peer(b"HTTP/1.1 5"), NotAnAnswer, NO_HTTP),
    "a status that is none": Fault(peer(b"HTTP/1.1 abc\r\n\r\n"), NotAnAnswer, NO_HTTP),
    "another protocol": Fault(peer(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), NotAnAnswer, NO_HTTP),
    "bytes of nothing": Fault(peer(b"\x00\xff" * 20), NotAnAnswer, NO_HTTP),
    "5,000 headers": Fault(peer(HEAD, b"X: y\r\n" * 5_000 + b"\r\n"), NotAnAnswer, ENDLESS_HEAD),
    "a header of 1 MB": Fault(
        peer(HEAD, b"X: " + b"y" * (1 << 20) + b"\r\n\r\n"), NotAnAnswer, ENDLESS_HEAD, floods=True),
    "no answer": Fault(
        peer(end=hang), TimedOut, "{server} did not begin to answer within 0.1 s.", limits={"headers": 0.1}),
    "headers that drip": Fault(
        peer(HEAD, end=drip(b"X-Drip: 1\r\n")),
        TimedOut, "{server} did not begin to answer within 0.2 s.", limits={"headers": 0.2}),
}  # fmt: skip

BUSY: Final = {"error": {"message": "Model busy, retry later"}}
CLOUDFLARE: Final = b"<html><head><title>api.example | 52x: trouble</title></head><body>Ray</body>"

# By status: what the body is, the error, what is said, and how often it is asked for.
STATUSES: Final[Mapping[int, tuple[Any, type[DeepchatError], str, int]]] = {
    400: ({"object": "error", "message": "Too bad"}, BadRequest, "does not accept this request (400): Too bad.", 1),
    401: ({"error": {"message": "Wrong", "code": None}}, AccessError, "refused the key (401): Wrong.", 1),
    402: ({"detail": "balance"}, AccessError, "finds no funds in the account (402): balance.", 1),
    403: ({"error": {"detail": "no"}}, AccessError, "denies access (403): no.", 1),
    404: ({"error": "Not here"}, ModelNotFound, "has no such model, or nothing at this address (404): Not here.", 1),
    405: ({"detail": "No tools"}, BadRequest, "does not accept this request (405): No tools.", 1),
    407: (b"", BadRequest, "is behind a proxy that wants a name and a password (407).", 1),
    408: (b"", ServerTrouble, "waited too long for the request (408).", 3),
    409: ({"detail": {"message": "At odds"}}, ServerTrouble, "failed (409): At odds.", 1),
    413: (b"<html><title>Too large</title>", BadRequest, "finds the request too large (413): a web page, “Too large”.", 1),
    418: (b"short and stout", BadRequest, "does not accept this request (418): short and stout.", 1),
    422: ({"detail": [{"loc": ["body", "top_p"], "msg": "Too low"}]},
          BadRequest, "does not accept this request (422): body.top_p: Too low.", 1),
    425: (b"", ServerTrouble, "failed (425).", 3),
    429: (BUSY, RateLimited, "is busy, or a limit is reached (429): Model busy, retry later.", 3),
    500: ({"message": "Should be a tool", "param": "messages.0"}, ServerTrouble, "failed (500): Should be a tool (messages.0).", 3),
    501: (b"", ServerTrouble, "cannot do this (501).", 1),
    502: (b"upstream down", ServerTrouble, "failed (502): upstream down.", 3),
    503: ({"detail": {"error": "busy"}}, ServerTrouble, "failed (503): busy.", 3),
    504: (b"<html>", ServerTrouble, "failed (504): a web page.", 3),
    **{status: (CLOUDFLARE, ServerTrouble, f"failed ({status}): a web page, “api.example | 52x: trouble”.", 3)
       for status in range(520, 524)},
    524: ({"title": "A timeout occurred", "status": 524}, ServerTrouble, "failed (524): A timeout occurred.", 3),
    529: ({"error": {"message": "Overloaded"}}, ServerTrouble, "failed (529): Overloaded.", 3),
}  # fmt: skip

IDENTIFIED: Final = "x-request-id: r-0123456789\r\n"
UNTIL_2099: Final = (
    "Date: Wed, 21 Oct 2026 07:28:00 GMT\r\nRetry-After: Thu, 31 Dec 2099 23:59:59 GMT\r\n"
)

REFUSED: Final = {
    **{f"status {status}": Fault(peer(answer(body, status, head=IDENTIFIED)), kind, f"{{server}} {does}", requests=times)
       for status, (body, kind, does, times) in STATUSES.items()},
    "too long, told as 500": Fault(
        peer(answer({"error": {"message": "length 99009 exceeds maximum input length 8192"}}, 500)),
        TooLong, "{server} finds the conversation too long for this model (500): length 99009 exceeds …"),
    "many words": Fault(
        peer(answer({"detail": "All that is said " * 99}, 400, head=IDENTIFIED)),
        BadRequest, "{server} does not accept this request (400): All that is said All that is said …"),
    **{f"Retry-After {wait}": Fault(
        peer(answer(BUSY, 429, head=f"Retry-After: {wait}\r\n")),
        RateLimited, "{server} is busy, or a limit is reached (429): Model busy, retry later.", requests=times)
       for wait, times in {"0": 3, "-1": 3, "nan": 3, "soon": 3, "61": 1, "1e9": 1}.items()},
    "a wait in milliseconds": Fault(
        peer(answer(BUSY, 503, head="Retry-After-Ms: 1\r\n")),
        ServerTrouble, "{server} failed (503): Model busy, retry later.", requests=3),
    "a wait of an hour": Fault(
        peer(answer(BUSY, 429, head="Retry-After: 3600\r\n")),
        RateLimited, "{server} is busy, or a limit is reached (429): Model busy, retry later."),
    "a wait until 2099": Fault(
        peer(answer(BUSY, 503, head=UNTIL_2099)), ServerTrouble, "{server} failed (503): Model busy, retry later."),
    "500 and a body without end": Fault(
        peer(answer(status=500, claims=1 << 40), repeat(PLENTY)),
        ServerTrouble, "{server} failed (500): xxxxxxxxx…", requests=3, floods=True),
    "503 and a body that breaks": Fault(
        peer(answer(b"busy", 503, claims=99)), ServerTrouble, "{server} failed (503): busy.", requests=3),
    "503 and a body that never comes": Fault(
        peer(answer(b"", 503, claims=99), end=hang), ServerTrouble, "{server} failed (503).", requests=3),
    "a redirect": Fault(
        peer(answer(status=307, head="Location: https://elsewhere.example/v2\r\n")),
        NotAnAnswer, "{server} redirects to https://elsewhere.example/v2 (307), and a key is not carried along."),
    "a redirect with an endless page": Fault(
        peer(b"HTTP/1.1 302 \x1b[2J\r\nLocation: http://[\xff\x9b\r\nConnection: close\r\n\r\n", repeat(PLENTY)),
        NotAnAnswer, "{server} redirects to http://[ÿ<U+009B> (302), and a key is not carried along.", floods=True),
    "a redirect to nowhere": Fault(
        peer(answer(status=301)),
        NotAnAnswer, "{server} redirects to a place it does not name (301), and a key is not carried along."),
}  # fmt: skip

BROKE: Final = "The connection to {server} broke before the reply was complete."
ENDED: Final = "{server} ended the stream before the reply was complete."
UNREADABLE: Final = "{server} sent a part of the reply that cannot be read."
GARBLED: Final = "The reply from {server} is garbled: it cannot be decompressed."
ENDLESS: Final = "{server} sent an event of more than 67,108,864 bytes."

NO_REPLY: Final = {
    "a login page": Fault(
        peer(answer(PAGE)), NotAnAnswer, "{server} does not answer as a chat server does (200): a web page, “Log in here”."),
    "a page without end": Fault(
        peer(OPEN, b"<html><title>Forever</title>", repeat(PLENTY)),
        NotAnAnswer, "{server} does not answer as a chat server does (200): a web page, “Forever”.", floods=True),
    "an empty body": Fault(
        peer(answer()), NotAnAnswer, "{server} does not answer as a chat server does (200): it sent nothing."),
    "a stream without an event": Fault(
        peer(answer(kind="text/event-stream")), ServerTrouble, "{server} ended the reply before its first word."),
    "204": Fault(
        peer(answer(status=204)), NotAnAnswer, "{server} does not answer as a chat server does (204): it sent nothing."),
    "plain text": Fault(
        peer(answer(b"All is well.", kind="text/plain")),
        NotAnAnswer, "{server} does not answer as a chat server does (200): All is well."),
    "lines of JSON": Fault(
        peer(answer(b'{"a": 1}\n{"b": 2}\n')), NotAnAnswer, "{server} answered in JSON that cannot be read."),
    "JSON that is no reply": Fault(
        peer(answer({"a": 1})), NotAnAnswer, "{server} answered in JSON, but not with a reply."),
    "JSON without end": Fault(
        peer(OPEN, repeat(b"[" * 65536)),
        NotAnAnswer, "{server} sent a document of more than 67,108,864 bytes.", floods=True),
    "an error with 200": Fault(
        peer(answer({"error": {"message": "No."}})), ServerTrouble, "{server} ended the reply with an error: No."),
    "half a JSON reply": Fault(peer(answer(b'{"choices": [', claims=99)), StreamCut, BROKE),
    "nothing but keep-alives": Fault(peer(OPEN, b": ping\n\n: ping\n\n"), StreamCut, ENDED),
    "headers alone": Fault(peer(CHUNKED), StreamCut, BROKE),
    "headers, then reset": Fault(peer(CHUNKED, end=reset), StreamCut, BROKE),
    "compression that is none": Fault(peer(GZIPPED, b"no gzip" * 20), StreamCut, GARBLED),
}  # fmt: skip

BROKEN: Final = {
    "cut between chunks": _begun(peer(CHUNKED + chunked(HI)), StreamCut, BROKE),
    "cut in a chunk": _begun(peer(CHUNKED + chunked(HI), b"ff\r\ndata"), StreamCut, BROKE),
    "a chunk of nonsense": _begun(peer(CHUNKED + chunked(HI), b"zz\r\ndata\r\n"), StreamCut, BROKE),
    "a length not reached": _begun(peer(HEAD + b"Content-Length: 999\r\n\r\n", HI), StreamCut, BROKE),
    "reset after a word": _begun(peer(OPEN, HI, end=reset), StreamCut, BROKE),
    "TLS left without goodbye": _begun(
        peer(CHUNKED + chunked(HI), end=leave, certificate="good", url=LOCAL, env=trusting("good")), StreamCut, BROKE),
    "an end without an end": _begun(peer(OPEN, HI), StreamCut, ENDED),
    "cut in an event": _begun(peer(OPEN, HI, b"data: {"), StreamCut, UNREADABLE),
    "cut in a character": _begun(
        peer(OPEN, HI, b'data: {"choices": [{"delta": {"content": "\xe6\xbc'), StreamCut, UNREADABLE),
    "nonsense for JSON": _begun(goes_on("data: {nonsense"), StreamCut, UNREADABLE),
    "100,000 brackets": _begun(goes_on("data: " + "[" * 100_000), StreamCut, UNREADABLE),
    "compression that breaks": _begun(peer(GZIPPED, gzipped(HI), end=late(b"\xff" * 20)), StreamCut, GARBLED),
    "a bomb": _begun(
        peer(GZIPPED, gzipped(HI, b"data: "), repeat(gzipped(b"x" * (1 << 20), begun=True))),
        NotAnAnswer, ENDLESS, floods=True),
    "an event without end": _begun(peer(OPEN, HI, b"data: ", repeat(PLENTY)), NotAnAnswer, ENDLESS, floods=True),
    "an event of too many lines": _begun(
        peer(OPEN, HI, b"data: x\n" * 20_000, b"\n"),
        NotAnAnswer, "{server} sent an event of more than 10,000 lines."),
    "half a tag, then too many lines": _begun(
        peer(OPEN, stream(chunk("<thi"), done=False), b"data: x\n" * 20_000, b"\n"),
        NotAnAnswer, "{server} sent an event of more than 10,000 lines.", keeps="<thi"),
    "silence": _begun(
        peer(OPEN, HI, end=hang), TimedOut, "{server} fell silent in the middle of the reply.", limits={"silence": 0.2}),
    "keep-alives for ever": _begun(
        peer(OPEN, HI, end=drip(b": keep-alive\n\n")),
        TimedOut, "{server} kept the line open, but sent nothing more of the reply for 0.2 s.", limits={"payload": 0.2}),
    "an error without a code": _begun(
        goes_on({"error": {"message": "Compute error."}}),
        ServerTrouble, "{server} ended the reply with an error: Compute error."),
    "an error with a code": _begun(
        goes_on({"error": {"message": "overloaded", "code": 503}}),
        ServerTrouble, "{server} ended the reply with an error (503): overloaded."),
    "an event called error": _begun(
        goes_on('event: error\ndata: {"message": "tool_use_failed"}'),
        ServerTrouble, "{server} ended the reply with an error: tool_use_failed."),
    "a field called error": _begun(
        goes_on('error: {"code": 400, "message": "no room"}'),
        BadRequest, "{server} does not accept this request (400): no room."),
    "an error in plain words": _begun(
        goes_on("data: Number of choices must be greater than 0."),
        ServerTrouble, "{server} ended the reply with an error: Number of choices must be greater than 0."),
    "too long, told in the stream": _begun(
        goes_on({"error": {"message": "Token limit reached", "code": 400}}),
        TooLong, "{server} finds the conversation too long for this model (400): Token limit reached."),
}  # fmt: skip

# What others break on, and a reply is all the same.
SURVIVED: Final = {
    "null, no choices, no delta": _begun(
        goes_on("data: null", {"choices": []}, {"choices": [{"delta": None}]}), None, ""),
    "bytes that are no UTF-8": _begun(
        peer(OPEN, HI.replace(b"Hi", b"H\xff"), REST), None, "", keeps="H\ufffd"),
    "a byte order mark": _begun(peer(OPEN, b"\xef\xbb\xbf", HI, REST), None, ""),
    "another content type": _begun(peer(answer(HI + REST, kind="text/plain")), None, ""),
    "a certificate of one's own": _begun(
        peer(OPEN, HI, REST, certificate="good", url=LOCAL, env=trusting("good")), None, ""),
    "a byte at a time": _begun(peer(OPEN, bytewise(HI + REST)), None, ""),
    "[DONE], then silence": _begun(peer(OPEN, HI, REST, end=hang), None, ""),
    "a reason, then a reset": _begun(
        peer(OPEN, stream(chunk("Hi", "stop"), done=False), end=reset), None, ""),
}  # fmt: skip

FAULTS: Final[Mapping[str, Fault]] = {
    **CONNECTING,
    **PROXIES,
    **WAITING,
    **REFUSED,
    **NO_REPLY,
    **BROKEN,
    **SURVIVED,
}
