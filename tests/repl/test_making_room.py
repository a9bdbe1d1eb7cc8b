"""When a message does not fit: each way out as it is chosen, or configured, on a real store; and what the model is sent then."""

from dataclasses import replace

import pytest

from deepchat import room
from deepchat.conversation import Finished, ModelInfo, Reported, TextDelta, Usage
from deepchat.errors import TooLong
from tests.repl.test_turn_commands import marks, say, sent, stored

FULL = TooLong("The server finds the conversation too long for this model (400).")
LONG = "word " * 160  # 200 tokens


@pytest.fixture
def full(bench):
    """A chat of three exchanges of about 210 tokens each, with a model that takes 800."""
    bench.shelf.seen = [
        ModelInfo("lab/good", context_length=800),
        ModelInfo("lab/vast", context_length=90_000, input_price=0.5),
        ModelInfo("lab/small", context_length=100),
    ]
    for number, text in enumerate(("one", "two", "three"), start=1):
        say(bench, f"{text} {LONG}".strip(), f"{number}.")
    bench.model.requests.clear()
    return bench


def configured(bench, overflow):
    bench.repl._room._house = replace(bench.house, overflow=overflow)


def choose(bench, label, line=LONG):
    """Type what does not fit, and go this way; what was printed."""
    bench.paper.take = lambda picking: next(
        one.value for one in picking.find("") if one.label.startswith(label)
    )
    return bench.type(line)


def firsts(bench):
    """The first words of what was sent last."""
    return [text.split()[0] for text in sent(bench)]


def test_all_ways_are_offered_and_nothing_is_sent_meanwhile(full):
    shown = full.type(LONG)
    assert "it would be ~807 tokens, and lab/good takes 800." in shown
    assert full.paper.offered == [
        "Leave out the oldest 2 questions",
        "Summarise what was said",
        "Ask lab/vast",
        "Send it as it is",
        "Do not send it",
    ]
    assert full.model.requests == []
    assert full.paper.draft.strip() == LONG.strip()
    assert len(stored(full).path()) == 6


def test_what_fits_is_sent_without_a_question(full):
    say(full, "four", "4.")
    assert full.paper.picking == ""
    assert len(sent(full)) == 7


def test_the_oldest_are_left_out_and_it_is_said_which(full):
    full.model.script.append([TextDelta("4."), Finished("stop")])
    shown = choose(full, "Leave out")
    assert "Not sent any more: 1 to 2, “one word" in shown
    assert firsts(full) == ["three", "3.", "word"]
    assert "out" in full.type("/context")
    assert "1 · out" in full.type("/history")
    path = stored(full).path()
    assert path[-1].after == path[2].id
    assert "2 questions will be sent again." in full.type("/untrim")
    full.shelf.seen = []
    say(full, "five", "5.")
    assert firsts(full)[:2] == ["one", "1."]


def test_what_is_pinned_is_not_left_out(full):
    full.type("/pin 1")
    full.model.script.append([TextDelta("4."), Finished("stop")])
    assert "Not sent any more: 2 to 3" in choose(full, "Leave out")
    assert firsts(full) == ["one", "1.", "word"]


def test_a_summary_comes_first_and_is_sent_in_place_of_what_it_tells(full):
    full.model.script += [
        [TextDelta("All of it."), Reported("", "", Usage(640, 5)), Finished("stop")],
        [TextDelta("4."), Finished("stop")],
    ]
    shown = choose(full, "Summarise")
    first, second = full.model.requests
    assert first.messages[-1].text == room.SUMMARISE
    assert [one.text.split()[0] for one in first.messages][:2] == ["one", "1."]
    assert [one.text for one in second.messages] == [room.SUMMARISE, "All of it.", LONG]
    assert "This is sent in place of what it summarises" in shown
    assert [one.mark for one in stored(full).path() if one.role == "user"] == [
        "",
        "",
        "",
        "summary",
        "",
    ]
    assert "summarised" in full.type("/context")
    full.type("/uncompact")
    full.shelf.seen = []
    say(full, "five", "5.")
    assert firsts(full) == ["one", "1.", "two", "2.", "three", "3.", "word", "4.", "five"]


def test_another_model_is_asked(full):
    full.model.script.append([TextDelta("4."), Finished("stop")])
    assert "lab/vast answers from now on." in choose(full, "Ask lab/vast")
    assert full.model.requests[-1].model == "lab/vast"
    assert len(sent(full)) == 7


def test_it_is_sent_as_it_is_when_the_user_knows_better(full):
    full.model.script.append([TextDelta("4."), Finished("stop")])
    choose(full, "Send it")
    assert len(sent(full)) == 7


