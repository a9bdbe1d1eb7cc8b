"""Another model in a real terminal: one that is gone is passed over with a word, and the nearest living one is named."""

from deepchat.demo.server import Answer
from tests.terminal.driver import Driver

GONE = Answer.json({"error": {"message": "no such model"}}, status=404)


def models_of(server):
    return [one.json["model"] for one in server.received if one.path.endswith("completions")]


def test_a_model_that_is_gone_is_passed_over_with_a_word(server, own_home):
    folder = own_home / ".config" / "deepchat"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('fallback = ["deepchat/demo"]', encoding="utf-8")
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
