"""How a reply gets from its turn to the surface, piece by piece, and what is said at its end."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from deepchat.conversation import Event, Message, ReasoningDelta, TextDelta
from deepchat.errors import ApiError, BadRequest, ModelNotFound, NetworkError
from deepchat.repl.house import House
from deepchat.repl.needs import ReplyView, Surface
from deepchat.text import clean, clean_line
from deepchat.turn import Turn

# A turn that was stopped has ended, and is stored, within this time.
STOPPED_S: Final = 1.0

# Characters drawn in one go. What comes in a burst takes many, and keys are answered in between.
BURST: Final = 2_000

# A reply that took this long was worth looking away from.
LONG_S: Final = 10.0

Delta = TextDelta | ReasoningDelta


@dataclass(slots=True)
class _Showing:
    """The reply on the surface, the size it is laid out for, and what has come but is not drawn yet."""

    turn: Turn
    view: ReplyView
    size: tuple[int, int]
    due: deque[Delta] = field(default_factory=deque)

    @property
    def behind(self) -> bool:
        """Whether something that came is not drawn, or not for good although it could be."""
        return bool(self.due) or self.view.behind


class Showing:
    """At most one reply at a time. `ended` is called with it when it has been settled and drawn."""

    def __init__(self, house: House, surface: Surface, ended: Callable[[Message], None]) -> None:
        self._house = house
        self._chat = house.chat
        self._surface = surface
        self._ended = ended
        self._showing: _Showing | None = None

    def begin(self) -> None:
        """Show the reply of the turn that has just begun."""
        assert self._chat.turn  # noqa: S101  a reply is shown when it was asked for
        size = (self._surface.width, self._surface.height)
        view = self._house.drawing.reply(width=size[0], height=size[1])
        self._showing = _Showing(self._chat.turn, view, size)
        self._surface.refresh()

    @property
    def behind(self) -> bool:
        """Whether there is more to do than `pump` does in one go: then it is to be called again at once."""
        showing = self._showing
        return bool(showing and (showing.behind or showing.turn.ended))

    def pump(self) -> None:
        """Draw what has come; at the end of the turn settle it, and send what is queued."""
        if self._showing:
            try:
                self._pump(self._showing)
            except OSError:
                raise  # the terminal is gone
            except Exception as bug:  # noqa: BLE001  a bug in the drawing of one reply does not end the chat
                self._draw_plainly(self._showing, bug)

    def _pump(self, showing: _Showing) -> None:
        self._fit(showing)
        ended = showing.turn.ended
        for event in showing.turn.drain():
            showing.due += _parts(event)
        _feed(showing)
        if ended and not showing.behind:
            self._finish(showing)
            return
        frame = showing.view.frame()
        self._surface.frame(frame.commit, frame.live)

    def _draw_plainly(self, showing: _Showing, bug: Exception) -> None:
        """The reply as it came, when its drawing has failed."""
        self._showing = None
        showing.turn.stop()
        if self._chat.turn and showing.turn.wait(STOPPED_S):
            self._chat.settle()
        self._surface.frame(clean(showing.turn.reply.text) + "\n", "")
        self._house.say_why(bug)

    def _fit(self, showing: _Showing) -> None:
        size = (self._surface.width, self._surface.height)
        if size != showing.size:
            showing.size = size
            showing.view.resize(*size)

    def _finish(self, showing: _Showing) -> None:
        self._showing = None
        reply = self._chat.settle()
        frame = showing.view.finish()
        footer = self._footer(replace(reply, error=""))
        gap = "\n" if frame.commit or reply.text or reply.reasoning else ""
        self._surface.frame(frame.commit + gap + footer, "")
        if showing.turn.error:
            self._house.say_why(showing.turn.error)
            if advice := _advice(showing.turn.error, showing.turn.tries):
                self._house.page.notice(f"  {advice}")
        elif not reply.text and reply.state == "done":
            self._house.page.notice(_empty(reply))
        self._surface.print("\n")
        self._announce(reply)
        self._ended(reply)

    def _announce(self, reply: Message) -> None:
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
        says = self._house.show_footer and (
            reply.text or reply.reasoning or reply.state == "stopped"
        )
        return self._house.drawing.footer(reply, self._surface.width) if says else ""


def _parts(event: Event) -> Iterator[Delta]:
    """What an event says, in pieces of which none is longer than a burst; nothing for one that only the turn needs."""
    if isinstance(event, TextDelta | ReasoningDelta):
        for at in range(0, len(event.text), BURST):
            yield replace(event, text=event.text[at : at + BURST])


def _feed(showing: _Showing) -> None:
    """Give the view what is due, a burst of it at most."""
    room = 0 if showing.view.behind else BURST
    while showing.due and room > 0:
        delta = showing.due.popleft()
        take = showing.view.text if isinstance(delta, TextDelta) else showing.view.reasoning
        take(delta.text[:room])
        if later := delta.text[room:]:
            showing.due.appendleft(replace(delta, text=later))
        room -= len(delta.text)


def _advice(error: BaseException, tries: int) -> str:
    """What can be typed after a turn that ended like this at its last try; "" for nothing in particular."""
    match error:
        case ModelNotFound():
            return "/models lists what the server has, /model takes one."
        case BadRequest():
            return (
                "/model takes another model, /unset a parameter away, /clear empties the context."
            )
        case ApiError() | NetworkError():
            return f"{f'Tried {tries} times. ' if tries > 1 else ''}/retry asks again."
        case _:
            return ""


def _empty(reply: Message) -> str:
    """What to say of a reply that is complete and says nothing."""
    why = f" ({reply.finish_reason})" if reply.finish_reason not in ("", "stop") else ""
    what = "nothing but reasoning" if reply.reasoning else "empty"
    return f"The reply is {what}{why}. Enter or /retry asks again."
