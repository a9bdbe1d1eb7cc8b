"""A word when the model's window fills up, once at each mark: what does not fit any more is refused by the server."""

from typing import Final

from deepchat import context
from deepchat.repl.house import House

# Shares of the window.
MARKS: Final = (0.9, 0.7)


class Fullness:
    """Of the chat that is in use; one that is left and taken up again is warned of anew."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._chat = house.chat
        self._said = ("", 0.0)

    def consider(self) -> None:
        """After a reply."""
        share = self._share()
        mark = next((mark for mark in MARKS if share >= mark), 0.0)
        session = self._chat.session.id
        before = self._said[1] if self._said[0] == session else 0.0
        self._said = (session, mark)
        if mark > before:
            self._house.page.notice(
                f"The window of {self._chat.answering} is {share:.0%} full. /context shows with what; /compact "
                "summarises it, /trim leaves the oldest out."
            )

    def _share(self) -> float:
        tokens = context.tokens_counted(self._chat.conversation.path())
        window = self._chat.window()
        return tokens / window if tokens and window else 0.0
