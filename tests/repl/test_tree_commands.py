"""Commands about the branches of a chat, as typed, on a real store."""

import pytest

from deepchat.conversation import Attachment, Finished, Reported, TextDelta, Usage


def answer(text):
    return [TextDelta(text), Reported("lab/real", "r1", Usage(7, 3, cost=0.25)), Finished("stop")]


@pytest.fixture
def three(bench):
    """A chat of three exchanges: one → 1, two → 2, three → 3."""
    for text in ("one", "two", "three"):
        say(bench, text)
    return bench


def say(bench, line, answered=None):
    """Enter a line that is answered with its own word, as a number, or with something else."""
    numbers = {"one": "1.", "two": "2.", "three": "3."}
    bench.model.script.append(answer(answered or numbers[line]))
    return bench.type(line)


def stored(bench):
    """The texts along the branch in use, as the next process would find them."""
    _, conversation = bench.store.load(bench.chat.session.id)
    assert conversation == bench.chat.conversation
    return [message.text for message in conversation.path() if message.role != "system"]


def sent(bench):
    return [message.text for message in bench.model.requests[-1].messages]


def test_undo_puts_the_question_back_and_redo_what_followed(three):
    assert "Taken back: 1 exchange." in three.type("/undo")
    assert three.paper.draft == "three"
    assert stored(three) == ["one", "1.", "two", "2."]
    three.paper.draft = ""
    assert "2 exchanges" in three.type("/undo 2")
    assert three.paper.draft == "one"
    assert stored(three) == []
    three.paper.draft = ""
    shown = three.type("/redo")
    assert "behind question 2" in shown
    assert "2." in shown
    three.type("/redo")
    assert stored(three) == ["one", "1.", "two", "2.", "three", "3."]
    assert "nothing to bring back" in three.type("/redo")
    assert "only 3" in three.type("/undo 4")
    assert "wants a number" in three.type("/undo x")


def test_undo_brings_back_what_was_attached(bench):
    attachment = Attachment("a.py", "text/plain", b"a = 1\n")
    bench.repl.tray.add([attachment])
    say(bench, "one")
    bench.type("/undo")
    assert bench.repl.tray.attachments == (attachment,)


def test_a_question_asked_in_other_words_begins_a_branch_and_the_old_one_stays(three):
    assert "Question 2 is in the composer" in three.type("/edit 2")
    assert three.paper.draft == "two"
    three.paper.draft = ""
    say(three, "two and a half", "2.5.")
    assert sent(three) == ["one", "1.", "two and a half"]
    assert "‹2/2›" in three.repl.status(80)
    shown = three.type("/prev")
    assert "‹1/2›" in shown
    assert "two\n" in shown
    assert "1 exchange more behind it" in shown
    assert stored(three) == ["one", "1.", "two", "2.", "three", "3."]
    assert "2.5." in three.type("/next 2")
    assert stored(three) == ["one", "1.", "two and a half", "2.5."]
    assert "no question 3" in three.type("/edit 3")


def test_answers_asked_for_anew_are_flipped_through_and_the_chosen_one_is_sent(bench):
    say(bench, "one", "first")
    for text in ("second", "third"):
        bench.model.script.append(answer(text))
        bench.type("/retry")
    assert "‹3/3›" in bench.repl.status(80)
    assert "first" in bench.type("/next")
    assert "third" in bench.type("/prev")
    assert "second" in bench.type("/prev 1")
    assert "‹2/3›" in bench.repl.status(80)
    assert stored(bench) == ["one", "second"]
    say(bench, "two")
    assert sent(bench) == ["one", "second", "two"]
    assert "Question 2 has no other answer." in bench.type("/next")


def test_the_tree_shows_every_branch_and_goes_on_where_one_chooses(three):
    three.type("/edit 2")
    three.paper.draft = ""
    say(three, "other", "else")
    three.type("/tree")
    assert three.paper.offered == ["1  one ·", "├ 2  two", "  3  three", "├ 2  other ←"]
    three.paper.choice = "  3  three"
    assert "behind question 3" in three.type("/tree")
    assert stored(three)[-1] == "3."
    three.paper.filter, three.paper.choice = "else", "├ 2  other"
    three.type("/tree")
    assert stored(three)[-1] == "else"


def test_a_fork_is_a_chat_of_its_own(three):
    first = three.chat.session.id
    assert f"/resume {first[-6:]}" in three.type("/fork 2 Elsewhere")
    assert stored(three) == ["one", "1.", "two", "2."]
    assert three.chat.session.title == "Elsewhere"
    summaries = {each.title: each for each in three.store.find()}
    assert (summaries["one"].turns, summaries["Elsewhere"].turns) == (3, 2)
    assert (summaries["one"].cost, summaries["Elsewhere"].cost) == (0.75, None)
    three.type("/fork")
    assert three.chat.session.title == "Elsewhere (fork)"


def test_info_says_where_an_answer_is_from(three):
    shown = three.type("/info 1")
    for fact in ("lab/good", "lab/real", "7 in, 3 out", "$0.25", "done stop", "r1"):
        assert fact in shown
    assert "no question 9" in three.type("/info 9")


@pytest.mark.parametrize("command", ["/undo", "/redo", "/prev", "/tree", "/fork", "/info"])
def test_in_an_empty_chat_there_is_nothing_of_it(bench, command):
    shown = bench.type(command)
    assert shown.startswith("Error: ")
    assert not bench.bugs
