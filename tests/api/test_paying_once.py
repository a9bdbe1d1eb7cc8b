"""How often a request goes out, as the server counts it: once for each answer that began, whatever happens to it."""

import socket
import struct

import pytest

from deepchat.chat import Unsaved
from deepchat.conversation import Message
from deepchat.demo.server import Answer
from deepchat.errors import TlsFailed, Unreachable
from deepchat.retrying import Retries
from deepchat.turn import Turn
from tests.api.peer import read_request
from tests.api.said import ASK, chunk, stream

AT_ONCE = Retries(chance=lambda: 0.0)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
EVENT = stream(chunk("Hi"), done=False)
HI = stream(chunk("Hi"), chunk(reason="stop"))
WHOLE = Answer((HI,))


def turn_with(client):
    """A turn that has ended, by itself."""
    turn = Turn(client, Unsaved(), ASK, Message("1", "assistant", ""), retries=AT_ONCE).start()
    assert turn.wait(20)
    return turn


def reset(line):
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def close(line):
    """Nothing more: the connection is closed after the talk."""


class Counting:
    """A talk that reads a request, says something, and ends; `requests` has those that came."""

    def __init__(self, says, end):
        self.requests = []
        self._says = says
        self._end = end

    def __call__(self, line):
        self.requests.append(read_request(line))
        line.sendall(self._says)
        self._end(line)


# --- refused: sent again ---------------------------------------------------------------------------------------------

