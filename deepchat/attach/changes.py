"""Which files are not any more what the model knows of them, and how they differ."""

import difflib
import io
from collections.abc import Sequence
from pathlib import Path

from deepchat import standing
from deepchat.attach.reading import Found, read
from deepchat.conversation import DIFF, TEXT, Attachment, Conversation, Lines, Message
from deepchat.errors import NotAttached
from deepchat.text import clean_line

Key = tuple[str, Lines | None]
Stamp = tuple[int, int]


class Watch:
    """Looks after the files of a conversation: asks the disk for their times, and reads only what may have changed."""

    def __init__(self) -> None:
        self._of: Conversation | None = None
        self._sent: dict[Key, Attachment] = {}
        self._seen: dict[Key, tuple[Stamp | None, str]] = {}
        self._told: set[tuple[Key, str]] = set()

    def changed(self, conversation: Conversation) -> list[Attachment]:
        """What was sent of the files that are different now, each until it is `told`."""
        if conversation is not self._of:
            self._of = conversation
            self._sent = _last_sent(conversation.path())
        return [each for key, each in self._sent.items() if self._is_news(key, each)]

    def tell(self, changed: Sequence[Attachment]) -> None:
        """These were said; each is news again when its file changes once more."""
        self._told |= {(key := _key(each), self._seen[key][1]) for each in changed}

    def _is_news(self, key: Key, sent: Attachment) -> bool:
        now = self._digest(key)
        return now not in ("", sent.digest) and (key, now) not in self._told

    def _digest(self, key: Key) -> str:
        """Of what the file holds; "" when it cannot be read."""
        stamp = _stamp(key[0])
        if key not in self._seen or self._seen[key][0] != stamp:
            self._seen[key] = (stamp, _digest(*key))
        return self._seen[key][1]


def difference(sent: Attachment) -> Found:
    """How a file differs from what was sent of it, as a unified diff. NotAttached when it does not, or is no text."""
    name = clean_line(sent.name)
    if sent.media_type != TEXT:
        raise NotAttached(f"{name} is a picture.", hint="/file sends it anew.")
    now = read(sent.path, sent.lines).attachment
    if now.digest == sent.digest:
        raise NotAttached(f"{name} is as it was sent.")
    rows = difflib.unified_diff(
        _lines(sent.text), _lines(now.text), f"{name} as sent", f"{name} now"
    )
    body = "".join(
        row if row.endswith("\n") else f"{row}\n\\ No newline at end of file\n" for row in rows
    )
    return Found(Attachment(sent.name, DIFF, body.encode(), sent.path, sent.lines, now.digest))


def texts(path: Sequence[Message]) -> list[Attachment]:
    """The text of each file, or part of one, as it was last sent whole."""
    return list(_last_sent(path, only=TEXT).values())


def _last_sent(path: Sequence[Message], *, only: str = "") -> dict[Key, Attachment]:
    return {
        _key(each): each
        for message in standing.spoken(path)
        for each in message.attachments
        if each.digest and only in ("", each.media_type)
    }


def _key(attachment: Attachment) -> Key:
    return attachment.path, attachment.lines


def _stamp(path: str) -> Stamp | None:
    try:
        facts = Path(path).stat()
    except (OSError, ValueError):
        return None
    return facts.st_mtime_ns, facts.st_size


def _digest(path: str, lines: Lines | None) -> str:
    try:
        return read(path, lines).attachment.digest
    except NotAttached:
        return ""


def _lines(text: str) -> list[str]:
    """As editors count them: `splitlines` would part at form feeds as well."""
    return list(io.StringIO(text, newline="\n"))
