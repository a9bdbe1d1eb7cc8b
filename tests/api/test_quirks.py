"""The 33 quirks of servers that speak this format, each as recorded or reported, over a real connection in any pieces.

The numbers are those in the comments of `wire`. What is particular to one of them, its fields and its limits, is in
test_wire; how a body is framed, how long one waits for it, and what is compressed, in test_client.
"""

import gzip
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from deepchat.conversation import Finished, Usage
from deepchat.demo.server import Answer
from deepchat.errors import (
    BadRequest,
    DeepchatError,
    NotAnAnswer,
    RateLimited,
    ServerTrouble,
    StreamCut,
    TimedOut,
)
from tests.api.said import (
    bytewise,
    chunk,
    delta,
    randomly,
    reasoning_of,
    received,
    stream,
    text_of,
    usage_of,
)

STOP = chunk(reason="stop")
COUNTED = {"prompt_tokens": 9, "completion_tokens": 4}
HI = stream(chunk("Hi"), STOP)
ERROR: dict[str, Any] = {"error": {"message": "Boom.", "code": 400}}


@dataclass(frozen=True)
class Row:
    """What a server sends, and what has to come of it: the text, the reasoning, and the finish reason or the error."""

    body: bytes
    text: str = "Hi"
    thought: str = ""
    end: str | type[DeepchatError] = "stop"
    usage: Usage | None = None
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    stays_open: bool = False


def whole(*choices, **more):
    return json.dumps({"object": "chat.completion", "choices": list(choices), **more}).encode()


