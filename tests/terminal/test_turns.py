"""What becomes of single turns: what the server sees then, and what the next start finds."""

import pytest

from deepchat.demo.server import Answer
from tests.terminal.test_chat import asked, sent

pytestmark = pytest.mark.terminal


def two_turns(deepchat, server):
    """A chat of two turns: One? → First., Two? → Second."""
    for text in ("First.", "Second."):
        server.script.append(Answer.reply(text))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("One?")
    chat.wait_for("First.")
    chat.enter("Two?")
    chat.wait_for("Second.")
    return chat


def test_a_muted_turn_is_not_sent_after_a_restart_either_until_it_is_unmuted(deepchat, server):
    chat = two_turns(deepchat, server)
    chat.enter("/mute 1")
    chat.wait_for("Question 1 and its answer are not sent.")
    chat.enter("/pin 2")
    chat.wait_for("Question 2 and its answer are pinned.")
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    again = deepchat("-c")
    again.wait_for("Second.")
    server.script += [Answer.reply("Third."), Answer.reply("Fourth.")]
    again.enter("Three?")
    again.wait_for("Third.")
    rest = [("user", "Two?"), ("assistant", "Second."), ("user", "Three?")]
    assert sent(server) == rest
    again.enter("/context")
    again.wait_for("pinned")
    again.enter("/history")
    again.wait_for("1 · muted")
    again.enter("/unmute 1")
    again.wait_for("are sent again")
    again.enter("/retry")
    again.wait_for("Fourth.")
    assert sent(server) == [("user", "One?"), ("assistant", "First."), *rest]
    again.wait_for("‹2/2›")
    again.enter("/sent")
    again.wait_for("request byte by byte.")
    shown = "\n".join(again.everything())
    for number, message in enumerate(asked(server)["messages"], start=1):
        assert f"{number} · {message['role']}\n{message['content']}\n" in shown
    assert asked(server)["model"] in shown


def test_a_hint_a_model_and_a_parameter_for_one_answer_reach_the_server_once(deepchat, server):
    chat = two_turns(deepchat, server)
    server.script.append(Answer.reply("Third."))
    chat.enter("/retry in one word --set temperature=0.5")
    chat.wait_for("Third.")
    chat.wait_for("‹2/2›")
    assert sent(server)[-1] == ("user", "Two?\n\nin one word")
    assert asked(server)["temperature"] == 0.5
    chat.enter("/info")
    chat.wait_for("in one word")
    server.script.append(Answer.reply("Fourth."))
    chat.enter("Three?")
    chat.wait_for("Fourth.")
    assert "temperature" not in asked(server)
    assert sent(server)[-3:] == [("user", "Two?"), ("assistant", "Third."), ("user", "Three?")]


def test_an_answer_is_edited_where_it_stands_and_stays_so(deepchat, server):
    chat = two_turns(deepchat, server)
    chat.enter("/edit 1 answer")
    chat.wait_for("Enter keeps what you make of answer 1")
    chat.wait_for("/edit 1 answer\n  First.")
    chat.press("\x7f, or so.\r")
    chat.wait_for("Answer 1 is edited")
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    again = deepchat("-c")
    again.wait_for("First, or so.")
    again.wait_for("edited")
    server.script.append(Answer.reply("Third."))
    again.enter("Three?")
    again.wait_for("Third.")
    assert sent(server)[1:] == [("assistant", "First, or so."), ("user", "Three?")]


def test_two_answers_stand_side_by_side_in_a_wide_window(deepchat, server):
    server.script += [Answer.reply("It is so."), Answer.reply("It was so.")]
    chat = deepchat(columns=120)
    chat.wait_for("/help")
    chat.enter("Why?")
    chat.wait_for("It is so.")
    chat.enter("/retry")
    chat.wait_for("‹2/2›")
    chat.enter("/diff")
    chat.wait_until(
        lambda: any(" ".join(line.split()) == "It is so. | It was so." for line in chat.lines())
    )
    chat.resize(24, 80)
    chat.enter("/diff 1 2 1")
    chat.wait_for("-It was so.\n+It is so.")


def test_what_is_asked_aside_is_answered_and_is_not_in_the_chat(deepchat, server):
    chat = two_turns(deepchat, server)
    server.script.append(Answer.reply("By the way."))
    chat.enter("/btw Why?")
    chat.wait_for("nothing of it is in this chat")
    assert "By the way." in chat.lines()
    assert sent(server)[-1] == ("user", "Why?")
    server.script.append(Answer.reply("Third."))
    chat.enter("Three?")
    chat.wait_for("Third.")
    assert sent(server)[-2:] == [("assistant", "Second."), ("user", "Three?")]
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    again = deepchat("-c")
    again.wait_for("Third.")
    again.enter("/history")
    again.wait_for("First.")
    assert "By the way." not in "\n".join(again.everything())
