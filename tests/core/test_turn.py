"""A turn's thread, its journal ticks, and the stop flag."""

import threading
import time
from dataclasses import replace

import pytest

from deepchat.conversation import (
    Finished,
    Message,
    PromptMessage,
    ReasoningDelta,
    Reported,
    Request,
    TextDelta,
    Usage,
)
from deepchat.errors import (
    AccessError,
    BadRequest,
    ModelNotFound,
    RateLimited,
    ServerTrouble,
    StreamCut,
    TimedOut,
    Unreachable,
)
from deepchat.retrying import Retries
from deepchat.turn import Stop, Turn
from tests.core.fakes import MemoryJournal, ScriptedModel


def turn_of(script, journal=None, **options):
    model = ScriptedModel()
    model.script.append(script)
    reply = Message("r", "assistant", "", state="streaming")
    return Turn(model, journal or MemoryJournal(), Request("m", ()), reply, **options), model


def until(seen):
    deadline = time.monotonic() + 10
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_pieces_are_journalled_in_order_and_none_twice():
    journal = MemoryJournal()
    script = [*(TextDelta(c) for c in "abc"), ScriptedModel.wait]
    turn, _ = turn_of(script, journal, tick_s=0.001)
    turn.start()
    until(lambda: "".join(text for text, _ in journal.pieces) == "abc")
    turn.stop()
    assert turn.wait(5)
    assert "".join(text for text, _ in journal.pieces) == "abc"
    assert journal.sealed[0].text == "abc"


def test_a_journal_that_waits_keeps_nobody_from_reading_along():
    journal = MemoryJournal()
    waiting = threading.Event()
    journal.before = waiting.wait
    turn, model = turn_of([TextDelta("abc"), ScriptedModel.wait], journal, tick_s=0.001)
    turn.start()
    assert model.hanging.wait(5)
    assert turn.drain() == [TextDelta("abc")]
    assert turn.drain() == []
    waiting.set()
    turn.stop()
    assert turn.wait(5)


def test_the_question_is_stored_before_the_request_goes_out():
    order: list[str] = []
    turn, model = turn_of([Finished()], opening=lambda: order.append("stored"))
    model.asked = lambda: order.append("asked")
    assert turn.start().wait(5)
    assert order == ["stored", "asked"]


def test_a_bug_in_the_journal_is_carried():
    class Broken(MemoryJournal):
        def seal(self, reply):
            raise ZeroDivisionError

    turn, _ = turn_of([TextDelta("x"), Finished()], Broken())
    assert turn.start().wait(5)
    assert isinstance(turn.error, ZeroDivisionError)


def test_the_loop_is_woken_once_for_a_burst():
    wakes = []
    turn, _ = turn_of([TextDelta("x")] * 50 + [Finished()], changed=lambda: wakes.append(1))
    assert turn.start().wait(5)
    assert len(turn.drain()) == 51
    assert len(wakes) == 2  # the first event, and the end


def test_the_last_word_of_the_server_stands_and_usage_is_not_summed():
    events = [
        Reported(model="a", usage=Usage(1, 1)),
        Reported(request_id="r"),
        Reported(usage=Usage(1, 2)),
        Finished("stop"),
    ]
    turn, _ = turn_of(events)
    assert turn.start().wait(5)
    reply = turn.reply
    assert (reply.reported_model, reply.request_id, reply.usage) == ("a", "r", Usage(1, 2))


def test_a_bug_in_the_model_ends_the_turn_and_is_carried():
    turn, _ = turn_of([TextDelta("x"), ZeroDivisionError("oops")])
    assert turn.start().wait(5)
    assert isinstance(turn.error, ZeroDivisionError)
    assert (turn.reply.text, turn.reply.state) == ("x", "failed")


def test_a_disk_that_recovers_by_the_end_has_lost_nothing():
    journal = MemoryJournal(broken=True)
    script = [TextDelta("a"), TextDelta("b"), ScriptedModel.wait]
    turn, _ = turn_of(script, journal, tick_s=0.001)
    turn.start()
    until(lambda: turn.unsaved)
    journal.broken = False
    turn.stop()
    assert turn.wait(5)
    assert turn.unsaved is None
    assert journal.sealed[0].text == "ab"


