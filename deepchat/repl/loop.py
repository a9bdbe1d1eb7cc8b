"""Read, do, again: what a typed line sets going, and how a reply gets from its turn to the surface.

Knows neither keys nor rows of the screen: `interactive` ties it to the terminal, `plain` to a stream.
"""

import itertools
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from deepchat import context, figures
from deepchat.attach import naming, reading
from deepchat.attach.reading import Found
from deepchat.chat import Chat, Library
from deepchat.conversation import (
    TEXT,
    Attachment,
    Event,
    Message,
    ReasoningDelta,
    SessionSummary,
    TextDelta,
    clock_ms,
)
from deepchat.errors import (
    ApiError,
    BadRequest,
    DeepchatError,
    ModelNotFound,
    NetworkError,
    NotAttached,
    StoreError,
    UsageError,
)
from deepchat.repl import shell
from deepchat.repl.aside import aside
from deepchat.repl.commands.table import COMMANDS
from deepchat.repl.drafts import DraftKeeper, Left, NoDrafts, line_of_draft
from deepchat.repl.needs import (
    Catalogue,
    Desk,
    Drafts,
    Drawing,
    Entry,
    Next,
    Options,
    Page,
    ReplyView,
    Spans,
    Surface,
)
from deepchat.repl.outgoing import Outgoing, unseen
from deepchat.repl.registry import line_of, message_of, shell_line, split_command
from deepchat.repl.tray import Tray, changed_row, mentioned, merged
from deepchat.repl.words import count
from deepchat.text import clean, clean_line
from deepchat.turn import Turn

# Presses in quick succession belong to the one that stopped the reply; none of them leaves.
MASHING_S: Final = 1.0
HINT_S: Final = 5.0

# A turn that was stopped has ended, and is stored, within this time.
STOPPED_S: Final = 1.0

# Of a title, in the status line.
TITLE_CELLS: Final = 30

AS_TEXT: Final = "Start with // to send it as text."

# Characters drawn in one go. What comes in a burst takes many, and keys are answered in between.
BURST: Final = 2_000

# A reply that took this long was worth looking away from.
LONG_S: Final = 10.0

# Of so many other chats with an unsent text the titles are told.
NAMED: Final = 3

Pending = Awaitable[Next | None]
Delta = TextDelta | ReasoningDelta


@dataclass(frozen=True, slots=True)
class House:
    """The rooms that a REPL needs, wired by `cli`."""

    chat: Chat
    library: Library
    catalogue: Catalogue
    options: Options
    drawing: Drawing
    page: Page
    log_bug: Callable[[BaseException], Exception]
    drafts: Drafts = field(default_factory=NoDrafts)
    show_footer: bool = True
    show_title: bool = True
    is_key_in: Callable[[str], bool] = lambda text: False
    bell: Literal["never", "long", "always"] = "never"
    now_ms: Callable[[], int] = clock_ms


@dataclass(slots=True)
class _Showing:
    """The reply on the surface, the size it is laid out for, and what has come but is not drawn yet."""

    turn: Turn
    view: ReplyView
    size: tuple[int, int]
    due: deque[Delta] = field(default_factory=deque)


