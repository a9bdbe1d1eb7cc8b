"""Several models, one question, as typed: what is asked, what stands there, and what the chat goes on with."""

import asyncio

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from deepchat.conversation import (
    Attachment,
    Finished,
    ModelInfo,
    ReasoningDelta,
    Reported,
    TextDelta,
    Usage,
)
from deepchat.errors import ServerTrouble
from deepchat.repl.commands.table import COMMANDS
from deepchat.repl.completion import CommandCompleter
from tests.repl.test_tree_commands import sent, stored


def answer(text, cost=0.25):
    return [
        ReasoningDelta("Hm."),
        TextDelta(text),
        Reported("", "r1", Usage(7, 3, cost=cost)),
        Finished("stop"),
    ]


@pytest.fixture
def three(bench):
    """Models a, x and c, of which x is down."""
    bench.shelf.models += [ModelInfo(name) for name in "axc"]
    bench.model.scripts = {
        "a": [answer("From **a**.")],
        "x": [[ServerTrouble("x is down.")]],
        "c": [answer("From c.", 0.5)],
    }
    return bench


def asked(bench):
    return sorted(request.model for request in bench.model.requests)


@pytest.mark.parametrize("width", [50, 140])
def test_each_reply_stands_there_whole_under_its_model_and_what_it_took_in_a_table(three, width):
    three.paper.width = width
    shown = three.type("/compare a x c -- Which one?")
    assert asked(three) == ["a", "c", "x"]
    places = [shown.index(text) for text in ("Which one?", "1 · a", "From a.", "2 · x", "x is down.", "3 · c", "From c.")]  # fmt: skip
    assert places == sorted(places)
    table = shown[shown.rindex("From c.") :]
    for fact in ("$0.25", "$0.50", "first token", "x is down."):
        assert fact in table
    assert three.paper.live == ""
    assert not three.bugs


def test_replies_arrive_side_by_side_where_there_is_room(three):
    three.paper.width = 140
    frames = []
    draw = three.paper.frame

    def framed(commit, live):
        frames.append(live)
        draw(commit, live)

    three.paper.frame = framed
    three.model.scripts["a"] = [[TextDelta("From a.\n\nMore"), three.model.wait]]

    async def stopped_soon():
        command = asyncio.ensure_future(three.repl.enter("/compare a x c -- Which one?"))
        while not any("From a." in frame and "down" in frame for frame in frames):
            await asyncio.sleep(0.01)
        three.repl.interrupt()
        await command

    asyncio.run(stopped_soon())
    beside = next(frame for frame in frames if "From a." in frame and "down" in frame)
    names, states, texts, *_ = beside.split("\n")
    assert [name.strip() for name in names.split("│")] == ["a", "x", "c"]
    assert "receiving" in states
    assert "failed after" in states
    assert all(len(row) < 140 for row in beside.split("\n"))
    assert texts.index("From a.") < texts.index("x is down.")


@pytest.mark.parametrize("width", [50, 140])
def test_the_one_that_is_chosen_is_sent_from_then_on_and_the_others_are_kept_beside_it(
    three, width
):
    three.paper.width = width
    three.paper.choice = "3 · c"
    shown = three.type("/compare a x c -- Which one?")
    assert three.paper.offered == ["1 · a", "3 · c"]
    assert "It goes on with the answer of 3 · c" in shown
    assert "/model c" in shown
    assert stored(three) == ["Which one?", "From c."]
    assert "‹2/2›" in three.repl.status(80)
    three.model.script.append(answer("Sure."))
    three.type("Really?")
    assert sent(three) == ["Which one?", "From c.", "Really?"]
    assert three.model.requests[-1].model == "lab/good"
    assert "From a." in three.type("/prev 1")


def test_a_number_chooses_among_names_that_hold_one(bench):
    bench.shelf.models += [ModelInfo("lab/2"), ModelInfo("lab/two")]
    bench.model.scripts = {"lab/2": [answer("A.")], "lab/two": [answer("B.")]}
    bench.paper.filter, bench.paper.choice = "2", "2 · lab/two"
    bench.type("/compare lab/2 lab/two -- Which?")
    assert bench.paper.offered == ["2 · lab/two"]
    assert stored(bench) == ["Which?", "B."]


def test_without_words_the_last_question_is_asked_and_without_a_choice_its_answer_stays(three):
    three.model.script.append(answer("Before."))
    three.type("Which one?")
    shown = three.type("/compare a c")
    assert "It goes on with the answer that was there" in shown
    assert stored(three) == ["Which one?", "Before."]
    assert "‹1/3›" in three.repl.status(80)
    assert "From a." in three.type("/next")


