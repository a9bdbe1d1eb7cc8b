"""Rows of the draft end between words, and nothing else about it changes."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from deepchat.repl.wrapping import LONGEST, filled

TEXT = st.text(alphabet="ab c世、é", max_size=80)


def rows_of(text, columns, typed=None):
    """As prompt_toolkit breaks what is shown: (place in the text, character or filling) in each row."""
    shown = filled(text, len(text) if typed is None else typed, columns)
    rows: list[list[tuple[int, str]]] = [[]]
    cell = 0
    for at, char in enumerate(text):
        for part in shown.get(at, char):
            if cell + get_cwidth(part) > columns:
                rows.append([])
                cell = 0
            rows[-1].append((at, part))
            cell += get_cwidth(part)
    return rows


def texts_of(text, columns, typed=None):
    return ["".join(part for _, part in row) for row in rows_of(text, columns, typed)]


def test_a_word_without_room_begins_the_next_row():
    assert texts_of("the quick brown fox", 10) == ["the quick ", "brown fox"]
    assert texts_of("the quick, brown fox", 10) == ["the       ", "quick,    ", "brown fox"]


def test_a_word_longer_than_a_row_is_broken_where_the_row_ends():
    assert texts_of("see https://example.org/x ok", 10) == ["see https:", "//example.", "org/x ok"]


def test_scripts_without_spaces_end_a_row_between_any_two_characters():
    assert texts_of("ab世界世界", 5) == ["ab世 ", "界世 ", "界"]


def test_what_may_follow_does_not_move_what_is_typed():
    assert texts_of("one two", 6) == ["one   ", "two"]
    assert texts_of("one two", 6, typed=5) == ["one t ", "wo"]


def test_a_line_too_long_to_be_measured_at_each_key_is_left_alone():
    assert filled("word " * LONGEST, 0, 80) == {}


@given(TEXT, st.integers(2, 20))
def test_each_word_that_fits_stands_in_one_row_and_nothing_is_added_but_filling(text, columns):
    rows = rows_of(text, columns)
    first = {at: part for row in reversed(rows) for at, part in reversed(row)}
    assert "".join(first[at] for at in range(len(text))) == text
    row_of = {at: number for number, row in enumerate(rows) for at, _ in reversed(row)}
    for word in re.finditer(r"[abcé]+", text):
        if get_cwidth(word[0]) < columns:
            assert len({row_of[at] for at in range(word.start(), word.end())}) == 1


@given(TEXT, st.integers(2, 20))
def test_a_row_is_filled_up_only_where_the_next_word_has_no_room(text, columns):
    rows = rows_of(text, columns)
    for row, following in pairwise(rows):
        own = dict(reversed(row))
        word = re.match(r"(?:[世、]|[abcé]+) ?| ", text[following[0][0] :])
        assert word
        assert sum(map(get_cwidth, own.values())) + get_cwidth(word[0]) > columns
