"""DeepInfra's chat completions format as a server writes it: replies, the model list, errors. Pure.

Requests are read in `checking`, what is said is decided in `answers`, how it reaches the client in `server`.
Source: DeepInfra's OpenAPI file and its page on streaming.
"""

import json
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from deepchat.conversation import Json, ModelInfo

# Close to what tokenisers cut: a word with the space before it, in pieces of at most eight letters. Nothing is lost.
_TOKEN: Final = re.compile(r" ?\w{1,8}|\s+|[^\w\s]{1,4}")


class Refused(Exception):
    """A request that gets an error: the HTTP status and the JSON body that say so."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model says, in tokens as they will be streamed; `usage` None leaves the counts out."""

    text: tuple[str, ...]
    reasoning: tuple[str, ...] = ()
    finish_reason: str | None = "stop"
    usage: Mapping[str, Json] | None = None

    def limited(self, max_tokens: int | None) -> "Reply":
        """At most so many tokens; thinking counts, as it does for real models."""
        if max_tokens is None or len(self.reasoning) + len(self.text) <= max_tokens:
            return self
        reasoning = self.reasoning[:max_tokens]
        text = self.text[: max_tokens - len(reasoning)]
        return replace(self, text=text, reasoning=reasoning, finish_reason="length")

    def counted(self, prompt_tokens: int) -> "Reply":
        """With the usage of a model that is free."""
        completion = len(self.reasoning) + len(self.text)
        counts: dict[str, Json] = {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": prompt_tokens + completion,
            "estimated_cost": 0.0,
            "prompt_tokens_details": {"cached_tokens": 0},
        }
        if self.reasoning:
            counts["completion_tokens_details"] = {"reasoning_tokens": len(self.reasoning)}
        return replace(self, usage=counts)


def tokens(text: str) -> tuple[str, ...]:
    """`text` in pieces of a token's size; joined they are `text` again."""
    return tuple(_TOKEN.findall(text))


def new_request_id() -> str:
    return f"chatcmpl-{secrets.token_urlsafe(8)}"


# --- replies ---------------------------------------------------------------------------------------------------------


def sse(data: Json) -> bytes:
    """One server-sent event. JSON in UTF-8, as DeepInfra writes it."""
    return b"data: " + encoded(data) + b"\n\n"


DONE: Final = b"data: [DONE]\n\n"


def encoded(data: Json) -> bytes:
    """JSON in UTF-8. Lone surrogates, which UTF-8 has no bytes for, come out as JSON's own escapes."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="backslashreplace")


def chunks(reply: Reply, *, model: str, request_id: str) -> Iterator[bytes]:
    """A streamed reply: the role first, then a delta a token, then the reason with the usage. Without `[DONE]`."""
    head: dict[str, Json] = {
        "id": request_id,
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }

    def chunk(delta: Json, finish_reason: str | None = None, **more: Json) -> bytes:
        choice: Json = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return sse({**head, "choices": [choice], **more})

    yield chunk({"role": "assistant", "content": ""})
    for thought in reply.reasoning:
        yield chunk({"reasoning_content": thought})
    for token in reply.text:
        yield chunk({"content": token})
    if reply.finish_reason is not None:
        usage: dict[str, Json] = {} if reply.usage is None else {"usage": dict(reply.usage)}
        yield chunk({}, reply.finish_reason, **usage)


def completion(reply: Reply, *, model: str, request_id: str) -> Json:
    """A reply in one piece."""
    message: dict[str, Json] = {"role": "assistant", "content": "".join(reply.text)}
    if reply.reasoning:
        message["reasoning_content"] = "".join(reply.reasoning)
    return {
        "id": request_id,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish_reason}],
        "usage": None if reply.usage is None else dict(reply.usage),
    }


def model_list(models: Iterable[ModelInfo], *, with_metadata: bool) -> Json:
    """The answer to `GET /models`; what the models are and cost only on `?filter=with_meta`."""
    return {
        "object": "list",
        "data": [
            {
                "id": model.id,
                "object": "model",
                "created": 0,
                "owned_by": model.id.partition("/")[0],
                "root": model.id,
                "parent": None,
                "metadata": _metadata(model) if with_metadata else None,
            }
            for model in models
        ],
    }


def _metadata(model: ModelInfo) -> Json:
    return {
        "description": model.description,
        "context_length": model.context_length,
        "max_tokens": model.max_tokens,
        "pricing": {
            "input_tokens": model.input_price,
            "output_tokens": model.output_price,
            "cache_read_tokens": model.cached_price,
        },
        "tags": list(model.tags),
        "default_width": None,
        "default_height": None,
        "default_iterations": None,
    }


# --- errors ----------------------------------------------------------------------------------------------------------


def error(message: str, *, code: str | None = None) -> Json:
    """The body of an error in OpenAI's form, which DeepInfra uses for keys and models."""
    fields: dict[str, Json] = {"type": "invalid_request_error", "param": None, "code": code}
    return {"error": {"message": message, **fields}}
