"""vi's keys in the composer."""

import pytest

from deepchat.demo.server import Answer
from tests.terminal.test_chat import sent

pytestmark = pytest.mark.terminal

BLOCK, BEAM, AS_IT_WAS = b"\x1b[2 q", b"\x1b[6 q", b"\x1b[0 q"


@pytest.fixture
def vi(deepchat, own_home):
    """Starts the program with vi's keys, and waits for its composer."""
    (own_home / ".config/deepchat").mkdir(parents=True)
    (own_home / ".config/deepchat/config.toml").write_text('[ui]\nediting_mode = "vi"\n')

    def start(**options):
        chat = deepchat(**options)
        chat.wait_for("/help")
        return chat

    return start


def test_the_mode_is_seen_and_each_prompt_begins_in_insert_mode(vi, server):
    server.script += [Answer.reply("Well."), Answer.reply("Read.")]
    chat = vi()
    chat.press("first\x1b")
    chat.wait_for("normal · deepchat/demo")
    assert chat.written.rindex(BLOCK) > chat.written.rindex(BEAM)
    chat.press("\r")
    chat.wait_for("tok/s")
    chat.wait_for("normal", gone=True)
    assert chat.written.rindex(BEAM) > chat.written.rindex(BLOCK)
    chat.press("dropped\x1b")
    chat.wait_for("normal · ")
    chat.press("\x03")
    chat.wait_for("dropped", gone=True)
    chat.enter("while")
    chat.wait_for("Read.")
    assert sent(server)[-1] == ("user", "while")
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    assert chat.written.rindex(AS_IT_WAS) > chat.written.rindex(BEAM)


def test_a_console_that_would_print_it_is_not_told_the_shape_of_the_cursor(vi):
    chat = vi(env={"TERM": "linux"})
    chat.press("first\x1b")
    chat.wait_for("normal")
    assert BLOCK not in chat.written


@pytest.mark.parametrize("newline", ["\x1b\r", "\x1b\n"])
def test_alt_enter_begins_a_line_and_escape_then_enter_sends(vi, server, newline):
    server.script += [Answer.reply("Well.")]
    chat = vi()
    chat.press(f"one{newline}two")
    chat.wait_for("  two")
    chat.press("\x1b")
    chat.wait_for("normal")
    chat.press("\r")
    chat.wait_for("Well.")
    assert sent(server) == [("user", "one\ntwo")]


def test_the_filter_of_a_list_takes_letters_also_after_esc(vi, server):
    chat = vi()
    chat.press("/model")
    chat.wait_for("/models")
    chat.press("\x1b")
    chat.wait_for("/models", gone=True)
    chat.press("\x1b")
    chat.wait_for("normal · ")
    chat.press("\r")
    chat.wait_for("Enter takes one")
    chat.press("nothing like it")
    chat.wait_for("Nothing fits")
