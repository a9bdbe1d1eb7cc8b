"""What will be sent and what it costs: the prompt, token counts, speed. Pure."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from deepchat.conversation import Message, PromptMessage

TITLE_LENGTH: Final = 60

# English prose and code run at about four bytes of UTF-8 a token with today's tokenisers; only ever shown with a "~".
BYTES_PER_TOKEN: Final = 4


def prompt(persona: str, path: Sequence[Message]) -> tuple[PromptMessage, ...]:
    """The messages of a request: the persona first, if any, then user and assistant in turn.

    Empty messages and records of persona changes are left out; neighbours of one role are joined by a blank line.
    """
    said = [message for message in path if message.role != "system" and message.text]
    joined: list[PromptMessage] = [PromptMessage("system", persona)] if persona else []
    for message in said:
        if joined and joined[-1].role == message.role:
            joined[-1] = PromptMessage(message.role, f"{joined[-1].text}\n\n{message.text}")
        else:
            joined.append(PromptMessage(message.role, message.text))
    return tuple(joined)


def title_of(text: str) -> str:
    """A title for a session from its first message: its first line that says something, cut at a word."""
    line = next((" ".join(line.split()) for line in text.splitlines() if line.strip()), "")
    if len(line) <= TITLE_LENGTH:
        return line
    return line[:TITLE_LENGTH].rsplit(" ", 1)[0] + "…"


def estimated_tokens(text: str) -> int:
    """Roughly how many tokens a text is; 0 for none. Never shown without a "~"."""
    return math.ceil(len(text.encode("utf-8", "surrogatepass")) / BYTES_PER_TOKEN)


def tokens_counted(path: Sequence[Message]) -> int | None:
    """Tokens of the conversation up to its last reply, as the server counted them; None where it did not."""
    last = next((m.usage for m in reversed(path) if m.role == "assistant" and m.text), None)
    if last is None or last.prompt_tokens is None:
        return None
    return last.prompt_tokens + (last.completion_tokens or 0) - (last.reasoning_tokens or 0)


def total_cost(messages: Iterable[Message]) -> float | None:
    """US dollars the server charged for these messages; None when it named no price for any of them."""
    costs = [m.usage.cost for m in messages if m.usage is not None and m.usage.cost is not None]
    return math.fsum(costs) if costs else None


def tokens_per_second(reply: Message) -> float | None:
    """The speed of a reply after its first token, from the server's count; None when it can't be told."""
    if not reply.usage or not reply.usage.completion_tokens or reply.seconds is None:
        return None
    streaming = reply.seconds - (reply.first_token_s or 0.0)
    return reply.usage.completion_tokens / streaming if streaming > 0 else None