class Repl:
    """One user at one surface. All of it runs on the loop's thread."""

    def __init__(
        self,
        house: House,
        surface: Surface,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.queue: list[Outgoing] = []
        self.tray = Tray()
        self.doing = ""
        self._house = house
        self._chat = house.chat
        self._surface = surface
        self._clock = clock
        self._showing: _Showing | None = None
        self._stopped_at = self._hinted_at = float("-inf")
        self._asked_about: Outgoing | None = None
        self._unknown_sight: set[str] = set()
        self._counted: tuple[tuple[str | None, str], str, str] = ((None, ""), "", "")
        self._standing = ""
        self.drafts = DraftKeeper(house.drafts, self._unsent)
        self.desk = Desk(
            chat=house.chat,
            library=house.library,
            catalogue=house.catalogue,
            options=house.options,
            drawing=house.drawing,
            copy=surface.copy,
            edit=surface.edit,
            pick=surface.pick,
            page=house.page,
            show_last_exchange=self.show_last_exchange,
            show_reply=self._show_reply,
            waiting=self.tray,
            attach=self.attach,
            now_ms=house.now_ms,
        )

    # --- what was typed ----------------------------------------------------------------------------------------------

    def enter(self, line: str, pasted: Spans = ()) -> Next | Pending | None:
        """Do what an entered line says: a command, or a message, which waits its turn while a reply arrives.

        Nothing at all sends what lies in the tray, if anything does. `pasted` are the parts, from start to end, that were
        not typed. A paste of several lines is no command, one of the
        shell has to be typed, and so has the `@` before a file; a picture is dropped by pasting its path.
        """
        self._standing = self._surface.draft
        try:
            return self._do(Entry(line, pasted))
        except Exception as error:  # noqa: BLE001  a bug in one command does not end the chat
            self.refuse(line, error)
            return None
        finally:
            self._follow()

    def _do(self, entry: Entry) -> Next | Pending | None:
        line = entry.text
        if not line.strip():
            if self.tray.attachments:
                self._say(self._outgoing(entry, ""))
            return None
        picture = next(filter(reading.is_picture, naming.dropped(line)), None)
        if picture:
            self.attach([reading.dropped(picture)])
            return None
        if "\n" in line.strip() and not entry.is_typed(0):
            self._say(self._outgoing(entry, line))
            return None
        if shell_line(line) and entry.is_typed(0):
            return self._run(line)
        split = split_command(line)
        if split:
            command = COMMANDS.find(split[0])
            if split[1] and not command.usage:
                raise UsageError(f"{command.name} takes nothing after it.", hint=AS_TEXT)
            return command.action(self.desk, split[1])
        if line.strip() in ("exit", "quit"):
            return Next.LEAVE
        self._say(self._outgoing(entry, message_of(line)))
        return None

    async def _run(self, line: str) -> None:
        """`!command`: its output is shown, and goes along with the next message; with `!!` it is only shown."""
        command = line.lstrip("!").strip()
        if not self._surface.echoes:
            self._house.page.heading(f"$ {command}")
        ran = await shell.run(command, os.environ, self._print)
        self._house.page.notice(ran.ending)
        if ran.output and not line.startswith("!!"):
            self.attach([Found(ran.attachment)])

    def refuse(self, line: str, error: Exception) -> None:
        """Say why a line was not obeyed. Up has it; what would be hard to find there stands in the composer again."""
        self.say_why(error)
        if "\n" in line or not split_command(line):
            self._give_back_lines([line])

    def say_why(self, error: BaseException) -> None:
        """A failure in words; one of deepchat itself is logged."""
        self._house.page.problem(
            error if isinstance(error, DeepchatError) else self._house.log_bug(error)
        )

    def _outgoing(self, entry: Entry, text: str) -> Outgoing:
        """A message and what goes along with it; the tray is empty then. NotAttached, UsageError when it may not go."""
        found = mentioned(entry)
        attachments = merged(self.tray.attachments, (each.attachment for each in found))
        outgoing = Outgoing(text, attachments)
        self._require_sight(outgoing)
        self._ask_about_secrets(outgoing)
        self._note(found)
        self.tray.clear()
        return outgoing

    def _require_sight(self, outgoing: Outgoing) -> None:
        """NotAttached when there is a picture, and the model that answers sees none."""
        if not outgoing.has_pictures:
            return
        model, models = self._chat.answering, self._house.catalogue.cached()
        sees = context.sees(model, models)
        if sees is False:
            raise unseen(model, models)
        if sees is None and model not in self._unknown_sight:
            self._unknown_sight.add(model)
            self._house.page.notice(f"Whether {model} sees pictures is not known here.")

    def _ask_about_secrets(self, outgoing: Outgoing) -> None:
        """UsageError, once for each message, when it seems to hold a key or a token."""
        secret = outgoing.secret(self._house.is_key_in)
        if secret and outgoing != self._asked_about:
            self._asked_about = outgoing
            raise UsageError(f"Not sent yet: {secret}.", hint="The same once more sends it.")

    def attach(self, found: Sequence[Found]) -> None:
        """Let these go along with the next message."""
        attachments = [each.attachment for each in found]
        self.tray.add(attachments)
        self._note(found)
        if self._surface.echoes:
            self._print(self._house.drawing.attached(attachments, self._surface.width))
        self._surface.refresh()

    def attach_paste(self, text: str) -> None:
        """Let a paste go along as a file, under a name that is not taken in this chat; "" is none."""
        if not text:
            self._house.page.notice("No folded paste is here that could become an attachment.")
            return
        said = (message.attachments for message in self._chat.conversation.path())
        taken = {each.name for some in (self.tray.attachments, *said) for each in some}
        names = (f"pasted-{number}.txt" for number in itertools.count(1))
        name = next(name for name in names if name not in taken)
        self.attach([Found(Attachment(name, TEXT, text.encode("utf-8", "replace")))])

    def _note(self, found: Sequence[Found]) -> None:
        for each in found:
            if each.note:
                self._house.page.notice(each.note)

    def _say(self, outgoing: Outgoing) -> None:
        if self._chat.turn:
            self.queue.append(outgoing)
            self._queue_changed()
            return
        self._tell_changes(outgoing)
        self._print_question(outgoing)
        self._chat.send(outgoing.text, outgoing.attachments)
        self._show_reply()

    def _print_question(self, outgoing: Outgoing) -> None:
        draw, width = self._house.drawing, self._surface.width
        question = "" if self._surface.echoes else draw.question(outgoing.text, width)
        self._print(question + draw.attached(outgoing.attachments, width) + "\n")

    def _tell_changes(self, outgoing: Outgoing) -> None:
        """Say once which files are not what the model knows of them any more."""
        anew = {(each.path, each.lines) for each in outgoing.attachments}
        changed = self.tray.watch.changed(self._chat.conversation)
        for each in changed:
            if (each.path, each.lines) not in anew:
                self._house.page.notice(changed_row(each))
        self.tray.watch.tell(changed)

    async def obey(self, line: str, outcome: Pending) -> Next | None:
        """See a command through that takes its time."""
        self.doing = f"{line.split()[0]} is working"
        try:
            return await outcome
        except Exception as error:  # noqa: BLE001  a bug in one command does not end the chat
            self.refuse(line, error)
            return None
        finally:
            self.doing = ""
            self._follow()
            self._surface.refresh()

    def take_back(self) -> bool:
        """Put the last queued message into the composer again; whether there was one."""
        if not self.queue:
            return False
        taken = self.queue.pop()
        self.tray.take_back(taken.text, taken.attachments)
        self._surface.compose(line_of(taken.text))
        self._queue_changed()
        return True

    def _unsent(self) -> tuple[str, tuple[str, ...]]:
        """The draft, and the queued messages."""
        return self._surface.draft, tuple(each.text for each in self.queue)

    def _queue_changed(self) -> None:
        self.drafts.touch()
        self._surface.refresh()

    def interrupt(self) -> Next:
        """Ctrl-C with nothing to clear: drop what is queued, else stop the reply, else hint, else leave."""
        now = self._clock()
        if self.queue:
            self.queue.pop()
            self._queue_changed()
        elif self._chat.turn:
            self._stopped_at = now
            self._chat.turn.stop()
        elif now - self._stopped_at > MASHING_S:
            if now - self._hinted_at < HINT_S:
                return Next.LEAVE
            self._hinted_at = now
            self._house.page.notice("Ctrl-D or /exit leaves; so does Ctrl-C once more.")
        return Next.GO_ON

    @property
    def busy(self) -> bool:
        return self._chat.turn is not None

    # --- the reply ---------------------------------------------------------------------------------------------------

    def _show_reply(self) -> None:
        assert self._chat.turn  # noqa: S101  a reply is shown when it was asked for
        size = (self._surface.width, self._surface.height)
        view = self._house.drawing.reply(width=size[0], height=size[1])
        self._showing = _Showing(self._chat.turn, view, size)
        self._surface.refresh()

    @property
    def behind(self) -> bool:
        """Whether more has come than `pump` draws in one go: then it is to be called again at once."""
        return bool(self._showing and self._showing.due)

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
        if ended and not showing.due:
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
        self.say_why(bug)

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
            self.say_why(showing.turn.error)
            if advice := _advice(showing.turn.error):
                self._house.page.notice(f"  {advice}")
        elif not reply.text and reply.state == "done":
            self._house.page.notice(_empty(reply))
        self._print("\n")
        self._announce(reply)
        self._after(reply)

    def _announce(self, reply: Message) -> None:
        """Tell somebody who looks elsewhere."""
        self._entitle()
        long = (reply.seconds or 0) >= LONG_S
        if self._house.bell == "always" or (self._house.bell == "long" and long):
            self._surface.ring()

    def _entitle(self) -> None:
        if self._house.show_title and self._chat.session.title:
            self._surface.entitle(clean_line(self._chat.session.title, 60))

    def _footer(self, reply: Message) -> str:
        says = self._house.show_footer and (
            reply.text or reply.reasoning or reply.state == "stopped"
        )
        return self._house.drawing.footer(reply, self._surface.width) if says else ""

    def _after(self, reply: Message) -> None:
        if reply.state == "done" and reply.text:
            if self.queue:
                self._send_queued(self.queue.pop(0))
                self._queue_changed()
            return
        unsent, self.queue = self.queue, []
        self._give_back([*self._unanswered(), *unsent])

    def _send_queued(self, outgoing: Outgoing) -> None:
        """The model may be another one since it was queued."""
        try:
            self._require_sight(outgoing)
        except NotAttached as error:
            self.say_why(error)
            unsent, self.queue = self.queue, []
            self._give_back([outgoing, *unsent])
        else:
            self._say(outgoing)

    def _unanswered(self) -> list[Outgoing]:
        asked = self._chat.unanswered
        return [Outgoing(asked.text, asked.attachments)] if asked else []

    def _give_back(self, unsent: Sequence[Outgoing]) -> None:
        """What was not sent returns: texts into the composer, or, when something new stands there, into the history."""
        for each in unsent:
            self.tray.take_back(each.text, each.attachments)
        self._give_back_lines([line_of(each.text) for each in unsent if each.text])

    def _give_back_lines(self, lines: Sequence[str]) -> None:
        self._queue_changed()
        if not lines or self._surface.draft == "\n\n".join(lines):
            return
        if self._surface.draft:
            self._house.page.notice("What was not sent is in the history: Up brings it back.")
        else:
            self._surface.compose("\n\n".join(lines))

    def leave(self) -> None:
        """Stop and keep what is on its way, the queue and the draft; drawing, which can fail, comes last."""
        turn = self._chat.turn
        self.drafts.flush()
        for outgoing in self.queue:
            self._surface.remember(line_of(outgoing.text))
        self._surface.remember(self._surface.draft)
        self.queue = []
        try:
            if turn:
                turn.stop()
                turn.wait(STOPPED_S)
                self.pump()
                while self.behind:
                    self.pump()
        finally:
            self._chat.keep()

    # --- drafts ------------------------------------------------------------------------------------------------------

    async def offer_drafts(self) -> None:
        """At the start: what was left unsent returns to the composer, or it is said where it is."""
        session = self._chat.session.id
        self.drafts.begin(session)
        left = await aside(self._left)
        if session == self._chat.session.id:
            self._bring_back(left)
            self._say_where(left)

    def _follow(self) -> None:
        """With another session comes what was typed for it; what was typed for the last one stays with that."""
        session = self._chat.session.id
        if self.drafts.session in ("", session):
            return
        if (
            self._surface.draft != self._standing
        ):  # typed since the command was entered: for this session
            self.drafts.carry(session)
            return
        mine = self.drafts.follow(session)
        self._surface.compose(line_of_draft(mine))
        if mine.empty:
            self._bring_back(self._left())

    def _left(self) -> Left:
        return self.drafts.left(self._chat.session.id, self._stored, new=not self._chat.begun)

    def _stored(self, session_id: str) -> SessionSummary | None:
        with suppress(StoreError):  # what cannot be resumed now goes where it is seen
            return self._house.library.summary(session_id)
        return None

    def _bring_back(self, left: Left) -> None:
        """Put the newest one into the composer, unless something was typed there meanwhile."""
        standing = self._surface.draft
        free = standing in ("", *(line_of(each.text) for each in self._unanswered()))
        line = self.drafts.claim(left) if free else ""
        if line:
            self._surface.compose(line)
        if line and standing not in ("", line):
            self._house.page.notice("The last question got no answer: /retry asks it again.")
        if waiting := len(left.here) - bool(line):
            kept = "text is kept: it" if waiting == 1 else "texts are kept: the next one"
            when = "when this chat is opened again" if self._chat.begun else "with /new"
            self._house.page.notice(f"{waiting} more unsent {kept} comes {when}.")

    def _say_where(self, left: Left) -> None:
        """Of drafts that belong to other chats."""
        for session in left.elsewhere[:NAMED]:
            title = context.title_of(session.title)
            self._house.page.notice(
                f"An unsent text of “{title}” is kept: /resume {session.id[-6:]}"
            )
        if len(left.elsewhere) > NAMED:
            others = count(len(left.elsewhere) - NAMED, "other chat")
            self._house.page.notice(f"So are those of {others}.")

    # --- what is shown -----------------------------------------------------------------------------------------------

    def show_last_exchange(self) -> None:
        """Print the last question and answer of a resumed session, and what came before in a number."""
        path = self._chat.conversation.path()
        asked = [message for message in path if message.role == "user"]
        width = self._surface.width
        draw = self._house.drawing
        self._follow()
        self._entitle()
        stored, here = self._chat.session.model, self._chat.answering
        title = self._chat.session.title or "A chat without a title"
        earlier = f" · {count(len(asked) - 1, 'earlier turn')}" if len(asked) > 1 else ""
        self._print(draw.heading(f"{title}{earlier}", width))
        if stored != here:
            self._house.page.notice(f"This chat was with {stored}; {here} answers now.")
        if not asked:
            return
        self._print("\n")
        reply = path[-1] if path[-1].role == "assistant" else None
        self._house.page.exchange(asked[-1], reply)
        self._give_back(self._unanswered())

    def attached_rows(self, draft: Entry) -> list[str]:
        """What would go along with this draft, a clean line each."""
        obeyed = split_command(draft.text) or shell_line(draft.text)
        return self.tray.rows(Entry("") if obeyed else draft, self._chat.conversation)

    def status(self, width: int) -> str:
        """The status line: what is going on, and with whom."""
        return self._house.drawing.status(self._status_parts(), width)

    def _status_parts(self) -> list[str]:
        turn = self._chat.turn
        doing = [f"{turn.phase} {turn.elapsed:.0f} s"] if turn else []
        if self.doing:
            doing.append(f"{self.doing} · Ctrl-C stops it")
        queued = [f"queued {len(self.queue)}"] if self.queue else []
        session = self._chat.session
        named = session.persona_name or ("persona" if session.persona else "")
        title = clean_line(session.title, TITLE_CELLS)
        return [
            *doing,
            *queued,
            *filter(None, (self._chat.answering, *self._ledger(), named, title)),
        ]

    def _ledger(self) -> tuple[str, str]:
        """How full the model's window is, and what this conversation has cost; worked out only when a turn has ended."""
        now = (self._chat.conversation.leaf, self._chat.answering)
        if self._counted[0] != now:
            path = self._chat.conversation.path()
            spent = context.total_cost(path)
            self._counted = (now, self._share(path), figures.money(spent) if spent else "")
        return self._counted[1:]

    def _share(self, path: Sequence[Message]) -> str:
        """`12%` of the window, as the server counted the last exchange; "" where either is unknown."""
        tokens = context.tokens_counted(path)
        models = self._house.catalogue.cached() if tokens else ()
        window = next((m.context_length for m in models if m.id == self._chat.answering), None)
        return f"{min(100, round(100 * tokens / window))}%" if tokens and window else ""

    def _print(self, ansi: str) -> None:
        self._surface.print(ansi)


def _parts(event: Event) -> Iterator[Delta]:
    """What an event says, in pieces of which none is longer than a burst; nothing for one that only the turn needs."""
    if isinstance(event, TextDelta | ReasoningDelta):
        for at in range(0, len(event.text), BURST):
            yield replace(event, text=event.text[at : at + BURST])


def _feed(showing: _Showing) -> None:
    """Give the view what is due, a burst of it at most."""
    room = BURST
    while showing.due and room > 0:
        delta = showing.due.popleft()
        take = showing.view.text if isinstance(delta, TextDelta) else showing.view.reasoning
        take(delta.text)
        room -= len(delta.text)


def _advice(error: BaseException) -> str:
    """What can be typed after a turn that ended like this; "" for nothing in particular."""
    match error:
        case ModelNotFound():
            return "/models lists what the server has, /model takes one."
        case BadRequest():
            return (
                "/model takes another model, /unset a parameter away, /clear empties the context."
            )
        case ApiError() | NetworkError():
            return "/retry asks again."
        case _:
            return ""


def _empty(reply: Message) -> str:
    """What to say of a reply that is complete and says nothing."""
    why = f" ({reply.finish_reason})" if reply.finish_reason not in ("", "stop") else ""
    what = "nothing but reasoning" if reply.reasoning else "empty"
    return f"The reply is {what}{why}. Enter or /retry asks again."
