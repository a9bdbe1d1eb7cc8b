"""A title by the model after the first reply, for those who want that: asked for beside the chat, which waits for nothing."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from deepchat import titling
from deepchat.conversation import Conversation, Session
from deepchat.errors import DeepchatError
from deepchat.repl.house import House
from deepchat.turn import Stop


class Entitling:
    """One title at a time. `entitle` puts it on the window."""

    def __init__(self, house: House, entitle: Callable[[], None]) -> None:
        self._house = house
        self._chat = house.chat
        self._entitle = entitle
        self._stop = Stop()
        self._found: tuple[Session, str] | None = None

    def consider(self) -> None:
        """After a reply: if it was the first one, the model is asked."""
        replies = (m for m in self._chat.conversation.messages.values() if m.role == "assistant")
        if not self._house.auto_title or self._chat.is_over_budget:
            return
        if len(list(replies)) == 1:
            ask = partial(self._ask, self._chat.session, self._chat.conversation)
            threading.Thread(target=ask, name="title", daemon=True).start()

    def _ask(self, session: Session, conversation: Conversation) -> None:
        """On a thread of its own. Where it fails the title that there is stays."""
        with suppress(DeepchatError):
            model, name = self._chat.model, self._chat.answering
            self._found = session, titling.title(model, conversation, name, self._stop)
            self._house.news.wake()

    def take(self) -> None:
        """Give the chat the title that has come, unless it is another one by now, or got another title."""
        found, self._found = self._found, None
        here = self._chat.session
        if found and (here.id, here.title) == (found[0].id, found[0].title):
            self._chat.set_title(found[1])
            self._entitle()

    def end(self) -> None:
        """Take what is there, and ask no longer."""
        self.take()
        self._stop.ask()