ROWS = {
    "1 keep-alive comments": Row(stream(": OPENROUTER PROCESSING", chunk("Hi"), ": ping", STOP)),
    "1 blank lines before JSON": Row(b"\n\n\n" + whole({"message": {"content": "Hi"}, "finish_reason": "stop"})),
    "2 no space after data": Row(b'data:{"choices":[{"delta":{"content":"Hi"}}]}\n\ndata:[DONE]\n\n', end=""),
    "3 CRLF": Row(HI.replace(b"\n", b"\r\n")),
    "3 CR": Row(HI.replace(b"\n", b"\r")),
    "3 a bit of each": Row(HI.replace(b"\n\n", b"\n\r\n", 1).replace(b"\n\n", b"\r\r", 1)),
    "4 BOM": Row(b"\xef\xbb\xbf" + HI),
    "5 an error event": Row(stream(chunk("Half"), f"event: error\ndata: {json.dumps(ERROR)}", done=False), "Half", end=BadRequest),
    "6 an error field": Row(stream(chunk("Half"), 'error: {"detail":"x","error":{"message":"Boom."}}'), "Half", end=ServerTrouble),
    "7 an error in data": Row(stream(chunk("Half"), ERROR), "Half", end=BadRequest),
    "7 beside choices": Row(stream(chunk("Half"), chunk("", **ERROR)), "Half", end=BadRequest),
    "8 vLLM's error": Row(stream(chunk("Half"), {"object": "error", "message": "Boom.", "code": 503}), "Half", end=ServerTrouble),
    "9 plain words": Row(stream(chunk("Half"), "data: Number of choices must be greater than 0.", done=False), "Half", end=ServerTrouble, stays_open=True),
    "10 no [DONE]": Row(stream(chunk("Hi"), STOP, done=False)),
    "11 [DONE] without a blank line": Row(stream(chunk("Hi"), STOP, done=False) + b"data: [DONE]"),
    "11 [DONE] and the line stays open": Row(HI, stays_open=True),
    "12 a stall": Row(stream(chunk("Half"), done=False), "Half", end=TimedOut, stays_open=True),
    "13 neither reason nor [DONE]": Row(stream(chunk("Half"), done=False), "Half", end=StreamCut),
    "14 no choices": Row(stream({"choices": [], "id": "", "prompt_filter_results": []}, chunk("Hi"), STOP)),
    "14 choices null": Row(stream({"choices": None}, {}, chunk("Hi"), STOP)),
    "15 usage alone": Row(stream(chunk("Hi"), STOP, {"choices": [], "usage": COUNTED}), usage=Usage(9, 4)),
    "15 usage with the reason": Row(stream(chunk("Hi", "stop", usage=COUNTED)), usage=Usage(9, 4)),
    "15 usage in every chunk": Row(stream(chunk("H", usage={"prompt_tokens": 9, "completion_tokens": 1}), chunk("i", "stop", usage=COUNTED)), usage=Usage(9, 4)),
    "15 usage of Groq": Row(stream(chunk("Hi", "stop", x_groq={"usage": COUNTED})), usage=Usage(9, 4)),
    "16 a cost": Row(stream(chunk("Hi", "stop", usage={**COUNTED, "estimated_cost": 0.5})), usage=Usage(9, 4, cost=0.5)),
    "17 content null": Row(stream(chunk(None), chunk("Hi"), STOP)),
    "18 content in parts": Row(stream(delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]), delta(content=[{"type": "text", "text": "H"}]), chunk("i"), STOP), thought="Hm"),
    "19 delta null": Row(stream({"choices": [{"delta": None}]}, chunk("Hi"), STOP)),
    "19 message in place of delta": Row(stream({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})),
    "20 role in every chunk": Row(stream(delta(role="assistant", content="Hi"), STOP)),
    "21 reasoning in two fields": Row(stream(delta(reasoning="Hm", reasoning_details=[{"text": "Hm"}]), chunk("Hi"), STOP), thought="Hm"),
    "21 reasoning in the text": Row(stream(chunk("<thi"), chunk("nk>Hm</th"), chunk("ink>\n\nHi"), STOP), thought="Hm"),
    "22 empty reasons": Row(stream(chunk("H", ""), chunk("i", ""), STOP)),
    "22 the reason with the last words": Row(stream(chunk("Hi", "stop"), done=False)),
    "22 the reason twice": Row(stream(chunk("Hi"), chunk(reason="length"), chunk(reason="length")), end="length"),
    "22 never a reason": Row(stream(chunk("Hi")), end=""),
    "22 an unknown reason": Row(stream(chunk("Hi", "eos")), end="eos"),
    "23 all at once": Row(stream(chunk("1\n2\n3"), STOP), "1\n2\n3"),
    "24 a reply in JSON": Row(whole({"message": {"content": "Hi"}, "finish_reason": "stop"}, usage=COUNTED), usage=Usage(9, 4)),
    "24 an error in JSON": Row(json.dumps(ERROR).encode(), "", end=BadRequest),
    "24 FastAPI's detail": Row(b'{"detail": "Model busy"}', "", end=ServerTrouble),
    "25 a page": Row(b"<html><title>524: A timeout occurred</title>", "", end=ServerTrouble, status=524),
    "25 a page with 200": Row(b"<!DOCTYPE html><title>Log in</title>", "", end=NotAnAnswer),
    "25 a problem document": Row(b'{"title": "Error 524", "status": 524, "detail": "The origin took too long"}', "", end=ServerTrouble, status=524),
    "26 a blank before data": Row(stream(chunk("H"), " data: lost", chunk("i"), STOP)),
    "27 more after [DONE]": Row(HI + b"data: {}\n\n"),
    "28 padding": Row(stream(chunk("Hi", obfuscation="x" * 30, p="abc"), STOP)),
    "29 Ollama's end": Row(stream(chunk("Hi"), chunk("", "stop"), {"choices": [], "usage": COUNTED}), usage=Usage(9, 4)),
    "30 another content type": Row(HI, headers={"Content-Type": "Text/Event-Stream;charset=UTF-8"}),
    "30 a wrong one": Row(HI, headers={"Content-Type": "application/json"}),
    "30 none": Row(HI, headers={"Content-Type": ""}),
    "31 gzip that nobody asked for": Row(gzip.compress(HI), headers={"Content-Encoding": "gzip"}),
    "32 a large event": Row(stream(chunk("x" * 3_000_000, "stop")), "x" * 3_000_000),
    "33 an error first": Row(stream({"error": {"message": "busy", "code": 429}}), "", end=RateLimited),
    "a leading space stays": Row(stream(chunk(" "), chunk("Hi"), STOP), " Hi"),
    "an end token": Row(stream(chunk("Hi"), chunk("</s>"), STOP)),
    "a refusal": Row(stream(delta(content=None, refusal="No."), STOP), "No."),
    "another choice": Row(stream({"choices": [{"index": 1, "delta": {"content": "x"}}]}, chunk("Hi"), STOP)),
    "strange choices": Row(stream({"choices": [None, 1, "x", []]}, chunk("Hi"), STOP)),
    "strange fields": Row(stream(delta(content=5, reasoning=[], tool_calls=None), chunk("Hi"), STOP)),
    "unknown fields": Row(stream(chunk("Hi", new={"deep": [1]}), {"kind": "ping"}, "retry: 5\nid: 7\nwhat: x", STOP)),
    "scalars": Row(stream("data: null", "data: 1", "data: []", chunk("Hi"), STOP)),
    "not a number": Row(stream('data: {"logprobs": NaN}', chunk("Hi"), STOP)),
}  # fmt: skip


def in_pieces(body, manner):
    if manner == "whole":
        return (body,)
    return bytewise(body) if len(body) < 10_000 and manner == "byte by byte" else randomly(body, 7)


def test_no_quirk_is_left_out():
    numbered = {int(name.split()[0]) for name in ROWS if name[0].isdigit()}
    assert numbered == set(range(1, 34))


@pytest.mark.parametrize("manner", ["whole", "byte by byte", "at random"])
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_a_quirk_changes_nothing_of_what_was_said(server, client, row, manner):
    server.script.append(
        Answer(
            in_pieces(row.body, manner),
            status=row.status,
            headers=row.headers,
            end="hang" if row.stays_open else "clean",
        )
    )
    got, error = received(client(server.base_url, silence=0.3))
    assert (text_of(got), reasoning_of(got)) == (row.text, row.thought)
    assert row.usage is None or usage_of(got) == row.usage
    if isinstance(row.end, str):
        assert error is None
        assert got[-1] == Finished(row.end)
    else:
        assert type(error) is row.end
