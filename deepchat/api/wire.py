"""The chat completions format: our messages → JSON, a server's events → ours; every server's quirks. Pure.

The numbers of quirks in comments are explained where they are tested, in tests/api/test_quirks.py.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from deepchat.api.lenient import amount, count, line, mapping
from deepchat.api.refusals import Redact, said_in, told, unredacted
from deepchat.conversation import (
    ADDRESS,
    EXTRA,
    Attachment,
    Dialect,
    Event,
    Finished,
    Json,
    Parameters,
    PromptMessage,
    ReasoningDelta,
    Reported,
    Request,
    TextDelta,
    Usage,
)
from deepchat.errors import ApiError, NotAnAnswer, StreamCut
from deepchat.text import clean_line, mend

# What a template leaks at the very end of a reply. In the middle a user may be talking about it.
_END_TOKENS: Final = frozenset({"</s>", "<|im_end|>", "<|eot_id|>", "<|endoftext|>"})

_ELSEWHERE: Final = "Check the base URL: does it lack /v1?"

_OPENER: Final = "<think>"
_CLOSER: Final = "</think>"
# Some templates write the opener into the prompt, so that only the closing tag arrives, on a line of its own.
_LONE_CLOSER: Final = re.compile(r"(?:^|\n)</think>[ \t]*(?:\n|$)")
_LONGEST_BLANK_START: Final = 256

PLAIN: Final = Dialect()

_TICKS_PER_DOLLAR: Final = 10**10  # docs.x.ai/developers/cost-tracking


def body(request: Request, dialect: Dialect = PLAIN) -> dict[str, Json]:
    """The JSON of a request. The same request gives the same bytes, so that a server's prefix cache can hit."""
    goes_on = bool(request.messages) and request.messages[-1].role == "assistant"
    messages: list[dict[str, Json]] = [
        {"role": message.role, "content": _content(message)} for message in request.messages
    ]
    beside: dict[str, Json] = {}
    if dialect.stream_options:
        beside["stream_options"] = {"include_usage": True}
    if dialect.prompt_cache_key and request.session:
        beside["prompt_cache_key"] = request.session
    if goes_on:
        beside |= dialect.continue_request
        messages[-1] |= dialect.continue_message
    beside |= _parameters(request.parameters, dialect)
    ours: dict[str, Json] = {"model": request.model, "messages": list(messages), "stream": True}
    return dict(sorted(beside.items())) | ours


def _parameters(given: Parameters, dialect: Dialect) -> dict[str, Json]:
    """What is set, under the server's names; a field of `extra` takes the place of a parameter of its name."""
    names = {"max_tokens": dialect.limit_name}
    known: dict[str, Json] = {}
    fields: dict[str, Json] = {}
    for name, value in given.items():
        if name.startswith(EXTRA):
            fields[name.removeprefix(EXTRA)] = value
        elif value is not None:
            known[names.get(name, name)] = value
    return known | fields


def _content(message: PromptMessage) -> Json:
    """A plain string wherever that will do: not every server takes parts."""
    if not message.pictures:
        return message.text
    text: list[Json] = [{"type": "text", "text": message.text}] if message.text else []
    return text + [
        {"type": "image_url", "image_url": {"url": _address(picture)}}
        for picture in message.pictures
    ]


def _address(picture: Attachment) -> str:
    if picture.media_type == ADDRESS:
        return picture.text
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.body).decode('ascii')}"