def test_who_would_rather_not_has_the_message_back(full):
    choose(full, "Do not")
    assert full.model.requests == []
    assert full.paper.draft.strip() == LONG.strip()
    assert full.repl.queue == []


@pytest.mark.parametrize(
    ("overflow", "says", "asked"),
    [
        ("trim", "Not sent any more: 1 to 2", ["three", "3.", "word"]),
        ("compact", "A summary comes first:", ["Summarise", "4.", "word"]),
        (
            "larger",
            "lab/vast answers from now on.",
            ["one", "1.", "two", "2.", "three", "3.", "word"],
        ),
    ],
)
def test_what_is_configured_is_done_and_said(full, overflow, says, asked):
    configured(full, overflow)
    full.model.script += [[TextDelta("4."), Finished("stop")], [TextDelta("5."), Finished("stop")]]
    shown = full.type(LONG)
    assert "it would be ~807 tokens" in shown
    assert says in shown
    assert firsts(full) == asked


def test_after_a_refusal_enter_offers_the_ways_whatever_our_count_says(bench):
    say(bench, "one", "1.")
    bench.model.script.append([FULL])
    assert "Enter offers ways to make room." in bench.type("two")
    assert bench.paper.draft == "two"
    bench.model.script.append([TextDelta("2."), Finished("stop")])
    shown = choose(bench, "Leave out", "two")
    assert "too much for lab/good" in shown
    assert sent(bench) == ["two"]


def test_after_a_refusal_what_is_configured_is_done_at_once_and_it_comes_to_an_end(bench):
    configured(bench, "trim")
    for number in range(8):
        say(bench, f"{number} {LONG}", "Yes.")
    bench.model.requests.clear()
    bench.model.script += [[FULL]] * 9
    bench.type("last")
    assert 2 <= len(bench.model.requests) < 9
    sizes = [len(request.messages) for request in bench.model.requests]
    assert sizes == sorted(sizes, reverse=True)
    assert bench.paper.draft == "last"


def test_the_window_that_the_server_names_is_known_from_then_on(bench):
    refusal = TooLong("Too long.")
    refusal.limit = 500
    bench.model.script.append([refusal])
    bench.type("one")
    assert "500" in bench.type("/context")


def test_a_refusal_that_was_too_careful_is_forgotten(bench):
    say(bench, "one", "1.")
    bench.model.script.append([FULL])
    bench.type("two")
    assert bench.chat.limit() is not None
    bench.model.script.append([TextDelta("2."), Reported("", "", Usage(900, 5)), Finished("stop")])
    choose(bench, "Send it", "two")
    assert bench.chat.limit() is None


def test_a_queued_message_that_does_not_fit_any_more_returns(full):
    full.model.script.append([TextDelta("4"), full.model.wait])
    full.type("four")
    full.type(LONG)
    full.model.hanging.clear()
    full.chat.turn.stop()
    full.settle()
    assert full.paper.draft.strip().endswith(LONG.strip())
    full.paper.draft = ""


def test_a_queued_message_whose_turn_has_come_and_that_does_not_fit_is_not_sent(full):
    full.model.script.append([TextDelta("4"), full.model.wait, Finished("stop")])
    full.type("four")
    full.type(LONG)
    full.model.hanging.clear()
    full.chat.turn._stop._asked.set()  # the reply goes on, and is complete
    full.settle()
    assert len(full.model.requests) == 1


# --- the commands ------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(bench):
    for number, text in enumerate(("one", "two", "three"), start=1):
        say(bench, text, f"{number}.")
    return bench


def test_a_summary_is_asked_for_with_what_matters_most_and_pinned_ones_go_beside_it(three):
    three.type("/pin 2")
    shown = say(three, "/compact the numbers", "All.")
    assert sent(three)[-1].endswith("What matters most: the numbers")
    assert "All." in shown
    say(three, "four", "4.")
    assert sent(three)[:2] == ["two", "2."]
    assert sent(three)[3:] == ["All.", "four"]


def test_undo_brings_back_what_a_summary_stands_for(three):
    say(three, "/compact", "All.")
    three.type("/undo")
    three.paper.draft = ""
    say(three, "four", "4.")
    assert sent(three) == ["one", "1.", "two", "2.", "three", "3.", "four"]


def test_retry_asks_for_another_summary(three):
    say(three, "/compact", "All.")
    say(three, "/retry", "Everything.")
    assert sent(three)[:2] == ["one", "1."]
    say(three, "four", "4.")
    assert sent(three)[1:] == ["Everything.", "four"]


