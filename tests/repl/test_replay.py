"""All questions of a branch asked of another model, as typed: what is said before, what is asked, what is shown and kept."""

import asyncio

import pytest

from deepchat.conversation import Finished, ModelInfo, Reported, TextDelta, Usage
from deepchat.errors import OverBudget, ServerTrouble
from tests.repl.test_tree_commands import say, stored


def answer(text, cost=0.5):
    return [TextDelta(text), Reported(usage=Usage(9, 4, cost=cost)), Finished("stop")]


@pytest.fixture
def two(bench):
    """A chat of two exchanges, and a model that answers the second otherwise."""
    bench.shelf.models.append(ModelInfo("c", input_price=100, output_price=1000))
    say(bench, "one")
    say(bench, "two")
    bench.model.scripts = {"c": [answer("1."), answer("2 or 3.")]}
    bench.paper.choice = "Ask 2 questions again"
    return bench


def asked(bench):
    """What the other model was sent."""
    return [
        [message.text for message in request.messages]
        for request in bench.model.requests
        if request.model == "c"
    ]


def test_each_question_is_asked_again_behind_the_new_answers_and_the_old_branch_stays(two):
    two.type("/replay -m c")
    assert asked(two) == [["one"], ["one", "1.", "two"]]
    assert stored(two) == ["one", "1.", "two", "2 or 3."]
    assert [one.model for one in two.chat.conversation.path() if one.role == "assistant"] == [
        "c",
        "c",
    ]
    two.type("/prev 1")
    assert stored(two) == ["one", "1.", "two", "2."]


def test_requests_and_price_are_said_before_and_nothing_is_asked_without_a_yes(two):
    two.paper.choice = "Leave it"
    shown = two.type("/replay -m c")
    # 1 + (1 + 3 + 1) tokens at 100 dollars a million, 3 + 3 at 1,000
    assert "2 requests to c: ~6 tokens in, ~6 out, ~$0.0066." in shown
    assert not asked(two)
    assert stored(two) == ["one", "1.", "two", "2."]


def test_a_price_that_is_not_known_is_said(two):
    two.paper.choice = ""
    assert "the price is not known" in two.type("/replay -m lab/better")


def test_where_the_answers_part_and_what_they_cost_is_shown(two):
    shown = two.type("/replay -m c").replace("\n", " ")
    table = shown[shown.index("question") :]
    for told in ("same", "differs, 0% alike", "3 → 4", "$0.25 → $0.50"):
        assert told in table
    assert "They part at question 2. $1.00 for 2 of 2 questions." in table
    assert "/prev 1" in table


def test_answers_that_are_all_the_same_are_said_to_be(two):
    two.model.scripts["c"] = [answer("1."), answer("2.")]
    assert "No answer differs." in two.type("/replay -m c")


def test_a_failure_ends_it_behind_the_last_answer_and_what_came_is_kept(two):
    two.model.scripts["c"][1] = [ServerTrouble("c is down.")]
    shown = two.type("/replay -m c")
    assert "c is down." in shown
    assert "for 2 of 2 questions" in shown.replace("\n", " ")
    assert stored(two) == ["one", "1."]
    assert "‹2/2›" in two.repl.status(80)


def test_a_failure_at_the_first_question_leaves_the_chat_where_it_was(two):
    two.model.scripts["c"][0] = [ServerTrouble("c is down.")]
    two.type("/replay -m c")
    assert stored(two) == ["one", "1.", "two", "2."]


def test_a_budget_that_is_reached_ends_it_and_what_came_is_compared(two, monkeypatch):
    left = [None]

    def afford(*wanted):
        if not left:
            raise OverBudget("That is enough.")
        left.pop()

    monkeypatch.setattr(two.chat, "afford", afford)
    shown = two.type("/replay -m c").replace("\n", " ")
    assert "That is enough." in shown
    assert "$0.50 for 1 of 2 questions" in shown
    assert stored(two) == ["one", "1."]
    two.paper.choice = "Ask 1 question again"
    shown = two.type("/replay -m c")
    assert "That is enough." in shown
    assert "You: one" not in shown
    assert "0 of 1" not in shown


def test_ctrl_c_ends_it_and_keeps_what_came(two):
    two.model.scripts["c"] = [[TextDelta("Half"), two.model.wait]]

    async def stopped():
        command = asyncio.ensure_future(two.repl.enter("/replay -m c"))
        while not two.model.hanging.is_set():
            await asyncio.sleep(0.01)
        two.repl.interrupt()
        await command

    asyncio.run(stopped())
    assert asked(two) == [["one"]]
    assert stored(two) == ["one", "Half"]


def test_what_is_muted_is_not_asked_and_what_is_pinned_stays_so(two):
    two.type("/mute 1")
    two.type("/pin 2")
    two.paper.choice = "Ask 1 question again"
    two.model.scripts["c"] = [answer("2 or 3.")]
    assert "/prev 2 goes back" in two.type("/replay -m c").replace("\n", " ")
    assert asked(two) == [["two"]]
    assert stored(two) == ["one", "1.", "two", "2 or 3."]


@pytest.mark.parametrize("line", ["/replay", "/replay c", "/replay -m", "/replay -m nowhere"])
def test_it_wants_one_model_that_there_is(two, line):
    assert two.type(line).startswith("Error: ")
    assert not asked(two)


def test_an_empty_chat_has_nothing_to_ask_again(bench):
    assert "nothing yet" in bench.type("/replay -m lab/good")
