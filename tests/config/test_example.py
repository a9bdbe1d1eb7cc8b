"""config.example.toml tells the truth about every key."""

import re
import tomllib
from pathlib import Path

from deepchat.config import KEYS, THEMES, Flags, load
from deepchat.config.file import parse
from deepchat.render.theme import THEMES as DRAWN

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
UNCOMMENTED = re.sub(r"^#(?=[\w\[])", "", TEXT, flags=re.MULTILINE)


def in_example(place, table):
    for name in place:
        table = table[next(iter(table)) if name == "*" else name]
    return table


def test_it_loads_as_it_stands_and_with_every_setting_in_use(tmp_path):
    uncommented = tmp_path / "all.toml"
    uncommented.write_text(UNCOMMENTED, encoding="utf-8")

    assert load(Flags(config=EXAMPLE), {}).warnings == ()
    assert load(Flags(config=uncommented), {}).warnings == ()
    assert tomllib.loads(TEXT) == {}


def test_every_key_is_there_and_its_help_beside_it():
    document = tomllib.loads(UNCOMMENTED)
    keys = [key for key in KEYS if not key.name.startswith("personas.*.parameters.")]

    assert [key.name for key in keys if in_example(key.name.split("."), document) is None] == []
    assert [key.name for key in keys if f"\n# {key.help}" not in TEXT] == []


def test_the_defaults_shown_are_the_defaults():
    values, warnings = parse(UNCOMMENTED, EXAMPLE.name)
    defaults = {tuple(key.name.split(".")): key.default for key in KEYS if key.default is not None}

    assert warnings == []
    assert {place: values[place] for place in defaults} == defaults


def test_the_themes_that_can_be_chosen_are_those_that_can_be_drawn():
    assert set(THEMES) == set(DRAWN)
