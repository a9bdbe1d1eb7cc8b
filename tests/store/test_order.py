import sqlite3
from contextlib import closing
from itertools import count

import pytest

from deepchat.conversation import Message, Session, new_id
from deepchat.errors import StoreError
from deepchat.sought import Only
from deepchat.store import search
from deepchat.store.sessions import Store

ARCHIVED = Only(archived=True)


@pytest.fixture
def store(tmp_path):
    clock = count(1)
    with closing(Store(tmp_path / "chats.db", now_ms=lambda: next(clock))) as store:
        yield store


def keep(store: Store, title: str, *, session: Session | None = None) -> Session:
    session = session or Session(new_id(10**12), title)
    store.open_turn(session, [Message(new_id(1), "user", f"The word in {title}")])
    return session


def titles(store: Store, query: str = "", only: Only | None = None) -> list[str]:
    return [one.title for one in store.find(query, only=only or Only())]


def test_what_is_archived_is_not_listed_but_found(store):
    kept, away = keep(store, "kept"), keep(store, "away")
    store.archive(away.id)
    assert titles(store) == ["kept"]
    assert titles(store, only=ARCHIVED) == ["away"]
    assert titles(store, "word") == ["away", "kept"]
    assert titles(store, "awa") == titles(store, away.id[-6:]) == ["away"]
    assert titles(store, "word", ARCHIVED) == titles(store, "away", ARCHIVED) == ["away"]
    assert titles(store, "kept", ARCHIVED) == []
    assert {hit.session.title for hit in store.places("word")} == {"kept", "away"}
    assert [hit.session.title for hit in store.places("word", only=ARCHIVED)] == ["away"]
    store.archive(away.id, on=False)
    assert titles(store) == ["away", "kept"]
    assert kept.id != away.id


def test_an_archived_chat_that_goes_on_is_in_the_list_again(store):
    session = keep(store, "away")
    store.archive(session.id)
    keep(store, "away", session=session)
    assert titles(store) == ["away"]


def test_archived_and_deleted_is_deleted(store):
    session = keep(store, "away")
    store.archive(session.id)
    store.delete(session.id)
    assert titles(store, only=ARCHIVED) == titles(store, "word") == []
    store.restore(session.id)
    assert titles(store, only=ARCHIVED) == ["away"]


def test_stars_and_tags_are_shown_and_narrow_lists_down(store):
    plain, marked = keep(store, "plain"), keep(store, "marked")
    store.star(marked.id)
    store.tag(marked.id, ["work", "home", "work"])
    store.tag(plain.id, ["home"])
    found = store.find()[0]
    assert (found.starred, found.archived, found.tags) == (True, False, ("home", "work"))
    assert store.summary(marked.id) == found
    for query in ("", "word"):
        assert titles(store, query, Only(starred=True)) == ["marked"]
        assert titles(store, query, Only(tag="work")) == ["marked"]
        assert titles(store, query, Only(tag="home")) == ["marked", "plain"]
        assert titles(store, query, Only(tag="wor")) == []
    assert store.tags() == [("home", 2), ("work", 1)]
    store.tag(marked.id, ["work", "nothing"], on=False)
    store.star(marked.id, on=False)
    assert store.tags() == [("home", 2)]
    assert titles(store, only=Only(starred=True)) == []


def test_tags_of_a_deleted_chat_are_not_counted_and_go_with_it(store, tmp_path):
    session = keep(store, "t")
    store.tag(session.id, ["work"])
    store.delete(session.id)
    assert store.tags() == []
    assert store.trashed()[0].tags == ("work",)
    while store.purge(days=-1):
        pass
    store.close()
    with closing(sqlite3.connect(tmp_path / "chats.db")) as raw:
        assert raw.execute("SELECT * FROM tag").fetchall() == []


def test_a_session_that_is_not_there_is_named(store):
    changes = (store.star, store.archive, lambda session_id: store.tag(session_id, ["a"]))
    for change in changes:
        with pytest.raises(StoreError, match="nobody"):
            change("nobody")


@pytest.mark.parametrize(
    ("statement", "reads"),
    [
        (search._RECENT, "SEARCH session USING INDEX session_recent (archived=?)"),
        (search._TITLES, "SCAN session USING COVERING INDEX session_recent"),
        (search._ENDING, "SEARCH session USING INDEX session_ending (<expr>=?)"),
        (
            search._BEGINNING,
            "SEARCH session USING INDEX sqlite_autoindex_session_1 (uid>? AND uid<?)",
        ),
    ],
)
def test_lists_and_ids_are_read_from_an_index_in_order(store, statement, reads):
    keep(store, "t")
    values = search._filters(Only(), limit=1, pattern="%", start="a", end="a")
    with store.database.reading() as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert plan[0] == reads
    assert not [step for step in plan if "TEMP B-TREE" in step]
