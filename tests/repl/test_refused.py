"""Parameters that the server refuses: which are meant, and how the question is asked without them."""

import pytest

from deepchat.conversation import Finished, Parameters, TextDelta
from deepchat.errors import BadRequest, ServerTrouble
from deepchat.repl.refused import refused

SET: Parameters = {
    "temperature": 2,
    "top_p": 1,
    "max_tokens": 9,
    "extra.logit_bias": {},
    "stop": "x",
}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("Unsupported value: 'temperature' does not support 2 with this model.", ["temperature"]),
        ("body.temperature: Input should be less than 2; body.top_p: no", ["temperature", "top_p"]),
        ("Unsupported parameter: 'max_completion_tokens'", ["max_tokens"]),
        ("Unknown field (logit_bias)", ["extra.logit_bias"]),
        ("Temperature must be lower", ["temperature"]),
        ("unstoppable temperatures of stop_sequences", []),
        ("Something is wrong", []),
    ],
)
def test_a_parameter_is_meant_where_its_name_stands_as_a_word(words, names):
    assert refused(BadRequest(words), SET) == names


def test_only_a_refused_request_refuses_a_parameter():
    assert refused(ServerTrouble("temperature sensor on fire"), SET) == []
    assert refused(None, SET) == []


@pytest.fixture
def hot(bench):
    """A chat in which the server has refused the temperature."""
    bench.type("/set temperature 2")
    bench.model.script += [
        [BadRequest("No temperature here.")],
        [TextDelta("Yes."), Finished("stop")],
    ]
    return bench


def test_enter_asks_without_what_was_refused(hot):
    said = hot.type("Hello?")
    assert "temperature is refused. /retry --without temperature asks without it." in said
    assert hot.paper.draft == "/retry --without temperature"
    hot.paper.draft = ""
    assert "Yes." in hot.type("/retry --without temperature")
    assert [request.parameters for request in hot.model.requests] == [{"temperature": 2}, {}]
    assert hot.chat.session.parameters == {}
    assert hot.paper.draft == ""


def test_what_is_being_typed_stays_and_the_question_is_not_lost(hot):
    hot.paper.draft = "and also"
    hot.type("Hello?")
    assert hot.paper.draft == "and also"
    assert "Up brings it back" in hot.paper.printed


def test_what_was_set_for_one_reply_alone_is_not_to_be_left_out(hot):
    hot.type("Hello?")
    hot.type("/retry --without temperature")
    hot.paper.draft = ""
    hot.model.script.append([BadRequest("No temperature here.")])
    said = hot.type("/retry --set temperature=3")
    assert "/unset" in said
    assert "--without" not in hot.paper.draft


def test_a_retry_without_what_is_not_set_asks_nothing(hot):
    hot.type("Hello?")
    assert "Did you mean temperature?" in hot.type("/retry --without temperature temprature")
    assert "--without wants something behind it." in hot.type("/retry --without")
    assert len(hot.model.requests) == 1
    assert hot.chat.session.parameters == {"temperature": 2}
