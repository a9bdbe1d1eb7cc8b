"""Recorded streams of real servers, replayed over HTTP: however they are cut, they give what their JSON says."""

import json
from pathlib import Path
from typing import Any

import pytest

from deepchat.conversation import Finished, Usage
from deepchat.demo.server import Answer
from tests.api.said import bytewise, randomly, reasoning_of, received, text_of, usage_of

STREAMS = Path(__file__).parents[2] / ".." / "shared" / "data" / "streams"
FILES = sorted(STREAMS.glob("*.sse"))

pytestmark = pytest.mark.skipif(not FILES, reason="the shared recordings are not here")


def expected(body):
    """Text, reasoning, finish reason, prompt and completion tokens, and the error, straight from the lines."""
    text = reasoning = reason = error = ""
    tools = False
    usage: dict[str, Any] = {}
    for line in body.decode().splitlines():
        if not line.startswith("data:") or line.endswith("[DONE]"):
            continue
        document = json.loads(line[5:])
        error = error or (document.get("error") or {}).get("message", "")
        usage = document.get("usage") or document.get("x_groq", {}).get("usage") or usage
        for choice in document.get("choices", []):
            delta = choice["delta"]
            content = delta.get("content") or ""
            parts: Any = (
                [{"type": "text", "text": content}] if isinstance(content, str) else content
            )
            text += "".join(part["text"] for part in parts if part["type"] == "text")
            details = "".join(part.get("text", "") for part in delta.get("reasoning_details") or ())
            reasoning += delta.get("reasoning_content") or delta.get("reasoning") or details
            reasoning += "".join(
                inner["text"] for part in parts for inner in part.get("thinking", ())
            )
            tools = tools or bool(delta.get("tool_calls"))
            reason = choice.get("finish_reason") or reason
    thought = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens", 0)
    answered = usage.get("completion_tokens")
    if thought and usage["total_tokens"] == usage["prompt_tokens"] + answered + thought:
        answered += thought
    finish = "" if error else "tool_calls" if tools else reason
    return text, reasoning, finish, usage.get("prompt_tokens"), answered, error[:60]


def replayed(server, client, pieces, framing="chunked"):
    server.script.append(Answer(tuple(pieces), framing=framing))
    got, error = received(client(server.base_url))
    finish = got[-1].reason if isinstance(got[-1], Finished) else ""
    usage = usage_of(got) or Usage()
    said = str(error).partition(": ")[2][:60].rstrip(".") if error else ""
    counted = (usage.prompt_tokens, usage.completion_tokens)
    return text_of(got), reasoning_of(got), finish, *counted, said


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_recorded_stream_gives_what_its_json_says(file, server, client):
    body = file.read_bytes()
    told = expected(body)
    crlf = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    ways = [[body], bytewise(body), randomly(crlf, 1)]
    assert [replayed(server, client, way) for way in ways] == [told] * 3
    assert replayed(server, client, randomly(body, 2), framing="close") == told
