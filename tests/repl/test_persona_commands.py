"""The library of personas: taken up, saved, edited, deleted, and seen in the history."""

import pytest

from deepchat.conversation import Finished, Persona, TextDelta


def answer(text):
    return [TextDelta(text), Finished("stop")]


@pytest.fixture
def file(tmp_path):
    """Where the file of a persona is."""
    return lambda name: tmp_path / "personas" / f"{name}.md"


@pytest.fixture
def open_words(bench):
    bench.personas.save(Persona("both", "Say X and Y."))
    bench.personas.write("both", "Say {x} in {tone=plain} {y}.")


def test_persona_is_chosen_taken_and_taken_away(bench):
    bench.paper.choice = "dog"
    bench.type("/persona")
    assert bench.chat.session.persona == "Woof."
    bench.type("/persona cat")
    assert (bench.chat.session.persona, bench.chat.session.model) == ("Meow.", "lab/cat")
    bench.paper.choice = ""
    bench.type("/persona")
    assert {"cat ←", "dog", "translator"} < set(bench.paper.offered)
    assert bench.chat.session.persona == "Meow."
    assert "Did you mean dog?" in bench.type("/persona dgo")
    bench.type("/persona -")
    assert bench.chat.session.persona_name == ""


def test_the_preview_shows_what_a_persona_brings_and_wants(bench):
    shown = {}

    def look(picking):
        shown.update({name: picking.preview(name, 80) for name in ("cat", "translator")})

    bench.paper.take = look
    bench.type("/persona")
    assert shown["cat"].split() == ["lab/cat", "Meow."]
    assert shown["translator"].startswith("{language}\n\nTranslate every message")


def test_variables_are_given_or_asked_for_one_by_one(bench, open_words):
    assert "The model is both (x a b, y c) from the next" in bench.type("/persona both x=a b y=c")
    assert bench.chat.session.persona == "Say a b in plain c."
    assert bench.chat.session.persona_name == "both"
    bench.paper.answers = ["one", "two"]
    bench.type("/persona both tone=a loud")
    assert bench.paper.asked == "both: y"
    assert bench.chat.session.persona == "Say one in a loud two."


def test_who_would_rather_not_answer_stays_with_the_persona_of_before(bench, open_words):
    bench.type("/persona cat")
    bench.paper.answers = ["one"]
    assert "stays as it was" in bench.type("/persona both")
    assert bench.chat.session.persona == "Meow."
    assert "has no z" in bench.type("/persona cat z=1")


def test_who_the_model_is_now_is_saved_and_can_be_taken_again(bench, file):
    bench.type("/system Be {kind}.")
    bench.type("/set temperature 0.5")
    assert "my friend is kept in" in bench.type("/persona save my friend")
    assert file("my friend").exists()
    assert bench.chat.session.persona_name == "my friend"
    bench.type("/new")
    bench.type("/persona my friend")
    session = bench.chat.session
    assert (session.persona, session.model) == ("Be {kind}.", "lab/good")
    assert session.parameters == {"temperature": 0.5}


def test_saving_over_one_asks_unless_it_is_forced(bench, file):
    bench.type("/system First.")
    bench.type("/persona save a")
    bench.type("/system Second.")
    bench.paper.choice = "No"
    bench.type("/persona save a")
    assert bench.paper.offered == ["No", "Put this one in its place"]
    assert "First." in file("a").read_text()
    bench.paper.choice = "Put this one in its place"
    bench.type("/persona save a")
    assert "Second." in file("a").read_text()
    bench.type("/system Third.")
    bench.paper.choice = "No"
    bench.type("/persona save a --force")
    assert "Third." in file("a").read_text()


def test_a_persona_is_edited_with_its_front_and_what_is_wrong_is_told(bench, file):
    bench.paper.revision = "+++\nmodel = 1\n+++\nMeow!"
    assert "personas.cat.model must be" in bench.type("/persona edit cat").replace("\n", " ")
    assert bench.paper.revised == '+++\nmodel = "lab/cat"\n+++\nMeow.\n'
    assert file("cat").read_text() == "+++\nmodel = 1\n+++\nMeow!\n"
    bench.type("/persona cat")
    assert bench.chat.session.persona == "Meow!"


def test_an_editor_left_without_a_change_writes_nothing(bench, file):
    bench.paper.revision = bench.personas.source("tutor").removesuffix("\n")
    assert "Nothing was changed." in bench.type("/persona edit tutor")
    bench.paper.revision = ""
    assert "Nothing was changed." in bench.type("/persona edit fresh")
    assert not file("tutor").parent.exists()
    bench.paper.revision = "Fresh."
    bench.type("/persona edit fresh")
    assert file("fresh").read_text() == "Fresh.\n"


def test_deleting_asks_unless_it_is_forced(bench, file):
    bench.type("/persona save a")
    bench.paper.choice = "No"
    bench.type("/persona delete a")
    assert file("a").exists()
    bench.paper.choice = "Delete it"
    assert "is deleted" in bench.type("/persona delete a")
    assert not file("a").exists()
    bench.type("/persona save a")
    bench.paper.choice = "No"
    bench.type("/persona delete --force a")
    assert not file("a").exists()
    assert "There is no persona a." in bench.type("/persona delete a --force")
    assert "comes with deepchat" in bench.type("/persona delete tutor --force")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/persona save", "/persona save wants a name."),
        ("/persona delete --force", "/persona delete wants a name."),
        ("/persona save edit", "No persona can be called edit."),
        ("/persona save -", "No persona can be called -."),
        ("/persona save ../up", "A persona cannot be called ../up."),
        ("/persona edit a/b", "A persona cannot be called a/b."),
    ],
)
def test_a_name_that_cannot_be_is_refused_in_words(bench, tmp_path, line, said):
    bench.paper.revision = "Text"
    assert said in bench.type(line)
    assert not (tmp_path / "personas").exists()


def test_a_change_of_persona_in_mid_chat_is_seen_in_the_history(bench):
    bench.model.script += [answer(f"{number}.") for number in range(4)]
    for line in ("One?", "/persona cat", "Two?", "Three?", "/persona -", "Four?"):
        bench.type(line)
    rows = [row for row in bench.type("/history").splitlines() if row.strip()]
    told = [row for row in rows if row in {"Persona: Meow.", "Persona: none from here on", *"1234"}]
    assert told == ["1", "Persona: Meow.", "2", "3", "Persona: none from here on", "4"]


def test_an_answer_asked_for_anew_as_another_persona_says_so_at_its_question(bench):
    bench.model.script += [answer("Hello."), answer("Meow.")]
    for line in ("Hi?", "/persona cat", "/retry"):
        bench.type(line)
    assert "Persona: Meow." in bench.type("/history")
