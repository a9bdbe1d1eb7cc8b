"""What the REPL needs of the other rooms, in Protocols; `cli` hands it whatever fits."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from deepchat.attach.reading import Found
from deepchat.branches import Exchange
from deepchat.chat import Chat, Library
from deepchat.conversation import (
    Attachment,
    Conversation,
    Draft,
    Json,
    Message,
    ModelInfo,
    Persona,
    Session,
)
from deepchat.sought import Piece
from deepchat.text import MARKED, Cleaner, clean


class Next(Enum):
    """What happens after a command."""

    GO_ON = "go on"
    LEAVE = "leave"


# Parts of a text, each from its start to its end.
Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Entry:
    """What was entered. `pasted` are the parts that were not typed."""

    text: str
    pasted: Spans = ()

    def is_typed(self, at: int) -> bool:
        """Whether the character there was typed."""
        return not any(start <= at < end for start, end in self.pasted)

    def cut(self, start: int, end: int) -> "Entry":
        """What stands from there to there."""
        parts = ((max(begin, start), min(stop, end)) for begin, stop in self.pasted)
        pasted = tuple((begin - start, stop - start) for begin, stop in parts if begin < stop)
        return Entry(self.text[start:end], pasted)


class Frame(Protocol):
    """What one moment of a reply draws: rows to print for good, and the rows of its open end."""

    @property
    def commit(self) -> str: ...

    @property
    def live(self) -> str: ...


class ReplyView(Protocol):
    """One reply being drawn."""

    def text(self, delta: str) -> None: ...

    def reasoning(self, delta: str) -> None: ...

    def frame(self) -> Frame: ...

    def finish(self) -> Frame: ...

    @property
    def behind(self) -> bool:
        """Whether a frame is to be asked for before it gets more text, or finishes: it is still busy with what it has."""
        ...

    def resize(self, width: int, height: int) -> None: ...


class Block(Protocol):
    """A code block of a reply: what stands behind its fence, and its lines without the last newline."""

    @property
    def info(self) -> str: ...

    @property
    def source(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Numbered:
    """A code block, its number, and that of the question it belongs to; both count from 1."""

    number: int
    question: int
    block: Block


class Numbers(Protocol):
    """Of code blocks."""

    def before(self, conversation: Conversation, message: Message) -> int: ...

    def all(self, said: Sequence[Exchange]) -> Iterator[Numbered]: ...


class Drawing(Protocol):
    """Words into ANSI text. Every method cleans what it is given and ends its text with a newline."""

    def reply(self, *, width: int, height: int, stored: bool = False, codes: int = 0) -> ReplyView:
        """A reply that is about to arrive, or one that is `stored`, of which no seconds can be told; `codes` is how many code
        blocks there were before."""
        ...

    def markdown(self, text: str, width: int, *, codes: int = 0) -> str:
        """A text that is all there, drawn as a reply would be."""
        ...

    def blocks(self, text: str) -> Sequence[Block]: ...

    def count_blocks(self, text: str) -> int: ...

    @property
    def themes(self) -> Sequence[str]:
        """Names of all themes; none where there are no colours."""
        ...

    @property
    def theme(self) -> str: ...

    def set_theme(self, name: str) -> None: ...

    def sample(self, theme: str, width: int) -> str: ...

    def set_thinking(self, think: str) -> None: ...

    def notice(self, text: str, width: int) -> str: ...

    def problem(self, error: Exception, width: int, *, advice: str = "") -> str: ...

    def question(self, text: str, width: int, *, whole: bool = False) -> str: ...

    def attached(self, attachments: Sequence[Attachment], width: int) -> str: ...

    def footer(self, reply: Message, width: int, *, brief: bool = False) -> str: ...

    def heading(self, text: str, width: int) -> str: ...

    def pairs(self, rows: Sequence[tuple[str, str]], width: int, *, left: int = 0) -> str: ...

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str: ...

    def compared(self, one: tuple[str, str], other: tuple[str, str], width: int) -> str: ...

    def status(self, parts: Sequence[str], width: int) -> str: ...


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of a list to choose from; `value` is what is chosen. Label and about need not be clean. An excerpt has a row of
    its own."""

    value: str
    label: str
    about: str = ""
    excerpt: Sequence[Piece] = ()


