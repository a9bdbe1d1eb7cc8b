"""What the demo says: passages of the manual, or a showcase of markdown. Nothing here knows HTTP or the format.

It is no language model and does not pretend to be one: each answer says first where it comes from.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from deepchat.conversation import ModelInfo
from deepchat.demo import showcase
from deepchat.demo.checking import ChatRequest
from deepchat.demo.deepinfra import Reply, tokens
from deepchat.demo.manual import Hit, Page, match, search, words

_SEARCHING: Final = ModelInfo(
    "deepchat/demo",
    "No language model: searches deepchat's own manual, offline and free.",
    context_length=131_072,
    max_tokens=131_072,
    input_price=0.0,
    output_price=0.0,
    cached_price=0.0,
    tags=("chat",),
)
_THINKING: Final = replace(
    _SEARCHING,
    id="deepchat/demo-thinking",
    description="The same, and tells as its reasoning how it searched.",
    tags=("chat", "reasoning"),
)
MODELS: Final = (_SEARCHING, _THINKING)

_LISTED: Final = 24  # titles, when nothing fits
_AT_ONCE: Final = 3  # passages in one answer
_MESSAGE_OVERHEAD: Final = 4  # tokens, as OpenAI counts the frame of each message

_MORE: Final = re.compile(
    r"\s*(and\s+)?(more|continue|go on|next|show more|tell me more|what else|anything else)"
    r"(\s+please)?\s*[.!?…]*\s*",
    re.IGNORECASE,
)
_PUNCTUATION: Final = re.compile(r"([\\`*_{}\[\]<>()#|~!&$])")


def speak(manual: Sequence[Page], request: ChatRequest) -> Reply:
    """The reply to a request, within its `max_tokens`; only `deepchat/demo-thinking` has reasoning."""
    asked, earlier = _question(request)
    piece = showcase.wanted(asked)
    found = () if piece else search(manual, words(asked))
    text = piece or _found(manual, asked, found, earlier * _AT_ONCE)
    source = _SHOWS if piece else _SEARCHED if words(asked) else ""
    parts = [f"{_INTRODUCTION} {source}".rstrip(), _persona(request), text]
    reasoning = _reasoning(manual, asked, found, piece) if request.model == _THINKING.id else ""
    answer = _rest("\n\n".join(filter(None, parts)), request)
    reply = Reply(tokens(answer), tokens(reasoning))
    reply = reply.limited(request.max_tokens)
    return reply.counted(prompt_tokens(request)) if request.include_usage else reply


def _rest(answer: str, request: ChatRequest) -> str:
    """What is left to say where the last message is the beginning of the answer."""
    begun = request.messages[-1]
    return answer.removeprefix(begun.text) if begun.role == "assistant" else answer


def prompt_tokens(request: ChatRequest) -> int:
    return sum(len(tokens(said.text)) + _MESSAGE_OVERHEAD for said in request.messages)


def _question(request: ChatRequest) -> tuple[str, int]:
    """What is asked, and how many times more of it was wanted: "more" looks back to the message it is about."""
    earlier = 0
    for said in reversed(request.messages):
        if said.role == "user" and not _MORE.fullmatch(said.text):
            return said.text, earlier
        earlier += said.role == "user"
    return "", 0


# --- texts -----------------------------------------------------------------------------------------------------------

_INTRODUCTION: Final = "*This is deepchat's offline demo, not a language model.*"
_SEARCHED: Final = "*It searched deepchat's manual for your words.*"
_SHOWS: Final = "*It shows what markdown looks like here; the text is always the same.*"


def _found(manual: Sequence[Page], asked: str, found: Sequence[Hit], start: int) -> str:
    shown = found[start : start + _AT_ONCE]
    if not shown:
        told = f"That is all the manual has on {_quoted(asked)}." if found else _nothing(asked)
        return f"{told}\n\n{_contents(manual)}"
    texts = [f"## {hit.page.title}\n\n{hit.page.body}" for hit in shown]
    left = len(found) - start - len(shown)
    if left:
        count = "one passage" if left == 1 else f"{left} passages"
        texts.append(f"*Say “more” for {count} more.*")
    return "\n\n".join(texts)


def _nothing(asked: str) -> str:
    if not words(asked):
        return "There is no word in the message that it could search the manual for."
    return f"Nothing in the manual fits {_quoted(asked)}."


def _contents(manual: Sequence[Page]) -> str:
    """What can be asked: the titles of the manual, and the pieces of the showcase."""
    titles = list(dict.fromkeys(page.title.partition(": ")[0] for page in manual))
    pages = ", ".join(f"`{title}`" for title in titles[:_LISTED])
    more = f" and {len(titles) - _LISTED} more things" if len(titles) > _LISTED else ""
    pieces = ", ".join(f"*{name}*" for name in showcase.NAMES)
    manual_line = f"**The manual is about** {pages}{more}.\n\n" if pages else ""
    return (
        f"{manual_line}**To see markdown**, say {pieces}, or *300 lines*.\n\n"
        "For a real model, make a key and type `/login`."
    )


def _persona(request: ChatRequest) -> str:
    persona = next((said.text for said in request.messages if said.role == "system"), "")
    if not persona.strip():
        return ""
    return f"*A real model would now follow this persona:* {_quoted(persona)}"


def _quoted(text: str, most: int = 80) -> str:
    """Somebody's words in one line of markdown, as they are: no sign in them formats anything."""
    line = " ".join(text.encode(errors="replace").decode().split())
    cut = line if len(line) <= most else f"{line[: most - 1]}…"
    escaped = _PUNCTUATION.sub(r"\\\1", cut)
    return f"“{escaped}”"


def _reasoning(manual: Sequence[Page], asked: str, found: Sequence[Hit], piece: str) -> str:
    """How it came to its answer: no more than what was done."""
    if piece:
        return "The message asks only for markdown to look at, so no search: a piece of the showcase.\n"
    looked_for = words(asked)
    if not looked_for:
        return "The message has no word to search for.\n"
    ranked = [
        f"{number}. {hit.page.title} ({hit.score:.2g})" for number, hit in enumerate(found, 1)
    ]
    return "\n".join(
        [
            f"Words worth a search: {', '.join(looked_for)}.",
            f"SQLite FTS5 over {len(manual)} passages: {match(looked_for)}",
            f"{len(found)} fit, by BM25:" if found else "None fits.",
            *ranked[:8],
            "",
        ]
    )
