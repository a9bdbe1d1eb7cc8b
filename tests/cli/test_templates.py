"""`deepchat -t`: a template is the question."""

import pytest

from tests.cli.test_oneshot import asked, at, run


@pytest.fixture
def template(config_dir):
    def write(text):
        (config_dir / "templates").mkdir(exist_ok=True)
        (config_dir / "templates" / "one.md").write_text(text)

    return write


def question(server):
    return asked(server)[-1]["content"]


def test_the_words_behind_the_flags_and_the_text_on_stdin_are_for_the_template(server, template):
    template("Explain {1} for {whom=anyone}: {2}")
    code, _, err = run(*at(server), "-t", "one", "tea", "sessions and", "-x", typed="From stdin.\n")
    assert (code, err) == (0, "")
    assert question(server) == "Explain tea for anyone: sessions and -x\n\nFrom stdin."
    run("-t", "one", *at(server), "tea", "x", "whom=a child")
    assert question(server) == "Explain tea for a child: x"


def test_with_p_its_question_is_words_of_the_template_too(server, template):
    template("Review this.")
    assert run(*at(server), "-t", "one", "-p", "Be strict.")[0] == 0
    assert question(server) == "Review this.\n\nBe strict."
    assert run(*at(server), "-t", "one", "-p", "")[0] == 0
    assert question(server) == "Review this."


@pytest.mark.parametrize(
    ("text", "flags", "said"),
    [
        ("{1} and {tone}", ["-t", "one"], "The template one wants 1 and tone."),
        ("/new\nText", ["-t", "one"], "The template one begins with a command."),
        ("", ["-t", "one"], "There is no template one."),
        ("Text", ["-t", "onee"], "There is no template onee. Did you mean one?"),
        ("Text", ["-r", "-t", "one"], "-r wants to know which chat."),
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_is_sent(server, template, text, flags, said):
    template(text)
    code, out, err = run(*at(server), *flags, typed="Hi")
    assert (code, out) == (1, "")
    assert said in err
    assert server.received == []


def test_without_a_template_what_stands_behind_the_flags_is_still_a_command(server):
    assert "No such command" in run(*at(server), "words")[2]
