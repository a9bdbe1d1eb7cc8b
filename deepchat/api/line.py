"""The line to a server: connections that another thread can break off in any phase but name resolution.

requests knows no way to end a call before its headers are there, and `response.close()` waits for the blocked read it
should end. So each call keeps a handle on its socket, from before it connects, and shuts that down. Nothing here knows
what is said on the line.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.response import HTTPResponse
from urllib3.util.connection import allowed_gai_family

from deepchat.api.exchange import Exchange

_under_way: ContextVar["Call | None"] = ContextVar("_under_way", default=None)


class Call:
    """One request and its response. `break_off` ends, from any thread, whatever the call waits for.

    `sent`: the request has begun to go out, and may be answered. `overdue`: one of its clocks has run out. `silence` is
    for how many seconds its reply may rest between two bytes. `connection` is the one it went out on, where that is known, `exchange`
    what is said.
    """

    def __init__(self) -> None:
        self.sent = False
        self.connection: HTTPConnection | None = None
        self.exchange: Exchange | None = None
        self.overdue = False
        self.silence: float | None = None
        self._answer = 0.0
        self._clock: threading.Timer | None = None
        self._broken = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    @property
    def was_stopped(self) -> bool:
        """Whether it was broken off, and not by a clock of its own."""
        return self._broken and not self.overdue

    def break_off(self) -> None:
        """Shut the socket down, both ways, so that the server notices too. Returns at once; twice is fine."""
        with self._lock:
            self._broken = True
            if self._socket:
                # It may be closed by the server already, or not connected yet: then `hold` looks again.
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def hold(self, number: int) -> None:
        """Keep a handle of our own on the socket with this file number; ConnectionAbortedError once broken off.

        TLS detaches the connection's first handle, and a body that ends by closing loses its second.
        """
        with self._lock:
            self._let_go()
            if self._broken:
                raise ConnectionAbortedError("broken off")
            # Which family it really is does not matter for shutting it down.
            self._socket = socket.fromfd(number, socket.AF_INET, socket.SOCK_STREAM)

    def send(self, connection: HTTPConnection) -> None:
        """From here on, on this connection, the request goes out."""
        self.hold(connection.sock.fileno())
        self.connection = connection
        self.sent = True
        if self.exchange:
            self.exchange.mark("sent")
        self._wind(self._answer)

    def close(self) -> None:
        """Let go of the line, which may serve the next call."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None

    @contextmanager
    def placed(self, *, connect: float, answer: float, silence: float) -> Iterator[None]:
        """The connection that this thread uses inside belongs to this call.

        It may take `connect` seconds to stand, then `answer` to send the request and get all the headers; after that the
        reply may rest for `silence`.
        """
        self._answer, self.silence, self.sent = answer, silence, False
        token = _under_way.set(self)
        try:
            with self.within(connect):
                yield
        finally:
            _under_way.reset(token)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """What is inside may take so long, then the call is broken off, and `overdue`.

        A socket's own timeout begins anew with each byte, so one byte now and then would keep it waiting for ever.
        """
        self._wind(seconds)
        try:
            yield
        finally:
            self._unwind()

    def _wind(self, seconds: float) -> None:
        self._unwind()
        self._clock = threading.Timer(seconds, self._expire)
        self._clock.daemon = True
        self._clock.start()

    def _unwind(self) -> None:
        if self._clock:
            self._clock.cancel()
        self._clock = None

    def _expire(self) -> None:
        self.overdue = True
        self.break_off()


class Session(requests.Session):
    """requests' own, without its look at where a redirect leads, even if none is followed: for that it reads the whole
    body, however long, and breaks on a Location that is not UTF-8."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Adapter(HTTPAdapter):
    """requests' own, with connections that tell the call under way which socket it uses, and that are kept alive while they
    rest: routers forget silent ones."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, socket_options=_options())

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> HTTPConnectionPool:
        pool = cast(HTTPConnectionPool, super().get_connection_with_tls_context(*args, **options))
        if pool.ConnectionCls is HTTPConnection:
            pool.ConnectionCls = _Http
        elif pool.ConnectionCls is HTTPSConnection:
            pool.ConnectionCls = _Https
        call = _under_way.get()
        if call and not issubclass(pool.ConnectionCls, _Http):
            # A SOCKS proxy has connections of its own: there a call ends at the next byte, and what was sent is not known.
            call.sent = True
        return pool


def _options() -> list[tuple[int, int, int]]:
    """urllib3's own, and keep-alives from the first half minute of silence on, where the system lets one say when."""
    options = [*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, seconds in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10)):
        if number := getattr(socket, name, None):
            options.append((socket.IPPROTO_TCP, number, seconds))
    return options


class _Http(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        try:
            return self._connected()
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "no connection in time") from error
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error

    def _connected(self) -> socket.socket:
        """As urllib3's create_connection, but the call holds each socket before it connects."""
        call = _under_way.get()
        failure = OSError("the name has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(
            self.host.strip("[]"), self.port, allowed_gai_family(), socket.SOCK_STREAM
        ):
            line = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    line.setsockopt(*option)
                line.settimeout(self.timeout)
                if call:
                    call.hold(line.fileno())
                line.connect(address)
            except OSError as error:
                line.close()
                failure = error
            else:
                return line
        raise failure

    def request(self, *args: Any, **options: Any) -> None:
        call = _under_way.get()
        if self.sock is None:
            self.connect()
            if call and call.exchange:
                call.exchange.is_new_line = True
        if call:
            call.send(self)
        super().request(*args, **options)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own
        line = self.sock  # a body that ends by closing takes it away
        response = super().getresponse()
        if call := _under_way.get():
            line.settimeout(call.silence)
        return response


class _Https(_Http, HTTPSConnection):
    pass
