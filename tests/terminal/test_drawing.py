"""What the real program draws while a reply streams in: everything once, whatever happens to the window and the composer."""

import random
import re
import signal
import time

import pytest

from deepchat.demo.server import Answer

pytestmark = pytest.mark.terminal

COUNTED = [f"- line {n} of it\n" for n in range(1, 201)]


def counted(chat):
    return [int(n) for n in re.findall(r"line (\d+) of it", "\n".join(chat.everything()))]


def test_resizing_while_a_reply_streams_loses_nothing_and_doubles_nothing(deepchat, server):
    words = [word for line in COUNTED for word in re.findall(r"\S+\s*", line)]
    server.script.append(Answer.reply(words, pause_s=0.004))
    chat = deepchat(env={"XTERM_VERSION": "a terminal that cuts rows"})
    chat.wait_for("/help")
    chat.enter("Count.")
    chat.wait_for("line 3 of it")
    chat.press("a draft")
    sizes = random.Random(4)
    for _ in range(20):
        chat.resize(sizes.randint(20, 40), sizes.randint(40, 120))
        chat.read(0.1)
    chat.wait_for("tok/s")
    chat.wait_for("› a draft")
    assert counted(chat) == list(range(1, 201))
    assert sum("a draft" in line for line in chat.everything()) == 1


def test_the_menu_and_a_long_draft_leave_the_reply_above_them_whole(deepchat, server):
    server.script.append(Answer.reply(COUNTED, pause_s=0.01))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Count.")
    chat.wait_for("line 3 of it")
    chat.press("/")
    chat.wait_for("/clear ")
    chat.wait_for("line 30 of it")
    chat.press("\x15one\ntwo\nthree\nfour")
    chat.wait_for("  four")
    chat.wait_for("line 60 of it")
    chat.press("\x15")
    chat.press("\x12One")
    chat.wait_for("Earlier: One")
    chat.wait_for("tok/s")
    assert counted(chat) == list(range(1, 201))


def test_nothing_is_drawn_twice_when_the_screen_is_drawn_anew(deepchat, server):
    server.script.append(Answer.reply(COUNTED, pause_s=0.005))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Count.")
    for seen in (5, 50, 100):
        chat.wait_for(f"line {seen} of it")
        chat.press("\x0c")
    chat.wait_for("tok/s")
    assert counted(chat) == list(range(1, 201))


def test_a_signal_in_the_middle_of_a_long_write_cuts_nothing_off(deepchat, server):
    server.script.append(Answer.reply([f"- line {n} of it\n" for n in range(1, 3001)]))
    chat = deepchat(env={"PYTHONUNBUFFERED": "1"})
    chat.wait_for("/help")
    chat.enter("Count.")
    for _ in range(20):  # nobody reads, so that the program waits in the middle of what it writes
        time.sleep(0.05)
        chat.child.kill(signal.SIGWINCH)
    chat.wait_for("tok/s")
    assert counted(chat) == list(range(1, 3001))


def test_rows_of_joined_emoji_stand_once_where_the_terminal_does_not_join_them(deepchat, server):
    items = [f"- LINE-{n:02}\n- thumbs {'👍🏽' * 34} ok\n" for n in range(12)]
    server.script.append(Answer.reply("".join(items), pause_s=0.01))
    chat = deepchat(columns=80)
    chat.wait_for("/help")
    chat.enter("Emoji.")
    chat.wait_for("tok/s")
    text = "\n".join(chat.everything())
    assert [text.count(f"LINE-{n:02}") for n in range(12)] == [1] * 12
    assert text.count("thumbs") == 12


def test_a_row_of_joined_emoji_takes_nothing_from_what_is_printed_above(deepchat, server):
    text = f"First, LINE-A.\n\nSecond, LINE-B.\n\n{'👨‍👩‍👧‍👦' * 27} and on it goes."
    server.script.append(Answer.reply(text, pause_s=0.03))
    chat = deepchat(columns=80, env={"TERM": "xterm-256color"})
    chat.wait_for("/help")
    chat.enter("Emoji.")
    chat.wait_for("tok/s")
    seen = "\n".join(chat.everything())
    assert (seen.count("LINE-A"), seen.count("LINE-B")) == (1, 1)
