"""`deepchat sessions`: what is stored, from the shell."""

import json
from contextlib import closing
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
    assert [len(row) for row in rows] == [7, 7]
    assert "\x1b" not in out


def test_programs_get_json(own_home):
    stored("First", "Zweite")
    code, out, _ = run("sessions", "list", "--json", "-n", "1")
    (record,) = json.loads(out)
    assert (code, record["title"], record["turns"], record["cost"]) == (0, "Zweite", 1, None)


def test_without_a_command_the_options_are_those_of_the_list(own_home):
    stored("First", "Second")
    assert len(run("sessions", "-n", "1")[1].splitlines()) == 1
    assert [one["title"] for one in json.loads(run("sessions", "--json")[1])] == ["Second", "First"]
    code, out, err = run("sessions", "--json", "search", "x")
    assert (code, out) == (1, "")
    assert "--json stands behind the command" in err


def test_a_command_takes_the_flags_before_it(tmp_path, own_home):
    stored("At home")
    assert run("--data-dir", str(tmp_path / "elsewhere"), "sessions") == (0, "", "")
    assert not Path(tmp_path / "elsewhere").exists()


def test_a_word_that_is_no_command_is_answered_with_the_nearest(own_home):
    code, out, err = run("sesions")
    assert (code, out) == (1, "")
    assert "'sessions'?" in err
    assert run("-c", "sessions")[0] == 1


def told(*titles):
    """Chats with these titles, in each of which one question got an answer with its title in it."""
    with closing(Store(paths().database)) as store:
        for number, title in enumerate(titles):
            asked = Message(f"q{number}", "user", "Hi?")
            reply = Message(f"a{number}", "assistant", f"About *{title}*.\x1b[31m", asked.id)
            session = Session(f"session-{number}", title, model=f"lab/m{number}")
            store.open_turn(session, [asked, reply])


def test_a_search_gives_the_place_of_each_hit(own_home):
    told("Herons", "Pelicans")
    code, out, err = run("sessions", "search", "about", "pelic")
    assert (code, err) == (0, "")
    assert out == "sion-1\tPelicans\t1\t1970-01-01\tAbout *Pelicans*.␛[31m\n"
    assert run("sessions", "search", "nothing") == (0, "", "")
    assert run("sessions", "search", "about", "--model", "m0")[1].startswith("sion-0\t")
    (hit,) = json.loads(run("sessions", "search", "pelicans", "--json")[1])
    assert (hit["id"], hit["message"], hit["turn"]) == ("session-1", "a1", 1)
    code, _, err = run("sessions", "search", "x", "--since", "soon")
    assert (code, "does not understand soon" in err) == (1, True)


def test_where_nothing_is_stored_nothing_is_found_and_no_file_made(own_home):
    assert run("sessions", "search", "x") == (0, "", "")
    assert "No chat is stored yet." in run("sessions", "show", "x")[2]
    assert run("sessions", "delete", "x")[0] == 1
    assert "No deleted chat" in run("sessions", "restore", "x")[2]
    assert not list(own_home.rglob("*.db*"))


def test_a_chat_is_shown_as_markdown(own_home):
    told("Herons", "Pelicans")
    code, out, _ = run("sessions", "show", "pelicans")
    assert code == 0
    assert "Hi?" in out
    assert "About *Pelicans*." in out
    assert "2 chats fit that" in run("sessions", "show", "about")[2]


def titles(*flags):
    return [record["title"] for record in json.loads(run("sessions", "list", "--json", *flags)[1])]


def test_chats_are_renamed_deleted_and_restored(own_home):
    told("Herons", "Pelicans")
    assert "is called “Grey Herons” now" in run("sessions", "rename", "sion-0", "Grey", "Herons")[2]
    assert titles() == ["Pelicans", "Grey Herons"]
    assert "sessions restore sion-0" in run("sessions", "delete", "grey")[2]
    assert titles() == ["Pelicans"]
    assert run("sessions", "restore", "Grey Herons")[0] == 0
    assert titles() == ["Pelicans", "Grey Herons"]


def test_chats_are_marked_and_listed_by_their_marks(own_home):
    told("Herons", "Pelicans")
    assert "has #big #birds" in run("sessions", "tag", "herons", "#Birds", "big")[2]
    assert "has a star" in run("sessions", "star", "herons")[2]
    assert titles("--star") == titles("--tag", "birds") == ["Herons"]
    assert run("sessions", "--help")[0] == 0
    assert run("sessions", "list", "--star")[1].split("\t")[-1] == "★ #big #birds\n"
    assert "is archived" in run("sessions", "archive", "herons")[2]
    assert (titles(), titles("--archived")) == (["Pelicans"], ["Herons"])
    for undone in (("archive",), ("star",), ("tag", "birds")):
        command, *words = undone
        assert run("sessions", command, "--undo", "herons", *words)[0] == 0
    assert (titles(), titles("--star"), titles("--tag", "birds")) == (
        ["Pelicans", "Herons"],
        [],
        [],
    )
    assert titles("--tag", "big", "--since", "1d", "--persona", "x") == []
