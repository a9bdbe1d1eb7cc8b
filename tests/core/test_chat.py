"""One live chat: what goes into the request, what is kept, and what a failed question leaves behind."""

from dataclasses import replace

import pytest

from deepchat.conversation import (
    Attachment,
    Conversation,
    Finished,
    Persona,
    PromptMessage,
    ReasoningDelta,
    Reported,
    TextDelta,
    Usage,
)
from deepchat.errors import ModelNotFound, ServerTrouble, StreamCut, UsageError

ANSWER = [TextDelta("Hel"), TextDelta("lo"), Finished("stop")]


def say(chat, model, text, script=ANSWER):
    model.script.append(list(script))
    turn = chat.send(text)
    assert turn.wait(5)
    return chat.settle()


def prompt(model):
    return [(message.role, message.text) for message in model.requests[-1].messages]


def test_the_whole_history_goes_out_each_turn(chat, model):
    say(chat, model, "one")
    say(chat, model, "two")
    assert prompt(model) == [("user", "one"), ("assistant", "Hello"), ("user", "two")]


def test_another_server_answers_from_the_next_message_on_and_each_answer_says_whose_it_is(
    chat, model
):
    say(chat, model, "one")
    chat.ask_at("q", "n")
    say(chat, model, "two")
    assert [request.model for request in model.requests] == ["m", "n"]
    answers = [one for one in chat.conversation.path() if one.role == "assistant"]
    assert [(one.provider, one.model) for one in answers] == [("p", "m"), ("q", "n")]
    chat.new()
    assert (chat.session.provider, chat.answering) == ("q", "n")


def test_a_chat_that_returns_to_its_own_server_keeps_its_own_model(chat):
    chat.resume(replace(chat.session, provider="q", model="mine"), Conversation())
    assert chat.answering == "m"
    chat.ask_at("q", "n")
    assert chat.answering == "mine"
    chat.new()
    assert chat.answering == "n"


def test_the_server_stays_while_it_answers(chat, model):
    model.script.append([])
    turn = chat.send("one")
    with pytest.raises(UsageError, match="still on its way"):
        chat.ask_at("q", "n")
    assert turn.wait(5)
    chat.settle()
    assert chat.session.provider == "p"


def test_parameters_model_and_session_go_with_the_request(chat, model):
    say(chat, model, "one")
    request = model.requests[-1]
    assert (request.model, request.parameters) == ("m", {"temperature": 0.5})
    assert request.session == chat.session.id


def test_the_question_is_kept_before_the_request_goes_out(chat, model, journal):
    model.script.append(list(ANSWER))
    kept_before = []
    model.asked = lambda: kept_before.extend(journal.opened)
    assert chat.send("one").wait(5)
    assert len(kept_before) == 1
    assert [message.role for message in journal.opened[0]] == ["user", "assistant"]


def test_the_reply_is_sealed_with_what_the_server_reported(chat, model, journal):
    usage = Usage(12, 3, cost=0.5)
    reported = Reported(model="other", request_id="r1", usage=usage)
    reply = say(
        chat, model, "one", [ReasoningDelta("hm"), TextDelta("x"), reported, Finished("length")]
    )
    assert journal.sealed == [reply]
    assert (reply.text, reply.reasoning, reply.state) == ("x", "hm", "done")
    assert (reply.reported_model, reply.request_id, reply.usage) == ("other", "r1", usage)
    assert reply.finish_reason == "length"


def test_a_persona_counts_from_the_next_request_and_is_recorded_at_that_point(chat, model, journal):
    say(chat, model, "one")
    chat.set_persona("Be a pirate.")
    say(chat, model, "two")
    chat.set_persona("")
    say(chat, model, "three")
    assert [m.role for m in chat.conversation.path()].count("system") == 2
    assert [m[0].text for m in journal.opened if m[0].role == "system"] == ["Be a pirate.", ""]
    assert [request.messages[0] for request in model.requests] == [
        PromptMessage("user", "one"),
        PromptMessage("system", "Be a pirate."),
        PromptMessage("user", "one"),
    ]


