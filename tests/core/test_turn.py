"""A turn's thread, its journal ticks, and the stop flag."""

from deepchat.conversation import Finished, Message, Reported, Request, TextDelta, Usage
from deepchat.turn import TICK_S, Stop, Turn
from tests.core.fakes import MemoryJournal, ScriptedModel


def turn_of(script, journal=None, **options):
    model = ScriptedModel()
    model.script.append(script)
    reply = Message("r", "assistant", "", state="streaming")
    return Turn(model, journal or MemoryJournal(), Request("m", ()), reply, **options), model


class Clock:
    """Time that passes a given amount at each look."""

    def __init__(self, step):
        self.now, self.step = 0.0, step

    def __call__(self):
        self.now += self.step
        return self.now


def test_pieces_are_journalled_a_tick_apart_and_never_twice():
    journal = MemoryJournal()
    turn, _ = turn_of(
        [TextDelta(c) for c in "abcdef"] + [Finished()], journal, clock=Clock(TICK_S / 2)
    )
    assert turn.start().wait(5)
    told = "".join(text for text, _ in journal.pieces)
    assert "abcdef".startswith(told)
    assert 1 < len(journal.pieces) < 6
    assert journal.sealed[0].text == "abcdef"


def test_a_pause_in_the_stream_is_kept_by_the_tick():
    journal = MemoryJournal()
    clock = Clock(0)
    turn, model = turn_of([TextDelta("abc"), ScriptedModel.wait], journal, clock=clock)
    turn.start()
    assert model.hanging.wait(5)
    turn.tick()
    assert journal.pieces == []
    clock.now += TICK_S
    turn.tick()
    turn.tick()
    assert journal.pieces == [("abc", "")]
    turn.stop()
    assert turn.wait(5)


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
    turn, model = turn_of(
        [TextDelta("a"), ScriptedModel.wait, TextDelta("b"), Finished()], journal, clock=Clock(1)
    )
    turn.start()
    assert model.hanging.wait(5)
    assert turn.unsaved
    journal.broken = False
    turn.stop()
    assert turn.wait(5)
    assert turn.unsaved is None
    assert journal.sealed[0].text.startswith("a")


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
