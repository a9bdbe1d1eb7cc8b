import os
import sqlite3
import stat
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deepchat.chat import Chat, Library
from deepchat.conversation import (
    Attachment,
    Conversation,
    Finished,
    Mark,
    Message,
    Reported,
    Session,
    TextDelta,
    Usage,
    new_id,
)
from deepchat.errors import StoreError
from deepchat.store.sessions import CUT, Store
from deepchat.text import mend
from deepchat.turn import Journal

any_text = st.text(alphabet=st.characters(exclude_categories=())) | st.sampled_from(
    [
        "",
        "\x00\x1b[31m",
        "😀",
        "\ud83d",
        "\ud83d\ude00",
        "漢字かな",
        "'; DROP TABLE message;--",
        "a" * 5000,
    ]
)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
parameters = st.dictionaries(st.text(), json, max_size=3)
counts = st.none() | st.integers(0, 2**40)
seconds = st.none() | st.floats(0, 1e6)
times = st.integers(0, 2**48 - 1)
usages = st.builds(Usage, counts, counts, counts, counts, st.none() | st.floats(0, 100))
replies = st.builds(
    Message,
    id=st.builds(new_id, times),
    role=st.just("assistant"),
    text=any_text,
    state=st.sampled_from(["done", "stopped", "cut", "failed"]),
    reasoning=any_text,
    model=any_text,
    reported_model=any_text,
    provider=any_text,
    parameters=parameters,
    finish_reason=any_text,
    usage=st.none() | usages.filter(lambda usage: usage != Usage()),
    error=any_text,
    request_id=any_text,
    created_ms=times,
    first_token_s=seconds,
    seconds=seconds,
    retries=st.integers(0, 10),
    mark=st.sampled_from(get_args(Mark)),
    left=st.booleans(),
    after=st.builds(new_id, st.integers(0, 2**48 - 1)),
    exceptions=st.lists(st.builds(new_id, times)).map(tuple),
    hint=any_text,
    edited=st.booleans(),
)
sessions = st.builds(
    Session,
    id=st.builds(new_id, times),
    title=any_text,
    model=any_text,
    provider=any_text,
    persona=any_text,
    persona_name=any_text,
    parameters=parameters,
    created_ms=times,
)


def mended(value):
    """With every text field of a frozen value as the database can hold it."""
    texts = {name: getattr(value, name) for name in value.__slots__}
    return replace(
        value, **{name: mend(text) for name, text in texts.items() if isinstance(text, str)}
    )


def question(text: str = "Why?", *, parent: str | None = None, at: int = 1) -> Message:
    return Message(new_id(at), "user", text, parent, created_ms=at)


def stub(parent: Message, *, at: int = 2) -> Message:
    return Message(new_id(at), "assistant", "", parent.id, "streaming", created_ms=at)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deepchat" / "chats.db"


@pytest.fixture
def store(path: Path):
    with closing(Store(path)) as store:
        yield store


def test_a_store_is_a_journal_and_a_library(store):
    journal: Journal = store
    library: Library = store
    assert callable(journal.open_turn)
    assert callable(library.find)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(session=sessions, persona=any_text, asked=any_text, reply=replies)
@example(Session(new_id(1)), "", "\ud83d", Message(new_id(2), "assistant", "\x00"))
def test_what_is_kept_comes_back_as_it_was(store, session, persona, asked, reply):
    record = Message(new_id(1), "system", persona)
    user = question(asked, parent=record.id)
    reply = replace(reply, parent=user.id)
    store.open_turn(
        session, [record, user, replace(stub(user), id=reply.id, created_ms=reply.created_ms)]
    )
    store.seal(reply)
    expected = [mended(message) for message in (record, user, reply)]
    assert store.load(session.id) == (mended(session), Conversation().add(*expected))