def test_aliases_are_models_too_and_what_is_attached_goes_along(bench):
    bench.repl.tray.add([Attachment("a.py", "text/plain", b"a = 1\n")])
    bench.model.scripts = {"lab/good": [answer("A.")], "lab/better": [answer("B.")]}
    bench.type("/compare lab/good b -- Look:\n-- this -- that")
    assert asked(bench) == ["lab/better", "lab/good"]
    assert sent(bench) == ["a.py:\n```\na = 1\n```\n\nLook:\n-- this -- that"]


@pytest.mark.parametrize(
    "line",
    [
        "/compare",
        "/compare a",
        "/compare a -- Why?",
        "/compare a x a x a x a x a",
        "/compare a nowhere -- Why?",
        "/compare a x",
        "/compare -- a x",
    ],
)
def test_what_cannot_be_compared_is_said_and_nothing_is_asked(three, line):
    assert three.type(line).startswith("Error: ")
    assert not asked(three)
    assert not three.bugs


def test_the_only_answer_needs_no_choice(three):
    shown = three.type("/compare a x -- Which one?")
    assert not three.paper.picking
    assert "It goes on with the answer of 1 · a. lab/good answers" in shown
    assert stored(three) == ["Which one?", "From **a**."]


def test_when_all_fail_the_question_returns(three):
    three.model.scripts["a"] = [[ServerTrouble("a is down.")]]
    three.type("/compare a x -- Which one?")
    assert three.paper.draft == "Which one?"
    assert not three.paper.picking


def test_ctrl_c_stops_what_is_on_its_way_and_what_came_can_be_chosen(three):
    three.model.scripts["a"] = [[TextDelta("Half"), three.model.wait]]
    three.paper.choice = "1 · a"

    async def stopped():
        command = asyncio.ensure_future(three.repl.enter("/compare a c -- Which one?"))
        while not three.model.hanging.is_set():
            await asyncio.sleep(0.01)
        assert three.repl.busy
        command.cancel()  # as Ctrl-C does in plain mode
        await command

    asyncio.run(stopped())
    assert stored(three) == ["Which one?", "Half"]
    assert "stopped" in three.paper.printed


def test_what_is_typed_meanwhile_waits_until_one_is_chosen(three):
    three.model.scripts["a"] = [[TextDelta("Half"), three.model.wait]]
    three.model.script.append(answer("Then."))
    three.paper.choice = "3 · c"

    async def asked_meanwhile():
        command = asyncio.ensure_future(three.repl.enter("/compare a x c -- Which one?"))
        while not three.model.hanging.is_set():
            await asyncio.sleep(0.01)
        three.repl.enter("And then?")
        assert len(three.repl.queue) == 1
        three.chat.stop()
        await command

    asyncio.run(asked_meanwhile())
    three.settle()
    assert stored(three) == ["Which one?", "From c.", "And then?", "Then."]


@pytest.mark.parametrize("width", [50, 140])
def test_leaving_stops_all_and_keeps_what_came(three, width):
    three.paper.width = width
    three.model.scripts["a"] = [[TextDelta("Half"), three.model.wait]]

    async def left():
        command = asyncio.ensure_future(three.repl.enter("/compare a x c -- Which one?"))
        while not three.model.hanging.is_set():
            await asyncio.sleep(0.01)
        three.repl.leave()
        command.cancel()
        with pytest.raises(asyncio.CancelledError):
            await command

    asyncio.run(left())
    assert stored(three) == ["Which one?", "Half"]


def test_a_stored_comparison_draws_hostile_names_as_text(bench):
    names = ["lab/\x1b[2Jbad", "lab/good"]
    bench.shelf.models = [ModelInfo(name) for name in names]
    bench.model.scripts = {names[0]: [answer("A.")], names[1]: [answer("B.")]}
    assert "\x1b" not in bench.type(f"/compare {names[0]} {names[1]} -- Which?")


def completed(bench, line):
    completer = CommandCompleter(COMMANDS)
    completer.desk = bench.repl.desk
    found = completer.get_completions(Document(line), CompleteEvent())
    return [line[: len(line) + one.start_position] + one.text for one in found]


def test_each_model_is_completed_and_the_question_is_not(bench):
    bench.shelf.refresh()
    assert "/compare lab/good" in completed(bench, "/compare lab/g")
    assert completed(bench, "/compare lab/good bett") == ["/compare lab/good lab/better"]
    assert completed(bench, "/compare lab/good b -- lab") == []
    assert completed(bench, "/replay -m lab/bet") == ["/replay -m lab/better"]
