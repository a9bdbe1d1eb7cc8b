"""What servers say when they refuse, in all the forms seen, and the sentence a person reads."""

import json

import pytest

from deepchat.api.refusals import error_from, request_id_in, retry_after, words_in
from deepchat.errors import (
    AccessError,
    BadRequest,
    ModelNotFound,
    NoKey,
    NotAnAnswer,
    RateLimited,
    ServerTrouble,
)

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
    assert isinstance(error, BadRequest)
    assert "too long" in str(error)
    assert "shorter" in error.hint


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
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:10 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 10.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:28:10 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "soon", "date": "now"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_how_long_to_wait_is_read_in_every_form(headers, seconds):
    assert retry_after(headers) == seconds
    error = error_from(429, headers, b"")
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


def test_the_request_id_is_found_cleaned_and_bounded():
    assert request_id_in({"cf-ray": "abc", "x-request-id": "r\x07"}) == "r␇"
    assert request_id_in({"cf-ray": "x" * 500}) == "x" * 99 + "…"
    assert request_id_in({}) == ""
