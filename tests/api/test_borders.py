"""What is secret stays with the server it is for: no redirect, no proxy, no .netrc carries it, or the conversation, elsewhere."""

from contextlib import suppress

import pytest
import requests

from deepchat.api.address import Address, Bearer
from deepchat.demo.server import Answer
from deepchat.errors import DeepchatError, NotAnAnswer, ProxyFailed
from deepchat.secret import Secret
from tests.api.peer import read_request
from tests.api.said import ASK, received

KEY = "sk-canary-0123456789"
BESIDE = {"X-Api-Key": Secret("sk-beside-9876543210")}
REDIRECTS = (301, 302, 303, 307, 308)


@pytest.fixture
def away(peer):
    """A second origin; nothing may come there."""
    other = peer(lambda line: line.recv(65536))
    yield other
    assert other.connections == 0


@pytest.fixture
def netrc(own_home):
    path = own_home / ".netrc"
    path.write_text("machine 127.0.0.1 login me password pw\ndefault login me password pw\n")
    path.chmod(0o600)


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("to", ["http://127.0.0.1:{}/v1", "http://localhost:{}/v1", "//[::1]:{}/"])
def test_no_redirect_is_followed_with_a_message(server, client, away, netrc, status, to):
    server.script.append(
        Answer(status=status, headers={"Location": to.format(away.port)}, framing="length")
    )
    _, error = received(client(server.base_url, Secret(KEY), beside=BESIDE))
    assert isinstance(error, NotAnAnswer)
    assert "redirects to" in str(error)
    assert [one.headers["authorization"] for one in server.received] == [f"Bearer {KEY}"]


@pytest.mark.parametrize("status", REDIRECTS)
def test_no_redirect_is_followed_with_a_key_alone(peer, client, away, netrc, status):
    heard = []

    def talk(line):
        heard.append(read_request(line))
        there = f"http://127.0.0.1:{away.port}/"
        line.sendall(
            f"HTTP/1.1 {status} x\r\nLocation: {there}\r\n"
            "Connection: close\r\nContent-Length: 0\r\n\r\n".encode()
        )

    one = client(f"http://127.0.0.1:{peer(talk).port}/v1", Secret(KEY), beside=BESIDE)
    for ask in (one.models, one.warm, lambda: one.ask("/me")):
        with suppress(NotAnAnswer):
            ask()
    assert len(heard) == 3
    assert all(f"Authorization: Bearer {KEY}\r\n".encode() in request for request in heard)


def test_a_proxy_on_the_way_to_a_server_sees_neither_key_nor_conversation(
    peer, client, monkeypatch
):
    heard = []

    def talk(line):
        heard.append(line.recv(65536))
        line.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{peer(talk).port}")
    _, error = received(client("https://api.example/v1", Secret(KEY), beside=BESIDE))
    assert isinstance(error, ProxyFailed)
    assert heard
    for request in heard:
        assert request.startswith(b"CONNECT api.example:443 ")
        assert b"sk-" not in request
        assert ASK.messages[0].text.encode() not in request.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("url", ["http://api.example/v1", "http://10.0.0.1/v1", "http://[fe80::1]/v1"])  # fmt: skip
def test_nothing_secret_is_made_ready_for_a_way_others_can_read_along(client, url):
    with pytest.raises(DeepchatError, match="unencrypted"):
        client(url, Secret(KEY))


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example/v1",
        "https://api.example:8443/v1",
        "https://api.example.evil.test/v1",
        "https://example/v1",
        "https://api.example@evil.test/v1",
    ],
)
def test_the_key_is_set_for_its_scheme_host_and_port_only(url):
    bearer = Bearer(Secret(KEY), Address.of("https://api.example/v1"))
    elsewhere = requests.Request("GET", url, auth=bearer).prepare()
    assert "Authorization" not in elsewhere.headers
    home = requests.Request("GET", "https://API.example:443/v2", auth=bearer).prepare()
    assert home.headers["Authorization"] == f"Bearer {KEY}"
