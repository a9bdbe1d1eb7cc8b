"""The built-in offline model's HTTP server on loopback, in DeepInfra's format; and, for tests, any answer one can script.

Sockets, threads and routes live here; the format in `deepinfra`, what is said in `answers`.
"""

import json
import selectors
import socket
import socketserver
import struct
import threading
import zlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, ClassVar, Final, Literal, Self

from deepchat.conversation import Json
from deepchat.demo import deepinfra
from deepchat.demo.answers import MODELS, prompt_tokens, speak
from deepchat.demo.checking import ChatRequest, read_request
from deepchat.demo.deepinfra import Refused, Reply
from deepchat.demo.manual import Page, passages

MAX_BODY: Final = 32 * 1024 * 1024  # bytes, also after decompression
KEPT: Final = 100  # requests remembered

Framing = Literal["chunked", "close", "length", "http10"]
End = Literal["clean", "cut", "reset", "hang"]


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the demo talks: tokens a second (0: all at once), and seconds before the first one."""

    tokens_per_s: float
    before_s: float = 0.0

    HUMAN: ClassVar["Pace"]
    INSTANT: ClassVar["Pace"]

    @property
    def pause_s(self) -> float:
        return 1 / self.tokens_per_s if self.tokens_per_s else 0.0


Pace.HUMAN = Pace(100, before_s=0.25)
Pace.INSTANT = Pace(0)


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came: names of headers in lower case, the body unpacked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back on the wire, to the byte.

    `before_s` passes before the status line; then each of `pieces` goes out by a send (and chunk) of its own, `pause_s`
    apart. `framing` says how the body's length is told: by chunks, by closing, by Content-Length, or by closing in HTTP/1.0.
    `end`: "clean"; "cut" closes early (Content-Length then promised a byte more); "reset" sends a TCP reset; "hang" falls
    silent until either side closes. The content type is `text/event-stream` unless `headers` name another.
    """

    pieces: tuple[bytes, ...] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    framing: Framing = "chunked"
    pause_s: float = 0.0
    before_s: float = 0.0
    end: End = "clean"

    @classmethod
    def reply(
        cls,
        text: str | Iterable[str],
        *,
        reasoning: str | Iterable[str] = "",
        finish: str | None = "stop",
        usage: Mapping[str, Json] | None = None,
        model: str = "deepchat/demo",
        request_id: str = "",
        done: bool = True,
        headers: Mapping[str, str] | None = None,
        framing: Framing = "chunked",
        pause_s: float = 0.0,
        before_s: float = 0.0,
        end: End = "clean",
    ) -> "Answer":
        """An ordinary streamed reply, one event a piece.

        A string is cut into tokens, other iterables are the deltas. `finish` None leaves the last chunk out, `done` False
        the `[DONE]`; `usage` None is counted, {} is left out.
        """
        said = Reply(_deltas(text), _deltas(reasoning), finish)
        counted = said.counted(10) if usage is None else replace(said, usage=usage or None)
        events = deepinfra.chunks(
            counted, model=model, request_id=request_id or deepinfra.new_request_id()
        )
        pieces = (*events, deepinfra.DONE) if done else tuple(events)
        return cls(pieces, 200, headers or {}, framing, pause_s, before_s, end)

    @classmethod
    def json(
        cls,
        body: Json,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        before_s: float = 0.0,
    ) -> "Answer":
        """A JSON body in one piece: errors, lists, replies that are not streamed."""
        told = {"Content-Type": "application/json", **(headers or {})}
        return cls((deepinfra.encoded(body),), status, told, "length", before_s=before_s)


def _deltas(text: str | Iterable[str]) -> tuple[str, ...]:
    return deepinfra.tokens(text) if isinstance(text, str) else tuple(text)


