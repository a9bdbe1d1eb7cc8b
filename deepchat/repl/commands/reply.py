"""Commands about what was said, the last reply foremost: once more, its source, its thinking."""

import re
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from typing import Final

from deepchat import branches, context, standing
from deepchat.branches import Exchange
from deepchat.conversation import Message
from deepchat.errors import UsageError
from deepchat.repl.commands import COMMANDS
from deepchat.repl.commands.blocks import chosen_block, numbers
from deepchat.repl.commands.exchanges import chosen, questions, said
from deepchat.repl.needs import Choice, Desk
from deepchat.repl.registry import LONGEST
from deepchat.repl.words import count
from deepchat.text import clean_line

GROUP = "Reply"

# Lines, as `4-9`, `4-` or `4`.
_LINES: Final = re.compile(r"(\d{1,9})(-(\d{1,9})?)?")

THINK = {
    "show": "Reasoning is shown whole.",
    "fold": "Reasoning is folded to one line when the answer begins.",
    "hide": "Reasoning is not shown.",
}


@COMMANDS.command("/copy", usage="[n | all]", group=GROUP, candidates=numbers)
async def copy(desk: Desk, text: str) -> None:
    """Copy the last reply as markdown; with a number that code block (`/blocks` lists them), with all the whole chat."""
    last = _last(desk)
    if text == "all":
        what, copied = "The chat", _transcript(branches.remaining(desk.chat.conversation.path()))
    elif text:
        what, copied = f"Block {text}", chosen_block(desk, text).block.source
    else:
        what, copied = "The last reply", last.text
    lines = count(copied.rstrip("\n").count("\n") + 1, "line")
    desk.page.notice(f"{what}, {lines}: {await desk.copy(copied)}")


@COMMANDS.command("/show", usage="[n] [raw | pager]", group=GROUP, candidates=questions)
def show(desk: Desk, text: str) -> Awaitable[None] | None:
    """Print question n and its reply again, whole; alone, the last ones.

    Above a reply a long question is folded to its first lines. With `raw` it is only the reply, as it came, and with `pager`
    both are shown in $PAGER. The first question is number 1.
    """
    number, how = _way(text, "raw", "pager")
    place, exchange = chosen(desk, number)
    if how == "raw":
        desk.page.foreign(_answer(place, exchange).text)
    elif how == "pager":
        return desk.page_through(_drawn(desk, [(place, exchange)]))
    else:
        desk.show_exchange(exchange, whole=True)
    return None


@COMMANDS.command("/history", "/log", usage="[n] [pager]", group=GROUP, candidates=questions)
async def history(desk: Desk, text: str) -> None:
    """Print the whole chat again, or all from question n on, or show it in $PAGER; Ctrl-C ends it.

    Where the persona was another from then on, that is said.
    """
    number, how = _way(text, "pager")
    first, _ = chosen(desk, number or "1")
    chat = list(enumerate(said(desk), start=1))[first - 1 :]
    if how:
        await desk.page_through(_drawn(desk, chat))
        return
    personas = branches.personas(desk.chat.conversation.path())
    for place, exchange in chat:
        if (persona := personas.get(exchange.asked.id)) is not None:
            desk.page.notice(_persona(persona))
        desk.page.heading(_heading(desk, place, exchange))
        desk.show_exchange(exchange, whole=True)
        await desk.drawn()


def _way(text: str, *known: str) -> tuple[str, str]:
    """A number, or "", and one of the known words, or ""."""
    words = text.split()
    way = words.pop() if words and words[-1] in known else ""
    return " ".join(words), way


def _heading(desk: Desk, place: int, exchange: Exchange) -> str:
    """The number, and how it stands."""
    stands = standing.standings(desk.chat.conversation.path())[exchange.asked.id]
    return str(place) if stands == "in" else f"{place} · {stands}"


def _persona(text: str) -> str:
    return f"Persona: {context.title_of(text) or 'none from here on'}"


