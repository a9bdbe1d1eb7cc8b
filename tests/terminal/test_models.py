"""Another model in a real terminal: one that is gone is passed over with a word, and the nearest living one is named."""

import os
import time

from deepchat.demo.server import Answer
from tests.terminal.driver import Driver

GONE = Answer.json({"error": {"message": "no such model"}}, status=404)


def models_of(server):
    return [one.json["model"] for one in server.received if one.path.endswith("completions")]


def test_a_model_that_is_gone_is_passed_over_with_a_word(server, config):
    config('fallback = ["deepchat/demo"]')
    server.script += [GONE, Answer.reply("From the other.")]
    with Driver("--base-url", server.base_url, "-m", "lab/retired") as chat:
        chat.wait_for("/help")
        chat.enter("Hello?")
        chat.wait_for("deepchat/demo is asked instead of lab/retired.")
        chat.wait_for("From the other.")
        chat.wait_for("tok/s")
        chat.enter("/info 1")
        chat.wait_for("deepchat/demo")
    assert models_of(server) == ["lab/retired", "deepchat/demo"]


def test_the_nearest_living_model_is_named_for_one_that_is_not_there(server):
    server.script.append(GONE)
    with Driver("--base-url", server.base_url, "-m", "deepchat/domo") as chat:
        chat.wait_for("/help")
        chat.enter("/models")
        chat.wait_for("deepchat/demo")
        chat.enter("Hello?")
        chat.wait_for("Did you mean deepchat/demo")
        chat.wait_for("Hello?")


def lists_of(server):
    return sum((one.method, one.path) == ("GET", "/v1/openai/models") for one in server.received)


def chatted(server, lists):
    """Whether the list had been asked for so often when a message was answered."""
    with Driver("--base-url", server.base_url, "-m", "deepchat/demo") as chat:
        chat.wait_for("/help")
        chat.wait_until(lambda: lists_of(server) == lists, f"{lists} lists")
        chat.enter("Hello?")
        chat.wait_for("tok/s")
    return lists_of(server) == lists


def test_a_list_that_is_old_is_asked_for_again_when_a_chat_begins(server, own_home):
    assert chatted(server, lists=1)
    assert chatted(server, lists=1)
    (copy,) = own_home.rglob("models-*.json")
    old = time.time() - 100_000
    os.utime(copy, (old, old))
    assert chatted(server, lists=2)
