"""Every key of config.toml and every parameter of a request, each in one line; adding one is adding a line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from deepchat.config.kinds import (
    BASE_URL,
    COMMAND,
    FIELDS,
    FILES,
    HEADERS,
    PATH,
    QUERY,
    RESPONSE_FORMAT,
    STROKES,
    SWITCH,
    TEXT,
    VARIABLES,
    Kind,
    choice,
    number,
    texts,
    typed,
    whole,
)
from deepchat.conversation import EXTRA, Json
from deepchat.errors import UsageError
from deepchat.fuzzy import nearest
from deepchat.text import clean_line

# A key's place in the file: the tables it is in, then its name.
Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a request. What is not set is not sent, so none has a default."""

    name: str
    kind: Kind
    help: str


# Names and ranges as DeepInfra documents them: OpenAIChatCompletionsIn in api.deepinfra.com/openapi.json, and
# docs.deepinfra.com for reasoning_effort and service_tier.
PARAMETERS: Final = (
    Parameter("temperature", number(0, 2), "How freely words are chosen; 0 is the most predictable."),
    Parameter("top_p", number(0, 1, above=True), "Choose among the likeliest words of this total probability."),
    Parameter("min_p", number(0, 1), "Leave out words less likely than this share of the likeliest."),
    Parameter("top_k", whole(0, 999), "Choose among this many words; 0 is no limit."),
    Parameter("max_tokens", whole(0, 1_000_000), "The longest reply, in tokens."),
    Parameter("stop", texts(16), "Texts at which the reply ends."),
    Parameter("seed", whole(-(2**63), 2**64 - 1), "Makes a reply repeatable, as far as the server can."),
    Parameter("presence_penalty", number(-2, 2), "Above 0, favours words that have not been used yet."),
    Parameter("frequency_penalty", number(-2, 2), "Above 0, avoids words the more often they were used."),
    Parameter("repetition_penalty", number(0.01, 5), "Above 1, avoids repetition; 1 is neutral."),
    Parameter(
        "reasoning_effort",
        choice("none", "minimal", "low", "medium", "high", "xhigh", "max"),
        "How long a reasoning model thinks first.",
    ),
    Parameter("response_format", RESPONSE_FORMAT, "The form of the reply, such as json_object."),
    Parameter("service_tier", choice("priority", "flex"), "Faster for more money, or slower for less."),
    Parameter("extra", FIELDS, "Any other field of a request, such as /set extra.logprobs true."),
)  # fmt: skip

