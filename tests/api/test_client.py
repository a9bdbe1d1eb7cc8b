"""The client against a real server on loopback: what it sends, what it gives, how it stops, whom it trusts with the key."""

import gzip
import json
import socket
import threading
import time
from contextlib import suppress

import pytest

from deepchat.api import wire
from deepchat.api.client import Client
from deepchat.chat import Unsaved
from deepchat.conversation import (
    Dialect,
    Finished,
    Json,
    Message,
    PromptMessage,
    Request,
    TextDelta,
)
from deepchat.demo.server import Answer
from deepchat.errors import (
    AccessError,
    BadRequest,
    ConfigError,
    DeepchatError,
    NotAnAnswer,
    StreamCut,
)
from deepchat.retrying import Retries
from deepchat.secret import Secret
from deepchat.turn import Stop, Turn
from tests.api.peer import CERTIFICATES, read_request
from tests.api.said import ASK, chunk, stream, text_of
from tests.sites import full

KEY = "sk-t0p-secret"
HI = stream(chunk("Hi"), chunk(reason="stop"))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
EVENT = stream(chunk("Hi"), done=False)


def ask(client):
    return list(client.stream(ASK, Stop()))


# --- a long history --------------------------------------------------------------------------------------------------

GZIP = Dialect(gzip=True)
LONG = Request("deepchat/demo", (PromptMessage("user", "words and words, " * 10_000),))
UNREAD = {
    "415": Answer.json({"detail": "Unsupported Media Type"}, status=415),
    "400 and JSON": Answer.json(
        {"error": {"message": "Could not parse the JSON body"}}, status=400
    ),
    "422 and UTF-8": Answer.json({"detail": "'utf-8' codec can't decode byte 0x8b"}, status=422),
}


def ask_at_length(client):
    return list(client.stream(LONG, Stop()))[-1]


def encodings(server):
    return [request.headers.get("content-encoding") for request in server.received]


def test_a_long_history_goes_out_compressed_where_the_server_reads_that(server, client):
    ask_at_length(client(server.base_url, dialect=GZIP))
    ask_at_length(client(server.base_url))
    assert encodings(server) == ["gzip", None]
    sizes = [int(request.headers["content-length"]) for request in server.received]
    assert sizes[0] < sizes[1] / 20
    assert len({request.body for request in server.received}) == 1


def test_a_short_one_goes_out_as_it_is(server, client):
    ask(client(server.base_url, dialect=GZIP))
    assert encodings(server) == [None]


def test_the_same_history_is_the_same_bytes_when_compressed(peer, client):
    bodies = []

    def talk(line):
        bodies.append(read_request(line).partition(b"\r\n\r\n")[2])
        line.sendall(HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(HI), HI))

    url = f"http://127.0.0.1:{peer(talk).port}"
    ask_at_length(client(url, dialect=GZIP))
    ask_at_length(client(url, dialect=GZIP))
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize("unread", UNREAD.values(), ids=UNREAD.keys())
def test_a_server_that_does_not_decompress_gets_it_once_more_and_never_again_like_this(
    server, client, unread
):
    server.script.append(unread)
    one = client(server.base_url, dialect=GZIP)
    assert ask_at_length(one) == Finished("stop")
    assert ask_at_length(one) == Finished("stop")
    assert encodings(server) == ["gzip", None, None]


def test_another_refusal_stands_though_the_body_was_compressed(server, client):
    server.script.append(Answer.json({"error": {"message": "top_p must be above 0"}}, status=400))
    with pytest.raises(BadRequest, match="top_p"):
        ask_at_length(client(server.base_url, dialect=GZIP))
    assert encodings(server) == ["gzip"]


def test_a_server_that_has_read_one_is_not_doubted_any_more(server, client):
    one = client(server.base_url, dialect=GZIP)
    ask_at_length(one)
    server.script.append(Answer.json({"error": {"message": "no json_object here"}}, status=400))
    with pytest.raises(BadRequest, match="json_object"):
        ask_at_length(one)
    assert encodings(server) == ["gzip", "gzip"]


def test_a_body_is_built_once_however_often_it_is_sent(server, client, monkeypatch):
    built = []

    def encoded(document):
        built.append(document)
        return b"{}"

    monkeypatch.setattr(wire, "encoded", encoded)
    server.script += [Answer.json({}, status=503)] * 2
    turn = Turn(
        client(server.base_url),
        Unsaved(),
        ASK,
        Message("1", "assistant", ""),
        retries=Retries(chance=lambda: 0.0),
    ).start()
    assert turn.wait(20)
    assert (len(built), turn.tries) == (1, 3)


