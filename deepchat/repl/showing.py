"""How a reply gets from its turn to the surface, piece by piece, and what is said at its end."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from deepchat.branches import Exchange
from deepchat.chat import TOO_LONG
from deepchat.conversation import Event, Message, ReasoningDelta, TextDelta, emptiness
from deepchat.errors import ApiError, BadRequest, ModelNotFound, NetworkError, TooLong
from deepchat.offers import near
from deepchat.repl.house import House
from deepchat.repl.needs import ReplyView, Surface
from deepchat.repl.numbering import Numbering
from deepchat.repl.refused import refused
from deepchat.text import clean, clean_line
from deepchat.turn import Turn

# A turn that was stopped has ended, and is stored, within this time.
STOPPED_S: Final = 1.0

# Characters drawn in one go. What comes in a burst takes many, and keys are answered in between.
BURST: Final = 2_000

# Bursts of a stored reply that are drawn without looking for keys in between.
AT_ONCE: Final = 4

# A reply that took this long was worth looking away from.
LONG_S: Final = 10.0

Delta = TextDelta | ReasoningDelta


@dataclass(slots=True)
class _Showing:
    """A reply on the surface, where it comes from, the size it is laid out for, and what has come but is not drawn yet."""

    source: Turn | Exchange
    view: ReplyView
    size: tuple[int, int]
    title: str = ""
    whole: bool = False
    due: deque[Delta] = field(default_factory=deque)
    begun: bool = False
    passed: int = 0

    @property
    def ended(self) -> bool:
        """Whether all has come."""
        return isinstance(self.source, Exchange) or self.source.ended

    @property
    def behind(self) -> bool:
        """Whether something that came is not drawn, or not for good although it could be."""
        return bool(self.due) or self.view.behind

    def take_in(self) -> None:
        if isinstance(self.source, Turn):
            for event in self.source.drain():
                self.due += parts(event)


class Showing:
    """One reply after another: those that arrive, of which `ended` is told when they have been settled and drawn (and which
    parameters the server refused), and stored ones once more."""

    def __init__(
        self, house: House, surface: Surface, ended: Callable[[Message, list[str]], None]
    ) -> None:
        self._house = house
        self._chat = house.chat
        self._surface = surface
        self._ended = ended
        self._queue: deque[_Showing] = deque()
        self.numbering = Numbering(house.drawing)

    def begin(self) -> None:
        """Show the reply of the turn that has just begun."""
        assert self._chat.turn  # noqa: S101  a reply is shown when it was asked for
        self._add(self._chat.turn)
        self._surface.refresh()

    def one_of_several(self, turn: Turn, title: str) -> None:
        """Show the reply of this turn under a title, behind what is being drawn; to settle it is not this one's business."""
        self._add(turn).title = title

    def again(self, exchange: Exchange, *, whole: bool = False, title: str = "") -> None:
        """Show a stored question, the `whole` of it or its first lines, or a `title` in its place, and its reply as they
        looked when they were new, behind what is being drawn.

        The beginning is there when this returns, and with it all of most replies; `pump` draws the rest.
        """
        showing = self._add(exchange)
        showing.whole, showing.title = whole, title
        if exchange.reply:
            for delta in (ReasoningDelta(exchange.reply.reasoning), TextDelta(exchange.reply.text)):
                showing.due += parts(delta)
        for _ in range(AT_ONCE):
            if self._queue and self._queue[0] is showing:
                self.pump()

    def _add(self, source: Turn | Exchange) -> _Showing:
        size = (self._surface.width, self._surface.height)
        stored = isinstance(source, Exchange)
        drawn = source.reply if isinstance(source, Turn) else source.reply or source.asked
        codes = self.numbering.before(self._chat.conversation, drawn)
        view = self._house.drawing.reply(width=size[0], height=size[1], stored=stored, codes=codes)
        showing = _Showing(source, view, size)
        self._queue.append(showing)
        return showing

    @property
    def behind(self) -> bool:
        """Whether there is more to do than `pump` does in one go: then it is to be called again at once."""
        return bool(self._queue) and (self._queue[0].behind or self._queue[0].ended)

    def stop(self) -> bool:
        """Draw no more of the stored reply that is being drawn; whether one was."""
        if not (self._queue and isinstance(self._queue[0].source, Exchange)):
            return False
        self._queue[0].due.clear()
        self._finish(self._queue[0])
        self._house.page.notice("Stopped; the whole of it is kept.")
        return True

    def pump(self) -> None:
        """Draw what has come; at the end of a turn settle it, and send what is queued."""
        if self._queue:
            try:
                self._pump(self._queue[0])
            except OSError:
                raise  # the terminal is gone
            except Exception as bug:  # noqa: BLE001  a bug in the drawing of one reply does not end the chat
                self._draw_plainly(self._queue[0], bug)

    def _pump(self, showing: _Showing) -> None:
        self._begin(showing)
        self._tell_passed(showing)
        self._fit(showing)
        ended = showing.ended
        showing.take_in()
        feed(showing.view, showing.due)
        if ended and not showing.behind:
            self._finish(showing)
            return
        frame = showing.view.frame()
        self._commit(frame.commit, frame.live)
        self._house.page.amid_reply |= bool(frame.commit)

    def _begin(self, showing: _Showing) -> None:
        if showing.title and not showing.begun:
            self._surface.print(self._house.page.gap)
            self._house.page.heading(showing.title)
        elif isinstance(showing.source, Exchange) and not showing.begun:
            asked, draw, width = showing.source.asked, self._house.drawing, self._surface.width
            question = draw.question(asked.text, width, whole=showing.whole)
            attached = draw.attached(asked.attachments, width)
            self._surface.print(f"{self._house.page.gap}{question}{attached}\n")
        showing.begun = True

    def _tell_passed(self, showing: _Showing) -> None:
        """Another model than the one that was asked is never taken without a word."""
        passed = showing.source.passed if isinstance(showing.source, Turn) else []
        for one in passed[showing.passed :]:
            self._house.page.notice(one.told)
            self._house.page.apart = True
        showing.passed = len(passed)

    def _commit(self, commit: str, live: str = "") -> None:
        """A blank row parts it from what a command has printed amid the reply."""
        page = self._house.page
        if commit and page.apart:
            gap = "" if commit.startswith("\n") else "\n"
            commit, page.apart = f"{gap}{commit}", False
        self._surface.frame(commit, live)

    def _draw_plainly(self, showing: _Showing, bug: Exception) -> None:
        """The reply as it came, when its drawing has failed."""
        self._end(showing)
        if isinstance(showing.source, Exchange):
            reply = showing.source.reply
        else:
            showing.source.stop()
            if self._chat.turn and showing.source.wait(STOPPED_S):
                self._chat.settle()
            reply = showing.source.reply
        self._surface.frame(clean(reply.text if reply else "") + "\n", "")
        self._house.say_why(bug)

    def _fit(self, showing: _Showing) -> None:
        size = (self._surface.width, self._surface.height)
        if size != showing.size:
            showing.size = size
            showing.view.resize(*size)

    def _end(self, showing: _Showing) -> None:
        self._queue.remove(showing)
        self._house.page.amid_reply = False
        self._house.page.gap = ""

    def _finish(self, showing: _Showing) -> None:
        self._end(showing)
        commit = showing.view.finish().commit
        if isinstance(showing.source, Exchange) or showing.title:
            self._finish_stored(showing.source.reply, commit)
        else:
            self._finish_turn(showing.source, commit)
        self._house.page.apart = False

    def _finish_stored(self, reply: Message | None, commit: str) -> None:
        draw, width = self._house.drawing, self._surface.width
        gap = "\n" if commit else ""
        brief = not self._house.show_footer
        footer = (
            draw.footer(replace(reply, error=""), width, brief=brief)
            + draw.notice(reply.error, width)
            if reply
            else ""
        )
        self._commit(f"{commit}{gap}{footer}\n")

    def _finish_turn(self, turn: Turn, commit: str) -> None:
        reply = self._chat.settle()
        footer = self._footer(replace(reply, error=""))
        gap = "\n" if commit or reply.text or reply.reasoning else ""
        self._commit(commit + gap + footer)
        aside = reply.id not in self._chat.conversation.messages
        own = {} if aside else self._chat.session.parameters
        names = [name for name in refused(turn.error, reply.parameters) if name in own]
        if aside:
            self._end_aside(turn, reply)
        elif turn.error:
            advice = (
                _without(names)
                or self._meant(turn.error, turn.request.model)
                or _advice(turn.error, turn.tries, begun=bool(reply.text), again=self._again)
            )
            self._house.say_why(turn.error, advice)
        elif not reply.text.strip() and reply.state == "done":
            self._house.page.notice(f"{emptiness(reply)} {self._again} asks again.")
        elif reply.state == "done" and reply.finish_reason in TOO_LONG:
            self._house.page.notice("/continue asks for the rest.")
        if self._house.debug:
            self._house.page.notice(self._house.last_exchange())
        self._surface.print("\n")
        self._house.page.gap = ""
        self.announce(reply)
        self._ended(reply, names)

    @property
    def _again(self) -> str:
        """What asks once more: Enter where the question stands in the composer again."""
        returns = self._chat.unanswered is not None and not self._surface.draft
        return "Enter" if returns else "/retry"

    def _end_aside(self, turn: Turn, reply: Message) -> None:
        """What can be done about a reply does not apply to one that is not there any more."""
        if turn.error:
            self._house.say_why(turn.error, "Up has what you asked.")
        elif not reply.text.strip() and reply.state == "done":
            self._house.page.notice(emptiness(reply))
        self._house.page.notice("Aside: nothing of it is in this chat.")

    def _meant(self, error: BaseException, model: str) -> str:
        """The models of the list that look like one that is not there; "" where none does."""
        known = self._house.catalogue.cached() if isinstance(error, ModelNotFound) else ()
        close = near(model, known)
        return f"Did you mean {', '.join(close)}? /model {close[0]} takes it." if close else ""

    def announce(self, reply: Message) -> None:
        """Tell somebody who looks elsewhere."""
        self.entitle()
        long = (reply.seconds or 0) >= LONG_S
        if self._house.bell == "always" or (self._house.bell == "long" and long):
            self._surface.ring()

    def entitle(self) -> None:
        """Put the title of the chat on the window."""
        if self._house.show_title and self._chat.session.title:
            self._surface.entitle(clean_line(self._chat.session.title, 60))

    def _footer(self, reply: Message) -> str:
        """Without figures, where the user wants none; how it ended, and who answered, is said all the same."""
        if not (reply.text or reply.reasoning or reply.state == "stopped"):
            return ""
        brief = not self._house.show_footer
        return self._house.drawing.footer(reply, self._surface.width, brief=brief)


