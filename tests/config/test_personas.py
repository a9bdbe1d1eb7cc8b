"""Personas, from tables and from files, and the one a chat starts with."""

import pytest

from deepchat.config import Flags, load
from deepchat.conversation import Persona


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


def test_a_table_and_a_file_are_personas_and_the_file_wins(write):
    write("config.toml", '[personas.a]\nsystem = "A"\nmodel = "m"\n[personas.b]\nsystem = "B"')
    write("personas/a.md", "From a file.\n\nTwo paragraphs.\n")
    write("personas/c.txt", "C")

    settings = load(Flags(), {})

    assert settings.personas == {
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
    assert [persona.text for persona in settings.personas.values()] == ["Text", "Text"]


def test_a_file_that_is_no_text_is_left_out_with_a_word(write, home):
    write("personas/bad.md", b"good\n\xff\xfe")
    (home / "personas" / "folder.md").mkdir()
    write("personas/.hidden.md", "x")
    write("personas/notes.pdf", "x")

    settings = load(Flags(), {})

    assert settings.personas == {}
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
