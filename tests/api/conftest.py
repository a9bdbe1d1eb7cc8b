"""A client for each test, and servers to talk to it."""

import pytest

from deepchat.api.client import Client, Timeouts
from deepchat.api.wire import PLAIN
from tests.api.peer import Peer, Talk


@pytest.fixture
def peer():
    peers: list[Peer] = []

    def start(talk: Talk, *, certificate: str = "") -> Peer:
        peers.append(Peer(talk, certificate))
        return peers[-1]

    yield start
    for one in peers:
        one.close()


@pytest.fixture
def client():
    """Clients that are closed at the end, and wait no longer than a test does."""
    clients: list[Client] = []

    def make(base_url, key=None, *, dialect=PLAIN, beside=None, **limits) -> Client:
        quick = {"connect": 5, "headers": 5, "silence": 5, "payload": 5, "tail": 0.2, **limits}
        one = Client(
            base_url, key, timeouts=Timeouts(**quick), dialect=dialect, headers=beside or {}
        )
        clients.append(one)
        return clients[-1]

    yield make
    for one in clients:
        one.close()
