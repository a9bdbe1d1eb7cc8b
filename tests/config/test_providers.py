"""Who can be asked: the servers known by name, what a table of the file makes of them, and what they are sent."""

from pathlib import Path

import pytest

import deepchat.config
from deepchat.config import Flags, load
from deepchat.config.file import parse
from deepchat.config.providers import is_local, presets
from deepchat.conversation import Dialect
from deepchat.secret import Secret

PRESETS = Path(deepchat.config.__file__).with_name("presets.toml")
KEY = "sk-TESTKEY-0123456789"


def test_the_presets_are_such_tables_as_a_user_writes():
    values, warnings = parse(PRESETS.read_text(encoding="utf-8"), "presets", under=("providers",))
    assert warnings == []
    assert {place[1] for place in values} == set(presets())


def test_the_usual_servers_are_known_by_name():
    assert set(presets()) == {
        *("deepinfra", "openai", "openrouter", "groq", "mistral", "together"),
        *("ollama", "llamacpp", "lmstudio", "vllm"),
    }


@pytest.mark.parametrize("preset", presets().values(), ids=lambda preset: preset.name)
def test_a_preset_is_either_elsewhere_with_a_key_or_on_this_machine_without(preset):
    assert preset.needs_key == preset.base_url.startswith("https://") != is_local(preset)
    assert bool(preset.key_page) == preset.needs_key
    assert preset.title
    assert bool(preset.model) == preset.needs_key


@pytest.mark.parametrize("preset", presets().values(), ids=lambda preset: preset.name)
def test_a_preset_is_asked_by_its_name_with_its_own_key_and_model(preset):
    settings = load(Flags(provider=preset.name), dict.fromkeys(preset.key_variables, KEY))
    assert settings.provider == preset
    assert settings.key is not None
    assert (settings.model, settings.warnings) == (preset.model, ())


def test_no_key_of_one_provider_goes_to_another():
    every = {name: name for preset in presets().values() for name in preset.key_variables}
    sent = {name: load(Flags(provider=name), every).key for name in presets()}
    elsewhere = [
        key.reveal() for key in sent.values() if key and key.reveal() != "DEEPCHAT_API_KEY"
    ]
    assert len(set(elsewhere)) == len(elsewhere) == 6


def test_a_table_of_a_known_name_changes_only_what_it_says(config):
    config("[providers.openai]\nmodel = 'mine'\ngzip = true\nlimit_name = 'max_tokens'")
    settings = load(Flags(provider="openai"), {"OPENAI_API_KEY": KEY})
    assert settings.provider.base_url == presets()["openai"].base_url
    assert settings.provider.dialect == Dialect(prompt_cache_key=True, gzip=True)
    assert settings.key is not None
    assert settings.model == "mine"


def test_a_table_at_a_known_address_speaks_and_is_keyed_as_there(config):
    config("[providers.work]\nbase_url = 'https://api.openai.com/v1'\ntitle = 'Work'")
    settings = load(Flags(provider="work"), {"OPENAI_API_KEY": KEY})
    assert settings.provider.dialect == presets()["openai"].dialect
    assert (settings.key_source, settings.provider.title) == ("OPENAI_API_KEY", "Work")


def test_a_known_name_that_is_moved_speaks_as_before_without_its_key(config):
    config("[providers.vllm]\nbase_url = 'https://gpu.test/v1'")
    settings = load(Flags(provider="vllm"), {"OPENAI_API_KEY": KEY})
    assert settings.provider.dialect == presets()["vllm"].dialect
    assert (settings.key, settings.model) == (None, "")