def test_exactly_one_system_message_goes_first(chat, model):
    for persona in ("a", "b", "c"):
        chat.set_persona(persona)
        say(chat, model, "x")
    assert [role for role, _ in prompt(model)].count("system") == 1
    assert prompt(model)[0] == ("system", "c")


def test_a_persona_brings_its_model_and_parameters(chat):
    chat.take_persona(Persona("cat", "Meow.", model="m2", parameters={"top_p": 0.1}))
    assert (chat.session.model, chat.session.persona) == ("m2", "Meow.")
    assert chat.session.parameters == {"temperature": 0.5, "top_p": 0.1}


def test_a_retry_keeps_the_first_answer_beside_the_second(chat, model):
    first = say(chat, model, "one")
    model.script.append([TextDelta("Other"), Finished("stop")])
    assert chat.retry().wait(5)
    second = chat.settle()
    assert first.parent == second.parent
    assert first.id in chat.conversation.messages
    assert [m.text for m in chat.conversation.path()] == ["one", "Other"]


def test_a_retry_that_brings_nothing_leaves_the_answer_there_was(chat, model, journal):
    say(chat, model, "one")
    chat.set_persona("Be brief.")
    model.script.append([ServerTrouble("busy")])
    assert chat.retry().wait(5)
    chat.settle()
    assert chat.unanswered is None
    assert [m.text for m in chat.conversation.path()] == ["one", "Hello"]
    assert journal.opened[-1][-1].text == "Hello"
    say(chat, model, "two")
    assert prompt(model)[1:] == [("user", "one"), ("assistant", "Hello"), ("user", "two")]


def test_what_a_session_could_not_store_is_tried_again_from_the_next_one(chat, model, journal):
    journal.broken = True
    say(chat, model, "one")
    chat.clear()
    journal.broken = False
    chat.keep()
    assert list(journal.kept.values()) == ["one", "Hello"]


def test_a_retry_follows_a_persona_set_since(chat, model):
    say(chat, model, "one")
    chat.set_persona("Be brief.")
    model.script.append(list(ANSWER))
    assert chat.retry().wait(5)
    chat.settle()
    assert prompt(model) == [("system", "Be brief."), ("user", "one")]


def test_a_retry_without_a_question_is_refused_in_words(chat):
    with pytest.raises(UsageError, match="no question"):
        chat.retry()


def test_a_second_question_has_to_wait(chat, model):
    model.script.append([model.wait])
    turn = chat.send("one")
    with pytest.raises(UsageError, match="on its way"):
        chat.send("two")
    turn.stop()
    assert turn.wait(5)


def test_a_stopped_reply_is_kept_and_part_of_the_context(chat, model, journal):
    model.script.append([TextDelta("Half"), model.wait])
    turn = chat.send("one")
    assert model.hanging.wait(5)
    turn.stop()
    assert turn.wait(5)
    reply = chat.settle()
    assert (reply.text, reply.state, turn.error) == ("Half", "stopped", None)
    assert journal.sealed == [reply]
    say(chat, model, "two")
    assert prompt(model) == [("user", "one"), ("assistant", "Half"), ("user", "two")]


@pytest.mark.parametrize(
    ("error", "state"),
    [(ServerTrouble("no"), "failed"), (StreamCut("cut"), "cut"), (None, "cut")],
)
def test_what_came_before_a_failure_is_kept(chat, model, error, state):
    reply = say(chat, model, "one", [TextDelta("Half"), *([error] if error else [])])
    assert (reply.text, reply.state) == ("Half", state)
    assert reply.error


def test_a_question_without_an_answer_gives_its_place_to_the_next(chat, model):
    say(chat, model, "one")
    say(chat, model, "lost", [ServerTrouble("busy")])
    assert chat.unanswered.text == "lost"
    say(chat, model, "again")
    assert prompt(model) == [("user", "one"), ("assistant", "Hello"), ("user", "again")]
    assert chat.unanswered is None
    assert any(message.text == "lost" for message in chat.conversation.messages.values())


def test_a_question_without_an_answer_can_be_asked_again(chat, model):
    say(chat, model, "lost", [ServerTrouble("busy")])
    model.script.append(list(ANSWER))
    assert chat.retry().wait(5)
    assert chat.settle().text == "Hello"
    assert prompt(model) == [("user", "lost")]


