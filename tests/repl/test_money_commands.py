"""Budgets as they are met while one types: what is asked about, what returns, and what is never sent."""

from dataclasses import replace

import pytest

from deepchat.budget import Budget, Purse
from deepchat.conversation import Finished, ModelInfo, Reported, TextDelta, Usage, clock_ms

# A dollar for a thousand tokens, in or out.
DEAR = ModelInfo("lab/good", input_price=1_000.0, output_price=1_000.0)


def answer(bench, text="Yes.", cost=0.25):
    bench.model.script.append([TextDelta(text), Reported(usage=Usage(4, 4, cost=cost)), Finished()])


def limit(bench, **limits):
    def spent(since_ms):
        return Usage(cost=sum(one.cost for one in bench.store.spent(since_ms=since_ms)))

    bench.chat.purse = Purse(Budget(**limits), spent, clock_ms)


@pytest.fixture
def dear(bench):
    bench.shelf.seen = [DEAR]
    return bench


def test_a_dear_message_stands_in_the_composer_until_enter_sends_it(dear):
    limit(dear, ask_above=2.0)
    answer(dear)
    shown = dear.type("x" * 8_000)
    assert "Not sent yet: about ~$3.00, for ~2.0k tokens out and ~1.0k back." in shown
    assert (dear.model.requests, dear.paper.draft) == ([], "x" * 8_000)
    assert not dear.chat.begun
    assert "Yes." in dear.type(dear.paper.draft)
    assert len(dear.model.requests) == 1


def test_a_cheap_one_goes_at_once_and_so_does_one_of_which_no_price_is_known(dear):
    limit(dear, ask_above=2.0)
    answer(dear)
    assert "Yes." in dear.type("Hi")
    dear.shelf.seen = []
    answer(dear)
    assert "Yes." in dear.type("x" * 8_000)


def test_a_longest_reply_that_was_set_is_what_is_reckoned_with(dear):
    limit(dear, ask_above=2.0)
    dear.chat.set_parameter("max_tokens", 9_000)
    assert "about ~$9.00" in dear.type("Hi")


def test_asking_again_is_asked_about_as_well(dear):
    answer(dear)
    dear.type("x" * 8_000)
    limit(dear, ask_above=0.5)
    assert "Not sent yet" in dear.type("/retry")
    answer(dear, "No.")
    assert "No." in dear.type("/retry")


def test_what_goes_along_waits_again(dear, tmp_path):
    limit(dear, ask_above=2.0)
    note = tmp_path / "note.txt"
    note.write_text("x" * 8_000)
    dear.type(f"/file {note}")
    assert "Not sent yet" in dear.type("What is it?")
    assert [one.name for one in dear.repl.tray.attachments] == [str(note)]
    assert dear.paper.draft == "What is it?"
    answer(dear)
    assert "Yes." in dear.type(dear.paper.draft)
    assert dear.repl.tray.attachments == ()


def test_a_budget_that_is_used_up_lets_one_more_through_and_then_none_until_it_is_raised(bench):
    limit(bench, day=0.25)
    answer(bench)
    bench.type("One?")
    shown = bench.type("Two?")
    assert "Not sent: $0.25 was spent today, and the budget is $0.25." in shown
    assert "The same once more sends it, this once; /budget day AMOUNT raises it." in shown
    answer(bench)
    assert "Yes." in bench.type(bench.paper.draft)
    bench.paper.draft = ""
    for _ in range(2):
        assert "$0.50 was spent today" in bench.type("Three?")
    assert "$0.50 was spent today" in bench.type("/retry")
    assert len(bench.model.requests) == 2
    bench.type("/budget day 1")
    answer(bench)
    assert "Yes." in bench.type(bench.paper.draft)
    assert len(bench.model.requests) == 3


def test_a_refused_message_leaves_the_chat_as_it_was(bench):
    limit(bench, session=0.25)
    answer(bench)
    bench.type("One?")
    before = (bench.chat.conversation, bench.chat.session)
    bench.type("Two?")
    assert (bench.chat.conversation, bench.chat.session) == before


def test_what_waits_behind_a_reply_returns_when_that_has_used_the_budget_up(bench):
    limit(bench, session=0.25)
    bench.model.script.append(
        [TextDelta("Yes."), Reported(usage=Usage(4, 4, cost=0.25)), bench.model.wait]
    )
    bench.repl.enter("One?")
    assert bench.model.hanging.wait(5)
    bench.repl.enter("Two?")
    bench.repl.enter("Three?")
    bench.model.hanging.clear()
    bench.model.script.append([])
    bench.chat.turn.stop()
    bench.settle()
    assert bench.paper.draft == "Two?\n\nThree?"
    assert len(bench.model.requests) == 1


