"""Sessions that come in from elsewhere: two machines that exchange theirs end with the same."""

import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepchat.conversation import (
    Attachment,
    Conversation,
    Mark,
    Message,
    Role,
    Session,
    Usage,
    new_id,
)
from deepchat.errors import StoreError
from deepchat.store.merging import Taken
from deepchat.store.sessions import Store
from deepchat.transfer import importing, records
from tests.store.test_lasting import check

NOTE = Attachment("a.txt", "text/plain", b"x = 1\n", "/a.txt", (1, 2), "ab")


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path / "chats.db")) as store:
        yield store


def chat(*, replies=1, now=1_000):
    session = Session(new_id(now), "Chat", "m", "p", "Be kind.", "kind", {"top_p": 0.5}, now)
    asked = Message("asked", "user", "Why?", created_ms=now, attachments=(NOTE,))
    answers = [
        Message(
            f"answer{n}",
            "assistant",
            "Because.",
            "asked",
            usage=Usage(1, 2, cost=0.5),
            created_ms=now + n,
        )
        for n in range(replies)
    ]
    return session, Conversation().add(asked, *answers)


def test_a_new_session_is_as_it_was_and_found(store, tmp_path):
    session, conversation = chat(replies=2)
    assert store.take_in(session, conversation) == Taken(new=True, messages=3)
    assert store.load(session.id) == (session, conversation)
    (found,) = store.find("because")
    assert (found.turns, found.cost, found.updated_ms) == (1, 1.0, 1_001)
    check(tmp_path / "chats.db")


def test_the_same_again_changes_nothing(store):
    session, conversation = chat()
    store.take_in(session, conversation)
    before = store.find()
    assert store.take_in(session, conversation) == Taken(new=False, messages=0)
    assert (store.load(session.id), store.find()) == ((session, conversation), before)


def test_what_was_said_elsewhere_is_added_and_the_chat_goes_on_where_it_was_said(store):
    session, conversation = chat()
    store.take_in(session, conversation)
    more = Message("more", "user", "And?", "answer0", created_ms=2_000)
    grown = conversation.add(more)
    assert store.take_in(session, grown) == Taken(new=False, messages=1)
    assert store.load(session.id)[1] == grown
    assert store.take_in(session, conversation).messages == 0
    assert store.load(session.id)[1] == grown


def test_a_reply_that_was_gone_on_with_is_the_longer_one(store):
    session, conversation = chat()
    cut = conversation.add(replace(conversation.messages["answer0"], text="Bec", state="cut"))
    store.take_in(session, cut)
    assert store.take_in(session, conversation).messages == 1
    assert store.take_in(session, cut).messages == 0
    assert store.load(session.id)[1] == conversation


def test_the_title_that_was_given_last_counts(store):
    session, conversation = chat()
    store.take_in(session, conversation)
    store.update(replace(session, title="Newer", changed_ms=3_000))
    store.take_in(replace(session, title="Older", changed_ms=2_000), conversation)
    assert store.load(session.id)[0].title == "Newer"
    store.take_in(replace(session, title="Newest", changed_ms=4_000), conversation)
    assert store.load(session.id)[0].title == "Newest"


def test_what_was_muted_last_counts(store):
    session, conversation = chat()
    store.take_in(session, conversation)
    muted = conversation.add(replace(conversation.messages["asked"], mark="muted")).at("answer0")
    store.take_in(replace(session, changed_ms=2_000), muted)
    assert store.load(session.id)[1] == muted
    store.take_in(session, conversation)
    assert store.load(session.id)[1] == muted
    store.take_in(replace(session, changed_ms=3_000), conversation)
    assert store.load(session.id)[1] == conversation


def test_what_was_deleted_stays_in_the_trash(store):
    session, conversation = chat()
    store.take_in(session, conversation)
    store.delete(session.id)
    store.take_in(session, conversation.add(Message("more", "user", "And?", "answer0")))
    assert store.find() == []
    assert [found.turns for found in store.trashed()] == [2]


def test_a_message_of_another_chat_is_refused_whole(store):
    session, conversation = chat()
    store.take_in(session, conversation)
    other = Session(new_id(5), "Other")
    stolen = Conversation().add(
        Message("new", "user", "Hi"), Message("asked", "user", "Mine", "new")
    )
    with pytest.raises(StoreError, match="in another chat"):
        store.take_in(other, stolen)
    assert [found.title for found in store.find()] == ["Chat"]


# --- the law -----------------------------------------------------------------------------------------------------------

ids = st.sampled_from([f"m{n}" for n in range(8)])
texts = st.sampled_from(["", "a", "b", "ab", "abc"])


@st.composite
def versions(draw):
    """One session as it has become on one of two machines: messages that both may have, with parents all agree on."""
    parents = {f"m{n}": None if n == 0 else f"m{(n - 1) // 2}" for n in range(8)}
    chosen: dict[str, Message] = {}
    for n in sorted(draw(st.sets(st.integers(0, 7), min_size=1))):
        for one in _line(parents, f"m{n}"):
            if one not in chosen:
                depth = len(_line(parents, one))
                role: Role = "user" if depth % 2 else "assistant"
                state = draw(st.sampled_from(["done", "cut", "stopped"]))
                text = draw(texts) if role == "assistant" else one
                mark = draw(st.sampled_from(get_args(Mark) if role == "user" else [""]))
                chosen[one] = Message(
                    one, role, text, parents[one], state, created_ms=depth, mark=mark
                )
    session = Session("s", draw(texts), persona=draw(texts), changed_ms=draw(st.integers(0, 3)))
    return session, Conversation(chosen, draw(st.sampled_from(list(chosen))))


def _line(parents, one):
    line = []
    while one is not None:
        line.append(one)
        one = parents[one]
    return line[::-1]


def exported(store):
    sessions = [store.load(found.id) for found in store.find(limit=1000)]
    return records.document(sessions)


def imported(store, text, folder):
    (path := folder / "chats.json").write_text(text, encoding="utf-8")
    for session, conversation in importing.read(path).sessions:
        store.take_in(session, conversation)


@settings(deadline=None, max_examples=60)
@given(one=versions(), other=versions())
def test_exchanging_files_gives_the_same_on_both(one, other):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(Store(folder / "a.db")) as a, closing(Store(folder / "b.db")) as b:
            a.take_in(*one)
            b.take_in(*other)
            imported(b, exported(a), folder)
            imported(a, exported(b), folder)
            assert exported(a) == exported(b)
            imported(b, exported(a), folder)
            assert exported(a) == exported(b)
            had = one[1].messages.keys() | other[1].messages.keys()
            assert a.load("s")[1].messages.keys() == had
            check(folder / "a.db")
            check(folder / "b.db")
