"""Several models, one question: their replies as they come, what each took, and which of them the chat goes on with."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final

from deepchat import context, figures
from deepchat.branches import Exchange
from deepchat.chat import TOO_LONG
from deepchat.conversation import Message, Usage
from deepchat.fuzzy import ranked
from deepchat.repl.arriving import Arriving
from deepchat.repl.columns import LEAST
from deepchat.repl.house import House
from deepchat.repl.needs import Choice, Entry, Picking, Surface
from deepchat.repl.sending import Sending
from deepchat.repl.showing import Showing
from deepchat.turn import Turn

# Characters of an answer that are looked at while one is chosen.
PREVIEWED: Final = 1_000

HEADERS: Final = ("", "model", "in", "out", "cost", "first token", "speed", "")


class Comparison:
    """Of models, in the chat that is in use. `drawn` waits until what is shown again stands there."""

    def __init__(
        self,
        house: House,
        surface: Surface,
        sending: Sending,
        showing: Showing,
        arriving: Arriving,
        drawn: Callable[[], Awaitable[None]],
    ) -> None:
        self._house = house
        self._chat = house.chat
        self._surface = surface
        self._sending = sending
        self._showing = showing
        self._arriving = arriving
        self._drawn = drawn

    async def run(self, models: Sequence[str], text: str) -> None:
        """Ask these at once, the last question if there is no text, show what they say, and let the user choose.

        Messages that are entered meanwhile wait. Cancelled, it stops the replies that are still on their way; cancelled
        once more, it ends.
        """
        await self._drawn()
        # Nothing in it was typed as a mention.
        outgoing = text and self._sending.prepare(Entry(text, ((0, len(text)),)), text)
        with self._sending.held():
            if outgoing:
                before = ""
                turns = self._chat.compare(models, outgoing.text, outgoing.attachments)
            else:
                before = self._answer_there()
                turns = self._chat.compare(models)
            try:
                replies = await self._received(turns)
            finally:
                self._arriving.end()
            self._tabulate(replies)
            self._showing.announce(max(replies, key=lambda reply: reply.seconds or 0.0))
            await self._choose(replies, before)

    def _answer_there(self) -> str:
        """The id of the answer that the last question has; "" for none."""
        last = self._chat.conversation.path()[-1:]
        return last[0].id if last and last[0].role == "assistant" and last[0].text else ""

    async def _received(self, turns: Sequence[Turn]) -> list[Message]:
        """The replies, when all of them stand there for good."""
        asked = self._chat.conversation.last("user")
        assert asked  # noqa: S101  it was asked a moment ago
        self._sending.print_question(self._sending.again(asked))
        beside = not self._surface.echoes and self._surface.width // len(turns) >= LEAST
        titles = _titles([turn.reply for turn in turns])
        if not beside:
            return await self._arriving.one_by_one(turns, titles)
        replies = await self._arriving.side_by_side(turns)
        for title, reply in zip(titles, replies, strict=True):
            self._showing.again(Exchange(asked, reply), title=title)
        await self._drawn()
        return replies

    def _tabulate(self, replies: Sequence[Message]) -> None:
        rows = [_row(number, reply) for number, reply in enumerate(replies, start=1)]
        self._house.page.table(HEADERS, rows)

    async def _choose(self, replies: Sequence[Message], before: str) -> None:
        """Go on with the one that the user takes; else with the answer that was there `before`, or the first that came."""
        titles = zip(_titles(replies), replies, strict=True)
        answered = {reply.id: (title, reply) for title, reply in titles if reply.text}
        if not answered:
            self._sending.give_up()
            return
        first = next(iter(answered))
        chosen = await self._picked(answered) if len(answered) > 1 else first
        end = chosen or before or first
        if end != self._chat.conversation.leaf:
            self._chat.go_to(end)
        others = "; /prev and /next show the others" if before or len(answered) > 1 else ""
        title, reply = answered.get(end, ("", None))
        which = f"the answer of {title}" if reply else "the answer that was there"
        self._house.page.notice(f"It goes on with {which}{others}.{self._who_answers(reply)}")

    def _who_answers(self, reply: Message | None) -> str:
        """The next message, where that is another model than the one whose reply was taken."""
        now = self._chat.answering
        if reply is None or reply.model == now:
            return ""
        return f" {now} answers the next message: /model {reply.model} changes that."

    async def _picked(self, answered: Mapping[str, tuple[str, Message]]) -> str | None:
        choices = [
            Choice(reply.id, title, context.title_of(reply.text))
            for title, reply in answered.values()
        ]

        def preview(chosen: str, width: int) -> str:
            return self._house.drawing.markdown(answered[chosen][1].text[:PREVIEWED], width)

        picking = Picking("Go on with", partial(_numbered, choices), preview=preview)
        return await self._surface.pick(picking)


def _titles(replies: Sequence[Message]) -> list[str]:
    return [f"{number} · {reply.model}" for number, reply in enumerate(replies, start=1)]


def _numbered(choices: Sequence[Choice], typed: str) -> Sequence[Choice]:
    """Those that fit; a number that one has is this one."""
    named = [one for one in choices if one.label.split(" ")[0] == typed.strip()]
    return named or ranked(typed, choices, lambda one: f"{one.label} {one.about}")


def _row(number: int, reply: Message) -> tuple[str, ...]:
    """What stands below HEADERS; "" for what is not known."""
    usage, first = reply.usage or Usage(), reply.first_token_s
    speed = context.tokens_per_second(reply)
    return (
        str(number),
        reply.model,
        "" if usage.prompt_tokens is None else figures.count(usage.prompt_tokens),
        "" if usage.completion_tokens is None else figures.count(usage.completion_tokens),
        context.price(usage),
        "" if first is None else figures.duration(first),
        figures.speed(speed) if speed else "",
        _ending(reply),
    )


def _ending(reply: Message) -> str:
    """Why a reply is not whole; "" for one that is."""
    if reply.state != "done":
        return reply.error or reply.state
    return "too long" if reply.finish_reason in TOO_LONG else ""
