"""Stored chats out into files, and in from files, from the shell."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepchat import files
from deepchat.cli.exporting import Exporter
from deepchat.cli.saying import say
from deepchat.config import Settings
from deepchat.errors import StoreError, UsageError
from deepchat.render.codes import code_blocks
from deepchat.repl.commands.export import bounds
from deepchat.repl.needs import Part
from deepchat.repl.words import count
from deepchat.store.sessions import Store
from deepchat.transfer import importing, records
from deepchat.transfer.export import format_of
from deepchat.transfer.selection import masked

STDOUT = "-"


@dataclass(frozen=True, slots=True)
class Export:
    """The options of `sessions export`, as they were given."""

    every: bool
    newest: int | None
    turns: str | None
    code: bool
    reasoning: bool
    redact: bool
    force: bool


def export(settings: Settings, store: Store, words: list[str], options: Export) -> int:
    """Write one chat, or all of them, to the file that the last word names."""
    *words, name = words
    if options.every:
        if words:
            raise UsageError("--all takes nothing but a file.")
        content = _all(settings, store, name, options)
    else:
        content = iter([_one(settings, store, " ".join(words), name, options)])
    if name == STDOUT:
        sys.stdout.reconfigure(newline="")  # type: ignore[union-attr]  # a text stream
        for part in content:
            sys.stdout.write(part)
        return 0
    whole = "".join(content)
    files.write(Path(name), whole, force=options.force)
    say(f"Wrote {count(whole.count(chr(10)), 'line')} to {name}.")
    return 0


def _one(settings: Settings, store: Store, query: str, name: str, options: Export) -> str:
    found = store.find(query, limit=1)
    if not found:
        raise UsageError(
            f"No chat fits “{query}”." if query else "No chat is stored yet.",
            hint="deepchat sessions lists them.",
        )
    first, last = bounds(options.turns) if options.turns else (None, None)
    part = Part(first, last, options.newest, options.code, options.reasoning, options.redact)
    exporter = Exporter(settings, code_blocks)
    return exporter("chat.md" if name == STDOUT else name, *store.load(found[0].id), part)


def _all(settings: Settings, store: Store, name: str, options: Export) -> Iterator[str]:
    """All chats, those in the trash apart: line by line, or, as .json, in one piece."""
    if any((options.newest, options.turns, options.code)):
        raise UsageError("--all takes whole chats.")
    suffix = ".jsonl" if name == STDOUT else format_of(name)
    if suffix not in (".json", ".jsonl"):
        raise UsageError("All chats go into .json or .jsonl.")
    sessions = (store.load(id_) for id_ in store.ids())
    if options.redact:
        hide = Exporter(settings, code_blocks).hide
        sessions = (masked(*one, hide) for one in sessions)
    if suffix == ".jsonl":
        return (records.line(*one) for one in sessions)
    return iter([records.document(list(sessions))])


def take_in(store: Store, paths: Sequence[Path]) -> int:
    """Take in what these files hold; the exit code is 1 where a chat could not be."""
    refused = 0
    for path in paths:
        refused += _take_in(store, path)
    return 1 if refused else 0


def _take_in(store: Store, path: Path) -> int:
    """One file, and what it brought; how many of its chats were refused."""
    found = importing.read(path)
    new = grown = messages = refused = total = 0
    for session, conversation in found.sessions:
        total += 1
        try:
            taken = store.take_in(session, conversation)
        except StoreError as error:
            say(f"“{session.title}” was left out: {error} {error.hint}")
            refused += 1
            continue
        new += taken.new
        grown += not taken.new and taken.messages > 0
        messages += taken.messages
    same = total - new - grown - refused
    say(
        f"{path}: {count(new, 'new chat')}, {grown} with something new, {same} as they were; "
        f"{count(messages, 'message')} added."
    )
    _tell_left_out(found.left_out)
    return refused


def _tell_left_out(left_out: Counter[str]) -> None:
    named = ", ".join(f"{number} × {what}" for what, number in left_out.most_common() if number)
    if named:
        say(f"Left out: {named}.")
