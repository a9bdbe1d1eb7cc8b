"""What is sent, and when: what goes along with a message, what speaks against it, what waits, and what returns unsent."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from deepchat import context
from deepchat.attach.reading import Found
from deepchat.conversation import TEXT, Attachment, Draft, Message
from deepchat.errors import NotAttached, OverBudget, UsageError
from deepchat.repl.composer import together
from deepchat.repl.house import House
from deepchat.repl.needs import Entry, Surface
from deepchat.repl.outgoing import Outgoing, typed, unseen
from deepchat.repl.tray import Tray, changed_row, mentioned, merged
from deepchat.text import clean_line


class Sending:
    """The tray and the queue. `show` is called when a reply is on its way, `changed` when the queue is another; `may_go` says
    whether a message whose turn has come is sent."""

    def __init__(
        self, house: House, surface: Surface, show: Callable[[], None], changed: Callable[[], None]
    ) -> None:
        self.queue: list[Outgoing] = []
        self.tray = Tray()
        self._house = house
        self._chat = house.chat
        self._surface = surface
        self._show = show
        self._changed = changed
        self._asked_about: Outgoing | None = None
        self._sent: Outgoing | None = None
        self._unknown_sight: set[str] = set()
        self._held = 0
        self.may_go: Callable[[Outgoing], bool] = lambda outgoing: True

    def prepare(self, entry: Entry, text: str) -> Outgoing:
        """A message and what goes along with it; the tray is empty then. NotAttached, UsageError when it may not go."""
        found = mentioned(entry)
        attachments = merged(self.tray.attachments, (each.attachment for each in found))
        unread = len(entry.text) - len(text)
        pasted = tuple(entry.cut(unread, len(entry.text)).pasted)
        outgoing = Outgoing(text, attachments, pasted)
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

    def require_open(self, text: str) -> None:
        """UsageError, once, when a text that is to be sent seems to hold a key or a token."""
        self._ask_about_secrets(Outgoing(text))

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
            self._surface.print(self._house.drawing.attached(attachments, self._surface.width))
        self._changed()

    def _tell_waiting(self) -> None:
        """Where nothing shows what lies in the tray."""
        if self._surface.echoes and self.tray.attachments:
            shown = self._house.drawing.attached(self.tray.attachments, self._surface.width)
            self._surface.print(shown)

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

    @property
    def waits(self) -> bool:
        """Whether a message has to wait its turn."""
        return self._chat.turn is not None or self._held > 0

    def say(self, outgoing: Outgoing) -> None:
        """Send it, or let it wait its turn."""
        if self.waits:
            self.queue.append(outgoing)
            self._changed()
            return
        if not self.affords(
            outgoing, partial(self._chat.afford, outgoing.text, outgoing.attachments)
        ):
            return
        self._tell_changes(outgoing)
        self.print_question(outgoing)
        self._sent = outgoing
        self._chat.send(outgoing.text, outgoing.attachments)
        self._show()

    def affords(self, outgoing: Outgoing, afford: Callable[[], None]) -> bool:
        """Whether what it takes to send this may be spent, which `afford` raises about. If not, it is said why, and it returns
        with all that waits behind it."""
        try:
            afford()
        except (UsageError, OverBudget) as error:
            self._house.say_why(error)
            unsent, self.queue = [outgoing, *self.queue], []
            self.give_back(unsent)
            return False
        return True

    def print_question(self, outgoing: Outgoing) -> None:
        """As it stands above its reply."""
        draw, width = self._house.drawing, self._surface.width
        question = "" if self._surface.echoes else draw.question(outgoing.text, width)
        gap = "" if self._surface.echoes else self._house.page.gap
        self._surface.print(gap + question + draw.attached(outgoing.attachments, width) + "\n")
        self._house.page.gap = ""

    def _tell_changes(self, outgoing: Outgoing) -> None:
        """Say once which files are not what the model knows of them any more."""
        anew = {(each.path, each.lines) for each in outgoing.attachments}
        changed = self.tray.watch.changed(self._chat.conversation)
        for each in changed:
            if (each.path, each.lines) not in anew:
                self._house.page.notice(changed_row(each))
        self.tray.watch.tell(changed)

    def take_back(self) -> bool:
        """Put the last queued message into the composer again, before what is typed there; whether there was one."""
        if not self.queue:
            return False
        taken = self.queue.pop()
        line = typed(taken)
        self.tray.take_back(line, taken.attachments)
        draft = together([line, self._surface.unsent])
        self._surface.compose(draft.text, draft.pasted)
        self._changed()
        return True

    def drop_last(self) -> bool:
        """Take the last queued message out of the queue; whether there was one. The history has its text, and what went
        along with it waits again."""
        if not self.queue:
            return False
        dropped = self.queue.pop()
        self.tray.take_back(typed(dropped), dropped.attachments)
        self._tell_waiting()
        self._changed()
        return True

    def go_on(self) -> None:
        """Send what is queued first, if anything is. The model may be another one since."""
        if not self.queue or self._held:
            return
        outgoing = self.queue.pop(0)
        try:
            self._require_sight(outgoing)
        except NotAttached as error:
            self._house.say_why(error)
            self.queue.insert(0, outgoing)
            self.give_up()
            return
        if self.may_go(outgoing):
            self.say(outgoing)
            self._changed()
        else:
            self.queue.insert(0, outgoing)
            self.give_up()

    @contextmanager
    def asked_about(self, outgoing: Outgoing) -> Iterator[None]:
        """Inside, the user is asked about this message: it waits, and all others behind it."""
        self.queue.insert(0, outgoing)
        self._held += 1
        self._changed()
        try:
            yield
        finally:
            self._held -= 1
            self.queue.remove(outgoing)
            self._changed()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, messages wait for what is being attached: it goes along with the first of them."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            if self.queue and not self._held and not self._chat.turn:
                self._release()

    def _release(self) -> None:
        first = self.queue[0]
        attachments = merged(self.tray.attachments, first.attachments)
        self.queue[0] = replace(first, attachments=attachments)
        self.tray.clear()
        try:
            self._ask_about_secrets(self.queue[0])
        except UsageError as error:
            self._house.say_why(error)
            self.give_up()
        else:
            self.go_on()

    def give_up(self) -> None:
        """What is queued returns, behind the question that got no answer."""
        unsent, self.queue = self.queue, []
        self.give_back([*self.unanswered(), *unsent])

    def offer(self, command: str) -> bool:
        """Put a command into the composer, so that Enter obeys it, in place of the question that got no answer; whether
        there was room for that."""
        if self.queue or self._surface.draft:
            return False
        self._surface.compose(command)
        return True

    def unanswered(self) -> list[Outgoing]:
        """The last question, when it got no answer."""
        asked = self._chat.unanswered
        return [self.again(asked)] if asked else []

    def again(self, asked: Message) -> Outgoing:
        """A question as it was typed, as far as that is still known."""
        # One that another process has sent: what its mentions brought lies in it, and the others were text.
        signs = ((at, at + 1) for at, char in enumerate(asked.text) if char == "@")
        outgoing = Outgoing(asked.text, asked.attachments, tuple(signs))
        return self._sent if self._sent == outgoing else outgoing

    def give_back(self, unsent: Sequence[Outgoing]) -> None:
        """What was not sent returns: texts into the composer, or, when something new stands there, into the history."""
        for each in unsent:
            self.tray.take_back(typed(each), each.attachments)
        self.give_back_line(typed(*unsent))
        if unsent:
            self._tell_waiting()

    def give_back_line(self, line: Entry) -> None:
        """This returns, as it was typed."""
        self._changed()
        if not line.text or self._surface.draft == line.text:
            return
        if self._surface.draft and not self._surface.echoes:
            self._house.page.notice("What was not sent is in the history: Up brings it back.")
        else:
            line = together([self._surface.unsent, line])
            self._surface.compose(line.text, line.pasted)

    def restore(self, draft: Draft) -> None:
        """What went along with a draft waits again; what could not be kept is named."""
        for each in map(Outgoing.of, draft.queued):
            self.tray.take_back(typed(each), each.attachments)
        self.tray.add(draft.attachments)
        self._tell_waiting()
        if draft.lost:
            names = ", ".join(clean_line(name) for name in draft.lost)
            self._house.page.notice(f"This could not be kept with the draft: {names}.")
