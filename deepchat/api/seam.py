"""A reply that goes on, without what it says once more of its beginning. Pure.

Servers that continue the last message begin where it ends. Others answer it, and most models then repeat its last words
before they go on.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from deepchat.conversation import Event, Finished, TextDelta
from deepchat.errors import ApiError, NetworkError

# Characters: fewer may be repeated on purpose; of more the reply would seem to hang.
LEAST: Final = 16
MOST: Final = 2_000


def joined(before: str, events: Iterable[Event]) -> Iterator[Event]:
    """The events of a reply behind this text; what its first words repeat of the end of it is left out."""
    seam = Seam(before)
    try:
        for event in events:
            if isinstance(event, TextDelta):
                yield from _said(seam.feed(event.text))
                continue
            if isinstance(event, Finished):
                yield from _said(seam.rest())
            yield event
    except (ApiError, NetworkError):
        yield from _said(seam.rest())
        raise


def _said(text: str) -> Iterator[TextDelta]:
    if text:
        yield TextDelta(text)


class Seam:
    """Text in pieces, any of them: held back while all of it so far stands near the end of the text before."""

    def __init__(self, before: str) -> None:
        self._end = before[-MOST:]
        self._held = ""
        self._is_closed = False

    def feed(self, text: str) -> str:
        """What can be given out."""
        if self._is_closed:
            return text
        self._held += text
        if self._held.lstrip() in self._end[:-1]:
            return ""
        return self.rest()

    def rest(self) -> str:
        """What was held back, without what it repeats; nothing the second time."""
        held, self._held, self._is_closed = self._held, "", True
        said = held.lstrip()
        for length in range(min(len(said), len(self._end)), LEAST - 1, -1):
            if self._end.endswith(said[:length]):
                return said[length:]
        return held
