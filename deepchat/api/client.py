"""The client: one session with one server, its key, its time limits; every foreign error becomes ours here."""

import gzip
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Final

import requests
from urllib3.connection import HTTPConnection

from deepchat import __version__
from deepchat.api import sse, wire
from deepchat.api.address import Bearer, address_of, require_sendable
from deepchat.api.exchange import Exchange
from deepchat.api.faults import FOREIGN, fault, no_connection, silent, too_slow
from deepchat.api.line import Adapter, Call, Session
from deepchat.api.models import listed
from deepchat.api.refusals import error_from, request_id_in, wordless
from deepchat.api.seam import joined
from deepchat.api.trust import USUAL, Trust
from deepchat.conversation import Dialect, Event, ModelInfo, Reported, Request
from deepchat.errors import (
    ApiError,
    BadRequest,
    DeepchatError,
    ModelNotFound,
    NetworkError,
    NotAnAnswer,
)
from deepchat.secret import Secret
from deepchat.turn import Stop

_PIECE_BYTES: Final = 64 << 10
_COMPLETIONS: Final = "/chat/completions"
_LARGEST_BODY: Final = 64 << 20

# Smaller requests fit into a few packets as they are. The quickest level leaves a third of a chat, the best a quarter.
_COMPRESSED_FROM: Final = 16 << 10
_LEVEL: Final = 1

# How a server refuses a body that it does not decompress, besides 415.
_UNREAD: Final = re.compile(r"gzip|encoding|compress|decod|pars|json|utf-?8", re.IGNORECASE)

# A connection that rested for longer is tried with a request that costs nothing, before one that does: a router may have
# forgotten it, and then it looks alive. How long the try may take.
_RESTED_S: Final = 30
_TRY_S: Final = 5

# Long histories get as much more time to be sent as a slow line needs.
_UPLOAD_BYTES_PER_S: Final = 100_000


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds, each on a clock of its own: a socket's timeout begins anew with each byte.

    `connect` runs until the line stands, TLS included (name resolution cannot be cut short), `headers` from then to the
    end of the headers. In the reply `silence` is without any byte, `payload` without any event, for a line that only
    keep-alives hold open; `tail` is for what may follow when the outcome is known, and `drain` for reading to the end of
    a finished body so that the connection can be used again.
    """

    connect: float = 10
    headers: float = 120
    silence: float = 120
    payload: float = 300
    tail: float = 5
    drain: float = 0.1


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request as it goes out: what is asked, where below the base URL, and the body in its encoding."""

    method: str
    path: str
    body: bytes = b""
    encoding: str | None = None


