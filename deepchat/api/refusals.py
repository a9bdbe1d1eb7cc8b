"""A server's refusal, in whatever dress it comes → one of our errors. Pure; what breaks on the way is in `faults`."""

import html
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from deepchat import figures
from deepchat.conversation import Json
from deepchat.errors import (
    AccessError,
    ApiError,
    BadRequest,
    ModelNotFound,
    NoKey,
    NotAnAnswer,
    RateLimited,
    ServerTrouble,
    TooLong,
)
from deepchat.text import clean_line

_REQUEST_ID_HEADERS: Final = ("x-request-id", "request-id", "x-deepinfra-request-id", "cf-ray")
_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_TITLE_WITHIN: Final = 8192

# Servers report a full context window with these, or in a stream; only the words tell.
_FULL: Final = (None, 400, 413, 422, 500)
_TOO_LONG: Final = re.compile(
    r"exceeds? (the )?(maximum|available)|context (length|window|size)|maximum context|(?<!took )too long"
    r"|token limit|too many tokens",
    re.IGNORECASE,
)

# "maximum context length is 8192 tokens" (OpenAI, vLLM), "context size (512 tokens)" (llama.cpp), "205000 tokens > 200000
# maximum" (Anthropic), "model with 32768 maximum context length" (Mistral).
_LIMITS: Final = (
    re.compile(r"context (?:length|window|size)\D{0,16}?(\d[\d,]*)(?![\d,]*%)", re.IGNORECASE),
    re.compile(r"(\d[\d,]*)(?: tokens?)? maximum|maximum(?: of)? (\d[\d,]*)", re.IGNORECASE),
)

# What is said of a refusal fits into 200 characters: this many beside what stands between the parts. The server's own
# words may be cut for that, but not to fewer than the least.
_LINE: Final = 170
_LEAST: Final = 60

_DAY_S: Final = 86_400

# Of a window; more are none.
_DIGITS: Final = 10
_FOREVER_S: Final = 1e9

Redact = Callable[[str], str]


def unredacted(text: str) -> str:
    return text


def wordless(server: str, request_id: str) -> ServerTrouble:
    """The error that a stream without any event means."""
    return ServerTrouble(
        f"{server} ended the reply before its first word.",
        hint="It may have failed: at a conversation too long for the model, for one.",
        request_id=request_id,
    )


def error_from(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    server: str = "The server",
    keyed: bool = True,
    redact: Redact = unredacted,
) -> ApiError:
    """The error that an HTTP answer means; `body` may be its beginning only.

    `headers` has case-insensitive or lower-case names, `server` is what the sentence begins with, `keyed` tells whether
    a key was sent, `redact` takes it out of the server's words. For 200 and a redirect: NotAnAnswer.
    """
    said = words_in(body, redact)
    request_id = request_id_in(headers, redact)
    if status < 300:
        start = f"{server} does not answer as a chat server does ({status})"
        hint = "Check the base URL, or log in to the network you are in."
        sentence = _sentence(start, said or "it sent nothing", hint, request_id)
        return NotAnAnswer(sentence, hint=hint, status=status, request_id=request_id)
    if status < 400:
        place = clean_line(redact(headers.get("location", "")), 80) or "a place it does not name"
        return NotAnAnswer(
            f"{server} redirects to {place} ({status}), and a key is not carried along.",
            hint="If that is where it should go, make it the base URL.",
            status=status,
            request_id=request_id,
        )
    wait = retry_after(headers)
    return refusal(status, said, server=server, request_id=request_id, wait=wait, keyed=keyed)


def told(
    document: Json,
    *,
    server: str = "The server",
    request_id: str = "",
    redact: Redact = unredacted,
) -> ApiError:
    """The error that JSON in place of a reply, or in the middle of one, means. A code in it counts as its status."""
    status, said = _status_in(document), _clean(said_in(document), redact)
    kind, does, hint = _meaning(status, said)
    if kind is ServerTrouble:
        does = "ended the reply with an error"
    return _error((kind, does, hint), status, said, server=server, request_id=request_id)


