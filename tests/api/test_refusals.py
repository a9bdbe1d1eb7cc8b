"""What servers say when they refuse, in all the forms seen, and the sentence a person reads."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.api.refusals import error_from, refusal, request_id_in, retry_after, words_in
from deepchat.errors import (
    AccessError,
    BadRequest,
    ModelNotFound,
    NoKey,
    NotAnAnswer,
    RateLimited,
    ServerTrouble,
    TooLong,
)
from deepchat.secret import Secret

UNION = [{"loc": ["body", "messages", 2, "role"], "msg": f"Input {n} is wrong"} for n in range(9)]

FORMS = {
    "OpenAI": ({"error": {"message": "Not authenticated", "code": None}}, "Not authenticated"),
    "native": ({"error": "Model not found"}, "Model not found"),
    "newer": ({"message": "Should be a tool", "param": "messages.0"}, "Should be a tool (messages.0)"),
    "vLLM": ({"object": "error", "message": "Too bad"}, "Too bad"),
    "FastAPI": ({"detail": "Not Found"}, "Not Found"),
    "FastAPI with an object": ({"detail": {"error": "no"}}, "no"),
    "FastAPI with OpenAI's": ({"detail": {"error": {"message": "no"}}}, "no"),
    "pydantic": ({"detail": UNION[:1]}, "body.messages.2.role: Input 0 is wrong"),
    "pydantic without places": ({"detail": [{"msg": "a"}, "b", 5]}, "a; b"),
    "something else": ({"code": 7}, '{"code": 7}'),
    "a problem document": ({"title": "Too slow", "status": 524}, "Too slow"),
    "a list": ([1], "[1]"),
    "a string": ("plain", "plain"),
}  # fmt: skip


@pytest.mark.parametrize(("document", "said"), FORMS.values(), ids=FORMS.keys())
def test_the_message_is_found_in_every_form(document, said):
    assert words_in(json.dumps(document).encode()) == said


def test_of_many_entries_three_are_told():
    assert words_in(json.dumps({"detail": UNION}).encode()).count("is wrong") == 3


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"upstream down", "upstream down"),
        (b"", ""),
        (b"<html><title>502 Bad &amp;\n Gateway</title><p>long", "a web page, “502 Bad & Gateway”"),
        (b"\n<!doctype html>secret things", "a web page"),
        (b"[" * 100_000, "[" * 199 + "…"),
        (b"caf\xe9 \x1b]0;x\x07", "caf\ufffd ␛]0;x␇"),
    ],
)
def test_text_is_told_on_one_line_and_a_page_by_its_title(body, said):
    assert words_in(body) == said


STATUSES = {
    400: BadRequest, 401: AccessError, 402: AccessError, 403: AccessError, 404: ModelNotFound, 405: BadRequest,
    408: ServerTrouble, 409: ServerTrouble, 413: BadRequest, 418: BadRequest, 422: BadRequest, 425: ServerTrouble,
    429: RateLimited, 500: ServerTrouble, 503: ServerTrouble, 524: ServerTrouble, 529: ServerTrouble,
    200: NotAnAnswer, 204: NotAnAnswer, 301: NotAnAnswer, 308: NotAnAnswer,
}  # fmt: skip


@pytest.mark.parametrize("status", [status for status in STATUSES if status >= 400])
@pytest.mark.parametrize("form", FORMS)
def test_each_status_has_its_error_and_the_words_in_every_form(status, form):
    document, said = FORMS[form]
    error = error_from(status, {}, json.dumps(document).encode(), server="api.example")
    assert type(error) is STATUSES[status]
    assert str(error).startswith("api.example ")
    assert f"({status}): {said}" in str(error)


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_has_its_error_one_sentence_and_a_hint(status):
    error = error_from(status, {"x-request-id": "r-1"}, b'{"error": {"message": "Boom"}}')
    assert type(error) is STATUSES[status]
    assert (error.status, error.request_id) == (status, "r-1")
    assert str(error).isprintable()
    assert str(error).endswith(".")
    assert error.hint


def test_a_refused_key_is_told_apart_from_a_missing_one():
    refused = error_from(401, {}, b"")
    missing = error_from(401, {}, b"", keyed=False)
    assert str(refused) == "The server refused the key (401)."
    assert isinstance(missing, NoKey)


@pytest.mark.parametrize(
    "said",
    [
        "Requested input length 99009 exceeds maximum input length 8192",
        "This model's maximum context length is 8192 tokens",
        "prompt is too long",
        "the request exceeds the available context size",
        "Token limit reached",
    ],
)
@pytest.mark.parametrize("status", [400, 413, 422, 500])
def test_a_conversation_that_is_too_long_is_told_so_whatever_the_status(status, said):
    error = error_from(status, {}, json.dumps({"error": {"message": said}}).encode())
    assert isinstance(error, TooLong)
    assert "too long" in str(error)
    assert "shorter" in error.hint


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("This model's maximum context length is 8192 tokens. However, you requested 9000.", 8192),
        ("maximum context length of 131,072 tokens", 131072),
        ("the request exceeds the available context size (512 tokens), try increasing it", 512),
        ("prompt is too long: 205000 tokens > 200000 maximum", 200000),
        (
            "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
            32768,
        ),
        ("input length 99009 exceeds maximum input length", None),
        ("prompt is too long", None),
        ("context length " + "9" * 5000, None),
        ("context size 0", None),
    ],
)
def test_the_window_is_learned_from_the_servers_words(said, limit):
    error = error_from(400, {}, json.dumps({"error": {"message": said}}).encode())
    assert isinstance(error, TooLong)
    assert error.limit == limit


def test_a_redirect_names_where_to():
    error = error_from(307, {"location": "https://other.example/v1\x1b[0m"}, b"")
    assert "https://other.example/v1␛[0m" in str(error)


def test_the_key_is_taken_out_before_the_words_are_cut():
    body = b"x" * 190 + b"sk-1234567890abcdef"
    error = error_from(
        500, {}, body, redact=lambda text: text.replace("sk-1234567890abcdef", "[k]")
    )
    assert "sk-" not in str(error)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "3.5"}, 3.5),
        ({"retry-after": "1e9"}, 1e9),
        ({"retry-after": "1000000000"}, 1e9),
        ({"retry-after": "9" * 400}, 1e9),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:10 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 10.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:28:10 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon", "date": "now"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_how_long_to_wait_is_read_in_every_form(headers, seconds):
    assert retry_after(headers) == seconds
    error = error_from(429, headers, b"")
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


NUMBERS = st.from_regex(r"[-+]?[0-9]{0,12}(\.[0-9]+)?(e[0-9]{1,4})?", fullmatch=True)
DATES = st.builds(
    "Thu, {:02} {} {:04} {:02}:00:00 {}".format,
    st.integers(0, 32),
    st.sampled_from(["Jan", "Feb", "Dec", "Mon"]),
    st.integers(0, 99999),
    st.integers(0, 25),
    st.sampled_from(["GMT", "", "-0000", "+2359", "+99999"]),
)


@given(st.text() | NUMBERS | DATES, st.text() | DATES)
def test_whatever_a_server_says_of_a_wait_is_a_time_or_nothing(wanted, now):
    wait = retry_after({"retry-after": wanted, "date": now})
    assert wait is None or 0 <= wait < float("inf")


def test_a_date_without_a_date_beside_it_is_measured_by_the_clock_here():
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    wait = retry_after({"retry-after": format_datetime(tomorrow, usegmt=True)})
    assert wait is not None
    assert 86_000 < wait <= 86_400


@pytest.mark.parametrize(
    ("wait", "when"),
    [(0.2, "1 s"), (60, "60 s"), (301, "5 min 1 s"), (7200, "2 h 0 min"), (1e9, "11574 days")],
)
def test_when_to_ask_again_is_said_as_people_do(wait, when):
    assert refusal(503, "", wait=wait).hint == f"Ask again in {when}."


def test_the_request_id_is_found_cleaned_and_bounded():
    assert request_id_in({"cf-ray": "abc", "x-request-id": "r\x07"}) == "r␇"
    assert request_id_in({"cf-ray": "x" * 500}) == "x" * 99 + "…"
    assert request_id_in({}) == ""
    assert request_id_in({"x-request-id": "r-key-1"}, Secret("key").redact) == "r-[key]-1"
