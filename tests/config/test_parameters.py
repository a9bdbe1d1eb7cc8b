"""Parameters as they are typed after /set."""

import pytest

from deepchat.config import PARAMETERS, Flags, assigned, load, parse_parameter
from deepchat.errors import UsageError


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("temperature", "0.7", 0.7),
        ("temperature", " 2 ", 2),
        ("top_k", "0", 0),
        ("stop", "END", "END"),
        ("stop", "5", "5"),
        ("stop", '"\\n"', "\n"),
        ("stop", '["a", "b"]', ["a", "b"]),
        ("seed", "18446744073709551615", 2**64 - 1),
        ("reasoning_effort", "high", "high"),
        ("response_format", "json_object", {"type": "json_object"}),
        ("response_format", '{"type": "regex", "regex": "a+"}', {"type": "regex", "regex": "a+"}),
        ("service_tier", "flex", "flex"),
    ],
)
def test_a_typed_value_is_read_as_what_it_is(name, text, value):
    assert parse_parameter(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("temperature", "2.1"),
        ("temperature", "NaN"),
        ("temperature", "Infinity"),
        ("temperature", "warm"),
        ("temperature", "true"),
        ("temperature", ""),
        ("temperature", "9" * 5000),
        ("temperature", "[" * 100_000),
        ("top_p", "0"),
        ("top_k", "1.5"),
        ("max_tokens", "1000001"),
        ("stop", "[]"),
        ("stop", "[1]"),
        ("stop", str(["x"] * 17).replace("'", '"')),
        ("reasoning_effort", "HIGH"),
        ("response_format", "json_schema"),
        ("response_format", "{}"),
    ],
)
def test_a_value_out_of_range_is_refused_in_one_short_line(name, text):
    with pytest.raises(UsageError, match=f"^{name} must be ") as refused:
        parse_parameter(name, text)

    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ('{"order": ["a"]}', {"order": ["a"]}),
        ("0.5", 0.5),
        ("plain words", "plain words"),
        ("", ""),
    ],
)
def test_any_other_field_is_the_json_or_the_text_that_was_typed(text, value):
    assert parse_parameter("extra.provider", text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("extra.model", "x"),
        ("extra.messages", "[]"),
        ("extra.stream", "false"),
        ("extra.", "1"),
        ("extra.x", "{bad"),
        ("extra.x", "[1, 2"),
        ("extra.x", "NaN"),
        ("extra.x", "-Infinity"),
        ("extra", '{"x": 1}'),
    ],
)
def test_no_field_takes_the_place_of_what_is_said_and_none_is_no_json(name, text):
    with pytest.raises(UsageError, match=r"^extra"):
        parse_parameter(name, text)


FILE = """
[parameters]
temperature = 0.1
extra = { logprobs = true, a = 1 }
[personas.p]
system = "x"
parameters = { extra = { a = 2 }, seed = 1 }
"""


def test_parameters_of_flags_beat_those_of_the_persona_and_those_of_the_file(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(FILE, encoding="utf-8")
    flags = Flags(config=path, persona="p", parameters=("seed=3", "extra.b=[1]", "stop=a=b"))
    settings = load(flags, {})
    assert settings.parameters == {
        "temperature": 0.1,
        "extra.logprobs": True,
        "extra.a": 2,
        "seed": 3,
        "extra.b": [1],
        "stop": "a=b",
    }
    origins = {row[0]: row[2] for row in settings.rows() if row[0].startswith("parameters.")}
    assert origins["parameters.seed"] == "flag --set"
    assert origins["parameters.extra.a"] == "persona p"
    assert origins["parameters.extra.logprobs"] == "config.toml"


@pytest.mark.parametrize(
    "table",
    [
        "{ model = 'x' }",
        "{ 'a b' = 1 }",
        "{ stream = false }",
        "{ a = nan }",
        "{ a = 1979-05-27 }",
        "3",
    ],
)
def test_fields_that_cannot_be_are_said_and_left_out(tmp_path, table):
    path = tmp_path / "config.toml"
    path.write_text(f"[parameters]\nseed = 1\nextra = {table}", encoding="utf-8")
    settings = load(Flags(config=path), {})
    assert settings.parameters == {"seed": 1}
    assert "parameters.extra must be a table of JSON values, none of them" in settings.warnings[0]


def test_a_flag_that_sets_nothing_is_refused():
    with pytest.raises(UsageError, match="--set wants NAME=VALUE, not “temperature”"):
        assigned(["temperature"])


def test_an_unknown_parameter_names_the_nearest():
    with pytest.raises(UsageError, match="There is no parameter “temprature”") as refused:
        parse_parameter("temprature", "1")

    assert refused.value.hint == "Did you mean temperature?"


def test_every_choice_offered_is_accepted():
    offered = [(one.name, word) for one in PARAMETERS for word in one.kind.choices]

    assert [parse_parameter(name, word) for name, word in offered] == [word for _, word in offered]