def test_what_a_private_chat_has_cost_counts_for_the_day_and_once_when_it_is_kept(bench):
    limit(bench, day=0.25)
    bench.type("/private")
    answer(bench)
    bench.type("One?")
    bench.type("/new")
    assert "$0.25 was spent today" in bench.type("Two?")
    bench.type("/private")
    bench.chat.purse.set("day", 10.0)
    answer(bench)
    bench.type("Three?")
    bench.chat.keep_in(bench.store)
    assert bench.chat.purse.spent("day", bench.chat.outlays).cost == 0.5


def test_a_reply_is_ended_where_its_budget_is_and_goes_on_for_as_much_again(dear):
    limit(dear, reply=0.5)
    dear.model.script.append([TextDelta("word " * 100) for _ in range(20)])
    shown = dear.type("Hi")
    assert "Stopped: with its question this reply has cost about ~$0.50" in shown
    assert "/continue asks for the rest" in shown
    reply = dear.chat.conversation.last("assistant")
    assert (reply.state, len(reply.text), reply.error != "") == ("stopped", 2_000, True)
    assert reply.usage.estimated
    assert reply.usage.cost == pytest.approx(0.501)
    dear.model.script.append([TextDelta("end.")])
    dear.chat.purse.set("reply", 5.0)
    dear.type("/continue")
    assert dear.chat.conversation.last("assistant").text.endswith("word end.")


def test_limits_are_shown_with_what_was_spent_and_set_for_this_run(bench):
    limit(bench, ask_above=0.25, session=2.0)
    answer(bench)
    bench.type("One?")
    rows = [line.split()[:3] for line in bench.type("/budget").splitlines()]
    assert ["ask_above", "$0.25", "asked"] in rows
    assert ["session", "$2.00", "$0.25"] in rows
    assert ["day", "off", "$0.25"] in rows
    assert "$1.50" in bench.type("/budget month $1.5")
    assert bench.chat.purse.limits.month == 1.5
    for name, off in (("session", None), ("ask_above", 0)):
        bench.type(f"/budget {name} off")
        assert getattr(bench.chat.purse.limits, name) == off


@pytest.mark.parametrize("line", ["week 3", "day much", "day -1", "day nan", "day 1e9"])
def test_what_is_no_limit_is_said(bench, line):
    limits = bench.chat.purse.limits
    assert "limit" in bench.type(f"/budget {line}") or "wants an amount" in bench.paper.printed
    assert bench.chat.purse.limits == limits


def test_no_title_is_asked_for_beyond_the_budget(bench):
    limit(bench, session=0.25)
    answer(bench)
    object.__setattr__(bench.house, "auto_title", True)
    bench.type("One?")
    assert len(bench.model.requests) == 1


def test_what_is_asked_aside_is_paid_for_and_counts(bench):
    limit(bench, session=0.25)
    answer(bench)
    bench.type("/btw One?")
    assert "$0.25 was spent on this chat" in bench.type("Two?")
    assert "$0.25 was spent on this chat" in bench.type("/btw Three?")
    assert len(bench.model.requests) == 1


def test_another_model_for_one_answer_is_reckoned_with_at_its_own_price(dear):
    dear.shelf.seen = [
        ModelInfo("lab/good", input_price=0.1, output_price=0.1),
        replace(DEAR, id="lab/cat"),
    ]
    limit(dear, ask_above=0.5)
    answer(dear)
    dear.type("Hi")
    assert "Not sent yet: about ~$1" in dear.type("/retry -m lab/cat")
    assert len(dear.model.requests) == 1


def test_no_title_that_is_wished_for_is_asked_for_beyond_the_budget_either(bench):
    limit(bench, session=0.25)
    answer(bench)
    bench.type("One?")
    assert "No title is asked for beyond the budget." in bench.type("/title --auto")
    assert len(bench.model.requests) == 1


def test_answers_are_summed_up_in_the_chat_as_from_the_shell(bench):
    assert "No answer is stored since then." in bench.type("/stats")
    answer(bench)
    bench.type("One?")
    shown = bench.type("/stats provider 7d")
    assert ["lab", "1", "4", "4", "$0.25"] in [line.split()[:5] for line in shown.splitlines()]
    assert "lab/good" in bench.type("/stats")
    assert "wants one way" in bench.type("/stats day 7d 8d")
    assert "soon" in bench.type("/stats soon")
