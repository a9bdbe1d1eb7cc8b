"""Any stream of bytes, cut anywhere, gives the events that the specification says."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepchat.api import sse
from deepchat.api.sse import Feeder, opened
from deepchat.errors import NotAnAnswer
from tests.api.said import bytewise, cut, randomly

CASES_FILE = Path(__file__).parents[2] / ".." / "shared" / "data" / "sse_cases.json"
CASES = json.loads(CASES_FILE.read_text()) if CASES_FILE.exists() else []

# Where more is wanted than WHATWG gives: the last event of a body that ends without a blank line, and the field `error`.
LENIENT = {
    "bare-field": ["", "\n", ""],
    "eof-no-blank": ["test1", "test2"],
    "eof-no-newline": ["a", "[DONE]"],
    "error-field": ['{"a":1}', '{"detail":"failed to decode"}'],
}


def data_of(pieces):
    return [data for _, data in sse.events(Feeder(pieces))]


@pytest.mark.skipif(not CASES, reason="the shared conformance cases are not here")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_conforms_to_the_specification_however_the_bytes_are_cut(case):
    body = case["input_latin1"].encode("latin-1")
    expected = LENIENT.get(case["id"], case["expect"])
    ways = [[body], bytewise(body), *(randomly(body, seed) for seed in range(8))]
    assert [data_of(way) for way in ways] == [expected] * 10


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(["data: a€😀", "data:", ": hi", "event: x", "", "error: e", "\ufeff"])
    ),
    st.sampled_from(["\n", "\r", "\r\n"]),
    st.sets(st.integers(0, 100)),
)
def test_neither_line_ends_nor_cuts_change_the_events(lines, end, cuts):
    plain = "".join(f"{line}\n" for line in lines).encode()
    body = "".join(f"{line}{end}" for line in lines).encode()
    assert list(sse.events(Feeder(cut(body, cuts)))) == list(sse.events(Feeder([plain])))


def test_an_event_is_given_as_soon_as_its_last_byte_is_there():
    given = []

    def pieces():
        for piece in (b"data: 1\r\r", b"data: 2\r\n\r\n", b"data: 3\n\n"):
            yield piece
            given.append(piece)

    events = sse.events(Feeder(pieces()))
    assert [(next(events)[1], len(given)) for _ in range(3)] == [("1", 0), ("2", 1), ("3", 2)]


def test_a_large_event_is_searched_only_once(monkeypatch):
    searched = []

    class Counting(bytearray):
        def find(self, *wanted):
            searched.append(len(self) - wanted[1])
            return super().find(*wanted)

    monkeypatch.setattr(sse, "bytearray", Counting, raising=False)
    body = b"data: " + b"x" * 20_000_000 + b"\n\n"
    pieces = [body[i : i + 1400] for i in range(0, len(body), 1400)]
    assert data_of(pieces) == ["x" * 20_000_000]
    assert sum(searched) < 1.01 * len(body)


def test_an_event_beyond_all_bounds_is_refused():
    endless = (b"data: more " for _ in iter(int, 1))
    with pytest.raises(NotAnAnswer, match="1,000 bytes"):
        list(Feeder(endless, largest=1000))


def test_an_event_of_too_many_lines_is_refused():
    with pytest.raises(NotAnAnswer, match="10,000 lines"):
        data_of([b"x\n" * 10_001])


def test_the_beginning_is_kept_for_a_diagnosis():
    feeder = Feeder([b"<p>", b"x" * 100_000])
    list(feeder)
    assert feeder.head == (b"<p>" + b"x" * 100_000)[: sse.HEAD_BYTES]


def test_comments_are_counted():
    feeder = Feeder([b": PROCESSING\n\n: PROCESSING\n\ndata: x\n: again\n\n"])
    assert (len(list(feeder)), feeder.comments) == (3, 3)


def test_an_error_field_becomes_an_error_event():
    body = b'data: {}\n\nerror: {"detail": "failed"}\n\n'
    assert list(sse.events(Feeder([body])))[1] == ("error", '{"detail": "failed"}')


@pytest.mark.parametrize(
    ("body", "first"),
    [
        (b"data: x", b"d"),
        (b"\n\n  {}", b"{"),
        (b"\xef\xbb\xbf{}", b"{"),
        (b"<html>", b"<"),
        (b" \n", b""),
        (b"", b""),
    ],
)
def test_the_first_byte_that_says_something_is_found_and_none_is_lost(body, first):
    for pieces in ((body,), bytewise(body)):
        found, rest = opened(pieces)
        assert (found, b"".join(rest)) == (first, body)


def test_a_body_of_nothing_but_blanks_is_not_searched_for_ever():
    found, rest = opened([b" " * 70_000, b"{"])
    assert (found, b"".join(rest)) == (b"", b" " * 70_000 + b"{")
