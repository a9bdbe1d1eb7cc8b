"""The table of slash commands: how one is declared, found, and told from a message."""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from deepchat.errors import UsageError
from deepchat.fuzzy import nearest
from deepchat.repl.needs import Choice, Desk, Next
from deepchat.text import clean_line

Outcome = Next | None
Action = Callable[[Desk, str], Outcome | Awaitable[Outcome]]
Candidates = Callable[[Desk], Iterable[Choice]]

# A longer word is nobody's command; it is cut where it is quoted.
LONGEST: Final = 40

# A line break inside a paragraph of a docstring.
_NEWLINE: Final = re.compile(r"(?<!\n)\n(?!\n)")

_CLAUSE: Final = re.compile(r"[:;.](?: |$)")

_COMMAND: Final = re.compile(r"/([^\s/*][^\s/]*)?(?:\s+|$)")


@dataclass(frozen=True, slots=True)
class Command:
    """One slash command. `usage` shows its arguments; `candidates`, called on any thread, gives what Tab offers for
    them, or for each of `several` up to a `--`; it offers files to one that `takes_files`."""

    name: str
    aliases: tuple[str, ...]
    usage: str
    group: str
    action: Action
    candidates: Candidates | None
    takes_files: bool = False
    several: bool = False

    @property
    def help(self) -> str:
        """What it does, in one line."""
        return inspect.getdoc(self.action).partition("\n")[0]  # type: ignore[union-attr]  # __init__ saw one

    @property
    def brief(self) -> str:
        """The first part of that, for a list of many."""
        return _CLAUSE.split(self.help)[0] + "."

    @property
    def manual(self) -> str:
        """What it does, whole."""
        return _NEWLINE.sub(" ", inspect.getdoc(self.action) or "")


class Registry:
    """Commands by name, in groups. A name given twice, an unknown group or a command without a docstring is a
    TypeError at import."""

    def __init__(self, *groups: str) -> None:
        self.groups = groups
        self._commands: dict[str, Command] = {}
        self._names: dict[str, Command] = {}

    def command(
        self,
        name: str,
        *aliases: str,
        usage: str = "",
        group: str,
        candidates: Candidates | None = None,
        takes_files: bool = False,
        several: bool = False,
    ) -> Callable[[Action], Action]:
        """Declare the decorated function as the command `name`; it gets the desk and the rest of the line."""

        def declare(action: Action) -> Action:
            if not inspect.getdoc(action):
                raise TypeError(f"{name} says nothing about itself")
            if group not in self.groups:
                raise TypeError(f"{name} is in no group that exists")
            command = Command(name, aliases, usage, group, action, candidates, takes_files, several)
            for word in (name, *aliases):
                if word in self._names:
                    raise TypeError(f"{word} is declared twice")
                self._names[word] = command
            self._commands[name] = command
            return action

        return declare

    def __iter__(self) -> Iterator[Command]:
        """Group by group."""
        return iter(sorted(self._commands.values(), key=lambda one: self.groups.index(one.group)))

    def find(self, word: str) -> Command:
        """The command of this name, alias, or unambiguous beginning of a name. UsageError with the nearest otherwise."""
        word = word.lower()
        if word in self._names:
            return self._names[word]
        begun = [command for command in self if command.name.startswith(word)]
        if len(begun) == 1:
            return begun[0]
        meant = begun or [self._names[name] for name in nearest(word, self._names)]
        near = list(dict.fromkeys(command.name for command in meant))
        question = f"Did you mean {_either(near)}? " if near else ""
        raise UsageError(
            f"There is no command {clean_line(word, LONGEST)}.",
            hint=f"{question}/help lists them all; start with // to send it as text.",
        )


def split_command(line: str) -> tuple[str, str] | None:
    """A typed line as (command word, the rest), or None when it is a message.

    `/word` and `/word rest` are commands; `/usr/bin`, `/* c */` and `//word` are not; `/` alone asks for help. The rest
    keeps its inner white space: a pasted persona holds newlines.
    """
    found = _COMMAND.match(line)
    return (f"/{found[1] or 'help'}", line[found.end() :].strip()) if found else None


def shell_line(line: str) -> bool:
    """Whether it is a command of the shell: one line behind a `!`. More lines are a text that begins like that."""
    return line.startswith("!") and "\n" not in line.strip() and bool(line.strip("! \n"))


def message_of(line: str) -> str:
    """What a line that is no command says: `//word` is a way to write `/word`, ` !word` one to write `!word`."""
    escaped = line.startswith("//") or (line.startswith(" ") and shell_line(line.lstrip(" ")))
    return line[1:] if escaped else line


def line_of(message: str) -> str:
    """How a message is typed: what would be read as something else gets its second slash, or another space."""
    if message.startswith("//") or split_command(message):
        return f"/{message}"
    return f" {message}" if shell_line(message.lstrip(" ")) else message


def _either(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
