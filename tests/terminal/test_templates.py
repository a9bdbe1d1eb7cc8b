"""Templates in a real terminal: begun with, asked for, obeyed; the last message once more."""

import pytest


@pytest.fixture
def templates(config_dir):
    folder = config_dir / "templates"
    folder.mkdir()
    (folder / "explain.md").write_text("Explain {args} in {tone}.\n")
    (folder / "strict.md").write_text("/persona reviewer\n/set temperature 0\n\nReview {1}.\n")
    return folder


def questions(server):
    asked = [one for one in server.received if one.path.endswith("completions")]
    return [one.json["messages"][-1]["content"] for one in asked]


def test_a_walk_through_templates(deepchat, server, templates):
    with deepchat("-t", "explain", "black tea", rows=40) as chat:
        chat.wait_for("explain: tone:")
        chat.press("two words")
        chat.wait_for("› two words")
        chat.press("\r")
        chat.wait_for("Explain black tea in two words.")
        chat.wait_for("tok/s")

        chat.enter("/last")
        chat.wait_until(lambda: "\n".join(chat.everything()).count("tok/s") == 2)

        chat.enter("/template")
        chat.wait_for("Explain {args} in {tone}.")
        chat.press("stri")
        chat.wait_for("Review {1}.")
        chat.press("\r")
        chat.wait_for("strict: 1:")
        chat.press("main.py")
        chat.wait_for("› main.py")
        chat.press("\r")
        chat.wait_for("The model is reviewer")
        chat.wait_until(lambda: "\n".join(chat.everything()).count("tok/s") == 3)

        (templates / "later.md").write_text("Made while the chat goes on.")
        chat.enter("/template later")
        chat.wait_until(lambda: "\n".join(chat.everything()).count("tok/s") == 4)
    assert questions(server) == [
        "Explain black tea in two words.",
        "Explain black tea in two words.",
        "Review main.py.",
        "Made while the chat goes on.",
    ]


def test_a_template_that_is_not_there_is_told_before_a_chat_begins(deepchat, templates):
    with deepchat("-t", "explian") as chat:
        assert chat.wait_for_end() == 1
        assert "Did you mean explain?" in " ".join(chat.lines())


def test_a_template_goes_on_with_a_chat(deepchat, server, templates):
    with deepchat() as chat:
        chat.wait_for("/help")
        chat.enter("Hello?")
        chat.wait_for("tok/s")
    with deepchat("-c", "-t", "explain", "tea", "tone=verse") as chat:
        chat.wait_until(lambda: "\n".join(chat.everything()).count("tok/s") == 2)
    assert questions(server) == ["Hello?", "Explain tea in verse."]
