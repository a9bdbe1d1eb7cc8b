"""Templates that are sent and obeyed, and the last message once more."""

import pytest

from deepchat.conversation import Attachment, Finished, TextDelta
from deepchat.repl.needs import Next


@pytest.fixture
def use(bench, tmp_path):
    """Make this text a template, and give what is printed when it is used with these words, and answered."""
    (tmp_path / "templates").mkdir()

    def use(text, words=""):
        (tmp_path / "templates" / "one.md").write_text(text)
        bench.model.script.append([TextDelta("Aha."), Finished("stop")])
        return bench.type(f"/template one {words}")

    return use


def sent(bench):
    return bench.model.requests[-1].messages[-1].text


def test_a_template_is_sent_with_its_words(bench, use):
    assert "Explain lazy a=b." in use("Explain {args}.\n", "lazy a=b")
    assert sent(bench) == "Explain lazy a=b."
    use("Review it.", "Be strict.")
    assert sent(bench) == "Review it.\n\nBe strict."


def test_what_is_missing_is_asked_for(bench, use):
    bench.paper.answers = ["French"]
    use("{1} in {language}, {tone=plain}.", "Tea")
    assert bench.paper.asked == "one: language"
    assert sent(bench) == "Tea in French, plain."
    assert "Nothing was sent." in use("{more}")
    assert len(bench.model.requests) == 1


def test_commands_on_top_are_obeyed_before_the_message_is_sent(bench, use):
    use("/persona cat\n/set temperature {heat=0.5}\n\nWho are you?", "heat=1")
    assert bench.chat.session.parameters == {"temperature": 1.0}
    assert (bench.chat.session.persona_name, sent(bench)) == ("cat", "Who are you?")


def test_a_template_of_commands_is_a_macro_and_the_last_takes_the_words(bench, use):
    assert "Text" not in use("/new\n/persona", "translator language=French")
    assert bench.chat.session.persona_name == "translator"
    assert bench.model.requests == []
    use("/set temperature 0.5\n/exit")
    assert bench.outcome is Next.LEAVE


def test_no_word_that_is_put_in_becomes_a_command(bench, use):
    for words in ("/exit", "!exit 1"):
        use("{args}", words)
        assert sent(bench) == words
        assert bench.outcome is None
    use("/system {args}", "a\n/exit")
    assert bench.chat.session.persona == "a\n/exit"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/template one", "A template does not run templates."),
        ("/new\n/t one\nText", "A template does not run templates."),
        ("/nosuch\nText", "There is no command /nosuch."),
        ("/set temperature hot\nText", "deepchat itself broke."),
        (" \n", "The template one is empty."),
    ],
)
def test_what_goes_wrong_is_said_and_nothing_is_sent(bench, use, text, said):
    assert said in use(text)
    assert bench.model.requests == []


def test_alone_it_lets_one_choose_with_a_look_at_it(bench, use):
    looks = []
    bench.paper.take = lambda picking: looks.append(picking.preview("one", 80))
    use("Text")
    (bench.templates.path / "two.txt").write_text("Other.")
    bench.type("/template")
    assert bench.paper.offered == ["one", "two"]
    assert looks == ["Text\n"]
    assert "Did you mean two?" in bench.type("/template twoo")


def test_files_that_cannot_be_read_are_told(bench, use):
    (bench.templates.path / "bad.md").write_bytes(b"\xff")
    assert "The template bad.md was left out: line 1 is not UTF-8." in use("Text")


def test_without_templates_it_is_said_where_they_would_be(bench):
    assert "the folder templates beside" in bench.type("/template").replace("\n", " ")


def test_last_sends_the_last_message_again_with_what_went_along(bench, use):
    assert "no question yet" in bench.type("/last")
    bench.model.script += [[TextDelta(word), Finished("stop")] for word in ("One.", "Two.")]
    bench.repl.tray.add([Attachment("a.txt", "text/plain", b"content")])
    bench.type("/usr/bin?")
    bench.type("/last")
    first, second = (m for m in bench.chat.conversation.path() if m.role == "user")
    assert (first.text, first.attachments) == (second.text, second.attachments)
    assert "content" in sent(bench)
