"""Personas, from tables and from files, and the one a chat starts with."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as run_with
from hypothesis import strategies as st

from deepchat.config import Flags, load
from deepchat.config.folder import Folder
from deepchat.config.personas import Personas
from deepchat.conversation import Persona
from deepchat.errors import UsageError
from deepchat.placeholders import filled, variables

COME_ALONG = {"commit", "editor", "reviewer", "sceptic", "shell", "translator", "tutor"}


@pytest.fixture
def home(own_home):
    folder = own_home / ".config" / "deepchat"
    (folder / "personas").mkdir(parents=True)
    return folder


@pytest.fixture
def write(home):
    def write(name, text):
        (home / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    return write


def own(settings):
    return {name: one for name, one in settings.personas.items() if one.origin != "deepchat"}


def test_a_table_and_a_file_are_personas_and_the_file_wins(write):
    write("config.toml", '[personas.a]\nsystem = "A"\nmodel = "m"\n[personas.b]\nsystem = "B"')
    write("personas/a.md", "From a file.\n\nTwo paragraphs.\n")
    write("personas/c.txt", "C")

    settings = load(Flags(), {})

    assert own(settings) == {
        "a": Persona("a", "From a file.\n\nTwo paragraphs."),
        "b": Persona("b", "B"),
        "c": Persona("c", "C"),
    }
    assert settings.warnings == ()


def test_front_matter_gives_model_and_parameters(write):
    write(
        "personas/poet.md",
        '+++\r\nmodel = "verse"\r\nparameters = {temperature = 1.2}\r\n+++\r\nRhyme.\n+++\nyes',
    )

    persona = load(Flags(), {}).personas["poet"]

    assert (persona.model, persona.parameters) == ("verse", {"temperature": 1.2})
    assert persona.text == "Rhyme.\n+++\nyes"


def test_mistakes_in_front_matter_are_said_with_their_line_in_the_file(write):
    write("personas/a.md", '+++\n\nmodle = "x"\n+++\nText')
    write("personas/b.md", "+++\nmodel = \n+++\nText")

    settings = load(Flags(), {})

    assert settings.warnings[0].startswith("personas/a.md, line 3: personas.a.modle is not known")
    assert "personas/b.md is not valid TOML" in settings.warnings[1]
    assert "line 2" in settings.warnings[1]
    assert [persona.text for persona in own(settings).values()] == ["Text", "Text"]


def test_a_file_that_is_no_text_is_left_out_with_a_word(write, home):
    write("personas/bad.md", b"good\n\xff\xfe")
    (home / "personas" / "folder.md").mkdir()
    write("personas/.hidden.md", "x")
    write("personas/notes.pdf", "x")

    settings = load(Flags(), {})

    assert own(settings) == {}
    assert settings.warnings == (
        "The persona bad.md was left out: line 2 is not UTF-8.",
        "The persona folder.md was left out: Is a directory.",
    )


def test_a_personas_folder_that_is_none_is_told(home):
    (home / "personas").rmdir()
    assert load(Flags(), {}).warnings == ()

    (home / "personas").write_text("")
    assert "were left out: Not a directory." in load(Flags(), {}).warnings[0]


def test_the_default_persona_brings_its_model_and_parameters(write):
    write(
        "config.toml",
        'persona = "a"\nmodel = "general"\n[parameters]\ntemperature = 1\nseed = 1\n'
        '[personas.a]\nsystem = "A"\nmodel = "own"\nparameters = {temperature = 0}',
    )

    settings = load(Flags(), {})

    assert settings.persona == settings.personas["a"]
    assert (settings.model, settings.origins["model"]) == ("own", "persona a")
    assert settings.parameters == {"temperature": 0, "seed": 1}
    assert settings.origins["parameters.temperature"] == "persona a"
    assert settings.origins["parameters.seed"] == "config.toml"
    assert load(Flags(model="flag"), {}).model == "flag"


def test_a_system_text_stands_alone_and_beside_a_persona_replaces_its_text_only(write):
    write("config.toml", 'persona = "a"\n[personas.a]\nsystem = "A"\nmodel = "own"')

    alone = load(Flags(system="Mine"), {})
    beside = load(Flags(system="Mine", persona="a"), {})

    assert (alone.persona, alone.model) == (Persona("", "Mine"), "anthropic/claude-4-sonnet")
    assert (beside.persona, beside.model) == (Persona("", "Mine", "own"), "own")
    assert ("persona", "(from --system)", "flag --system") in alone.rows()


def test_some_come_along_and_a_file_of_the_name_takes_the_place_of_one(write):
    assert load(Flags(), {}).personas.keys() == COME_ALONG
    assert all(one.text for one in load(Flags(), {}).personas.values())

    write("personas/tutor.txt", "Mine.")
    assert load(Flags(), {}).personas["tutor"].text == "Mine."
    assert load(Flags(), {}).personas.keys() == COME_ALONG


def test_a_persona_of_the_flag_takes_its_variables_along():
    persona = load(Flags(persona="translator language=Swiss German"), {}).persona

    assert persona
    assert persona.name == "translator"
    assert persona.text.startswith("Translate every message into Swiss German, ")
    assert variables(persona) == []


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("translator", "The persona translator wants language."),
        ("translator language=a style=b", "The persona translator has no style."),
        ("translater language=a", "There is no persona “translater”."),
    ],
)
def test_a_flag_with_too_few_or_too_many_variables_is_refused(flag, said):
    with pytest.raises(UsageError, match=said):
        load(Flags(persona=flag), {})
    assert load(Flags(persona="translator", system="Mine."), {}).persona == Persona("", "Mine.")


def test_the_file_may_name_a_persona_with_variables_and_is_told_which_are_missing(write):
    write("config.toml", 'persona = "tutor subject=Greek"')
    persona = load(Flags(), {}).persona
    assert persona
    assert persona.text.startswith("You teach Greek ")

    write("config.toml", 'persona = "tutor"')
    settings = load(Flags(), {})
    assert settings.persona is None
    assert settings.warnings == (
        "config.toml: The persona tutor wants subject. It stands behind the name: tutor subject=…",
    )


@pytest.fixture
def library(home):
    return Personas(Folder(home / "personas", "persona"), {"b": Persona("b", "B {x}", "m")}, {})


def test_what_is_saved_is_read_again_and_can_be_deleted(library, home):
    place = library.save(Persona("my cat", "Be {kind}.", "lab/cat", {"stop": ["a"], "seed": 1}))

    assert place == home / "personas" / "my cat.md"
    found = library.all()["my cat"]
    assert (filled(found.text, {}), found.model) == ("Be {kind}.", "lab/cat")
    assert found.parameters == {"stop": ["a"], "seed": 1}
    library.delete("my cat")
    assert not place.exists()


def test_what_is_no_file_cannot_be_deleted(library):
    with pytest.raises(UsageError, match="comes with deepchat"):
        library.delete("tutor")
    with pytest.raises(UsageError, match="is in config"):
        library.delete("b")
    with pytest.raises(UsageError, match="cannot be deleted: No such file"):
        library.delete("nobody")


def test_each_has_a_source_that_makes_it_again(library):
    assert library.source("nobody") == ""
    assert library.source("tutor").startswith("You teach {subject}")
    assert library.source("b") == '+++\nmodel = "m"\n+++\nB {x}\n'
    library.write("b", library.source("b"))
    assert library.all()["b"] == Persona("b", "B {x}", "m")
    assert library.source("b") == '+++\nmodel = "m"\n+++\nB {x}\n'


def test_what_is_wrong_with_a_written_one_is_told_and_it_is_kept(library):
    place, warnings = library.write("c", '+++\nmodle = "x"\n+++\nText')
    assert place.read_text() == '+++\nmodle = "x"\n+++\nText'
    assert "personas.c.modle is not known" in warnings[0]


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "a\nb", "x" * 61, "con:1", "a "])
def test_a_name_that_is_no_name_of_a_file_is_refused(library, home, name):
    with pytest.raises(UsageError, match="cannot be called"):
        library.save(Persona(name, "Text"))
    assert list(home.rglob("*")) == [home / "personas"]


def test_a_parameter_that_no_file_can_hold_is_named(library):
    with pytest.raises(UsageError, match="logit is null"):
        library.save(Persona("a", "Text", "", {"extra.logit": None}))


JSON = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@run_with(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(
    text=st.text() | st.text("+{}=a\n\ufeff"),
    model=st.text(max_size=5),
    extra=st.dictionaries(st.text("ab._-'", min_size=1), JSON, max_size=3),
)
def test_every_persona_comes_back_as_it_was_saved(library, text, model, extra):
    parameters = {f"extra.{name}": value for name, value in extra.items()}
    library.save(Persona("any", text, model, parameters))
    found = library.all()["any"]
    assert filled(found.text, {"a": "given"}) == text.strip()
    assert (found.model, found.parameters) == (model, parameters)
