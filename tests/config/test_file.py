"""What is said of a config.toml that is not as it should be."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepchat.config import KEYS, Flags, load

KEY = "sk-TESTKEY-0123456789"

MISTAKES = {
    'ui.theem = "ansi"': "line 1: ui.theem is not known and was left out; the nearest name is ui.theme.",
    '\n[ui]\ncolour = "auto"': "line 3: ui.colour is not known and was left out; the nearest name is ui.color.",
    '[ui]\ncolor = "purple"': 'line 2: ui.color must be one of auto, always, never; "auto" is used, not "purple".',
    "[ui]\nfooter = 1": "line 2: ui.footer must be true or false; true is used, not 1.",
    'model = ["a"]': 'line 1: model must be a text in quotes; "anthropic/claude-4-sonnet" is used, not "a".',
    '[keys]\nsuspend = ["ctrl-z", "ctrl-é"]': 'line 2: keys.suspend must be a key that editing can spare, such as "ctrl-o", "alt-enter", "f2" or "ctrl-x ctrl-e", or a list of them; "ctrl-z" is used, not "ctrl-z" and "ctrl-é".',
    '[keys]\nsend = "up"': '"ctrl-x ctrl-e", or a list of them; "enter" is used, not "up".',
    '[keys]\nunfold = ["f2", "ctrl-x"]': 'or a list of them; "ctrl-o" is used, not "f2" and "ctrl-x".',
    'ui = "dark"': "line 1: ui must be a table, [ui].",
    "[zzz]": "line 1: zzz is not known and was left out; known are provider, base_url, model, fallback, persona, auto_title, overflow, trash_days, retries,"
    " budget, timeouts, ui, keys, parameters, aliases, personas, providers.",
    "[parameters]\n\ntop_p = 0": "line 3: parameters.top_p must be a number above 0 and at most 1; it is ignored, not 0.",
    "[parameters]\ntemperature = nan": "line 2: parameters.temperature must be a number from 0 to 2; it is ignored, not nan.",
    "parameters = {top_k = true}": "line 1: parameters.top_k must be a whole number from 0 to 999; it is ignored, not true.",
    'persona = "x"': 'config.toml: no persona has this name: "x".',
    'provider = "deepinfro"': 'config.toml: no provider has this name; the nearest is deepinfra: "deepinfro".',
    'x = """\nmodel = 1\n"""\nmodel = 2': "line 4: model must be a text in quotes;",
    '[personas."my own"]\nsystem = 5': "line 2: personas.my own.system must be a text in quotes; it is ignored, not 5.",
    "[personas.a.parameters]\nseeed = 5": "line 2: personas.a.parameters.seeed is not known and was left out; the nearest name is",
    '[providers.a]\nmodel = "x"': "providers.a was left out: it has no base_url.",
    '[providers.a]\nbase_url = "a.test"': "line 2: providers.a.base_url must be an address like https://host/v1",
    "[parameters]\ntop_k = 0x" + "f" * 9000: "it is ignored, not a huge number.",
    "[parameters]\nresponse_format = {type = 'regex', x = 1979-05-27}": "line 2: parameters.response_format must be",
    "[parameters]\nstop = []": "line 2: parameters.stop must be a text, or a list of up to 16; it is ignored, not a list.",
    'model = "a': "config.toml is not valid TOML and was left out: ",
    "a = 1\nb == 2": "(line 2, column 4).",
    "x = " + "[" * 9000: "config.toml is not valid TOML and was left out: ",
    "#" + "x" * 300_000: "config.toml was left out: it is larger than 256 KB.",
}  # fmt: skip


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_one_line_that_says_where_and_what_was_meant(config_dir, text):
    (config_dir / "config.toml").write_text(text, encoding="utf-8")

    loaded = load(Flags(), {})

    assert any(MISTAKES[text] in warning for warning in loaded.warnings), loaded.warnings
    assert loaded.model == "anthropic/claude-4-sonnet"
    assert loaded.provider.name == "deepinfra"


def test_what_is_right_beside_a_mistake_is_used(config_dir):
    (config_dir / "config.toml").write_text('nonsense = 1\nmodel = "mine"', encoding="utf-8")

    assert load(Flags(), {}).model == "mine"


@pytest.mark.parametrize(
    "text",
    [
        'api_key = "{}"',
        'key = "{}"',
        'deepinfra_token = "{}"',
        '[providers.a]\nbase_url = "https://a.test"\napi_key = "{}"',
        '[providers.a]\nbase_url = "https://a.test"\nkey_variable = "{}"',
        'base_url = "https://{}@a.test"',
    ],
)
def test_a_key_written_into_the_file_is_ignored_and_not_shown(config_dir, text):
    (config_dir / "config.toml").write_text(text.format(KEY), encoding="utf-8")

    loaded = load(Flags(), {})

    assert len(loaded.warnings) == 1
    assert KEY not in repr(loaded)
    assert loaded.key is None


def test_a_warning_is_one_short_line_whatever_the_file_says(config_dir):
    (config_dir / "config.toml").write_text(
        f'ui.theme = "\\u001b[31m\\n{"x" * 999}"', encoding="utf-8"
    )

    (warning,) = load(Flags(), {}).warnings

    assert "\x1b" not in warning
    assert "\n" not in warning
    assert len(warning) <= 300


def test_a_file_of_mistakes_is_summed_up(config_dir):
    text = "\n".join(f"wrong{number} = 1" for number in range(1000))
    (config_dir / "config.toml").write_text(text, encoding="utf-8")

    warnings = load(Flags(), {}).warnings

    assert len(warnings) == 21
    assert warnings[-1] == "config.toml: and 980 more mistakes."


def test_a_file_with_a_byte_order_mark_and_crlf_is_read(config_dir):
    (config_dir / "config.toml").write_bytes(
        b'\xef\xbb\xbfmodel = "a"\r\n[ui]\r\nfooter = false\r\n'
    )

    loaded = load(Flags(), {})

    assert loaded.warnings == ()
    assert (loaded.model, loaded.ui.footer) == ("a", False)


_LEAVES = (
    st.text(max_size=20).map(lambda text: '"' + text.replace("\\", "").replace('"', "") + '"')
    | st.integers().map(str)
    | st.floats().map(str)
    | st.sampled_from(
        ["true", "[]", "{}", "[[1]]", "1979-05-27", '"deepinfra"', '"https://a.test"', '"A"']
    )
)
_LINES = st.tuples(
    st.sampled_from([key.name.replace("*", "a") for key in KEYS] + ["x", "ui", "personas", "a.b"]),
    _LEAVES,
)
_DOCUMENTS = st.lists(_LINES, max_size=6, unique_by=lambda line: line[0]).map(
    lambda lines: "\n".join(f"{name} = {value}" for name, value in lines).encode()
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | _DOCUMENTS)
def test_any_bytes_give_settings(config_dir, content):
    (config_dir / "config.toml").write_bytes(content)

    loaded = load(Flags(), {"DEEPINFRA_TOKEN": KEY})

    assert all(len(warning.splitlines()) == 1 for warning in loaded.warnings)
    assert all(isinstance(value, str) for row in loaded.rows() for value in row)
    assert KEY not in repr(loaded)
