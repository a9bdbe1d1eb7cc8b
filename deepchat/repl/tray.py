"""What waits to go along with the next message, and what a draft mentions. Who sends it is `loop`'s business."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final

from deepchat import context, figures
from deepchat.attach import reading
from deepchat.attach.changes import Watch
from deepchat.attach.naming import Mention, Named, mentions
from deepchat.attach.reading import Found, State
from deepchat.conversation import DIFF, Attachment, Conversation, Lines
from deepchat.errors import NotAttached
from deepchat.repl.needs import Entry
from deepchat.text import clean_line

# Mentions of one draft that are looked up while it is typed; all are when it is sent.
_LOOKED_UP: Final = 20

# Bytes of a file that is read while it is only mentioned, to tell what it will take; of a larger one its size has to do.
_READ_AHEAD: Final = 1 << 20


class Tray:
    """Attachments in the order they came. A file, or a part of one, lies in it once: read again, it takes the place of
    what there was."""

    def __init__(self) -> None:
        self.attachments: tuple[Attachment, ...] = ()
        self.watch = Watch()
        self._rows: tuple[object, list[str]] = (None, [])

    def add(self, attachments: Iterable[Attachment]) -> None:
        self.attachments = merged(self.attachments, attachments)

    def detach(self, number: int | None) -> list[Attachment]:
        """Take this one (from 1) or all away, and say which. NotAttached when there is none."""
        if not self.attachments:
            raise NotAttached("Nothing is attached.", hint="/file PATH or @PATH attaches a file.")
        if number is not None and not 1 <= number <= len(self.attachments):
            raise NotAttached(
                f"There is no attachment {number}: they are 1 to {len(self.attachments)}."
            )
        chosen = range(len(self.attachments)) if number is None else (number - 1,)
        gone = [self.attachments[index] for index in chosen]
        self.attachments = tuple(each for each in self.attachments if each not in gone)
        return gone

    def clear(self) -> None:
        self.attachments = ()

    def take_back(self, line: Entry, attachments: Sequence[Attachment]) -> None:
        """What was not sent waits again, but for what the line itself brings along when it is sent."""
        brought = set(map(_meant, mentions(line.text, line.is_typed)))
        self.add(each for each in attachments if (each.path, each.lines) not in brought)

    def rows(self, draft: Entry, conversation: Conversation) -> list[str]:
        """What would go along with this draft, and which files sent before have changed: clean lines.

        Nothing is read for it but changed files, and nothing at all while draft and tray are as they were.
        """
        state = (draft, self.attachments, conversation.leaf)
        if self._rows[0] != state:
            self._rows = (state, [*self._told(draft), *self._stale(conversation)])
        return self._rows[1]

    def _told(self, draft: Entry) -> list[str]:
        waiting = [
            f"[{number}] {' · '.join(context.described(each))}"
            for number, each in enumerate(self.attachments, start=1)
        ]
        return waiting + [
            row
            for row in map(_row, islice(mentions(draft.text, draft.is_typed), _LOOKED_UP))
            if row
        ]

    def _stale(self, conversation: Conversation) -> list[str]:
        return [changed_row(each) for each in self.watch.changed(conversation)]


def mentioned(entry: Entry) -> list[Found]:
    """What is mentioned in an entry, read. NotAttached when one is a file that cannot go along."""
    return [
        found for found in map(reading.mentioned, mentions(entry.text, entry.is_typed)) if found
    ]


def merged(waiting: Iterable[Attachment], more: Iterable[Attachment]) -> tuple[Attachment, ...]:
    """All of them, each file and each part of one once: as it was read last."""
    return tuple({_identity(each): each for each in (*waiting, *more)}.values())


def changed_row(sent: Attachment) -> str:
    """That a file is not any more what was sent of it, and what can be done."""
    name = clean_line(sent.name)
    return f"{name} has changed since: /file sends it anew, /changes the difference"


def _meant(mention: Mention) -> tuple[str, Lines | None]:
    """The path and the lines it is about; no path when it is about none."""
    named = reading.meant(mention.readings)
    return (str(reading.located(named.name)), named.lines) if named else ("", None)


def _row(mention: Mention) -> str:
    """What it will bring along, and why it cannot, if it cannot; "" when it is no file."""
    named = reading.meant(mention.readings)
    if named is None:
        return ""
    state = reading.state(named.name)
    if state and state.size <= _READ_AHEAD and not reading.is_picture(named.name):
        return f"@{_told(named, state)}"
    name = clean_line(named.name)
    size = state.size if state else 0
    tokens = figures.count(size // context.BYTES_PER_TOKEN)
    much = "" if reading.is_picture(named.name) or named.lines else f" · ~{tokens} tokens"
    return f"@{name}{_lines(named.lines)} · {figures.size(size)}{much}"


@lru_cache(maxsize=_LOOKED_UP)
def _told(named: Named, state: State) -> str:
    """Of a file in this state; it is read once for it."""
    try:
        return " · ".join(context.described(reading.read(*named).attachment))
    except NotAttached as error:
        return f"{clean_line(named.name)} · {error}"


def _lines(lines: Lines | None) -> str:
    return f" (lines {lines[0]}-{lines[1]} of it)" if lines else ""


def _identity(attachment: Attachment) -> object:
    if attachment.path:
        return attachment.path, attachment.lines, attachment.media_type == DIFF
    return attachment.name, attachment.body