# --- asking ----------------------------------------------------------------------------------------------------------


def test_a_reply_ends_with_finished(server, client):
    server.script.append(Answer((HI,)))
    assert ask(client(server.base_url))[-2:] == [TextDelta("Hi"), Finished("stop")]


def test_the_request_says_who_asks_and_what_for(server, client):
    ask(client(server.base_url, Secret(KEY)))
    received = server.received[-1]
    wanted = {
        "authorization": f"Bearer {KEY}",
        "accept": "text/event-stream, application/json",
        "accept-encoding": "identity",
        "content-type": "application/json",
    }
    assert wanted.items() <= received.headers.items()
    assert received.headers["user-agent"].startswith("deepchat/")
    assert "x-deepinfra-source" not in received.headers
    assert received.json["stream"] is True


def test_five_turns_and_a_warm_start_use_one_connection(server, client):
    one = client(server.base_url)
    one.warm()
    one.models()
    for _ in range(5):
        ask(one)
    assert server.connections == 1


@pytest.mark.parametrize("end", ["clean", "cut", "hang"])
def test_finished_comes_before_the_body_ends(server, client, end):
    server.script.append(Answer((HI,), end=end))
    assert ask(client(server.base_url))[-1] == Finished("stop")


def test_a_line_that_breaks_after_the_finish_reason_breaks_nothing(server, client):
    server.script.append(Answer((stream(chunk("Hi", "stop"), done=False),), end="reset"))
    assert ask(client(server.base_url))[-1] == Finished("stop")


def test_a_line_held_open_after_the_finish_reason_is_not_waited_for(server, client):
    server.script.append(Answer((stream(chunk("Hi", "stop"), done=False),), end="hang"))
    assert ask(client(server.base_url))[-1] == Finished("stop")


def test_a_connection_the_server_closed_meanwhile_is_noticed_before_sending(peer, client):
    requests = []

    def talk(line):
        requests.append(read_request(line))
        line.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(HI) + HI)

    restless = peer(talk)
    one = client(f"http://127.0.0.1:{restless.port}")
    for _ in range(3):
        assert ask(one)[-1] == Finished("stop")
        assert restless.closed.wait(2)
        restless.closed.clear()
    assert (len(requests), restless.connections) == (3, 3)


def heads_to(peer, *, then=lambda line: None):
    """A peer that answers every request on a line, and the first lines of these requests."""
    heads = []

    def talk(line):
        while True:
            heads.append(read_request(line).split(b" ", 1)[0])
            line.sendall(HEAD + b"Content-Length: 0\r\n\r\n")
            then(line)

    return peer(talk), heads


def test_a_connection_that_is_ready_is_not_made_ready_again(peer, client):
    quiet, heads = heads_to(peer)
    one = client(f"http://127.0.0.1:{quiet.port}")
    for _ in range(3):
        one.warm()
    assert (heads, quiet.connections) == ([b"HEAD"], 1)


def test_a_connection_that_the_server_closed_is_made_anew_while_the_user_types(peer, client):
    def close(line):
        line.shutdown(socket.SHUT_RDWR)

    restless, heads = heads_to(peer, then=close)
    one = client(f"http://127.0.0.1:{restless.port}")
    for _ in range(3):
        one.warm()
        assert restless.closed.wait(2)
        restless.closed.clear()
    assert (heads, restless.connections) == ([b"HEAD"] * 3, 3)


def test_a_connection_that_rested_too_long_is_tried_with_what_costs_nothing(
    peer, client, monkeypatch
):
    monkeypatch.setattr("deepchat.api.client._RESTED_S", 0)
    quiet, heads = heads_to(peer)
    one = client(f"http://127.0.0.1:{quiet.port}")
    one.warm()
    one.warm()
    assert (heads, quiet.connections) == ([b"HEAD"] * 2, 1)


def test_a_connection_that_looks_alive_and_is_dead_is_replaced_before_it_costs_anything(
    peer, client, monkeypatch
):
    monkeypatch.setattr("deepchat.api.client._RESTED_S", 0)
    monkeypatch.setattr("deepchat.api.client._TRY_S", 0.2)
    heads = []

    def talk(line):
        heads.append(read_request(line))
        line.sendall(HEAD + b"Content-Length: 0\r\n\r\n")
        line.recv(1) and line.recv(1 << 20)  # as a router that has forgotten the line
        line.recv(1)

    forgetful = peer(talk)
    one = client(f"http://127.0.0.1:{forgetful.port}")
    one.warm()
    one.warm()
    assert (len(heads), forgetful.connections) == (2, 2)