_PARAMETER: Final = {parameter.name: parameter for parameter in PARAMETERS}


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the file; `*` in its name stands for any name. None as the default is "not set".

    `flag` is the field of `Flags` that beats everything; `variable` the environment's word, read as the value;
    `switch` a variable that, when it is not empty, means the value beside it.
    """

    name: str
    kind: Kind
    help: str
    default: Json = None
    flag: str = ""
    variable: str = ""
    switch: tuple[str, Json] | None = None


# The themes of deepchat.render.theme; a test keeps the two lists the same.
THEMES: Final = (
    "ansi", "mono", "solarized-dark", "solarized-light", "gruvbox-dark", "gruvbox-light", "dracula",
)  # fmt: skip

# What a key of the keyboard can do, and the keys that do it by default.
ACTIONS: Final = (
    ("send", ["enter"], "Send the message."),
    ("newline", ["alt-enter", "ctrl-j"], "Begin a new line in the message."),
    ("interrupt", ["ctrl-c"], "Stop the reply, or clear the draft."),
    ("leave", ["ctrl-d"], "Leave, when nothing is typed."),
    ("editor", ["ctrl-g", "ctrl-x ctrl-e"], "Edit the draft in $VISUAL or $EDITOR."),
    ("unfold", ["ctrl-o"], "Show a folded paste."),
    ("attach", ["ctrl-x ctrl-f"], "Make a folded paste an attachment."),
    ("redo", ["alt-_", "ctrl-x ctrl-r"], "Undo an undo (Ctrl-_) in the draft."),
    ("previous", ["ctrl-up", "ctrl-x ctrl-p"], "Go to the answer before this one, as /prev."),
    ("next", ["ctrl-down", "ctrl-x ctrl-n"], "Go to the answer behind this one, as /next."),
    ("redraw", ["ctrl-l"], "Draw the composer anew."),
    ("suspend", ["ctrl-z"], "Go to the shell; fg comes back."),
)

_DOLLARS: Final = number(0, 1_000_000, above=True)
_SECONDS: Final = number(0, 86_400, above=True)

KEYS: Final = (
    Key("provider", TEXT, "Who is asked: one that deepchat knows, or one of [providers] below.",
        default="deepinfra", flag="provider", variable="DEEPCHAT_PROVIDER"),
    Key("base_url", BASE_URL, "Any OpenAI-compatible server, in place of a provider.",
        flag="base_url", variable="DEEPCHAT_BASE_URL"),
    Key("model", TEXT, "The model that a new chat starts with.",
        default="anthropic/claude-4-sonnet", flag="model", variable="DEEPCHAT_MODEL"),
    Key("fallback", texts(10), "Models asked next, in this order, when the one that answers is busy or gone."),
    Key("persona", TEXT, "The persona that a new chat starts with.", default="", flag="persona"),
    Key("auto_title", SWITCH, "Ask the model for a title after the first reply of a chat: one more short request.",
        default=False, flag="auto_title"),
    Key("overflow", choice("ask", "trim", "compact", "larger"),
        "A message that does not fit: ask, leave out the oldest, summarise, or take a model with a larger window.",
        default="ask"),
    Key("trash_days", whole(0, 36_500), "Days for which a deleted chat can be restored.", default=30),
    Key("retries", whole(0, 10), "How often a message is sent again by itself, before anything of a reply has come.",
        default=2, variable="DEEPCHAT_RETRIES"),
    Key("budget.ask_above", number(0, 1_000_000),
        "Ask before a message is sent that is expected to cost more; 0 never asks.", default=0.25),
    Key("budget.reply", _DOLLARS, "For one reply: it is ended there, and what has come is kept."),
    Key("budget.session", _DOLLARS, "For one chat, all its branches together."),
    Key("budget.day", _DOLLARS, "For one day, from midnight to midnight, all chats together."),
    Key("budget.month", _DOLLARS, "For one month, all chats together."),
    Key("timeouts.connect", _SECONDS, "For the connection.", default=10),
    Key("timeouts.headers", _SECONDS, "From the sent message to the headers of an answer.", default=120),
    Key("timeouts.silence", _SECONDS, "In a reply, without a single byte.", default=120),
    Key("timeouts.payload", _SECONDS, "In a reply, without a word, while the server keeps the line open.", default=300),
    Key("ui.theme", choice(*THEMES), "The colours.", default="ansi"),
    Key("ui.color", choice("auto", "always", "never"), "Whether there are colours at all.",
        default="auto", flag="color", switch=("NO_COLOR", "never")),
    Key("ui.plain", SWITCH, "No redrawing, no decoration: for screen readers and logs.",
        default=False, flag="plain", switch=("ACCESSIBLE", True)),
    Key("ui.width", whole(20, 1000), "The widest that text gets, in columns; tables and code may be wider.",
        default=100),
    Key("ui.editing_mode", choice("emacs", "vi"), "The keys for editing what you type.", default="emacs"),
    Key("ui.think", choice("show", "fold", "hide"), "What is seen of a model's reasoning.", default="fold"),
    Key("ui.footer", SWITCH, "Tokens, cost and time after each reply.", default=True),
    Key("ui.title", SWITCH, "The chat's title in the title of the window.", default=True),
    Key("ui.bell", choice("never", "long", "always"), "Ring when a reply is complete; long: after a wait.",
        default="never"),
    *(Key(f"keys.{name}", STROKES, help_, default=[*keys]) for name, keys, help_ in ACTIONS),
    *(Key(f"parameters.{one.name}", one.kind, one.help) for one in PARAMETERS),
    Key("aliases.*", TEXT, "A short name of your own for a model."),
    Key("personas.*.system", TEXT, "What the model is told to be."),
    Key("personas.*.model", TEXT, "The model this persona is meant for."),
    *(Key(f"personas.*.parameters.{one.name}", one.kind, one.help) for one in PARAMETERS),
    Key("providers.*.base_url", BASE_URL, "The address below which /chat/completions lies."),
    Key("providers.*.key_variable", VARIABLES, "The environment variable that holds its key, or a list."),
    Key("providers.*.key_command", COMMAND, "A program that prints its key, where no variable has one."),
    Key("providers.*.keyring", SWITCH, "Whether its key is in the system's keyring, where login puts it then."),
    Key("providers.*.needs_key", SWITCH, "Whether it wants one."),
    Key("providers.*.key_page", TEXT, "The page on which a key is made."),
    Key("providers.*.key_check", PATH, "A path on its host that only a good key opens, by which login checks one."),
    Key("providers.*.model", TEXT, "The model to start with at this provider."),
    Key("providers.*.title", TEXT, "What it is called in a sentence."),
    Key("providers.*.headers", HEADERS, "Further headers of each request; \"$NAME\" is what the environment has there."),
    Key("providers.*.ca_bundle", TEXT, "A file or folder of the certificates to trust there, in place of the usual ones."),
    Key("providers.*.client_cert", FILES, "The file of a certificate to show there, or a list of it and its key's."),
    Key("providers.*.limit_name", choice("max_tokens", "max_completion_tokens"), "Its name for the longest reply."),
    Key("providers.*.prompt_cache_key", SWITCH, "Whether it takes prompt_cache_key, so that a chat finds its cache."),
    Key("providers.*.stream_options", SWITCH, "Whether it takes stream_options, by which the tokens are asked for."),
    Key("providers.*.gzip", SWITCH, "Whether it reads compressed requests."),
    Key("providers.*.models_query", QUERY, "What its list of models is asked for."),
    Key("providers.*.continue_request", FIELDS, "Fields of a request for the rest of a reply."),
    Key("providers.*.continue_message", FIELDS, "Fields of the message in it that holds the beginning."),
    Key("providers.*.reasoning_left_out", SWITCH, "Whether it counts the reasoning apart from the reply."),
)  # fmt: skip

_PLACES: Final = {tuple(key.name.split(".")): key for key in KEYS}


def key_at(place: Place) -> Key | None:
    """The key that stands at this place, None when there is none."""
    return next((key for known, key in _PLACES.items() if _covers(known, place)), None)


def names_in(table: Place) -> list[str]:
    """What may stand in this table, each name once; empty when there is no such table. `*` is any name."""
    depth = len(table)
    below = (known for known in _PLACES if len(known) > depth and _covers(known[:depth], table))
    return list(dict.fromkeys(known[depth] for known in below))


def _covers(known: Place, place: Place) -> bool:
    return len(known) == len(place) and all(
        name in ("*", other) for name, other in zip(known, place, strict=True)
    )


def parse_parameter(name: str, text: str) -> Json:
    """The value of a parameter as typed after `/set`. UsageError for an unknown name, or a value out of range.

    A field of `extra`, `extra.NAME`, is the JSON value that was typed, else the text itself.
    """
    if name.startswith(EXTRA):
        return _extra(name.removeprefix(EXTRA), text)
    if name == "extra":
        raise UsageError("extra wants the name of a field, such as extra.logprobs.")
    parameter = _PARAMETER.get(name)
    if parameter is None:
        near = nearest(name, _PARAMETER)
        raise UsageError(
            f"There is no parameter “{clean_line(name, 40)}”.",
            hint=f"Did you mean {near[0]}?" if near else f"There are {', '.join(_PARAMETER)}.",
        )
    try:
        return parameter.kind.take(parameter.kind.read(text.strip()))
    except ValueError:
        raise UsageError(
            f"{name} must be {parameter.kind.expected}, not “{clean_line(text, 40)}”.",
            hint=parameter.help,
        ) from None


def _extra(field: str, text: str) -> Json:
    value = typed(text.strip())
    if isinstance(value, str) and text.strip()[:1] in ("{", "[", '"') and value == text.strip():
        raise UsageError(
            f"extra.{clean_line(field, 40)} begins like JSON, and is none: {clean_line(text, 40)}."
        )
    try:
        fields = FIELDS.take({field: value})
    except ValueError:
        raise UsageError(
            f"extra.{clean_line(field, 40)} cannot be set to “{clean_line(text, 40)}”.",
            hint=f"extra must be {FIELDS.expected}.",
        ) from None
    return cast(dict[str, Json], fields)[field]


def assigned(texts: Iterable[str]) -> dict[str, Json]:
    """The parameters in texts like `temperature=0.2`. UsageError for what is none."""
    parameters = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--set wants NAME=VALUE, not “{clean_line(text, 40)}”.")
        parameters[name.strip()] = parse_parameter(name.strip(), value)
    return parameters


def flat(parameters: Mapping[str, Json]) -> dict[str, Json]:
    """With each field of the table `extra` under a name of its own."""
    fields = parameters.get("extra")
    rest = {name: value for name, value in parameters.items() if name != "extra"}
    if not isinstance(fields, dict):
        return rest
    return rest | {f"{EXTRA}{name}": value for name, value in fields.items()}
