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

Redact = Callable[[str], str]


def unredacted(text: str) -> str:
    return text


def error_from(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    keyed: bool = True,
    redact: Redact = unredacted,
) -> ApiError:
    """The error that an HTTP answer means; `body` may be its beginning only.

    `headers` has case-insensitive or lower-case names, `keyed` tells whether a key was sent, `redact` takes it out of
    the server's words. For 200 and a redirect: NotAnAnswer.
    """
    said = words_in(body, redact)
    request_id = request_id_in(headers)
    if status < 300:
        return _not_an_answer(said, status, request_id)
    if status < 400:
        place = clean_line(redact(headers.get("location", "")) or "another address")
        return NotAnAnswer(
            f"The server redirects to {place}, and a key is not carried along.",
            hint="If that is where it should go, make it the base URL.",
            status=status,
            request_id=request_id,
        )
    wait = retry_after(headers)
    return refusal(status, said, request_id=request_id, wait=wait, keyed=keyed)


def _not_an_answer(said: str, status: int, request_id: str) -> NotAnAnswer:
    return NotAnAnswer(
        _sentence(
            f"What answered ({status}) is not a chat completions server", said or "it sent nothing"
        ),
        hint="Check the base URL; a login page of the network you are in may be in between.",
        status=status,
        request_id=request_id,
    )


def told(document: Json, *, request_id: str = "", redact: Redact = unredacted) -> ApiError:
    """The error that JSON in place of a reply, or in the middle of one, means. A code in it counts as its status."""
    return refusal(_status_in(document), _clean(said_in(document), redact), request_id=request_id)


def refusal(
    status: int | None,
    said: str,
    *,
    request_id: str = "",
    wait: float | None = None,
    keyed: bool = True,
) -> ApiError:
    """The error for a status (None: told in a stream, without one) and the server's cleaned words, which may be ""."""
    if status in (401, 402, 403):
        return _access_error(status, said, request_id=request_id, keyed=keyed)
    if status == 429:
        return RateLimited(
            _sentence("The server is busy, or the limit of requests is reached", said),
            hint=_when(wait) or "Wait a moment.",
            status=status,
            retry_after=wait,
            request_id=request_id,
        )
    kind, start, hint = _meaning(status, said)
    if kind is ServerTrouble:
        hint = _when(wait) or hint
    return kind(
        _sentence(start, said), hint=hint, status=status, request_id=request_id, retry_after=wait
    )


def _when(wait: float | None) -> str:
    """When to ask again; "" where the server does not say."""
    if not wait:
        return ""
    return f"Ask again in {figures.duration(wait) if wait > 60 else f'{math.ceil(wait)} s'}."


def _meaning(status: int | None, said: str) -> tuple[type[ApiError], str, str]:
    number = f" ({status})" if status else ""
    if status in _FULL and _TOO_LONG.search(said):
        return (
            BadRequest,
            f"The conversation is too long for this model{number}",
            "A shorter one, or a model with a longer context, will do.",
        )
    if status == 404:
        return (
            ModelNotFound,
            "The server does not have this model, or not at this address (404)",
            "Ask for one that it has.",
        )
    if status is None or status >= 500 or status in (408, 409, 425):
        return ServerTrouble, f"The server failed{number}", "Asking again may help."
    return (
        BadRequest,
        f"The server does not accept this request{number}",
        "Another model or other parameters may do.",
    )


def _access_error(status: int, said: str, *, request_id: str, keyed: bool) -> AccessError:
    if status == 402:
        sentence = _sentence("The account has no funds left (402)", said)
        hint = "Top up the account."
    elif status == 403:
        sentence = _sentence("The server denies access (403)", said)
        hint = "The key may not be allowed to use this model, or not from this place."
    elif keyed:
        sentence = _sentence("The server refused the key (401)", said)
        hint = "Set a valid one, and start again."
    else:
        return NoKey(
            "The server wants a key, and none is set.",
            hint="Set it in the environment, and start again.",
            status=status,
            request_id=request_id,
        )
    return AccessError(sentence, hint=hint, status=status, request_id=request_id)


def _sentence(start: str, said: str) -> str:
    """One sentence, with the server's own words at its end."""
    if not said:
        return f"{start}."
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


def request_id_in(headers: Mapping[str, str]) -> str:
    """The id by which the server's people find the request again, "" if it names none."""
    return next((clean_line(headers[n], 100) for n in _REQUEST_ID_HEADERS if headers.get(n)), "")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `retry-after-ms` or `retry-after` (RFC 9110 10.2.3: seconds or a date); None if not told.

    A date is measured against the server's own `date`, so that a wrong clock here does not count.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    wanted = headers.get("retry-after", "")
    seconds = _number(wanted)
    if seconds is not None:
        return seconds
    until, now = _date(wanted), _date(headers.get("date", ""))
    return max(0.0, (until - now).total_seconds()) if until and now else None


def _number(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text.strip()) else None


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
