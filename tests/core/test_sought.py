import string
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.errors import UsageError
from deepchat.sought import ANY, LEAD, SHOWN, Only, excerpt, only, typed

NOW = 1_700_000_000_000
DAY = 86_400_000


def test_what_is_no_filter_is_a_word():
    assert typed("  the  old house ", NOW) == ("the old house", ANY)


@pytest.mark.parametrize(
    "line",
    ["--model lab/good the house", "the --model=lab/good house", "the house --model lab/good"],
)
def test_a_filter_stands_anywhere_among_the_words(line):
    assert typed(line, NOW) == ("the house", Only(model="lab/good"))


def test_behind_two_dashes_everything_is_words():
    assert typed("git --since=7d -- --amend -- it", NOW) == (
        "git --amend -- it",
        Only(since_ms=NOW - 7 * DAY),
    )


@pytest.mark.parametrize(
    ("text", "days"),
    [("12h", 0.5), ("7d", 7), ("2w", 14), ("6m", 180), ("1Y", 365), ("999999y", NOW)],
)
def test_since_is_a_span(text, days):
    assert only(NOW, since=text).since_ms == max(0, NOW - int(days * DAY))


def test_since_is_a_date_of_here_or_of_a_named_zone():
    assert only(NOW, since="2023-05-06T00:00+00:00").since_ms == 1_683_331_200_000
    here = datetime(2023, 5, 6).astimezone()
    assert only(NOW, since="2023-05-06").since_ms == here.timestamp() * 1000


@pytest.mark.parametrize(
    ("text", "costs"),
    [
        (">0.10", {0.11}),
        (">=0.10", {0.10, 0.11}),
        ("$.1", {0.10, 0.11}),
        ("<0.1", {0.09}),
        ("<=0.10", {0.09, 0.10}),
    ],
)
def test_a_cost_is_a_limit(text, costs):
    wanted = only(NOW, cost=text)
    least, most = wanted.least or 0, 1 if wanted.most is None else wanted.most
    assert {cost for cost in (0.09, 0.10, 0.11) if least <= cost <= most} == costs


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("--modle x", "Did you mean --model?"),
        ("--since", "--since 7d"),
        ("--since=", "--since 7d"),
        ("--since soon", "a date such as"),
        ("--since 99999-01-01", "a date such as"),
        ("--cost much", ">0.10"),
        ("--\x1b[31m", "Behind --"),
    ],
)
def test_what_cannot_be_understood_is_said_with_a_way_out(line, hint):
    with pytest.raises(UsageError) as told:
        typed(line, NOW)
    assert hint in str(told.value.hint)
    assert "\x1b" not in str(told.value)


def text_of(pieces):
    return "".join(piece.text for piece in pieces)


def test_an_excerpt_shows_what_was_found_with_a_few_words_around_it():
    pieces = excerpt([("word " * 1000, False), ("needle", True), (" hay" * 1000, False)])
    assert [piece.text for piece in pieces if piece.found] == ["needle"]
    assert pieces[0].text == "…" + ("word " * 1000)[-LEAD:]
    assert text_of(pieces).endswith("…")
    assert len(text_of(pieces)) <= SHOWN + 1


@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=())), st.booleans())))
def test_an_excerpt_is_one_clean_line(parts):
    shown = text_of(excerpt(parts))
    assert not set(shown) & set(string.whitespace) - {" "}
    assert "\x1b" not in shown
    assert len(shown) <= SHOWN + 1
