"""Budgets in the real program: what the server was asked for, and what it was not."""

import pytest

from deepchat.conversation import ModelInfo
from deepchat.demo.server import Answer
from tests.cli.test_oneshot import run
from tests.terminal.driver import Driver

pytestmark = pytest.mark.terminal

# A dollar for a thousand tokens, in or out.
DEAR = ModelInfo("lab/dear", "", 131_072, 8_192, 1_000.0, 1_000.0, None, ("chat",))


@pytest.fixture
def shop(server, config, monkeypatch):
    """Starts a chat with the one model of a shop, and these lines under [budget]; its list is seen."""
    monkeypatch.setattr("deepchat.demo.server.MODELS", (DEAR,))
    running = []

    def start(limits, *flags):
        config(
            f"""
            [budget]
            {limits}
            [providers.shop]
            base_url = "{server.base_url}"
            models_query = "filter=with_meta"
            """
        )
        chat = Driver("--provider", "shop", "-m", "lab/dear", *flags)
        running.append(chat)
        chat.wait_for("/help")
        chat.enter("/models dear")
        chat.wait_for("$1,000.00")
        return chat

    yield start
    for chat in running:
        chat.end()


def paid(text, dollars):
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "estimated_cost": dollars}
    return Answer.reply(text, usage=usage, model="lab/dear")


def asked(server):
    """What each chat request asked last, as the server saw it."""
    chats = [one for one in server.received if one.path.endswith("/chat/completions")]
    return [one.json["messages"][-1]["content"] for one in chats]


def test_a_budget_for_the_day_stops_this_chat_the_next_one_and_a_pipe(server, shop):
    server.script += [paid("First.", 0.5), paid("Second.", 0.5), paid("Third.", 0.5)]
    chat = shop("ask_above = 0\nday = 0.5")
    chat.enter("One?")
    chat.wait_for("First.")
    chat.enter("Two?")
    chat.wait_for("Not sent: $0.50 was spent today, and the budget is $0.50.")
    chat.wait_for("The same once more sends it, this once;")
    chat.press("\r")
    chat.wait_for("Second.")
    chat.enter("Three?")
    chat.wait_for("Not sent: $1.00 was spent today")
    chat.press("\r")
    chat.wait_until(lambda: "\n".join(chat.everything()).count("Not sent: $1.00") == 2)
    assert asked(server) == ["One?", "Two?"]
    chat.press("\x03")
    chat.enter("/cost")
    chat.wait_for("$1.00 · 2 answers")
    chat.press("\x04")
    assert chat.wait_for_end() == 0

    code, out, err = run("--provider", "shop", "-m", "lab/dear", "-p", "Four?")
    assert (code, out) == (5, "")
    assert err.count("\n") == 1
    assert "Not sent: $1.00 was spent today, and the budget is $0.50." in err

    again = shop("ask_above = 0\nday = 0.5", "-c")
    again.enter("Five?")
    again.wait_for("Not sent: $1.00 was spent today")
    again.press("\x03")
    again.enter("/budget day 5")
    again.wait_for("$5.00")
    assert asked(server) == ["One?", "Two?"]
    again.enter("Six?")
    again.wait_for("Third.")
    assert asked(server) == ["One?", "Two?", "Six?"]


def test_a_dear_message_waits_for_one_enter_and_goes_away_with_ctrl_c(server, shop):
    server.script.append(paid("Yes.", 0.5))
    chat = shop("ask_above = 1.001")
    chat.enter("Is it dear?")
    chat.wait_for("Not sent yet: about ~$1.00")
    chat.press("\x03")
    chat.wait_for("Is it dear?", gone=True)
    assert asked(server) == []
    chat.enter("Is this?")
    chat.wait_until(lambda: "\n".join(chat.everything()).count("Not sent yet") == 2)
    chat.press("\r")
    chat.wait_for("Yes.")
    assert asked(server) == ["Is this?"]


def test_a_reply_is_ended_where_its_budget_is_and_what_came_is_kept(server, shop):
    words = [f"word{number} " for number in range(400)]
    server.script.append(Answer.reply(words, usage={}, model="lab/dear", pause_s=0.002, end="hang"))
    chat = shop("ask_above = 0\nreply = 0.1")
    chat.enter("Count.")
    chat.wait_for("Stopped: with its question this reply has cost about ~$0.10")
    assert "word399" not in "\n".join(chat.everything())
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    again = shop("ask_above = 0\nreply = 0.1", "-c")
    kept = "\n".join(again.everything())
    assert "word40" in kept
    assert "Stopped: with its question" in kept
    server.script.append(Answer.reply(words, usage={}, model="lab/dear"))
    code, out, err = run("--provider", "shop", "-m", "lab/dear", "-p", "Count.")
    assert code == 5
    assert out.startswith("word0 word1 ")
    assert "Stopped: with its question this reply" in err
