"""`deepchat personas`: the library from the shell."""

import json

import pytest

from tests.cli.test_oneshot import run
from tests.terminal.driver import Driver


@pytest.fixture
def cat(config_dir):
    """The file of a persona of the user's own."""
    file = config_dir / "personas" / "cat.md"
    file.parent.mkdir()
    file.write_text('+++\nmodel = "lab/cat"\n+++\nMeow at {name}.\x1b[31m\n')
    return file


@pytest.mark.parametrize("listing", [["personas"], ["personas", "list"]])
def test_they_are_listed_with_what_they_want_and_where_they_are_from(cat, listing):
    code, out, err = run(*listing)
    rows = [row.split("\t") for row in out.splitlines()]
    assert (code, err) == (0, "")
    assert rows[0] == ["cat", "Meow at {name}.␛[31m", "name", "lab/cat", "file"]
    assert rows[-1][0] == "tutor"
    assert rows[-1][2:] == ["subject", "", "deepchat"]


def test_for_programs_there_is_all_of_them(cat):
    assert json.loads(run("personas", "--json")[1])[0] == {
        "name": "cat",
        "text": "Meow at {name}.\x1b[31m",
        "variables": ["name"],
        "model": "lab/cat",
        "parameters": {},
        "from": "file",
    }
    assert json.loads(run("personas", "show", "cat", "--json")[1])["model"] == "lab/cat"
    assert json.loads(run("personas", "path", "--json")[1]) == {"path": str(cat.parent)}


def test_one_is_shown_in_a_pipe_as_its_file_is_and_on_a_terminal_made_safe(cat):
    assert run("personas", "show", "cat") == (0, cat.read_text(), "")
    assert run("personas", "path") == (0, f"{cat.parent}\n", "")
    with Driver("personas", "show", "cat") as shown:
        assert shown.wait_for_end() == 0
        assert "Meow at {name}.␛[31m" in shown.lines()


def test_what_is_not_there_is_a_mistake_of_the_user():
    code, out, err = run("personas", "show", "tuter")
    assert (code, out) == (1, "")
    assert err == "deepchat: There is no persona tuter. Did you mean tutor?\n"
    assert "stands behind the command" in run("personas", "--json", "path")[2]
