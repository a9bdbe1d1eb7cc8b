"""The database as a whole: looked at, copied once a day, checked, and replaced by a copy."""

import os
import sqlite3
from contextlib import closing
from datetime import date, timedelta

import pytest

from deepchat.conversation import Message, Session, new_id
from deepchat.errors import NewerStore, StoreError
from deepchat.store import backups, opening
from deepchat.store.migrations import STEPS
from deepchat.store.sessions import Store
from deepchat.store.upkeep import Upkeep
from tests.store.test_lasting import check

DAY = date(2026, 11, 23)


@pytest.fixture
def told():
    return []


@pytest.fixture
def store(tmp_path, told):
    with closing(Store(tmp_path / "deepchat" / "chats.db", tell=told.append)) as store:
        yield store


@pytest.fixture
def upkeep(store):
    return Upkeep(store.database)


def say(store, text="Why?"):
    store.open_turn(Session(new_id(1), text), [Message(new_id(2), "user", text)])


def titles(path):
    with closing(sqlite3.connect(path)) as raw:
        return {title for (title,) in raw.execute("SELECT title FROM session")}


def later(path):
    """As if what was written was written after every copy that there is."""
    newest = max((copy.stat().st_mtime_ns for copy in backups.listed(path)), default=0)
    os.utime(path, ns=(newest + 1, newest + 1))


def test_a_copy_is_made_once_a_day_when_there_is_something_new(store, upkeep):
    upkeep.back_up(DAY)
    assert upkeep.backups() == []
    say(store, "first")
    upkeep.back_up(DAY)
    (copy,) = upkeep.backups()
    assert copy.name == "chats-2026-11-23.db"
    assert titles(copy) == {"first"}
    check(copy)
    say(store, "second")
    upkeep.back_up(DAY)
    assert upkeep.backups() == [copy]
    upkeep.back_up(DAY + timedelta(1))
    assert [copy.name for copy in upkeep.backups()] == [
        "chats-2026-11-24.db",
        "chats-2026-11-23.db",
    ]
    store.close()
    upkeep.back_up(DAY + timedelta(2))
    assert len(upkeep.backups()) == 2


