"""What will be sent and what it costs: the prompt, token counts, speed. Pure."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Final, Protocol

from deepchat import figures, standing
from deepchat.conversation import (
    ADDRESS,
    DIFF,
    Attachment,
    Message,
    ModelInfo,
    Parameters,
    PromptMessage,
    Usage,
)
from deepchat.text import clean_line

TITLE_LENGTH: Final = 60

# English prose and code run at about four bytes of UTF-8 a token with today's tokenisers; only ever shown with a "~".
BYTES_PER_TOKEN: Final = 4

# What a picture takes, about: vendors' formulas give between 85 and 1,600, by its size.
PICTURE_TOKENS: Final = 1_000

# An answer of which nothing else is known.
USUAL_TOKENS: Final = 1_000

_BACKTICKS: Final = re.compile("`+")
_SUGGESTED: Final = 3


def prompt(
    persona: str, said: Iterable[Message], *, pictures: bool = True
) -> tuple[PromptMessage, ...]:
    """The messages of a request: the persona first, if any, then user and assistant in turn.

    `said` is what is to be sent (`standing.spoken`). Empty messages are left out, and neighbours of one role are joined by
    a blank line.
    Attached texts stand in the message, before what is said about them. Without `pictures`, for a model that sees none,
    their names stand in their place.
    """
    joined: list[PromptMessage] = [PromptMessage("system", persona)] if persona else []
    for message in said:
        if not (message.text or message.attachments):
            continue
        one = _sent(message, pictures=pictures)
        if joined and joined[-1].role == one.role:
            text = "\n\n".join(filter(None, (joined[-1].text, one.text)))
            joined[-1] = PromptMessage(one.role, text, joined[-1].pictures + one.pictures)
        else:
            joined.append(one)
    return tuple(joined)


def hinted(path: Sequence[Message], hint: str) -> Sequence[Message]:
    """A path with what is said along with its last question, as a paragraph of its own; "" is nothing."""
    last = max(
        (place for place, message in enumerate(path) if message.role == "user"), default=None
    )
    if last is None or not hint:
        return path
    asked = replace(path[last], text="\n\n".join(filter(None, (path[last].text, hint))))
    return (*path[:last], asked, *path[last + 1 :])


def _sent(message: Message, *, pictures: bool) -> PromptMessage:
    if not message.attachments:
        return PromptMessage(message.role, message.text)
    shown = tuple(each for each in message.attachments if pictures and each.is_picture)
    told = (each for each in message.attachments if not (pictures and each.is_picture))
    blocks = map(_block, told)
    return PromptMessage(message.role, "\n\n".join(filter(None, (*blocks, message.text))), shown)


def _block(attachment: Attachment) -> str:
    """A text under its name, in a fence longer than any run of backticks in it, so that nothing in it ends it."""
    if attachment.is_picture:
        return f"(The picture {clean_line(attachment.name)} is left out: this model sees none.)"
    text = attachment.text
    fence = "`" * max(3, 1 + max(map(len, _BACKTICKS.findall(text)), default=0))
    end = "" if text.endswith("\n") or not text else "\n"
    return f"{called(attachment)}:\n{fence}{_language(attachment)}\n{text}{end}{fence}"


def called(attachment: Attachment) -> str:
    """What an attachment is called, in one clean line."""
    name = clean_line(attachment.name)
    if attachment.media_type == DIFF:
        name = f"changes to {name}"
    if attachment.lines is None:
        return name
    first, last = attachment.lines
    return f"{name} (line {first})" if first == last else f"{name} (lines {first}-{last})"


def _language(attachment: Attachment) -> str:
    """What stands behind the fence: the file's suffix is what models see there most."""
    if attachment.media_type == DIFF:
        return "diff"
    suffix = PurePath(attachment.path).suffix[1:]
    return suffix if suffix.isascii() and suffix.isalnum() else ""


def attached_tokens(attachment: Attachment) -> int:
    """Roughly how many tokens an attachment takes. Never shown without a "~"."""
    return PICTURE_TOKENS if attachment.is_picture else estimated_tokens(_block(attachment))


def described(attachment: Attachment) -> list[str]:
    """What is to be known of an attachment before it is sent: its name, its size, about how many tokens it takes."""
    said = [called(attachment)]
    if attachment.media_type == ADDRESS:
        return said
    said.append(figures.size(len(attachment.body)))
    if not attachment.is_picture:
        said.append(f"~{figures.count(attached_tokens(attachment))} tokens")
    return said


def sees(model: str, models: Iterable[ModelInfo]) -> bool | None:
    """Whether this model takes pictures, as far as the list of models says it; None where it does not."""
    known = next((each for each in models if each.id == model), None)
    return "vision" in known.tags if known and known.tags else None


