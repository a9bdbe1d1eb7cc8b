"""Commands about single turns, as typed, on a real store: what is left out, and what the model then sees."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat import branches, standing
from deepchat.chat import Chat, asked_for
from deepchat.conversation import (
    Attachment,
    Finished,
    ModelInfo,
    Reported,
    Session,
    TextDelta,
    Usage,
)
from deepchat.errors import BadRequest, RateLimited, UsageError
from deepchat.render.codes import code_blocks
from deepchat.repl.commands.table import COMMANDS
from deepchat.transfer.export import exported
from deepchat.transfer.selection import Wanted
from tests.core.fakes import Listener, MemoryJournal, ScriptedModel


def say(bench, line, answered, usage=None):
    bench.model.script.append([TextDelta(answered), Reported("", "", usage), Finished("stop")])
    return bench.type(line)


@pytest.fixture
def three(bench):
    """A chat of three exchanges: one → 1., two → 2., three → 3."""
    for number, text in enumerate(("one", "two", "three"), start=1):
        say(bench, text, f"{number}.")
    return bench


def sent(bench):
    return [message.text for message in bench.model.requests[-1].messages]


def stored(bench):
    """As the next process would find it."""
    _, conversation = bench.store.load(bench.chat.session.id)
    assert conversation == bench.chat.conversation
    return conversation


def marks(bench):
    return [message.mark for message in stored(bench).path() if message.role == "user"]


def test_what_is_muted_is_not_sent_and_stays_readable(three):
    assert "Question 2 and its answer are not sent." in three.type("/mute 2")
    assert marks(three) == ["", "muted", ""]
    say(three, "four", "4.")
    assert sent(three) == ["one", "1.", "three", "3.", "four"]
    assert "2 · muted\nYou: two" in three.type("/history")
    assert "muted" in three.type("/context")
    assert "are sent again" in three.type("/unmute 2")
    say(three, "five", "5.")
    assert sent(three)[:4] == ["one", "1.", "two", "2."]


def test_without_a_number_it_is_the_last_one(three):
    three.type("/mute")
    assert marks(three) == ["", "", "muted"]
    three.type("/unmute")
    assert marks(three) == ["", "", ""]


def test_a_muted_question_is_not_asked_again_nor_its_answer_gone_on_with(three):
    three.type("/mute")
    for command in ("/retry", "/continue"):
        asked = len(three.model.requests)
        shown = three.type(command)
        assert "muted" in shown or "complete" in shown
        assert len(three.model.requests) == asked


def test_what_is_pinned_is_shown_and_taken_back(three):
    three.type("/pin 1")
    assert marks(three) == ["pinned", "", ""]
    rows = [line.split() for line in three.type("/context").splitlines()]
    assert ["1", "one", "~1", "~1", "pinned"] in rows
    assert "not pinned any more" in three.type("/unpin 1")
    assert marks(three) == ["", "", ""]
    assert "Question 1 is not pinned." in three.type("/unpin 1")
    assert "Question 1 is not muted." in three.type("/unmute 1")
    assert "no question 9" in three.type("/mute 9")


def test_pinned_and_muted_are_one_or_the_other(three):
    three.type("/pin 1")
    three.type("/mute 1")
    three.type("/pin 2")
    assert marks(three) == ["muted", "pinned", ""]


def test_another_answer_in_a_place_is_muted_like_the_first(three):
    three.model.script.append([TextDelta("3!"), Finished("stop")])
    three.type("/retry")
    three.type("/mute 3")
    three.type("/prev 3")
    say(three, "four", "4.")
    assert sent(three) == ["one", "1.", "two", "2.", "four"]


def test_a_fork_keeps_what_is_muted_and_what_answers_were_asked_without(three):
    three.type("/mute 1")
    say(three, "four", "4.", Usage(10, 2))
    three.type("/fork")
    assert marks(three) == ["muted", "", "", ""]
    path = stored(three).path()
    assert path[-1].exceptions == (path[0].id,)


def test_the_room_that_is_left_is_estimated_anew_when_something_is_muted(three):
    three.shelf.seen = [ModelInfo("lab/good", context_length=1000)]
    say(three, "four", "4.", Usage(398, 2))
    assert "40%" in three.repl.status(80)
    three.type("/mute 1")
    assert "40%" not in three.repl.status(80)
    assert "~" in three.type("/context").splitlines()[-2]
    three.type("/unmute 1")
    assert "40%" in three.repl.status(80)


def test_tab_offers_what_a_command_can_undo(three):
    three.type("/mute 2")
    three.type("/pin 3")
    offered = {
        command.name: [one.value for one in command.candidates(three.repl.desk)]
        for command in COMMANDS
        if command.candidates and command.name in ("/mute", "/unmute", "/unpin")
    }
    assert offered == {"/mute": ["1", "2", "3"], "/unmute": ["2"], "/unpin": ["3"]}


def test_nothing_is_muted_while_a_reply_is_on_its_way(bench):
    say(bench, "one", "1.")
    bench.model.script.append([TextDelta("2"), bench.model.wait])
    bench.type("two")
    assert "still on its way" in bench.type("/mute 1")
    bench.chat.turn.stop()
    bench.model.hanging.clear()
    bench.settle()
    assert marks(bench) == ["", ""]


@pytest.mark.parametrize("command", ["/mute", "/unmute", "/pin", "/unpin", "/sent"])
def test_in_an_empty_chat_there_is_nothing_of_it(bench, command):
    assert bench.type(command).startswith("Error: ")
    assert not bench.bugs


def test_the_request_behind_each_answer_is_the_one_that_was_sent(three):
    chat = three.chat
    three.type("/mute 2")
    three.type("/system Be kind.")
    chat.set_parameter("temperature", 0.5)
    three.repl.tray.add([Attachment("a.py", "text/plain", b"a = 1\n")])
    say(three, "four", "4.")
    three.type("/system Be brief.")
    three.type("/unmute 2")
    three.type("/mute 1")
    three.model.script.append([TextDelta("4!"), Finished("stop")])
    three.type("/retry in verse -m lab/better --set temperature=2")
    three.model.script.append([TextDelta("5."), Finished("stop")])
    three.type("five")
    replies = [m for m in stored(three).messages.values() if m.role == "assistant"]
    assert len(replies) == len(three.model.requests) == 6
    for reply, request in zip(replies, three.model.requests, strict=True):
        found = asked_for(stored(three), reply)
        assert (found.model, found.messages) == (request.model, request.messages)
        assert found.parameters == request.parameters


def test_what_was_sent_is_shown_with_what_is_not_known(three):
    three.type("/system Be \x1b[31mkind.")
    three.repl.tray.add([Attachment("a.png", "image/png", b"\x89PNG")])
    say(three, "four", "4.")
    three.type("/set temperature 0.5")
    shown = three.type("/sent 4")
    assert "temperature" not in shown
    assert "lab/good" in shown
    assert "1 · system\nBe ␛[31mkind.\n\n2 · user\none\n\n3 · assistant\n1.\n\n" in shown
    assert "8 · user\nfour\n[a.png · 4 B]\n\n" in shown
    assert "the pictures, or only their names, is not stored" in shown
    say(three, "five", "5.")
    assert "temperature   0.5" in three.type("/sent")
    assert "3 · assistant" not in three.type("/sent 1")
    assert "no question 9" in three.type("/sent 9")


# --- another answer, asked for otherwise ---------------------------------------------------------------------------------


def again(bench, line, answered="Again."):
    bench.model.script.append([TextDelta(answered), Finished("stop")])
    return bench.type(line)


def test_a_hint_goes_along_with_the_question_once(three):
    again(three, "/retry in verse,\n  please")
    assert sent(three)[-1] == "three\n\nin verse,\n  please"
    path = stored(three).path()
    assert (path[-2].text, path[-1].hint) == ("three", "in verse,\n  please")
    assert "hint          in verse,\n                please" in three.type("/info")
    assert "5 · user\nthree\n\nin verse,\n  please\n" in three.type("/sent")
    again(three, "/retry")
    assert sent(three)[-1] == "three"
    again(three, "four")
    assert sent(three)[-3:] == ["three", "Again.", "four"]


def test_a_hint_stands_behind_what_is_attached_to_the_question(bench):
    bench.repl.tray.add([Attachment("a.py", "text/plain", b"a = 1\n")])
    again(bench, "")
    again(bench, "/retry only the first line")
    assert sent(bench) == ["a.py:\n```\na = 1\n```\n\nonly the first line"]


def test_model_and_parameters_may_be_others_for_one_answer(three):
    three.type("/set temperature 1")
    again(three, "/retry -m b --set temperature=0.5")
    request = three.model.requests[-1]
    assert (request.model, request.parameters) == ("lab/better", {"temperature": 0.5})
    reply = stored(three).path()[-1]
    assert (reply.model, reply.parameters, reply.hint) == ("lab/better", {"temperature": 0.5}, "")
    again(three, "four")
    request = three.model.requests[-1]
    assert (request.model, request.parameters) == ("lab/good", {"temperature": 1.0})


def test_all_of_it_at_once_and_words_that_look_like_options(three):
    three.type("/set temperature 1")
    again(three, "/retry --without temperature -m lab/better say it -- with --set in mind")
    request = three.model.requests[-1]
    assert request.messages[-1].text == "three\n\nsay it with --set in mind"
    assert (request.model, request.parameters) == ("lab/better", {})
    assert three.chat.session.parameters == {}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("/retry -m", "-m wants something behind it."),
        ("/retry -m lab/goood", "Did you mean lab/good?"),
        ("/retry --set temperature", "--set wants a name and a value."),
        ("/retry --set nonsense=1", "There is no parameter nonsense."),
        ("/retry --without temperature", "temperature is not set."),
        ("/retry --shorter", "Behind -- everything is hint."),
    ],
)
def test_what_cannot_be_asked_so_is_said_and_nothing_is_sent(three, line, why):
    assert why in three.type(line)
    assert len(three.model.requests) == 3


def test_two_blanks_between_parameters_are_one(three):
    three.chat.set_parameter("top_p", 1)
    three.chat.set_parameter("temperature", 1)
    again(three, "/retry  --without   temperature  top_p")
    assert len(three.model.requests) == 4
    assert three.model.requests[-1].parameters == {}


def test_a_hint_that_looks_like_a_key_goes_out_only_when_it_is_said_twice(three):
    line = "/retry as ghp_" + "a" * 36
    assert "Not sent yet" in three.type(line)
    assert len(three.model.requests) == 3
    again(three, line)
    assert "ghp_" in sent(three)[-1]


def test_what_another_model_began_with_a_hint_goes_on_so(three):
    three.model.script.append([TextDelta("Roses "), Finished("length")])
    three.type("/retry in verse -m lab/better")
    again(three, "/continue", "are red.")
    request = three.model.requests[-1]
    assert request.model == "lab/better"
    assert [message.text for message in request.messages[-2:]] == ["three\n\nin verse", "Roses "]
    assert stored(three).path()[-1].text == "Roses are red."


def test_one_that_stands_by_for_the_model_of_one_answer_goes_on_with_it(three):
    three.chat._fallbacks = ("lab/third",)
    three.model.script += [
        [RateLimited("Busy.", status=429)],
        [TextDelta("Half"), Finished("length")],
    ]
    three.type("/retry -m lab/better")
    again(three, "/continue", " more.")
    asked = [request.model for request in three.model.requests[-3:]]
    assert asked == ["lab/better", "lab/third", "lab/third"]


def test_a_hint_makes_what_the_server_counted_an_estimate(three):
    three.model.script.append(
        [TextDelta("3!"), Reported("", "", Usage(300, 100)), Finished("stop")]
    )
    three.type("/retry in verse")
    assert "~" in three.type("/context").splitlines()[-2]


# --- an answer in other words ------------------------------------------------------------------------------------------


def test_an_answer_is_edited_in_the_composer_and_sent_as_edited(three):
    assert "Enter keeps what you make of answer 2" in three.type("/edit 2 answer")
    assert three.paper.draft == "/edit 2 answer\n2."
    three.paper.draft = ""
    assert "Answer 2 is edited" in three.type("/edit 2 answer\n  Two,\nof course.")
    path = stored(three).path()
    assert (path[-1].text, path[-1].edited, path[-1].usage) == ("  Two,\nof course.", True, None)
    again(three, "four")
    assert sent(three) == ["one", "1.", "two", "  Two,\nof course.", "four"]


def test_an_edited_answer_is_marked_wherever_it_is_shown(three):
    three.type("/edit answer 3!")
    assert three.type("/history").count("edited") == 1
    assert "3!\n\nedited\n" in three.type("/show")
    assert "edited" in three.type("/info")
    assert "‹2/2›" in three.repl.status(80)
    rows: list[str] = []
    three.paper.take = lambda picking: rows.extend(one.about for one in picking.find(""))
    three.type("/tree")
    assert rows == ["1.", "2.", "3.", "edited: 3!"]


def test_what_was_edited_stands_beside_what_came_and_redo_returns(three):
    three.type("/edit 1 answer First.")
    three.type("/redo")
    assert [message.text for message in stored(three).path()][-1] == "3."
    assert "First." in three.type("/next 1")
    assert [message.text for message in stored(three).path()] == ["one", "First."]


def test_an_answer_left_as_it_was_is_not_edited(three):
    assert "as it was" in three.type("/edit 2 answer\n2.")
    assert "no question 9" in three.type("/edit 9 answer")
    assert len(stored(three).messages) == 6
    assert not three.bugs


def test_a_reply_on_its_way_is_not_edited_nor_anything_before_it(bench):
    say(bench, "one", "1.")
    bench.model.script.append([TextDelta("2"), bench.model.wait])
    bench.type("two")
    assert "still on its way" in bench.type("/edit 1 answer No.")
    bench.chat.turn.stop()
    bench.model.hanging.clear()
    bench.settle()
    assert [message.text for message in stored(bench).path()] == ["one", "1.", "two", "2"]


def test_an_edited_answer_costs_nothing_and_is_counted_as_an_estimate(bench):
    say(bench, "one", "1.", Usage(10, 2, cost=0.5))
    bench.type("/edit answer " + "word " * 40)
    assert bench.store.find()[0].cost == 0.5
    assert "~" in bench.type("/context").splitlines()[-2]


# --- two answers compared ------------------------------------------------------------------------------------------------


@pytest.fixture
def torn(bench):
    """A question with three answers, the last of them in use."""
    say(bench, "Why?", "Because.\nIt is so.")
    again(bench, "/retry in verse", "Because.\nIt was so.\nAmen.")
    bench.type("/edit answer No.")
    return bench


def test_this_answer_is_compared_with_the_one_before_it(torn):
    assert torn.type("/diff").splitlines() == [
        "--- ‹2/3› · lab/good · in verse",
        "+++ ‹3/3› · lab/good · edited",
        "@@ -1,3 +1 @@",
        "-Because.",
        "-It was so.",
        "-Amen.",
        "+No.",
    ]
    torn.type("/prev")
    torn.type("/prev")
    assert torn.type("/diff").startswith("--- ‹1/3›")


def test_answers_to_the_same_question_in_other_words_tell_which(torn):
    torn.type("/edit 1")
    again(torn, "Why not?", "No.")
    shown = torn.type("/diff 1 3 4")
    assert "‹3/4› · lab/good · edited · Why? and ‹4/4› · lab/good · Why not? say the same" in shown


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("/diff 2", "no question 2"),
        ("/diff 1 2", "/diff 4 1 3 compares"),
        ("/diff a", "no question a"),
        ("/diff 1 1 2 3", "/diff 4 1 3 compares"),
        ("/diff 1 a b", "There is no block 1."),
        ("/diff 1 0 2", "There is no answer 0: this place has 3."),
        ("/diff 1 1 4", "There is no answer 4: this place has 3."),
    ],
)
def test_what_cannot_be_compared_is_said(torn, line, why):
    assert why in " ".join(torn.type(line).split())


def test_an_only_answer_is_compared_with_nothing(three):
    assert "Question 3 has no other answer." in three.type("/diff")


# --- asked aside -----------------------------------------------------------------------------------------------------------


def test_what_is_asked_aside_goes_out_with_the_chat_and_leaves_no_trace_in_it(three):
    before = stored(three)
    shown = again(three, "/btw What is\n  a word?", "A sign.")
    assert "A sign." in shown
    assert "nothing of it is in this chat" in shown
    assert sent(three) == ["one", "1.", "two", "2.", "three", "3.", "What is\n  a word?"]
    assert stored(three) == before
    again(three, "four")
    assert sent(three)[-2:] == ["3.", "four"]


def test_a_chat_is_not_begun_by_what_is_asked_aside(bench):
    bench.type("/system Be kind.")
    again(bench, "/btw Really?", "Yes.")
    assert sent(bench) == ["Be kind.", "Really?"]
    assert bench.store.find() == []
    assert not bench.chat.begun


def test_what_is_queued_behind_an_aside_is_sent_and_what_was_stopped_is_gone(three):
    three.model.script.append([TextDelta("Well"), three.model.wait])
    three.type("/btw Why?")
    assert "still on its way" in three.type("/btw And why?")
    three.repl.enter("four")
    three.model.script.append([TextDelta("4."), Finished("stop")])
    three.chat.turn.stop()
    three.model.hanging.clear()
    three.settle()
    assert [message.text for message in stored(three).path()][-2:] == ["four", "4."]


def test_an_aside_that_fails_is_not_offered_for_another_answer_in_the_chat(three):
    three.type("/set temperature 2")
    three.model.script.append([BadRequest("No temperature here.")])
    shown = three.type("/btw Why?")
    assert "Up has what you asked." in shown
    assert "/retry" not in shown
    assert three.paper.draft == ""
    assert "/btw wants a question." in three.type("/btw")


def test_an_aside_that_looks_like_a_key_goes_out_only_when_it_is_said_twice(three):
    line = "/btw ghp_" + "a" * 36
    assert "Not sent yet" in three.type(line)
    assert len(three.model.requests) == 3
    again(three, line)
    assert len(three.model.requests) == 4


def test_what_is_asked_aside_is_not_exported_while_it_is_on_its_way(three):
    three.model.script.append([TextDelta("Well"), three.model.wait])
    three.type("/btw Why?")
    assert three.chat.so_far == three.chat.conversation
    three.chat.turn.stop()
    three.model.hanging.clear()
    three.settle()


# --- a turn taken out --------------------------------------------------------------------------------------------------------


def test_a_deleted_turn_is_neither_sent_nor_shown_and_the_others_stay(three):
    assert "Question 2 and its answer are deleted" in three.type("/delete-turn 2")
    assert marks(three) == ["", "deleted", ""]
    again(three, "four")
    assert sent(three) == ["one", "1.", "three", "3.", "four"]
    shown = three.type("/history")
    assert "2.\n" not in shown
    assert "2\nYou: three" in shown
    assert "two" not in three.type("/context")
    three.type("/copy all")
    assert "two" not in three.paper.copied


def test_redo_brings_a_deleted_turn_back_as_it_was(three):
    three.type("/pin 2")
    three.type("/delete-turn 2")
    assert "question 3" in three.type("/redo")
    assert marks(three) == ["", "pinned", ""]
    assert "nothing to bring back" in three.type("/redo")


def test_the_tree_brings_a_deleted_turn_back_at_any_time(three):
    three.type("/delete-turn 2")
    again(three, "four")
    three.paper.choice = "2  two (deleted) ·"
    three.type("/tree")
    assert three.paper.offered == ["1  one ·", "2  two (deleted) ·", "2  three ·", "3  four ←"]
    assert [message.text for message in stored(three).path()] == ["one", "1.", "two", "2."]
    assert marks(three) == ["", ""]


def test_the_last_answer_is_the_one_before_what_was_deleted(three):
    three.type("/delete-turn 3")
    assert three.type("/raw") == "2.\n"
    assert "is deleted" in three.type("/retry")
    again(three, "four")
    assert sent(three) == ["one", "1.", "two", "2.", "four"]
    session = three.chat.session.id[-6:]
    three.type("/delete-turn 3")
    three.type("/new")
    assert "1 earlier turn" in three.type(f"/resume {session}")


def test_the_request_behind_a_later_answer_still_has_what_was_deleted(three):
    three.type("/delete-turn 2")
    assert "3 · user\ntwo\n" in three.type("/sent 2")
    assert "‹" not in three.repl.status(80)


def test_a_question_in_other_words_is_not_flipped_to_once_it_is_deleted(three):
    three.type("/edit 3")
    three.paper.draft = ""
    again(three, "third", "3rd.")
    three.type("/delete-turn 3")
    three.type("/redo")
    assert "‹2/2›" in three.repl.status(80)
    three.type("/delete-turn 3")
    three.paper.choice = "├ 3  three"
    three.type("/tree")
    assert "‹" not in three.repl.status(80)
    assert "no other answer" in three.type("/prev")


def test_what_was_deleted_is_found_and_said_to_be_deleted(three):
    three.type("/delete-turn 2")
    three.paper.take = lambda picking: next(iter(picking.find("two"))).value
    shown = three.type("/search two")
    assert "You: two" in shown
    assert "It is deleted from the chat" in shown
    assert marks(three) == ["", "deleted", ""]
    assert not three.bugs


def test_what_was_deleted_is_no_turn_of_an_export(three):
    three.type("/delete-turn 2")
    shown = exported("x.md", three.chat.session, stored(three), Wanted(), code_blocks)
    assert "two" not in shown
    assert "## 2 · You\n\nthree" in shown


def test_turns_are_deleted_by_number_and_when_nothing_is_on_its_way(three):
    assert "wants the number" in three.type("/delete-turn")
    assert "no question 4" in three.type("/delete-turn 4")
    three.model.script.append([TextDelta("4"), three.model.wait])
    three.type("four")
    assert "still on its way" in three.type("/delete-turn 1")
    three.chat.turn.stop()
    three.model.hanging.clear()
    three.settle()
    assert marks(three) == ["", "", "", ""]


@given(st.lists(st.tuples(st.sampled_from("sdru"), st.integers(1, 4)), max_size=12))
def test_whatever_is_deleted_and_brought_back_what_is_shown_is_what_is_sent(steps):
    model = ScriptedModel()
    chat = Chat(model, MemoryJournal(), defaults=Session("", model="m"), view=Listener())
    for kind, number in steps:
        said = branches.exchanges(chat.conversation.path())
        if kind == "s":
            model.script.append([TextDelta("a"), Finished("stop")])
            chat.send(f"q{len(chat.conversation.messages)}").wait(10)
            chat.settle()
        elif kind == "d" and number <= len(said):
            chat.delete(said[number - 1].asked)
        elif kind == "u" and said:
            chat.undo()
        elif kind == "r":
            with suppress(UsageError):
                chat.redo()
        shown = branches.exchanges(chat.conversation.path())
        spoken = standing.spoken(chat.conversation.path())
        assert [one.asked for one in shown] == [m for m in spoken if m.role == "user"]
