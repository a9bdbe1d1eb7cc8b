"""How a command is told from a message, found, and declared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.errors import UsageError
from deepchat.repl.commands.table import COMMANDS
from deepchat.repl.registry import Registry, line_of, message_of, shell_line, split_command


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("/help", ("/help", "")),
        ("/system  Be\n  kind.\n", ("/system", "Be\n  kind.")),
        ("/system\nBe kind.", ("/system", "Be kind.")),
        ("/?", ("/?", "")),
        ("/usr/bin/x is what?", None),
        ("/* comment */", None),
        ("//help", None),
        (" /help", None),
        ("/", ("/help", "")),
        ("/Help me", ("/Help", "me")),
        ("/héllo", ("/héllo", "")),
        ("/xyz2!", ("/xyz2!", "")),
        ("/etc/hosts", None),
        ("what is /help?", None),
    ],
)
def test_a_line_is_a_command_or_a_message(line, parts):
    assert split_command(line) == parts


@given(st.text())
def test_two_slashes_send_one(text):
    assert split_command("//" + text) is None
    assert message_of("//" + text) == "/" + text


@given(st.tuples(st.sampled_from(["", "/", "!", " !", "!!"]), st.text()).map("".join))
def test_any_message_can_be_typed(message):
    line = line_of(message)
    assert split_command(line) is None
    assert not shell_line(line)
    assert message_of(line) == message


def test_commands_are_found_by_name_alias_and_clear_beginning():
    for word in ("/exit", "/q", "/exi", "/EXIT"):
        assert COMMANDS.find(word).name == "/exit"
    assert COMMANDS.find("/model").name == "/model"


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("/eixt", "mean /exit,"),
        ("/modle", "/model"),
        ("/xyz", "/help lists"),
    ],
)
def test_an_unknown_command_gets_the_nearest(word, meant):
    with pytest.raises(UsageError) as error:
        COMMANDS.find(word)
    assert meant in error.value.hint


def test_a_beginning_that_fits_several_names_them():
    with pytest.raises(UsageError) as error:
        COMMANDS.find("/re")
    assert "/retry, /replay, /redo, /resume or /restore" in error.value.hint


def test_a_pasted_word_does_not_fill_the_screen():
    with pytest.raises(UsageError) as error:
        COMMANDS.find("/" + "a" * 3_000)
    assert len(str(error.value)) < 100


def test_every_command_says_what_it_does_in_one_line():
    for command in COMMANDS:
        assert command.help.endswith("."), command.name
        assert len(command.help) < 120, command.name


def test_a_mistake_in_a_declaration_shows_at_once():
    commands = Registry("group")

    @commands.command("/a", group="group")
    def a(desk, text):
        """Do a."""

    for name, group, action in (
        ("/a", "group", a),
        ("/b", "nowhere", a),
        ("/c", "group", lambda desk, text: None),
    ):
        with pytest.raises(TypeError):
            commands.command(name, group=group)(action)
