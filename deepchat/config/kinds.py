"""What a configured value may be: how it is checked, how it is read from typed text, and what was expected; pure."""

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from deepchat.conversation import Json

_URL: Final = re.compile(r"https?://[^\s/?#@\\]+(?:/[^\s?#@\\]*)?", re.IGNORECASE)

# An upper-case name is a variable; anything else there is most likely the key itself, pasted.
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]*")

# What terminals can tell apart. Ctrl-H, -I and -M are Backspace, Tab and Enter.
_STROKE: Final = re.compile(
    r"((ctrl-)?(shift-)?|alt-)(up|down|left|right|home|end|delete|insert|pageup|pagedown)"
    r"|ctrl-[a-gj-ln-z@\]^_]|alt-[!-~]|(alt-|shift-)?enter|(alt-)?backspace|(shift-)?tab|escape|f([1-9]|1[0-9]|2[0-4])"
)

# Nobody can write a message without these; others begin with Ctrl-X, which by itself would wait for them.
_NEEDED: Final = re.compile(r"(up|down|left|right|delete|backspace|tab|escape)( .*)?|ctrl-x")

# Terminals that tell Shift-Enter from Enter have it read as the line feed that it means.
_SAME: Final = {"shift-enter": "ctrl-j"}

# Fields of a request that only the chat itself sets.
_OURS: Final = frozenset({"model", "messages", "stream"})

# Headers that are never a matter of taste: the key's, and those that say how the body is to be read. RFC 9110, 5.6.2.
_SET_BY_US: Final = (
    "authorization", "proxy-authorization", "cookie", "host", "connection", "transfer-encoding",
    "content-length", "content-type", "content-encoding", "accept", "accept-encoding",
)  # fmt: skip
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~A-Za-z0-9-]{1,100}")
_HEADER_TEXT: Final = re.compile(r"\$[A-Z_][A-Z0-9_]*|[!-#%-~]([ -~]{0,1000}[!-~])?")
_PATH: Final = re.compile(r"/[\w.~%/-]*", re.ASCII)
_QUERY: Final = re.compile(r"[\w.~%=&+-]*", re.ASCII)

_SWITCH: Final = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value.

    `expected` completes the sentence "it must be …". `take` gives the value as it is used, and raises ValueError for
    one that is not of this kind. `read` turns typed text into what `take` takes. `choices` are all values, where there
    are few. A `private` value is not quoted when it is wrong.
    """

    expected: str
    take: Callable[[object], Json]
    read: Callable[[str], object] = str
    choices: tuple[str, ...] = ()
    private: bool = False


def typed(text: str) -> object:
    """The JSON value that was typed, else the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def number(low: float, high: float, *, above: bool = False) -> Kind:
    """A number in [low, high], or in (low, high] with `above`."""

    def take(raw: object) -> Json:
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            raise ValueError  # noqa: TRY004 -- one way to refuse a value, whatever is wrong with it
        if not low <= raw <= high or (above and raw == low):
            raise ValueError
        return raw

    span = f"above {low:g} and at most {high:g}" if above else f"from {low:g} to {high:g}"
    return Kind(f"a number {span}", take, typed)


def whole(low: int, high: int) -> Kind:
    """An integer in [low, high]."""

    def take(raw: object) -> Json:
        if isinstance(raw, bool) or not isinstance(raw, int) or not low <= raw <= high:
            raise ValueError
        return raw

    return Kind(f"a whole number from {low} to {high}", take, typed)


def choice(*names: str) -> Kind:
    """One of these words."""

    def take(raw: object) -> Json:
        if not isinstance(raw, str) or raw not in names:
            raise ValueError
        return raw

    return Kind(f"one of {', '.join(names)}", take, choices=names)


def _text(raw: object) -> Json:
    if not isinstance(raw, str):
        raise ValueError  # noqa: TRY004 -- one way to refuse a value, whatever is wrong with it
    return raw


def _switch(raw: object) -> Json:
    if not isinstance(raw, bool):
        raise ValueError  # noqa: TRY004 -- as above
    return raw


def texts(most: int) -> Kind:
    """A text, or a list of up to `most` of them; none is empty."""

    def take(raw: object) -> Json:
        items = raw if isinstance(raw, list) else [raw]
        if not 1 <= len(items) <= most or not all(isinstance(item, str) and item for item in items):
            raise ValueError
        return raw  # type: ignore[return-value]  # the line above made sure of it

    def read(text: str) -> object:
        return typed(text) if text.startswith(("[", '"')) else text

    return Kind(f"a text, or a list of up to {most}", take, read)


def _strokes(raw: object) -> Json:
    names = [raw] if isinstance(raw, str) else raw
    if not isinstance(names, list):
        raise ValueError  # noqa: TRY004  what `Kind.take` raises
    return [_keys(name) for name in names]