class Client:
    """A server that speaks the chat completions format, and the key for it (none: nothing is sent as one).

    Raises ConfigError for a base URL that is none, or for certificates that cannot be used, AccessError for a key that can't be one or must not travel there.
    May be used from several threads. `dialect` is what the server does in its own way, `headers` go out with each request;
    those that are secret are taken out of the server's words, as the key is. `trust` is about certificates. `watch` is told of each exchange when it
    begins and when it is over, on its thread.
    """

    def __init__(
        self,
        base_url: str,
        key: Secret | None,
        *,
        timeouts: Timeouts = Timeouts(),
        dialect: Dialect = wire.PLAIN,
        headers: Mapping[str, str | Secret] = MappingProxyType({}),
        trust: Trust = USUAL,
        watch: Callable[[Exchange], None] = lambda exchange: None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._address = address_of(self._base)
        self._server = self._address.shown
        self._key = key
        require_sendable(key, self._address)
        self._auth = Bearer(key, self._address)
        self._trust = trust
        self._tls = trust.options()
        self._timeouts = timeouts
        self._dialect = dialect
        self._redact = partial(_redacted, [key, *headers.values()])
        self._headers = {
            **{name: _revealed(value) for name, value in headers.items()},
            "Accept": "text/event-stream, application/json",
            # A proxy that compresses also holds back.
            "Accept-Encoding": "identity",
            "Cache-Control": "no-store",
            "Content-Type": "application/json",
            "User-Agent": f"deepchat/{__version__}",
        }
        self._session = Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, Adapter())
        self._lock = threading.Lock()
        self._at_work = 0
        self._rests: tuple[HTTPConnection | None, float] | None = None
        self._compresses = dialect.gzip
        self._watch = watch
        self._was_read = False
        self._built: tuple[Request, bytes] | None = None

    def stream(self, request: Request, stop: Stop) -> Iterator[Event]:
        """The reply as it arrives, as `turn.Model` promises. Stopping breaks the connection off."""
        with (
            self._call() as call,
            stop.aborting(call.break_off),
            closing(self._chat(call, self._body(request))) as response,
            _named(request_id_in(response.headers, self._redact)),
        ):
            self._built = None
            yield from self._continued(request, self._reply(response, call))
            _drain(response, self._timeouts.drain)

    def models(self) -> list[ModelInfo]:
        """The models the server offers; needs no key where the server needs none. Raises ApiError, NetworkError."""
        try:
            return self._listed()
        except ModelNotFound as error:
            raise NotAnAnswer(
                f"{self._server} lists no models at this address (404).",
                hint="Check the base URL: does it lack /v1?",
                status=error.status,
                request_id=error.request_id,
            ) from error

    def _listed(self) -> list[ModelInfo]:
        query = self._dialect.models_query
        path = f"/models?{query}" if query else "/models"
        with self._call() as call, closing(self._ask(call, _Asked("GET", path))) as response:
            clock = _PayloadClock(self._server, self._timeouts.payload)
            try:
                body = self._whole(self._pieces(response, clock, call))
            except FOREIGN as error:
                raise fault(error, self._server, "answered") from error
        try:
            return listed(wire.parsed(body))
        except ValueError:
            raise self._refused(response, body[: sse.HEAD_BYTES]) from None

    def ask(self, path: str) -> None:
        """Ask for this, at no cost, and leave the answer unread. Raises ApiError when it is a refusal, NetworkError."""
        with self._call() as call, closing(self._ask(call, _Asked("GET", path))) as response:
            _drain(response, self._timeouts.drain)

    def warm(self) -> None:
        """Make a connection ready, so that the next message need not wait for it; nothing where one is, or is in use.

        A failure will be told when there is a message: what may be dead has left the pool by then.
        """
        if self._at_work or self._is_ready():
            return
        limits = replace(self._timeouts, headers=min(_TRY_S, self._timeouts.headers))
        for _ in range(2):  # the first may find out that the one there was is dead
            with (
                suppress(ApiError, NetworkError),
                self._call() as call,
                closing(self._send(call, _Asked("HEAD", "/models"), limits)) as response,
            ):
                _drain(response, self._timeouts.drain)
                return

    def close(self) -> None:
        """Close the connections that wait for a next request."""
        self._session.close()

    def _is_ready(self) -> bool:
        if self._rests is None:
            return False
        connection, since = self._rests
        return time.monotonic() - since < _RESTED_S and (
            connection is None or connection.is_connected
        )

    @contextmanager
    def _call(self) -> Iterator[Call]:
        """A call, and a note of where its connection rests afterwards."""
        with self._lock:
            self._at_work += 1
        try:
            with closing(Call()) as call:
                try:
                    yield call
                except BaseException as error:
                    self._note(call, error)
                    raise
                self._rests = (call.connection, time.monotonic())
                self._note(call)
        finally:
            with self._lock:
                self._at_work -= 1

    def _note(self, call: Call, error: BaseException | None = None) -> None:
        """The exchange of this call has ended, perhaps by an error; a stream that is left, by GeneratorExit."""
        exchange, call.exchange = call.exchange, None
        if exchange:
            exchange.ended(_end(call, error))
            self._watch(exchange)

    # --- asking ------------------------------------------------------------------------------------------------------

    def _body(self, request: Request) -> bytes:
        """Built once, however often the request is sent."""
        built = self._built
        if built is None or built[0] is not request:
            encoded = wire.encoded(wire.body(request, self._dialect))
            self._built = built = (request, encoded)
        return built[1]

    def _chat(self, call: Call, body: bytes) -> requests.Response:
        """Compressed where that is worth while, and as it is once the server turns out not to read that."""
        if self._compresses and len(body) >= _COMPRESSED_FROM:
            packed = gzip.compress(body, _LEVEL, mtime=0)
            try:
                response = self._ask(call, _Asked("POST", _COMPLETIONS, packed, "gzip"))
            except BadRequest as error:
                if not self._left_unread(error):
                    raise
                self._compresses = False
                self._note(call, error)
            else:
                self._was_read = True
                return response
        return self._ask(call, _Asked("POST", _COMPLETIONS, body))

    def _left_unread(self, error: BadRequest) -> bool:
        """Whether the server refused a body because it is compressed."""
        doubtful = error.status in (400, 422) and not self._was_read
        return error.status == 415 or (doubtful and bool(_UNREAD.search(error.sentence)))

    def _ask(self, call: Call, asked: _Asked) -> requests.Response:
        """Send one request, and wait for headers that promise a reply. Raises an ApiError or NetworkError.

        Until it returns nothing of a reply has come.
        """
        response = self._send(call, asked, self._timeouts)
        if 200 <= response.status_code < 300:
            return response
        with closing(response):
            clock = _PayloadClock(self._server, self._timeouts.tail)
            raise self._refused(response, self._head(self._pieces(response, clock, call), call))

    def _refused(self, response: requests.Response, body: bytes) -> ApiError:
        """What an answer that is no reply means, of which the body begins like this."""
        return error_from(
            response.status_code,
            response.headers,
            body,
            server=self._server,
            keyed=self._key is not None,
            redact=self._redact,
        )

    def _send(self, call: Call, asked: _Asked, limits: Timeouts) -> requests.Response:
        url = self._base + asked.path
        upload = len(asked.body) / _UPLOAD_BYTES_PER_S
        answer = upload + limits.headers
        headers = {**self._headers, "Content-Encoding": asked.encoding}
        call.exchange = exchange = Exchange(
            asked.method,
            url,
            headers,
            asked.body,
            keyed=self._key is not None,
            redact=self._redact,
        )
        self._watch(exchange)
        try:
            with call.placed(connect=limits.connect, answer=answer, silence=limits.silence):
                response = self._session.request(
                    asked.method,
                    url,
                    data=asked.body or None,
                    headers=headers,
                    auth=self._auth,
                    # Beyond the call's own clocks, for lines that these do not reach. urllib3 sends in the first one.
                    timeout=(limits.connect + upload, answer + limits.silence),
                    proxies=self._address.proxies,
                    **self._tls,
                    allow_redirects=False,
                    stream=True,
                )
        except FOREIGN as error:
            if call.overdue and not call.sent:
                raise no_connection(self._server, limits.connect) from error
            if call.overdue:
                raise too_slow(self._server, answer) from error
            failure = fault(error, self._server, "sent" if call.sent else "connecting")
            raise self._trust.named(failure) from error
        if call.overdue:  # http.client takes half the headers for all of them
            response.close()
            raise too_slow(self._server, answer)
        exchange.answered(response.status_code, response.reason, response.headers)
        return response

    def _continued(self, request: Request, events: Iterator[Event]) -> Iterator[Event]:
        """Behind a reply that goes on; where the server does not know how, what it repeats is left out."""
        last = request.messages[-1] if request.messages else None
        if last and last.role == "assistant" and not self._dialect.continues:
            return joined(last.text, events)
        return events

    # --- the reply ---------------------------------------------------------------------------------------------------

    def _reply(self, response: requests.Response, call: Call) -> Iterator[Event]:
        request_id = request_id_in(response.headers, self._redact)
        yield Reported(request_id=request_id)
        decoder = wire.Decoder(
            request_id=request_id,
            server=self._server,
            dialect=self._dialect,
            redact=self._redact,
        )
        try:
            yield from self._decoded(response, decoder, call)
        except (*FOREIGN, NetworkError, NotAnAnswer) as error:
            # A line that breaks after the last word breaks nothing.
            yield from decoder.rest()
            if not decoder.complete:
                if isinstance(error, DeepchatError):
                    raise
                raise fault(error, self._server, "answered") from error
        ending = [*decoder.finish()]
        self._note(call)  # the program may be gone before the line is drained
        yield from ending

    def _decoded(
        self, response: requests.Response, decoder: wire.Decoder, call: Call
    ) -> Iterator[Event]:
        """Events, until nothing of interest follows. What a body is, its first byte tells better than its type."""
        clock = _PayloadClock(self._server, self._timeouts.payload)
        first, pieces = sse.opened(self._pieces(response, clock, call))
        if first in (b"{", b"["):
            yield from decoder.whole(self._whole(pieces))
            return
        if first == b"<":
            raise self._refused(response, self._head(pieces, call))
        feeder = sse.Feeder(pieces, server=self._server)
        with ExitStack() as waiting:
            for name, data in sse.events(feeder):
                clock.restart()
                was_complete = decoder.complete
                yield from decoder.event(name, data)
                if decoder.done:
                    return
                if decoder.complete and not was_complete:
                    waiting.enter_context(call.within(self._timeouts.tail))
        if decoder.begun or feeder.comments:
            return
        if not feeder.head and "event-stream" in response.headers.get("content-type", ""):
            raise wordless(self._server, request_id_in(response.headers, self._redact))
        raise self._refused(response, feeder.head)

    def _pieces(
        self, response: requests.Response, clock: "_PayloadClock", call: Call
    ) -> Iterator[bytes]:
        while piece := _read(response):
            if call.exchange:
                call.exchange.hear(piece)
            yield piece
            clock.check()

    def _whole(self, pieces: Iterator[bytes]) -> bytes:
        """A body that is one document. NotAnAnswer when it has no end."""
        body = bytearray()
        for piece in pieces:
            body += piece
            if len(body) > _LARGEST_BODY:
                raise NotAnAnswer(
                    f"{self._server} sent a document of more than {_LARGEST_BODY:,} bytes.",
                    hint="No chat server does that: check the base URL.",
                )
        return bytes(body)

    def _head(self, pieces: Iterator[bytes], call: Call) -> bytes:
        """The beginning of a body that is no reply; when it breaks off, whatever came of it."""
        head = b""
        with suppress(*FOREIGN), call.within(self._timeouts.tail):
            for piece in pieces:
                head += piece
                if len(head) >= sse.HEAD_BYTES:
                    break
        return head[: sse.HEAD_BYTES]


