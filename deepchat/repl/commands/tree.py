"""Commands about the branches of a chat: back and forth, other answers, other questions, a chat of its own."""

import re
from typing import Final

from deepchat import branches, context, figures
from deepchat.branches import Place
from deepchat.conversation import Message
from deepchat.errors import UsageError
from deepchat.fuzzy import ranked
from deepchat.repl.commands import COMMANDS
from deepchat.repl.commands.exchanges import answered, chosen, others, questions, said
from deepchat.repl.needs import Choice, Desk, Picking
from deepchat.repl.registry import LONGEST
from deepchat.repl.words import count
from deepchat.text import clean_line

GROUP = "Turns"

# Characters of an answer that are looked at while a branch is chosen.
PREVIEWED = 1000

# What of `/edit` is about an answer: its number, and what it is to be, exactly as it stands from its first line on.
ANSWER: Final = re.compile(r"(?:(\d+)\s+)?answer(?:[ \t]*\n|\s+|$)(.*)", re.DOTALL)

# Before the name of a branch in the list of all, for each fork above it.
INDENT = "  "


@COMMANDS.command("/undo", usage="[n]", group=GROUP)
def undo(desk: Desk, text: str) -> None:
    """Take back the last exchange, or the last n, and put the question into the composer; `/redo` brings them back.

    What was taken back is not sent any more. It is kept, as a branch: `/tree` shows it.
    """
    if text and not text.isdecimal():
        raise UsageError(f"/undo wants a number, not {clean_line(text, LONGEST)}.")
    much = int(text or 1)
    desk.give_back(desk.chat.undo(much))
    desk.page.notice(
        f"Taken back: {count(much, 'exchange')}. Enter asks anew, /redo brings back what was said."
    )


@COMMANDS.command("/redo", group=GROUP)
def redo(desk: Desk, text: str) -> None:
    """Bring back what the last `/undo`, `/edit` or `/delete-turn` has taken away."""
    desk.chat.redo()
    _tell(desk)


@COMMANDS.command("/edit", "/editor", usage="[n [answer]]", group=GROUP, candidates=questions)
async def edit(desk: Desk, text: str) -> None:
    """Write the next message in your editor; with a number, ask question n in other words, or correct its answer.

    The editor is the one in $VISUAL or $EDITOR. What you save stands in the composer; Enter sends it. Ctrl-X Ctrl-E or
    Ctrl-G takes along what is typed already. With a number that question returns to the composer; its answer, and what
    followed, is kept as a branch: `/prev` and `/tree` find it, and `/redo` goes back at once. With `answer` its answer
    stands there, behind that command; Enter keeps what you have made of it beside the one there was, marked as edited.
    The model takes it for its own.
    """
    if not text:
        await desk.edit()
        return
    answer = ANSWER.fullmatch(text)
    if answer:
        _edit_answer(desk, *answer.groups(""))
        return
    number, _ = chosen(desk, text)
    desk.give_back(desk.chat.undo(len(said(desk)) - number + 1))
    desk.page.notice(f"Question {number} is in the composer; /redo goes back to what followed.")


def _edit_answer(desk: Desk, number: str, text: str) -> None:
    """Put the answer into the composer; with a text, let it say that."""
    place, reply = answered(desk, number)
    if not text:
        desk.compose(f"/edit {place} answer\n{reply.text}")
        desk.page.notice(f"Enter keeps what you make of answer {place}; the model sees it so.")
        return
    if text.strip() == reply.text.strip():
        raise UsageError(f"Answer {place} is as it was.")
    desk.chat.edit_answer(reply, text)
    desk.page.notice(f"Answer {place} is edited; /redo goes back to the one there was.")


@COMMANDS.command("/prev", "/previous", usage="[n]", group=GROUP, candidates=questions)
def prev(desk: Desk, text: str) -> None:
    """Go to the answer before this one in its place, of the last question or of question n; see `/retry` and `/edit`.

    Ctrl-Up, or Ctrl-X Ctrl-P, does so for the last question.
    """
    _flip(desk, text, -1)


@COMMANDS.command("/next", usage="[n]", group=GROUP, candidates=questions)
def next_(desk: Desk, text: str) -> None:
    """Go to the answer behind this one in its place, of the last question or of question n; see `/retry` and `/edit`.

    Ctrl-Down, or Ctrl-X Ctrl-N, does so for the last question.
    """
    _flip(desk, text, 1)


def _flip(desk: Desk, text: str, way: int) -> None:
    number, exchange, found = others(desk, text)
    at = found.index(exchange) if exchange in found else 0
    other = found[(at + way) % len(found)]
    desk.chat.go_to(branches.newest(desk.chat.conversation, other.end))
    desk.page.heading(f"‹{found.index(other) + 1}/{len(found)}›")
    desk.show_exchange(other)
    _tell_more(desk, number)


