"""What Tab offers."""

import os
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from deepchat.conversation import Finished, TextDelta
from deepchat.repl.aside import Glance
from deepchat.repl.commands.table import COMMANDS
from deepchat.repl.completion import CommandCompleter


def offered(bench, text):
    completer = CommandCompleter(COMMANDS)
    completer.desk = bench.repl.desk
    found = completer.get_completions(Document(text), CompleteEvent())
    return [completion.text for completion in found]


def test_names_of_commands_each_once_the_likeliest_first(bench):
    assert offered(bench, "/pers")[0] == "/persona"
    assert offered(bench, "/reg")[0] == "/regenerate"
    assert offered(bench, "/mdl") == ["/model", "/models"]
    assert offered(bench, "/") == [command.name for command in COMMANDS]


def test_arguments_from_what_is_known_without_asking_anyone(bench):
    assert offered(bench, "/persona ")[:3] == ["cat", "commit", "dog"]
    assert offered(bench, "/persona edit do")[0] == "edit dog"
    assert offered(bench, "/set temp") == ["temperature"]
    assert offered(bench, "/set random") == ["temperature"]
    assert offered(bench, "/model b") == ["b"]  # the user's own name for one
    bench.shelf.refresh()
    assert offered(bench, "/model bett") == ["lab/better"]
    assert offered(bench, "/model bett lab") == ["lab/better"]
    assert offered(bench, "/model lbt") == ["lab/better"]


def test_values_of_a_parameter_where_they_are_few(bench):
    assert offered(bench, "/set rea") == ["reasoning_effort"] + [
        f"reasoning_effort {value}" for value in ("low", "minimal", "high")
    ]
    assert offered(bench, "/set reasoning_effort l")[0] == "reasoning_effort low"


def test_chats_by_title_as_what_resumes_them(bench):
    for title in ("Bread and butter", "Sailing to Rhodes", "A query plan"):
        bench.model.script.append([TextDelta("Aha."), Finished("stop")])
        bench.type(title)
        bench.type("/new")
    [found] = offered(bench, "/resume rhod")
    bench.type(f"/resume {found}")
    assert bench.chat.session.title == "Sailing to Rhodes"
    assert len(offered(bench, "/resume ")) == 2
    assert offered(bench, "/delete sail") == [found]
    bench.type(f"/delete {found}")
    assert offered(bench, "/resume sail") == []
    assert offered(bench, "/restore sail") == [found]


def test_a_database_that_does_not_answer_holds_up_no_key(bench):
    asked, answers = [], threading.Event()

    def find(query="", *, limit):
        asked.append(query)
        answers.wait()
        return []

    bench.repl.desk = replace(bench.repl.desk, library=SimpleNamespace(find=find))
    completer = CommandCompleter(COMMANDS)
    completer.desk = bench.repl.desk
    for line in ("/resume a", "/resume ab", "/resume abc"):
        assert list(completer.get_completions(Document(line), CompleteEvent())) == []
    assert len(asked) == 1
    answers.set()


def test_what_came_late_is_there_when_it_is_asked_for_again():
    may = threading.Event()
    glance = Glance[str](wait_s=0.01)

    def slow():
        may.wait()
        return "answer"

    assert glance.at("question", slow, "") == ""
    assert glance.at("another", lambda: "no", "") == ""
    may.set()
    patient = time.monotonic() + 5
    while (said := glance.at("question", slow, "")) == "" and time.monotonic() < patient:
        pass
    assert said == "answer"
    with pytest.raises(KeyError):
        Glance[str](wait_s=5).at("question", lambda: os.environ["NOT THERE"], "")


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
    assert "notes.txt" not in offered(bench, "/persona no")


def test_messages_are_not_completed(bench):
    assert offered(bench, "hello") == []
    assert offered(bench, "/system a\nb") == []
    assert offered(bench, "/nope x") == []
