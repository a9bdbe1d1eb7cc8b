"""Commands about the last reply: its source, its code, its thinking."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from deepchat import standing
from deepchat.conversation import Message
from deepchat.errors import UsageError
from deepchat.repl.commands import COMMANDS
from deepchat.repl.commands.exchanges import chosen, questions, said
from deepchat.repl.needs import Block, Choice, Desk
from deepchat.repl.words import count

GROUP = "Reply"
THINK = {
    "show": "Reasoning is shown whole.",
    "fold": "Reasoning is folded to one line when the answer begins.",
    "hide": "Reasoning is not shown.",
}


def _numbers(desk: Desk) -> Iterator[Choice]:
    reply = next((message for message in _replies(desk) if message.text), None)
    for number, block in enumerate(desk.drawing.blocks(reply.text) if reply else (), 1):
        about = f"{block.info} {block.source.partition(chr(10))[0]}".strip()
        yield Choice(str(number), str(number), about)


@COMMANDS.command("/copy", usage="[n | all]", group=GROUP, candidates=_numbers)
async def copy(desk: Desk, text: str) -> None:
    """Copy the last reply as markdown; with a number that code block of it, with all the whole chat."""
    last = _last(desk)
    if text == "all":
        what, copied = "The chat", _transcript(desk.chat.conversation.path())
    elif text:
        what, copied = f"Block {text}", _block(desk, text).source
    else:
        what, copied = "The last reply", last.text
    lines = count(copied.rstrip("\n").count("\n") + 1, "line")
    desk.page.notice(f"{what}, {lines}: {await desk.copy(copied)}")


@COMMANDS.command("/show", usage="[n]", group=GROUP, candidates=questions)
def show(desk: Desk, text: str) -> None:
    """Print question n and its reply again, whole; alone, the last ones.

    Above a reply a long question is folded to its first lines. The first question is number 1.
    """
    desk.show_exchange(chosen(desk, text)[1], whole=True)


@COMMANDS.command("/history", "/log", usage="[n]", group=GROUP, candidates=questions)
async def history(desk: Desk, text: str) -> None:
    """Print the whole chat again, or all from question n on; Ctrl-C ends it."""
    first, _ = chosen(desk, text or "1")
    standings = standing.standings(desk.chat.conversation.path())
    for number, exchange in enumerate(said(desk)[first - 1 :], start=first):
        stands = standings[exchange.asked.id]
        desk.page.heading(str(number) if stands == "in" else f"{number} · {stands}")
        desk.show_exchange(exchange, whole=True)
        await desk.drawn()


@COMMANDS.command("/raw", usage="", group=GROUP)
def raw(desk: Desk, text: str) -> None:
    """Print the last reply as it came: its markdown, unwrapped."""
    desk.page.foreign(_last(desk).text)


@COMMANDS.command("/save", usage="n file", group=GROUP, candidates=_numbers)
def save(desk: Desk, text: str) -> None:
    """Write code block n of the last reply to a file, exactly as it came. A file that exists is left alone."""
    number, _, name = text.partition(" ")
    if not number.isdecimal():
        raise UsageError("/save wants a block's number, then a file.", hint="/save 1 script.py")
    if not name.strip():
        raise UsageError("/save wants a file, too.", hint=f"/save {number} script.py")
    block = _block(desk, number)
    path = Path(name.strip()).expanduser()
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(f"{block.source}\n")
    except FileExistsError:
        raise UsageError(f"{path} exists already.", hint="Name another file.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error
    lines = count(block.source.count("\n") + 1, "line")
    desk.page.notice(f"Wrote {lines} to {path}.")


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
    path = desk.chat.conversation.path()
    return (message for message in reversed(path) if message.role == "assistant")


def _block(desk: Desk, number: str) -> Block:
    blocks = desk.drawing.blocks(_last(desk).text)
    if not number.isdecimal() or not 1 <= int(number) <= len(blocks):
        known = f"It has 1 to {len(blocks)}." if blocks else "It has no code."
        raise UsageError(f"The last reply has no block {number}.", hint=known)
    return blocks[int(number) - 1]


def _transcript(path: Sequence[Message]) -> str:
    """The chat in markdown, a heading for each turn."""
    named = {"user": "You", "assistant": "Model", "system": "Persona"}
    return "\n\n".join(f"## {named[m.role]}\n\n{m.text}" for m in path if m.text) + "\n"