def test_nothing_is_made_ready_beside_a_reply(peer, client):
    asked = threading.Event()

    def talk(line):
        read_request(line)
        line.sendall(HEAD + b"\r\n" + EVENT)
        asked.wait(5)

    busy = peer(talk)
    one = client(f"http://127.0.0.1:{busy.port}")
    events = one.stream(ASK, Stop())
    next(events)
    one.warm()
    asked.set()
    with suppress(StreamCut):
        list(events)
    assert busy.connections == 1


@pytest.mark.skipif(
    not hasattr(socket, "TCP_KEEPIDLE"), reason="this system has other words for it"
)
def test_a_resting_connection_is_kept_alive(server, client, monkeypatch):
    options = []
    set_option = socket.socket.setsockopt

    def noted(line, *option):
        options.append(option)
        set_option(line, *option)

    monkeypatch.setattr(socket.socket, "setsockopt", noted)
    client(server.base_url).warm()
    assert (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1) in options
    assert (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30) in options


def chunked(piece):
    return b"%x\r\n%b\r\n" % (len(piece), piece)


FRAMINGS = {
    "chunked": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunked),
    "length": (HEAD + b"Content-Length: %d\r\n\r\n" % len(EVENT + HI), bytes),
    "closing": (HEAD + b"Connection: close\r\n\r\n", bytes),
    "HTTP/1.0": (HEAD.replace(b"1.1", b"1.0") + b"\r\n", bytes),
}


@pytest.mark.parametrize(("head", "framed"), FRAMINGS.values(), ids=FRAMINGS.keys())
def test_each_framing_gives_an_event_before_the_next_is_sent(peer, client, head, framed):
    heard = threading.Event()

    def talk(line):
        read_request(line)
        line.sendall(head + framed(EVENT))
        heard.wait(5)
        line.sendall(framed(HI) if heard.is_set() else b"")

    events = client(f"http://127.0.0.1:{peer(talk).port}").stream(ASK, Stop())
    assert TextDelta("Hi") in events
    heard.set()
    assert list(events)[-1] == Finished("stop")


def test_compression_that_nobody_asked_for_is_undone(server, client):
    headers = {"Content-Encoding": "gzip"}
    server.script.append(Answer((gzip.compress(HI),), headers=headers))
    assert text_of(ask(client(server.base_url))) == "Hi"


def test_a_whole_json_reply_is_taken(server, client):
    choice: Json = {"message": {"content": "Hi"}, "finish_reason": "stop"}
    server.script.append(Answer.json({"object": "chat.completion", "choices": [choice]}))
    assert ask(client(server.base_url))[-2:] == [TextDelta("Hi"), Finished("stop")]


def test_the_request_id_of_the_headers_is_reported(server, client):
    server.script.append(Answer((HI,), headers={"x-request-id": "r-1"}))
    assert ask(client(server.base_url))[0].request_id == "r-1"


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_named_and_not_followed(server, client, status):
    elsewhere = {"Location": f"{server.base_url}/chat/completions?again"}
    server.script.append(Answer(status=status, headers=elsewhere, framing="length"))
    with pytest.raises(NotAnAnswer, match="again"):
        ask(client(server.base_url, Secret(KEY)))
    assert len(server.received) == 1


# --- stopping --------------------------------------------------------------------------------------------------------


def stopped_while(client, is_there, request=ASK):
    """Stop a stream on a thread of its own once `is_there`; the thread has ended when this returns."""
    stop, got, ended = Stop(), [], threading.Event()

    def run():
        try:
            got.extend(client.stream(request, stop))
        except DeepchatError:
            pass
        finally:
            ended.set()

    threading.Thread(target=run, daemon=True).start()
    assert is_there.wait(5)
    time.sleep(0.05)  # the server has done its part; the client is to be where it waits
    stop.ask()
    assert ended.wait(2), "still waiting"


class Line:
    """A server that reads a request, says something, and waits until the client has left."""

    def __init__(self, says=b"", *, reads=True):
        self.said = threading.Event()
        self.left = threading.Event()
        self._says = says
        self._reads = reads

    def __call__(self, line):
        if self._reads:
            read_request(line)
            line.sendall(self._says)
        self.said.set()
        try:
            line.recv(1)
        finally:
            self.left.set()


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%b\r\n" % (len(EVENT), EVENT)
PHASES = {
    "waiting for headers": b"",
    "half the headers": HEAD,
    "before the first byte": HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
    "in a chunked reply": CHUNKED,
    "in a chunk": CHUNKED + b"ff\r\ndata:",
    "in a close-delimited reply": HEAD + b"Connection: close\r\n\r\n" + EVENT,
    "in the body of a refusal": b"HTTP/1.1 500 X\r\nContent-Length: 9\r\n\r\nab",
}


