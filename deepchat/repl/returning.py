"""What was typed and not sent comes back: at the start, and with the session that it belongs to."""

from contextlib import suppress
from typing import Final

from deepchat import context
from deepchat.conversation import Draft, SessionSummary
from deepchat.errors import StoreError
from deepchat.repl.aside import aside
from deepchat.repl.composer import together
from deepchat.repl.drafts import DraftKeeper, Left, line_of_draft
from deepchat.repl.house import House
from deepchat.repl.needs import Entry, Surface
from deepchat.repl.outgoing import typed
from deepchat.repl.sending import Sending
from deepchat.repl.words import count

# Of so many other chats with an unsent text the titles are told.
NAMED: Final = 3

NOTHING: Final = Entry("")


class Returning:
    """Puts drafts into the composer, or says where they are."""

    def __init__(
        self, house: House, surface: Surface, drafts: DraftKeeper, sending: Sending
    ) -> None:
        self._house = house
        self._chat = house.chat
        self._surface = surface
        self._drafts = drafts
        self._sending = sending

    async def offer(self) -> None:
        """At the start: what was left unsent returns to the composer, or it is said where it is."""
        session = self._chat.session.id
        self._drafts.begin(session)
        left = await aside(self._left)
        if session == self._chat.session.id:
            self._bring_back(left)
            self._say_where(left)

    def follow(self, standing: str) -> None:
        """With another session comes what was typed for it; what was typed for the last one stays with that.

        `standing` is what stood in the composer when the session may have changed.
        """
        session = self._chat.session.id
        if self._drafts.session in ("", session):
            return
        # What was typed since the command was entered is for this session.
        begun = self._surface.unsent if self._surface.draft != standing else NOTHING
        # What is attached in a chat in which nothing was said yet has no other place.
        homeless = self._stored(self._drafts.session) is None
        mine = self._drafts.follow(session, text_too=bool(begun.text), attached_too=homeless)
        if not homeless:
            self._sending.tray.clear()
        self._put(mine, begun)
        if mine.empty and not begun.text:
            self._bring_back(self._left())

    def _put(self, draft: Draft, behind: Entry = NOTHING) -> None:
        """A draft into the composer, and what goes along with it into the tray."""
        line = together([line_of_draft(draft), behind])
        if self._surface.unsent != line:
            self._surface.compose(line.text, line.pasted)
        self._sending.restore(draft)

    def _left(self) -> Left:
        return self._drafts.left(self._chat.session.id, self._stored, new=not self._chat.begun)

    def _stored(self, session_id: str) -> SessionSummary | None:
        with suppress(StoreError):  # what cannot be resumed now goes where it is seen
            return self._house.library.summary(session_id)
        return None

    def _bring_back(self, left: Left) -> None:
        """Put the newest one into the composer, unless something was typed there meanwhile."""
        standing = self._surface.draft
        asked = standing in [typed(each).text for each in self._sending.unanswered()]
        draft = self._drafts.claim(left) if asked or not standing else None
        if draft and asked and standing != line_of_draft(draft).text:
            self._sending.tray.clear()
            self._house.page.notice("The last question got no answer: /retry asks it again.")
        if draft:
            self._put(draft)
        if waiting := len(left.here) - bool(draft):
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
