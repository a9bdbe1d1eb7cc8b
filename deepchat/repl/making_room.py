"""What is done when a message does not fit into the model's window: nothing is left out without a word, and nobody is stuck."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from deepchat import context, figures, room
from deepchat.conversation import Message, ModelInfo
from deepchat.repl.house import House
from deepchat.repl.needs import Choice, Picking, Surface
from deepchat.repl.outgoing import Outgoing
from deepchat.repl.sending import Sending
from deepchat.repl.words import count
from deepchat.room import Trimming
from deepchat.standing import is_whole

# Of a title in a list of ways.
_TITLE: Final = 30


@dataclass(frozen=True, slots=True)
class Lack:
    """About how many tokens a message would take with all that goes along, and how many a request may have."""

    tokens: int
    limit: int


@dataclass(frozen=True, slots=True)
class Way:
    """One that leads out, and how it is gone with the message."""

    kind: str
    label: str
    about: str
    go: Callable[[Outgoing], None]


class MakingRoom:
    """Of the chat that is in use. `show` is called when a summary is on its way."""

    def __init__(
        self, house: House, surface: Surface, sending: Sending, show: Callable[[], None]
    ) -> None:
        self._house = house
        self._chat = house.chat
        self._surface = surface
        self._sending = sending
        self._show = show

    def lack(self, outgoing: Outgoing) -> Lack | None:
        """None when it fits, or nothing is known of the window."""
        limit = self._chat.limit()
        taken = self._chat.taken(outgoing.text, outgoing.attachments) if limit else None
        return Lack(taken.tokens, limit) if limit and taken and taken.tokens > limit else None

    def send(self, outgoing: Outgoing) -> Awaitable[None] | None:
        """Send it, or let it wait its turn; where it does not fit, as configured, or as the user says then."""
        lack = None if self._sending.waits else self.lack(outgoing)
        if lack and not self._make(lack, outgoing):
            return self._ask(lack, outgoing)
        if not lack:
            self._sending.say(outgoing)
        return None

    def send_again(self) -> bool:
        """After a refusal: send the question once more as configured for one that does not fit; whether that was done."""
        unanswered = self._sending.unanswered()
        lack = self.lack(unanswered[0]) if unanswered else None
        return lack is not None and self._make(lack, unanswered[0])

    def may_go(self, outgoing: Outgoing) -> bool:
        """Whether a message whose turn has come fits, or was sent as configured. If not, it is said."""
        lack = self.lack(outgoing)
        if lack:
            self._house.page.notice(f"{self._told(lack)} Enter offers ways to make room.")
        return not lack

    def _make(self, lack: Lack, outgoing: Outgoing) -> bool:
        """Go the way that is configured; whether it leads out."""
        ways = self._ways(lack)
        way = next((one for one in ways if one.kind == self._house.overflow), None)
        if way:
            self._house.page.notice(self._told(lack))
            way.go(outgoing)
        return way is not None

    async def _ask(self, lack: Lack, outgoing: Outgoing) -> None:
        ways = [*self._ways(lack), self._as_it_is()]
        choices = [Choice(one.label, one.label, one.about) for one in ways]
        choices.append(Choice("", "Do not send it", "it stands in the composer again"))
        self._house.page.notice(self._told(lack))
        chosen = None
        try:
            with self._sending.asked_about(outgoing):
                chosen = await self._surface.pick(
                    Picking("It does not fit", partial(_named, choices))
                )
        finally:
            way = next((one for one in ways if one.label == chosen), None)
            if way is None:
                self._sending.give_back([outgoing])
        if way:
            way.go(outgoing)

    def _told(self, lack: Lack) -> str:
        """What is the matter, in a sentence."""
        much, window = figures.count(lack.tokens), self._chat.window()
        model = self._chat.answering
        if window and lack.tokens > window:
            return f"With this message it would be ~{much} tokens, and {model} takes {figures.count(window)}."
        room_for = (
            f"of the {figures.count(window)} that {model} takes" if window else f"for {model}"
        )
        return f"With this message it would be ~{much} tokens: too much {room_for}, with its reply."

    # --- the ways ----------------------------------------------------------------------------------------------------

    def _ways(self, lack: Lack) -> list[Way]:
        """Those that lead out, as far as can be told."""
        path = self._chat.open_path
        trimming = room.to_free(path, lack.tokens - int(lack.limit * room.EMPTIED))
        trimming = trimming or room.to_free(path, lack.tokens - lack.limit)
        ways = [self._trim(trimming), self._compact()] if trimming else []
        models = self._house.catalogue.cached()
        larger = room.roomier(self._chat.answering, models, lack.tokens + room.REPLY_TOKENS)
        return [*ways, *map(self._take, larger)]

    def _trim(self, trimming: Trimming) -> Way:
        much = count(len(trimming.left), "question")
        return Way(
            "trim",
            f"Leave out the oldest {much}",
            f"{named(trimming)}; /untrim sends them again",
            partial(self._trim_and_send, trimming),
        )

    def _trim_and_send(self, trimming: Trimming, outgoing: Outgoing) -> None:
        self._chat.leave_out(trimming.last)
        self._house.page.notice(left_out(trimming))
        self._sending.say(outgoing)

    def _compact(self) -> Way:
        about = f"one more request to {self._chat.answering}; /uncompact undoes it"
        return Way("compact", "Summarise what was said", about, self._compact_and_send)

    def _compact_and_send(self, outgoing: Outgoing) -> None:
        """The message waits behind the summary."""
        if not self._sending.affords(outgoing, self._chat.afford):
            return
        self._sending.queue.insert(0, outgoing)
        self._house.page.notice("A summary comes first:")
        self._chat.compact()
        self._show()

    def _take(self, model: ModelInfo) -> Way:
        price = f", ${model.input_price:g} per million in" if model.input_price else ""
        about = f"takes {figures.count(model.context_length or 0)} tokens{price}"
        return Way("larger", f"Ask {model.id}", about, partial(self._take_and_send, model.id))

    def _take_and_send(self, model: str, outgoing: Outgoing) -> None:
        self._chat.set_model(model)
        self._house.page.notice(f"{model} answers from now on.")
        self._sending.say(outgoing)

    def _as_it_is(self) -> Way:
        return Way("", "Send it as it is", "the tokens are only estimated", self._sending.say)

    def tell(self, reply: Message) -> None:
        """After a reply: what a summary has made of the chat."""
        asked = self._chat.conversation.last("user")
        if asked and asked.mark == "summary" and is_whole(reply):
            taken = figures.count(self._chat.taken().tokens)
            self._house.page.notice(
                f"This is sent in place of what it summarises: ~{taken} tokens now. /uncompact undoes it."
            )


def named(trimming: Trimming) -> str:
    """`1 to 3, “first” to “third”, ~2.1 k tokens`."""
    (first, one), (last, other) = trimming.left[0], trimming.left[-1]
    numbers = f"{first}" if first == last else f"{first} to {last}"
    titles = [f"“{context.title_of(each.asked.text)[:_TITLE]}”" for each in (one, other)]
    said = titles[0] if first == last else " to ".join(titles)
    return f"{numbers}, {said}, ~{figures.count(trimming.tokens)} tokens"


def left_out(trimming: Trimming) -> str:
    """What is told of those that are left out."""
    return f"Not sent any more: {named(trimming)}. /untrim sends them again."


def _named(choices: Sequence[Choice], words: str) -> Sequence[Choice]:
    return [one for one in choices if words.casefold() in one.label.casefold()]
