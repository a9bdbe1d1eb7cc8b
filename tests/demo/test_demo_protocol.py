"""Every endpoint and every error of the demo, over real HTTP."""

import gzip
import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepchat.demo.manual import Page
from deepchat.demo.server import MAX_BODY, DemoServer, Pace

HELLO = {"model": "deepchat/demo", "messages": [{"role": "user", "content": "hello"}]}


def connected(server: DemoServer) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=10)


def ask(
    server: DemoServer,
    body: Any = None,
    *,
    method: str = "POST",
    path: str = "/chat/completions",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Any]:
    """Status and body of one request; the body as JSON, or the events of a stream as bytes."""
    payload = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection = connected(server)
    try:
        connection.request(method, f"/v1/openai{path}", payload, dict(headers or {}))
        response = connection.getresponse()
        got = response.read()
        streamed = response.getheader("Content-Type", "").startswith("text/event-stream")
        return response.status, got if streamed else json.loads(got)
    finally:
        connection.close()


def chunks(stream: bytes) -> list[dict[str, Any]]:
    """The JSON of every event, after checking that the stream is nothing but events and ends as it must."""
    *events, done, rest = stream.split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    assert all(event.startswith(b"data: {") and b"\n" not in event for event in events)
    return [json.loads(event[6:]) for event in events]


def said(stream: bytes, field: str = "content") -> str:
    return "".join(chunk["choices"][0]["delta"].get(field) or "" for chunk in chunks(stream))


def question(text: str, **more: Any) -> dict[str, Any]:
    return {**HELLO, "messages": [{"role": "user", "content": text}], **more}


# --- replies ---------------------------------------------------------------------------------------------------------


