"""`/search`: from words to the turn in which they were said."""

import pytest

from deepchat.conversation import Finished, TextDelta
from deepchat.sought import Piece


def ask(bench, question, reply):
    bench.model.script.append([TextDelta(reply), Finished("stop")])
    return bench.type(question)


@pytest.fixture
def told(bench):
    """Two chats: in the first one five questions were asked, the second one is open."""
    for number in range(1, 6):
        ask(bench, f"Question {number}?", f"Answer {number} about pelicans.")
    bench.type("/new")
    ask(bench, "What else?", "Something else.")
    return bench


def choose(bench, wanted):
    """The next lists are answered with the row whose excerpt has this; what was offered, and how the row looked."""
    seen = []

    def take(picking):
        seen.append(picking.find(picking.typed))
        return next(one.value for one in seen[-1] if wanted in said(one))

    bench.paper.take = take
    return seen


def said(choice):
    return "".join(piece.text for piece in choice.excerpt)


def test_a_place_is_offered_with_its_turn_and_the_words_marked(told):
    seen = choose(told, "Answer 2")
    told.type("/search answer 2")
    ((choice,),) = seen
    assert (choice.label, choice.about) == ("Question 1?", "just now · turn 2")
    assert choice.excerpt == (
        Piece("Answer", found=True),
        Piece(" "),
        Piece("2", found=True),
        Piece(" about pelicans."),
    )


def test_the_chat_opens_at_that_turn_and_says_what_follows(told):
    choose(told, "Answer 2")
    shown = told.type("/find pelicans")
    assert told.chat.session.title == "Question 1?"
    assert "Question 1? · turn 2" in shown
    assert "Question 2?" in shown
    assert "Answer 2 about pelicans." in shown
    assert "Answer 5" not in shown
    assert "3 turns follow: /history 3 prints what was said then." in shown
    assert "Answer 5" in told.type("/history 3")


def test_the_last_turn_is_followed_by_nothing(told):
    choose(told, "Answer 5")
    assert "follow" not in told.type("/search pelicans")


def test_the_open_chat_is_searched_too_and_stays_as_it_is(told):
    choose(told, "Something else")
    shown = told.type("/search something")
    assert "What else? · turn 1" in shown
    assert told.chat.session.title == "What else?"


def test_on_another_branch_the_chat_goes_on_there_and_says_so(bench):
    ask(bench, "Which bird?", "A pelican.")
    ask(bench, "/retry", "A heron.")
    assert bench.chat.conversation.last("assistant").text == "A heron."
    choose(bench, "pelican")
    assert "That was on another branch" in bench.type("/search pelican")
    assert bench.chat.conversation.last("assistant").text == "A pelican."
    _, stored = bench.store.load(bench.chat.session.id)
    assert stored.last("assistant").text == "A pelican."
    assert "another branch" not in bench.type("/search pelican")


def test_a_title_opens_the_chat_at_its_end(told):
    told.type("/title On herons")
    told.type("/new")
    told.paper.choice = "On herons"
    shown = told.type("/search herons")
    assert "On herons" in shown
    assert "Something else." in shown


def test_filters_narrow_it_down(told):
    seen = choose(told, "Answer 1")
    assert "No chat holds that." in told.type("/search --model lab/better pelicans")
    told.type("/search --model lab/good --since 7d answer 1")
    assert [said(one) for one in seen[-1]] == ["Answer 1 about pelicans."]


def test_a_filter_that_is_not_known_is_said(told):
    assert "Did you mean --model?" in told.type("/search --modle x pelicans")


def test_what_is_said_in_no_chat_is_said_to_be_in_none(told):
    assert "No chat holds that." in told.type("/search xylophone")


def test_while_a_reply_is_on_its_way_no_chat_can_be_opened(bench):
    bench.model.script.append([bench.model.wait])
    bench.type("Hi")
    assert "still on its way" in bench.type("/search hi")
    bench.chat.turn.stop()


def test_a_preview_shows_the_exchange(told):
    looks = []

    def look(picking):
        value = next(
            one.value
            for one in picking.find(picking.typed)
            if said(one) == "Answer 4 about pelicans."
        )
        looks.append(picking.preview(value, 60))

    told.paper.take = look
    told.type("/search answer 4")
    assert "Question 4?" in looks[0]
    assert "Answer 4 about pelicans." in looks[0]
