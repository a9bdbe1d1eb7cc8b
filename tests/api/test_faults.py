"""What may break on the way to a server and back: each has its error, a sentence that names the host, and a hint."""

import socket
import ssl
import struct
from pathlib import Path

import pytest

from deepchat.demo.server import Answer
from deepchat.errors import NotAnAnswer, ProxyFailed, StreamCut, TlsFailed, Unreachable
from tests.api.peer import CERTIFICATES, read_request
from tests.api.said import chunk, received, stream, text_of

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
EVENT = stream(chunk("Hi"), done=False)


def told(client, kind, words):
    """The client fails with this kind of error, in these words."""
    _, error = received(client)
    assert error is not None
    assert type(error) is kind, error
    assert words in str(error)
    assert str(error).isprintable()
    assert error.hint


def saying(*pieces):
    def talk(line):
        read_request(line)
        for piece in pieces:
            line.sendall(piece)

    return talk


def reset(line):
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# --- no way there ----------------------------------------------------------------------------------------------------


def test_a_name_that_cannot_be_found(client, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    told(client("https://no-such.example/v1"), Unreachable, "The name no-such.example")


def test_a_port_where_nobody_listens(client):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    told(client(f"http://127.0.0.1:{port}"), Unreachable, "127.0.0.1 refused the connection")


def test_a_host_that_takes_no_connection(client):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        slow = client(f"http://127.0.0.1:{full.getsockname()[1]}", connect=0.1)
        told(slow, Unreachable, "does not take the connection")
        for one in waiting:
            one.close()


def test_no_network_at_all(client, monkeypatch):
    def unreachable(*_):
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    told(client("http://127.0.0.1:9"), Unreachable, "cannot be reached: network is unreachable")


# --- TLS -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("certificate", "trusted", "why"),
    [
        ("good", "", "self-signed certificate"),
        ("expired", "expired", "certificate has expired"),
        ("other", "other", "Hostname mismatch"),
    ],
)
def test_a_certificate_that_is_not_accepted(peer, client, monkeypatch, certificate, trusted, why):
    if trusted:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATES / f"{trusted}.pem"))
    server = peer(saying(), certificate=certificate)
    told(
        client(f"https://localhost:{server.port}"),
        TlsFailed,
        f"localhost is not accepted: {why}",
    )


def test_a_server_that_speaks_no_tls(peer, client):
    def plain(line):
        line.recv(100)
        line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    told(client(f"https://127.0.0.1:{peer(plain).port}"), TlsFailed, "No secure connection")


def test_a_server_that_leaves_in_the_handshake(peer, client):
    told(
        client(f"https://127.0.0.1:{peer(lambda line: line.recv(65536)).port}"),
        TlsFailed,
        "127.0.0.1",
    )


def test_a_server_that_resets_the_handshake(peer, client):
    def talk(line):
        line.recv(100)
        reset(line)

    told(
        client(f"https://127.0.0.1:{peer(talk).port}"),
        Unreachable,
        "127.0.0.1 broke the connection",
    )


def test_a_handshake_that_goes_on_for_ever(peer, client):
    silent = peer(lambda line: line.recv(65536) and line.recv(1))
    slow = client(f"https://127.0.0.1:{silent.port}", connect=0.1)
    told(slow, Unreachable, "does not take the connection")


def test_a_bundle_of_certificates_that_is_not_there(client, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(Path("/nowhere/at/all.pem")))
    told(client("https://127.0.0.1:9"), TlsFailed, "trusted certificates cannot be read")


def test_tls_works_with_a_certificate_that_is_trusted(peer, client, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATES / "good.pem"))
    body = EVENT + stream(chunk(reason="stop"))
    head = HEAD + b"Content-Length: %d\r\n\r\n" % len(body)
    server = peer(saying(head, body), certificate="good")
    got, error = received(client(f"https://localhost:{server.port}"))
    assert (text_of(got), error) == ("Hi", None)


# --- proxies ---------------------------------------------------------------------------------------------------------


def test_a_proxy_that_is_not_there(client, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://me:pw@127.0.0.1:9")
    one = client("https://api.example/v1")
    told(one, Unreachable, "The proxy does not lead to api.example")
    assert "pw" not in str(received(one)[1])


def test_a_proxy_that_refuses(peer, client, monkeypatch):
    port = peer(saying(b"HTTP/1.1 403 Forbidden\r\n\r\n")).port
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
    told(client("https://api.example/v1"), ProxyFailed, "The proxy does not lead to api.example")


def test_a_socks_proxy_without_support_for_it(client, monkeypatch):
    monkeypatch.setenv("all_proxy", "socks5h://127.0.0.1:9")
    told(client("https://api.example/v1"), ProxyFailed, "SOCKS")


# --- no answer -------------------------------------------------------------------------------------------------------


def test_a_server_that_closes_without_an_answer(peer, client):
    told(client(f"http://127.0.0.1:{peer(saying()).port}"), StreamCut, "without an answer")


def test_a_server_that_resets_without_an_answer(peer, client):
    def talk(line):
        read_request(line)
        reset(line)

    told(client(f"http://127.0.0.1:{peer(talk).port}"), StreamCut, "without an answer")


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
    ],
    ids=["another protocol", "many headers", "a long header", "a strange status"],
)
def test_a_server_that_speaks_no_http(peer, client, garbage):
    told(
        client(f"http://127.0.0.1:{peer(saying(garbage)).port}"), NotAnAnswer, "does not speak HTTP"
    )


# --- a reply that breaks ---------------------------------------------------------------------------------------------

CHUNK = b"%x\r\n%b\r\n" % (len(EVENT), EVENT)
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK
GZIP = HEAD + b"Content-Encoding: gzip\r\nContent-Length: 99\r\n\r\n"
BREAKS = {
    "between chunks": ((CHUNKED,), "broke before the reply was complete"),
    "in a chunk": ((CHUNKED, b"ff\r\ndata"), "broke before the reply was complete"),
    "a chunk of nonsense": ((CHUNKED, b"zz\r\ndata\r\n"), "broke before the reply was complete"),
    "a length not reached": (
        (HEAD + b"Content-Length: 999\r\n\r\n", EVENT),
        "broke before the reply",
    ),
    "closed early": ((HEAD + b"Connection: close\r\n\r\n", EVENT), "ended before the reply did"),
}


@pytest.mark.parametrize(("says", "words"), BREAKS.values(), ids=BREAKS.keys())
def test_a_reply_that_breaks_keeps_what_came(peer, client, says, words):
    one = client(f"http://127.0.0.1:{peer(saying(*says)).port}")
    told(one, StreamCut, words)
    assert text_of(received(one)[0]) == "Hi"


def test_a_reset_in_the_middle_keeps_what_came(server, client):
    server.script.append(Answer((EVENT,), end="reset", pause_s=0.1))
    got, error = received(client(server.base_url))
    assert isinstance(error, StreamCut)
    assert text_of(got) in ("Hi", "")  # a reset may overtake what was sent before it


def test_a_compressed_reply_that_is_garbled(peer, client):
    told(
        client(f"http://127.0.0.1:{peer(saying(GZIP, b'no gzip' * 20)).port}"), StreamCut, "garbled"
    )


def test_tls_that_ends_without_goodbye_is_a_cut(peer, client, monkeypatch):
    def talk(line):
        saying(CHUNKED)(line)
        assert isinstance(line, ssl.SSLSocket)
        socket.socket.shutdown(line, socket.SHUT_RDWR)

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATES / "good.pem"))
    one = client(f"https://localhost:{peer(talk, certificate='good').port}")
    told(one, StreamCut, "broke before the reply was complete")
