"""`deepchat doctor` says how everything is, mends, and restores."""

import json

from deepchat.config.paths import paths
from deepchat.store.sessions import Store
from deepchat.store.upkeep import Upkeep
from tests.cli.test_oneshot import run
from tests.cli.test_sessions import stored
from tests.conftest import KEY
from tests.store.test_lasting import check
from tests.store.test_upkeep import DAY

KEYED = {"DEEPINFRA_TOKEN": KEY}


def backed_up():
    store = Store(paths().database)
    Upkeep(store.database).back_up(DAY)
    store.close()


def test_all_is_well_where_all_is_well_and_the_key_is_not_shown(own_home):
    stored("First", "Second")
    backed_up()
    code, out, err = run("doctor", env=KEYED)
    assert (code, err) == (0, "")
    assert "key\tfrom DEEPINFRA_TOKEN\n" in out
    assert "chats\t2 chats, 2 messages\n" in out
    assert "chats\tsound" in out
    assert "chats-2026-11-23.db" in out
    assert KEY not in out


def test_a_new_user_learns_what_is_missing_and_nothing_is_made(own_home):
    code, out, _ = run("doctor")
    assert code == 1
    assert "key !\tnone in DEEPINFRA_TOKEN" in out
    assert "(none yet)" in out
    assert list(own_home.iterdir()) == []


def test_programs_get_json(own_home):
    stored("First")
    code, out, _ = run("doctor", "--json", env=KEYED)
    assert code == 0
    assert {"what": "chats", "state": "1 chat, 1 message", "well": True} in json.loads(out)


def test_hidden_damage_is_named_and_mended_when_that_is_asked_for(own_home):
    stored("The needle")
    path = paths().database
    path.write_bytes(path.read_bytes().replace(b"Hi", b"Ho"))
    code, out, _ = run("doctor", env=KEYED)
    assert code == 1
    assert "chats !\tdamaged: " in out
    assert "--mend" in out
    code, out, err = run("doctor", "--mend")
    assert (code, out) == (0, "")
    assert "1 chat with 1 message are in a new one" in err
    check(path)
    assert "sound" in run("doctor", "--mend")[2]
    assert "set aside\t" in run("doctor", env=KEYED)[1]


def test_a_backup_comes_back_and_what_was_there_is_kept(own_home):
    stored("Yesterday")
    backed_up()
    stored("Yesterday", "Today")
    code, out, err = run("doctor", "--restore-backup")
    assert (code, out) == (0, "")
    assert "chats-2026-11-23.db is in place. What was there is " in err
    assert [line.split("\t")[1] for line in run("sessions")[1].splitlines()] == ["Yesterday"]
    assert run("doctor", "--restore-backup", "1999")[0] == 1


def test_a_file_of_a_newer_version_is_named_before_the_chat_begins(own_home):
    stored("From the future")
    path = paths().database
    store = Store(path)
    with store.database.writing(durable=True) as connection:
        connection.execute("PRAGMA user_version = 99")
    store.close()
    before = path.read_bytes()
    for arguments in (["sessions"], ["doctor"], ["-c", "--demo", "-p", "Hi"]):
        code, out, err = run(*arguments)
        assert code == 1
        assert "version 99" in out + err
    assert path.read_bytes() == before
