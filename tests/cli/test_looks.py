"""How the configuration changes what is drawn."""

import re

from deepchat.cli.looks import drawing
from deepchat.config import Flags, load


def test_without_colours_code_is_still_told_from_text(own_home):
    painted = drawing(load(Flags(), {"NO_COLOR": "1"})).markdown("a `b` **c**", 40)
    assert painted == "a \x1b[1m`b`\x1b[0m \x1b[1mc\x1b[0m\n"


def test_no_colour_is_left_in_any_theme_when_there_are_to_be_none(own_home):
    (own_home / ".config" / "deepchat").mkdir(parents=True)
    file = own_home / ".config" / "deepchat" / "config.toml"
    file.write_text('[ui]\ntheme = "dracula"', encoding="utf-8")
    painted = drawing(load(Flags(color="never"), {})).markdown("# a\n\n```py\nx = 1  # y\n```", 40)
    codes = {int(n) for seq in re.findall(r"\x1b\[([\d;]*)m", painted) for n in seq.split(";")}
    assert codes <= {0, 1, 2, 3, 4, 9}


def test_links_can_be_clicked_unless_no_hyperlinks_is_set(own_home, monkeypatch):
    asked = load(Flags(color="always"), {})
    assert "\x1b]8;;https://a.b" in drawing(asked).markdown("https://a.b", 40)
    monkeypatch.setenv("NO_HYPERLINKS", "1")
    assert "\x1b]8" not in drawing(asked).markdown("https://a.b [c](https://d.e)", 40)
