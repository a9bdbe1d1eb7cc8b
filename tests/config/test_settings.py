"""What flags, environment and file add up to."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from deepchat.config import KEYS, Flags, load
from deepchat.errors import ConfigError, UsageError

KEY = "sk-TESTKEY-0123456789"


def test_nothing_at_all_is_deepinfra_with_its_default_model():
    settings = load(Flags(), {})

    assert settings.provider.base_url == "https://api.deepinfra.com/v1/openai"
    assert settings.model == "anthropic/claude-4-sonnet"
    assert settings.provider.needs_key
    assert settings.key is None
    assert settings.persona is None
    assert settings.parameters == {}
    assert settings.warnings == ()


def test_flags_beat_environment_beats_file_beats_defaults(config):
    config('model = "file"')
    environ = {"DEEPCHAT_MODEL": "environment"}

    by_flag = load(Flags(model="flag"), environ)
    by_environment = load(Flags(), environ)
    by_file = load(Flags(), {})

    assert (by_flag.model, by_flag.origins["model"]) == ("flag", "flag --model")
    assert (by_environment.model, by_environment.origins["model"]) == (
        "environment",
        "environment DEEPCHAT_MODEL",
    )
    assert (by_file.model, by_file.origins["model"]) == ("file", "config.toml")
    assert by_file.origins["ui.theme"] == "default"


@pytest.mark.parametrize(
    ("environ", "source"),
    [
        ({"DEEPINFRA_TOKEN": KEY}, "DEEPINFRA_TOKEN"),
        ({"DEEPINFRA_TOKEN": " ", "DEEPINFRA_API_KEY": KEY}, "DEEPINFRA_API_KEY"),
        ({"DEEPINFRA_API_TOKEN": f' "{KEY}"\n'}, "DEEPINFRA_API_TOKEN"),
        ({"DEEPINFRA_TOKEN": f"“{KEY}”", "DEEPINFRA_API_KEY": "other"}, "DEEPINFRA_TOKEN"),
    ],
)
def test_the_key_is_the_first_that_is_set_without_quotes_and_spaces(environ, source):
    settings = load(Flags(), environ)

    assert settings.key is not None
    assert settings.key.reveal() == KEY
    assert settings.key_source == source


@pytest.mark.parametrize("value", ["sk two words", "sk-\x1b[31m", "schlüssel"])
def test_a_key_with_characters_no_key_has_is_not_used_and_not_shown(value):
    settings = load(Flags(), {"DEEPINFRA_TOKEN": value})

    assert settings.key is None
    assert "DEEPINFRA_TOKEN is not used" in settings.warnings[0]
    assert value not in settings.warnings[0]


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://api.deepinfra.com/v1/openai", "deepinfra"),
        ("https://api.deepinfra.com:443/v1/", "deepinfra"),
        ("https://API.DEEPINFRA.COM/v1", "deepinfra"),
        ("https://api.deepinfra.com.evil.test/v1", "any"),
        ("https://deepinfra.com/v1", "any"),
        ("https://api.deepinfra.com:8443/v1", "any"),
        ("http://localhost:11434/v1", "any"),
        ("http://127.0.0.1:8000", "any"),
        ("http://[::1]:8000/v1", "any"),
        ("http://api.deepinfra.com/v1", None),
        ("http://192.168.1.4:8000/v1", None),
    ],
)
def test_a_key_goes_only_to_the_host_it_belongs_to_and_never_in_clear(url, sent):
    environ = {"DEEPINFRA_TOKEN": "deepinfra", "DEEPCHAT_API_KEY": "any"}

    settings = load(Flags(base_url=url), environ)

    assert (settings.key.reveal() if settings.key else None) == sent
    assert settings.provider.needs_key == (sent == "deepinfra")


def test_a_server_of_ones_own_needs_no_key():
    settings = load(Flags(base_url="http://localhost:11434/v1"), {"DEEPINFRA_TOKEN": KEY})

    assert settings.key is None
    assert not settings.provider.needs_key
    assert settings.provider.name == "localhost:11434"
    assert ("key", "none, none needed", "default") in settings.rows()


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://host.test/v1/", "https://host.test/v1"),
        (" https://host.test/v1/chat/completions ", "https://host.test/v1"),
        ("https://host.test/v1/chat/completions/", "https://host.test/v1"),
        ("https://host.test", "https://host.test"),
    ],
)
def test_a_pasted_address_is_taken_for_its_base(given, base):
    assert load(Flags(base_url=given), {}).provider.base_url == base


@pytest.mark.parametrize(
    "url",
    [
        "host.test/v1",
        "ftp://host.test",
        "https:///v1",
        "https://user:password@host.test/v1",
        "https://host.test\\@other.test/v1",
        "https://host.test/v1?key=1",
        "https://host.test:99999/v1",
        "https://[::1/v1",
        "https://[x]/v1",
        "https://ho st.test",
        "https://host.test/\x1b[31m",
    ],
)
def test_an_address_that_is_none_is_refused_without_being_quoted(url):
    with pytest.raises(UsageError, match="--base-url must be an address") as refused:
        load(Flags(base_url=url), {})

    assert url not in str(refused.value)


def test_a_provider_of_the_file_brings_address_key_and_model(config):
    config(
        'provider = "work"\nmodel = "general"\n'
        '[providers.work]\nbase_url = "https://work.test/v1/"\nkey_variable = "WORK_KEY"\nmodel = "big"'
    )

    settings = load(Flags(), {"WORK_KEY": KEY, "DEEPINFRA_TOKEN": "other"})

    assert settings.provider.base_url == "https://work.test/v1"
    assert settings.key_source == "WORK_KEY"
    assert (settings.model, settings.origins["model"]) == ("big", "provider work")
    assert settings.warnings == ()


def test_a_base_url_at_a_configured_provider_uses_its_keys(config):
    config('[providers.work]\nbase_url = "https://work.test/v1"\nkey_variable = ["A", "WORK_KEY"]')

    settings = load(Flags(base_url="https://work.test/v2"), {"WORK_KEY": KEY})

    assert settings.key_source == "WORK_KEY"
    assert settings.provider.base_url == "https://work.test/v2"


def test_moving_deepinfra_elsewhere_does_not_take_its_key_along(config):
    config('[providers.deepinfra]\nbase_url = "https://elsewhere.test/v1"')
    environ = {"DEEPINFRA_TOKEN": KEY}

    assert load(Flags(), environ).key is None
    assert load(Flags(), environ | {"DEEPINFRA_API_BASE": "https://proxy.test/v1"}).key is None


def test_deepinfras_variable_moves_deepinfra_only(config):
    environ = {"DEEPINFRA_API_BASE": "https://api.deepinfra.com/v2/", "DEEPINFRA_TOKEN": KEY}
    moved = load(Flags(), environ)
    config('provider = "work"\n[providers.work]\nbase_url = "https://work.test/v1"')
    untouched = load(Flags(), environ)

    assert moved.provider.base_url == "https://api.deepinfra.com/v2"
    assert moved.key is not None
    assert untouched.provider.base_url == "https://work.test/v1"


def test_a_base_url_beats_a_provider_named_in_the_same_place_and_a_nearer_name_beats_it(config):
    config(
        'provider = "work"\nbase_url = "https://url.test/v1"\n'
        '[providers.work]\nbase_url = "https://work.test/v1"'
    )

    assert load(Flags(), {}).provider.base_url == "https://url.test/v1"
    assert load(Flags(provider="work"), {}).provider.base_url == "https://work.test/v1"


@pytest.mark.parametrize(
    ("environ", "key", "value"),
    [
        ({"NO_COLOR": "1"}, "color", "never"),
        ({"NO_COLOR": ""}, "color", "always"),
        ({"ACCESSIBLE": "1"}, "plain", True),
        ({}, "plain", False),
    ],
)
def test_the_environments_common_words_are_heard(config, environ, key, value):
    config('ui.color = "always"')

    assert getattr(load(Flags(), environ).ui, key) == value


def test_color_on_the_command_line_beats_no_color():
    assert load(Flags(color="always"), {"NO_COLOR": "1"}).ui.color == "always"


@pytest.mark.parametrize(
    ("flags", "sentence", "hint"),
    [
        (Flags(color="sometimes"), "--color must be one of auto, always, never.", ""),
        (Flags(persona="reviwer"), "There is no persona “reviwer”.", "Did you mean reviewer?"),
        (Flags(persona="zzz"), "There is no persona “zzz”.", "Known: commit, editor, reviewer, sceptic, shell, translator, tutor."),
        (Flags(provider="deepinfre"), "There is no provider “deepinfre”.", "Did you mean deepinfra?"),
    ],
)  # fmt: skip
def test_a_flag_that_cannot_be_is_refused_with_what_was_meant(config, flags, sentence, hint):
    config('[personas.reviewer]\nsystem = "x"')

    with pytest.raises(UsageError) as refused:
        load(flags, {})

    assert (refused.value.sentence, refused.value.hint) == (sentence, hint)


def test_a_named_file_that_is_not_there_is_an_error_and_a_default_one_is_not(tmp_path):
    missing = tmp_path / "missing.toml"

    with pytest.raises(ConfigError, match="there is no such file"):
        load(Flags(config=missing), {})
    with pytest.raises(ConfigError, match="there is no such file"):
        load(Flags(), {"DEEPCHAT_CONFIG": str(missing)})
    with pytest.raises(ConfigError, match="Is a directory"):
        load(Flags(config=tmp_path), {})


def test_a_default_file_that_cannot_be_read_is_a_warning(config_dir):
    (config_dir / "config.toml").mkdir()

    assert "config.toml was left out: Is a directory." in load(Flags(), {}).warnings[0]


def test_the_named_file_and_data_folder_are_used(tmp_path):
    other = tmp_path / "other.toml"
    other.write_text('model = "other"\nmodle = 1', encoding="utf-8")

    settings = load(Flags(config=other, data_dir=tmp_path / "chats"), {})

    assert settings.origins["model"] == "other.toml"
    assert ("config", str(other), "flag --config") in settings.rows()
    assert ("data", str(tmp_path / "chats"), "flag --data-dir") in settings.rows()
    assert load(Flags(), {"DEEPCHAT_CONFIG": str(other)}).model == "other"
    assert settings.paths.database == tmp_path / "chats" / "chats.db"
    assert settings.warnings[0].startswith("other.toml, line 2: modle is not known")


def test_what_is_wrong_in_the_environment_is_said_and_the_file_is_used(config):
    config('base_url = "https://file.test/v1"')

    settings = load(Flags(), {"DEEPCHAT_BASE_URL": "file.test/v1"})

    assert settings.provider.base_url == "https://file.test/v1"
    assert settings.warnings[0].startswith("DEEPCHAT_BASE_URL must be an address")


VARIABLES = [key.variable for key in KEYS if key.variable]


@hypothesis(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from([*VARIABLES, "DEEPINFRA_API_BASE", "DEEPINFRA_TOKEN", "NO_COLOR"]),
        st.text(max_size=12) | st.text(max_size=12).map(lambda rest: f"http://{rest}"),
    )
)
def test_any_environment_gives_settings(environ):
    settings = load(Flags(), environ)

    assert all(len(warning.splitlines()) == 1 for warning in settings.warnings)
    assert settings.provider.base_url.startswith("http")


def test_rows_say_value_and_origin_of_everything_but_never_the_key(config):
    config(f'[parameters]\ntemperature = 0.2\n[ui]\ntheme = "{KEY}"\n[personas.p]\nsystem="{KEY}"')

    settings = load(Flags(model=KEY), {"DEEPINFRA_TOKEN": KEY})
    rows = settings.rows()

    assert ("key", "set, from DEEPINFRA_TOKEN", "environment DEEPINFRA_TOKEN") in rows
    assert ("parameters.temperature", "0.2", "config.toml") in rows
    assert ("ui.footer", "true", "default") in rows
    assert ("model", "[key]", "flag --model") in rows
    assert KEY not in repr(rows)
    assert KEY not in repr(settings.warnings)
    assert KEY not in repr(load(Flags(), {"DEEPINFRA_TOKEN": KEY}).key)


def test_settings_do_not_show_the_key():
    assert KEY not in repr(load(Flags(), {"DEEPINFRA_TOKEN": KEY}))


def test_a_configured_key_is_taken_from_the_action_that_has_it_by_default(config):
    config('[keys]\nunfold = ["ctrl-g", "f2"]\n')
    settings = load(Flags(), {})
    assert settings.keys["unfold"] == ("ctrl-g", "f2")
    assert settings.keys["editor"] == ("ctrl-x ctrl-e",)
    assert settings.keys["newline"] == ("alt-enter", "ctrl-j")
    assert settings.warnings == ()


def test_a_key_given_twice_is_said_and_stays_where_it_was_given_first(config):
    config('[keys]\nunfold = "f2"\nredraw = "f2"\n')
    settings = load(Flags(), {})
    assert (settings.keys["unfold"], settings.keys["redraw"]) == (("f2",), ())
    assert settings.warnings == ("keys.redraw: f2 is keys.unfold already.",)


def test_keys_that_begin_alike_are_said_and_the_first_stays(config):
    config('[keys]\nunfold = "f2"\nredraw = "f2 f3"\n')
    settings = load(Flags(), {})
    assert (settings.keys["unfold"], settings.keys["redraw"]) == (("f2",), ())
    assert settings.warnings == ("keys.redraw: f2 f3 begins as keys.unfold already.",)


@pytest.mark.parametrize("key", ["up", "left", "backspace", "tab", "escape", "up up", "ctrl-x"])
def test_a_key_that_nobody_can_write_without_does_nothing_else(config, key):
    config(f'[keys]\nsend = "{key}"\n')
    settings = load(Flags(), {})
    assert settings.keys["send"] == ("enter",)
    assert "keys.send" in settings.warnings[0]
    assert f'not "{key}"' in settings.warnings[0]


def test_shift_enter_is_the_line_feed_that_terminals_mean_by_it(config):
    config('[keys]\nsend = "shift-enter"\nnewline = "enter"\n')
    settings = load(Flags(), {})
    assert (settings.keys["send"], settings.keys["newline"]) == (("ctrl-j",), ("enter",))


def test_there_is_always_a_key_to_send_with(config):
    config('[keys]\nnewline = "enter"\n')
    settings = load(Flags(), {})
    assert settings.keys["newline"] == ("enter",)
    assert settings.keys["send"] == ("alt-enter",)
    assert "alt-enter does it" in settings.warnings[0]


def test_vi_mode_has_no_alt_but_with_enter(config):
    config(
        '[ui]\nediting_mode = "vi"\n[keys]\nsend = "alt-enter"\nnewline = "enter"\nunfold = "alt-u"\n'
    )
    settings = load(Flags(), {})
    assert (settings.keys["send"], settings.keys["newline"]) == (("alt-enter",), ("enter",))
    assert (settings.keys["redo"], settings.keys["unfold"]) == (("ctrl-x ctrl-r",), ())
    assert settings.warnings == ("keys.unfold: there is no alt-u in vi mode.",)


def test_a_key_that_is_none_is_said_and_the_default_stays(config):
    config('[keys]\nunfold = "hyper-x"\n')
    settings = load(Flags(), {})
    assert settings.keys["unfold"] == ("ctrl-o",)
    assert "keys.unfold" in settings.warnings[0]


def test_a_models_own_name_stands_wherever_its_alias_is_used(config):
    config(
        """
        model = "fast"
        fallback = ["slow", "lab/third"]
        [aliases]
        fast = "lab/quick"
        slow = "lab/second"
        [personas.cat]
        system = "Meow."
        model = "slow"
        """
    )
    loaded = load(Flags(), {})
    assert (loaded.model, loaded.fallback) == ("lab/quick", ("lab/second", "lab/third"))
    assert loaded.personas["cat"].model == "lab/second"
    assert load(Flags(model="slow"), {}).model == "lab/second"
    assert load(Flags(persona="cat"), {}).model == "lab/second"
