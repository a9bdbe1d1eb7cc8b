"""Models in a real terminal: listed, chosen, paid for; one that is gone is passed over with a word."""

import os
import time

import pytest

from deepchat.conversation import Json, ModelInfo
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
        chat.wait_for("From the other.")
        chat.wait_for("tok/s")
        said = chat.lines()
        reply = said.index("From the other.")
        assert " ".join(said[:reply]).endswith("deepchat/demo is asked instead of lab/retired. ")
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


DEAR = ModelInfo("lab/dear-vision", "", 262_144, None, 3, 15, 0.3, ("chat", "vision"))
CHEAP = ModelInfo("lab/cheap", "", 32_768, 8_192, 0.1, 0.2, 0.01, ("chat",))


@pytest.fixture
def shop(server, own_home, monkeypatch):
    """Flags for a provider that lists two models with prices; `quick` is the user's own name for one of them."""
    monkeypatch.setattr("deepchat.demo.server.MODELS", (DEAR, CHEAP))
    config = own_home / "shop.toml"
    config.write_text(
        f"""aliases = {{ quick = "lab/cheap" }}
        [providers.shop]
        base_url = "{server.base_url}"
        models_query = "filter=with_meta"
        """
    )
    return ["--config", str(config), "--provider", "shop"]


def age(own_home, seconds):
    (copy,) = own_home.rglob("models-*.json")
    then = time.time() - seconds
    os.utime(copy, (then, then))


def test_models_are_filtered_ordered_and_told_their_age(server, own_home, shop):
    with Driver(*shop, "-m", "quick") as chat:
        chat.wait_for("lab/cheap · /help")
        chat.enter("/models vision context>100k")
        chat.wait_for("lab/dear-vision   262k                $3.00   $15.00   $0.30    chat vision")
        chat.enter("/models --sort price lab")
        chat.wait_for("lab/cheap         33k       8.2k      $0.10   $0.20    $0.010   chat")
        chat.enter("/models --sort")
        chat.wait_for("--sort wants one of id, price, context.")
        age(own_home, 7_300)
    with Driver(*shop, "-m", "quick") as chat:
        chat.wait_for("lab/cheap · /help")
        chat.enter("/models")
        chat.wait_for("As of 2 h 1 min ago; --refresh asks again.")
        server.close()
        chat.enter("/models --refresh")
        chat.wait_for("refused the connection.")
        chat.wait_until(lambda: "\n".join(chat.lines()).count("chat vision") == 2)


def test_a_reply_is_paid_for_by_the_list_and_that_is_marked(server, shop):
    usage: dict[str, Json] = {
        "prompt_tokens": 1_200,
        "completion_tokens": 300,
        "prompt_tokens_details": {"cached_tokens": 1_000},
    }
    server.script += [
        Answer.reply("Cheap.", usage=usage, model="LAB/Cheap"),
        Answer.reply("Dear.", usage={**usage, "estimated_cost": 0.25}, model="lab/other"),
    ]
    with Driver(*shop, "-m", "lab/dear-vision", columns=100, rows=40) as chat:
        chat.wait_for("/help")
        chat.enter("/models")
        chat.wait_for("chat vision")
        chat.enter("/model quick")
        chat.wait_for("lab/cheap answers from the next message on.")
        chat.enter("One?")
        chat.wait_for("1.2k in (1.0k cached) · 300 out · ~$0.000090")
        chat.wait_for("answered by LAB/Cheap")
        chat.wait_for("lab/cheap · 5% · ~$0.000090 · One?")
        chat.enter("/info")
        chat.wait_for("cost          ~$0.000090")
        chat.wait_for("reported      LAB/Cheap")
        chat.enter("Two?")
        chat.wait_for("1.2k in (1.0k cached) · 300 out · $0.25")
        chat.wait_for("answered by lab/other")
        chat.enter("/cost")
        chat.wait_for("last reply   $0.25")
        chat.wait_for("this chat    ~$0.25")
    assert models_of(server) == ["lab/cheap", "lab/cheap"]


def test_from_the_shell_a_table_is_shown_and_its_age(server, own_home, shop):
    def listed():
        with Driver(*shop, "models", "--sort", "price") as models:
            assert models.wait_for_end() == 0
            return "\n".join(models.lines())

    assert listed().startswith("model ")
    age(own_home, 7_300)
    again = listed()
    assert again.startswith("deepchat: As of 2 h 1 min ago; --refresh asks again.\nmodel ")
    assert again.index("lab/cheap") < again.index("lab/dear-vision")
    age(own_home, 100_000)
    server.close()
    assert "refused the connection. The list is as of 27 h" in listed()


def test_a_date_behind_the_name_of_the_model_that_answered_is_told_a_person(server):
    server.script.append(Answer.reply("Hi.", model="demo-2026-05-14"))
    with Driver("--base-url", server.base_url, "-m", "deepchat/demo", "-p", "Hi") as one:
        assert one.wait_for_end() == 0
        assert "Answered by demo-2026-05-14, not by deepchat/demo." in "\n".join(one.lines())
