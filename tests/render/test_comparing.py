"""Two texts beside one another: nothing of them is lost, and no row is too long."""

import re

from hypothesis import given
from hypothesis import strategies as st
from pygments.token import Generic

from deepchat.render.comparing import beside, pairs
from deepchat.render.screen import Screen
from deepchat.render.theme import THEMES
from deepchat.render.wrap import row_len

SGR = re.compile(r"\x1b\[[\d;]*m")
THEME = THEMES["ansi"]

lines = st.lists(st.sampled_from(["", "a", "b b", "the same line", "漢字かな " * 30, "x" * 90]))


@given(lines, lines)
def test_each_line_of_both_stands_there_once_in_its_order(left, right):
    found = list(pairs(left, right))
    assert [one for one, _ in found if one is not None] == left
    assert [other for _, other in found if other is not None] == right


@given(lines, lines, st.integers(20, 120))
def test_no_row_is_longer_than_the_width(left, right, width):
    assert all(row_len(row) <= width for row in beside(left, right, THEME, width))


def test_only_the_words_that_differ_have_a_colour():
    (row,) = beside(["one two three"], ["one four three"], THEME, 80)
    styles = {run.text.strip(): run.style for run in row}
    assert styles["two"] == THEME.token(Generic.Deleted)
    assert styles["four"] == THEME.token(Generic.Inserted)
    assert styles["one"] not in (styles["two"], styles["four"])


def plain(drawn):
    return SGR.sub("", drawn)


def test_two_texts_stand_side_by_side_where_there_is_room():
    screen = Screen(THEMES["mono"], color=False)
    texts = "Because.\nIt is so.", "Because.\nIt was so.\nAmen."
    shown = screen.compared(("one", texts[0]), ("other", texts[1]), 100)
    column = (100 - 1 - 3) // 2
    assert plain(shown).splitlines() == [
        f"{'one':{column}}   other",
        "",
        f"{'Because.':{column}}   Because.",
        f"{'It is so.':{column}} | It was so.",
        f"{'':{column}} > Amen.",
    ]
    assert plain(screen.compared(("one", texts[0]), ("other", texts[1]), 99)).startswith(
        "--- one\n"
    )


def test_what_is_compared_is_made_safe():
    screen = Screen(THEME)
    for width in (60, 120):
        drawn = screen.compared(("a\x1b[2J", "one\x1b[2J\n"), ("b\x07", "two\x07"), width)
        assert "\x1b[2J" not in drawn
        assert "\x07" not in drawn