class DemoServer:
    """Serves on 127.0.0.1 at a free port from `start()` to `close()`, or inside `with`.

    `script` holds answers given to chat requests, one each, before the demo answers by itself again. `received` keeps the
    last 100 requests, `connections` counts the TCP connections accepted, `gone` the clients that left before their answer was whole.
    With `key`, chat requests and `/v1/me` need it as their bearer token.
    """

    def __init__(
        self, manual: Sequence[Page], *, pace: Pace = Pace.HUMAN, key: str | None = None
    ) -> None:
        self.script: deque[Answer] = deque()
        self.received: list[Received] = []
        self.connections = 0
        self.gone = 0
        self.base_url = ""
        self._manual = passages(manual)
        self._pace = pace
        self._key = key
        self._listener: _Listener | None = None

    def start(self) -> Self:
        """Bind and serve; `base_url` is known from here on. OSError when loopback can't be bound."""
        self._listener = _Listener(self)
        self.base_url = f"http://127.0.0.1:{self._listener.server_address[1]}/v1/openai"
        self._listener.serve()
        return self

    def close(self) -> None:
        """Stop at once, replies in flight too; no thread or socket is left. Closing twice is fine."""
        listener, self._listener = self._listener, None
        if listener:
            listener.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def answer(self, request: Received) -> Answer:
        """What a request gets: the route, then the script, then the demo itself."""
        self.received.append(request)
        del self.received[:-KEPT]
        try:
            return self._route(request)
        except Refused as refused:
            return Answer.json(refused.body, status=refused.status)

    def _route(self, request: Received) -> Answer:
        path, _, query = request.path.partition("?")
        match path, request.method:
            case "/v1/openai/chat/completions", "POST":
                return self._chat(request)
            case "/v1/openai/models", "GET":
                with_metadata = "filter=with_meta" in query.split("&")
                return Answer.json(deepinfra.model_list(MODELS, with_metadata=with_metadata))
            case "/v1/me", "GET":
                self._require_key(request)
                return Answer.json({"uid": "demo"})
            case (("/v1/openai/chat/completions" | "/v1/openai/models"), _):
                raise Refused(405, {"detail": "Method Not Allowed"})
            case _:
                raise Refused(404, {"detail": "Not Found"})

    def _chat(self, request: Received) -> Answer:
        if self.script:
            return self.script.popleft()
        self._require_key(request)
        asked = read_request(request.body)
        _require_served(asked)
        reply = speak(self._manual, asked)
        request_id = deepinfra.new_request_id()
        named = {"x-request-id": request_id}
        if not asked.stream:
            whole = deepinfra.completion(reply, model=asked.model, request_id=request_id)
            return Answer.json(whole, headers=named, before_s=self._pace.before_s)
        events = deepinfra.chunks(reply, model=asked.model, request_id=request_id)
        return Answer(
            (*events, deepinfra.DONE),
            headers=named,
            pause_s=self._pace.pause_s,
            before_s=self._pace.before_s,
        )

    def _require_key(self, request: Received) -> None:
        if self._key is not None and request.headers.get("authorization") != f"Bearer {self._key}":
            raise Refused(401, deepinfra.error("Not authenticated"))


def _require_served(asked: ChatRequest) -> None:
    """The model there is, and a conversation that it has room for."""
    model = next((model for model in MODELS if model.id == asked.model), None)
    if model is None:
        told = f"Model not found: {asked.model}"
        raise Refused(404, deepinfra.error(told, code="model_not_found"))
    length = prompt_tokens(asked)
    if model.context_length and length > model.context_length:
        told = (
            f"Requested input length {length} exceeds maximum input length {model.context_length}"
        )
        raise Refused(400, deepinfra.error(told))


