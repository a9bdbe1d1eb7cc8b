"""Models are found by what they are called, what they are for, and what they take; and what a reply costs by the list."""

import pytest

from deepchat.conversation import ModelInfo, Usage
from deepchat.errors import UsageError
from deepchat.offers import HEADERS, aged, alike, cost, fitting, ordered, priced, row

SMALL = ModelInfo("lab/Small", context_length=8_000, input_price=0.1, output_price=0.2)
LARGE = ModelInfo("lab/large", "", 200_000, 16_000, 3, 15, 0.3, ("vision", "reasoning"))
UNKNOWN = ModelInfo("other/x")
ALL = [SMALL, LARGE, UNKNOWN]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ALL),
        ("LAB", [SMALL, LARGE]),
        ("lab vision", [LARGE]),
        ("context>8k", [LARGE]),
        ("context>=8k", [SMALL, LARGE]),
        ("in<1", [SMALL]),
        ("out<=$15 cached<0.5", [LARGE]),
        ("max>0.01m", [LARGE]),
        ("in<.5", [SMALL]),
        ("lab in>100", []),
    ],
)
def test_words_and_comparisons_narrow_the_list_down(asked, found):
    assert fitting(ALL, asked) == found


@pytest.mark.parametrize("asked", ["price<1", "in<", "<5", "in<x", "in<1<2", "context>1g"])
def test_a_comparison_that_is_none_is_told(asked):
    with pytest.raises(UsageError, match="not understood"):
        fitting(ALL, asked)


def test_models_are_ordered_and_unknown_ones_stand_last():
    assert ordered(ALL, "id") == [LARGE, SMALL, UNKNOWN]
    assert ordered(ALL, "price") == [SMALL, LARGE, UNKNOWN]
    assert ordered(ALL, "context") == [LARGE, SMALL, UNKNOWN]
    for by, said in (("size", "wants one of id, price, context, not size"), ("", "context\\.$")):
        with pytest.raises(UsageError, match=said):
            ordered(ALL, by)


def test_a_row_has_what_is_known():
    assert row(LARGE) == (
        "lab/large", "200k", "16k", "$3.00", "$15.00", "$0.30", "vision reasoning",
    )  # fmt: skip
    assert row(UNKNOWN) == ("other/x", *[""] * (len(HEADERS) - 1))


def test_a_reply_costs_what_the_list_says_and_what_was_cached_less():
    assert cost(Usage(1000, 100), SMALL) == pytest.approx((100 + 20) / 1e6)
    assert cost(Usage(1000, 100, cached_tokens=900), LARGE) == pytest.approx(
        (300 + 270 + 1500) / 1e6
    )
    assert cost(Usage(1000, 100, cached_tokens=900), SMALL) == cost(Usage(1000, 100), SMALL)
    assert cost(Usage(1000, 100, cached_tokens=5000), LARGE) == pytest.approx((300 + 1500) / 1e6)
    assert cost(Usage(None, 100), SMALL) is None
    assert cost(Usage(1000, 100), UNKNOWN) is None


def test_a_cost_the_server_does_not_say_is_estimated_and_one_that_it_says_stands():
    said = Usage(1000, 100, cost=0.5)
    assert priced("lab/Small", said, ALL) == said
    known = priced("lab/Small", Usage(1000, 100), ALL)
    assert known == Usage(1000, 100, cost=known.cost, estimated=True)
    assert known.cost == pytest.approx(0.00012)
    assert priced("other/x", Usage(1000, 100), ALL) == Usage(1000, 100)
    assert priced("nobody/knows", Usage(1000, 100), ALL) == Usage(1000, 100)


@pytest.mark.parametrize(
    "other", ["LAB/small", "small", "host/Small", "lab/Small-2024-08-06", "small@20250514"]
)
def test_a_model_that_reports_itself_in_other_words_costs_the_same(other):
    assert alike("lab/Small", other)
    assert priced(other, Usage(1000, 100), ALL) == priced("lab/Small", Usage(1000, 100), ALL)


@pytest.mark.parametrize("other", ["lab/Small-2507", "lab/Small-mini", "lab/Small-2024-0806", ""])
def test_another_version_or_size_is_another_model(other):
    assert not alike("lab/Small", other)
    assert priced(other, Usage(1000, 100), ALL).cost is None


def test_of_two_vendors_neither_price_is_taken_for_a_model_that_names_none():
    two = [SMALL, ModelInfo("shop/small", input_price=9, output_price=9)]
    assert priced("small", Usage(1000, 100), two).cost is None
    assert priced("shop/small", Usage(1000, 0), two).cost == pytest.approx(0.009)


def test_the_age_of_a_list_is_told_when_it_was_not_asked_for_right_now():
    assert aged(None) == aged(3.0) == ""
    assert aged(7200.0) == "As of 2 h 0 min ago; --refresh asks again."
