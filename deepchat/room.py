"""How a conversation is made to fit into a model's window: which of its oldest exchanges go, and what of a request that is
to be summarised. Pure; all sizes are tokens, estimated."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from deepchat import branches, context, standing
from deepchat.branches import Exchange
from deepchat.conversation import Message, ModelInfo, Parameters, PromptMessage

# What is done with a message that does not fit: the user is asked, the oldest are left out, all is summarised, a model with
# a larger window answers.
Overflow = Literal["ask", "trim", "compact", "larger"]

# What is kept free for the reply where nothing limits it: so much, or this share of a small window.
REPLY_TOKENS: Final = 1_000
REPLY_SHARE: Final = 0.1

# Down to which share of a window it is emptied: more than there must be, so that the next message fits as well.
EMPTIED: Final = 0.75

# What a message takes beside its text.
FRAME_TOKENS: Final = 4

# The least that is left of a message that is cut; where not even that fits, the oldest are left out.
LEAST_TOKENS: Final = 32

# Of a text that is cut, the share of what is kept that stands at its beginning.
_HEAD: Final = 2 / 3
_CUT: Final = "\n[… {} characters are left out here …]\n"

SUMMARISE: Final = (
    "Summarise our conversation so far, in the language it is in, so that it can go on with nothing but your summary: what I "
    "am after and why, what was decided, each fact, name, figure, piece of code and file that is still needed, as exact as it "
    "was said, and what is open. Answer with the summary, and nothing else."
)
FOCUS: Final = "What matters most: {}"

# Parameters that are about an answer, and would spoil a summary.
_OF_ANSWERS: Final = ("max_tokens", "response_format", "stop", "logprobs", "n")


def for_reply(window: int, parameters: Parameters) -> int:
    """What of a window is to be kept free for the reply."""
    limit = parameters.get("max_tokens")
    if isinstance(limit, int) and limit > 0:
        return min(limit, window // 2)
    return min(REPLY_TOKENS, int(window * REPLY_SHARE))


@dataclass(frozen=True, slots=True)
class Trimming:
    """The exchanges that are left out, with their numbers from 1, and about how many tokens they take."""

    left: Sequence[tuple[int, Exchange]]
    tokens: int

    @property
    def last(self) -> Message:
        """The question that is left out with all before it."""
        return self.left[-1][1].asked


def loose(path: Sequence[Message]) -> list[tuple[int, Exchange]]:
    """The exchanges of a branch that can be left out, with their numbers, the oldest first."""
    standings = standing.standings(path)
    numbered = enumerate(branches.exchanges(path), start=1)
    return [(number, one) for number, one in numbered if standings[one.asked.id] == "in"]


def trimming(path: Sequence[Message], count: int) -> Trimming:
    """The oldest so many exchanges of those that can be left out."""
    left = loose(path)[:count]
    return Trimming(left, sum(taken(one) for _, one in left))


def to_free(path: Sequence[Message], tokens: int) -> Trimming | None:
    """The fewest of the oldest exchanges that take so many tokens together; None when all of them do not."""
    freed = 0
    for count, (_, exchange) in enumerate(loose(path), start=1):
        freed += taken(exchange)
        if freed >= tokens:
            return trimming(path, count)
    return None


def taken(exchange: Exchange) -> int:
    """What a question and its answer take."""
    both = (exchange.asked, exchange.reply) if exchange.reply else (exchange.asked,)
    return sum(context.weight(message).tokens + FRAME_TOKENS for message in both)


def roomier(
    model: str, models: Sequence[ModelInfo], tokens: int, *, most: int = 2
) -> list[ModelInfo]:
    """Other models with a window for so many, in the order of `context.kindred`."""
    able = (one for one in models if one.id != model and (one.context_length or 0) > tokens)
    return context.kindred(model, able)[:most]


# --- what is to be summarised ----------------------------------------------------------------------------------------


def instruction(focus: str = "") -> str:
    """What the model is told that is to summarise, with what matters most, if anything does."""
    return "\n\n".join((SUMMARISE, FOCUS.format(focus))) if focus else SUMMARISE


def of_summary(parameters: Parameters) -> Parameters:
    """Those that a summary is asked for with."""
    return {name: value for name, value in parameters.items() if name not in _OF_ANSWERS}


def fitted(messages: Sequence[PromptMessage], tokens: int) -> tuple[PromptMessage, ...]:
    """A request for a summary within so many tokens: long messages lose their middle, the longest most, then the oldest go.

    The last message, the instruction, and the persona before all stay as they are.
    """
    first = 1 if messages[0].role == "system" else 0
    kept, said, asked = messages[:first], list(messages[first:-1]), messages[-1]
    room = tokens - sum(map(size, (*kept, asked)))
    while said and (sum(min(size(one), LEAST_TOKENS) for one in said) > room):
        del said[0]
    if said and said[0].role == "assistant":
        del said[0]
    most = _most(sorted(map(size, said)), room)
    return (*kept, *_cut(said, most), asked)


def size(message: PromptMessage) -> int:
    """What a message of a request takes."""
    return context.estimated_tokens(message.text) + FRAME_TOKENS


def _most(sizes: Sequence[int], room: int) -> int:
    """The largest size to which each can be cut so that all fit; `sizes` from the smallest."""
    for number, one in enumerate(sizes):
        share = room // (len(sizes) - number)
        if one > share:
            return share
        room -= one
    return max(sizes, default=0)


def _cut(said: Sequence[PromptMessage], most: int) -> Iterator[PromptMessage]:
    for one in said:
        yield one if size(one) <= most else replace(one, text=_without_middle(one.text, most))


def _without_middle(text: str, most: int) -> str:
    mark = _CUT.format(len(text))
    room = (most - FRAME_TOKENS) * context.BYTES_PER_TOKEN - len(mark.encode())
    if room <= 0:
        return _first_bytes(text, (most - FRAME_TOKENS) * context.BYTES_PER_TOKEN)
    head = _first_bytes(text, int(room * _HEAD))
    tail = _first_bytes(text[::-1], room - int(room * _HEAD))[::-1]
    return f"{head}{_CUT.format(len(text) - len(head) - len(tail))}{tail}"


def _first_bytes(text: str, most: int) -> str:
    """As much of the beginning of a text as so many bytes of UTF-8 hold."""
    found = text[: max(0, most)]
    while len(found.encode("utf-8", "surrogatepass")) > most:
        found = found[
            : len(found) - max(1, (len(found.encode("utf-8", "surrogatepass")) - most) // 4)
        ]
    return found