def seeing(model: str, models: Iterable[ModelInfo]) -> list[str]:
    """Up to three models that take pictures, in the order of `kindred`."""
    able = (each for each in models if "vision" in each.tags)
    return [each.id for each in kindred(model, able)[:_SUGGESTED]]


def kindred(model: str, models: Iterable[ModelInfo]) -> list[ModelInfo]:
    """These models, those of the vendor of this one first, then the cheapest."""
    vendor = model.partition("/")[0]

    def distance(each: ModelInfo) -> tuple[bool, float]:
        price = math.inf if each.input_price is None else each.input_price
        return each.id.partition("/")[0] != vendor, price

    return sorted(models, key=distance)


def usual_answer(path: Sequence[Message], parameters: Parameters) -> int:
    """For how many tokens of reply one has to reckon: the limit that is set, else the longest answer so far."""
    limit = parameters.get("max_tokens")
    if isinstance(limit, int) and limit > 0:
        return limit
    counted = (message.usage.completion_tokens or 0 for message in path if message.usage)
    return max((USUAL_TOKENS, *counted))


def title_of(text: str) -> str:
    """A title for a session from its first message: its first line that says something, cut at a word."""
    line = next((" ".join(line.split()) for line in text.splitlines() if line.strip()), "")
    if len(line) <= TITLE_LENGTH:
        return line
    return line[:TITLE_LENGTH].rsplit(" ", 1)[0] + "…"


def estimated_tokens(text: str) -> int:
    """Roughly how many tokens a text is; 0 for none. Never shown without a "~"."""
    return math.ceil(len(text.encode("utf-8", "surrogatepass")) / BYTES_PER_TOKEN)


def request_tokens(messages: Iterable[PromptMessage]) -> int:
    """Roughly how many tokens the messages of a request are. Never shown without a "~"."""
    return sum(estimated_tokens(one.text) + PICTURE_TOKENS * len(one.pictures) for one in messages)


def tokens_counted(path: Sequence[Message]) -> int | None:
    """Tokens of the conversation up to its last reply, as the server counted them; None where it did not, other questions
    are left out since, or more was said with that reply's question than will be."""
    last = next((m for m in reversed(path) if m.role == "assistant" and m.text), None)
    if last is None or last.hint or standing.recorded(path) != (last.after, last.exceptions):
        return None
    usage = last.usage
    if usage is None or usage.prompt_tokens is None:
        return None
    return usage.prompt_tokens + (usage.completion_tokens or 0) - (usage.reasoning_tokens or 0)


@dataclass(frozen=True, slots=True)
class Weight:
    """What a message, the persona or all of them take of the model's window: tokens, `counted` by the server or estimated."""

    tokens: int
    counted: bool = False


def weight(message: Message) -> Weight:
    """Of one message. The server counts an answer; with its reasoning, which is not sent again and is taken off here."""
    usage = message.usage
    if message.role == "assistant" and usage and usage.completion_tokens is not None:
        return Weight(usage.completion_tokens - (usage.reasoning_tokens or 0), counted=True)
    attached = sum(map(attached_tokens, message.attachments))
    return Weight(estimated_tokens(message.text) + attached)


def window_taken(persona: str, path: Sequence[Message]) -> Weight:
    """Of all that will be sent with the next message."""
    counted = tokens_counted(path)
    if counted is not None:
        return Weight(counted, counted=True)
    said = (weight(message).tokens for message in standing.spoken(path))
    return Weight(estimated_tokens(persona) + sum(said))


def total_cost(messages: Iterable[Message]) -> Usage | None:
    """What these messages cost together, estimated if one of them is; None when no price of any is known."""
    paid = [m.usage for m in messages if m.usage is not None and m.usage.cost is not None]
    if not paid:
        return None
    total = math.fsum(one.cost for one in paid if one.cost is not None)
    return Usage(cost=total, estimated=any(one.estimated for one in paid))


class _Priced(Protocol):
    @property
    def cost(self) -> float | None: ...
    @property
    def estimated(self) -> bool: ...


def price(of: _Priced | None) -> str:
    """`$0.012`, `~$0.012` where it is estimated, "" where it is not known."""
    if of is None or of.cost is None:
        return ""
    return f"{'~' if of.estimated else ''}{figures.money(of.cost)}"


def tokens_per_second(reply: Message) -> float | None:
    """The speed of a reply after its first token, from the server's count; None when it can't be told."""
    if not reply.usage or not reply.usage.completion_tokens or reply.seconds is None:
        return None
    streaming = reply.seconds - (reply.first_token_s or 0.0)
    return reply.usage.completion_tokens / streaming if streaming > 0 else None
