"""When the model's window fills up it is said, once at each mark."""

from deepchat.conversation import Finished, Reported, TextDelta, Usage


def ask(bench, tokens):
    """What is printed when a reply takes the chat to so many tokens; the window has 131,072."""
    counted = Reported(usage=Usage(tokens - 10, 10))
    bench.model.script.append([TextDelta("Yes."), counted, Finished("stop")])
    return bench.type("Is it so?")


def test_each_mark_is_told_once(bench):
    bench.type("/models")
    assert "full" not in ask(bench, 80_000)
    assert "The window of lab/good is 72% full." in ask(bench, 95_000)
    assert "full" not in ask(bench, 100_000)
    assert "92% full" in ask(bench, 120_000)
    assert "full" not in ask(bench, 125_000)


def test_after_room_was_made_it_is_told_again(bench):
    bench.type("/models")
    ask(bench, 95_000)
    assert "full" not in ask(bench, 50_000)
    assert "full" in ask(bench, 96_000)


def test_another_chat_is_told_for_itself(bench):
    bench.type("/models")
    ask(bench, 95_000)
    bench.type("/new")
    assert "full" in ask(bench, 95_000)


def test_nothing_is_told_of_a_window_that_is_not_known(bench):
    assert "full" not in ask(bench, 125_000)
