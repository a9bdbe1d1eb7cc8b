"""Scripted answers in every framing and with every end; leaving and closing in the middle of one."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from deepchat.demo.server import Answer, DemoServer, End, Framing, Pace

FRAMINGS: tuple[Framing, ...] = ("chunked", "close", "length", "http10")
PIECES = (b"data: one\n\n", b"", b"data: two\n\n")
BODY = b"".join(PIECES)


class Line:
    """A client on a bare socket: what it reads is what was on the wire."""

    def __init__(self, server: DemoServer) -> None:
        port = urlsplit(server.base_url).port or 0
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)

    def send(self) -> None:
        self.socket.sendall(
            b"POST /v1/openai/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
        )

    def read_until(self, sign: bytes) -> bytes:
        got = b""
        while sign not in got:
            piece = self.socket.recv(65536)
            assert piece, f"closed after {got!r}"
            got += piece
        return got

    def read_all(self) -> bytes:
        got = b""
        while piece := self.socket.recv(65536):
            got += piece
        return got

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def line(server: DemoServer) -> Iterator[Line]:
    client = Line(server)
    yield client
    client.close()


def eventually(true: Callable[[], bool]) -> None:
    """Wait for another thread's work; the test's own time limit ends a wait in vain."""
    while not true():
        time.sleep(0.001)


def fetch(server: DemoServer) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=10)
    try:
        connection.request("POST", "/v1/openai/chat/completions", b"{}")
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("framing", FRAMINGS)
def test_every_framing_carries_the_same_body(server: DemoServer, framing: Framing) -> None:
    server.script.append(Answer(PIECES, framing=framing))
    response, body = fetch(server)

    assert body == BODY
    assert response.version == (10 if framing == "http10" else 11)
    assert (response.getheader("Transfer-Encoding") == "chunked") == (framing == "chunked")
    assert (response.getheader("Content-Length") is not None) == (framing == "length")


@pytest.mark.parametrize("framing", FRAMINGS)
def test_only_framings_that_tell_the_end_keep_the_connection(
    server: DemoServer, line: Line, framing: Framing
) -> None:
    server.script.extend([Answer(PIECES, framing=framing), Answer(end="cut")])
    line.send()
    line.read_until(b"two")
    if framing in ("chunked", "length"):
        line.send()
    line.read_all()

    assert len(server.received) == (2 if framing in ("chunked", "length") else 1)


@pytest.mark.parametrize("framing", ["chunked", "length"])
@pytest.mark.parametrize("end", ["cut", "reset"])
def test_an_early_end_can_be_told_from_a_whole_body(
    server: DemoServer, framing: Framing, end: End
) -> None:
    server.script.append(Answer(PIECES, framing=framing, end=end))

    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        fetch(server)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_cut_is_an_orderly_close_in_tcp(server: DemoServer, line: Line, framing: Framing) -> None:
    server.script.append(Answer(PIECES, framing=framing, end="cut"))
    line.send()

    assert b"data: two\n\n" in line.read_all()


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_reset_is_a_reset_in_tcp(server: DemoServer, line: Line, framing: Framing) -> None:
    server.script.append(Answer((b"x",), framing=framing, end="reset"))
    line.send()

    with pytest.raises(ConnectionResetError):
        line.read_all()


def test_each_piece_is_a_chunk_of_its_own(server: DemoServer, line: Line) -> None:
    server.script.append(Answer((b"ab", b"c" * 17)))
    line.send()
    wire = line.read_until(b"\r\n0\r\n\r\n")

    assert wire.partition(b"\r\n\r\n")[2] == b"2\r\nab\r\n11\r\n" + b"c" * 17 + b"\r\n0\r\n\r\n"


def test_status_and_headers_are_the_scripts(server: DemoServer) -> None:
    headers = {"Retry-After": "7", "content-type": "text/html"}
    server.script.append(Answer((b"<p>",), 429, headers, "length"))
    response, _ = fetch(server)

    assert response.status == 429
    assert response.getheader("Retry-After") == "7"
    assert response.headers.get_all("Content-Type") == ["text/html"]


def test_a_script_answers_chats_in_turn_and_nothing_else(server: DemoServer) -> None:
    server.script.extend([Answer((b"1",)), Answer((b"2",))])
    connection = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=10)
    connection.request("GET", "/v1/openai/models")
    models = json.load(connection.getresponse())
    connection.close()

    assert models["object"] == "list"
    assert [fetch(server)[1] for _ in range(2)] == [b"1", b"2"]
    assert fetch(server)[0].status == 422


def test_an_ordinary_reply_takes_the_given_deltas_and_leaves_out_what_it_is_told_to() -> None:
    whole = Answer.reply(["a", " b"], reasoning=["hm"], finish="length", usage={"x": 1})
    bare = Answer.reply("one two", finish=None, done=False)
    uncounted = Answer.reply("one", usage={})

    events = [json.loads(piece[6:]) for piece in whole.pieces[:-1]]
    deltas = [event["choices"][0]["delta"] for event in events]
    assert deltas[1:] == [{"reasoning_content": "hm"}, {"content": "a"}, {"content": " b"}, {}]
    assert events[-1]["choices"][0]["finish_reason"] == "length"
    assert events[-1]["usage"] == {"x": 1}
    assert whole.pieces[-1] == b"data: [DONE]\n\n"
    assert len(bare.pieces) == 3
    assert b"usage" not in b"".join(uncounted.pieces)


# --- leaving and closing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        Answer(before_s=3600),
        Answer(PIECES, pause_s=3600),
        Answer(PIECES, end="hang"),
        Answer((b"x" * 65536,) * 1000),
        Answer.reply("word " * 100_000, pause_s=0.0001),
    ],
    ids=["before", "between", "hanging", "blocked", "talking"],
)
def test_a_client_that_leaves_is_noticed(server: DemoServer, line: Line, answer: Answer) -> None:
    server.script.append(answer)
    line.send()
    eventually(lambda: len(server.received) == 1)
    line.close()

    eventually(lambda: server.gone == 1)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(before_s=3600),
        Answer(PIECES, pause_s=3600),
        Answer(PIECES, end="hang"),
        Answer((b"x" * 65536,) * 1000),
        Answer.reply("word " * 100_000, pause_s=0.0001),
    ],
    ids=["before", "between", "hanging", "blocked", "talking"],
)
def test_closing_ends_replies_in_flight_and_leaves_no_thread(answer: Answer) -> None:
    before = set(threading.enumerate())
    with DemoServer([], pace=Pace.INSTANT) as server:
        clients = [Line(server) for _ in range(3)]
        idle = Line(server)
        server.script.extend([answer] * len(clients))
        for client in clients:
            client.send()
        eventually(lambda: len(server.received) == 3)
    for client in (*clients, idle):
        client.close()

    assert set(threading.enumerate()) <= before
    assert server.gone == 0


def test_a_client_that_sends_ahead_still_waits_its_turn(server: DemoServer, line: Line) -> None:
    server.script.extend([Answer((b"first",), before_s=0.1), Answer((b"second",), end="cut")])
    line.send()
    eventually(lambda: len(server.received) == 1)
    line.send()
    wire = line.read_all()

    assert wire.index(b"first") < wire.index(b"second")
    assert server.connections == 1


def test_a_client_that_leaves_between_replies_or_in_its_request_is_no_trouble(
    server: DemoServer, line: Line
) -> None:
    server.script.append(Answer(PIECES))
    line.send()
    line.read_until(b"0\r\n\r\n")
    line.socket.sendall(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhal")
    line.close()

    assert fetch(server)[0].status == 422


def test_closing_twice_or_before_the_start_is_fine_and_then_nobody_listens() -> None:
    server = DemoServer([])
    server.close()
    server.start()
    server.close()
    server.close()

    with pytest.raises(ConnectionRefusedError):
        fetch(server)


def test_people_get_about_a_hundred_tokens_a_second() -> None:
    assert 1 / Pace.HUMAN.pause_s == pytest.approx(100)
    assert Pace.INSTANT.pause_s == Pace.INSTANT.before_s == 0