def test_a_disk_that_fails_is_said_once_and_the_chat_goes_on(chat, model, journal, view):
    journal.broken = True
    assert say(chat, model, "one").text == "Hello"
    assert say(chat, model, "two").text == "Hello"
    assert [str(problem) for problem in view.problems] == ["The disk is full."]


def test_what_a_failing_disk_did_not_take_is_written_once_it_does(chat, model, journal):
    journal.broken = True
    say(chat, model, "one")
    journal.broken = False
    say(chat, model, "two")
    assert list(journal.kept.values()) == ["one", "Hello", "two", "Hello"]


def test_a_title_and_a_branch_that_a_failing_disk_did_not_take_are_written_once_it_does(
    chat, model, journal
):
    say(chat, model, "one")
    say(chat, model, "two")
    journal.broken = True
    chat.set_title("First thought")
    chat.set_title("Second thought")
    chat.undo(2)
    journal.broken = False
    chat.keep()
    chat.keep()
    assert [session.title for session in journal.sessions[2:]] == ["Second thought"]
    assert journal.leaves == [None]


def test_a_session_that_is_open_elsewhere_is_only_read_until_it_is_free(chat, model, claims):
    say(chat, model, "one")
    stored, conversation = chat.session, chat.conversation
    chat.new()
    assert claims.taken == set()
    claims.elsewhere.add(stored.id)
    chat.resume(stored, conversation)
    assert chat.elsewhere
    for change in (
        lambda: chat.send("two"),
        chat.retry,
        chat.undo,
        lambda: chat.go_to(None),
        lambda: chat.set_title("x"),
    ):
        with pytest.raises(UsageError, match="open in another terminal"):
            change()
    assert not chat.claim()
    claims.elsewhere.clear()
    assert chat.claim()
    chat.follow(stored, conversation, free=True)
    assert say(chat, model, "two").text == "Hello"
    assert claims.taken == {stored.id}


def test_a_fork_leaves_a_session_that_is_open_elsewhere(chat, model, claims):
    say(chat, model, "one")
    claims.elsewhere.add(chat.session.id)
    chat.resume(chat.session, chat.conversation)
    chat.fork(chat.conversation.leaf, "Mine")
    assert not chat.elsewhere
    say(chat, model, "two")
    assert claims.taken == {chat.session.id}
    assert prompt(model)[0] == ("user", "one")


def test_a_private_chat_leaves_those_before_and_after_it_kept(chat, model, journal, claims):
    say(chat, model, "one")
    journal.broken = True
    say(chat, model, "two")
    chat.new(private=True)
    assert chat.private
    say(chat, model, "secret")
    chat.clear()
    chat.set_title("Secret")
    assert chat.private
    assert claims.taken == set()
    journal.broken = False
    chat.new()
    assert not chat.private
    say(chat, model, "three")
    assert list(journal.kept.values()) == ["one", "Hello", "two", "Hello", "three", "Hello"]


def test_a_private_chat_among_others_can_be_kept_after_all(chat, model, journal):
    chat.new(private=True)
    say(chat, model, "one")
    chat.keep_in(journal)
    say(chat, model, "two")
    assert list(journal.kept.values()) == ["one", "Hello", "two", "Hello"]


def test_a_reply_whose_seal_failed_is_written_with_the_next_turn_or_at_the_end(
    chat, model, journal
):
    model.script.append([TextDelta("Half"), model.wait])
    turn = chat.send("one")
    assert model.hanging.wait(5)
    journal.broken = True
    turn.stop()
    assert turn.wait(5)
    chat.settle()
    assert "Half" not in journal.kept.values()
    journal.broken = False
    chat.keep()
    assert list(journal.kept.values()) == ["one", "Half"]


def test_a_thread_that_nothing_can_reach_is_left_behind(chat, model, journal):
    model.script.append([TextDelta("Half"), model.deaf, TextDelta("late")])
    turn = chat.send("one")
    assert model.hanging.wait(5)
    turn.stop()
    assert turn.wait(5)
    assert chat.settle().text == "Half"
    model.released.set()
    assert model.through.wait(5)
    assert [reply.text for reply in journal.sealed] == ["Half"]