def test_everything_a_preset_says_can_be_said_in_the_file(config):
    config(
        """[providers.own]
        base_url = "https://own.test/v1"
        title = "Own"
        needs_key = true
        key_page = "own.test/keys"
        headers = { X-Team = "reading" }
        limit_name = "max_completion_tokens"
        prompt_cache_key = true
        stream_options = false
        gzip = true
        models_query = "a=b"
        continue_request = { a = [1] }
        continue_message = { prefix = true }
        reasoning_left_out = true
        """
    )
    settings = load(Flags(provider="own"), {})
    own = settings.provider
    assert own.dialect == Dialect(
        limit_name="max_completion_tokens",
        prompt_cache_key=True,
        stream_options=False,
        gzip=True,
        models_query="a=b",
        continue_request={"a": [1]},
        continue_message={"prefix": True},
        reasoning_left_out=True,
    )
    assert (own.title, own.needs_key, own.key_page) == ("Own", True, "own.test/keys")
    assert (settings.headers, settings.warnings) == ({"X-Team": "reading"}, ())


def test_what_is_at_a_usual_port_is_not_taken_for_what_usually_is_there():
    assert load(Flags(base_url="http://127.0.0.1:8000/v1"), {}).provider.name == "127.0.0.1:8000"


def test_the_files_model_is_meant_for_the_files_provider(config):
    config("model = 'general'")
    assert load(Flags(), {}).model == "general"
    assert load(Flags(provider="groq"), {}).model == presets()["groq"].model
    assert load(Flags(provider="groq", model="this"), {}).model == "this"
    config("model = 'general'\nprovider = 'ollama'")
    assert load(Flags(), {}).model == "general"
    config("provider = 'ollama'")
    assert load(Flags(), {}).model == ""


# --- headers ---------------------------------------------------------------------------------------------------------


def headers(config, table, environ, *, url="https://own.test/v1"):
    config(f"[providers.own]\nbase_url = '{url}'\nheaders = {table}")
    return load(Flags(provider="own"), environ)


def test_a_header_from_the_environment_is_a_secret(config):
    settings = headers(config, "{ X-Team = 'reading', X-Pass = '$PASS' }", {"PASS": f" {KEY}\n"})
    there = settings.headers["X-Pass"]
    assert isinstance(there, Secret)
    assert there.reveal() == KEY
    assert settings.headers["X-Team"] == "reading"
    assert KEY not in repr(settings)
    assert ("headers", "X-Team, X-Pass", "default") in settings.rows()


@pytest.mark.parametrize(
    ("value", "url", "why"),
    [
        ("", "https://own.test/v1", "its variable is not set"),
        ("schlüssel", "https://own.test/v1", "its variable holds characters that no header has"),
        ("a\nb", "https://own.test/v1", "its variable holds characters that no header has"),
        (KEY, "http://own.test/v1", "it is not https"),
    ],
)
def test_a_secret_header_that_cannot_be_sent_is_said_and_not_shown(config, value, url, why):
    settings = headers(config, "{ X-Pass = '$PASS' }", {"PASS": value}, url=url)
    assert settings.headers == {}
    assert settings.warnings == (f"The header X-Pass is not sent to own: {why}.",)


@pytest.mark.parametrize(
    "table",
    [
        f"{{ Authorization = 'Bearer {KEY}' }}",
        f"{{ authorization = '{KEY}' }}",
        f"{{ Proxy-Authorization = '{KEY}' }}",
        f"{{ Content-Length = '{KEY}' }}",
        f"{{ 'X Y' = '{KEY}' }}",
        f"{{ X = '{KEY}\t' }}",
        f"{{ X = ['{KEY}'] }}",
        f"'{KEY}'",
    ],
)
def test_headers_that_are_the_keys_or_none_at_all_are_refused_in_a_line_without_them(config, table):
    settings = headers(config, table, {})
    (warning,) = settings.warnings
    assert settings.headers == {}
    assert warning.startswith("config.toml, line 3: providers.own.headers must be a table")
    assert "key_variable names the key" in warning
    assert KEY not in repr(settings)


@pytest.mark.parametrize("field", ["model", "messages", "stream"])
def test_fields_of_a_request_that_are_the_chats_are_refused(config, field):
    config(f"[providers.own]\nbase_url = 'https://own.test'\ncontinue_request = {{ {field} = 1 }}")
    settings = load(Flags(provider="own"), {})
    assert settings.provider.dialect == Dialect()
    assert "continue_request must be a table of JSON values, none of them" in settings.warnings[0]
