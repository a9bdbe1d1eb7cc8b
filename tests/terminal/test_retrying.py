"""A server that is busy: one sees when it is asked again, and a key ends the wait."""

import re

import pytest

from deepchat.demo.server import Answer
from tests.terminal.phases import BUSY, is_over

pytestmark = pytest.mark.terminal

SOON = Answer.json({}, status=503, headers={"retry-after-ms": "1"})


def asked(server):
    return [one for one in server.received if one.path.endswith("/chat/completions")]


def seconds_left(chat):
    """What the status line counts down from; None when it does not."""
    counting = re.search(
        r"^retrying in (\d+) s: 127\.0\.0\.1:\d+ is busy", "\n".join(chat.lines()), re.M
    )
    return int(counting[1]) if counting else None


@pytest.mark.parametrize("key", ["\x1b", "\x03"], ids=["Esc", "Ctrl-C"])
def test_the_status_line_counts_down_and_a_key_gives_the_question_back(deepchat, server, key):
    server.script.append(BUSY)
    chat = deepchat(columns=120)
    chat.wait_for("/help")
    chat.enter("Precious words")
    chat.wait_until(lambda: seconds_left(chat) == 50, "the countdown")
    chat.wait_until(lambda: (seconds_left(chat) or 50) < 50, "a second less")
    chat.press(key)
    chat.wait_until(lambda: is_over(chat.lines()), "the composer")
    chat.wait_for("Model busy")
    chat.wait_until(lambda: chat.lines().count("› Precious words") == 2, "the question")
    assert len(asked(server)) == 1
    chat.press("\r")
    chat.wait_for("tok/s")
    assert len(asked(server)) == 2


def test_a_server_that_recovers_answers_as_if_nothing_had_been(deepchat, server):
    server.script += [SOON, SOON, Answer.reply("Here I am.")]
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Anyone?")
    chat.wait_for("Here I am.")
    chat.wait_for("tok/s")
    assert len(asked(server)) == 3
    assert "✗" not in "\n".join(chat.everything())


def test_a_server_that_does_not_recover_is_said_to_have_been_asked_three_times(deepchat, server):
    server.script += [SOON] * 3
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Anyone?")
    chat.wait_for("Tried 3 times. Enter asks again.")
    assert len(asked(server)) == 3


def test_without_a_status_line_a_line_says_it_once_and_ctrl_c_ends_it(deepchat, server):
    server.script.append(BUSY)
    chat = deepchat("--plain", columns=120)
    chat.wait_for("/help")
    chat.enter("Precious words")
    chat.wait_for("No answer yet, retrying in 50 s: 127.0.0.1:")
    chat.press("\x03")
    chat.wait_for("Not sent: Precious words")
    assert "\n".join(chat.everything()).count("retrying") == 1
    assert len(asked(server)) == 1


def test_one_reply_on_a_terminal_says_on_a_line_what_it_waits_for(deepchat, server):
    server.script.append(BUSY)
    chat = deepchat("-p", "Hi", columns=120)
    chat.wait_for("deepchat: retrying in 50 s: 127.0.0.1:")
    chat.press("\x03")
    assert chat.wait_for_end() == 130
    assert "\n".join(chat.everything()).count("deepchat:") == 1
    assert len(asked(server)) == 1
