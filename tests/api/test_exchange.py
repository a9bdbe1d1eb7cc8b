"""What is told of a request and its answer, to who looks for a fault: enough, and nothing that opens a door."""

from itertools import islice

import pytest

from deepchat.api.client import Client
from deepchat.api.exchange import BRIEF, KEPT_BYTES, Exchange
from deepchat.conversation import Dialect, PromptMessage, Request
from deepchat.demo.server import Answer
from deepchat.errors import DeepchatError
from deepchat.secret import Secret
from deepchat.turn import Stop
from tests.api.said import ASK, chunk, stream

KEY = "sk-canary-0123456789"


@pytest.fixture
def told(server):
    """Ask a server, and what was told of it when it was over."""
    clients = []

    def ask(request=ASK, *, url=server.base_url, events=None, **options):
        over = []
        client = Client(
            url,
            Secret(KEY),
            watch=lambda exchange: over.append(exchange) if exchange.is_over else None,
            **options,
        )
        clients.append(client)
        try:
            for _ in islice(client.stream(request, Stop()), events):
                pass
        except DeepchatError:
            pass
        return [exchange.told() for exchange in over]

    yield ask
    for client in clients:
        client.close()


def test_times_headers_and_both_bodies_are_told(server, told):
    server.script.append(Answer((stream(chunk("Hi", "stop")),), headers={"x-request-id": "r-7"}))
    [text] = told()
    for line in (
        f"POST {server.base_url}/chat/completions",
        "sent on a new connection",
        "answered: 200 OK",
        "complete, ",
        "> Authorization: Bearer [key]",
        '"model":"deepchat/demo"',
        "< x-request-id: r-7",
        "< data: [DONE]",
    ):
        assert line in text


def test_neither_the_key_nor_others_are_told(server, told):
    other = "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH"
    server.script.append(
        Answer.json(
            {"error": {"message": f"Bad key {KEY}"}},
            status=401,
            headers={"Set-Cookie": "s=1", "Location": f"/?k={KEY}"},
        )
    )
    [text] = told(Request("m", (PromptMessage("user", f"my keys: {KEY} {other}"),)))
    assert KEY not in text
    assert other not in text
    assert "Set-Cookie: [hidden]" in text


def test_what_commands_a_terminal_is_made_visible(server, told):
    server.script.append(Answer((b"\x1b]0;x\x07\x9b31m",), status=500))
    [text] = told()
    assert not set(text) & set("\x1b\x07\x9b")


def test_how_it_ended_is_told(server, told):
    server.script.append(Answer((stream(chunk("Half"), done=False),), end="cut"))
    assert "StreamCut: The connection" in told()[0]
    server.script.append(Answer((stream(chunk("Half"), done=False),), end="hang"))
    assert " s  stopped, " in told(events=2)[0]
    assert "Unreachable: 127.0.0.1:9 refused" in told(url="http://127.0.0.1:9")[0]


def test_each_try_is_told_when_a_compressed_one_was_not_read(server, told):
    server.script.append(Answer.json({}, status=415))
    first, second = told(
        Request("deepchat/demo", (PromptMessage("user", "words, " * 10_000),)),
        dialect=Dialect(gzip=True),
    )
    assert "answered: 415" in first
    assert "> Content-Encoding: gzip" in first
    assert "words, words, " in first
    assert "answered: 200" in second


def test_pictures_are_counted_and_long_bodies_cut():
    picture = "data:image/png;base64," + "iVBOR" * 1000
    one = Exchange("POST", "http://127.0.0.1", {}, picture.encode())
    assert "base64,(5000 characters)" in one.told()
    long = Exchange("POST", "http://127.0.0.1", {}, b"a" * 5000 + b"z")
    brief = long.told(brief=True)
    assert "… 3001 characters …" in brief
    assert brief.count("a") < 2 * BRIEF + 100
    assert "z" in brief
    assert long.told().count("a") >= 5000


def test_no_more_is_kept_of_an_answer_than_needed():
    one = Exchange("GET", "http://127.0.0.1", {}, b"")
    for _ in range(100):
        one.hear(b"x" * 65536)
    assert f"… and {100 * 65536 - KEPT_BYTES} bytes more" in one.told()
    assert len(one.told()) < KEPT_BYTES + 1000