@pytest.mark.parametrize("certificate", ["", "good"])
@pytest.mark.parametrize("says", PHASES.values(), ids=PHASES.keys())
def test_stopping_ends_the_wait_and_the_server_sees_it(
    peer, client, monkeypatch, says, certificate
):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATES / "good.pem"))
    line = Line(says)
    port = peer(line, certificate=certificate).port
    scheme = "https" if certificate else "http"
    stopped_while(client(f"{scheme}://localhost:{port}", tail=5), line.said)
    assert line.left.wait(2)


def test_stopping_ends_a_tls_handshake(peer, client):
    line = Line(reads=False)
    stopped_while(client(f"https://127.0.0.1:{peer(line).port}"), line.said)
    assert line.left.wait(2)


@pytest.mark.parametrize("certificate", ["", "good"])
def test_stopping_ends_an_upload(peer, client, monkeypatch, certificate):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATES / "good.pem"))
    begun, stopped, left = threading.Event(), threading.Event(), threading.Event()

    def talk(line):
        line.recv(1000)
        begun.set()
        stopped.wait(5)  # not another byte is taken
        with suppress(OSError):
            while line.recv(1 << 20):
                pass
        left.set()

    scheme = "https" if certificate else "http"
    port = peer(talk, certificate=certificate).port
    long = Request("m", (PromptMessage("user", "x" * 30_000_000),))
    stopped_while(client(f"{scheme}://localhost:{port}"), begun, long)
    stopped.set()
    assert left.wait(5)


def test_stopping_ends_the_wait_on_a_connection_used_before(server, client):
    one = client(server.base_url)
    one.warm()
    server.script.append(Answer((), before_s=9))
    began = threading.Event()
    threading.Timer(0.1, began.set).start()
    stopped_while(one, began)
    assert server.connections == 1


def test_stopping_ends_an_attempt_to_connect(client):
    with full() as site:
        began = threading.Event()
        threading.Timer(0.2, began.set).start()
        stopped_while(client(site.url), began)


def test_a_stop_asked_before_sends_nothing(server, client):
    stop = Stop()
    stop.ask()
    with pytest.raises(DeepchatError):
        list(client(server.base_url).stream(ASK, stop))
    assert server.received == []


def test_leaving_the_stream_closes_the_connection(peer, client):
    line = Line(CHUNKED)
    events = client(f"http://127.0.0.1:{peer(line).port}").stream(ASK, Stop())
    assert TextDelta("Hi") in events
    events.close()
    assert line.left.wait(2)


def test_a_stopped_turn_keeps_what_was_heard(peer, client):
    line = Line(CHUNKED)
    heard = threading.Event()
    turn = Turn(
        client(f"http://127.0.0.1:{peer(line).port}"),
        Unsaved(),
        ASK,
        Message("1", "assistant", ""),
        changed=heard.set,
    ).start()
    assert line.said.wait(2)
    while turn.phase != "receiving":
        assert heard.wait(2)
    turn.stop()
    assert turn.wait(2)
    assert (turn.reply.text, turn.reply.state, turn.error) == ("Hi", "stopped", None)


# --- clocks ----------------------------------------------------------------------------------------------------------


def test_silence_is_counted_from_the_headers_on(server, client):
    server.script.append(Answer((HI,), before_s=0.3))
    assert ask(client(server.base_url, silence=0.1))[-1] == Finished("stop")


# --- the key ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, Secret(KEY)])
def test_netrc_neither_replaces_nor_adds_a_key(server, client, own_home, key):
    netrc = own_home / ".netrc"
    netrc.write_text("machine 127.0.0.1 login me password pw\ndefault login me password pw\n")
    netrc.chmod(0o600)
    one = client(server.base_url, key)
    one.warm()
    one.models()
    ask(one)
    sent = {received.headers.get("authorization") for received in server.received}
    assert sent == {f"Bearer {KEY}" if key else None}


