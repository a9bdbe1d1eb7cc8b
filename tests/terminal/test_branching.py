"""Going back, on and aside in a chat: what the server is asked then, and what the next start finds."""

import pytest

from deepchat.demo.server import Answer
from tests.terminal.test_chat import asked, sent

pytestmark = pytest.mark.terminal


def test_a_stopped_reply_goes_on_as_one_message_that_is_drawn_without_a_seam(deepchat, server):
    server.script.append(Answer.reply("```py\nx = 1 # half", done=False, end="hang", finish=None))
    server.script.append(Answer.reply(" a line\n```\n\nAnd **more**."))
    server.script.append(Answer.reply("Good."))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("First.")
    chat.wait_for("# half")
    chat.press("\x03")
    chat.wait_for("stopped")
    chat.enter("/continue")
    chat.wait_for("And more.")
    assert sent(server) == [("user", "First."), ("assistant", "```py\nx = 1 # half")]
    assert chat.lines().count("x = 1 # half a line") == 1
    chat.enter("Thanks.")
    chat.wait_for("Good.")
    assert sent(server)[1] == ("assistant", "```py\nx = 1 # half a line\n```\n\nAnd **more**.")
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    again = deepchat("-c")
    again.wait_for("Good.")
    again.enter("/show 1")
    again.wait_for("x = 1 # half a line")


def test_a_reply_cut_by_max_tokens_says_how_to_get_the_rest(deepchat, server):
    server.script.append(Answer.reply("Half", finish="length"))
    server.script.append(Answer.reply(" and whole."))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("First.")
    chat.wait_for("/continue asks for the rest.")
    chat.enter("/continue")
    chat.wait_for("Half and whole.")
    chat.enter("/continue")
    chat.wait_for("The last reply is complete.")
    assert len(asked(server)["messages"]) == 2


def test_the_branch_in_use_is_the_one_after_a_restart(deepchat, server):
    for text in ("First answer.", "Second answer.", "Other answer."):
        server.script.append(Answer.reply(text))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("One?")
    chat.wait_for("First answer.")
    chat.enter("Two?")
    chat.wait_for("Second answer.")
    chat.enter("/edit 2")
    chat.wait_for("Question 2 is in the composer")
    chat.press("\x15Three?\r")
    chat.wait_for("Other answer.")
    assert [text for _, text in sent(server)] == ["One?", "First answer.", "Three?"]
    chat.wait_for("‹2/2›")
    chat.enter("/prev")
    chat.wait_for("‹1/2› ·")
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    again = deepchat("-c")
    again.wait_for("Second answer.")
    again.wait_for("‹1/2›")
    again.enter("/undo")
    again.wait_for("Taken back")
    again.press("\r")
    again.wait_until(lambda: sent(server)[-1] == ("user", "Two?"), "the question")
    assert [text for _, text in sent(server)] == ["One?", "First answer.", "Two?"]


def test_ctrl_c_ends_the_history_that_is_being_printed(deepchat, server):
    for number in (1, 2):
        server.script.append(Answer.reply("word " * 30_000 + f"\n\nEnd {number}."))
    chat = deepchat()
    chat.wait_for("/help")
    for number in (1, 2):
        chat.enter(f"Question {number}.")
        chat.wait_for(f"End {number}.")
        chat.wait_for("tok/s")
    chat.press("/history")
    chat.wait_for("› /history")
    chat.press("\r\x03")
    chat.wait_for("Stopped")
    chat.enter("/title")
    chat.wait_for("Question 1.")
    assert chat.everything().count("› Question 2.") == 1
