"""A chat that is open in another terminal: what is said there is shown here, and it goes on here when it is free."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from deepchat.branches import Exchange, exchanges
from deepchat.conversation import Conversation, Session
from deepchat.errors import StoreError
from deepchat.repl.aside import aside
from deepchat.repl.house import House
from deepchat.repl.needs import Surface

EVERY_S: Final = 1.0

OPEN_ELSEWHERE: Final = (
    "This chat is open in another terminal: you are reading along. /fork goes on in a copy of it."
)
FREE: Final = "The other terminal has left this chat: it goes on here."

Loaded = tuple[Session, Conversation]


class Alongside:
    """Looks whether there is something new, and gives it to `show`."""

    def __init__(self, house: House, surface: Surface, show: Callable[[Exchange], None]) -> None:
        self._house = house
        self._chat = house.chat
        self._surface = surface
        self._show = show

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(EVERY_S)
            if self._chat.elsewhere:
                # First: nothing is said between the two.
                free = self._chat.claim()
                self._take_in(await aside(partial(self._load, self._chat.session.id)), free=free)

    def look(self) -> None:
        """Look now."""
        if self._chat.elsewhere:
            free = self._chat.claim()
            self._take_in(self._load(self._chat.session.id), free=free)

    def tell(self) -> None:
        """Say it of a chat that has just been opened."""
        if self._chat.elsewhere:
            self._house.page.notice(OPEN_ELSEWHERE)

    def _load(self, session_id: str) -> Loaded | None:
        try:
            return self._house.library.load(session_id)
        except StoreError:  # the next look may find it
            return None

    def _take_in(self, found: Loaded | None, *, free: bool) -> None:
        if found is None or found[0].id != self._chat.session.id or not self._chat.elsewhere:
            return
        session, conversation = found
        known = {exchange.end for exchange in _complete(self._chat.conversation)}
        self._chat.follow(session, conversation, free=free)
        for exchange in _complete(conversation):
            if exchange.end not in known:
                self._show(exchange)
        if free:
            self._house.page.notice(FREE)
        self._surface.refresh()


def _complete(conversation: Conversation) -> list[Exchange]:
    said = exchanges(conversation.path())
    return [one for one in said if one.reply and one.reply.state != "streaming"]
