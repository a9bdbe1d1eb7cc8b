"""Every fault of the table: the error, its words, how often the server is asked, and what is kept of the reply."""

import tracemalloc
from functools import cache

import pytest

from deepchat.api.sse import LARGEST_EVENT
from deepchat.errors import DeepchatError, StreamCut
from tests.faults import FAULTS, Fault, Outcome, ask
from tests.sites import CHUNKED, HEAD, HI, KEY, chunked, peer

FAILURES = [name for name, fault in FAULTS.items() if fault.kind]
FLOODS = [name for name, fault in FAULTS.items() if fault.floods]
LONGEST = 190  # and the program's name before it
ROOM = 32 << 20


@cache
def met(name: str) -> Outcome:
    """What came of it, asked once for all tests."""
    return ask(FAULTS[name])


def failure(name: str) -> DeepchatError:
    error = met(name).turn.error
    assert isinstance(error, DeepchatError)
    return error


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_in_its_words_and_what_came_is_kept(name):
    fault, error = FAULTS[name], met(name).turn.error
    assert (type(error) if error else None) is fault.kind, error
    assert fault.is_said(str(error or ""), met(name).site), error
    assert (met(name).kept, met(name).turn.reply.text) == (fault.keeps, fault.keeps)


@pytest.mark.parametrize("name", FAULTS)
def test_only_what_costs_nothing_is_asked_again(name):
    fault = FAULTS[name]
    assert len(met(name).site.requests) == fault.requests
    assert met(name).turn.tries == (fault.tries or fault.requests)


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_one_line_that_names_the_host_and_a_remedy(name):
    error = failure(name)
    line = f"{error} {error.remedy()}"
    assert met(name).site.named("{server}") in str(error)
    assert str(error)[-1] in ".!?…"
    assert error.hint
    assert line.isprintable()
    assert len(line) <= LONGEST
    assert "<html" not in line


@pytest.mark.parametrize("name", FAILURES)
def test_no_secret_is_in_a_failure_or_in_what_caused_it(name):
    chain: list[BaseException] = [failure(name)]
    while more := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(more)
    shown = f"{failure(name).remedy()} {chain!r} {[str(each) for each in chain]}"
    assert KEY not in shown
    assert "me:pw" not in shown


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_takes_little_more_memory_than_the_largest_event_may(name):
    tracemalloc.start()
    try:
        ask(FAULTS[name])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < LARGEST_EVENT + ROOM


@pytest.mark.parametrize("name", [name for name in FAULTS if name.startswith("status")])
def test_a_refusal_has_the_id_of_its_request_and_so_has_the_reply(name):
    assert "Request id: r-0123456789." in failure(name).remedy()
    assert met(name).turn.reply.request_id == "r-0123456789"


def test_a_reply_that_breaks_has_the_id_of_its_request():
    identified = CHUNKED.replace(HEAD, HEAD + b"X-Request-Id: r-1\r\n")
    error = ask(Fault(peer(identified + chunked(HI)), StreamCut, "")).turn.error
    assert isinstance(error, StreamCut)
    assert error.remedy() == "Asking again may help. Request id: r-1."