def test_a_stream_is_role_then_deltas_then_reason_and_usage(server: DemoServer) -> None:
    status, stream = ask(server, {**HELLO, "stream": True})
    first, *deltas, last = chunks(stream)

    assert status == 200
    assert first["choices"] == [
        {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
    ]
    assert {chunk["object"] for chunk in (first, *deltas, last)} == {"chat.completion.chunk"}
    assert len({(chunk["id"], chunk["created"]) for chunk in (first, *deltas, last)}) == 1
    assert last["model"] == "deepchat/demo"
    assert last["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    assert last["usage"] == {
        "prompt_tokens": 5,
        "completion_tokens": len(deltas),
        "total_tokens": 5 + len(deltas),
        "estimated_cost": 0.0,
        "prompt_tokens_details": {"cached_tokens": 0},
    }


def test_without_stream_the_reply_is_one_json_object(server: DemoServer) -> None:
    status, reply = ask(server, HELLO)

    assert (status, reply["object"]) == (200, "chat.completion")
    assert reply["choices"][0]["message"]["role"] == "assistant"
    assert reply["choices"][0]["finish_reason"] == "stop"
    assert reply["usage"]["estimated_cost"] == 0


def test_max_tokens_cuts_the_reply_and_says_so(server: DemoServer) -> None:
    _, stream = ask(server, {**HELLO, "stream": True, "max_tokens": 3})

    assert chunks(stream)[-1]["choices"][0]["finish_reason"] == "length"
    assert chunks(stream)[-1]["usage"]["completion_tokens"] == 3
    assert len(chunks(stream)) == 1 + 3 + 1


def test_usage_can_be_declined(server: DemoServer) -> None:
    options = {"stream": True, "stream_options": {"include_usage": False}}
    _, stream = ask(server, {**HELLO, **options})

    assert not any("usage" in chunk for chunk in chunks(stream))


def test_the_thinking_model_tells_its_search_before_it_answers(server: DemoServer) -> None:
    request = question("Which model?", model="deepchat/demo-thinking", stream=True)
    _, stream = ask(server, request)
    fields = [next(iter(chunk["choices"][0]["delta"]), "") for chunk in chunks(stream)[1:-1]]

    assert "/model" in said(stream, "reasoning_content")
    assert fields == sorted(fields, reverse=True)  # all the reasoning, then all the content
    details = chunks(stream)[-1]["usage"]["completion_tokens_details"]
    assert details == {"reasoning_tokens": fields.count("reasoning_content")}


def test_thinking_is_a_field_of_its_own_in_a_plain_reply_too(server: DemoServer) -> None:
    _, reply = ask(server, {**HELLO, "model": "deepchat/demo-thinking"})

    assert "None fits." in reply["choices"][0]["message"]["reasoning_content"]


def test_an_assistant_message_may_be_empty(server: DemoServer) -> None:
    silence = {"role": "assistant", "content": None}
    status, _ = ask(server, {**HELLO, "messages": [*HELLO["messages"], silence]})

    assert status == 200


def test_many_requests_share_one_connection(server: DemoServer) -> None:
    connection = connected(server)
    for stream in (True, False, True):
        connection.request(
            "POST", "/v1/openai/chat/completions", json.dumps({**HELLO, "stream": stream})
        )
        connection.getresponse().read()
    connection.request("GET", "/v1/openai/nowhere")
    connection.getresponse().read()
    connection.close()

    assert server.connections == 1
    assert [request.method for request in server.received] == ["POST", "POST", "POST", "GET"]


def test_a_gzipped_request_is_read(server: DemoServer) -> None:
    packed = gzip.compress(json.dumps(HELLO).encode())
    status, _ = ask(server, packed, headers={"Content-Encoding": "gzip"})

    assert status == 200
    assert server.received[-1].json == HELLO


def test_a_body_that_is_not_the_gzip_it_claims_to_be_is_400(server: DemoServer) -> None:
    assert ask(server, b"plain", headers={"Content-Encoding": "gzip"})[0] == 400


def test_received_keeps_headers_in_lower_case_and_only_the_last_hundred(server: DemoServer) -> None:
    connection = connected(server)
    for number in range(105):
        connection.request("GET", f"/{number}", headers={"X-Number": str(number)})
        connection.getresponse().read()
    connection.close()

    assert len(server.received) == 100
    assert server.received[-1].path == "/104"
    assert server.received[-1].headers["x-number"] == "104"


@pytest.fixture(scope="module")
def shared() -> Iterator[DemoServer]:
    pages = [
        Page("Überschrift", "日本語 and `code`\n\n## NEAR(\n\nAND OR NOT"),
        Page("/model", "*"),
    ]
    with DemoServer(pages, pace=Pace.INSTANT) as demo:
        yield demo


@settings(max_examples=30, deadline=None)
@given(text=st.text() | st.text(alphabet="\"'*()-^:{}+ andornear\x00\ud800日本table"))
def test_whatever_is_asked_streams_the_very_text_of_the_plain_reply(
    shared: DemoServer, text: str
) -> None:
    plain_status, plain = ask(shared, question(text))
    status, stream = ask(shared, question(text, stream=True))

    assert (plain_status, status) == (200, 200)
    assert said(stream) == plain["choices"][0]["message"]["content"] != ""


# --- models ----------------------------------------------------------------------------------------------------------


def test_the_model_list_describes_itself_only_with_meta(server: DemoServer) -> None:
    _, bare = ask(server, method="GET", path="/models")
    _, full = ask(server, method="GET", path="/models?sort_by=x&filter=with_meta")

    assert [model["id"] for model in bare["data"]] == ["deepchat/demo", "deepchat/demo-thinking"]
    assert [model["metadata"] for model in bare["data"]] == [None, None]
    metadata = full["data"][1]["metadata"]
    assert metadata["pricing"] == {"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0}
    assert metadata["tags"] == ["chat", "reasoning"]
    assert metadata["context_length"] > 0
    assert metadata["description"]


# --- refusals --------------------------------------------------------------------------------------------------------


def test_a_wrong_key_is_401_and_the_right_one_is_not() -> None:
    with DemoServer([], pace=Pace.INSTANT, key="right") as server:
        right, _ = ask(server, HELLO, headers={"Authorization": "Bearer right"})
        wrong, body = ask(server, HELLO, headers={"Authorization": "Bearer wrong"})
        none, _ = ask(server, HELLO)
        models, _ = ask(server, method="GET", path="/models")

    assert (right, wrong, none, models) == (200, 401, 401, 200)
    assert body == {
        "error": {
            "message": "Not authenticated",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
    }


def test_an_unknown_model_is_404(server: DemoServer) -> None:
    status, body = ask(server, {**HELLO, "model": "vendor/none"})

    assert status == 404
    assert body["error"]["message"] == "Model not found: vendor/none"


@pytest.mark.parametrize("path", ["/nowhere", "/chat", "/chat/completions/more", ""])
def test_an_unknown_path_is_404(server: DemoServer, path: str) -> None:
    assert ask(server, HELLO, path=path) == (404, {"detail": "Not Found"})


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/chat/completions"), ("POST", "/models"), ("DELETE", "/models")]
)
def test_a_wrong_method_is_405(server: DemoServer, method: str, path: str) -> None:
    assert ask(server, method=method, path=path) == (405, {"detail": "Method Not Allowed"})


def test_tools_are_405(server: DemoServer) -> None:
    status, body = ask(server, {**HELLO, "tools": [{"type": "function"}]})

    assert status == 405
    assert body["error"]["message"] == "Tool calling is not supported for model: deepchat/demo"


MESSAGES = {"messages": HELLO["messages"]}


@pytest.mark.parametrize(
    ("body", "loc", "kind", "told"),
    [
        (b"{", ["body", 1], "json_invalid", "JSON decode error"),
        (b"", ["body", 0], "json_invalid", "JSON decode error"),
        ([], ["body"], "model_attributes_type", "Input should be a valid dictionary"),
        (MESSAGES, ["body", "model"], "missing", "Field required"),
        ({**HELLO, "model": 1}, ["body", "model"], "string_type", "a valid string"),
        ({"model": "m"}, ["body", "messages"], "missing", "Field required"),
        ({**HELLO, "messages": "hi"}, ["body", "messages"], "list_type", "a valid list"),
        ({**HELLO, "messages": []}, ["body", "messages"], "too_short", "at least 1 item"),
        ({**HELLO, "messages": [1]}, ["body", "messages", 0], "dictionary_type", "dictionary"),
        (
            {**HELLO, "messages": [{"role": "user"}]},
            ["body", "messages", 0, "content"],
            "missing",
            "Field required",
        ),
        (
            question("", messages=[{"role": "user", "content": 5}]),
            ["body", "messages", 0, "content"],
            "string_type",
            "a valid string",
        ),
        (
            question("", messages=[{"role": "user", "content": ["x"]}]),
            ["body", "messages", 0, "content", 0],
            "dictionary_type",
            "a valid dictionary",
        ),
        ({**HELLO, "stream": "yes"}, ["body", "stream"], "bool_type", "a valid boolean"),
        ({**HELLO, "stream_options": 1}, ["body", "stream_options"], "dictionary_type", "valid"),
        ({**HELLO, "temperature": "hot"}, ["body", "temperature"], "float_type", "valid number"),
        ({**HELLO, "temperature": 3}, ["body", "temperature"], "less_than_equal", "equal to 2"),
        ({**HELLO, "top_k": 1.5}, ["body", "top_k"], "int_type", "a valid integer"),
        ({**HELLO, "max_tokens": True}, ["body", "max_tokens"], "int_type", "a valid integer"),
        ({**HELLO, "max_tokens": -1}, ["body", "max_tokens"], "greater_than_equal", "equal to 0"),
        ({**HELLO, "reasoning_effort": "no"}, ["body", "reasoning_effort"], "literal_error", "max"),
    ],
)
def test_a_malformed_request_is_422_in_fastapi_form(
    server: DemoServer, body: Any, loc: list[str | int], kind: str, told: str
) -> None:
    status, answer = ask(server, body)

    assert status == 422
    assert [(problem["loc"], problem["type"]) for problem in answer["detail"]] == [(loc, kind)]
    assert told in answer["detail"][0]["msg"]


def test_the_developer_role_is_422_with_an_entry_for_each_kind_of_message(
    server: DemoServer,
) -> None:
    messages = [{"role": "user", "content": "hi"}, {"role": "developer", "content": "be nice"}]
    status, body = ask(server, {**HELLO, "messages": messages})

    assert status == 422
    assert len(body["detail"]) == 4
    assert body["detail"][3] == {
        "type": "literal_error",
        "loc": ["body", "messages", 1, "ChatCompletionToolMessage", "role"],
        "msg": "Input should be <ChatMessageRole.TOOL: 'tool'>",
        "input": "developer",
        "ctx": {"expected": "<ChatMessageRole.TOOL: 'tool'>"},
    }


def test_every_problem_is_told_at_once(server: DemoServer) -> None:
    _, body = ask(server, {"temperature": 9})

    assert [problem["loc"][1] for problem in body["detail"]] == ["model", "messages", "temperature"]


@pytest.mark.parametrize("body", [b'{"model": "\xff"}', b"[" * 200_000, b"9" * 10_000])
def test_a_body_beyond_reading_is_400(server: DemoServer, body: bytes) -> None:
    assert ask(server, body)[0] == 400


def test_parts_of_text_are_read_and_pictures_passed_over(server: DemoServer) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    parts = [{"type": "text", "text": "which model?"}, picture]
    _, body = ask(server, {**HELLO, "messages": [{"role": "user", "content": parts}]})

    assert "## /model" in body["choices"][0]["message"]["content"]


def test_a_conversation_without_room_left_is_400(server: DemoServer) -> None:
    status, body = ask(server, question("word " * 140_000))

    assert status == 400
    assert "exceeds maximum input length" in body["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": str(MAX_BODY + 1)}, 413),
        ({"Content-Length": "many"}, 400),
        ({"Transfer-Encoding": "chunked"}, 411),
        ({"Content-Length": "0", "Content-Encoding": "br"}, 415),
        ({"Content-Length": "0", "Content-Encoding": "gzip"}, 400),
    ],
)
def test_a_body_it_will_not_read_is_refused_before_it_comes(
    server: DemoServer, headers: dict[str, str], status: int
) -> None:
    connection = connected(server)
    connection.putrequest("POST", "/v1/openai/chat/completions")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    with connection.getresponse() as response:
        body = json.load(response)
    connection.close()

    assert response.status == status
    assert body.keys() == {"detail"}


def test_a_body_too_large_is_refused_in_words_even_while_it_is_sent(server: DemoServer) -> None:
    status, body = ask(server, bytes(MAX_BODY + 1))

    assert (status, body) == (413, {"detail": "Request Entity Too Large"})
    assert server.gone == 0


def test_a_gzip_bomb_is_refused(server: DemoServer) -> None:
    bomb = gzip.compress(bytes(MAX_BODY + 1), compresslevel=1)
    status, _ = ask(server, bomb, headers={"Content-Encoding": "gzip"})

    assert status == 413


@pytest.mark.parametrize("said", [b"\x16\x03\x01 hello", b"BREW / HTTP/1.1", b"GET / HTTP/9"])
def test_what_is_not_http_gets_a_short_answer_in_json(server: DemoServer, said: bytes) -> None:
    port = urlsplit(server.base_url).port or 0
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as line,
        line.makefile("rb") as answers,
    ):
        line.sendall(said + b"\r\n\r\n")
        answer = answers.read()

    assert json.loads(answer.rpartition(b"\r\n\r\n")[2]).keys() == {"detail"}
