"""Read, do, again: what a typed line sets going, and how a reply gets from its turn to the surface.

Knows neither keys nor rows of the screen: `interactive` ties it to the terminal, `plain` to a stream.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Final

from deepchat.attach import naming, reading
from deepchat.attach.reading import Found
from deepchat.branches import Exchange, exchanges
from deepchat.conversation import Draft, Message
from deepchat.errors import UsageError
from deepchat.repl import shell
from deepchat.repl.alongside import Alongside
from deepchat.repl.arriving import Arriving
from deepchat.repl.commands.again import WITHOUT
from deepchat.repl.commands.table import COMMANDS
from deepchat.repl.comparison import Comparison
from deepchat.repl.drafts import DraftKeeper
from deepchat.repl.entitling import Entitling
from deepchat.repl.fullness import Fullness
from deepchat.repl.house import House
from deepchat.repl.making_room import MakingRoom
from deepchat.repl.needs import Desk, Entry, Next, Spans, Surface
from deepchat.repl.outgoing import Outgoing, typed
from deepchat.repl.registry import message_of, shell_line, split_command
from deepchat.repl.replay import Replay
from deepchat.repl.returning import Returning
from deepchat.repl.sending import Sending
from deepchat.repl.showing import STOPPED_S, Showing
from deepchat.repl.status import Status
from deepchat.repl.tray import Tray
from deepchat.repl.words import count

# Presses in quick succession belong to the one that stopped the reply; none of them leaves.
MASHING_S: Final = 1.0
HINT_S: Final = 5.0

# Between two pieces of what is drawn again, for keys.
SOON_S: Final = 0.001

AS_TEXT: Final = "Start with // to send it as text."

Pending = Awaitable[Next | None]


class Repl:
    """One user at one surface. All of it runs on the loop's thread."""

    def __init__(
        self,
        house: House,
        surface: Surface,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.doing = ""
        self._house = house
        self._chat = house.chat
        self._surface = surface
        self._clock = clock
        self._stopped_at = self._hinted_at = float("-inf")
        self._standing = ""
        self._status = Status(house)
        self._showing = Showing(house, surface, self._after)
        self._entitling = Entitling(house, self._showing.entitle)
        self.sending = Sending(house, surface, self._showing.begin, self._queue_changed)
        self.drafts = DraftKeeper(house.drafts, self._unsent, is_private=lambda: house.chat.private)
        self.alongside = Alongside(house, surface, self._showing.again)
        self._fullness = Fullness(house)
        self._room = MakingRoom(house, surface, self.sending, self._showing.begin)
        self.sending.may_go = self._room.may_go
        self._returning = Returning(house, surface, self.drafts, self.sending)
        self._arriving = Arriving(house, surface, self._showing)
        self._comparison = Comparison(
            house, surface, self.sending, self._showing, self._arriving, self._drawn
        )
        self._replay = Replay(house, surface, self.sending, self._arriving, self._drawn)
        self.desk = Desk(
            chat=house.chat,
            library=house.library,
            catalogue=house.catalogue,
            servers=house.servers,
            logins=house.logins,
            options=house.options,
            personas=house.personas,
            drawing=house.drawing,
            numbering=self._showing.numbering,
            copy=surface.copy,
            edit=surface.edit,
            page_through=surface.page,
            revise=surface.revise,
            pick=surface.pick,
            ask=surface.ask,
            unseen=surface.unseen,
            page=house.page,
            templates=house.templates,
            enter=self._enter_for,
            send_again=lambda asked: self._room.send(self.sending.again(asked)),
            show_last_exchange=self.show_last_exchange,
            show_turn=self._show_turn,
            show_exchange=self._showing.again,
            drawn=self._drawn,
            show_reply=self._showing.begin,
            compare=self._comparison.run,
            replay=self._replay.run,
            give_back=lambda asked: self.sending.give_back([self.sending.again(asked)]),
            compose=lambda line: self.sending.give_back_line(Entry(line)),
            waiting=self.sending.tray,
            attach=self.sending.attach,
            require_open=self.sending.require_open,
            keep=house.keep,
            exported=house.exported,
            last_exchange=house.last_exchange,
            now_ms=house.now_ms,
        )

    def enter(self, line: str, pasted: Spans = ()) -> Next | Pending | None:
        """Do what an entered line says: a command, or a message, which waits its turn while a reply arrives.

        Nothing at all sends what lies in the tray, if anything does. `pasted` are the parts, from start to end, that were
        not typed. A paste of several lines is no command, one of the shell has to be typed, and so has the `@` before a
        file; a picture is dropped by pasting its path.
        """
        self._standing = self._surface.draft
        self._entitling.take()
        self.disarm()
        entry = Entry(line, pasted)
        try:
            return self._do(entry)
        except Exception as error:  # noqa: BLE001  a bug in one command does not end the chat
            self.refuse(entry, error)
            return None
        finally:
            self._returning.follow(self._standing)

    def _do(self, entry: Entry) -> Next | Pending | None:
        line = entry.text
        if not line.strip():
            if self.sending.tray.attachments:
                return self._room.send(self.sending.prepare(entry, ""))
            return None
        picture = next(filter(reading.is_picture, naming.dropped(line)), None)
        if picture:
            self.sending.attach([reading.dropped(picture)])
            return None
        if "\n" in line.strip() and not entry.is_typed(0):
            return self._room.send(self.sending.prepare(entry, line))
        if shell_line(line) and entry.is_typed(0):
            return self._run(line)
        if line[0] == "!" and not line.strip("! \n") and entry.is_typed(0):
            raise UsageError(
                "! wants a command.", hint="!ls attaches its output, !!ls only shows it."
            )
        split = split_command(line)
        if split:
            command = COMMANDS.find(split[0])
            if split[1] and not command.usage:
                raise UsageError(f"{command.name} takes nothing after it.", hint=AS_TEXT)
            return command.action(self.desk, split[1])
        if line.strip() in ("exit", "quit"):
            return Next.LEAVE
        return self._room.send(self.sending.prepare(entry, message_of(line)))

    async def _enter_for(self, line: str) -> Next | None:
        """Do what a line says that a command enters in the user's stead."""
        outcome = self._do(Entry(line))
        return await outcome if isinstance(outcome, Awaitable) else outcome

    async def _run(self, line: str) -> None:
        """`!command`: its output is shown, and goes along with the next message; with `!!` it is only shown."""
        if line.startswith("!!"):
            await self._ran(line)
            return
        with self.sending.held():
            ran = await self._ran(line)
            if ran.output:
                self.sending.attach([Found(ran.attachment)])

    async def _ran(self, line: str) -> shell.Ran:
        command = line.lstrip("!").strip()
        if not self._surface.echoes:
            self._house.page.heading(f"$ {command}")
        ran = await shell.run(command, os.environ, self._house.page.write)
        self._house.page.notice(ran.ending)
        return ran

    def refuse(self, entry: Entry, error: Exception) -> None:
        """Say why a line was not obeyed. Up has it; what would be hard to find there stands in the composer again."""
        self._house.say_why(error)
        if "\n" in entry.text or not split_command(entry.text):
            self.sending.give_back_line(entry)

    async def obey(self, line: str, outcome: Pending) -> Next | None:
        """See a command through that takes its time."""
        obeyed = split_command(line) or shell_line(line)
        self.doing = f"{line.split()[0]} is working" if obeyed else ""
        self._surface.refresh()
        try:
            return await outcome
        except Exception as error:  # noqa: BLE001  a bug in one command does not end the chat
            self.refuse(Entry(line), error)
            return None
        finally:
            self.doing = ""
            self._returning.follow(self._standing)
            self._surface.refresh()

    @property
    def queue(self) -> list[Outgoing]:
        return self.sending.queue

    @property
    def tray(self) -> Tray:
        return self.sending.tray

    @property
    def behind(self) -> bool:
        """Whether there is more to do than `pump` does in one go: then it is to be called again at once."""
        return self._showing.behind

    def pump(self) -> None:
        """Say what is new and draw what has come; at the end of the turn settle it, and send what is queued."""
        for sentence in self._house.news.take():
            self._house.page.notice(sentence)
        self._entitling.take()
        self._showing.pump()

    def holds_secret(self, text: str) -> bool:
        """Whether this seems to hold a key or a token."""
        return bool(Outgoing(text).secret(self._house.is_key_in))

    def hurry(self) -> None:
        """From now on keys are to be answered: nothing waits for a disk until the end."""
        self._house.disk.hurry()

    async def offer_drafts(self) -> None:
        """At the start: what was left unsent returns to the composer, or it is said where it is."""
        await self._drawn()  # it is said below what is being drawn
        await self._returning.offer()

    async def _drawn(self) -> None:
        """Draw stored replies to their end; keys are answered in between."""
        while self.behind:
            self.pump()
            await asyncio.sleep(SOON_S)

    def _after(self, reply: Message, refused: list[str]) -> None:
        self._stopped_at = self._clock()  # a press that comes a moment late was meant for the reply
        if reply.id not in self._chat.conversation.messages:
            self.sending.go_on()  # it was asked aside, and what is queued was not
        elif reply.state == "done" and reply.text:
            self._entitling.consider()
            self._fullness.consider()
            self._room.tell(reply)
            self.sending.go_on()
        elif self._room.send_again():
            pass
        elif (
            reply.text
            or not refused
            or not self.sending.offer(f"/retry {WITHOUT} {' '.join(refused)}")
        ):
            self.sending.give_up()

    def _queue_changed(self) -> None:
        self.drafts.touch()
        self._surface.refresh()

    def _unsent(self, session: str) -> Draft:
        """What is typed and not sent, as a draft of this session."""
        line = self._surface.unsent
        queued = tuple(each.unsent for each in self.queue)
        return Draft(session, line.text, queued, self.tray.attachments, tuple(line.pasted))

    def interrupt(self) -> Next:
        """Ctrl-C with nothing to clear: drop what is queued, else stop the reply, else hint, else leave."""
        now = self._clock()
        if self.sending.drop_last():
            self._house.page.notice("Not sent, and in the history: the message that waited last.")
        elif self.stop_drawing():
            pass
        elif self._chat.turns:
            self._stopped_at = now
            self._chat.stop()
        elif now - self._stopped_at > MASHING_S:
            if now - self._hinted_at < HINT_S:
                return Next.LEAVE
            self._hinted_at = now
            self._house.page.notice("Ctrl-D or /exit leaves; so does Ctrl-C once more.")
        return Next.GO_ON

    def stop_drawing(self) -> bool:
        """Draw no more of a stored reply; whether one was being drawn."""
        stopped = self._showing.stop()
        if stopped:
            self._stopped_at = self._clock()
        return stopped

    def disarm(self) -> None:
        """Something else was done since the hint: Ctrl-C once more does not leave."""
        self._hinted_at = float("-inf")

    @property
    def busy(self) -> bool:
        """Whether there is a reply to stop: one that arrives, or a stored one that is drawn."""
        return bool(self._chat.turns) or self.behind

    def leave(self) -> None:
        """Stop and keep what is on its way, the queue and the draft; drawing, which can fail, comes last."""
        turns = self._chat.turns
        self._house.disk.take_time()
        self.drafts.flush()
        for outgoing in self.sending.queue:
            self._surface.remember(typed(outgoing))
        self._surface.remember(self._surface.unsent)
        self.sending.queue.clear()
        try:
            if turns:
                self._chat.stop()
                for turn in turns:
                    turn.wait(STOPPED_S)
                self.pump()
                while self.behind:
                    self.pump()
                self._arriving.end()
        finally:
            self._entitling.end()
            self._chat.keep()

    def show_last_exchange(self) -> None:
        """Print the last question and answer of a resumed session, and what came before in a number."""
        said = exchanges(self._chat.conversation.path())
        self._introduce(f" · {count(len(said) - 1, 'earlier turn')}" if len(said) > 1 else "")
        if not said:
            return
        self._showing.again(said[-1])
        self.alongside.tell()
        if not self._chat.elsewhere:
            self.sending.give_back(self.sending.unanswered())

    def _show_turn(self, number: int, exchange: Exchange) -> None:
        """Print one turn of a resumed session."""
        self._introduce(f" · turn {number}")
        self._showing.again(exchange)
        self.alongside.tell()

    def _introduce(self, place: str) -> None:
        """Say which session is open now, where in it one is, and who answers."""
        self._returning.follow(self._standing)
        self._showing.entitle()
        title = self._chat.session.title or "A chat without a title"
        self._print(self._house.drawing.heading(f"{title}{place}", self._surface.width))
        stored, here = self._chat.session.model, self._chat.answering
        if stored not in ("", here):
            self._house.page.notice(f"This chat was with {stored}; {here} answers now.")
        self._house.page.gap = "\n"

    def attached_rows(self, draft: Entry) -> list[str]:
        """What would go along with this draft, a clean line each."""
        obeyed = split_command(draft.text) or shell_line(draft.text)
        return self.sending.tray.rows(Entry("") if obeyed else draft, self._chat.conversation)

    def status(self, width: int, mode: str = "") -> str:
        """The status line: in which mode keys are taken, what is going on, and with whom."""
        parts = self._status.parts(self.doing, len(self.sending.queue))
        return self._house.drawing.status([mode, *parts], width)

    def _print(self, ansi: str) -> None:
        self._surface.print(ansi)