def _revealed(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _redacted(values: Iterable[str | Secret | None], text: str) -> str:
    """The text without those of the values that are secret."""
    for value in values:
        text = value.redact(text) if isinstance(value, Secret) else text
    return text


@contextmanager
def _named(request_id: str) -> Iterator[None]:
    """The server's people know by this id whatever fails inside."""
    try:
        yield
    except (ApiError, NetworkError) as error:
        error.request_id = error.request_id or request_id
        raise


def _read(response: requests.Response) -> bytes:
    """The next bytes as soon as there are any, in every framing; b"" at the end. Other ways to read wait for more."""
    piece: bytes = response.raw.read1(_PIECE_BYTES, decode_content=True)
    return piece


def _drain(response: requests.Response, seconds: float) -> None:
    """Read to the end of a finished body, or for so long: only then can its connection be used again."""
    line = getattr(response.raw.connection, "sock", None)
    if line is None:
        return
    line.settimeout(seconds)
    until = time.monotonic() + seconds
    with suppress(*FOREIGN):
        while _read(response) and time.monotonic() < until:
            pass


def _end(call: Call, error: BaseException | None) -> str:
    if error is None:
        return "complete"
    if call.was_stopped or isinstance(error, GeneratorExit):
        return "stopped"
    return f"{type(error).__name__}: {error}"


class _PayloadClock:
    """Runs out when nothing of the reply has come for so long, whatever else the server sends."""

    def __init__(self, host: str, seconds: float) -> None:
        self._host = host
        self._seconds = seconds
        self.restart()

    def restart(self) -> None:
        self._until = time.monotonic() + self._seconds

    def check(self) -> None:
        if time.monotonic() > self._until:
            raise silent(self._host, self._seconds)
