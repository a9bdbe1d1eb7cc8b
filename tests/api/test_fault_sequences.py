"""One fault after another, as chance has it: what was shown is what is stored, and what has said a word is not asked again."""

import os
import threading
from contextlib import closing
from dataclasses import dataclass
from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st

from deepchat.api.client import Client, Timeouts
from deepchat.chat import Chat
from deepchat.conversation import ReasoningDelta, Session, TextDelta
from deepchat.errors import UsageError
from deepchat.retrying import PASSING, Retries
from deepchat.store.sessions import Store
from tests.api.peer import Peer, Talk, read_request
from tests.api.said import chunk, delta, stream, text_of
from tests.core.fakes import Listener
from tests.sites import CHUNKED, OPEN, REST, answer, chunked, close, reset

# Turns of a long chat; more for a long run.
TURNS = int(os.environ.get("DEEPCHAT_FAULTY_TURNS", "12"))
EXAMPLES = max(5, TURNS // 4)

SOON = "Retry-After-Ms: 1\r\n"


@dataclass(frozen=True)
class Does:
    """What the server does with one request: it says this, and ends. `passes`: it may be asked again."""

    says: bytes
    end: Talk = close
    passes: bool = False


def refuses(status):
    return Does(answer({"error": "no"}, status, head=SOON), passes=status in PASSING)


def replies(words, thoughts, rest, end):
    """Some words, a rest that ends the reply or breaks it, and the end of the line."""
    events = [*(delta(reasoning=thought) for thought in thoughts), *map(chunk, words)]
    return Does(OPEN + stream(*events, done=False) + rest, end)


RESTS = (
    *(REST, REST, b"", b"data: {", b"data: nonsense\n\n", b"\xff\xfe", b"data: x\n" * 10_001),
    stream({"error": {"message": "overloaded", "code": 503}}),
    stream(chunk(reason="length")),
)
EVERYTHING = st.one_of(
    st.builds(refuses, st.sampled_from([*sorted(PASSING), 400, 401, 404, 413, 422])),
    st.builds(
        replies,
        st.lists(st.text(max_size=9), max_size=4),
        st.lists(st.text(max_size=9), max_size=2),
        st.sampled_from(RESTS),
        st.sampled_from([close, close, close, reset]),
    ),
    st.sampled_from([Does(b""), Does(b"", reset), Does(OPEN), Does(b"SSH-2.0\r\n\r\n")]),
    st.sampled_from([Does(CHUNKED + chunked(b": ping\n\n")), Does(answer(b"<html>"))]),
)
WHOLE = replies(["Whole."], [], REST, close)


class Moody:
    """A server that does one thing after another, and then replies as it should; `asked` has what it did."""

    def __init__(self, moods):
        self.asked: list[Does] = []
        self._moods = chain(moods, iter(lambda: WHOLE, None))
        self._lock = threading.Lock()

    def __call__(self, line):
        read_request(line)
        with self._lock:
            self.asked.append(next(self._moods))
        line.sendall(self.asked[-1].says)
        self.asked[-1].end(line)


def begun(chat, wish):
    """A turn as wished, or a new question where that is not possible."""
    try:
        return {"send": lambda: chat.send("Hi"), "retry": chat.retry, "go on": chat.go_on}[wish]()
    except UsageError:
        return chat.send("Hi")


def shown(turn):
    """All that the turn gives to be shown."""
    events = []
    ended = False
    while not ended:
        ended = turn.wait(0.01)
        events += turn.drain()
    thought = "".join(event.text for event in events if isinstance(event, ReasoningDelta))
    return text_of(event for event in events if isinstance(event, TextDelta)), thought


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    wishes=st.lists(st.sampled_from(["send", "retry", "go on"]), min_size=TURNS, max_size=TURNS),
    moods=st.lists(EVERYTHING, min_size=TURNS, max_size=3 * TURNS),
)
def test_what_was_shown_is_stored_and_nothing_is_asked_for_twice(tmp_path_factory, wishes, moods):
    moody = Moody(moods)
    peer = Peer(moody)
    path = tmp_path_factory.mktemp("faulty") / "chats.db"
    limits = Timeouts(tail=0.2, drain=0.05)
    with (
        closing(peer),
        closing(Client(f"http://127.0.0.1:{peer.port}", None, timeouts=limits)) as client,
        closing(Store(path)) as store,
    ):
        chat = Chat(
            client,
            store,
            defaults=Session("", model="m"),
            view=Listener(),
            retries=Retries(chance=lambda: 0.0),
        )
        for wish in wishes:
            asked_before = len(moody.asked)
            turn = begun(chat, wish)
            text, thought = shown(turn)
            reply = chat.settle()
            tries = moody.asked[asked_before:]
            assert all(each.passes for each in tries[:-1])
            assert len(tries) == turn.tries <= 3
            assert reply.text == text
            assert reply.reasoning.endswith(thought)
            _, kept = store.load(chat.session.id)
            assert kept.messages == chat.conversation.messages
            assert kept.messages[reply.id] == reply
