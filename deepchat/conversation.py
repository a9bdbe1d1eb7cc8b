"""What a conversation is: messages, the tree they form, the active path, and the events a reply arrives in.

Frozen values and pure functions only, and the clock that dates them; nothing here reads, writes or draws.
"""

import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from deepchat.text import clean_line

Role = Literal["system", "user", "assistant"]

# How a reply stands: `stopped` by the user, `cut` by the network or the end of the process, `failed` by the server.
State = Literal["streaming", "done", "stopped", "cut", "failed"]

# What the user has said of a question and its answer: `muted` they are not sent, `pinned` they are sent whatever has to be
# left out, `deleted` they are neither sent nor shown. A `summary` stands for all that was said before it.
Mark = Literal["", "pinned", "muted", "deleted", "summary"]

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
Parameters = Mapping[str, Json]

# Finish reasons of a reply that is whole; "" is none.
WHOLE: Final = ("", "stop", "eos")

# A parameter of a name that begins so is a field of the request that nothing here knows of.
EXTRA: Final = "extra."

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def clock_ms() -> int:
    """Milliseconds since 1970, now."""
    return time.time_ns() // 1_000_000


def new_id(now_ms: int) -> str:
    """A globally unique id of 26 lower-case characters that sorts by time: 48 bits of milliseconds, 80 random bits.

    The layout is ULID's (github.com/ulid/spec), in lower case. `now_ms` is milliseconds since 1970.
    """
    return id_at(now_ms, secrets.randbits(80))


def id_at(ms: int, number: int) -> str:
    """The id of this time that has this number, of 80 bits, in the place of a random one."""
    whole = (ms & (1 << 48) - 1) << 80 | number
    return "".join(_ALPHABET[whole >> shift & 31] for shift in range(125, -1, -5))


@dataclass(frozen=True, slots=True)
class Usage:
    """What the server counted for one reply: tokens, and the cost in US dollars. None is unknown; a cost that it did not say is
    `estimated` by the prices of its list."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: float | None = None
    estimated: bool = False


Lines = tuple[int, int]

TEXT: Final = "text/plain"
DIFF: Final = "text/x-diff"
ADDRESS: Final = "text/uri-list"


@dataclass(frozen=True, slots=True)
class Attachment:
    """What goes along with a message: a text, a picture, or the address of a picture that the server is to fetch.

    `name` is what user and model know it by, `path` the file it is from (absolute; "" for none), `lines` the first and
    last line where it is a part of that. `body` is the text in UTF-8, the picture or the URL; `media_type` says which.
    `digest` is the SHA-256, in hex, of what the model then knows of the file: of `body`, or of what a DIFF leads to.
    """

    name: str
    media_type: str
    body: bytes
    path: str = ""
    lines: Lines | None = None
    digest: str = ""

    @property
    def is_picture(self) -> bool:
        """Whether only a model that sees can take it."""
        return self.media_type == ADDRESS or self.media_type.startswith("image/")

    @property
    def text(self) -> str:
        """The body of what is no picture file."""
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation, as typed or as received (raw text, never sanitised).

    A system message records that the persona changed at this point. `model` is the one asked for, `reported_model` the
    one the server named. Times: `created_ms` since 1970; `first_token_s`, `seconds` from sending the request, which was
    sent again, or tried to be, `retries` times. A `mark` is a question's, and its answers follow it; one that is `left`
    is left out with all before it to make room. Of a reply, `after` is the id of the last question that it was asked for
    without, with all before it, but for the `exceptions`, which are otherwise there, or not (`standing.recorded`); its `hint`
    is what went along with its question for it alone. An `edited` reply is what the user made of another one in its place.
    """

    id: str
    role: Role
    text: str
    parent: str | None = None
    state: State = "done"
    reasoning: str = ""
    model: str = ""
    reported_model: str = ""
    provider: str = ""
    parameters: Parameters = field(default_factory=dict)
    finish_reason: str = ""
    usage: Usage | None = None
    error: str = ""
    request_id: str = ""
    created_ms: int = 0
    first_token_s: float | None = None
    seconds: float | None = None
    retries: int = 0
    attachments: tuple[Attachment, ...] = ()
    mark: Mark = ""
    left: bool = False
    after: str = ""
    exceptions: tuple[str, ...] = ()
    hint: str = ""
    edited: bool = False


def emptiness(reply: Message) -> str:
    """What is to be said of a reply that is complete and says nothing: `The reply is empty (content_filter).`"""
    what = "nothing but reasoning" if reply.reasoning else "empty"
    why = "" if reply.finish_reason in WHOLE else f" ({clean_line(reply.finish_reason)})"
    return f"The reply is {what}{why}."


