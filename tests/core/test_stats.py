"""What answers took, summed up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.stats import BAR, BYS, MONEY, SPEED, Answer, row, summed, tables, total

NOON = datetime(2026, 3, 18, 12).astimezone()


def answer(days=0, model="lab/a", cost=0.5, *, estimated=False, first=0.5, seconds=2.5, retries=0):
    at_ms = int((NOON + timedelta(days=days)).timestamp() * 1000)
    return Answer(at_ms, model, "lab", 100, 20, cost, estimated, first, seconds, retries)


def test_days_weeks_and_months_are_in_order_and_told_by_their_beginning():
    said = [answer(14), answer(), answer(-17), answer(), answer(-2)]
    assert [(one.name, one.answers) for one in summed(said, "day")] == [
        ("2026-03-01", 1), ("2026-03-16", 1), ("2026-03-18", 2), ("2026-04-01", 1),
    ]  # fmt: skip
    assert [one.name for one in summed(said, "week")] == ["2026-02-23", "2026-03-16", "2026-03-30"]
    assert [one.name for one in summed(said, "month")] == ["2026-03", "2026-04"]


def test_models_are_told_the_dearest_first_and_without_a_price_by_their_tokens():
    said = [answer(model="a", cost=None), answer(model="b", cost=None), answer(model="c")]
    assert [one.name for one in summed([*said, said[1]], "model")] == ["c", "b", "a"]
    assert [one.name for one in summed(said, "provider")] == ["lab"]


def test_a_sum_tells_what_is_known_and_counts_what_is_not():
    one = total("x", [answer(estimated=True), answer(cost=None, retries=2), answer(cost=0.25)])
    assert (one.answers, one.unpriced, one.cost, one.estimated) == (3, 1, 0.75, True)
    assert (one.prompt_tokens, one.completion_tokens, one.retries) == (300, 60, 2)


def test_speed_and_waits_are_those_in_the_middle_and_of_nine_in_ten():
    said = [answer(first=wait, seconds=wait + 2) for wait in range(1, 11)]
    one = total("x", [*said, answer(first=None, seconds=None)])
    assert (one.first_token_s, one.first_token_p90_s, one.tokens_per_second) == (5.5, 9, 10.0)
    nothing = total("x", [answer(first=None, seconds=None)])
    assert (nothing.first_token_s, nothing.first_token_p90_s) == (None, None)
    assert nothing.tokens_per_second is None


def test_a_row_says_it_for_people():
    told = row(total("lab/a", [answer(estimated=True), answer(cost=None, retries=1)]))
    assert dict(zip((*MONEY, *SPEED), told, strict=True)) == {
        "answers": "2", "no price": "1", "in": "200", "out": "40", "cost": "~$0.50",
        "speed": "10 tok/s", "first token": "0.5 s", "9 of 10": "0.5 s", "retries": "1",
    }  # fmt: skip


def test_tables_leave_out_columns_in_which_nothing_stands():
    money, speed = tables(summed([answer(cost=None, first=None)], "model"), "model")
    assert money == (
        ("model", "answers", "no price", "in", "out", ""),
        [("lab/a", "1", "1", "100", "20", "█" * BAR)],
    )
    assert speed == (("model", "speed"), [("lab/a", "8.0 tok/s")])


def bars(*answers):
    """How long they are."""
    (_, shown), _ = tables(summed(answers, "model"), "model")
    return [one[-1].count("█") for one in shown]


def test_bars_are_as_long_as_the_money_or_else_as_the_tokens():
    assert bars(answer(model="a", cost=1.0), answer(model="b", cost=0.5)) == [BAR, BAR // 2]
    dear, cheap, free = (answer(model=str(cost), cost=cost) for cost in (1.0, 0.001, 0.0))
    assert bars(dear, cheap, free) == [BAR, 1, 0]
    many = [answer(model="a", cost=None), answer(model="a", cost=None)]
    assert bars(*many, answer(model="b", cost=None)) == [BAR, BAR // 2]


ANSWERS = st.lists(
    st.builds(
        Answer,
        st.integers(0, int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)),
        st.sampled_from("abc"),
        st.sampled_from("xy"),
        st.none() | st.integers(0, 10**9),
        st.none() | st.integers(0, 10**9),
        st.none() | st.floats(0, 1e6),
        st.booleans(),
        st.none() | st.floats(0, 1e4),
        st.none() | st.floats(0, 1e4),
        st.integers(0, 9),
    )
)


@given(ANSWERS, st.sampled_from(BYS))
def test_nothing_is_lost_or_counted_twice_however_it_is_summed_up(answers, by):
    sums = summed(answers, by)
    whole = total("", answers)
    for field in ("answers", "unpriced", "prompt_tokens", "completion_tokens", "retries"):
        assert sum(getattr(one, field) for one in sums) == getattr(whole, field)
    assert sum(one.cost for one in sums) == pytest.approx(whole.cost)
    assert all(len(shown) == len(sums) for _, shown in tables(sums, by))
