"""`deepchat -p` on a terminal: what is seen before the reply, of it, and after Ctrl-C."""

import re

import pytest

from deepchat.demo.server import Answer

pytestmark = pytest.mark.terminal

MARKED = "# Title\n\n**bold** `code` [link](http://example.org)\n\n```py\nx = 1\n```\n"


def test_what_is_waited_for_stands_there_until_the_reply_does(deepchat, server):
    server.script.append(Answer.reply(MARKED, before_s=1.5))
    chat = deepchat("-p", "Hi")
    chat.wait_for("waiting 1 s")
    assert chat.wait_for_end() == 0
    assert [line for line in chat.lines() if line] == [
        *("Title", "bold code link (http://example.org)", "py · 1", "x = 1"),
    ]
    assert not chat.screen.cursor.hidden


def test_ctrl_c_in_a_burst_ends_it_at_once_and_keeps_what_is_drawn(deepchat, server):
    server.script.append(Answer.reply(["word " * 400_000], done=False, end="hang", finish=None))
    chat = deepchat("-p", "Hi")
    chat.wait_for("word word")
    chat.press("\x03")
    assert chat.wait_for_end() == 130
    assert 0 < "\n".join(chat.everything()).count("word") < 200_000
    assert not chat.screen.cursor.hidden


@pytest.mark.parametrize(
    ("flags", "env"),
    [((), {"TERM": "dumb"}), ((), {"ACCESSIBLE": "1"}), (("--plain",), {})],
    ids=["dumb", "accessible", "plain"],
)
def test_where_nothing_may_be_redrawn_no_escape_is_written(deepchat, server, flags, env):
    server.script.append(Answer.reply(MARKED, before_s=0.5))
    chat = deepchat(*flags, "-p", "Hi", env=env)
    assert chat.wait_for_end() == 0
    assert b"\x1b" not in chat.written
    assert "# Title" in chat.lines()


def test_a_window_that_is_resized_shows_each_line_of_the_reply_once(deepchat, server):
    lines = [f"Line {n:03} of it.\n\n" for n in range(60)]
    server.script.append(Answer.reply(lines, pause_s=0.02))
    chat = deepchat("-p", "Hi")
    chat.wait_for("Line 010")
    chat.resize(30, 100)
    chat.wait_for("Line 030")
    chat.resize(20, 90)
    assert chat.wait_for_end() == 0
    seen = re.findall(r"^Line (\d+) of it\.$", "\n".join(chat.everything()), re.MULTILINE)
    assert [int(number) for number in seen] == list(range(60))