def encoded(document: Mapping[str, Json]) -> bytes:
    """UTF-8, without needless spaces; half characters, which no server takes, become U+FFFD."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return mend(text).encode()


def parsed(text: str | bytes) -> Json:
    """JSON from a server. ValueError for anything else; NaN and infinities, which are no JSON, count as null."""
    try:
        document: Json = json.loads(text, parse_constant=lambda _: None)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return document


class Decoder:
    """One reply, from the server's events to ours: call `event` for each, then `finish`; or `whole` for a JSON body.

    `request_id` comes from the headers. `server` is what it is called in an error. `redact` takes the key out of a server's words. The text is kept as received:
    only thinking written into it, and an end token after it, are taken out.
    """

    def __init__(
        self,
        *,
        request_id: str = "",
        server: str = "The server",
        dialect: Dialect = PLAIN,
        redact: Redact = unredacted,
    ) -> None:
        self.begun = False
        self.done = False
        self._reason = ""
        self._tools = False
        self._request_id = request_id
        self._dialect = dialect
        self._server = server
        self._redact = redact
        self._reported = Reported()
        self._heard: list[Json] = []
        self._text = _Halves()
        self._reasoning = _Halves()
        self._inline = _InlineThinking()
        self._end_token = ""

    @property
    def complete(self) -> bool:
        """Whether the reply is whole, though more may follow: `done` says that nothing of interest will."""
        return self.done or bool(self._reason)

    def event(self, name: str, data: str) -> Iterator[Event]:
        """What one server-sent event brings. Raises an ApiError told in it, StreamCut when it cannot be read."""
        if data.startswith("[DONE]"):
            self.done = True
            return
        try:
            document = parsed(data)
        except ValueError:
            yield from self.rest()
            raise self._unreadable(name, data) from None
        yield from self._chunk(document)
        if name == "error" or _is_error(document):
            yield from self.rest()
            raise self._told(document)

    def whole(self, text: bytes) -> Iterator[Event]:
        """A reply that came as one JSON document though a stream was asked for (24). Raises an ApiError."""
        try:
            document = parsed(text)
        except ValueError:
            raise NotAnAnswer(
                f"{self._server} answered in JSON that cannot be read.", hint=_ELSEWHERE
            ) from None
        yield from self._chunk(document)
        if _is_error(document):
            raise self._told(document)
        if isinstance(document, dict) and document.get("choices"):
            self.done = True
        elif said_in(document):
            raise self._told(document)
        else:
            raise NotAnAnswer(
                f"{self._server} answered in JSON, but not with a reply.", hint=_ELSEWHERE
            )

    def rest(self) -> Iterator[Event]:
        """What was held back in case more followed; nothing the second time."""
        token, self._end_token = self._end_token, ""
        said = "" if self.complete else token
        yield from self._inline.feed(self._text.feed(said) + self._text.rest())
        yield from self._inline.rest()
        if thought := self._reasoning.rest():
            yield ReasoningDelta(thought)

    def finish(self) -> Iterator[Event]:
        """The rest, and `Finished`. StreamCut when neither a finish reason nor [DONE] had come (10, 13)."""
        yield from self.rest()
        if not self.complete:
            raise StreamCut(
                f"{self._server} ended the stream before the reply was complete.",
                hint="Asking again may help.",
            )
        # Some say "stop" although they call tools (22).
        yield Finished("tool_calls" if self._tools else self._reason)

    # --- errors ------------------------------------------------------------------------------------------------------

    def _told(self, document: Json) -> ApiError:
        return told(document, server=self._server, request_id=self._request_id, redact=self._redact)

    def _unreadable(self, name: str, data: str) -> ApiError | StreamCut:
        """A plain sentence in place of JSON is an error (9); JSON that ends too early is a cut."""
        if name != "error" and data.lstrip()[:1] in ("{", "["):
            return StreamCut(
                f"{self._server} sent a part of the reply that cannot be read.",
                hint="Asking again may help.",
            )
        return self._told(data)

    # --- chunks ------------------------------------------------------------------------------------------------------

    def _chunk(self, document: Json) -> Iterator[Event]:
        if not isinstance(document, dict):
            return
        self.begun = True
        choice = _first_choice(document)
        yield from self._report(document, choice)
        delta = mapping(choice.get("delta")) or mapping(choice.get("message"))
        yield from self._think(_reasoning_in(delta))
        for channel, text in _content_in(delta):
            yield from self._think(text) if channel == "reasoning" else self._say(text)
        self._tools = self._tools or bool(delta.get("tool_calls"))
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self._reason = clean_line(self._redact(reason))

    def _think(self, text: str) -> Iterator[Event]:
        if thought := self._reasoning.feed(text):
            yield ReasoningDelta(thought)

    def _say(self, text: str) -> Iterator[Event]:
        if not text:
            return
        text, self._end_token = self._end_token + text, ""
        if text in _END_TOKENS:
            self._end_token = text
            return
        yield from self._inline.feed(self._text.feed(text))

    def _report(self, document: Mapping[str, Json], choice: Mapping[str, Json]) -> Iterator[Event]:
        """The last word on each point stands, and is told when it is a new one. Usage is never summed (15)."""
        places = (document, mapping(document.get("x_groq")), choice)
        heard = [document.get("model"), document.get("id"), *(at.get("usage") for at in places)]
        if heard == self._heard:
            return
        self._heard = heard
        usages = (usage_in(mapping(usage), self._dialect) for usage in heard[2:])
        reported = Reported(
            self._redact(line(document.get("model"))) or self._reported.model,
            self._request_id or self._reported.request_id or self._redact(line(document.get("id"))),
            next(filter(None, usages), None) or self._reported.usage,
        )
        if reported != self._reported:
            self._reported = reported
            yield reported


def _is_error(document: Json) -> bool:
    return isinstance(document, dict) and bool(
        document.get("error") or document.get("object") == "error"
    )


def _first_choice(document: Mapping[str, Json]) -> Mapping[str, Json]:
    """The choice 0, which DeepInfra does not number; {} when there is none (14)."""
    choices = document.get("choices")
    if not isinstance(choices, list):
        return {}
    numbered = (choice for choice in map(mapping, choices) if choice.get("index") in (None, 0))
    return next(numbered, {})


def _reasoning_in(delta: Mapping[str, Json]) -> str:
    """The thinking in a delta, from one field only: several servers send the same in two (21)."""
    for name in ("reasoning_content", "reasoning"):
        text = delta.get(name)
        if isinstance(text, str) and text:
            return text
    return _joined(delta.get("reasoning_details"))


def _content_in(delta: Mapping[str, Json]) -> Iterator[tuple[Literal["text", "reasoning"], str]]:
    """The answer in a delta: a string, null (17), or Mistral's list of text and thinking parts (18)."""
    content = delta.get("content") or delta.get("refusal")
    for part in content if isinstance(content, list) else [content]:
        match part:
            case {"type": "thinking", "thinking": thinking}:
                yield "reasoning", thinking if isinstance(thinking, str) else _joined(thinking)
            case str(text) | {"text": str(text)}:
                yield "text", text
            case _:  # a picture, or something new
                pass


