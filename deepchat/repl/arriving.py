"""Replies that a command has asked for, while they arrive: shown side by side or one by one, stopped by Ctrl-C, and settled."""

import asyncio
from collections.abc import Sequence
from typing import Final

from deepchat.conversation import Message
from deepchat.errors import DeepchatError
from deepchat.repl.columns import Columns
from deepchat.repl.house import House
from deepchat.repl.needs import Surface
from deepchat.repl.showing import STOPPED_S, Showing
from deepchat.turn import Turn

# Between two frames.
FRAME_S: Final = 1 / 15


class Arriving:
    """All turns that the chat has on their way. Cancelled, either way of showing them stops them and goes on until they have
    ended; cancelled once more, it is left. Whoever asked for them calls `end` in any case."""

    def __init__(self, house: House, surface: Surface, showing: Showing) -> None:
        self._house = house
        self._chat = house.chat
        self._surface = surface
        self._showing = showing

    async def side_by_side(self, turns: Sequence[Turn]) -> list[Message]:
        """The replies; of what was shown of them nothing is left."""
        columns = Columns(turns, self._house, self._surface)
        try:
            while not all(turn.ended for turn in turns):
                columns.draw()
                await self._pause(turns)
        finally:
            self._surface.frame("", "")
        return self._settled(turns)

    async def one_by_one(self, turns: Sequence[Turn], titles: Sequence[str]) -> list[Message]:
        """The replies, each of which stands there under its title."""
        for title, turn in zip(titles, turns, strict=True):
            self._showing.one_of_several(turn, title)
        while self._showing.behind or not all(turn.ended for turn in turns):
            self._showing.pump()
            await self._pause(turns)
        return self._settled(turns)

    async def _pause(self, turns: Sequence[Turn]) -> None:
        """Until there may be something new."""
        try:
            await asyncio.sleep(0 if self._showing.behind else FRAME_S)
        except asyncio.CancelledError:
            if all(turn.ended or turn.stopping for turn in turns):
                raise
            self._chat.stop()

    def _settled(self, turns: Sequence[Turn]) -> list[Message]:
        """The replies. Why one failed they say themselves, unless it is a bug."""
        self.end()
        for turn in turns:
            if turn.error and not isinstance(turn.error, DeepchatError):
                self._house.say_why(turn.error)
        return [turn.reply for turn in turns]

    def end(self) -> None:
        """Stop what is on its way, if anything is, and keep what came."""
        self._chat.stop()
        turns = self._chat.turns
        if turns and all(turn.wait(STOPPED_S) for turn in turns):
            self._chat.settle_all()
