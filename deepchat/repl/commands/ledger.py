"""Commands about what is sent and what it costs."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

from deepchat import context, figures, standing
from deepchat.budget import begins
from deepchat.context import Weight
from deepchat.conversation import Message, Spent, Usage
from deepchat.repl.aside import aside
from deepchat.repl.commands import COMMANDS
from deepchat.repl.commands.exchanges import said
from deepchat.repl.needs import Desk
from deepchat.repl.words import count
from deepchat.standing import Standing

GROUP = "Context"

# Cells of the bar that shows how full the model's window is.
BAR: Final = 40


@COMMANDS.command("/context", "/ctx", group=GROUP)
def context_(desk: Desk, text: str) -> None:
    """Show what will be sent with the next message: the tokens and the price of each, and the room in the model's window.

    Tokens are as the server counted them, or, with a ~, estimated. `/compact`, `/trim`, `/mute`, `/undo`
    and `/clear` make room. What is muted, out (`/trim`) or summarised is listed, but not sent.
    """
    chat = desk.chat
    path = chat.conversation.path()
    standings = standing.standings(path)
    rows = [
        (str(number), context.title_of(one.asked.text), _tokens(context.weight(one.asked)),
         _tokens(context.weight(one.reply)) if one.reply else "", _price(one.reply), _stands(standings[one.asked.id]))
        for number, one in enumerate(said(desk), start=1)
    ]  # fmt: skip
    if chat.session.persona:
        persona = Weight(context.estimated_tokens(chat.session.persona))
        title = f"persona: {context.title_of(chat.session.persona)}"
        rows.insert(0, ("", title, _tokens(persona), "", "", ""))
    if rows:
        desk.page.table(("n", "question", "tokens", "answer", "cost", ""), rows)
    taken = context.window_taken(chat.session.persona, path)
    desk.page.notice(_filled(desk, taken))


def _filled(desk: Desk, taken: Weight) -> str:
    window = desk.chat.window()
    if not window:
        return f"{_tokens(taken)} tokens; how large the window of {desk.chat.answering} is, is not known."
    share = min(1.0, taken.tokens / window)
    bar = "█" * round(share * BAR)
    much = f"{_tokens(taken)} of {figures.count(window)} tokens"
    return f"{bar:░<{BAR}} {share:.0%} · {much}"


@COMMANDS.command("/cost", "/usage", group=GROUP)
async def cost(desk: Desk, text: str) -> None:
    """Say what was spent: on the last reply, on this chat, today, this month and in all, and on which models.

    The figures are the servers' own, or, with a ~, estimated by the prices of their lists. Where nobody says either, it is
    said of how many answers the cost is not known.
    """
    last = desk.chat.conversation.last("assistant")
    now_ms = desk.now_ms()
    since = {"today": begins("day", now_ms), "this month": begins("month", now_ms)}
    sums = {
        name: await aside(partial(desk.library.spent, since_ms=begun))
        for name, begun in since.items()
    }
    ever = await aside(desk.library.spent)
    desk.page.pairs(
        [
            ("last reply", _price(last) or "not known"),
            ("this chat", _sum(_spent_here(desk))),
            *((name, _sum(found)) for name, found in sums.items()),
            ("in all", _sum(ever)),
        ]
    )
    if ever:
        rows = [
            (one.model, figures.count(one.replies), figures.count(one.prompt_tokens),
             figures.count(one.completion_tokens), _price_of([one]))
            for one in ever
        ]  # fmt: skip
        desk.page.table(("model", "answers", "in", "out", "cost"), rows)


def _spent_here(desk: Desk) -> list[Spent]:
    """On all branches of the chat: those that were left were paid for, too. What /fork copied is paid for elsewhere."""
    replies = [
        message
        for message in desk.chat.conversation.messages.values()
        if message.role == "assistant"
        and (message.text or message.reasoning)
        and not message.edited
        and message.created_ms >= desk.chat.session.created_ms
    ]
    unpriced = sum(not _price(reply) for reply in replies)
    total = context.total_cost(replies) or Usage()
    return [Spent("", len(replies), 0, 0, total.cost or 0.0, total.estimated, unpriced)]


def _sum(spent: Sequence[Spent]) -> str:
    replies, unpriced = sum(one.replies for one in spent), sum(one.unpriced for one in spent)
    unknown = f", {unpriced} of unknown cost" if 0 < unpriced < replies else ""
    return f"{_price_of(spent)} · {count(replies, 'answer')}{unknown}"


def _price_of(spent: Sequence[Spent]) -> str:
    """Of all of them together, as far as it is known."""
    if 0 < sum(one.replies for one in spent) == sum(one.unpriced for one in spent):
        return "not known"
    total = math.fsum(one.cost for one in spent)
    return context.price(Usage(cost=total, estimated=any(one.estimated for one in spent)))


def _stands(how: Standing) -> str:
    return "" if how == "in" else how


def _price(reply: Message | None) -> str:
    return context.price(reply.usage) if reply else ""


def _tokens(weight: Weight) -> str:
    return f"{'' if weight.counted else '~'}{figures.count(weight.tokens)}"