def _drawn(desk: Desk, chat: Sequence[tuple[int, Exchange]]) -> str:
    """Exchanges with their numbers as they look on the screen, in one piece."""
    draw, width = desk.drawing, desk.page.width
    parts: list[str] = []
    personas = branches.personas(desk.chat.conversation.path())
    for place, exchange in chat:
        asked, reply = exchange.asked, exchange.reply
        if (persona := personas.get(asked.id)) is not None:
            parts.append(draw.notice(_persona(persona), width))
        parts += [
            draw.heading(_heading(desk, place, exchange), width),
            draw.question(asked.text, width, whole=True),
            draw.attached(asked.attachments, width),
            "\n",
        ]
        if reply:
            codes = desk.numbering.before(desk.chat.conversation, reply)
            parts += [
                draw.markdown(reply.text, width, codes=codes), "\n", draw.footer(reply, width), "\n"
            ]  # fmt: skip
    return "".join(parts)


def _answer(place: int, exchange: Exchange) -> Message:
    if exchange.reply is None or not exchange.reply.text:
        raise UsageError(f"Question {place} has no answer.")
    return exchange.reply


@COMMANDS.command("/quote", usage="[n[:a-b]]", group=GROUP, candidates=questions)
def quote(desk: Desk, text: str) -> None:
    """Begin a message with the answer to question n, or to the last one, as a quotation; with `:a-b` only its lines a to b.

    `/show n raw` shows the lines. Answer below it, and take out what you do not need.
    """
    number, _, part = text.partition(":")
    place, exchange = chosen(desk, number)
    lines = _answer(place, exchange).text.strip("\n").split("\n")
    first, last = _range(part, len(lines)) if part else (1, len(lines))
    quoted = (f"> {line}".rstrip() for line in lines[first - 1 : last])
    desk.compose("\n".join((*quoted, "", "")))


def _range(part: str, length: int) -> tuple[int, int]:
    """The lines that `a-b`, `a-` or `a` mean. UsageError for others than an answer of this length has."""
    found = _LINES.fullmatch(part.strip())
    first = int(found[1]) if found else 0
    last = (int(found[3]) if found[3] else length if found[2] else first) if found else 0
    if not 1 <= first <= last or first > length:
        raise UsageError(
            f"There are no lines {clean_line(part, LONGEST)}: this answer has {length}.",
            hint="/quote 2:1-4 quotes the first four lines of answer 2.",
        )
    return first, min(last, length)


@COMMANDS.command("/raw", usage="", group=GROUP)
def raw(desk: Desk, text: str) -> None:
    """Print the last reply as it came: its markdown, unwrapped."""
    desk.page.foreign(_last(desk).text)


@COMMANDS.command(
    "/think",
    "/thinking",
    "/reasoning",
    usage="[show | fold | hide]",
    group=GROUP,
    candidates=lambda desk: (Choice(word, word, about) for word, about in THINK.items()),
)
def think(desk: Desk, text: str) -> None:
    """Print the reasoning behind the last reply; with a word, say what becomes of reasoning from now on."""
    if text:
        if text not in THINK:
            raise UsageError(f"/think does not know {text}.", hint=f"It knows {', '.join(THINK)}.")
        desk.drawing.set_thinking(text)
        desk.page.notice(THINK[text])
        return
    thought = next((m for m in _replies(desk) if m.reasoning or m.text), None)
    if thought is None:
        raise UsageError("There is no reply yet.")
    desk.page.foreign(thought.reasoning or "The last reply came without reasoning.", dim=True)


def _last(desk: Desk) -> Message:
    """The newest reply that says something."""
    reply = next((message for message in _replies(desk) if message.text), None)
    if reply is None:
        raise UsageError("There is no reply yet.")
    return reply


def _replies(desk: Desk) -> Iterator[Message]:
    path = tuple(branches.remaining(desk.chat.conversation.path()))
    return (message for message in reversed(path) if message.role == "assistant")


def _transcript(path: Iterable[Message]) -> str:
    """The chat in markdown, a heading for each turn."""
    named = {"user": "You", "assistant": "Model", "system": "Persona"}
    return "\n\n".join(f"## {named[m.role]}\n\n{m.text}" for m in path if m.text) + "\n"
