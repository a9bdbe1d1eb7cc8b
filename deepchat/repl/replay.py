"""The questions of a branch once more, asked of another model: what that will take, the answers, and where they part."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from deepchat import branches, context, figures, offers
from deepchat.conversation import Message, Usage
from deepchat.errors import OverBudget, UsageError
from deepchat.fuzzy import likeness
from deepchat.repl.arriving import Arriving
from deepchat.repl.aside import aside
from deepchat.repl.house import House
from deepchat.repl.needs import Choice, Picking, Surface
from deepchat.repl.sending import Sending
from deepchat.repl.words import count

HEADERS: Final = ("n", "question", "answer", "tokens", "cost")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the branch, its number, and the answer it had."""

    number: int
    question: Message
    answer: Message


class Replay:
    """Of the branch in use. `drawn` waits until what is shown again stands there."""

    def __init__(
        self,
        house: House,
        surface: Surface,
        sending: Sending,
        arriving: Arriving,
        drawn: Callable[[], Awaitable[None]],
    ) -> None:
        self._house = house
        self._chat = house.chat
        self._surface = surface
        self._sending = sending
        self._arriving = arriving
        self._drawn = drawn

    async def run(self, model: str) -> None:
        """Say what it takes, and, if the user wants that, ask this model all that was asked. UsageError when that is
        nothing.

        Messages that are entered meanwhile wait. It ends with the first reply that is not whole.
        """
        before = _answered(self._chat.conversation.path())
        if not before:
            raise UsageError("There is nothing yet that could be asked again.")
        await self._drawn()
        with self._sending.held():
            replies = await self._ask(model, before) if await self._is_wanted(model, before) else ()
            if replies:
                await self._compare(before, replies)

    async def _is_wanted(self, model: str, before: Sequence[Asked]) -> bool:
        usage = foreseen(self._chat.session.persona, before)
        tokens = [
            figures.count(each or 0) for each in (usage.prompt_tokens, usage.completion_tokens)
        ]
        cost = offers.priced(model, usage, self._house.catalogue.cached()).cost
        price = "the price is not known" if cost is None else f"~{figures.money(cost)}"
        self._house.page.notice(
            f"{count(len(before), 'request')} to {model}: ~{tokens[0]} tokens in, ~{tokens[1]} out, {price}."
        )
        choices = [
            Choice("yes", f"Ask {count(len(before), 'question')} again", price),
            Choice("", "Leave it", "everything stays as it is"),
        ]
        return bool(await self._surface.pick(Picking("Replay", lambda typed: choices)))

    async def _ask(self, model: str, before: Sequence[Asked]) -> list[Message]:
        """The replies, as far as they came."""
        replies: list[Message] = []
        for one in before:
            try:
                turn = self._chat.replay(one.question, model, in_place=not replies)
            except (UsageError, OverBudget) as error:
                if not replies:
                    raise
                self._house.say_why(error)
                break
            self._sending.print_question(self._sending.again(one.question))
            try:
                replies += await self._arriving.one_by_one([turn], [f"{one.number} · {model}"])
            finally:
                self._arriving.end()
            if replies[-1].state != "done" or not replies[-1].text:
                break
        if len(replies) > 1 and not replies[-1].text:
            self._chat.go_to(replies[-2].id)
        return replies

    async def _compare(self, before: Sequence[Asked], replies: Sequence[Message]) -> None:
        """Say where the answers part, what all of them cost, and how to return."""
        pairs = list(zip(before, replies, strict=False))
        alike = await aside(lambda: [likeness(old.answer.text, new.text) for old, new in pairs])
        rows = [_row(*pair, share) for pair, share in zip(pairs, alike, strict=True)]
        self._house.page.table(HEADERS, rows)
        others = [old.number for (old, _), share in zip(pairs, alike, strict=True) if share < 1]
        where = f"They part at question {others[0]}." if others else "No answer differs."
        cost = context.price(context.total_cost(replies)) or "Nothing that is known"
        asked = f"{len(replies)} of {count(len(before), 'question')}"
        self._house.page.notice(
            f"{where} {cost} for {asked}. The branch from before is kept: "
            f"/prev {before[0].number} goes back to it."
        )


def _answered(path: Sequence[Message]) -> list[Asked]:
    """What was asked and answered along a path as a part of the conversation."""
    return [
        Asked(number, one.asked, one.reply)
        for number, one in enumerate(branches.exchanges(path), start=1)
        if one.reply and one.reply.text and one.asked.mark not in ("muted", "summary", "deleted")
    ]


def foreseen(persona: str, before: Sequence[Asked]) -> Usage:
    """The tokens that asking these questions again takes, if the answers are as long as they were: each goes out with all that
    came before it."""
    sent = received = 0
    path = context.estimated_tokens(persona)
    for one in before:
        path += context.weight(one.question).tokens
        sent += path
        answer = context.weight(one.answer).tokens
        received += answer
        path += answer
    return Usage(sent, received)


def _row(old: Asked, new: Message, share: float) -> tuple[str, ...]:
    """What stands below HEADERS."""
    ending = "" if new.state == "done" else f", {new.state}"
    return (
        str(old.number),
        context.title_of(old.question.text),
        ("same" if share == 1 else f"differs, {min(share, 0.99):.0%} alike") + ending,
        f"{_tokens(old.answer)} → {_tokens(new)}",
        f"{_cost(old.answer)} → {_cost(new)}",
    )


def _tokens(reply: Message) -> str:
    known = context.weight(reply)
    return f"{'' if known.counted else '~'}{figures.count(known.tokens)}"


def _cost(reply: Message) -> str:
    return context.price(reply.usage) or "?"
