"""A reply that goes on has no seam: what it repeats of its beginning is left out, and nothing else is."""

from hypothesis import assume, given
from hypothesis import strategies as st

from deepchat.api.seam import LEAST, MOST, Seam, joined
from deepchat.conversation import (
    Dialect,
    Event,
    Finished,
    PromptMessage,
    ReasoningDelta,
    Request,
    TextDelta,
)
from deepchat.demo.server import Answer
from deepchat.errors import StreamCut
from deepchat.turn import Stop
from tests.api.said import chunk, cut, stream, text_of

PLACES = st.lists(st.integers(1, 40), max_size=6)
BEFORE = "The sky is blue because sunlight is scattered by mole"


def given_out(before, pieces):
    seam = Seam(before)
    return "".join([*map(seam.feed, pieces), seam.rest()])


@given(
    st.text("ab c\n", max_size=40),
    st.text("ab c\n", min_size=LEAST, max_size=40).map(lambda text: f"a{text}"),
    st.text("xyz", max_size=20),
    PLACES,
)
def test_what_is_repeated_is_left_out_however_it_is_cut(before, repeated, rest, places):
    assert given_out(before + repeated, cut(repeated + rest, places)) == rest


@given(st.text("ab ", max_size=60), st.text("xyz ", min_size=1, max_size=40), PLACES)
def test_what_is_new_is_given_out_as_it_comes(before, text, places):
    assume(text.strip())
    assert given_out(before, cut(text, places)) == text


def test_a_few_words_may_be_said_twice():
    assert given_out("no, no, no, ", ["no, ", "no!"]) == "no, no!"


def test_blanks_before_the_repetition_belong_to_it():
    assert given_out(BEFORE, ["\n\nsunlight is scattered by mole", "cules."]) == "cules."
    assert given_out(BEFORE, [" ", "cules."]) == " cules."


def test_the_first_new_word_is_not_waited_for():
    assert Seam(BEFORE).feed("cules") == "cules"


def test_not_more_is_held_back_than_one_waits_for():
    seam = Seam("a" * 10_000)
    assert "".join(seam.feed("a") for _ in range(MOST + 1)) == "a"


def test_what_was_held_back_comes_before_the_end_and_before_an_error():
    def breaking():
        yield ReasoningDelta("Hm")
        yield TextDelta("The sky")
        raise StreamCut("cut")

    events = joined("Here: The sky is", breaking())
    assert [next(events), next(events)] == [ReasoningDelta("Hm"), TextDelta("The sky")]
    ended: list[Event] = [TextDelta("The sky"), Finished("stop")]
    assert list(joined("Here: The sky is", ended)) == ended


def test_only_a_server_that_cannot_continue_is_mistrusted(server, client):
    again = PromptMessage("assistant", BEFORE)
    request = Request("deepchat/demo", (PromptMessage("user", "Why?"), again))
    said = stream(chunk("sunlight is scattered by mole"), chunk("cules.", "stop"))
    server.script += [Answer((said,)), Answer((said,))]
    plain = list(client(server.base_url).stream(request, Stop()))
    knowing = Dialect(continue_request={"continue_final_message": True})
    exact = list(client(server.base_url, dialect=knowing).stream(request, Stop()))
    assert text_of(plain) == "cules."
    assert text_of(exact) == "sunlight is scattered by molecules."
    assert "continue_final_message" not in server.received[0].json
    assert server.received[1].json["continue_final_message"] is True