def test_what_is_attached_often_is_stored_once_and_goes_with_its_last_message(store, path):
    session, cat = Session(new_id(1)), Attachment("cat.png", "image/png", b"\x89PNG" * 1000)
    asked = [replace(question(at=at), attachments=(cat, cat)) for at in (2, 3)]
    store.open_turn(session, asked)
    store.open_turn(session, asked)
    assert [m.attachments for m in store.load(session.id)[1].messages.values()] == [(cat, cat)] * 2
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA foreign_keys = ON")
        assert raw.execute("SELECT count(*) FROM body").fetchone() == (1,)
        raw.execute("DELETE FROM message WHERE uid = ?", (asked[0].id,))
        assert raw.execute("SELECT count(*) FROM body").fetchone() == (1,)
        raw.execute("DELETE FROM session")
        assert raw.execute("SELECT count(*) FROM body").fetchone() == (0,)


def test_a_byte_that_is_no_text_hides_nothing_else(store, path):
    first = question("first")
    store.open_turn(Session("s", "t"), [first, question("second", parent=first.id)])
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE message SET text = CAST(x'66ff74' AS TEXT) WHERE text = 'first'")
        raw.commit()
    _, conversation = store.load("s")
    assert [message.text for message in conversation.path()] == ["f\ufffdt", "second"]


def test_nothing_is_opened_before_the_first_use(path):
    Store(path).close()
    assert not path.parent.exists()


def test_a_session_without_a_turn_leaves_nothing(store):
    with pytest.raises(StoreError, match="no session"):
        store.update(Session(new_id(1)))
    assert store.find() == []


def test_a_retry_is_a_sibling_and_becomes_the_leaf(store):
    session, user = Session(new_id(1)), question()
    first, second = stub(user), stub(user, at=3)
    store.open_turn(session, [user, first])
    store.seal(replace(first, text="One.", state="done"))
    store.open_turn(session, [second])
    store.seal(replace(second, text="Two.", state="done"))
    _, conversation = store.load(session.id)
    assert [message.text for message in conversation.path()] == ["Why?", "Two."]
    assert {m.text for m in conversation.messages.values() if m.parent == user.id} == {
        "One.",
        "Two.",
    }


def test_two_processes_in_one_session_make_two_branches(path, store):
    session, root = Session(new_id(1)), question("root")
    store.open_turn(session, [root])
    with closing(Store(path)) as other:
        store.open_turn(session, [question("here", parent=root.id)])
        other.open_turn(session, [question("there", parent=root.id)])
    _, conversation = store.load(session.id)
    assert {message.text for message in conversation.messages.values()} == {"root", "here", "there"}
    assert conversation.path()[-1].text == "there"


def test_a_parent_in_another_session_is_refused_whole(store):
    user = question()
    store.open_turn(Session(new_id(1)), [user])
    stray = Session(new_id(2))
    with pytest.raises(StoreError, match="What was said before is not in"):
        store.open_turn(stray, [question("ok"), question(parent=user.id)])
    assert stray.id not in [summary.id for summary in store.find()]


def test_a_turn_handed_in_again_is_kept_once_and_as_it_is_now(store):
    session, user = Session(new_id(1)), question()
    reply = stub(user)
    store.open_turn(session, [user, reply])
    store.append(reply.id, text="Half", reasoning="")
    store.open_turn(session, [user, reply])
    assert store.load(session.id)[1].path() == (user, replace(reply, text="Half"))
    whole = replace(reply, text="Whole.", state="done")
    again = question("And?", parent=reply.id)
    store.open_turn(session, [user, whole, again])
    assert store.load(session.id)[1].path() == (user, whole, again)
    assert [summary.turns for summary in store.find()] == [2]


def test_the_list_has_turns_and_cost_and_the_last_used_first(path):
    clock = iter(range(100, 200))
    with closing(Store(path, now_ms=lambda: next(clock))) as store:
        old, new = Session(new_id(1), "old"), Session(new_id(2), "new")
        user = question()
        reply = stub(user)
        store.open_turn(new, [question()])
        store.open_turn(old, [user, reply])
        store.seal(replace(reply, state="done", usage=Usage(cost=0.25)))
        again = stub(user)
        store.open_turn(old, [again])
        store.seal(replace(again, state="done", usage=Usage(cost=0.5)))
        store.update(replace(new, title="renamed"))
        assert [(s.title, s.turns, s.cost) for s in store.find()] == [
            ("old", 1, 0.75),
            ("renamed", 1, None),
        ]