def parts(event: Event) -> Iterator[Delta]:
    """What an event says, in pieces of which none is longer than a burst; nothing for one that only the turn needs."""
    if isinstance(event, TextDelta | ReasoningDelta):
        for at in range(0, len(event.text), BURST):
            yield replace(event, text=event.text[at : at + BURST])


def feed(view: ReplyView, due: deque[Delta]) -> None:
    """Give the view what is due, a burst of it at most."""
    room = 0 if view.behind else BURST
    while due and room > 0:
        delta = due.popleft()
        take = view.text if isinstance(delta, TextDelta) else view.reasoning
        take(delta.text[:room])
        if later := delta.text[room:]:
            due.appendleft(replace(delta, text=later))
        room -= len(delta.text)


def _advice(error: BaseException, tries: int, *, begun: bool, again: str) -> str:
    """What can be typed after a turn that ended like this at its last try, perhaps when the reply had `begun`; `again` asks
    once more. "" for nothing in particular."""
    match error:
        case ModelNotFound():
            return "/models lists what the server has, /model takes one."
        case TooLong():
            offers = again == "Enter"
            return "Enter offers ways to make room." if offers else "/compact and /trim make room."
        case BadRequest():
            return "/model, /unset and /clear change what is sent."
        case ApiError() | NetworkError():
            tried = f"Tried {tries} times. " if tries > 1 else ""
            rest = "/continue asks for the rest, " if begun else ""
            return f"{tried}{rest}{again} asks again."
        case _:
            return ""


def _without(names: list[str]) -> str:
    """How to ask without the parameters that the server refused; "" for none."""
    if not names:
        return ""
    said = f"{' and '.join(names)} {'are' if len(names) > 1 else 'is'} refused."
    return f"{said} /retry --without {' '.join(names)} asks without {'them' if len(names) > 1 else 'it'}."