def _tell_more(desk: Desk, number: int) -> None:
    more = len(said(desk)) - number
    if more > 0:
        desk.page.notice(f"{count(more, 'exchange')} more behind it: /show prints the last one.")


@COMMANDS.command("/tree", "/branches", group=GROUP)
async def tree(desk: Desk, text: str) -> None:
    """Show everything that was asked in this chat, branch by branch; the one you choose is where it goes on.

    One that is deleted comes back when it is chosen.
    """
    conversation = desk.chat.conversation
    places = {place.exchange.end: place for place in branches.tree(conversation)}
    if not places:
        raise UsageError("Nothing was said yet.")
    here = {message.id for message in conversation.path()}
    choices = [_choice(place, here, conversation.leaf) for place in places.values()]

    def preview(end: str, width: int) -> str:
        exchange = places[end].exchange
        answer = exchange.reply.text[:PREVIEWED] if exchange.reply else ""
        question = desk.drawing.question(context.title_of(exchange.asked.text), width)
        return question + desk.drawing.markdown(answer, width)

    picking = Picking(
        "Go on behind",
        lambda typed: ranked(typed, choices, lambda one: f"{one.label} {one.about}"),
        preview=preview,
    )
    end = await desk.pick(picking)
    if end:
        desk.chat.go_to(end)
        _bring_back(desk, places[end].exchange.asked)
        _tell(desk)


def _bring_back(desk: Desk, asked: Message) -> None:
    if asked.mark == "deleted":
        desk.chat.mark(asked, "")


def _choice(place: Place, here: set[str], leaf: str | None) -> Choice:
    """A row of the tree: where it goes on stands an arrow, along the branch in use a dot."""
    exchange = place.exchange
    mark = " ←" if exchange.end == leaf else " ·" if exchange.end in here else ""
    fork = "├ " if place.others else ""
    title = context.title_of(exchange.asked.text)
    if exchange.asked.mark == "deleted":
        title += " (deleted)"
    answer = context.title_of(exchange.reply.text) if exchange.reply else "no answer"
    if exchange.reply and exchange.reply.edited:
        answer = f"edited: {answer}"
    return Choice(
        exchange.end, f"{INDENT * place.depth}{fork}{place.number}  {title}{mark}", answer
    )


@COMMANDS.command("/fork", usage="[n] [title]", group=GROUP, candidates=questions)
def fork(desk: Desk, text: str) -> None:
    """Go on in a chat of its own with what was said so far, or up to question n and its answer.

    The one so far stays as it is. What it has cost is not counted again.
    """
    first, _, rest = text.partition(" ")
    number, title = (first, rest) if first.isdecimal() else ("", text)
    _, exchange = chosen(desk, number)
    whence = desk.chat.session
    desk.chat.fork(exchange.end, clean_line(title.strip() or f"{whence.title} (fork)"))
    desk.page.notice(
        f"A chat of its own: {desk.chat.session.title}. The other is kept: /resume {whence.id[-6:]}"
    )


@COMMANDS.command("/info", usage="[n]", group="Context", candidates=questions)
def info(desk: Desk, text: str) -> None:
    """Say where the answer to question n, or to the last one, is from: model, parameters, tokens, price, times."""
    _, reply = answered(desk, text)
    desk.page.pairs([row for row in _provenance(reply) if row[1]])


def _provenance(reply: Message) -> list[tuple[str, str]]:
    usage, first = reply.usage, reply.first_token_s
    tokens = (
        f"{figures.count(usage.prompt_tokens or 0)} in, {figures.count(usage.completion_tokens or 0)} out"
        if usage
        else ""
    )
    speed = context.tokens_per_second(reply)
    return [
        ("model", reply.model),
        ("reported", reply.reported_model if reply.reported_model != reply.model else ""),
        ("provider", reply.provider),
        ("parameters", ", ".join(f"{name} = {value}" for name, value in reply.parameters.items())),
        ("hint", reply.hint),
        ("state", "edited" if reply.edited else f"{reply.state} {reply.finish_reason}".strip()),
        ("tokens", tokens),
        ("cached", figures.count(usage.cached_tokens) if usage and usage.cached_tokens else ""),
        ("cost", context.price(usage)),
        ("first token", "" if first is None else f"after {figures.duration(first)}"),
        ("time", "" if reply.seconds is None else figures.duration(reply.seconds)),
        ("speed", figures.speed(speed) if speed else ""),
        ("sent again", count(reply.retries, "time") if reply.retries else ""),
        ("request", reply.request_id),
        ("id", reply.id),
    ]


def _tell(desk: Desk) -> None:
    """Where the chat goes on now."""
    exchanges = said(desk)
    if not exchanges:
        desk.page.notice("From the beginning.")
        return
    desk.page.notice(f"It goes on behind question {len(exchanges)}.")
    desk.show_exchange(exchanges[-1])