REFUSALS = {
    **{str(status): (Answer.json({"error": "x"}, status=status), 3) for status in (408, 425, 429)},
    **{str(status): (Answer.json({}, status=status), 3) for status in (500, 502, 503, 504, 529)},
    **{str(status): (Answer((b"<html>",), status=status), 3) for status in range(520, 525)},
    **{str(status): (Answer.json({}, status=status), 1) for status in (400, 401, 402, 403, 404)},
    **{str(status): (Answer.json({}, status=status), 1) for status in (405, 409, 413, 422, 501)},
    "too long": (Answer.json({"error": "exceeds maximum context length"}, status=500), 1),
    "redirect": (Answer(status=307, headers={"Location": "/"}, framing="length"), 1),
    "a wait in ms": (Answer.json({}, status=429, headers={"retry-after-ms": "1"}), 3),
    "a wait that is over": (
        Answer.json({}, status=503, headers={"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}),
        3,
    ),
    "a wait too long": (Answer.json({}, status=429, headers={"Retry-After": "61"}), 1),
    "until a day too far": (
        Answer.json({}, status=429, headers={"Retry-After": "Fri, 31 Dec 2099 23:59:59 GMT"}),
        1,
    ),
    "a body that breaks": (Answer((b"busy",), status=503, end="cut"), 3),
    "a body that never ends": (Answer((b"busy",), status=503, end="hang"), 3),
}


@pytest.mark.parametrize(("answer", "times"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_is_asked_again_only_if_it_passes(server, client, answer, times):
    server.script.extend([answer] * 5)
    turn = turn_with(client(server.base_url))
    assert (len(server.received), turn.tries) == (times, times)
    assert turn.reply.state == "failed"


def test_a_server_that_recovers_answers_and_is_not_asked_once_more(server, client):
    server.script += [Answer.json({}, status=503), Answer.json({}, status=429), WHOLE, WHOLE]
    turn = turn_with(client(server.base_url))
    assert (turn.reply.text, turn.reply.state, turn.error) == ("Hi", "done", None)
    assert len(server.received) == 3
    assert len({request.body for request in server.received}) == 1


# --- not sent at all: tried again ------------------------------------------------------------------------------------


def tried(monkeypatch, name, failure):
    """The calls of a function of sockets that fails in this way."""
    calls = []

    def fail(*args, **_):
        calls.append(args)
        raise failure

    monkeypatch.setattr(*name, fail)
    return calls


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ((socket, "getaddrinfo"), socket.gaierror(-2, "Name or service not known")),
        ((socket.socket, "connect"), ConnectionRefusedError(111, "Connection refused")),
        ((socket.socket, "connect"), OSError(101, "Network is unreachable")),
        ((socket.socket, "connect"), TimeoutError()),
    ],
    ids=["DNS", "refused", "no network", "no connection in time"],
)
def test_a_server_that_cannot_be_reached_is_tried_three_times(monkeypatch, client, name, failure):
    calls = tried(monkeypatch, name, failure)
    turn = turn_with(client("http://127.0.0.1:9"))
    assert isinstance(turn.error, Unreachable)
    assert len(calls) == 3


def test_a_handshake_that_stalls_is_tried_three_times(peer, client):
    mute = peer(lambda line: line.recv(65536) and line.recv(1))
    turn = turn_with(client(f"https://127.0.0.1:{mute.port}", connect=0.1))
    assert isinstance(turn.error, Unreachable)
    assert mute.connections == 3


def test_a_certificate_that_is_not_trusted_is_seen_once(peer, client):
    server = peer(lambda line: None, certificate="good")
    assert isinstance(turn_with(client(f"https://127.0.0.1:{server.port}")).error, TlsFailed)
    assert server.connections == 1


# --- delivered, or more: never again ---------------------------------------------------------------------------------

CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
DELIVERED = {
    "no answer": (b"", close),
    "a reset": (b"", reset),
    "half a status": (b"HTTP/1.1 5", close),
    "half the headers, then a reset": (HEAD, reset),
    "headers alone": (CHUNKED, close),
    "headers, then a reset": (CHUNKED, reset),
    "a keep-alive": (CHUNKED + b"8\r\n: ping\n\n\r\n", close),
    "half an event": (CHUNKED + b"ff\r\ndata: {", close),
    "a first word": (CHUNKED + b"%x\r\n%b\r\n" % (len(EVENT), EVENT), close),
    "a word, then a reset": (HEAD + b"\r\n" + EVENT, reset),
    "an empty answer": (HEAD + b"Content-Length: 0\r\n\r\n", close),
    "a page": (HEAD + b"Content-Length: 6\r\n\r\n<html>", close),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", close),
    "another protocol": (b"\x00\xff" * 20, close),
}


@pytest.mark.parametrize(("says", "end"), DELIVERED.values(), ids=DELIVERED.keys())
def test_what_was_delivered_is_not_sent_again(peer, client, says, end):
    talk = Counting(says, end)
    server = peer(talk)
    turn = turn_with(client(f"http://127.0.0.1:{server.port}"))
    assert turn.error
    assert (len(talk.requests), server.connections, turn.tries) == (1, 1, 1)


@pytest.mark.parametrize("code", [429, 500, 503])
@pytest.mark.parametrize("before", [(), (chunk("Hi"),)], ids=["at once", "after a word"])
def test_a_failure_told_in_the_stream_is_not_asked_again(server, client, code, before):
    told = {"error": {"message": "overloaded", "code": code}}
    server.script.extend([Answer((stream(*before, told),))] * 3)
    turn = turn_with(client(server.base_url))
    assert turn.reply.state == "failed"
    assert len(server.received) == 1


@pytest.mark.parametrize("limit", ["headers", "silence", "payload"])
def test_a_clock_that_runs_out_after_sending_sends_nothing_again(peer, client, limit):
    ping = b"8\r\n: ping\n\n\r\n"

    def hold(line):
        while limit == "payload":
            line.sendall(ping)
        line.recv(1)

    talk = Counting(b"" if limit == "headers" else CHUNKED, hold)
    server = peer(talk)
    turn = turn_with(client(f"http://127.0.0.1:{server.port}", **{limit: 0.1}))
    assert turn.error
    assert (len(talk.requests), server.connections) == (1, 1)


def test_a_connection_used_before_that_dies_under_a_request_is_not_replaced(peer, client):
    requests = []

    def talk(line):
        requests.append(read_request(line))
        line.sendall(HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(HI), HI))
        requests.append(read_request(line))

    server = peer(talk)
    one = client(f"http://127.0.0.1:{server.port}")
    assert turn_with(one).reply.state == "done"
    assert turn_with(one).reply.state == "cut"
    assert (len(requests), server.connections) == (2, 1)