@dataclass(frozen=True, slots=True)
class Picking:
    """What there is to choose. All of it may be slow, and is called on a thread beside the loop.

    `find` gives what fits the typed words, at first those that are `typed` already, `preview` (of a value, for a width) ANSI text, `delete` and `restore` take a
    value away and back. More than `most` are not counted.
    """

    title: str
    find: Callable[[str], Sequence[Choice]]
    most: int | None = None
    preview: Callable[[str, int], str] | None = None
    delete: Callable[[str], None] | None = None
    restore: Callable[[str], None] | None = None
    typed: str = ""


class Surface(Protocol):
    """Where it is drawn: the terminal with its composer, or a plain stream."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    @property
    def echoes(self) -> bool:
        """Whether what was typed stands on it already."""
        ...

    @property
    def draft(self) -> str:
        """What stands in the composer."""
        ...

    @property
    def unsent(self) -> Entry:
        """What was typed and not sent: not always what stands there, which may be an old entry that is looked at."""
        ...

    def print(self, ansi: str) -> None:
        """Print for good, above whatever is shown live."""
        ...

    def frame(self, commit: str, live: str) -> None:
        """Print `commit` for good, then show `live` below it in place of what was shown there before."""
        ...

    def compose(self, text: str, pasted: Spans = ()) -> None:
        """Put a text into the composer, to be edited and sent; `pasted` are the parts that were not typed."""
        ...

    async def pick(self, picking: Picking) -> str | None:
        """Let the user choose from a list; None when they would rather not."""
        ...

    async def ask(self, title: str) -> str | None:
        """Ask for a line; None when the user would rather not."""
        ...

    def unseen(self, title: str) -> Awaitable[str | None]:
        """Ask for a line that nobody may see: neither on the screen nor in the history. None when the user would rather
        not."""
        ...

    async def edit(self) -> None:
        """Let the user's own editor change the draft. UsageError when that fails, or there is no composer."""
        ...

    async def page(self, text: str) -> None:
        """Let the user's own pager show a text that is drawn. UsageError when there is none."""
        ...

    async def revise(self, text: str) -> str:
        """Let the user's own editor change a text. UsageError when that fails, or cannot be here."""
        ...

    def remember(self, entry: Entry) -> None:
        """Put this into the history, where Up finds it."""
        ...

    def entitle(self, title: str) -> None:
        """Put a title (clean, one line) on the window."""
        ...

    async def copy(self, text: str) -> str:
        """Put a text into the clipboard, and say how that went. UsageError when there is no way."""
        ...

    def ring(self) -> None:
        """Ring the bell."""
        ...

    def refresh(self) -> None:
        """The status or the queue changed."""
        ...


class Waiting(Protocol):
    """What will go along with the next message."""

    @property
    def attachments(self) -> Sequence[Attachment]: ...

    def detach(self, number: int | None) -> Sequence[Attachment]:
        """Take this one (from 1) or all away, and say which. NotAttached when there is none."""
        ...


class Catalogue(Protocol):
    """The models that the provider offers."""

    @property
    def age(self) -> float | None:
        """Seconds since they were last seen; None when never."""
        ...

    def cached(self) -> Sequence[ModelInfo]:
        """As last seen, without asking anyone; empty when never seen."""
        ...

    def lately(self) -> Sequence[ModelInfo]:
        """As last seen, unless that is a day ago; then as of now. Waits and raises as `refresh` does."""
        ...

    def refresh(self) -> Sequence[ModelInfo]:
        """As of now. Waits for the network: not on the loop's thread. Raises ApiError, NetworkError."""
        ...


@dataclass(frozen=True, slots=True)
class Server:
    """One that can be asked, the model that answers there, and what is to be said; it is asked once `take` was called."""

    name: str
    address: str
    model: str
    warnings: Sequence[str]
    take: Callable[[], None]