def refusal(
    status: int,
    said: str,
    *,
    server: str = "The server",
    request_id: str = "",
    wait: float | None = None,
    keyed: bool = True,
) -> ApiError:
    """The error for a status and the server's cleaned words, which may be ""."""
    if status == 401 and not keyed:
        return _error(_NO_KEY, status, "", server=server, request_id=request_id)
    kind, does, hint = _meaning(status, said)
    if issubclass(kind, RateLimited | ServerTrouble):
        hint = _when(wait) or hint
    meaning = (kind, does, hint)
    return _error(meaning, status, said, server=server, request_id=request_id, wait=wait)


def _error(
    meaning: "_Meaning",
    status: int | None,
    said: str,
    *,
    server: str,
    request_id: str,
    wait: float | None = None,
) -> ApiError:
    kind, does, hint = meaning
    start = f"{server} {does} ({status})" if status else f"{server} {does}"
    error = kind(
        _sentence(start, said, hint, request_id),
        hint=hint,
        status=status,
        request_id=request_id,
        retry_after=wait,
    )
    if isinstance(error, TooLong):
        error.limit = _limit_in(said)
    return error


def _limit_in(said: str) -> int | None:
    """The window that a server names in its words, in tokens."""
    found = next(filter(None, (pattern.search(said) for pattern in _LIMITS)), None)
    digits = found and next(filter(None, found.groups()), "").replace(",", "")
    return int(digits) or None if digits and len(digits) < _DIGITS else None


def _when(wait: float | None) -> str:
    """When to ask again; "" where the server does not say."""
    if not wait:
        return ""
    if wait > 2 * _DAY_S:
        return f"Ask again in {wait / _DAY_S:.0f} days."
    return f"Ask again in {figures.duration(wait) if wait > 60 else f'{math.ceil(wait)} s'}."


# The error, what the server does, and what to do.
_Meaning = tuple[type[ApiError], str, str]

_NO_KEY: Final[_Meaning] = (
    NoKey,
    "wants a key, and none is set",
    "Set it in the environment, and start again.",
)
_TOO_MUCH: Final[_Meaning] = (
    TooLong,
    "finds the conversation too long for this model",
    "A shorter one, or a model with a longer context, will do.",
)
_ANY_REFUSAL: Final[_Meaning] = (
    BadRequest,
    "does not accept this request",
    "Another model or other parameters may do.",
)
_FAILED: Final[_Meaning] = (ServerTrouble, "failed", "Asking again may help.")
# These mean what they say, whatever else is said; the others may also mean that a conversation is too long.
_ACCOUNT: Final[Mapping[int | None, _Meaning]] = {
    401: (AccessError, "refused the key", "Set a valid one, and start again."),
    402: (AccessError, "finds no funds in the account", "Top it up."),
    403: (
        AccessError,
        "denies access",
        "The key may not be allowed to use this model, or not from this place.",
    ),
    429: (RateLimited, "is busy, or a limit is reached", "Wait a moment."),
}
_REQUEST: Final[Mapping[int | None, _Meaning]] = {
    None: _FAILED,
    404: (
        ModelNotFound,
        "has no such model, or nothing at this address",
        "Check the model's name, and the base URL.",
    ),
    407: (
        BadRequest,
        "is behind a proxy that wants a name and a password",
        "Set them in HTTP_PROXY: http://name:password@proxy:port.",
    ),
    408: (ServerTrouble, "waited too long for the request", "Asking again may help."),
    409: _FAILED,
    413: (BadRequest, "finds the request too large", "Shorten the conversation, or attach less."),
    425: _FAILED,
    501: (ServerTrouble, "cannot do this", "Check the base URL."),
}


def _meaning(status: int | None, said: str) -> _Meaning:
    if status in _ACCOUNT:
        return _ACCOUNT[status]
    if status in _FULL and _TOO_LONG.search(said):
        return _TOO_MUCH
    return _REQUEST.get(status, _FAILED if status and status >= 500 else _ANY_REFUSAL)


