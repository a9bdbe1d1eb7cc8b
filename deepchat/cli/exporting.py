"""Chats into files: what the chat and the shell ask for, and the room that knows the formats."""

from collections.abc import Callable, Sequence

from deepchat.config import Settings
from deepchat.conversation import Conversation, Session
from deepchat.repl.needs import Block, Part
from deepchat.secret import mask


class Exporter:
    """The content of files. It satisfies `repl.needs.Exported`; `blocks` finds the code in a reply."""

    def __init__(self, settings: Settings, blocks: Callable[[str], Sequence[Block]]) -> None:
        self._settings = settings
        self._blocks = blocks

    def __call__(
        self, name: str, session: Session, conversation: Conversation, part: Part, /
    ) -> str:
        """The content of a file of this name. UsageError when that cannot be."""
        from deepchat.transfer.export import exported  # late: it brings markdown along
        from deepchat.transfer.selection import Wanted

        wanted = Wanted(
            part.first,
            part.last,
            part.newest,
            part.code,
            part.reasoning,
            self.hide if part.redact else None,
        )
        return exported(name, session, conversation, wanted, self._blocks)

    def hide(self, text: str) -> str:
        """The text with the user's key, and what looks like one, masked."""
        key = self._settings.key
        return mask(key.redact(text) if key else text)