def _joined(parts: Json) -> str:
    """The texts of a list of parts; what has none, as encrypted thinking, adds nothing."""
    if not isinstance(parts, list):
        return ""
    texts = (mapping(part).get("text") or mapping(part).get("summary") for part in parts)
    return "".join(text for text in texts if isinstance(text, str))


# --- usage -----------------------------------------------------------------------------------------------------------


def usage_in(usage: Mapping[str, Json], dialect: Dialect = PLAIN) -> Usage | None:
    """What the server counted; None when it counted nothing. Reasoning is part of the completion, as at OpenAI.

    xAI counts it beside the completion (its total shows it), DeepInfra's Gemini and Gemma models leave it out.
    """
    prompt, completion = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
    cached = count(mapping(usage.get("prompt_tokens_details")).get("cached_tokens"))
    reasoning = count(mapping(usage.get("completion_tokens_details")).get("reasoning_tokens"))
    if completion is not None and reasoning:
        beside = count(usage.get("total_tokens")) == (prompt or 0) + completion + reasoning
        if beside or (dialect.reasoning_left_out and reasoning > completion):
            completion += reasoning
    if cached is None:
        cached = count(usage.get("prompt_cache_hit_tokens"))  # DeepSeek
    counted = Usage(prompt, completion, cached, reasoning, _cost_in(usage))
    return counted if counted != Usage() else None


def _cost_in(usage: Mapping[str, Json]) -> float | None:
    ticks = amount(usage.get("cost_in_usd_ticks"))
    if ticks is not None:
        return ticks / _TICKS_PER_DOLLAR
    cost = usage.get("estimated_cost", usage.get("cost"))
    return amount(mapping(cost).get("total_cost") if isinstance(cost, dict) else cost)


# --- text in pieces --------------------------------------------------------------------------------------------------


class _Halves:
    """Joins the halves of a character that two deltas share, as JSON escapes allow; a lone half becomes U+FFFD."""

    def __init__(self) -> None:
        self._high = ""

    def feed(self, text: str) -> str:
        text, self._high = self._high + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._high = text[:-1], text[-1]
        return mend(text)

    def rest(self) -> str:
        high, self._high = self._high, ""
        return mend(high)


class _InlineThinking:
    """Takes `<think>…</think>` at the start of the answer out of it, however it is cut into pieces.

    An opener that never comes is noticed only within the first piece: what was given out as answer stays one. The line
    breaks right after a tag belong to it.
    """

    def __init__(self) -> None:
        self._state: Literal["start", "thinking", "answer"] = "start"
        self._held = ""
        self._after_tag = False

    def feed(self, text: str) -> Iterator[Event]:
        text, self._held = self._held + text, ""
        if self._state == "start":
            text = self._opened(text)
        if self._state == "thinking":
            thought, closer, text = text.partition(_CLOSER)
            if closer:
                thought = self._trimmed(thought)
                self._state, self._after_tag = "answer", True
            else:
                thought, self._held = _before_tag(self._trimmed(thought), _CLOSER)
            if thought:
                yield ReasoningDelta(thought)
        if self._state == "answer" and (text := self._trimmed(text)):
            yield TextDelta(text)

    def rest(self) -> Iterator[Event]:
        text, self._held = self._held, ""
        if text:
            yield ReasoningDelta(text) if self._state == "thinking" else TextDelta(text)

    def _opened(self, text: str) -> str:
        """Decide what the reply begins with, as soon as that can be told; what is left to give out."""
        head = text.lstrip()
        if head.startswith(_OPENER):
            self._state, self._after_tag = "thinking", True
            return head.removeprefix(_OPENER)
        if _OPENER.startswith(head) and len(text) < _LONGEST_BLANK_START:
            self._held = text
            return ""
        self._state = "thinking" if _LONE_CLOSER.search(text) else "answer"
        return text

    def _trimmed(self, text: str) -> str:
        if self._after_tag:
            text = text.lstrip("\r\n")
            self._after_tag = not text
        return text


def _before_tag(text: str, tag: str) -> tuple[str, str]:
    """The text, and the beginning of the tag that it may end with."""
    for length in range(min(len(tag) - 1, len(text)), 0, -1):
        if text.endswith(tag[:length]):
            return text[:-length], text[-length:]
    return text, ""
