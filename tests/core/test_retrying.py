"""Which failure is tried again, how often, and after what wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.api.refusals import refusal
from deepchat.errors import (
    ConfigError,
    NetworkError,
    ProxyFailed,
    RateLimited,
    StreamCut,
    TimedOut,
    TlsFailed,
    Unreachable,
)
from deepchat.retrying import FIRST_S, LONGEST_S, NEVER, Pause, Retries

SURELY = Retries(chance=lambda: 0.5)

AGAIN = [408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529]
NOT_AGAIN = [400, 401, 402, 403, 404, 405, 409, 413, 422, 501, 505, 525, 530, 599]


@pytest.mark.parametrize("status", AGAIN)
def test_a_server_that_refuses_for_the_moment_is_asked_again(status):
    assert SURELY.wait(refusal(status, "oops"), 0) is not None


@pytest.mark.parametrize("status", NOT_AGAIN)
def test_a_refusal_that_will_not_change_is_not(status):
    assert SURELY.wait(refusal(status, "oops"), 0) is None


def test_a_conversation_that_is_too_long_stays_too_long_whatever_the_status():
    assert SURELY.wait(refusal(500, "This exceeds the maximum context length"), 0) is None


@pytest.mark.parametrize("kind", [TimedOut, StreamCut, TlsFailed, ProxyFailed, NetworkError])
def test_what_may_have_been_delivered_or_will_never_be_is_not_sent_again(kind):
    assert SURELY.wait(kind("."), 0) is None
    assert SURELY.wait(ConfigError("."), 0) is None


def test_there_are_two_retries_unless_told_otherwise():
    assert SURELY.wait(Unreachable("."), 1) is not None
    assert SURELY.wait(Unreachable("."), 2) is None
    assert NEVER.wait(Unreachable("."), 0) is None


@given(done=st.integers(0, 99), chance=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_anywhere_below_a_bound_that_doubles(done, chance):
    wait = Retries(100, lambda: chance).wait(Unreachable("."), done)
    assert wait == chance * min(LONGEST_S, FIRST_S * 2**done)


@given(asked=st.floats(0, LONGEST_S, exclude_min=True))
def test_a_server_is_asked_again_when_it_wants(asked):
    assert SURELY.wait(RateLimited(".", status=429, retry_after=asked), 0) == asked


def test_a_server_that_does_not_mind_when_is_not_asked_at_once():
    assert SURELY.wait(RateLimited(".", status=429, retry_after=0.0), 0) == FIRST_S / 2


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_wants_to_be_left_alone_for_long_is_and_says_when(status):
    busy = refusal(status, "", wait=301.0)
    assert SURELY.wait(busy, 0) is None
    assert busy.hint == "Ask again in 5 min 1 s."
    assert refusal(status, "", wait=59.5).hint == "Ask again in 60 s."


def test_a_pause_counts_down():
    pause = Pause(Unreachable("No\x1b[31m route."), 4.2, since=100.0)
    assert pause.told() == "retrying in 5 s: No␛[31m route."
    assert [pause.told(now)[:16] for now in (101, 104, 105)] == [
        "retrying in 4 s:",
        "retrying in 1 s:",
        "retrying in 0 s:",
    ]
