"""What becomes of single turns: what the server sees then, and what the next start finds."""

import pytest

from deepchat.demo.server import Answer
from tests.terminal.test_chat import asked, sent

pytestmark = pytest.mark.terminal


def say(chat, server, line, answered):
    """Ask, and wait until the answer stands there with its footer: from then on the chat is idle."""
    server.script.append(Answer.reply(answered))
    before = footers(chat)
    chat.enter(line)
    chat.wait_until(lambda: footers(chat) > before, repr(answered))


def footers(chat):
    return "\n".join(chat.everything()).count("tok/s")


def two_turns(deepchat, server):
    """A chat of two turns: One? → First., Two? → Second."""
    chat = deepchat()
    chat.wait_for("/help")
    say(chat, server, "One?", "First.")
    say(chat, server, "Two?", "Second.")
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
    say(again, server, "Three?", "Third.")
    rest = [("user", "Two?"), ("assistant", "Second."), ("user", "Three?")]
    assert sent(server) == rest
    again.enter("/context")
    again.wait_for("pinned")
    again.enter("/history")
    again.wait_for("1 · muted")
    again.enter("/unmute 1")
    again.wait_for("are sent again")
    say(again, server, "/retry", "Fourth.")
    assert sent(server) == [("user", "One?"), ("assistant", "First."), *rest]
    again.enter("/sent")
    again.wait_for("request byte by byte.")
    shown = "\n".join(again.everything())
    for number, message in enumerate(asked(server)["messages"], start=1):
        assert f"{number} · {message['role']}\n{message['content']}\n" in shown
    assert asked(server)["model"] in shown


def test_a_hint_a_model_and_a_parameter_for_one_answer_reach_the_server_once(deepchat, server):
    chat = two_turns(deepchat, server)
    say(chat, server, "/retry in one word --set temperature=0.5", "Third.")
    assert sent(server)[-1] == ("user", "Two?\n\nin one word")
    assert asked(server)["temperature"] == 0.5
    chat.enter("/info")
    chat.wait_for("in one word")
    say(chat, server, "Three?", "Fourth.")
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
    say(again, server, "Three?", "Third.")
    assert sent(server)[1:] == [("assistant", "First, or so."), ("user", "Three?")]


def test_two_answers_stand_side_by_side_in_a_wide_window(deepchat, server):
    chat = deepchat(columns=120)
    chat.wait_for("/help")
    say(chat, server, "Why?", "It is so.")
    say(chat, server, "/retry", "It was so.")
    chat.enter("/diff")
    chat.wait_until(
        lambda: any(" ".join(line.split()) == "It is so. | It was so." for line in chat.lines())
    )
    chat.resize(24, 80)
    chat.enter("/diff 1 2 1")
    chat.wait_for("-It was so.\n+It is so.")


def test_what_is_asked_aside_is_answered_and_is_not_in_the_chat(deepchat, server):
    chat = two_turns(deepchat, server)
    say(chat, server, "/btw Why?", "By the way.")
    chat.wait_for("nothing of it is in this chat")
    assert "By the way." in chat.lines()
    assert sent(server)[-1] == ("user", "Why?")
    say(chat, server, "Three?", "Third.")
    assert sent(server)[-2:] == [("assistant", "Second."), ("user", "Three?")]
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    again = deepchat("-c")
    again.wait_for("Third.")
    again.enter("/history")
    again.wait_for("First.")
    assert "By the way." not in "\n".join(again.everything())


@pytest.mark.parametrize("mode", ["emacs", "vi"])
def test_keys_flip_through_the_answers_and_leave_the_draft_alone(deepchat, server, config, mode):
    config(f'[ui]\nediting_mode = "{mode}"\n')
    chat = two_turns(deepchat, server)
    say(chat, server, "/retry", "Third.")
    chat.press("half a")
    for keys, place in (("\x1b[1;5A", 1), ("\x1b[1;5B", 2), ("\x18\x10", 1), ("\x18\x0e", 2)):
        chat.press(keys)
        chat.wait_for(f"‹{place}/2›")
    chat.press(" word")
    chat.wait_for("half a word")


def test_a_deleted_turn_is_gone_after_a_restart_and_the_tree_brings_it_back(deepchat, server):
    chat = two_turns(deepchat, server)
    chat.enter("/delete-turn 1")
    chat.wait_for("Question 1 and its answer are deleted")
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    again = deepchat("-c")
    again.wait_for("Second.")
    say(again, server, "Three?", "Third.")
    assert sent(server) == [("user", "Two?"), ("assistant", "Second."), ("user", "Three?")]
    again.enter("/tree")
    again.wait_for("One? (deleted)")
    shown = footers(again)
    again.press("deleted\r")
    again.wait_for("It goes on behind question 1.")
    again.wait_until(lambda: footers(again) > shown)
    say(again, server, "Four?", "Fourth.")
    assert sent(server) == [("user", "One?"), ("assistant", "First."), ("user", "Four?")]
