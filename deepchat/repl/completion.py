"""What Tab offers: the names of commands, then their arguments, and files behind an `@`. Never a network call, and no
waiting for a disk."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from deepchat.attach import finding, naming
from deepchat.errors import DeepchatError
from deepchat.fuzzy import ranked
from deepchat.repl.aside import Glance
from deepchat.repl.needs import Choice, Desk
from deepchat.repl.registry import Command, Registry
from deepchat.text import clean_line

# Nobody goes through more.
OFFERED: Final = 100


class CommandCompleter(Completer):
    """Completions for a line that starts with a slash, and for mentions, the likeliest first; for any other text there
    are none."""

    def __init__(self, commands: Registry) -> None:
        self.desk: Desk | None = None
        self._commands = commands
        self._glance = Glance[list[Completion]]()

    @property
    def is_looking(self) -> bool:
        """Whether the last question took too long to be answered at once; asked again later it may be answered."""
        return self._glance.is_looking

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        before = document.text_before_cursor
        mention = naming.begun(before, behind_at=True)
        if mention and not before.startswith("/"):
            return self._glance.at(before, lambda: list(_files(mention)), [])
        if not before.startswith("/") or "\n" in before or document.text_after_cursor.strip():
            return []
        word, space, argument = before.partition(" ")
        if not space:
            return self._names(word)
        try:
            command = self._commands.find(word)
            ask = partial(self._arguments, command, argument.lstrip())
            return self._glance.at(before, lambda: list(ask()), [])
        except DeepchatError:  # Tab is no place to say it; Enter says it
            return []

    def _names(self, word: str) -> Iterator[Completion]:
        """Each command once, under the name that fits best; of those that fit as well, its own before the aliases."""
        own = [(command.name, command) for command in self._commands]
        other = [(name, command) for command in self._commands for name in command.aliases]
        best: dict[str, str] = {}
        for name, command in ranked(word[1:], own + other, lambda pair: pair[0][1:]):
            if best.setdefault(command.name, name) == name:
                yield Completion(name, -len(word), display_meta=command.help)

    def _arguments(self, command: Command, argument: str) -> Iterator[Completion]:
        if command.takes_files:
            yield from _files(naming.begun(argument, behind_at=False))
        if command.candidates is None or self.desk is None:
            return
        if command.several:
            before, _, argument = argument.rpartition(" ")
            if "--" in before.split():
                return
        for one in _fitting(argument, list(command.candidates(self.desk)))[:OFFERED]:
            yield Completion(
                one.value, -len(argument), clean_line(one.label), clean_line(one.about)
            )


def _fitting(typed: str, choices: list[Choice]) -> list[Choice]:
    """Those that are called so; where none is, those of which it is said."""
    words = typed.casefold().split()
    return ranked(typed, choices, _called) or [
        one for one in choices if all(word in one.about.casefold() for word in words)
    ]


def _called(choice: Choice) -> str:
    return choice.label if choice.label == choice.value else f"{choice.label} {choice.value}"


def _files(begun: naming.Begun | None) -> Iterator[Completion]:
    if begun is None:
        return
    for name in finding.offered(begun.name):
        end = "" if name.endswith("/") else '"'
        text = f"{name}{end}" if begun.quoted else naming.written(name)
        yield Completion(text, -len(begun.word), display=name)
