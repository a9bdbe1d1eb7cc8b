"""Certificates that a provider's settings name: whom to trust, and what to show."""

import ssl
import subprocess

import pytest

from deepchat.api.client import Client, Timeouts
from deepchat.api.trust import Trust
from deepchat.errors import ConfigError, TlsFailed
from tests.api.peer import CERTIFICATES, read_request
from tests.api.said import chunk, received, stream, text_of

GOOD, OTHER = str(CERTIFICATES / "good.pem"), str(CERTIFICATES / "other.pem")
KEY = str(CERTIFICATES / "key.pem")


def answer(line):
    read_request(line)
    body = stream(chunk("Hi"), chunk(reason="stop"))
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


@pytest.fixture
def asked(peer):
    """What comes of a question to a TLS server, and how it failed; the server may want a certificate that it knows."""
    made = []

    def ask(trust, *, wants=""):
        server = peer(answer, certificate="good")
        if wants:
            server._tls.verify_mode = ssl.CERT_REQUIRED
            server._tls.load_verify_locations(wants)
        made.append(
            Client(
                f"https://localhost:{server.port}", None, timeouts=Timeouts(5, 5, 5, 5), trust=trust
            )
        )
        got, error = received(made[-1])
        return text_of(got), error

    yield ask
    for client in made:
        client.close()


def test_a_server_is_trusted_by_the_bundle_of_its_provider_which_beats_that_of_the_environment(
    asked, monkeypatch
):
    assert asked(Trust(GOOD)) == ("Hi", None)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", OTHER)
    assert asked(Trust(GOOD)) == ("Hi", None)


def test_a_bundle_that_does_not_know_the_server_is_named(asked):
    text, error = asked(Trust(OTHER))
    assert text == ""
    assert isinstance(error, TlsFailed)
    assert error.hint == f"ca_bundle is {OTHER}."


def test_a_certificate_is_shown_where_one_is_wanted(asked):
    assert asked(Trust(GOOD, (GOOD, KEY)), wants=GOOD) == ("Hi", None)


def test_a_server_that_does_not_know_our_certificate_is_no_riddle(asked):
    text, error = asked(Trust(GOOD, (OTHER, KEY)), wants=GOOD)
    assert text == ""
    assert f"client_cert is {OTHER} and {KEY}." in error.hint


@pytest.mark.parametrize(
    ("trust", "words"),
    [
        (
            Trust("/nowhere.pem"),
            "ca_bundle cannot be used, /nowhere.pem: no such file or directory.",
        ),
        (Trust(__file__), "ca_bundle cannot be used"),
        (Trust("", ("/nowhere.pem",)), "client_cert cannot be used, /nowhere.pem: no such file"),
        (Trust("", (GOOD,)), "client_cert cannot be used"),
        (Trust("", (GOOD, __file__)), "client_cert cannot be used"),
        (Trust("", ("a\0b",)), "client_cert cannot be used"),
    ],
)
def test_files_that_cannot_be_used_are_said_before_anything_is_sent(trust, words):
    with pytest.raises(ConfigError) as refused:
        Client("https://localhost:9", None, trust=trust)
    assert str(refused.value).startswith(words)


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(tmp_path):
    locked = tmp_path / "locked.pem"
    made = [
        "openssl",
        "pkey",
        "-aes128",
        "-passout",
        "pass:secret",
        "-in",
        KEY,
        "-out",
        str(locked),
    ]
    if subprocess.run(made, capture_output=True, check=False).returncode:
        pytest.skip("openssl cannot lock a key here")
    with pytest.raises(ConfigError, match="client_cert cannot be used") as refused:
        Client("https://localhost:9", None, trust=Trust("", (GOOD, str(locked))))
    assert "has no password" in refused.value.hint