def test_sealing_twice_counts_the_cost_once(store):
    session, user = Session(new_id(1)), question()
    reply = stub(user)
    store.open_turn(session, [user, reply])
    for _ in range(2):
        store.seal(replace(reply, state="done", usage=Usage(cost=0.25)))
    assert [summary.cost for summary in store.find()] == [0.25]


def test_an_unknown_or_sealed_reply_takes_no_more(store):
    user = question()
    reply = stub(user)
    with pytest.raises(StoreError, match="no reply"):
        store.seal(reply)
    store.open_turn(Session(new_id(1)), [user, reply])
    store.seal(replace(reply, state="done"))
    with pytest.raises(StoreError, match="no reply in flight"):
        store.append(reply.id, text="late", reasoning="")


def test_a_session_another_store_streams_into_shows_what_came_so_far(path, store):
    session, user = Session(new_id(1)), question()
    reply = stub(user)
    store.open_turn(session, [user, reply])
    store.append(reply.id, text="", reasoning="Hm")
    store.append(reply.id, text="Half \ud83d", reasoning="m.")
    store.append(reply.id, text="\ude00", reasoning="")
    with closing(Store(path)) as other:
        _, conversation = other.load(session.id)
    assert conversation.path()[-1] == replace(reply, text="Half 😀", reasoning="Hmm.")
    store.append(reply.id, text="!", reasoning="")


def test_a_reply_whose_store_is_gone_is_cut_and_keeps_its_words(path):
    session, user = Session(new_id(1)), question()
    reply = stub(user)
    with closing(Store(path)) as gone:
        gone.open_turn(session, [user, reply])
        gone.append(reply.id, text="Half", reasoning="Hm")
    with closing(Store(path)) as store:
        _, conversation = store.load(session.id)
        assert conversation.path()[-1] == replace(
            reply, text="Half", reasoning="Hm", state="cut", error=CUT
        )
        assert [summary.id for summary in store.find("half")] == [session.id]


def test_a_reply_that_goes_on_loses_nothing_when_its_store_is_gone(path):
    session, user = Session(new_id(1)), question()
    half = replace(stub(user), state="stopped", text="Half a re", reasoning="Hm")
    going_on = replace(half, state="streaming")
    with closing(Store(path)) as gone:
        gone.open_turn(session, [user, half])
        for _ in range(2):  # handed in again after a failure
            gone.open_turn(session, [going_on])
        assert gone.load(session.id)[1].path()[-1] == going_on
        gone.append(half.id, text="ply", reasoning="")
    with closing(Store(path)) as store:
        cut = replace(half, text="Half a reply", state="cut", error=CUT)
        assert store.load(session.id)[1].path()[-1] == cut
        assert [summary.id for summary in store.find("reply")] == [session.id]


def test_a_session_goes_on_behind_any_of_its_messages(path, store):
    session, user = Session(new_id(1)), question()
    reply = replace(stub(user), state="done", text="x")
    store.open_turn(session, [user, reply])
    for leaf in (user.id, None, reply.id):
        store.turn_to(session.id, leaf)
        with closing(Store(path)) as other:
            assert other.load(session.id)[1].leaf == leaf
    with pytest.raises(StoreError, match="no message"):
        store.turn_to(session.id, new_id(9))
    with pytest.raises(StoreError, match="no session"):
        store.turn_to(new_id(9), None)


def test_parameters_that_cannot_be_read_hide_nothing_else(path, store):
    session = Session(new_id(1), "title", parameters={"seed": 1})
    user = replace(question(), parameters={"seed": 1})
    store.open_turn(session, [user])
    store.close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE session SET parameters = '{oops'")
        raw.execute("UPDATE message SET parameters = '[1]'")
        raw.commit()
    assert store.load(session.id) == (
        replace(session, parameters={}),
        Conversation().add(replace(user, parameters={})),
    )