def _sentence(start: str, said: str, hint: str, request_id: str) -> str:
    """One sentence, with the server's own words at its end: as many of them as leave room for the rest of the line."""
    if not said:
        return f"{start}."
    room = _LINE - len(start) - len(hint) - len(request_id)
    said = clean_line(said, max(_LEAST, room))
    return f"{start}: {said}" if said[-1] in ".!?…" else f"{start}: {said}."


# --- the server's own words ------------------------------------------------------------------------------------------


def words_in(body: bytes, redact: Redact = unredacted) -> str:
    """What a body says, on one line: the message in its JSON, the title of a web page, never the page; or its text."""
    text = body.decode("utf-8", "replace").strip()
    if text.startswith("<"):
        title = _TITLE.search(text, 0, _TITLE_WITHIN)
        if not title:
            return "a web page"
        return f"a web page, “{_clean(' '.join(html.unescape(title[1]).split()), redact)}”"
    try:
        said = said_in(json.loads(text))
    except (ValueError, RecursionError):
        said = text
    return _clean(said or text, redact)


def said_in(document: Json) -> str:
    """The message of an error in JSON: OpenAI's, vLLM's, FastAPI's or llama.cpp's form; "" when there is none."""
    match document:
        case str(said):
            return said
        case {"error": {"message": str(said), "param": str(param)}} if said and param not in said:
            return f"{said} ({param})"
        case {"error": {"message": str(said)}} | {"error": str(said)} if said:
            return said
        case {"message": str(said), "param": str(param)}:
            return f"{said} ({param})"
        case {"message": str(said)} | {"detail": str(said)}:
            return said
        case {"detail": [*entries]}:
            # A union of types makes one entry per branch: three say enough.
            return "; ".join(filter(None, map(_entry, entries[:3])))
        case {"detail": {"error": str(said)}} | {"detail": {"message": str(said)}}:
            return said
        case {"detail": {"error": {"message": str(said)}}} | {"error": {"detail": str(said)}}:
            return said
        case {"title": str(said)}:  # RFC 9457, without a detail
            return said
        case _:
            return ""


def _entry(entry: Json) -> str:
    match entry:
        case {"msg": str(said), "loc": [*place]}:
            return f"{'.'.join(map(str, place))}: {said}"
        case {"msg": str(said)} | str(said):
            return said
        case _:
            return ""


def _status_in(document: Json) -> int | None:
    match document:
        case {"error": {"status_code": int(code)}} | {"error": {"code": int(code)}}:
            pass
        case {"code": int(code)} | {"status_code": int(code)}:
            pass
        case _:
            return None
    return code if 400 <= code < 600 else None


def _clean(said: str, redact: Redact) -> str:
    """Without the key first: a line cut in the middle of one would still show its beginning."""
    return clean_line(redact(said))


# --- headers ---------------------------------------------------------------------------------------------------------


def request_id_in(headers: Mapping[str, str], redact: Redact = unredacted) -> str:
    """The id by which the server's people find the request again, "" if it names none."""
    named = next(filter(None, map(headers.get, _REQUEST_ID_HEADERS)), "")
    return clean_line(redact(named), 100)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `retry-after-ms` or `retry-after` (RFC 9110 10.2.3: seconds or a date); None if not told.

    A date is measured against the server's own `date`, so that a wrong clock here does not count; without one, against
    the clock here.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    wanted = headers.get("retry-after", "")
    seconds = _number(wanted)
    if seconds is not None:
        return seconds
    until = _date(wanted)
    if until is None:
        return None
    now = _date(headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _number(text: str | None) -> float | None:
    """None for what is no number, and for endless ones; what is beyond all times stays a time."""
    is_one = text and re.fullmatch(r"\d+(\.\d+)?(e\d+)?", text.strip(), re.ASCII | re.IGNORECASE)
    return min(float(text), _FOREVER_S) if text and is_one else None


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
