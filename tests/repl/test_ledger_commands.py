"""What is sent, and what it has cost, as typed, on a real store."""

import time

import pytest

from deepchat.conversation import Finished, ModelInfo, Reported, TextDelta, Usage
from deepchat.errors import AccessError


def answer(bench, text, usage, model="lab/good"):
    bench.model.script.append([TextDelta(text), Reported(model, "", usage), Finished("stop")])


@pytest.fixture
def priced(bench):
    answer(bench, "First.", Usage(100, 20, cost=0.5))
    bench.type("One?")
    answer(bench, "Second.", Usage(150, 1000, reasoning_tokens=900, cost=0.25), "lab/other")
    bench.type("Two?")
    return bench


def test_the_context_is_listed_with_tokens_prices_and_the_room_that_is_left(priced):
    priced.shelf.seen = [ModelInfo("lab/good", context_length=1000)]
    shown = priced.type("/context")
    rows = [line.split() for line in shown.splitlines()]
    assert ["1", "One?", "~1", "20", "$0.50"] in rows
    assert ["2", "Two?", "~1", "100", "$0.25"] in rows
    assert "25% · 250 of 1.0k tokens" in shown
    assert shown.count("█") == 10
    priced.type("/system Be kind.")
    assert "persona: Be kind." in priced.type("/context")


def test_without_counts_the_context_is_estimated_and_an_unknown_window_said(bench):
    bench.model.script.append([TextDelta("x" * 400), Finished("stop")])
    bench.type("y" * 400)
    shown = bench.type("/context")
    assert "~200 tokens; how large the window of lab/good is, is not known." in shown


def test_what_was_spent_is_told_for_each_span_and_model(priced):
    priced.type("/undo")
    priced.paper.draft = ""
    shown = priced.type("/cost")
    rows = {line.split("  ")[0]: line.split() for line in shown.splitlines() if line}
    assert rows["last reply"][-1] == "$0.50"
    assert rows["this chat"][2:] == rows["in all"][2:] == ["$0.75", "·", "2", "answers"]
    assert rows["lab/good"] == ["lab/good", "1", "100", "20", "$0.50"]
    assert rows["lab/other"] == ["lab/other", "1", "150", "1.0k", "$0.25"]


def test_only_what_was_spent_since_then_counts(priced):
    created = [m.created_ms for m in priced.chat.conversation.path() if m.role == "assistant"]
    assert len(priced.store.spent(since_ms=created[0])) == 2
    assert priced.store.spent(since_ms=created[1] + 1) == []


def rows(shown):
    return {line.split("  ")[0]: " ".join(line.split()) for line in shown.splitlines() if line}


def test_where_nothing_has_a_price_that_is_said(bench):
    assert rows(bench.type("/cost"))["in all"] == "in all $0 · no answers"
    bench.model.script.append([TextDelta("x"), Finished("stop")])
    bench.type("One?")
    shown = rows(bench.type("/cost"))
    assert shown["last reply"] == "last reply not known"
    assert shown["this chat"] == "this chat not known · 1 answer"
    assert shown["in all"] == "in all not known · 1 answer"


def test_answers_of_unknown_cost_are_counted_among_the_others(priced):
    answer(priced, "Third.", Usage(200, 30))
    priced.type("Three?")
    shown = rows(priced.type("/cost"))
    for span in ("this chat", "today", "this month", "in all"):
        assert shown[span] == f"{span} $0.75 · 3 answers, 1 of unknown cost"
    assert shown["lab/good"] == "lab/good 2 300 50 $0.50"


def test_a_question_that_was_refused_cost_nothing_that_would_have_to_be_known(bench):
    bench.model.script.append([AccessError("No funds.")])
    bench.type("One?")
    assert rows(bench.type("/cost"))["in all"] == "in all $0 · no answers"


def test_what_a_fork_has_copied_is_counted_where_it_was_paid_for(bench):
    bench.model.script.append([TextDelta("x"), Finished("stop")])
    bench.type("One?")
    time.sleep(0.002)  # the chat that is forked off is younger than what it copies
    bench.type("/fork")
    shown = rows(bench.type("/cost"))
    assert shown["this chat"] == "this chat $0 · no answers"
    assert shown["in all"] == "in all not known · 1 answer"
