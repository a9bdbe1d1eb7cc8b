"""What may be spent: when a limit is reached, what is asked about once, and what is refused from then on."""

from datetime import datetime

import pytest

from deepchat.budget import Budget, Expected, Outlays, Purse, allowance, begins
from deepchat.conversation import Message, Usage
from deepchat.errors import OverBudget, StoreError, UsageError

NOW = datetime(2026, 3, 17, 15, 30).astimezone()
MARCH = datetime(2026, 3, 1).astimezone()
NOW_MS = int(NOW.timestamp() * 1000)

CHEAP = Expected(100, 100, 0.001, 0.002)
DEAR = Expected(100_000, 1_000, 0.3, 0.315)
UNKNOWN = Expected(1_000_000, 1_000_000)
FREE = Expected(1_000_000, 1_000_000, 0.0, 0.0)


class Disk:
    """Spent since a moment, by when it was."""

    def __init__(self):
        self.outlays = []
        self.broken = False

    def spent(self, since_ms):
        if self.broken:
            raise StoreError("Gone.")
        return Usage(cost=sum(dollars for at, dollars in self.outlays if at >= since_ms))


@pytest.fixture
def disk():
    return Disk()


def purse(disk, *, asks=True, **limits):
    return Purse(Budget(**limits), disk.spent, lambda: NOW_MS, asks=asks)


def reply(dollars, at_ms=NOW_MS, *, estimated=False):
    return Message(
        "r", "assistant", "x", created_ms=at_ms, usage=Usage(cost=dollars, estimated=estimated)
    )


def here(*messages, unstored=(), session="s"):
    return Outlays(session, messages, unstored)


def test_days_and_months_begin_at_midnight_where_the_user_is():
    assert begins("day", NOW_MS) == NOW.replace(hour=0, minute=0).timestamp() * 1000
    assert begins("month", NOW_MS) == MARCH.timestamp() * 1000


def test_without_limits_all_is_granted(disk):
    purse(disk).require("a", here(reply(1_000.0)), DEAR)


def test_what_is_dear_is_asked_about_and_granted_when_it_is_wanted_again(disk):
    mine = purse(disk, ask_above=0.25)
    mine.require("a", here(), CHEAP)
    with pytest.raises(UsageError, match=r"about ~\$0.32, for ~100k tokens out and ~1.0k back"):
        mine.require("b", here(), DEAR)
    mine.require("b", here(), DEAR)


def test_another_one_is_asked_about_for_itself(disk):
    mine = purse(disk, ask_above=0.25)
    for wanted in "abc":
        with pytest.raises(UsageError):
            mine.require(wanted, here(), DEAR)


def test_in_a_chat_where_much_was_agreed_to_only_much_more_is_asked_about(disk):
    mine = purse(disk, ask_above=0.25)
    with pytest.raises(UsageError):
        mine.require("a", here(), DEAR)
    mine.require("a", here(), DEAR)
    mine.require("b", here(), Expected(200_000, 1_000, 0.6, 0.62))
    with pytest.raises(UsageError):
        mine.require("c", here(), Expected(300_000, 1_000, 0.9, 0.92))
    with pytest.raises(UsageError):
        mine.require("d", here(session="other"), DEAR)


@pytest.mark.parametrize("expected", [UNKNOWN, FREE])
def test_what_has_no_price_or_costs_nothing_is_not_asked_about(disk, expected):
    purse(disk, ask_above=0.01).require("a", here(), expected)


def test_nobody_is_asked_where_nobody_can_be(disk):
    purse(disk, ask_above=0.01, asks=False).require("a", here(), DEAR)


SPENT = {
    "session": (here(reply(1.0)), "$1.00 was spent on this chat, and the budget is $1.00."),
    "day": (here(unstored=[reply(0.25)]), "$1.25 was spent today, and the budget is $1.00."),
    "month": (here(), "$1.50 was spent this month, and the budget is $1.00."),
}


