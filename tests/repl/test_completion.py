"""What Tab offers."""

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


def test_messages_are_not_completed(bench):
    assert offered(bench, "hello") == []
    assert offered(bench, "/system a\nb") == []
    assert offered(bench, "/nope x") == []