def test_a_count_that_no_database_holds_does_not_lose_the_reply(store):
    session, user = Session(new_id(1)), question()
    reply = stub(user)
    store.open_turn(session, [user, reply])
    store.seal(replace(reply, text="kept", state="done", usage=Usage(prompt_tokens=10**30)))
    assert store.load(session.id)[1].path()[-1].text == "kept"


def test_several_threads_share_a_store(store):
    def talk(number: int) -> None:
        session, user = Session(new_id(number), f"session {number}"), question()
        reply = stub(user)
        store.open_turn(session, [user, reply])
        for _ in range(5):
            store.append(reply.id, text="word ", reasoning="")
            store.find("word")
        store.seal(replace(reply, text="word " * 5, state="done"))

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.find("word")) == 6


def test_a_chat_kept_in_a_store_resumes_as_it_was(store):
    class Parrot:
        def stream(self, request, stop):
            yield TextDelta(request.messages[-1].text)
            yield Reported("parrot-1", "req-1", Usage(3, 4, cost=0.001))
            yield Finished("stop")

    class Silent:
        def notice(self, text): ...

        def problem(self, error):
            raise error

    chat = Chat(Parrot(), store, defaults=Session("", model="parrot"), view=Silent())
    chat.set_persona("A parrot.")
    chat.send("Hello?").wait()
    chat.settle()
    assert store.load(chat.session.id) == (chat.session, chat.conversation)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nobody_else_can_read_it_under_any_umask(path, umask):
    before = os.umask(umask)
    try:
        with closing(Store(path)) as store:
            store.open_turn(Session(new_id(1)), [user := question(), stub(user)])
            files = {file: stat.S_IMODE(file.stat().st_mode) for file in path.parent.rglob("*")}
    finally:
        os.umask(before)
    assert {file.name for file in files} >= {"chats.db", "chats.db-wal", "chats.db-shm", "writers"}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {mode for file, mode in files.items() if file.is_file()} == {0o600}
    assert stat.S_IMODE((path.parent / "writers").stat().st_mode) == 0o700


def test_a_piece_of_a_long_reply_costs_the_same_wherever_it_stands(path, store):
    session, user = Session(new_id(1)), question()
    reply = stub(user)
    store.open_turn(session, [user, reply])
    wal = Path(f"{path}-wal")

    def written(pieces: int) -> int:
        before = wal.stat().st_size
        for _ in range(pieces):
            store.append(reply.id, text="x" * 100, reasoning="")
        return wal.stat().st_size - before

    first = written(400)
    written(2000)
    assert written(400) < 1.3 * first


def test_the_log_does_not_grow_for_ever(path, store):
    session = Session(new_id(1))
    for _ in range(12):
        store.open_turn(session, [question("x" * 500_000)])
    assert Path(f"{path}-wal").stat().st_size < 5_500_000


def test_closing_leaves_one_file_with_everything_in_it(path, store):
    store.open_turn(Session(new_id(1)), [user := question(), stub(user)])
    store.close()
    left = {file.name for file in path.parent.rglob("*") if file.is_file()}
    assert left == {"chats.db", "chats.db-lock"}


def test_an_estimated_cost_stays_one_in_the_chat_in_lists_and_in_sums(store):
    for name, estimated in (("sure", False), ("about", True)):
        session = Session(f"s-{name}", name, "lab/x")
        asked = Message(f"q-{name}", "user", "Hi?", created_ms=1)
        reply = Message(f"r-{name}", "assistant", "", asked.id, "streaming", created_ms=2)
        store.open_turn(session, [asked, reply])
        usage = Usage(10, 5, cost=0.25, estimated=estimated)
        store.seal(replace(reply, text="Yes.", state="done", model=name, usage=usage))
    assert {one.title: one.estimated for one in store.find()} == {"sure": False, "about": True}
    assert {one.model: one.estimated for one in store.spent()} == {"sure": False, "about": True}
    _, conversation = store.load("s-about")
    assert conversation.messages["r-about"].usage == Usage(10, 5, cost=0.25, estimated=True)