def test_the_first_message_gives_the_title(chat, model):
    say(chat, model, "  What is\tup?  \nmore")
    assert chat.session.title == "What is up?"


def test_new_begins_as_configured_and_clear_keeps_the_setup(chat, model):
    first = chat.session.id
    chat.set_persona("p")
    chat.set_model("m9")
    say(chat, model, "one")
    chat.clear()
    assert (chat.session.persona, chat.session.model) == ("p", "m9")
    assert (chat.session.title, chat.conversation.path()) == ("", ())
    assert chat.session.id != first
    chat.new()
    assert (chat.session.persona, chat.session.model) == ("", "m")


def test_a_resumed_session_of_another_provider_keeps_the_present_model(chat, model):
    say(chat, model, "one")
    stored, conversation = chat.session, chat.conversation
    chat.new()
    chat.set_model("here")
    chat.resume(stored, conversation)
    assert chat.answering == "m"
    elsewhere = type(stored)(
        **{name: getattr(stored, name) for name in stored.__slots__} | {"provider": "q"}
    )
    chat.set_model("here")
    chat.resume(elsewhere, conversation)
    assert (chat.answering, chat.session.provider) == ("m", "q")


def test_a_change_is_kept_only_once_there_is_a_turn(chat, model, journal):
    chat.set_model("m2")
    assert journal.sessions == []
    say(chat, model, "one")
    chat.set_parameter("seed", 1)
    chat.unset_parameter("temperature")
    assert journal.sessions[-1].parameters == {"seed": 1}


CAT = Attachment("cat.png", "image/png", b"\x89PNG")


def test_what_is_attached_goes_along_and_is_journalled(chat, model, journal):
    model.script.append([TextDelta("A cat."), Finished("stop")])
    assert chat.send("", [CAT]).wait(5)
    chat.settle()
    assert model.requests[-1].messages == (PromptMessage("user", "", (CAT,)),)
    assert journal.opened[0][0].attachments == (CAT,)
    assert chat.session.title == "cat.png"


def test_a_model_that_sees_nothing_is_told_where_a_picture_was(chat, model):
    chat._sees = lambda name: name != "blind"
    model.script.append([TextDelta("A cat."), Finished("stop")])
    assert chat.send("Who?", [CAT]).wait(5)
    chat.settle()
    chat.set_model("blind")
    say(chat, model, "Really?")
    first = model.requests[-1].messages[0]
    assert first.pictures == ()
    assert "cat.png is left out" in first.text
    assert first.text.endswith("Who?")


def test_another_model_gets_what_it_can_take_and_the_next_question_goes_to_the_first_again(
    chat, model
):
    chat._fallbacks = ["m", "blind"]
    chat._sees = lambda name: name != "blind"
    model.script += [[ModelNotFound("Gone.", status=404)], [TextDelta("A cat."), Finished("stop")]]
    assert chat.send("Who?", [CAT]).wait(5)
    assert chat.settle().model == "blind"
    say(chat, model, "Really?")
    assert [request.model for request in model.requests] == ["m", "blind", "m"]
    assert [request.messages[0].pictures for request in model.requests] == [(CAT,), (), (CAT,)]


def test_what_one_model_has_begun_no_other_is_asked_to_go_on_with(chat, model):
    chat._fallbacks = ["other"]
    say(chat, model, "one", [TextDelta("Half"), Finished("length")])
    model.script.append([ModelNotFound("Gone.", status=404)])
    assert chat.go_on().wait(5)
    reply = chat.settle()
    assert (reply.text, reply.model, reply.state) == ("Half", "m", "failed")
    assert len(model.requests) == 2


def test_what_is_taken_back_is_not_sent_any_more_and_comes_back(chat, model, journal):
    for text in ("one", "two", "three"):
        say(chat, model, text)
    end = chat.conversation.leaf
    assert chat.undo(2).text == "two"
    assert [m.text for m in chat.conversation.path()] == ["one", "Hello"]
    assert journal.leaves == [chat.conversation.leaf]
    chat.redo()
    assert chat.conversation.leaf == journal.leaves[-1] == end
    assert chat.undo(3).text == "one"
    assert chat.conversation.leaf is journal.leaves[-1] is None
    say(chat, model, "other")
    assert prompt(model) == [("user", "other")]
    with pytest.raises(UsageError, match="nothing to bring back"):
        chat.redo()