def test_the_last_few_are_kept_and_nobody_else_can_read_them(store, upkeep):
    path = store.database.path
    for day in range(6):
        say(store, f"day {day}")
        store.close()
        later(path)
        upkeep.back_up(DAY + timedelta(day))
        os.utime(upkeep.backups()[0], ns=(day + 1, day + 1))
    assert len(upkeep.backups()) == backups.KEPT
    assert titles(upkeep.backups()[0]) == {f"day {day}" for day in range(6)}
    folder = path.with_name("backups")
    assert {file.suffix for file in folder.iterdir()} == {".db"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {copy.stat().st_mode & 0o777 for copy in folder.iterdir()} == {0o600}


def test_a_copy_that_is_not_wanted_any_more_leaves_nothing(store, upkeep):
    say(store, "x" * 5_000_000)
    upkeep.back_up(DAY, lambda: False)
    assert list(store.database.path.with_name("backups").iterdir()) == []


def test_what_a_killed_process_had_begun_to_copy_goes_a_day_later(store, upkeep):
    say(store)
    folder = store.database.path.with_name("backups")
    folder.mkdir()
    (old := folder / "old.part").touch()
    (new := folder / "new.part").touch()
    os.utime(old, (0, 0))
    upkeep.back_up(DAY)
    assert not old.exists()
    assert new.exists()


def test_a_copy_is_of_one_moment_while_others_write(store, upkeep):
    say(store, "before " * 400_000)
    written: list[int] = []

    def wanted():
        say(store, f"meanwhile {len(written)}")
        written.append(1)
        return True

    upkeep.back_up(DAY, wanted)
    assert len(written) > 1
    assert len(titles(upkeep.backups()[0])) == 1


def test_damage_that_nothing_showed_is_found_by_the_copy_and_mended(store, upkeep, told):
    say(store, "the needle in here")
    store.close()
    path = store.database.path
    harmed = path.read_bytes().replace(b"the needle in here", b"the noodle in here")
    path.write_bytes(harmed)
    upkeep.back_up(DAY)
    assert upkeep.backups() == []
    (said,) = told
    (aside,) = upkeep.set_aside()
    assert str(aside) in said
    assert aside.read_bytes() == harmed
    assert [found.title for found in store.find("noodle")] == ["the noodle in here"]
    check(path)


@pytest.mark.parametrize("version", range(1, len(STEPS)))
def test_a_file_of_every_earlier_version_is_copied_and_brought_up_to_date(
    store, upkeep, monkeypatch, version
):
    path = store.database.path
    with monkeypatch.context() as earlier:
        earlier.setattr(opening, "STEPS", STEPS[:version])
        with store.database.writing(durable=True) as connection:
            connection.execute(
                """INSERT INTO session (uid, title, model, provider, persona, persona_name, parameters, created_ms,
                   updated_ms) VALUES ('an-old-one', 'old', '', '', '', '', '{}', 1, 1)"""
            )
            connection.execute(
                """INSERT INTO message (uid, session, role, state, text, reasoning, model, reported_model, provider,
                   parameters, finish_reason, error, request_id, created_ms)
                   VALUES ('asked', 1, 'user', 'done', 'Why?', '', '', '', '', '{}', '', '', '', 1)"""
            )
            connection.execute("UPDATE session SET leaf = 1")
        store.close()
    _, conversation = store.load("an-old-one")
    assert [message.text for message in conversation.path()] == ["Why?"]
    assert [found.turns for found in store.find("why")] == [1]
    store.close()
    check(path)
    (copy,) = upkeep.backups()
    assert copy.name == f"chats-version-{version}.db"
    assert titles(copy) == {"old"}
    with closing(sqlite3.connect(copy)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (version,)


def test_a_checkup_counts_and_finds(store, upkeep):
    say(store, "one")
    say(store, "two")
    store.delete(store.find("two")[0].id)
    found = upkeep.checkup()
    assert (found.sessions, found.messages, found.trashed) == (1, 2, 1)
    assert (found.version, found.wrong) == (len(STEPS), "")
    with store.database.writing(durable=True) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM message_fts_docsize")
    assert upkeep.checkup().wrong


def test_a_backup_takes_the_place_of_the_file_which_is_kept(store, upkeep):
    say(store, "yesterday")
    upkeep.back_up(DAY)
    say(store, "today")
    aside = upkeep.restore(upkeep.backups()[0])
    assert aside
    assert [found.title for found in store.find()] == ["yesterday"]
    assert titles(aside) == {"yesterday", "today"}
    assert upkeep.set_aside() == [aside]
    assert store.database.path.stat().st_mode & 0o777 == 0o600
    say(store, "tomorrow")
    check(store.database.path)


def test_a_backup_is_not_put_under_the_feet_of_another(store, upkeep):
    say(store, "yesterday")
    upkeep.back_up(DAY)
    with closing(Store(store.database.path)) as other:
        assert other.find()
        with pytest.raises(StoreError, match="open elsewhere"):
            upkeep.restore(upkeep.backups()[0])
        say(store, "today")
        assert len(other.find()) == 2


def test_a_damaged_backup_is_not_taken(store, upkeep):
    say(store, "yesterday")
    upkeep.back_up(DAY)
    (copy,) = upkeep.backups()
    copy.write_bytes(copy.read_bytes()[:5000])
    with pytest.raises(StoreError, match="damaged as well"):
        upkeep.restore(copy)
    assert [found.title for found in store.find()] == ["yesterday"]


def test_a_look_makes_nothing_and_tells_of_a_backup_where_the_file_is_gone(store, upkeep, told):
    upkeep.look()
    assert not store.database.path.parent.exists()
    say(store)
    upkeep.back_up(DAY)
    store.close()
    store.database.path.unlink()
    upkeep.look()
    assert "chats-2026-11-23.db" in told[0]
    assert not store.database.path.exists()


def test_a_look_refuses_what_is_newer(store, upkeep):
    say(store)
    with store.database.writing(durable=True) as connection:
        connection.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(NewerStore, match="version 99"):
        upkeep.look()
