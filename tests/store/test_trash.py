"""A deleted session is out of sight and whole until it expires."""

import sqlite3
from contextlib import closing

import pytest

from deepchat.conversation import Message, Session, new_id
from deepchat.errors import StoreError
from deepchat.store import database, opening
from deepchat.store.migrations import STEPS
from deepchat.store.sessions import Store

DAY_MS = 86_400_000


class Clock:
    def __init__(self):
        self.now = 10 * DAY_MS

    def __call__(self):
        self.now += 1
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "chats.db"


@pytest.fixture
def store(path, clock):
    with closing(Store(path, now_ms=clock)) as store:
        yield store


def keep(store, title, turns=1):
    session, parent = Session(new_id(10**12), title), None
    for number in range(turns):
        message = Message(new_id(number), "user", f"{title} 漢字 {number}", parent)
        store.open_turn(session, [message])
        parent = message.id
    return session


def titles(found):
    return [summary.title for summary in found]


@pytest.mark.parametrize("query", ["", "gone", "GON", "gone 0", "漢字", "nowhere% gone"])
def test_what_is_deleted_is_neither_listed_nor_found(store, query):
    keep(store, "here")
    gone = keep(store, "gone")
    store.delete(gone.id)
    for asked in (query, gone.id, gone.id[-6:]):
        assert "gone" not in titles(store.find(asked))
    assert store.summary(gone.id) is None
    assert titles(store.trashed()) == ["gone"]


def test_what_is_restored_is_as_it_was_and_where_it_was(store):
    old, new = keep(store, "old", turns=3), keep(store, "new")
    before = store.load(old.id)
    store.delete(old.id)
    store.restore(old.id)
    assert store.load(old.id) == before
    assert titles(store.find()) == ["new", "old"]
    assert titles(store.find("old 1")) == ["old"]
    assert store.trashed() == []
    assert store.summary(new.id) == store.find()[0]


def test_the_last_deleted_is_first_in_the_trash(store):
    for session in [keep(store, title) for title in ("one", "two", "three")]:
        store.delete(session.id)
    assert titles(store.trashed()) == ["three", "two", "one"]
    assert titles(store.trashed(limit=1)) == ["three"]
    assert store.trashed()[0].trashed_ms > store.trashed()[1].trashed_ms


def test_a_session_that_goes_on_elsewhere_comes_out_of_the_trash(path, clock, store):
    session = keep(store, "in use")
    store.delete(session.id)
    with closing(Store(path, now_ms=clock)) as other:
        other.open_turn(session, [Message(new_id(9), "user", "more")])
    assert titles(store.find()) == ["in use"]


def test_only_what_is_there_can_be_deleted_or_restored(store):
    session = keep(store, "here")
    for refused in (lambda: store.delete("nobody"), lambda: store.restore(session.id)):
        with pytest.raises(StoreError):
            refused()
    store.delete(session.id)
    with pytest.raises(StoreError):
        store.delete(session.id)


def test_what_has_expired_is_deleted_for_good_one_at_a_time_the_oldest_first(path, clock, store):
    early = [keep(store, title, turns=turns) for title, turns in (("one", 1_200), ("two", 1))]
    for session in early:
        store.delete(session.id)
    clock.now += 30 * DAY_MS
    late = keep(store, "late")
    keep(store, "here")
    store.delete(late.id)
    assert store.purge(days=30)
    assert titles(store.trashed()) == ["late", "two"]
    assert store.purge(days=30)
    assert not store.purge(days=30)
    assert titles(store.trashed()) == ["late"]
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT count(*) FROM message").fetchone() == (2,)
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        raw.execute("INSERT INTO message_fts(message_fts, rank) VALUES ('integrity-check', 1)")


def test_nothing_is_made_where_nothing_is_stored(path, store):
    assert not store.purge(days=0)
    assert not path.exists()


def test_the_list_reads_as_many_rows_as_it_shows(path, store):
    keep(store, "here")
    with closing(sqlite3.connect(path)) as raw:
        plan = raw.execute(
            """EXPLAIN QUERY PLAN SELECT * FROM session WHERE trashed_ms IS NULL AND archived = 0
               ORDER BY updated_ms DESC, id DESC"""
        ).fetchall()
    assert [step[3] for step in plan] == ["SEARCH session USING INDEX session_recent (archived=?)"]


def test_a_file_from_before_there_was_a_trash_gets_one(path, clock, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr(opening, "STEPS", STEPS[:1])
        database.Database(path).close()
        with closing(database.Database(path)) as old, old.writing(durable=True) as connection:
            connection.execute(
                """INSERT INTO session (uid, title, model, provider, persona, persona_name, parameters, created_ms,
                   updated_ms) VALUES ('an-old-one', 'old', '', '', '', '', '{}', 1, 1)"""
            )
    with closing(Store(path, now_ms=clock)) as store:
        assert titles(store.find()) == ["old"]
        store.delete("an-old-one")
        assert titles(store.trashed()) == ["old"]
