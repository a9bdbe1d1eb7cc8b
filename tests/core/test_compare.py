"""Several models, one question: a turn for each, answers that stand beside one another, and nothing that one breaks for others."""

import pytest

from deepchat import branches
from deepchat.conversation import Attachment, Finished, Reported, TextDelta, Usage
from deepchat.errors import ServerTrouble, UsageError
from deepchat.retrying import Retries
from tests.core.fakes import ScriptedModel


def answer(text, cost=0.5):
    return [TextDelta(text), Reported(usage=Usage(7, 3, cost=cost)), Finished("stop")]


def settled(chat):
    assert all(turn.wait(5) for turn in chat.turns)
    return chat.settle_all()


def texts(chat):
    return [message.text for message in chat.conversation.path()]


def answers(chat):
    """Of the last question, in order."""
    last = branches.exchanges(chat.conversation.path())[-1]
    return [one.reply and one.reply.text for one in branches.variants(chat.conversation, last)]


def test_each_model_is_asked_the_same_and_its_answer_is_kept_with_its_name_and_price(
    chat, model, journal
):
    model.scripts = {"a": [answer("A")], "b": [answer("B", 0.25)], "c": [answer("C")]}
    turns = chat.compare(["a", "b", "c"], "Which?", [Attachment("x", "text/plain", b"y")])
    assert chat.turn is None
    replies = settled(chat)
    assert [turn.request.model for turn in turns] == ["a", "b", "c"]
    assert len({turn.request.messages for turn in turns}) == 1
    assert [(one.model, one.text, one.usage.cost) for one in replies] == [
        ("a", "A", 0.5),
        ("b", "B", 0.25),
        ("c", "C", 0.5),
    ]
    assert texts(chat) == ["Which?", "A"]
    assert answers(chat) == ["A", "B", "C"]
    assert journal.kept == {id_: one.text for id_, one in chat.conversation.messages.items()}
    assert chat.kept


def test_every_question_and_reply_is_stored_before_its_request_goes_out(chat, model, journal):
    seen = []
    model.asked = lambda: seen.append(set(journal.kept.values()))
    model.scripts = {"a": [answer("A")], "b": [answer("B")]}
    chat.compare(["a", "b"], "Which?")
    settled(chat)
    assert all({"Which?", ""} <= kept for kept in seen)
    (opened,) = journal.opened[:1]
    assert [message.model for message in opened] == ["", "b", "a"]


def test_the_last_question_asked_of_several_keeps_the_answer_it_had(chat, model):
    model.script = [answer("Old")]
    chat.send("Which?").wait(5)
    chat.settle()
    model.scripts = {"a": [answer("A")], "b": [answer("B")]}
    chat.compare(["a", "b"])
    settled(chat)
    assert texts(chat) == ["Which?", "A"]
    assert answers(chat) == ["Old", "A", "B"]


def test_one_that_fails_is_settled_as_failed_and_the_first_answer_is_the_one_to_go_on_with(
    chat, model
):
    model.scripts = {"a": [[ServerTrouble("a is down.")]], "b": [answer("B")]}
    chat.compare(["a", "b"], "Which?")
    failed, whole = settled(chat)
    assert (failed.state, failed.error, whole.state) == ("failed", "a is down.", "done")
    assert texts(chat) == ["Which?", "B"]


def test_when_all_fail_the_answer_that_was_there_stays(chat, model):
    model.script = [answer("Old")]
    chat.send("Which?").wait(5)
    chat.settle()
    model.scripts = {name: [[ServerTrouble("Down.")]] for name in "ab"}
    chat.compare(["a", "b"])
    settled(chat)
    assert texts(chat) == ["Which?", "Old"]


def test_when_all_fail_a_new_question_is_unanswered(chat, model):
    model.scripts = {name: [[ServerTrouble("Down.")]] for name in "ab"}
    chat.compare(["a", "b"], "Which?")
    settled(chat)
    assert chat.unanswered.text == "Which?"


def test_no_other_model_answers_in_the_place_of_one_that_is_compared(journal, view, chat):
    model = ScriptedModel()
    chat.model = model
    chat._retries, chat._fallbacks = Retries(0), ["c"]
    model.scripts = {"a": [[ServerTrouble("Down.")]], "b": [answer("B")]}
    chat.compare(["a", "b"], "Which?")
    settled(chat)
    assert {request.model for request in model.requests} == {"a", "b"}


def test_stopping_stops_all_and_keeps_what_came(chat, model):
    model.scripts = {
        "a": [[TextDelta("Half"), model.wait]],
        "b": [answer("B")],
    }
    first, second = chat.compare(["a", "b"], "Which?")
    assert second.wait(5)
    assert model.hanging.wait(5)
    chat.stop()
    half, whole = settled(chat)
    assert (half.text, half.state, whole.state) == ("Half", "stopped", "done")
    assert not second.stopping
    assert first.stopping


def test_nothing_else_is_asked_meanwhile(chat, model):
    model.scripts = {name: [[model.wait]] for name in "ab"}
    chat.compare(["a", "b"], "Which?")
    for act in (lambda: chat.send("x"), chat.retry, chat.new, lambda: chat.go_to(None)):
        with pytest.raises(UsageError, match="on its way"):
            act()
    with pytest.raises(RuntimeError):
        chat.settle_all()
    chat.stop()
    settled(chat)


def test_a_reply_that_was_stopped_goes_on_with_its_own_model(chat, model):
    model.scripts = {
        "a": [[model.wait]],
        "b": [[TextDelta("Half"), model.wait], answer(" and whole")],
    }
    chat.compare(["a", "b"], "Which?")
    while not any(turn.so_far().text for turn in chat.turns):
        chat.turns[1].wait(0.01)
    chat.stop()
    settled(chat)
    chat.go_on().wait(5)
    assert chat.settle().text == "Half and whole"
    assert model.requests[-1].model == "b"


def test_what_could_not_be_kept_is_kept_with_what_comes_next(chat, model, journal, view):
    journal.broken = True
    model.scripts = {"a": [answer("A")], "b": [answer("B")]}
    chat.compare(["a", "b"], "Which?")
    settled(chat)
    assert len(view.problems) == 1
    assert not chat.kept
    journal.broken = False
    chat.keep()
    assert set(journal.kept.values()) == {"Which?", "A", "B"}
    assert journal.opened[-1][-1].text == "A"
