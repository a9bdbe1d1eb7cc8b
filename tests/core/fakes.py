"""A model that says what it is told to, and a journal that remembers: plain classes in place of a server and a disk."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from deepchat.conversation import Event, Message, Request, Session
from deepchat.errors import StoreError
from deepchat.turn import Stop


class ScriptedModel:
    """Gives the events, or raises the errors, of `script`; each of its items is one reply. `wait` makes one hang
    until it is stopped, `deaf` until the test releases it. A model in `scripts` has a script of its own."""

    wait = object()
    deaf = object()

    def __init__(self) -> None:
        self.script: list[list[object]] = []
        self.scripts: dict[str, list[list[object]]] = {}
        self.requests: list[Request] = []
        self.asked: Callable[[], None] = lambda: None
        self.hanging = threading.Event()
        self.released = threading.Event()
        self.through = threading.Event()

    def stream(self, request: Request, stop: Stop) -> Iterator[Event]:
        self.asked()
        self.requests.append(request)
        for item in self.scripts.get(request.model, self.script).pop(0):
            if item is self.wait:
                self.hanging.set()
                assert stop.wait(10)
            elif item is self.deaf:
                self.hanging.set()
                assert self.released.wait(10)
                self.through.set()
            elif isinstance(item, Exception):
                raise item
            else:
                yield item  # type: ignore[misc]  # an event, by the script


@dataclass
class MemoryJournal:
    """What was kept, in lists. `broken` makes each write fail."""

    sessions: list[Session] = field(default_factory=list)
    opened: list[tuple[Message, ...]] = field(default_factory=list)
    pieces: list[tuple[str, str]] = field(default_factory=list)
    sealed: list[Message] = field(default_factory=list)
    leaves: list[str | None] = field(default_factory=list)
    broken: bool = False
    before: Callable[[], object] = lambda: None

    def open_turn(self, session: Session, messages: Sequence[Message]) -> None:
        self._check()
        self.sessions.append(session)
        self.opened.append(tuple(messages))

    def append(self, reply_id: str, *, text: str, reasoning: str) -> None:
        self.before()
        self._check()
        self.pieces.append((text, reasoning))

    def seal(self, reply: Message) -> None:
        self._check()
        self.sealed.append(reply)

    def update(self, session: Session) -> None:
        self._check()
        self.sessions.append(session)

    def turn_to(self, session_id: str, leaf: str | None) -> None:
        self._check()
        self.leaves.append(leaf)

    def _check(self) -> None:
        if self.broken:
            raise StoreError("The disk is full.")

    @property
    def kept(self) -> dict[str, str]:
        """The text of each message as a reader would find it now."""
        opened = {message.id: message.text for turn in self.opened for message in turn}
        return opened | {message.id: message.text for message in self.sealed}


@dataclass
class MemoryClaims:
    """What is open here, and what is `elsewhere`."""

    taken: set[str] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)

    def take(self, session_id: str) -> bool:
        if session_id in self.elsewhere:
            return False
        self.taken.add(session_id)
        return True

    def drop(self, session_id: str) -> None:
        self.taken.discard(session_id)


class Listener:
    """A view that writes down what it was told."""

    def __init__(self) -> None:
        self.problems: list[Exception] = []

    def problem(self, error: Exception) -> None:
        self.problems.append(error)