def test_no_more_can_be_taken_back_than_was_said(chat, model):
    with pytest.raises(UsageError, match="Nothing was said"):
        chat.undo()
    say(chat, model, "one")
    for wrong in (0, 2):
        with pytest.raises(UsageError, match="only 1"):
            chat.undo(wrong)


def test_a_fork_goes_on_alone_and_costs_nothing_twice(chat, model, journal):
    say(
        chat,
        model,
        "one",
        [TextDelta("x"), Reported(usage=Usage(1, 1, cost=2.0, estimated=True)), Finished()],
    )
    say(chat, model, "two")
    left, first = chat.session, chat.conversation.path()[1]
    chat.fork(first.id, "Other")
    assert (chat.session.title, chat.session.model) == ("Other", left.model)
    assert chat.session.id != left.id
    copied = chat.conversation.path()
    assert [m.text for m in copied] == ["one", "x"]
    assert not {m.id for m in copied} & {m.id for turn in journal.opened[:-1] for m in turn}
    assert copied[1].usage == Usage(1, 1)
    assert journal.opened[-1] == copied
    say(chat, model, "three")
    assert [text for _, text in prompt(model)] == ["one", "x", "three"]


def test_nothing_is_turned_while_a_reply_is_on_its_way(chat, model):
    say(chat, model, "one")
    model.script.append([model.wait])
    turn = chat.send("two")
    for act in (chat.undo, lambda: chat.go_to(None), lambda: chat.fork(None, "x")):
        with pytest.raises(UsageError, match="on its way"):
            act()
    turn.stop()
    assert turn.wait(5)


def test_a_reply_that_was_cut_goes_on_as_one_message(chat, model, journal):
    first = [TextDelta("Half a re"), Reported(usage=Usage(5, 3, cost=0.5)), Finished("length")]
    cut = say(chat, model, "one", first)
    rest = [TextDelta("ply."), Reported(usage=Usage(8, 2, cost=0.25)), Finished("stop")]
    model.script.append(rest)
    turn = chat.go_on()
    assert turn.wait(5)
    assert turn.drain()[0] == TextDelta("Half a re")
    whole = chat.settle()
    assert prompt(model) == [("user", "one"), ("assistant", "Half a re")]
    assert (whole.id, whole.text, whole.state) == (cut.id, "Half a reply.", "done")
    assert whole.usage == Usage(5, 5, cost=0.75)
    assert [m.text for m in chat.conversation.path()] == ["one", "Half a reply."]
    assert journal.kept[whole.id] == "Half a reply."
    with pytest.raises(UsageError, match="complete"):
        chat.go_on()


def test_what_stood_there_stays_when_the_rest_does_not_come(chat, model):
    say(chat, model, "one", [TextDelta("Half"), StreamCut("gone")])
    model.script.append([ServerTrouble("Busy.")])
    assert chat.go_on().wait(5)
    assert chat.settle().text == "Half"
    say(chat, model, "two")
    assert prompt(model) == [("user", "one"), ("assistant", "Half"), ("user", "two")]


def test_there_has_to_be_a_reply_to_go_on_with(chat, model):
    with pytest.raises(UsageError, match="no reply that could go on"):
        chat.go_on()
    say(chat, model, "one", [StreamCut("gone")])
    with pytest.raises(UsageError, match="no reply that could go on"):
        chat.go_on()


def test_what_another_model_has_begun_it_goes_on_with(chat, model):
    chat._fallbacks = ["n"]
    model.script += [
        [ModelNotFound("Gone.", status=404)],
        [TextDelta("Half"), Finished("length")],
        [TextDelta(" and half."), Finished("stop")],
    ]
    assert chat.send("Hi?").wait(5)
    chat.settle()
    assert chat.go_on().wait(5)
    assert chat.settle().text == "Half and half."
    assert [request.model for request in model.requests][1:] == ["n", "n"]
    chat.set_model("o")
    assert chat._asked(chat.conversation.last("assistant")) == "o"
