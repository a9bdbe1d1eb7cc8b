"""What Tab offers."""

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from deepchat.repl.commands.table import COMMANDS
from deepchat.repl.completion import CommandCompleter


def offered(bench, text):
    completer = CommandCompleter(COMMANDS)
    completer.desk = bench.repl.desk
    found = completer.get_completions(Document(text), CompleteEvent())
    return [completion.text for completion in found]


def test_names_of_commands_each_once(bench):
    assert offered(bench, "/per") == ["/persona"]
    assert offered(bench, "/reg") == ["/regenerate"]
    assert len(offered(bench, "/")) == len(list(COMMANDS))


def test_arguments_from_what_is_known_without_asking_anyone(bench):
    assert offered(bench, "/persona ") == ["cat", "dog"]
    assert offered(bench, "/set temp") == ["temperature"]
    assert offered(bench, "/model b") == []
    bench.shelf.refresh()
    assert offered(bench, "/model bett") == ["lab/better"]
    assert offered(bench, "/model bett lab") == ["lab/better"]


@pytest.fixture
def files(tmp_path, monkeypatch):
    here = tmp_path / "here"
    for name in ("src/main.py", "my file.txt", "notes.txt"):
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(here)


def test_files_are_offered_behind_an_at_sign_as_they_can_be_typed(bench, files):
    assert offered(bench, "see @") == [r"my\ file.txt", "notes.txt", "src/"]
    assert offered(bench, "see @src/mn") == ["src/main.py"]
    assert offered(bench, r"see @my\ f") == [r"my\ file.txt"]
    assert offered(bench, 'see @"my f') == ['my file.txt"']
    assert offered(bench, 'see @"sr') == ["src/"]
    assert offered(bench, "mail me@") == []


def test_files_are_offered_to_commands_that_take_them(bench, files):
    assert offered(bench, "/file ") == [r"my\ file.txt", "notes.txt", "src/"]
    assert offered(bench, "/add notes.txt s/m") == []
    assert offered(bench, "/add notes.txt src/m") == ["src/main.py"]
    assert offered(bench, "/image no") == ["notes.txt"]
    assert offered(bench, "/persona no") == []


def test_messages_are_not_completed(bench):
    assert offered(bench, "hello") == []
    assert offered(bench, "/system a\nb") == []
    assert offered(bench, "/nope x") == []
