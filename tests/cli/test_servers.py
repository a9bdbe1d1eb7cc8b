"""Who can be asked, and with what model another server begins."""

from dataclasses import replace

import pytest

from deepchat.cli.servers import Servers, with_model
from deepchat.config import Flags, Settings, load
from deepchat.demo.answers import MODELS
from deepchat.demo.server import DemoServer, Pace
from deepchat.errors import NetworkError, NoKey, UsageError
from tests.conftest import MANUAL

KEY = "sk-TESTKEY-0123456789"


@pytest.fixture
def config(tmp_path, server):
    """Settings by a file of these tables, in which `URL` is where the server is; then flags and environment."""

    def settings(text, environ=None, **flags):
        path = tmp_path / "config.toml"
        path.write_text(text.replace("URL", server.base_url), encoding="utf-8")
        return load(Flags(config=path, data_dir=tmp_path, **flags), environ or {})

    return settings


def servers(settings, environ=None):
    taken: list[Settings] = []
    return Servers(settings, environ or {}, taken.append), taken


def test_all_are_listed_with_where_they_are_and_what_there_is_of_a_key(config):
    environ = {"GROQ_API_KEY": KEY}
    listed = {one.value: one.about for one in servers(config(""), environ)[0].choices()}
    assert listed["groq"] == "Groq · api.groq.com · key from GROQ_API_KEY"
    assert listed["ollama"] == "Ollama · 127.0.0.1:11434 · needs no key"
    assert "OpenAI · api.openai.com · no key in OPENAI_API_KEY" in listed["openai"]
    assert KEY not in str(listed)


def test_the_one_it_began_with_stands_first_and_can_be_returned_to_with_its_model(config, server):
    settings = config("", base_url=server.base_url, model="this")
    others, _ = servers(settings)
    assert others.choices()[0].value == others.now == settings.provider.name
    assert others.find(others.now).model == "this"


def test_finding_changes_nothing_and_taking_does(config):
    others, taken = servers(config("[providers.mine]\nbase_url = 'URL'\nmodel = 'm'"))
    found = others.find("mine")
    assert (others.now, taken) == ("deepinfra", [])
    found.take()
    assert others.now == "mine"
    assert (taken[0].provider.name, taken[0].model, taken[0].key) == ("mine", "m", None)
    assert taken[0].origins["provider"] == "command /provider"


def test_a_servers_model_may_be_called_by_its_alias(config):
    table = "[aliases]\nfast = 'lab/quick'\n[providers.mine]\nbase_url = 'URL'\nmodel = 'fast'"
    others, _ = servers(config(table))
    assert others.find("mine").model == "lab/quick"


def test_a_key_goes_along_to_its_own_server_only(config):
    environ = {"DEEPINFRA_TOKEN": "theirs", "MINE": KEY}
    table = "[providers.mine]\nbase_url = 'URL'\nmodel = 'm'\nkey_variable = 'MINE'"
    others, taken = servers(config(table, environ), environ)
    others.find("mine").take()
    others.find("deepinfra").take()
    assert [(one.key and one.key.reveal(), one.key_source) for one in taken] == [
        (KEY, "MINE"),
        ("theirs", "DEEPINFRA_TOKEN"),
    ]


def test_an_unknown_name_tells_the_nearest_and_a_missing_key_where_to_get_one(config):
    others, _ = servers(config(""))
    with pytest.raises(UsageError) as unknown:
        others.find("olama")
    assert "Did you mean ollama" in unknown.value.hint
    with pytest.raises(NoKey) as unkeyed:
        others.find("openai")
    assert (
        "/login openai keeps one; or set OPENAI_API_KEY (platform.openai.com/api-keys)"
        in unkeyed.value.hint
    )


def test_where_no_model_is_known_it_is_the_first_of_the_servers_list(config, server):
    others, _ = servers(config("[providers.ollama]\nbase_url = 'URL'"))
    offered = [model.id for model in MODELS]
    assert others.find("ollama").model == sorted(offered)[0]
    assert [one.method for one in server.received] == ["GET"]


def test_the_model_of_now_stays_where_the_other_server_has_it_too(config, server):
    table = "[providers.mine]\nbase_url = 'URL'"
    last = sorted(model.id for model in MODELS)[-1]
    others, _ = servers(config(table, {"DEEPINFRA_TOKEN": KEY}, model=last))
    assert others.find("mine").model == last


def test_a_server_that_is_not_there_is_not_taken(config):
    others, _ = servers(config("[providers.ollama]\nbase_url = 'http://127.0.0.1:9/v1'"))
    with pytest.raises(NetworkError):
        others.find("ollama")
    assert others.now == "deepinfra"


def test_a_server_that_tells_no_models_is_asked_for_the_one_of_now(config, server):
    elsewhere = server.base_url + "/nothing"
    others, _ = servers(config(f"[providers.mine]\nbase_url = '{elsewhere}'", model="this"))
    assert others.find("mine").model == "this"


def test_without_any_model_it_is_said_how_to_name_one(config):
    settings = config("", provider="ollama")
    with DemoServer(MANUAL, pace=Pace.INSTANT) as empty:
        there = replace(settings.provider, base_url=empty.base_url + "/nothing")
        with pytest.raises(UsageError, match="ollama lists no models") as refused:
            with_model(replace(settings, provider=there))
    assert "-m NAME" in refused.value.hint