def test_stopping_aborts_what_blocks_now_or_later():
    stop, calls = Stop(), []
    with stop.aborting(lambda: calls.append("outer")):
        with stop.aborting(lambda: calls.append("inner")):
            stop.ask()
            stop.ask()
        with stop.aborting(lambda: calls.append("late")):
            pass
    assert calls == ["inner", "late"]
    assert stop.wait(0)


# --- tries -----------------------------------------------------------------------------------------------------------


AT_ONCE = Retries(chance=lambda: 0.0)
BUSY = RateLimited("Busy.", status=429, retry_after=50.0)


def test_a_failure_that_passes_leads_to_another_try():
    turn, model = turn_of([Unreachable("No route.")], retries=AT_ONCE)
    model.script += [[Unreachable("No route.")], [TextDelta("Hi"), Finished()]]
    assert turn.start().wait(5)
    assert (turn.reply.text, turn.reply.state, turn.tries) == ("Hi", "done", 3)
    assert turn.reply.retries == 2
    assert turn.pause is None


def test_after_the_last_try_the_failure_stands():
    turn, model = turn_of([Unreachable("No route.")], retries=AT_ONCE)
    model.script += [[Unreachable("No route.")]] * 5
    assert turn.start().wait(5)
    assert (str(turn.error), turn.reply.state) == ("No route.", "cut")
    assert len(model.requests) == turn.tries == 3


def test_once_anything_came_a_request_is_never_sent_again():
    for first in (Reported(), TextDelta("Half"), Finished()):
        turn, model = turn_of([first, Unreachable("No route.")], retries=AT_ONCE)
        assert turn.start().wait(5)
        assert len(model.requests) == turn.tries == 1


def test_a_reply_that_breaks_is_not_asked_for_again():
    turn, model = turn_of([StreamCut("Broken.")], retries=AT_ONCE)
    assert turn.start().wait(5)
    assert len(model.requests) == 1


def paused(now):
    """A turn that waits before its second try, with a clock of the test."""
    told = threading.Event()
    turn, model = turn_of([BUSY], retries=AT_ONCE, clock=lambda: now[0], changed=told.set)
    turn.start()
    assert told.wait(5)
    return turn, model


def test_a_pause_counts_down_and_stopping_ends_it_as_the_failure_before_it():
    now = [100.0]
    turn, model = paused(now)
    assert turn.doing == "retrying in 50 s: Busy."
    now[0] = 147.5
    assert turn.doing == "retrying in 3 s: Busy."
    turn.stop()
    assert turn.wait(5)
    assert (turn.error, turn.reply.state, turn.reply.error) == (BUSY, "failed", "Busy.")
    assert len(model.requests) == turn.tries == 1


def test_stopping_the_try_after_a_pause_is_stopping_a_reply():
    turn, model = turn_of([Unreachable("No route.")], retries=AT_ONCE)
    model.script.append([model.wait])
    turn.start()
    assert model.hanging.wait(5)
    turn.stop()
    assert turn.wait(5)
    assert (turn.reply.state, turn.error, turn.tries) == ("stopped", None, 2)


# --- another model ---------------------------------------------------------------------------------------------------

GONE = ModelNotFound("There is no m.", status=404)


def asked_of(*scripts, **options):
    """A turn with two models to fall back on, that has ended, and which models were asked."""
    turn, model = turn_of(scripts[0], fallback=[Request("n", ()), Request("o", ())], **options)
    model.script += scripts[1:]
    assert turn.start().wait(5)
    return turn, [request.model for request in model.requests]


def test_the_next_model_answers_where_one_is_gone_or_busy():
    turn, asked = asked_of([GONE], [BUSY], [TextDelta("Hi"), Finished()])
    assert asked == ["m", "n", "o"]
    assert (turn.reply.text, turn.reply.state, turn.reply.model) == ("Hi", "done", "o")
    assert [one.told for one in turn.passed] == [
        "There is no m. n is asked instead of m.",
        "Busy. o is asked instead of n.",
    ]