class _Listener(socketserver.TCPServer):
    """The listening socket, its thread, and a thread for each connection.

    Not `http.server.HTTPServer`: that asks DNS for its own name when it binds, and polls while it serves.
    """

    request_queue_size = 128

    def __init__(self, demo: DemoServer) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.demo = demo
        self.stopping = False
        # Readable from `stop()` on: what a waiting reply watches beside its client.
        self.stopped, self._stop = socket.socketpair()
        self._connections: list[tuple[threading.Thread, socket.socket]] = []
        self._accepting = threading.Thread(target=self._accept, name="demo", daemon=True)

    def serve(self) -> None:
        self._accepting.start()

    def _accept(self) -> None:
        while not self.stopping:
            self.handle_request()

    def stop(self) -> None:
        self.stopping = True
        self._stop.close()
        # Nothing but a connection ends `accept` on every system.
        with suppress(OSError):
            socket.create_connection(self.socket.getsockname()).close()
        self._accepting.join()
        for _, connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread, _ in self._connections:
            thread.join()
        self.stopped.close()
        self.server_close()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return not self.stopping

    def process_request(self, request: Any, client_address: Any) -> None:
        self.demo.connections += 1
        thread = threading.Thread(
            target=self._serve_connection, args=(request, client_address), name="demo", daemon=True
        )
        alive = [(old, connection) for old, connection in self._connections if old.is_alive()]
        self._connections = [*alive, (thread, request)]
        thread.start()

    def _serve_connection(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            pass  # the client left, or the server stops; between replies that is nobody's concern
        finally:
            self.shutdown_request(request)


class _Connection(BaseHTTPRequestHandler):
    """One client's connection: requests read, answers sent, as long as both sides keep it."""

    server: _Listener
    protocol_version = "HTTP/1.1"
    server_version = "deepchat-demo"
    sys_version = ""
    disable_nagle_algorithm = True
    error_content_type = "application/json"
    error_message_format = '{"detail": "%(explain)s"}'

    def log_message(self, *_: Any) -> None:
        """Say nothing: the terminal belongs to the chat."""

    def _serve(self) -> None:
        try:
            self._reply()
        except OSError:
            self.close_connection = True
            if not self.server.stopping:
                self.server.demo.gone += 1

    # The names that http.server looks for.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815

    def _reply(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            body = _unpacked(self._body(headers), headers.get("content-encoding", "identity"))
        except Refused as refused:
            told = {"Connection": "close"}
            self._send(Answer.json(refused.body, status=refused.status, headers=told))
            self._drain()
        else:
            self._send(self.server.demo.answer(Received(self.command, self.path, headers, body)))

    def _body(self, headers: Mapping[str, str]) -> bytes:
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers:
            raise Refused(411, {"detail": "Length Required"})
        if not length.isdecimal():
            raise Refused(400, {"detail": "Invalid Content-Length"})
        if int(length) > MAX_BODY:
            raise Refused(413, {"detail": "Request Entity Too Large"})
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionResetError
        return body

    def _drain(self) -> None:
        """Read what nobody wants: closing before would reset the connection, and the client would not see why."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while self.rfile.read1(65536):
                pass

    def _send(self, answer: Answer) -> None:
        self._wait(answer.before_s)
        self._send_head(answer)
        pieces = () if self.command == "HEAD" else tuple(filter(None, answer.pieces))
        for number, piece in enumerate(pieces):
            if number:
                self._wait(answer.pause_s)
            self._send_piece(piece, answer.framing)
        self._send_end(answer)

    def _send_head(self, answer: Answer) -> None:
        named = {name.lower() for name in answer.headers}
        self.protocol_version = "HTTP/1.0" if answer.framing == "http10" else "HTTP/1.1"
        self.send_response(answer.status)
        if "content-type" not in named:
            self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.framing == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        elif answer.framing == "length":
            owed = 0 if answer.end == "clean" else 1
            self.send_header("Content-Length", str(sum(map(len, answer.pieces)) + owed))
        else:
            self.send_header("Connection", "close")
        self.end_headers()

    def _send_piece(self, piece: bytes, framing: Framing) -> None:
        chunk = b"%x\r\n%b\r\n" % (len(piece), piece)
        self.connection.sendall(chunk if framing == "chunked" else piece)

    def _send_end(self, answer: Answer) -> None:
        match answer.end:
            case "clean" if answer.framing == "chunked" and self.command != "HEAD":
                self.connection.sendall(b"0\r\n\r\n")
            case "clean":
                pass
            case "cut":
                self.close_connection = True
            case "reset":
                self._reset()
            case "hang":
                self._wait(None)

    def _reset(self) -> None:
        """Close with a TCP reset: lingering for zero seconds (RFC 1122, 4.2.2.13, as every socket library has it)."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # At once and here: the ordinary way to close would say goodbye first.
        socket.close(self.connection.detach())

    def _wait(self, seconds: float | None) -> None:
        """Sleep so long; None is for ever. ConnectionError as soon as the client leaves or the server stops."""
        if seconds == 0:
            return
        with selectors.DefaultSelector() as selector:
            selector.register(self.server.stopped, selectors.EVENT_READ)
            selector.register(self.connection, selectors.EVENT_READ)
            ready = [key.fileobj for key, _ in selector.select(seconds)]
            if ready == [self.connection] and self.connection.recv(1, socket.MSG_PEEK):
                # It sends its next request already; from here on only the stop can be watched.
                selector.unregister(self.connection)
                ready = [key.fileobj for key, _ in selector.select(seconds)]
        if ready:
            raise ConnectionAbortedError


def _unpacked(body: bytes, encoding: str) -> bytes:
    """A body without its content encoding; DeepInfra takes gzip, and only that."""
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise Refused(415, {"detail": f"Unsupported Content-Encoding: {encoding}"})
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, MAX_BODY)
    except zlib.error:
        raise Refused(400, {"detail": "Invalid gzip body"}) from None
    if unpacker.unconsumed_tail:
        raise Refused(413, {"detail": "Request Entity Too Large"})
    if not unpacker.eof:
        raise Refused(400, {"detail": "Invalid gzip body"})
    return plain
