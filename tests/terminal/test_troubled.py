"""A chat whose database is in trouble: it begins, it goes on, and what was stored is not harmed."""

import sqlite3
from contextlib import closing

import pytest

from deepchat.config.paths import paths
from deepchat.demo.server import Answer
from deepchat.store.sessions import Store
from tests.cli.test_sessions import stored

pytestmark = pytest.mark.terminal


def behead(path):
    harmed = bytes(100) + path.read_bytes()[100:]
    path.write_bytes(harmed)
    return harmed


def said(title):
    with closing(Store(paths().database)) as store:
        _, conversation = store.load(store.find(title)[0].id)
    return [message.text for message in conversation.path()]


@pytest.mark.parametrize("flags", [["-c"], []])
def test_a_damaged_database_is_mended_at_the_start_and_one_line_says_so(deepchat, server, flags):
    stored("Before the harm")
    harmed = behead(paths().database)
    server.script.append(Answer.reply("Here."))
    with deepchat(*flags, columns=250) as chat:
        chat.wait_for("The session database was damaged")
        chat.wait_for("1 chat with 1 message")
        chat.enter("Still there?")
        chat.wait_for("tok/s")
        chat.press("\x04")
        assert chat.wait_for_end() == 0
    (aside,) = paths().data_dir.glob("chats-damaged-*.db")
    assert aside.read_bytes() == harmed
    assert said("Before the harm")[0] == "Hi"
    assert said("Still there?")[-2:] == ["Still there?", "Here."]


def test_a_database_of_a_newer_version_ends_it_with_one_line_and_stays_as_it_is(deepchat):
    stored("From the future")
    path = paths().database
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    for flags in ([], ["-c"], ["--plain"]):
        with deepchat(*flags, columns=250) as chat:
            chat.wait_for("version 99")
            assert chat.wait_for_end() == 1
            assert len([line for line in chat.lines() if line.strip()]) < 4
    assert path.read_bytes() == before


def test_a_damaged_file_that_is_open_elsewhere_is_left_and_the_chat_goes_on_unkept(
    deepchat, server
):
    stored("Before the harm")
    path = paths().database
    server.script += [Answer.reply("Here."), Answer.reply("And now.")]
    with closing(Store(path)) as other:
        other.find()
        harmed = behead(path)
        with deepchat("-c", columns=250) as chat:
            chat.wait_for("open elsewhere")
            chat.enter("Still there?")
            chat.wait_for("Here.")
            assert path.read_bytes() == harmed
            other.database.close()
            chat.enter("Once more.")
            chat.wait_for("And now.")
            chat.press("\x04")
            assert chat.wait_for_end() == 0
    assert said("Still there?") == ["Still there?", "Here.", "Once more.", "And now."]
    assert said("Before the harm") == ["Hi"]


def test_a_database_that_is_locked_holds_up_no_key_and_gets_everything_later(deepchat, server):
    server.script += [Answer.reply("Here."), Answer.reply("There.")]
    with deepchat(columns=250) as chat:
        chat.wait_for("/help")
        chat.enter("Before?")
        chat.wait_for("tok/s")
        with closing(sqlite3.connect(paths().database, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            chat.enter("/title While it is locked")
            chat.wait_for("another program keeps it locked")
            chat.wait_for("· While it is locked")
            chat.enter("Meanwhile?")
            chat.press("typed on")
            chat.wait_for("› typed on")
            holder.execute("COMMIT")
        chat.wait_for("There.")
        chat.press("\x15\x04")
        assert chat.wait_for_end() == 0
    assert said("While it is locked") == ["Before?", "Here.", "Meanwhile?", "There."]


def test_a_data_folder_that_vanishes_costs_nothing_that_was_said(deepchat, server, tmp_path):
    server.script += [Answer.reply(f"Answer {n}.") for n in (1, 2, 3)]
    with deepchat(columns=250) as chat:
        chat.wait_for("/help")
        for n in (1, 2, 3):
            chat.enter(f"Question {n}?")
            chat.wait_for(f"Answer {n}.")
            chat.wait_for("waiting", gone=True)
            if n == 1:
                paths().data_dir.rename(tmp_path / "gone")
        chat.press("\x04")
        assert chat.wait_for_end() == 0
    texts = [text for n in (1, 2, 3) for text in (f"Question {n}?", f"Answer {n}.")]
    assert said("Question 1") == texts