class Servers(Protocol):
    """Who can be asked."""

    @property
    def now(self) -> str:
        """The name of the one that is."""
        ...

    def renew(self) -> None:
        """Ask the same one with the key that there is now, or without one."""
        ...

    def choices(self) -> Sequence[Choice]:
        """All of them, with where they are and what there is of a key."""
        ...

    def find(self, name: str) -> Server:
        """The one of this name. May wait for the network: not on the loop's thread. Raises DeepchatError."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """Where a key is for: the provider's name, the host, and the page on which one is made, "" where that is not known."""

    name: str
    host: str
    page: str


class Logins(Protocol):
    """The keys that are kept. What is said of them is one sentence each."""

    def find(self, name: str) -> Account:
        """The provider of this name, "" for the one that is meant to answer. UsageError when there is none."""
        ...

    def keep(self, name: str, typed: str) -> Sequence[str]:
        """Check this key and keep it; what is to be said. Waits for the network: not on the loop's thread. Raises
        DeepchatError when it is none, is refused or cannot be checked: then nothing is kept."""
        ...

    def drop(self, name: str) -> Sequence[str]:
        """Take the kept key away; what is to be said. DeepchatError when that fails."""
        ...


class Personas(Protocol):
    """The library of personas, as it is now. What is kept is a file; UsageError, ConfigError when that cannot be."""

    def all(self) -> Mapping[str, Persona]:
        """By name."""
        ...

    def source(self, name: str) -> str:
        """What the file of this persona holds, or would hold; "" when there is no such one."""
        ...

    def save(self, persona: Persona) -> Path:
        """Keep this one, whose text is meant as it stands; the file."""
        ...

    def write(self, name: str, source: str) -> tuple[Path, Sequence[str]]:
        """Keep what an editor made of a source; the file, and what is wrong with it."""
        ...

    def delete(self, name: str) -> None:
        """Take its file away."""
        ...


