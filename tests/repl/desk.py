"""A REPL on a surface in memory, with the real drawing, a scripted model and a real store."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from deepchat import offers
from deepchat.chat import Chat
from deepchat.config.folder import Folder
from deepchat.config.personas import Personas
from deepchat.conversation import ModelInfo, Persona, Session
from deepchat.errors import AccessError, Unreachable, UsageError
from deepchat.render.drawing import Drawing
from deepchat.render.theme import THEMES
from deepchat.repl.house import House
from deepchat.repl.loop import Repl
from deepchat.repl.needs import Account, Choice, Entry, Page, Picking, Server
from deepchat.store.sessions import Store
from tests.core.fakes import ScriptedModel


@dataclass
class Paper:
    """A surface that keeps what it was given."""

    printed: str = ""
    live: str = ""
    draft: str = ""
    pasted: tuple[tuple[int, int], ...] = ()
    remembered: list[str] = field(default_factory=list)
    title: str = ""
    copied: str = ""
    paged: str = ""
    filter: str = ""
    choice: str = ""
    take: Callable[[Picking], str | None] | None = None
    picking: str = ""
    offered: list[str] = field(default_factory=list)
    asked: str = ""
    answers: list[str] = field(default_factory=list)
    revised: str = ""
    revision: str = ""
    typed_unseen: str | None = None
    rings: int = 0
    width: int = 80
    height: int = 24
    echoes: bool = False

    def print(self, ansi):
        self.printed += ansi

    def frame(self, commit, live):
        self.printed += commit
        self.live = live

    @property
    def unsent(self):
        return Entry(self.draft, self.pasted)

    def compose(self, text, pasted=()):
        self.draft, self.pasted = text, pasted

    async def pick(self, picking):
        self.picking = picking.title
        found = picking.find(self.filter or picking.typed)
        self.offered = [choice.label for choice in found]
        if self.take:
            return self.take(picking)
        return next((choice.value for choice in found if choice.label == self.choice), None)

    async def ask(self, title):
        self.asked = title
        return self.answers.pop(0) if self.answers else None

    async def unseen(self, title):
        self.asked = title
        return self.typed_unseen

    async def page(self, text):
        self.paged = text

    async def edit(self):
        self.draft += " edited"

    async def revise(self, text):
        self.revised = text
        return self.revision

    def remember(self, entry):
        if entry.text:
            self.remembered.append(entry.text)

    def entitle(self, title):
        self.title = title

    async def copy(self, text):
        self.copied = text
        return "Copied."

    def ring(self):
        self.rings += 1

    def refresh(self):
        pass


class Shelf:
    """A catalogue without a server; `broken` makes it unreachable."""

    def __init__(self):
        self.models = [
            ModelInfo(
                "lab/good", context_length=131072, input_price=0.5, output_price=1, tags=("a",)
            ),
            ModelInfo("lab/better"),
        ]
        self.broken = False
        self.seen = []
        self.age = None

    def cached(self):
        return self.seen

    def window(self, model):
        return offers.window(model, self.seen)

    def lately(self):
        return self.seen if self.seen and self.age else self.refresh()

    def refresh(self):
        if self.broken:
            raise Unreachable("No route.")
        self.seen = self.models
        return self.seen


class Others:
    """Two servers, each with one model."""

    def __init__(self):
        self.now = "lab"
        self.renewed = 0

    def renew(self):
        self.renewed += 1

    def choices(self):
        return [Choice("lab", "lab", "here"), Choice("inn", "inn", "elsewhere · needs no key")]

    def find(self, name):
        if name not in ("lab", "inn"):
            raise UsageError(f"There is no provider {name}.")
        return Server(
            name, f"https://{name}.test", f"{name}/model", ["A word."], lambda: self.take(name)
        )

    def take(self, name):
        self.now = name


class Keys:
    """Keys that are kept in memory."""

    def __init__(self):
        self.kept = {}

    def find(self, name):
        if name not in ("", "lab", "inn"):
            raise UsageError("There is no such provider.")
        return Account(name or "lab", f"{name or 'lab'}.test", "lab.test/keys")

    def keep(self, name, typed):
        if typed == "bad":
            raise AccessError("lab.test refused the key.", hint="Nothing was kept.")
        self.kept[name] = typed
        return ["lab.test takes the key.", "It is kept."]

    def drop(self, name):
        return ["It is gone." if self.kept.pop(name, None) else "There was none."]


class Choices:
    """What is configured."""

    def __init__(self):
        self.keys = [("enter", "Send the message.")]
        self.settings = [("ui.bell", "Ring when a reply is complete.")]
        self.parameters = [("temperature", "How random."), ("reasoning_effort", "How long.")]

        self.aliases = {"b": "lab/better"}

    def values(self, name):
        return ["low", "minimal", "high"] if name == "reasoning_effort" else []

    def parse(self, name, text):
        if name != "temperature":
            raise UsageError(f"There is no parameter {name}.")
        return float(text)

    def rows(self):
        return [("model", "m", "default")]


class Bench:
    """All of it, with shortcuts."""

    def __init__(self, path, drafts=None):
        self.paper = Paper()
        self.model = ScriptedModel()
        self.shelf = Shelf()
        self.store = Store(path / "chats.db")
        self.bugs = []
        self.now = 0.0
        drawing = Drawing(THEMES["mono"], color=False, plain=True)
        page = Page(self.paper, drawing)
        defaults = Session("", model="lab/good", provider="lab")
        self.chat = Chat(
            self.model,
            self.store,
            defaults=defaults,
            view=page,
            holds=self.shelf.window,
            priced=lambda model, usage: offers.priced(model, usage, self.shelf.cached()),
        )
        tables = {
            "cat": Persona("cat", "Meow.", model="lab/cat", origin="config.toml"),
            "dog": Persona("dog", "Woof.", origin="config.toml"),
        }
        self.personas = Personas(Folder(path / "personas", "persona"), tables, {})
        self.templates = Folder(path / "templates", "template")
        self.house = House(
            self.chat, self.store, self.shelf, Choices(), self.personas, drawing, page, self.log
        )
        self.house = replace(
            self.house, servers=Others(), logins=Keys(), templates=self.templates.texts
        )
        if drafts:
            self.house = replace(self.house, drafts=drafts)
        self.repl = Repl(self.house, self.paper, clock=lambda: self.now)

    def log(self, bug):
        self.bugs.append(bug)
        return UsageError("deepchat itself broke.")

    def type(self, line):
        """Enter a line; what it printed."""
        before = len(self.paper.printed)
        outcome = self.repl.enter(line)
        if asyncio.iscoroutine(outcome):
            outcome = asyncio.run(self.repl.obey(line, outcome))
        self.settle()
        self.outcome = outcome
        return self.paper.printed[before:]

    def settle(self):
        while self.chat.turn and not self.model.hanging.is_set():
            self.chat.turn.wait(0.01)
            self.repl.pump()
        while self.repl.behind:
            self.repl.pump()