@dataclass(frozen=True, slots=True)
class Conversation:
    """The tree of messages of one session, and its active leaf. Nothing is ever taken out of it."""

    messages: Mapping[str, Message] = field(default_factory=dict)
    leaf: str | None = None

    def path(self) -> tuple[Message, ...]:
        """The active messages, oldest first: from the root to the leaf."""
        return tuple(reversed(tuple(self._up(self.leaf))))

    def _up(self, at: str | None) -> Iterator[Message]:
        while at is not None:
            message = self.messages[at]
            yield message
            at = message.parent

    def add(self, *messages: Message) -> "Conversation":
        """With these messages in the tree; the last one becomes the leaf."""
        tree = {**self.messages, **{message.id: message for message in messages}}
        return Conversation(tree, messages[-1].id if messages else self.leaf)

    def at(self, leaf: str | None) -> "Conversation":
        """The same tree, with another active leaf. KeyError when there is no such message."""
        if leaf is not None and leaf not in self.messages:
            raise KeyError(leaf)
        return replace(self, leaf=leaf)

    def last(self, role: Role) -> Message | None:
        """The newest message of this role on the active path."""
        return next((message for message in self._up(self.leaf) if message.role == role), None)


@dataclass(frozen=True, slots=True)
class Session:
    """A stored conversation's head data: what comes back on resume, besides its messages. `changed_ms` is when any of it,
    or the active leaf, was last changed other than by a turn; 0 for never."""

    id: str
    title: str = ""
    model: str = ""
    provider: str = ""
    persona: str = ""
    persona_name: str = ""
    parameters: Parameters = field(default_factory=dict)
    created_ms: int = 0
    changed_ms: int = 0


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One line of the list of sessions. `turns` counts user messages; `cost` is US dollars, None when unknown, perhaps `estimated`;
    `trashed_ms` is when it was deleted, None when it was not. One that is `archived` is not listed, but found."""

    id: str
    title: str
    model: str
    updated_ms: int
    turns: int
    cost: float | None
    trashed_ms: int | None = None
    starred: bool = False
    archived: bool = False
    tags: tuple[str, ...] = ()
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Spent:
    """What the replies of one model took together, as the server counted it: tokens, and US dollars, `estimated` where it did
    not say all of them. What the `unpriced` ones have cost is not known."""

    model: str
    replies: int
    prompt_tokens: int
    completion_tokens: int
    cost: float
    estimated: bool = False
    unpriced: int = 0


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message that is not sent yet. `pasted` are the parts of its text, from start to end, that were not typed."""

    text: str
    attachments: tuple[Attachment, ...] = ()
    pasted: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed in a session and not sent: what stands in the composer, and messages queued behind a reply.

    `pasted` as in `Unsent`; `lost` names what was attached and could not be kept.
    """

    session: str
    text: str = ""
    queued: tuple[Unsent, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    pasted: tuple[tuple[int, int], ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.text.strip() or self.queued or self.attachments or self.lost)

    @property
    def size(self) -> int:
        """Of its texts, in characters."""
        return len(self.text) + sum(len(each.text) for each in self.queued)


@dataclass(frozen=True, slots=True)
class Persona:
    """A named system prompt, optionally with the model and parameters it is meant for; `origin` says where it is from."""

    name: str
    text: str
    model: str = ""
    parameters: Parameters = field(default_factory=dict)
    origin: str = field(default="", compare=False)


# --- what goes out and what comes in -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message of a request; pictures come after its text."""

    role: Role
    text: str
    pictures: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model. `session` is the id by which a server may cache the common prefix."""

    model: str
    messages: tuple[PromptMessage, ...]
    parameters: Parameters = field(default_factory=dict)
    session: str = ""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server does in its own way; without a word, one of which nothing is known.

    `limit_name` is its name for the longest reply. It takes, or not: `prompt_cache_key`, `stream_options`, a body in
    `gzip`. `models_query` is what its list is asked for. When a reply is to go on, `continue_request` are fields that the
    request needs beside it, `continue_message` those that the message with its beginning does. `reasoning_left_out` is
    whether it may leave the reasoning out when it counts the tokens of a reply.
    """

    limit_name: str = "max_tokens"
    prompt_cache_key: bool = False
    stream_options: bool = True
    gzip: bool = False
    models_query: str = ""
    continue_request: Parameters = field(default_factory=dict)
    continue_message: Parameters = field(default_factory=dict)
    reasoning_left_out: bool = False

    @property
    def continues(self) -> bool:
        """Whether the server can be asked to go on with a reply where it ends."""
        return bool(self.continue_request or self.continue_message)


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """More of the model's thinking."""

    text: str


@dataclass(frozen=True, slots=True)
class Reported:
    """What the server said about the reply; sent whenever it says something new, empty where it said nothing."""

    model: str = ""
    request_id: str = ""
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The reply is complete; `reason` is the server's finish_reason, "" when it gave none."""

    reason: str = ""


Event = TextDelta | ReasoningDelta | Reported | Finished


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One entry of a server's model list. Prices are US dollars per million tokens; None is unknown."""

    id: str
    description: str = ""
    context_length: int | None = None
    max_tokens: int | None = None
    input_price: float | None = None
    output_price: float | None = None
    cached_price: float | None = None
    tags: tuple[str, ...] = ()