@pytest.mark.parametrize("span", SPENT)
def test_a_limit_that_is_reached_is_asked_about_once_and_then_refused_until_it_is_raised(
    disk, span
):
    disk.outlays = [(NOW_MS, 1.0), (begins("month", NOW_MS), 0.5)]
    outlays, told = SPENT[span]
    mine = purse(disk, **{span: 1.0})
    with pytest.raises(OverBudget) as asked:
        mine.require("a", outlays, UNKNOWN)
    assert told in str(asked.value)
    assert (
        asked.value.hint
        == f"The same once more sends it, this once; /budget {span} AMOUNT raises it."
    )
    mine.require("a", outlays, UNKNOWN)
    mine.take()
    for wanted in "aab":
        with pytest.raises(OverBudget) as refused:
            mine.require(wanted, outlays, CHEAP)
        assert refused.value.hint == f"/budget {span} AMOUNT raises it."
    mine.set(span, 2.0)
    mine.require("c", outlays, CHEAP)
    mine.take()
    mine.set(span, 0.5)
    with pytest.raises(OverBudget) as asked_anew:
        mine.require("d", outlays, CHEAP)
    assert "this once" in asked_anew.value.hint


def test_what_was_granted_is_granted_until_it_is_taken(disk):
    mine = purse(disk, session=1.0)
    with pytest.raises(OverBudget):
        mine.require("a", here(reply(1.0)), CHEAP)
    for _ in range(2):
        mine.require("a", here(reply(1.0)), CHEAP)


def test_another_chat_has_a_budget_of_its_own(disk):
    mine = purse(disk, session=1.0)
    with pytest.raises(OverBudget):
        mine.require("a", here(reply(1.0)), CHEAP)
    mine.require("b", here(session="other"), CHEAP)


def test_where_nobody_can_be_asked_a_limit_is_refused_at_once(disk):
    mine = purse(disk, day=1.0, asks=False)
    disk.outlays = [(NOW_MS, 1.0)]
    for _ in range(2):
        with pytest.raises(OverBudget) as refused:
            mine.require("a", here(), CHEAP)
        assert refused.value.exit_code == 5
        assert "sends it" not in refused.value.hint


def test_yesterday_does_not_count_for_today_nor_last_month_for_this_one(disk):
    disk.outlays = [(begins("day", NOW_MS) - 1, 5.0), (begins("month", NOW_MS) - 1, 5.0)]
    mine = purse(disk, day=1.0, month=6.0)
    mine.require("a", here(unstored=[reply(0.5, begins("day", NOW_MS) - 1)]), CHEAP)
    assert mine.spent("day", here()).cost == 0
    assert mine.spent("month", here()).cost == 5


def test_an_estimate_in_a_sum_makes_it_one(disk):
    disk.outlays = [(NOW_MS, 1.0)]
    outlays = here(unstored=[reply(1.0, estimated=True)])
    assert purse(disk).spent("day", outlays) == Usage(cost=2.0, estimated=True)


def test_when_the_disk_fails_what_it_said_last_counts(disk):
    mine = purse(disk, day=1.0)
    disk.outlays = [(NOW_MS, 0.5)]
    mine.require("a", here(), CHEAP)
    disk.broken = True
    with pytest.raises(OverBudget, match=r"\$1.00 was spent today"):
        mine.require("b", here(unstored=[reply(0.5)]), CHEAP)


def test_what_is_known_to_cost_nothing_breaks_no_limit(disk):
    purse(disk, session=1.0, reply=0.001).require("a", here(reply(5.0)), FREE)


def test_a_question_that_alone_is_beyond_the_budget_of_a_reply_is_asked_about(disk):
    mine = purse(disk, reply=0.25)
    with pytest.raises(OverBudget, match=r"about ~\$0.30 for the question alone"):
        mine.require("a", here(), DEAR)
    mine.require("a", here(), DEAR)
    assert mine.take() is None
    assert mine.take() == 0.25


def test_a_reply_may_be_as_long_as_its_price_allows():
    for most, tokens in ((0.5, 2_000), (0.05, 0)):
        allowed = allowance(most, Expected(1_000, 1_000, 0.1, 0.3))
        assert allowed
        assert allowed.tokens == pytest.approx(tokens, abs=1)


@pytest.mark.parametrize(
    ("most", "expected"), [(None, DEAR), (0.1, UNKNOWN), (0.1, FREE), (0.1, Expected(1, 1, 1, 1))]
)
def test_without_a_limit_or_a_price_a_reply_may_be_of_any_length(most, expected):
    assert allowance(most, expected) is None
