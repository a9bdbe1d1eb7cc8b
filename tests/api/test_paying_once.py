"""How often a request goes out, as the server counts it: once for each answer that began, whatever happens to it."""

from deepchat.chat import Unsaved
from deepchat.conversation import Message
from deepchat.demo.server import Answer
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
