"""Budgets where nobody can be asked: exit code 5, one line, and what the server was asked for."""

import pytest

from deepchat.conversation import ModelInfo
from deepchat.demo.server import Answer
from tests.cli.test_oneshot import run

# A dollar for a thousand tokens, in or out.
DEAR = ModelInfo("lab/dear", "", 131_072, 8_192, 1_000.0, 1_000.0, None, ("chat",))
WORDS = [f"word{number} " for number in range(400)]


@pytest.fixture
def shop(server, config, monkeypatch):
    """Flags for a server that lists one dear model, with this under [budget]."""
    monkeypatch.setattr("deepchat.demo.server.MODELS", (DEAR,))

    def limited(limits):
        place = f'base_url = "{server.base_url}"\nmodels_query = "filter=with_meta"'
        config(f"[budget]\n{limits}\n[providers.shop]\n{place}\n")
        return ["--provider", "shop", "-m", "lab/dear"]

    return limited


def asked(server):
    return sum(one.path.endswith("/chat/completions") for one in server.received)


def paid(dollars):
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "estimated_cost": dollars}
    return Answer.reply("Yes.", usage=usage, model="lab/dear")


def test_what_is_kept_counts_until_the_day_is_used_up_and_then_nothing_is_asked(server, shop):
    flags = shop("day = 0.75")
    server.script += [paid(0.5), paid(0.5)]
    codes = [run(*flags, "--save", "-p", "Hi")[0] for _ in range(2)]
    assert codes == [0, 0]
    code, out, err = run(*flags, typed="From a pipe")
    assert (code, out, asked(server)) == (5, "", 2)
    assert err == (
        "deepchat: Not sent: $1.00 was spent today, and the budget is $0.75. "
        "[budget] in config.toml sets it.\n"
    )


def test_where_nothing_was_stored_nothing_is_made_to_look_it_up(server, shop, own_home):
    server.script.append(paid(0.5))
    assert run(*shop("day = 0.75"), "-p", "Hi")[0] == 0
    assert list(own_home.rglob("chats.db")) == []


def test_a_reply_is_ended_where_its_budget_is_and_what_came_is_written(server, shop):
    server.script.append(Answer.reply(WORDS, usage={}, model="lab/dear"))
    code, out, err = run(*shop("reply = 0.1"), "-p", "Count.")
    assert code == 5
    assert out.startswith("word0 word1 ")
    assert "word399" not in out
    assert "Stopped: with its question this reply has cost about ~$0.10" in err


def test_a_question_that_alone_is_beyond_it_is_not_sent(server, shop):
    code, out, err = run(*shop("reply = 0.1"), typed="x" * 8_000)
    assert (code, out, asked(server)) == (5, "", 0)
    assert "about ~$2.00 for the question alone, and $0.10 is the budget for one reply." in err


def test_a_dear_question_goes_without_asking(server, shop):
    server.script.append(paid(0.5))
    assert run(*shop("ask_above = 0.01"), "-p", "Hi")[:2] == (0, "Yes.\n")
