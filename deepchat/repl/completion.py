"""What Tab offers: the names of commands, then their arguments, and files behind an `@`. Never a network call."""

from collections.abc import Iterable, Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from deepchat.attach import finding, naming
from deepchat.errors import DeepchatError
from deepchat.repl.needs import Desk
from deepchat.repl.registry import Registry
from deepchat.text import clean_line


class CommandCompleter(Completer):
    """Completions for a line that starts with a slash, and for mentions; for any other text there are none."""

    def __init__(self, commands: Registry) -> None:
        self.desk: Desk | None = None
        self._commands = commands

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        before = document.text_before_cursor
        mention = naming.begun(before, behind_at=True)
        if mention and not before.startswith("/"):
            yield from _files(mention)
            return
        if not before.startswith("/") or "\n" in before or document.text_after_cursor.strip():
            return
        word, space, argument = before.partition(" ")
        if not space:
            yield from self._names(word)
        else:
            yield from self._arguments(word, argument.lstrip())

    def _names(self, word: str) -> Iterator[Completion]:
        for command in self._commands:
            names = (command.name, *command.aliases)
            fits = next((name for name in names if name.startswith(word)), None)
            if fits:
                yield Completion(fits, -len(word), display_meta=command.help)

    def _arguments(self, word: str, argument: str) -> Iterator[Completion]:
        try:
            command = self._commands.find(word)
            if command.takes_files:
                yield from _files(naming.begun(argument, behind_at=False))
            if command.candidates is None or self.desk is None:
                return
            candidates = list(command.candidates(self.desk))
        except DeepchatError:  # Tab is no place to say it; Enter says it
            return
        for value, about in sorted(candidates, key=lambda pair: not pair[0].startswith(argument)):
            if _fits(argument, value, about):
                yield Completion(value, -len(argument), clean_line(value), clean_line(about))


def _files(begun: naming.Begun | None) -> Iterator[Completion]:
    if begun is None:
        return
    for name in finding.offered(begun.name):
        end = "" if name.endswith("/") else '"'
        text = f"{name}{end}" if begun.quoted else naming.written(name)
        yield Completion(text, -len(begun.word), display=name)


def _fits(typed: str, value: str, about: str) -> bool:
    """Whether each typed word stands somewhere in the value, or in what is said about it."""
    return all(word in f"{value} {about}".lower() for word in typed.lower().split())
