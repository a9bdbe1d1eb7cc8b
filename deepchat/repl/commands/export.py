"""`/export`: this chat into a file."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from deepchat import files
from deepchat.errors import UsageError
from deepchat.repl.commands import COMMANDS
from deepchat.repl.needs import Desk, Part
from deepchat.repl.words import count

# What a title becomes in the name of a file.
_UNFIT: Final = re.compile(r"[^\w.-]+")
_LONGEST: Final = 60

_RANGE: Final = re.compile(r"(\d+)(?:-(\d*))?")


@COMMANDS.command(
    "/export",
    usage="[file] [options]",
    group="Sessions",
    takes_files=True,
)
def export(desk: Desk, text: str) -> None:
    """Write this chat to a file, as .md, .txt, .html, .json or .jsonl; alone, as markdown, named after its title.

    `--last n` only the last exchanges, `--turns 4-9` only these, `--code` only the code blocks, `--reasoning` the thinking,
    too, `--redact` with keys and tokens masked, `--force` in place of a file that exists. JSON has all branches, and what
    is attached; `deepchat sessions import` reads it.
    """
    name, part, force = _read(text)
    session = desk.chat.session
    path = Path(name or ".").expanduser()
    if path.is_dir():
        path /= _named(session.title)
    content = desk.exported(path.name, session, desk.chat.so_far, part)
    files.write(path, content, force=force)
    desk.page.notice(f"Wrote {count(content.count(chr(10)), 'line')} to {path}.")


def _read(text: str) -> tuple[str, Part, bool]:
    """The file's name, what is wanted, and whether a file may be replaced. UsageError for what is no option."""
    words = text.split(" ")
    name: list[str] = []
    part, force = Part(), False
    while words:
        word = words.pop(0)
        if word == "--force":
            force = True
        elif word in ("--code", "--reasoning", "--redact"):
            part = replace(part, **{word.removeprefix("--"): True})
        elif word in ("--last", "--turns"):
            part = _bounded(part, word, words.pop(0) if words else "")
        elif word.startswith("--"):
            raise UsageError(
                f"/export does not know {word}.", hint="/help export lists what it knows."
            )
        else:
            name.append(word)
    return " ".join(name).strip(), part, force


def _bounded(part: Part, option: str, value: str) -> Part:
    if option == "--turns":
        first, last = bounds(value)
        return replace(part, first=first, last=last)
    if not value.isdecimal() or not int(value):
        raise UsageError("--last wants a number.", hint="--last 3 takes the last three turns.")
    return replace(part, newest=int(value))


def bounds(turns: str) -> tuple[int, int | None]:
    """The first and the last of turns written as `4`, `4-9` or `4-`. UsageError for anything else."""
    found = _RANGE.fullmatch(turns)
    if not found or not int(found[1]):
        raise UsageError("--turns wants numbers.", hint="--turns 4-9, --turns 4 or --turns 4-.")
    last = found[1] if found[2] is None else found[2]
    return int(found[1]), int(last) if last else None


def _named(title: str) -> str:
    stem = _UNFIT.sub("-", title).strip("-.").lower()[:_LONGEST].rstrip("-.")
    return f"{stem or 'chat'}.md"