@pytest.mark.parametrize("half", [[Finished("length")], [TooLong("Too long.")]])
def test_half_a_summary_changes_nothing(three, half):
    three.model.script.append([TextDelta("Al"), *half])
    three.type("/compact")
    three.paper.draft = ""
    say(three, "four", "4.")
    assert sent(three) == ["one", "1.", "two", "2.", "three", "3.", "four"]
    assert marks(three) == ["", "", "", ""]


def test_a_stopped_summary_changes_nothing(three):
    three.model.script.append([TextDelta("Al"), three.model.wait])
    three.type("/compact")
    three.model.hanging.clear()
    three.chat.turn.stop()
    three.settle()
    assert [message.text for message in stored(three).path()][-1] == "3."
    assert three.paper.draft == ""


def test_a_summary_of_too_much_is_asked_for_cut(three):
    three.shelf.seen = [ModelInfo("lab/good", context_length=900)]
    three.model.script.append([TextDelta("4."), Finished("stop")])
    choose(three, "Send it", "word " * 4000)
    say(three, "/compact", "All.")
    cut = [text for text in sent(three) if "characters are left out here" in text]
    assert len(cut) == 1
    assert sum(map(room.size, three.model.requests[-1].messages)) <= 810


def test_a_summary_of_what_the_server_finds_too_long_is_asked_for_cut_shorter_each_time(three):
    say(three, "word " * 400, "4.")
    refusal = TooLong("Too long.")
    refusal.limit = 400
    three.model.requests.clear()
    three.model.script += [[refusal], [refusal], [TextDelta("All."), Finished("stop")]]
    three.type("/compact")
    sizes = [sum(map(room.size, request.messages)) for request in three.model.requests]
    assert sizes[0] > 500
    assert sizes[1] <= 300
    assert sizes[2] < sizes[1]
    assert marks(three)[-1] == "summary"


def test_what_cannot_be_cut_any_more_is_not_asked_for_for_ever(three):
    three.model.requests.clear()
    three.model.script += [[FULL]] * 9
    assert "/compact and /trim make room." in three.type("/compact")
    assert len(three.model.requests) < 9
    assert marks(three) == ["", "", ""]


def test_a_summary_is_not_asked_for_with_parameters_of_answers(three):
    three.chat.set_parameter("max_tokens", 5)
    three.chat.set_parameter("temperature", 0.5)
    say(three, "/compact", "All.")
    assert three.model.requests[-1].parameters == {"temperature": 0.5}
    say(three, "four", "4.")
    assert three.model.requests[-1].parameters == {"temperature": 0.5, "max_tokens": 5}


def test_a_summary_is_neither_muted_nor_gone_on_with(three):
    say(three, "/compact", "All.")
    assert "/uncompact sends that again" in three.type("/mute 4")
    assert "There is nothing to summarise yet." in three.type("/compact")
    assert "The last reply is complete" in three.type("/continue")


def test_so_many_of_the_oldest_are_left_out_by_hand(three):
    assert "Not sent any more: 1, “one”, ~" in three.type("/trim 1")
    say(three, "four", "4.")
    assert sent(three) == ["two", "2.", "three", "3.", "four"]
    three.type("/trim 2")
    say(three, "five", "5.")
    assert sent(three) == ["four", "4.", "five"]
    assert "3 questions will be sent again." in three.type("/untrim")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("/trim", "from 1 to 3"), ("/trim 4", "from 1 to 3"), ("/trim x", "from 1 to 3"), ("/trim 0", "from 1 to 3"),
        ("/untrim", "Nothing is left out here."), ("/uncompact", "Nothing is summarised here."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(three, command, says):
    assert says in three.type(command)
    assert not three.bugs


@pytest.mark.parametrize("command", ["/trim 1", "/compact"])
def test_in_an_empty_chat_there_is_nothing_to_leave_out(bench, command):
    assert "There is nothing to" in bench.type(command)


def test_a_fork_is_sent_the_same(three):
    three.type("/trim 1")
    say(three, "four", "4.")
    three.type("/fork")
    say(three, "five", "5.")
    assert sent(three)[0] == "two"
    path = stored(three).path()
    assert path[7].after == path[0].id


def test_beyond_the_budget_no_summary_is_asked_for_and_the_message_returns(full):
    configured(full, "compact")
    full.chat.purse.set("session", 0.5)
    full.chat.conversation = full.chat.conversation.add(
        replace(full.chat.conversation.last("assistant"), usage=Usage(4, 4, cost=0.5))
    )
    shown = full.type(LONG)
    assert "Not sent: $0.50 was spent on this chat, and the budget is $0.50." in shown
    assert full.paper.draft.strip() == LONG.strip()
    assert (full.model.requests, full.repl.queue) == ([], [])
