import pytest

from deepchat.conversation import Conversation, Finished, Message, ReasoningDelta, TextDelta
from deepchat.errors import Unreachable, UsageError
from deepchat.titling import tidied, title
from deepchat.turn import Stop
from tests.core.fakes import ScriptedModel


def talked(*texts: str) -> Conversation:
    asked = Message("q", "user", texts[0])
    return Conversation().add(asked, *(Message("a", "assistant", t, "q") for t in texts[1:]))


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("Grey Herons", "Grey Herons"),
        ('\n"**Grey Herons.**"\nand more', "Grey Herons"),
        ("## Title: Grey Herons", "Grey Herons"),
        ("<think>Hm.</think>\nGrey\tHerons", "Grey Herons"),
        ("「日本の鳥」", "「日本の鳥」"),
        (' "" ', ""),
    ],
)
def test_what_stands_around_a_title_is_left_out(answer, found):
    assert tidied(answer) == found


def test_the_model_is_told_of_the_first_turn_and_its_text_is_the_title():
    model = ScriptedModel()
    model.script = [
        [ReasoningDelta("Birds."), TextDelta("Grey "), TextDelta("Herons"), Finished("stop")]
    ]
    found = title(
        model, talked("What stands in the pond?" + "x" * 10_000, "A heron."), "lab/m", Stop()
    )
    assert found == "Grey Herons"
    (request,) = model.requests
    (prompt,) = request.messages
    assert (request.model, prompt.role) == ("lab/m", "user")
    assert "What stands in the pond?" in prompt.text
    assert "A heron." in prompt.text
    assert len(prompt.text) < 5_000


def test_of_a_long_answer_no_more_is_waited_for_than_a_title_has():
    model = ScriptedModel()
    model.script = [[TextDelta("Herons\n"), TextDelta("x" * 500), Unreachable("Never reached.")]]
    assert title(model, talked("a", "b"), "lab/m", Stop()) == "Herons"


@pytest.mark.parametrize(
    ("texts", "said"), [(("Hi?",), "Nothing was answered"), (("Hi?", "Yes."), "gave no title")]
)
def test_where_there_can_be_none_that_is_said(texts, said):
    model = ScriptedModel()
    model.script = [[Finished("stop")]]
    with pytest.raises(UsageError, match=said):
        title(model, talked(*texts), "lab/m", Stop())
