"""How often a request goes out, as the server counts it: once for each answer that began, whatever happens to it."""

from dataclasses import replace

import pytest

from deepchat.chat import Unsaved
from deepchat.conversation import Message
from deepchat.demo.server import Answer
from deepchat.retrying import PASSING, Retries
from deepchat.turn import Turn
from tests.api.peer import read_request
from tests.api.said import ASK, chunk, stream

AT_ONCE = Retries(chance=lambda: 0.0)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
EVENT = stream(chunk("Hi"), done=False)
HI = stream(chunk("Hi"), chunk(reason="stop"))
WHOLE = Answer((HI,))


def turn_with(client, **options):
    """A turn that has ended, by itself."""
    reply = Message("1", "assistant", "", model=ASK.model)
    turn = Turn(client, Unsaved(), ASK, reply, retries=AT_ONCE, **options).start()
    assert turn.wait(20)
    return turn


# --- refused: sent again ---------------------------------------------------------------------------------------------


def test_a_server_that_recovers_answers_and_is_not_asked_once_more(server, client):
    server.script += [Answer.json({}, status=503), Answer.json({}, status=429), WHOLE, WHOLE]
    turn = turn_with(client(server.base_url))
    assert (turn.reply.text, turn.reply.state, turn.error) == ("Hi", "done", None)
    assert len(server.received) == 3
    assert len({request.body for request in server.received}) == 1


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


# --- another model ---------------------------------------------------------------------------------------------------


OTHERS = [replace(ASK, model="lab/other"), replace(ASK, model="lab/third")]


def asked(server):
    return [one.json["model"] for one in server.received]


@pytest.mark.parametrize("status", [404, *sorted(PASSING)])
def test_another_model_is_asked_when_one_stays_busy_or_is_gone(server, client, status):
    tries = 3 if status in PASSING else 1
    server.script += [Answer.json({"error": {"message": "overloaded"}}, status=status)] * tries
    server.script.append(WHOLE)
    turn = turn_with(client(server.base_url), fallback=OTHERS)
    assert asked(server) == [ASK.model] * tries + ["lab/other"]
    assert (turn.reply.text, turn.reply.model) == ("Hi", "lab/other")
    assert [(one.model, one.instead) for one in turn.passed] == [(ASK.model, "lab/other")]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 405, 409, 413, 422, 501])
def test_no_other_model_is_asked_what_no_model_would_be_told(server, client, status):
    server.script += [Answer.json({}, status=status), WHOLE]
    turn = turn_with(client(server.base_url), fallback=OTHERS)
    assert (asked(server), turn.passed) == ([ASK.model], [])


@pytest.mark.parametrize(
    "answer",
    [
        Answer((), framing="length", end="cut"),
        Answer((b": thinking\n\n",), end="reset"),
        Answer((stream({"error": {"message": "overloaded", "code": 529}}),)),
        Answer((EVENT,), end="cut"),
    ],
)
def test_what_was_delivered_is_not_asked_of_another_model(server, client, answer):
    server.script += [answer, WHOLE]
    turn = turn_with(client(server.base_url), fallback=OTHERS)
    assert (asked(server), turn.passed) == ([ASK.model], [])
    assert turn.error is not None
    assert turn.reply.model == ASK.model