@pytest.mark.parametrize("key", ["", " ", "sk-\n", "sk-“x”", "sk x", "sk-\x00", "sk-é"])
def test_what_cannot_be_a_key_is_refused_without_showing_it(key):
    with pytest.raises(AccessError) as caught:
        Client("https://api.example/v1", Secret(key))
    assert not key.strip() or key.strip() not in f"{caught.value}{caught.value.hint}"


def test_a_key_does_not_cross_a_network_in_clear():
    with pytest.raises(AccessError, match="unencrypted"):
        Client("http://api.example/v1", Secret(KEY))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_a_key_may_go_to_this_machine_in_clear(host):
    Client(f"http://{host}:8080/v1", Secret(KEY)).close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example/v1",
        "ftp://x/v1",
        "https://",
        "http://[::1",
        "https://a..b/",
        "http://x:99999/",
    ],
)
def test_a_base_url_that_leads_nowhere_is_told(url):
    with pytest.raises(ConfigError):
        Client(url, None)


@pytest.mark.parametrize("url", ["https://me:pw@api.example/v1", "https://api.example/v1?key=pw"])
def test_a_base_url_with_a_secret_in_it_is_refused_without_showing_it(url):
    with pytest.raises(ConfigError) as caught:
        Client(url, None)
    assert "pw" not in str(caught.value)


def test_the_key_goes_straight_to_this_machine_whatever_proxy_is_set(server, client, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert ask(client(server.base_url, Secret(KEY)))


ECHOES = [
    Answer.json({"error": {"message": f"Incorrect API key: {KEY}"}}, status=400),
    Answer.json({"error": {"message": "x" * 190 + KEY}}, status=500),
    Answer((f"<title>{KEY}</title>".encode(),)),
    Answer((f"data: {KEY} is wrong\n\n".encode(),)),
    Answer((json.dumps({"error": KEY}).encode(),)),
    Answer(status=302, headers={"Location": f"/?key={KEY}"}, framing="length"),
    Answer((KEY.encode(),)),
    Answer((EVENT,), end="cut"),
    Answer((), end="reset"),
]


@pytest.mark.parametrize("answer", ECHOES, ids=range(len(ECHOES)))
def test_the_key_is_in_no_error(server, client, answer):
    server.script.append(answer)
    with pytest.raises(DeepchatError) as caught:
        ask(client(server.base_url, Secret(KEY)))
    chain: list[BaseException] = [caught.value]
    while more := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(more)
    assert "sk-t0p" not in f"{chain!r} {[str(error) for error in chain]} {caught.value.hint}"


# --- models and warming up -------------------------------------------------------------------------------------------


def test_the_models_are_listed_without_a_key(server, client):
    assert "deepchat/demo" in [model.id for model in client(server.base_url).models()]


@pytest.mark.parametrize("body", [b"<html>", b"{", b"[1", b"null", b""])
def test_a_list_of_models_that_is_none_is_told(peer, client, body):
    def talk(line):
        read_request(line)
        line.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    with pytest.raises(NotAnAnswer):
        client(f"http://127.0.0.1:{peer(talk).port}").models()


def test_an_address_without_a_list_of_models_is_told(server, client):
    with pytest.raises(NotAnAnswer, match="lists no models at this address"):
        client(server.base_url.removesuffix("/openai")).models()


def test_a_list_of_models_that_breaks_off_is_told(peer, client):
    def talk(line):
        read_request(line)
        line.sendall(HEAD + b"Content-Length: 99\r\n\r\n{")

    with pytest.raises(StreamCut):
        client(f"http://127.0.0.1:{peer(talk).port}").models()


def test_a_warm_start_that_fails_says_nothing(client):
    client("http://127.0.0.1:9").warm()


def test_further_headers_and_the_query_of_the_models_go_out(server, client):
    headers = {"X-Source": "deepchat", "X-Pass": Secret("s3same"), "Accept": "text/html"}
    client(
        server.base_url, dialect=Dialect(models_query="filter=with_meta"), beside=headers
    ).models()
    asked = server.received[-1]
    assert asked.path.endswith("/models?filter=with_meta")
    assert (asked.headers["x-source"], asked.headers["x-pass"]) == ("deepchat", "s3same")
    assert asked.headers["accept"] == "text/event-stream, application/json"


def test_a_secret_header_is_taken_out_of_the_servers_words(server, client):
    server.script.append(Answer.json({"detail": "X-Pass: s3same is wrong"}, status=400))
    with pytest.raises(BadRequest) as refused:
        ask(client(server.base_url, beside={"X-Pass": Secret("s3same")}))
    assert "s3same" not in str(refused.value)
    assert "[key]" in str(refused.value)
