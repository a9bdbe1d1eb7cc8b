"""What a REPL is given to work with. Who wires it is not known here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from deepchat.chat import Chat, Library
from deepchat.conversation import Conversation, Session, clock_ms
from deepchat.errors import DeepchatError, UsageError
from deepchat.repl.drafts import NoDrafts
from deepchat.repl.needs import (
    Account,
    Catalogue,
    Choice,
    Drafts,
    Drawing,
    Exported,
    Logins,
    Options,
    Page,
    Part,
    Personas,
    Server,
    Servers,
)
from deepchat.repl.news import News
from deepchat.room import Overflow


class Disk(Protocol):
    """Where chats are kept; others may be using it."""

    def hurry(self) -> None:
        """From now on this thread has keys to answer, and does not wait."""
        ...

    def take_time(self) -> None:
        """It can wait again."""
        ...


class AnyDisk:
    """One that nobody waits for."""

    def hurry(self) -> None:
        """There is no need."""

    def take_time(self) -> None:
        """There always was."""


def no_export(name: str, session: Session, conversation: Conversation, part: Part) -> str:
    """Where nothing was wired."""
    raise UsageError("Chats cannot be exported here.")


class OneServer:
    """The one that was wired, and no other."""

    now = ""

    def renew(self) -> None:
        """It knows nothing of keys."""

    def choices(self) -> Sequence[Choice]:
        """Nothing can be chosen."""
        return ()

    def find(self, name: str) -> Server:
        """There is no other."""
        raise UsageError("No other server can be asked here.")


class NoLogins:
    """Where nothing was wired."""

    def find(self, name: str) -> Account:
        """No key is for anything."""
        raise UsageError("No keys are kept here.")

    def keep(self, name: str, typed: str) -> Sequence[str]:
        """`find` said it."""
        return ()

    def drop(self, name: str) -> Sequence[str]:
        """There is none."""
        return ()


@dataclass(frozen=True, slots=True)
class House:
    """The rooms that a REPL needs, wired by `cli`. `keep` makes a chat that is private one that is kept. `get_ready` is
    called for each key: a message is about to be sent. `last_exchange` is what went over the line last, without the key;
    with `debug` it is shown after each reply. `templates` gives the user's texts, and what is wrong with their files."""

    chat: Chat
    library: Library
    catalogue: Catalogue
    options: Options
    personas: Personas
    drawing: Drawing
    page: Page
    log_bug: Callable[[BaseException], Exception]
    servers: Servers = field(default_factory=OneServer)
    logins: Logins = field(default_factory=NoLogins)
    drafts: Drafts = field(default_factory=NoDrafts)
    news: News = field(default_factory=News)
    templates: Callable[[], tuple[Mapping[str, str], Sequence[str]]] = lambda: ({}, ())
    keep: Callable[[], None] | None = None
    get_ready: Callable[[], None] = lambda: None
    last_exchange: Callable[[], str] = lambda: ""
    debug: bool = False
    exported: Exported = no_export
    disk: Disk = field(default_factory=AnyDisk)
    auto_title: bool = False
    overflow: Overflow = "ask"
    show_footer: bool = True
    show_title: bool = True
    is_key_in: Callable[[str], bool] = lambda text: False
    bell: Literal["never", "long", "always"] = "never"
    now_ms: Callable[[], int] = clock_ms

    def say_why(self, error: BaseException, advice: str = "") -> None:
        """A failure in words, and what can be typed now; one of deepchat itself is logged."""
        told = error if isinstance(error, DeepchatError) else self.log_bug(error)
        self.page.problem(told, advice)
