"""Parameters as they are typed after /set."""

import pytest

from deepchat.config import PARAMETERS, parse_parameter
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


def test_an_unknown_parameter_names_the_nearest():
    with pytest.raises(UsageError, match="There is no parameter “temprature”") as refused:
        parse_parameter("temprature", "1")

    assert refused.value.hint == "Did you mean temperature?"


def test_every_choice_offered_is_accepted():
    offered = [(one.name, word) for one in PARAMETERS for word in one.kind.choices]

    assert [parse_parameter(name, word) for name, word in offered] == [word for _, word in offered]
