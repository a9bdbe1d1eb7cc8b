"""Queueing, stopping and leaving."""

from concurrent.futures import Future

from pygments.lexer import Lexer

from deepchat.conversation import Finished, Reported, TextDelta, Usage
from deepchat.render.highlight import lexer_for
from deepchat.repl.needs import Next
from deepchat.repl.showing import BURST
from tests.emulator import bare


def hang(bench, *before):
    bench.model.script.append([*before, bench.model.wait])
    bench.type("First")
    assert bench.model.hanging.wait(5)


def end(bench):
    bench.model.hanging.clear()
    bench.settle()


def test_messages_typed_meanwhile_wait_their_turn(bench):
    bench.model.script.append([TextDelta("One."), Finished("stop")])
    bench.model.script.append([TextDelta("Two."), Finished("stop")])
    bench.repl.enter("First")
    bench.repl.enter("Second")
    assert [waiting.text for waiting in bench.repl.queue] == ["Second"]
    bench.settle()
    assert [request.messages[-1].text for request in bench.model.requests] == ["First", "Second"]


def test_a_queued_message_can_be_taken_back_or_dropped(bench):
    hang(bench)
    bench.repl.enter("Second")
    bench.repl.enter("Third")
    assert bench.repl.sending.take_back()
    assert bench.paper.draft == "Third"
    bench.repl.interrupt()
    assert "Not sent, and in the history" in bench.paper.printed
    assert bench.repl.queue == []
    assert bench.repl.busy
    assert not bench.repl.sending.take_back()
    bench.repl.interrupt()
    end(bench)


def test_what_was_queued_behind_a_stopped_reply_returns(bench):
    hang(bench, TextDelta("Half"))
    bench.repl.enter("Second")
    bench.chat.turn.stop()
    end(bench)
    assert bench.paper.draft == "Second"
    assert len(bench.model.requests) == 1


def test_more_presses_right_after_a_stop_do_not_leave(bench):
    hang(bench)
    assert bench.repl.interrupt() is Next.GO_ON
    end(bench)
    for _ in range(3):
        assert bench.repl.interrupt() is Next.GO_ON
    bench.now = 2
    assert bench.repl.interrupt() is Next.GO_ON
    assert "leaves" in bench.paper.printed
    bench.now = 3
    assert bench.repl.interrupt() is Next.LEAVE


def test_leaving_keeps_the_partial_reply_the_queue_and_the_draft(bench):
    hang(bench, TextDelta("Half"))
    bench.repl.enter("Second")
    bench.paper.draft = "a draft"
    bench.repl.leave()
    [stored] = bench.store.find()
    _, conversation = bench.store.load(stored.id)
    assert [m.text for m in conversation.path()] == ["First", "Half"]
    assert "Second" in [*bench.paper.remembered, bench.paper.draft]
    assert "a draft" in bench.paper.remembered


def test_a_burst_is_drawn_in_steps_so_that_keys_are_answered_between_them(bench):
    words = [f"word{n}\n" for n in range(5_000)]
    bench.model.script.append([TextDelta("".join(words)), Finished("stop")])
    bench.repl.enter("First")
    bench.chat.turn.wait(5)
    steps = []
    while bench.chat.turn:
        before = len(bench.paper.printed)
        bench.repl.pump()
        steps.append(len(bench.paper.printed) - before)
    assert max(steps) <= BURST + len("word0000")
    assert bench.paper.printed.count("word") == len(words)


def test_code_that_comes_before_its_lexer_is_printed_when_that_is_there(bench, monkeypatch):
    python, coming = lexer_for("python"), Future[Lexer]()
    monkeypatch.setattr("deepchat.render.highlight.loading", lambda _: coming)
    bench.model.script.append([TextDelta("```python\nif x:\n```\nEnd"), Finished("stop")])
    bench.repl.enter("First")
    bench.chat.turn.wait(5)
    bench.repl.pump()
    bench.repl.pump()
    assert bench.repl.behind
    assert "if x:" not in bare(bench.paper.printed)
    coming.set_result(python)
    while bench.repl.behind:
        bench.repl.pump()
    assert "if x:\n\nEnd\n" in bare(bench.paper.printed)
    assert not bench.repl.busy


def test_leaving_prints_the_rest_of_a_burst(bench):
    bench.model.script.append([TextDelta("word\n" * 5_000), Finished("stop")])
    bench.repl.enter("First")
    bench.chat.turn.wait(5)
    bench.repl.leave()
    assert bench.paper.printed.count("word") == 5_000


def test_the_status_line_says_what_is_going_on(bench):
    hang(bench)
    bench.repl.enter("Second")
    status = bench.repl.status(80)
    assert "waiting" in status
    assert "queued 1" in status
    assert "lab/good" in status
    bench.repl.leave()


def test_the_status_line_says_how_full_the_window_is_and_what_it_cost(bench):
    usage = Usage(prompt_tokens=10_000, completion_tokens=6_000, reasoning_tokens=384, cost=0.25)
    bench.model.script.append([TextDelta("Blue."), Reported(usage=usage)])
    bench.shelf.refresh()
    bench.type("Which colour?")
    assert bench.repl.status(80) == "lab/good, 12%, $0.25, Which colour?\n"


def test_a_command_that_takes_its_time_is_on_the_status_line_from_its_beginning_to_its_end(bench):
    shown = []
    bench.paper.refresh = lambda: shown.append(bench.repl.doing)
    bench.type("/models")
    assert shown[0] == "/models is working"
    assert shown[-1] == ""
