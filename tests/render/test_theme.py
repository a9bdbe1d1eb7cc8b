import re
from dataclasses import fields

import pytest
from pygments.token import Token
from rich.style import Style

from deepchat.render.theme import COLORS, THEMES, Theme

CONTRAST = 4.5


def every_style(theme: Theme) -> list[Style]:
    single = [getattr(theme, f.name) for f in fields(theme)]
    return [
        *(style for style in single if isinstance(style, Style)),
        *theme.heading,
        *theme.syntax.values(),
    ]


def sgr_codes(style: Style) -> list[int]:
    return [
        int(n) for seq in re.findall(r"\x1b\[([\d;]*)m", style.render("x")) for n in seq.split(";")
    ]


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", THEMES)
def test_no_theme_sets_a_background(name: str):
    assert all(style.bgcolor is None for style in every_style(THEMES[name]))


def test_ansi_uses_attributes_and_the_colours_that_are_seen_on_light_and_on_dark():
    # Bright blue and red, since the plain ones are hardly seen on the black of xterm and of GNOME.
    allowed = {0, 1, 2, 3, 4, 9, 91, 32, 35, 36, 94}
    used = {code for style in every_style(THEMES["ansi"]) for code in sgr_codes(style)}
    assert used <= allowed


def test_mono_has_no_colour():
    assert all(style.color is None for style in every_style(THEMES["mono"]))


@pytest.mark.parametrize("name", THEMES)
def test_what_must_stand_out_does_so_without_colour(name: str):
    theme = THEMES[name]
    marked = [theme.strong, theme.problem, theme.warning, theme.table_head, theme.user_mark]
    assert all(style.bold for style in marked)
    assert theme.link.underline
    assert theme.emphasis.italic


@pytest.mark.parametrize("name", THEMES)
def test_the_levels_of_headings_that_are_used_can_be_told_apart(name: str):
    assert len({style.without_color for style in THEMES[name].heading[:3]}) == 3


NAMED = [name for name, colors in COLORS.items() if colors.background]


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("field", ["red", "green", "yellow", "blue", "magenta", "cyan", "muted"])
def test_every_colour_of_a_named_theme_can_be_read(name: str, field: str):
    colors = COLORS[name]
    assert contrast(getattr(colors, field), str(colors.background)) >= CONTRAST


def test_a_token_takes_the_style_of_its_nearest_parent():
    theme = THEMES["ansi"]
    assert theme.token(Token.Literal.String.Doc) == theme.syntax[Token.Literal.String]
    assert theme.token(Token.Keyword.Constant) != theme.syntax[Token.Keyword]
    assert theme.token(Token.Name.Whatever.Unheard.Of) == Style()
