"""A server of plain sockets, for what the demo cannot say: TLS, half headers, proxies, any byte at any moment."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CERTIFICATES = Path(__file__).parent / "certificates"

Talk = Callable[[socket.socket], None]


class Peer:
    """Takes connections on 127.0.0.1, gives each to `talk` on a thread of its own, and closes it afterwards."""

    def __init__(self, talk: Talk, certificate: str = "") -> None:
        self.connections = 0
        self.closed = threading.Event()
        self._talk = talk
        self._tls = _context(certificate) if certificate else None
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if not self._tls:
                self._talk(connection)
            else:
                with self._tls.wrap_socket(connection, server_side=True) as line:
                    self._open.append(line)
                    self._talk(line)
        self.closed.set()

    def close(self) -> None:
        for line in (self._listener, *self._open):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()


def _context(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem", CERTIFICATES / "key.pem")
    return context


def read_request(line: socket.socket) -> bytes:
    """One request, head and body, as it comes."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += _more(line)
    head, _, body = request.partition(b"\r\n\r\n")
    length = next(
        (
            int(h.split(b":")[1])
            for h in head.lower().split(b"\r\n")
            if h.startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        body += _more(line)
    return head + b"\r\n\r\n" + body


def _more(line: socket.socket) -> bytes:
    piece = line.recv(65536)
    if not piece:
        raise ConnectionResetError
    return piece