def test_one_that_is_busy_is_asked_again_before_another_is():
    soon = RateLimited("Busy.", status=429)
    retries = Retries(1, chance=lambda: 0.0)
    turn, asked = asked_of([soon], [soon], [soon], [Finished()], retries=retries)
    assert asked == ["m", "m", "n", "n"]
    assert turn.tries == 4


def test_when_none_answers_the_last_refusal_is_told():
    turn, asked = asked_of([GONE], [BUSY], [GONE])
    assert asked == ["m", "n", "o"]
    assert turn.error is GONE
    assert turn.reply.state == "failed"


@pytest.mark.parametrize(
    "failure",
    [
        Unreachable("No way."),
        StreamCut("No answer."),
        BadRequest("Too long.", status=400),
        AccessError("No key.", status=401),
        ServerTrouble("Failed in the stream."),
    ],
)
def test_no_other_failure_is_a_matter_of_the_model(failure):
    turn, asked = asked_of([failure])
    assert (asked, turn.passed) == (["m"], [])


def test_what_one_model_has_begun_no_other_goes_on_with():
    turn, asked = asked_of([TextDelta("Ha"), BUSY])
    assert (asked, turn.reply.text, turn.reply.model) == (["m"], "Ha", "")


@pytest.mark.parametrize(("reported", "paid"), [("", "n"), ("z", "z")])
def test_what_counts_is_the_price_of_the_model_that_was_asked_or_that_reports_itself(
    reported, paid
):
    prices = {"n": 1.0, "z": 2.0}
    turn, _ = asked_of(
        [GONE],
        [TextDelta("Hi"), Reported(model=reported, usage=Usage(1, 1)), Finished()],
        priced=lambda name, usage: replace(usage, cost=prices[name]),
    )
    assert turn.reply.usage.cost == prices[paid]


def test_a_reply_that_another_model_goes_on_with_costs_what_that_one_does():
    begun = Message("r", "assistant", "Half", state="streaming", model="old")
    model = ScriptedModel()
    model.script.append([TextDelta(" more"), Reported(usage=Usage(1, 1)), Finished()])
    turn = Turn(
        model,
        MemoryJournal(),
        Request("new", ()),
        begun,
        priced=lambda name, usage: replace(usage, cost={"old": 1.0, "new": 2.0}[name]),
    )
    assert turn.start().wait(5)
    assert turn.reply.usage == Usage(1, 1, cost=2.0)


def test_a_turn_that_is_stopped_asks_nobody_else():
    soon = RateLimited("Busy.", status=429, retry_after=30.0)
    turn, model = turn_of([soon], fallback=[Request("n", ())], retries=Retries())
    turn.start()
    until(lambda: turn.pause)
    turn.stop()
    assert turn.wait(5)
    assert len(model.requests) == 1


def by_the_thousand(name, usage):
    """A dollar for a thousand tokens, in or out."""
    return replace(usage, cost=(usage.prompt_tokens + usage.completion_tokens) / 1_000)


@pytest.mark.parametrize("end", [TimedOut("Silence."), ServerTrouble("Out of memory.")])
def test_what_was_heard_of_a_reply_that_broke_off_is_paid_for_as_estimated(end):
    request = Request("m", (PromptMessage("user", "x" * 4_000),))
    model = ScriptedModel()
    model.script.append([ReasoningDelta("y" * 1_000), TextDelta("é" * 500), end])
    reply = Message("r", "assistant", "", state="streaming")
    turn = Turn(model, MemoryJournal(), request, reply, priced=by_the_thousand)
    assert turn.start().wait(5)
    assert turn.reply.usage == Usage(cost=1.5, estimated=True)


def test_nothing_is_estimated_where_nothing_was_heard_no_price_is_known_or_the_server_has_said_it():
    def usage(script, **options):
        turn, _ = turn_of(script, **options)
        assert turn.start().wait(5)
        return turn.reply.usage

    gone = StreamCut("Gone.")
    assert usage([gone], priced=by_the_thousand) is None
    assert usage([TextDelta("Half"), gone]) is None
    told = Usage(1, 1, cost=0.25)
    assert usage([TextDelta("Half"), Reported(usage=told), gone]) == told
