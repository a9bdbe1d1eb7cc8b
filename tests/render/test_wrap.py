"""Rows: what fits, where they break, and that what is laid out stays."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from deepchat.render.wrap import Run, Wrapper, chop, merged, row_len, wrap
from tests.render.documents import documents

words = st.one_of(
    st.text(alphabet="ab 日、👩é\n", max_size=120),
    st.text(alphabet="abc  \t’", max_size=120),
    st.text(alphabet="日本語テー、「 a\u3099", max_size=120),
)


def rows_of(text, width):
    return ["".join(run.text for run in row) for row in wrap([Run(text)], width)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("one two three", ["one two", "three"]),
        ("a\nb", ["a", "b"]),
        ("a\n\nb", ["a", "", "b"]),
        ("abcdefghijkl", ["abcdefgh", "ijkl"]),
        ("x abcdefghijkl y", ["x", "abcdefgh", "ijkl y"]),
        ("a  b\tc", ["a  b c"]),
        ("  indented", ["indented"]),
        ("  in", ["  in"]),
        ("", []),
        ("日本語テスト", ["日本語テ", "スト"]),
    ],
)
def test_text_breaks_at_spaces_and_only_else_inside_words(text, rows):
    assert rows_of(text, 8) == rows


@documents(200)
@given(words, st.integers(2, 30))
def test_rows_fit_and_lose_no_character(text, width):
    rows = rows_of(text, width)
    assert all(cell_len(row) <= width for row in rows)
    assert "".join("".join(rows).split()) == "".join(text.split())


@documents(200)
@given(words, words, st.integers(2, 30))
def test_full_rows_do_not_change_when_text_is_added(text, more, width):
    wrapper = Wrapper(width)
    wrapper.feed([Run(text)])
    full = wrapper.take()
    wrapper.feed([Run(more)])
    assert full + wrapper.finish() == wrap([Run(text), Run(more)], width)


@documents(300)
@given(words, st.lists(st.integers(0, 120), max_size=9), st.integers(1, 30))
def test_the_rows_are_the_same_however_the_text_is_cut_into_runs(text, cuts, width):
    ends = [0, *sorted(cuts), len(text)]
    runs = [Run(text[start:end]) for start, end in pairwise(ends)]
    single = [Run(char) for char in text]
    rows = [[merged(row) for row in wrap(some, width)] for some in ([Run(text)], runs, single)]
    assert rows[0] == rows[1] == rows[2]


def test_a_copy_goes_its_own_way():
    wrapper = Wrapper(10)
    wrapper.feed([Run("one two three fo")])
    twin = wrapper.copy()
    twin.feed([Run("ur five")])
    wrapper.feed([Run("x")])
    assert [row_len(row) for row in twin.finish()] == [7, 10, 4]
    assert [row_len(row) for row in wrapper.finish()] == [7, 9]


def test_a_word_of_several_styles_is_not_torn():
    bold = Style(bold=True)
    rows = wrap([Run("some un"), Run("believ", bold), Run("able")], 14)
    assert [merged(row) for row in rows] == [
        [Run("some")],
        [Run("un"), Run("believ", bold), Run("able")],
    ]


def test_chopping_keeps_characters_whole():
    assert [row_len(row) for row in chop([Run("日本語a")], 3)] == [2, 2, 3]
    assert chop([], 5) == [[]]


@documents(300)
@given(
    st.text(alphabet="ab é日본א\u0301\u200d\ufe0f👩👧❤한␛", max_size=60),
    st.integers(0, 60),
    st.integers(1, 12),
    st.integers(0, 4),
)
def test_chopped_rows_are_the_same_however_the_text_is_cut_into_runs(text, cut, width, used):
    whole = chop([Run(text)], width, used)
    assert whole == chop([Run(text[:cut]), Run(text[cut:])], width, used)
    assert "".join(run.text for row in whole for run in row) == text