def _keys(name: object) -> str:
    """A key, or several one after the other. ValueError when an action cannot have them."""
    strokes = name.split(" ") if isinstance(name, str) else []
    if not strokes or not all(map(_STROKE.fullmatch, strokes)) or _NEEDED.fullmatch(str(name)):
        raise ValueError
    return " ".join(_SAME.get(stroke, stroke) for stroke in strokes)


def _variables(raw: object) -> Json:
    names = raw if isinstance(raw, list) else [raw]
    if not names or not all(isinstance(name, str) and _VARIABLE.fullmatch(name) for name in names):
        raise ValueError
    return list(names)


def _command(raw: object) -> Json:
    """A program and its arguments. A text is taken apart as a shell would, and that is all of a shell there is."""
    words = shlex.split(raw) if isinstance(raw, str) else raw
    if not isinstance(words, list) or not words:
        raise ValueError
    if not all(isinstance(word, str) and "\0" not in word for word in words) or not words[0]:
        raise ValueError
    return words


def _response_format(raw: object) -> Json:
    """The object that goes out. JSON as it stands; the two forms without details also by their name."""
    shape = {"type": raw} if raw in ("text", "json_object") else raw
    kinds = ("text", "json_object", "json_schema", "regex")
    if not isinstance(shape, dict) or shape.get("type") not in kinds:
        raise ValueError
    return _json(shape)


def _json(raw: object) -> Json:
    """What JSON can say: no dates, no infinities."""
    try:
        whole_again: Json = json.loads(json.dumps(raw, allow_nan=False))
    except (TypeError, RecursionError) as error:
        raise ValueError from error
    return whole_again


def _fields(raw: object) -> Json:
    if not isinstance(raw, dict) or not _OURS.isdisjoint(raw):
        raise ValueError
    if any(name.split() != [name] for name in raw):  # /set and /unset could not name it
        raise ValueError
    return _json(raw)


def _headers(raw: object) -> Json:
    if not isinstance(raw, dict) or not all(map(_is_header, raw.items())):
        raise ValueError
    return dict(raw)


def _is_header(pair: tuple[object, object]) -> bool:
    name, text = pair
    if not (isinstance(name, str) and isinstance(text, str)) or name.lower() in _SET_BY_US:
        return False
    return bool(_HEADER_NAME.fullmatch(name) and _HEADER_TEXT.fullmatch(text))


def _files(raw: object) -> Json:
    names = raw if isinstance(raw, list) else [raw]
    if not 1 <= len(names) <= 2 or not all(isinstance(name, str) and name for name in names):
        raise ValueError
    return list(names)


def _path(raw: object) -> Json:
    if not isinstance(raw, str) or not _PATH.fullmatch(raw):
        raise ValueError
    return raw


def _query(raw: object) -> Json:
    if not isinstance(raw, str) or not _QUERY.fullmatch(raw):
        raise ValueError
    return raw


def base_url(raw: object) -> str:
    """The address below which `/chat/completions` lies, without a slash at the end. ValueError when it is none.

    The whole address of the chat completions, as some pages show it, is taken for its base.
    """
    if not isinstance(raw, str) or not _URL.fullmatch(raw.strip()):
        raise ValueError
    url = raw.strip().rstrip("/").removesuffix("/chat/completions").rstrip("/")
    parts = urlsplit(url)
    if not parts.hostname or parts.port == 0 or not url.isprintable():
        raise ValueError
    return url


TEXT: Final = Kind("a text in quotes", _text)
SWITCH: Final = Kind(
    "true or false", _switch, lambda text: _SWITCH.get(text.lower(), text), tuple(_SWITCH)
)
VARIABLES: Final = Kind(
    "the name of an environment variable in capitals, or a list of names",
    _variables,
    typed,
    private=True,
)
STROKES: Final = Kind(
    'a key that editing can spare, such as "ctrl-o", "alt-enter", "f2" or "ctrl-x ctrl-e", or a list of them',
    _strokes,
    typed,
)
RESPONSE_FORMAT: Final = Kind(
    'text, json_object, or a table whose type is "json_schema" or "regex"', _response_format, typed
)
BASE_URL: Final = Kind(
    "an address like https://host/v1 without user, password or query", base_url, private=True
)
COMMAND: Final = Kind(
    'a program and its arguments, like "pass show deepinfra" or ["op", "read", "op://keys/deepinfra"]',
    _command,
    typed,
    private=True,
)
FILES: Final = Kind("the name of a file, or a list of two", _files, typed)
PATH: Final = Kind("a path like /v1/me", _path)
QUERY: Final = Kind("a query like filter=with_meta", _query)
FIELDS: Final = Kind(
    f"a table of JSON values, none of them {', '.join(sorted(_OURS))}", _fields, typed
)
HEADERS: Final = Kind(
    "a table of texts, or of variables as $NAME, without Authorization (key_variable names the key) and what says how a"
    " message is read",
    _headers,
    private=True,
)
