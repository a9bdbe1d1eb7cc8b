"""What was typed and not sent: when it is written down, and where it turns up again. How it is kept is not known here."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from deepchat.conversation import Draft, SessionSummary
from deepchat.repl.aside import aside
from deepchat.repl.composer import together
from deepchat.repl.needs import Drafts, Entry
from deepchat.repl.outgoing import Outgoing, typed

# After a key it is written within this time, and while keys are pressed no more often than that.
PAUSE_S: Final = 0.3

# A draft of a megabyte is not written three times a second.
BYTES_PER_S: Final = 256 * 1024


class NoDrafts:
    """Where nothing may be written, and for tests."""

    def keep(self, draft: Draft) -> None:
        """Keep nothing."""

    def left(self) -> Mapping[str, str]:
        """Nothing is left."""
        return {}

    def claim(self, name: str, session: str) -> Draft | None:
        """There is nothing to claim."""
        return None


@dataclass(frozen=True, slots=True)
class Left:
    """What dead processes left, the newest first: names of drafts that belong into this chat, and chats with others."""

    here: tuple[str, ...] = ()
    elsewhere: tuple[SessionSummary, ...] = ()


class DraftKeeper:
    """The drafts of one process, one a session, of which one stands in the composer. `typed` tells that one, for a session,
    and `is_private` whether it is one of which nothing is to be written.

    Use it on the loop's thread, but for `left`. Nothing happens before `begin`.
    """

    def __init__(
        self,
        drafts: Drafts,
        typed: Callable[[str], Draft],
        *,
        is_private: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._drafts = drafts
        self._typed = typed
        self._is_private = is_private
        self._was_private = False
        self._sleep = sleep
        self._session = ""
        self._last = Draft("")
        self._laid_aside: dict[str, Draft] = {}
        self._unwritten: dict[str, Draft] = {}
        self._writing = threading.Lock()
        self._touched = asyncio.Event()

    @property
    def session(self) -> str:
        """Whose draft stands in the composer; "" before `begin`."""
        return self._session

    def begin(self, session: str) -> None:
        """From now on what stands in the composer is a draft of this session."""
        self._session = session
        self._last = Draft(session)
        self._was_private = self._is_private()
        self.touch()

    def follow(self, session: str, *, text_too: bool, attached_too: bool) -> Draft:
        """Another session is in use: lay aside what was typed for the last one; what was for this one, perhaps empty.

        What stands in the composer, and what is attached, is for the new one already if it is to follow, too.
        """
        draft = self._typed(self._session)
        draft = replace(draft, text="", pasted=()) if text_too else draft
        draft = replace(draft, attachments=()) if attached_too else draft
        self._laid_aside[self._session] = draft
        if not self._was_private:
            self._unwritten[self._session] = draft
        self._was_private = self._is_private()
        self._session = session
        self._last = self._laid_aside.pop(session, Draft(session))
        self.touch()
        return self._last

    # --- written down --------------------------------------------------------------------------------------------------

    def touch(self) -> None:
        """Something may have changed."""
        self._touched.set()

    async def run(self) -> None:
        """Write down what has changed, now and then, for ever."""
        while True:
            await self._touched.wait()
            await self._sleep(PAUSE_S)
            self._touched.clear()
            if self._look():
                size = self._last.size
                await aside(self._write)
                await self._sleep(size / BYTES_PER_S)

    def flush(self) -> None:
        """Write down what has changed, at once."""
        self._look()
        self._write()

    def _look(self) -> bool:
        """Take note of what stands there now; whether that is new."""
        if not self._session:
            return False
        self._was_private = self._is_private()
        draft = self._typed(self._session)
        if draft == self._last or self._was_private:
            return False
        self._last = self._unwritten[self._session] = draft
        return True

    def _write(self) -> None:
        with self._writing:
            while self._unwritten:
                self._drafts.keep(self._unwritten.popitem()[1])

    # --- found again -------------------------------------------------------------------------------------------------

    def left(
        self, session: str, find: Callable[[str], SessionSummary | None], *, new: bool
    ) -> Left:
        """What dead processes left. `find` tells of a session that is stored; drafts of others go to a `new` chat."""
        here, elsewhere = [], {}
        for name, whose in self._drafts.left().items():
            home = find(whose)
            if whose == session or (new and home is None):
                here.append(name)
            elif home:
                elsewhere[home.id] = home
        return Left(tuple(here), tuple(elsewhere.values()))

    def claim(self, left: Left) -> Draft | None:
        """The newest draft that was left here; from now on it is ours. None for none."""
        for name in left.here:
            if draft := self._drafts.claim(name, self._session):
                self._last = draft
                self.touch()
                return draft
        return None


def line_of_draft(draft: Draft) -> Entry:
    """Everything unsent as one line to edit and send, in the order in which it was typed."""
    queued = typed(*map(Outgoing.of, draft.queued))
    return together([queued, Entry(draft.text, draft.pasted)])
