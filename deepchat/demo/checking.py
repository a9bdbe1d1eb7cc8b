"""Chat requests checked and read as DeepInfra does it: FastAPI's 422 with one entry for each problem. Pure.

Source: `OpenAIChatCompletionsIn` and `HTTPValidationError` in DeepInfra's OpenAPI file; pydantic's names of problems.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from deepchat.conversation import Json
from deepchat.demo.deepinfra import Refused, error

_ROLES: Final = {"SYSTEM": "system", "USER": "user", "ASSISTANT": "assistant", "TOOL": "tool"}
_EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a request; parts of text are joined by blank lines, other parts left out."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request that was found to be in order. `max_tokens` None is no limit."""

    model: str
    messages: tuple[Said, ...]
    stream: bool = False
    max_tokens: int | None = None
    include_usage: bool = True


@dataclass(frozen=True, slots=True)
class _Range:
    """A number's bounds, both allowed."""

    low: float
    high: float
    whole: bool = False


_NUMBERS: Final = {
    "temperature": _Range(0, 2),
    "top_p": _Range(0, 1),
    "min_p": _Range(0, 1),
    "top_k": _Range(0, 999, whole=True),
    "max_tokens": _Range(0, 1_000_000, whole=True),
    "n": _Range(1, 4, whole=True),
    "presence_penalty": _Range(-2, 2),
    "frequency_penalty": _Range(-2, 2),
    "repetition_penalty": _Range(0.01, 5),
}


def read_request(body: bytes) -> ChatRequest:
    """The body of `POST /chat/completions`. Raises Refused: 422 with every problem found, 405 for tools."""
    fields = _fields(body)
    problems = [*_model_problems(fields), *_message_problems(fields), *_option_problems(fields)]
    if problems:
        raise invalid(*problems)
    if fields.get("tools"):
        raise Refused(405, error(f"Tool calling is not supported for model: {fields['model']}"))
    options = fields.get("stream_options") or {}
    return ChatRequest(
        fields["model"],
        tuple(Said(message["role"], _text(message)) for message in fields["messages"]),
        fields.get("stream") or False,
        fields.get("max_tokens"),
        options.get("include_usage", True) is not False,
    )


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except json.JSONDecodeError as wrong:
        told = "JSON decode error"
        raise invalid(_problem("json_invalid", [wrong.pos], told, {}, error=wrong.msg)) from None
    except (ValueError, RecursionError):  # not UTF-8; numbers or nesting beyond all sense
        raise Refused(400, {"detail": "There was an error parsing the body"}) from None
    if not isinstance(fields, dict):
        message = "Input should be a valid dictionary or object to extract fields from"
        raise invalid(_problem("model_attributes_type", [], message, fields))
    return fields


def _model_problems(fields: Mapping[str, Any]) -> Iterator[Json]:
    if "model" not in fields:
        yield _problem("missing", ["model"], "Field required", dict(fields))
    elif not isinstance(fields["model"], str):
        yield _wrong_type("str", ["model"], fields["model"])


def _message_problems(fields: Mapping[str, Any]) -> Iterator[Json]:
    messages = fields.get("messages")
    if "messages" not in fields:
        yield _problem("missing", ["messages"], "Field required", dict(fields))
    elif not isinstance(messages, list):
        yield _wrong_type("list", ["messages"], messages)
    elif not messages:
        told = "List should have at least 1 item after validation, not 0"
        yield _problem("too_short", ["messages"], told, [], min_length=1, actual_length=0)
    else:
        for number, message in enumerate(messages):
            yield from _one_message_problems(message, ["messages", number])


def _one_message_problems(message: Json, loc: list[Json]) -> Iterator[Json]:
    if not isinstance(message, dict):
        yield _wrong_type("dictionary", loc, message)
        return
    role = message.get("role")
    if role not in _ROLES.values():
        yield from _role_problems(role, loc)
        return
    content = message.get("content")
    if content is None and role == "assistant":
        return
    if "content" not in message:
        yield _problem("missing", [*loc, "content"], "Field required", message)
    elif not isinstance(content, str | list):
        yield _wrong_type("str", [*loc, "content"], content)
    elif isinstance(content, list):
        for number, part in enumerate(content):
            if not isinstance(part, dict) or not isinstance(part.get("text", ""), str):
                yield _wrong_type("dictionary", [*loc, "content", number], part)


def _role_problems(role: Json, loc: list[Json]) -> Iterator[Json]:
    """One entry for each kind of message it could have been: a union of schemas is told that way."""
    for name, value in _ROLES.items():
        expected = f"<ChatMessageRole.{name}: '{value}'>"
        branch = f"ChatCompletion{value.capitalize()}Message"
        told = f"Input should be {expected}"
        yield _problem("literal_error", [*loc, branch, "role"], told, role, expected=expected)


def _option_problems(fields: Mapping[str, Any]) -> Iterator[Json]:
    for name, bounds in _NUMBERS.items():
        if fields.get(name) is not None:
            yield from _number_problems(name, fields[name], bounds)
    if not isinstance(fields.get("stream"), bool | None):
        yield _wrong_type("bool", ["stream"], fields["stream"])
    if not isinstance(fields.get("stream_options"), dict | None):
        yield _wrong_type("dictionary", ["stream_options"], fields["stream_options"])
    effort = fields.get("reasoning_effort")
    if effort is not None and effort not in _EFFORTS:
        *others, last = [f"'{word}'" for word in _EFFORTS]
        expected = f"{', '.join(others)} or {last}"
        told = f"Input should be {expected}"
        yield _problem("literal_error", ["reasoning_effort"], told, effort, expected=expected)


def _number_problems(name: str, value: Json, bounds: _Range) -> Iterator[Json]:
    allowed = int if bounds.whole else int | float
    if isinstance(value, bool) or not isinstance(value, allowed):
        yield _wrong_type("int" if bounds.whole else "float", [name], value)
    elif value < bounds.low:
        told = f"Input should be greater than or equal to {bounds.low}"
        yield _problem("greater_than_equal", [name], told, value, ge=bounds.low)
    elif value > bounds.high:
        told = f"Input should be less than or equal to {bounds.high}"
        yield _problem("less_than_equal", [name], told, value, le=bounds.high)


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n\n".join(part["text"] for part in content if "text" in part)


# --- problems ---


def invalid(*problems: Json) -> Refused:
    """422 in FastAPI's form: one entry for each problem."""
    return Refused(422, {"detail": list(problems)})


def _problem(kind: str, loc: Sequence[Json], message: str, value: Json, **ctx: Json) -> Json:
    entry: dict[str, Json] = {
        "type": kind,
        "loc": ["body", *loc],
        "msg": message,
        "input": value,
    }
    return {**entry, "ctx": ctx} if ctx else entry


def _wrong_type(expected: str, loc: Sequence[Json], value: Json) -> Json:
    kinds = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
    name = kinds.get(expected, expected)
    kind = {"integer": "int", "number": "float", "boolean": "bool"}.get(name, name)
    return _problem(f"{kind}_type", loc, f"Input should be a valid {name}", value)