class Options(Protocol):
    """What is configured."""

    @property
    def aliases(self) -> Mapping[str, str]:
        """The user's own names for models."""
        ...

    @property
    def keys(self) -> Sequence[tuple[str, str]]:
        """The keys that can be configured, those of an action together, and what they do."""
        ...

    @property
    def settings(self) -> Sequence[tuple[str, str]]:
        """What else can be configured, and what it is."""
        ...

    @property
    def parameters(self) -> Sequence[tuple[str, str]]:
        """Each parameter that can be set, with one line of help."""
        ...

    def values(self, name: str) -> Sequence[str]:
        """All values of a parameter, where they are few; empty where they are not."""
        ...

    def parse(self, name: str, text: str) -> Json:
        """The value of a parameter as typed. UsageError when there is no such one, or the value is out of range."""
        ...

    def rows(self) -> Sequence[tuple[str, str, str]]:
        """Key, value and origin of everything configured; the key to the server is never shown."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """What of a chat is exported: the exchanges from `first` to `last`, counted from 1, or the `newest` so many, only their
    `code`, their `reasoning`, too; with `redact` keys and tokens are masked."""

    first: int | None = None
    last: int | None = None
    newest: int | None = None
    code: bool = False
    reasoning: bool = False
    redact: bool = False


class Exported(Protocol):
    """The content of a file of this name, in the format that it ends in. UsageError when that cannot be."""

    def __call__(
        self, name: str, session: Session, conversation: Conversation, part: Part, /
    ) -> str: ...


class Drafts(Protocol):
    """What was typed and not sent, kept for the case that this process ends. Nothing raises; any thread may ask."""

    def keep(self, draft: Draft) -> None:
        """This one, in place of what this process has kept for its session; an empty one only takes that away."""
        ...

    def left(self) -> Mapping[str, str]:
        """What processes that are gone have left: names and the sessions they belong to, the newest first."""
        ...

    def claim(self, name: str, session: str) -> Draft | None:
        """Make a draft that was left one of this process, for this session; None when another has been faster."""
        ...


class Page:
    """Where commands and the chat write what is not a reply.

    While it is `amid_reply`, a reply that goes on behind it, a blank row sets it off; what is then `apart` from the reply
    wants another one before that goes on. Before a question `gap` is the blank row that is missing, if one is.
    """

    def __init__(self, surface: Surface, drawing: Drawing) -> None:
        self.amid_reply = False
        self.apart = False
        self.gap = ""
        self._surface = surface
        self._draw = drawing

    @property
    def width(self) -> int:
        return self._surface.width

    def write(self, ansi: str) -> None:
        gap = "\n" if self.amid_reply and not self.apart else ""
        self.apart = self.amid_reply
        self.gap = "" if ansi.endswith("\n\n") or ansi == "\n" else "\n"
        self._surface.print(gap + ansi)

    def notice(self, text: str) -> None:
        self.write(self._draw.notice(text, self._surface.width))

    def problem(self, error: Exception, advice: str = "") -> None:
        self.write(self._draw.problem(error, self._surface.width, advice=advice))

    def heading(self, text: str) -> None:
        """What follows stands right below it."""
        self.write(self._draw.heading(text, self._surface.width))
        self.gap = ""

    def pairs(self, rows: Sequence[tuple[str, str]], *, left: int = 0) -> None:
        self.write(self._draw.pairs(rows, self._surface.width, left=left))

    def foreign(self, text: str, *, dim: bool = False) -> None:
        """A text as it came, unwrapped or `dim`, made safe; how many marks that took is said below it."""
        cleaner = Cleaner()
        shown = (cleaner.feed(text) + cleaner.finish()).rstrip("\n")
        if dim:
            self.notice(shown)
        else:
            self.write(f"{shown}\n")
        if cleaner.marks:
            self.notice(MARKED.format(cleaner.marks))

    def sections(self, said: Sequence[tuple[str, str]]) -> None:
        """Texts as they came, made safe, each under its heading."""
        width = self._surface.width
        parts = (f"{self._draw.heading(head, width)}{clean(text)}\n\n" for head, text in said)
        self.write("".join(parts))

    def compared(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        """Two texts, each behind what it is called."""
        self.write(self._draw.compared(one, other, self._surface.width))

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.write(self._draw.table(headers, rows, self._surface.width))


class Show(Protocol):
    """Print a question and its reply again; a long question is folded unless it is to be `whole`."""

    def __call__(self, exchange: Exchange, *, whole: bool = False) -> None: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command may reach. `show_turn` shows the turn with this number of a chat that was just opened, `drawn`
    waits until what is shown again stands there, `templates` gives the user's texts by name, and what is wrong with their
    files, `enter` does what a typed line says, `send_again` sends a question once more, `compare` asks these models at once,
    this or the last question, `replay` asks this one all of them, `give_back` puts a question into the composer again,
    `compose` any text, `keep` keeps a chat that was private; `require_open` raises a UsageError, once for each text, when it
    seems to hold a key or a token."""

    chat: Chat
    library: Library
    catalogue: Catalogue
    servers: Servers
    logins: Logins
    options: Options
    personas: Personas
    drawing: Drawing
    numbering: Numbers
    page: Page
    copy: Callable[[str], Awaitable[str]]
    edit: Callable[[], Awaitable[None]]
    page_through: Callable[[str], Awaitable[None]]
    revise: Callable[[str], Awaitable[str]]
    pick: Callable[[Picking], Awaitable[str | None]]
    ask: Callable[[str], Awaitable[str | None]]
    unseen: Callable[[str], Awaitable[str | None]]
    templates: Callable[[], tuple[Mapping[str, str], Sequence[str]]]
    enter: Callable[[str], Awaitable[Next | None]]
    send_again: Callable[[Message], Awaitable[None] | None]
    show_last_exchange: Callable[[], None]
    show_turn: Callable[[int, Exchange], None]
    show_exchange: Show
    drawn: Callable[[], Awaitable[None]]
    give_back: Callable[[Message], None]
    compose: Callable[[str], None]
    show_reply: Callable[[], None]
    compare: Callable[[Sequence[str], str], Awaitable[None]]
    replay: Callable[[str], Awaitable[None]]
    waiting: Waiting
    attach: Callable[[Sequence[Found]], None]
    require_open: Callable[[str], None]
    keep: Callable[[], None] | None
    exported: Exported
    last_exchange: Callable[[], str]
    now_ms: Callable[[], int]
