"""`deepchat sessions`: what is stored, from the shell."""

import json
from pathlib import Path

from deepchat.config.paths import paths
from deepchat.conversation import Message, Session
from deepchat.store.sessions import Store
from tests.cli.test_oneshot import run


def stored(*titles):
    """Sessions with these titles, the last one used last."""
    store = Store(paths().database)
    for number, title in enumerate(titles):
        asked = Message(f"m{number}", "user", "Hi", created_ms=number)
        store.open_turn(Session(f"session-{number}", title, model="a/b"), [asked])
    store.close()


def test_nothing_stored_is_an_empty_list_and_makes_no_file(own_home):
    assert run("sessions") == (0, "", "")
    assert run("sessions", "list", "--json") == (0, "[]\n", "")
    assert not list(own_home.rglob("*.db*"))


def test_in_a_pipe_each_chat_is_a_line_of_fields_between_tabs(own_home):
    stored("First", "A \x1b[31mtab\tand a newline\nin it")
    code, out, err = run("sessions")
    rows = [line.split("\t") for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [row[0] for row in rows] == ["sion-1", "sion-0"]
    assert [len(row) for row in rows] == [6, 6]
    assert "\x1b" not in out


def test_programs_get_json(own_home):
    stored("First", "Zweite")
    code, out, _ = run("sessions", "list", "--json", "-n", "1")
    (record,) = json.loads(out)
    assert (code, record["title"], record["turns"], record["cost"]) == (0, "Zweite", 1, None)


def test_a_command_takes_the_flags_before_it(tmp_path, own_home):
    stored("At home")
    assert run("--data-dir", str(tmp_path / "elsewhere"), "sessions") == (0, "", "")
    assert not Path(tmp_path / "elsewhere").exists()


def test_a_word_that_is_no_command_is_answered_with_the_nearest(own_home):
    code, out, err = run("sesions")
    assert (code, out) == (1, "")
    assert "Did you mean 'sessions'?" in err
    assert run("-c", "sessions")[0] == 1
