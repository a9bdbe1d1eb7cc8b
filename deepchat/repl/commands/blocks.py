"""Commands about the code blocks of a chat, which are numbered over all its answers: their exact source, out of the chat."""

import os
from collections.abc import Iterator
from pathlib import Path

from deepchat import files
from deepchat.errors import UsageError
from deepchat.repl import shell
from deepchat.repl.commands import COMMANDS
from deepchat.repl.commands.exchanges import said
from deepchat.repl.needs import Choice, Desk, Numbered, Picking
from deepchat.repl.words import count
from deepchat.text import clean_line

GROUP = "Reply"

REPLACE = "Replace it"


def numbers(desk: Desk) -> Iterator[Choice]:
    """What Tab offers for one, the newest first."""
    for one in reversed(_all(desk)):
        about = f"{one.block.info} {_first_line(one)}".strip()
        yield Choice(str(one.number), str(one.number), about)


def chosen_block(desk: Desk, number: str) -> Numbered:
    """The code block of this number. UsageError when there is none."""
    found = _all(desk)
    if not number.isdecimal() or not 1 <= int(number) <= len(found):
        known = f"There are 1 to {len(found)}." if found else "No answer has code."
        raise UsageError(
            f"There is no block {clean_line(number, 20)}.", hint=f"{known} /blocks lists them."
        )
    return found[int(number) - 1]


def _all(desk: Desk) -> list[Numbered]:
    return list(desk.numbering.all(said(desk)))


def _first_line(one: Numbered) -> str:
    lines = (line.strip() for line in one.block.source.split("\n"))
    return next(filter(None, lines), "")


@COMMANDS.command("/blocks", "/code", group=GROUP)
def blocks(desk: Desk, text: str) -> None:
    """List the code blocks of this chat: number, language, lines, the question they answer, how they begin.

    The numbers are those beside them on the screen, and run on over all answers. `/copy`, `/save`, `/pipe` and `/diff` take them.
    """
    found = _all(desk)
    if not found:
        raise UsageError("There is no code in this chat yet.")
    rows = [
        (str(one.number), one.block.info, str(one.block.source.count("\n") + 1), str(one.question),
         _first_line(one))
        for one in found
    ]  # fmt: skip
    desk.page.table(("n", "language", "lines", "question", "begins"), rows)


@COMMANDS.command("/save", usage="n file", group=GROUP, candidates=numbers)
async def save(desk: Desk, text: str) -> None:
    """Write code block n to a file, exactly as it came.

    One that exists is replaced when you say so, or with `--force`, and keeps its mode and its line ends. `/blocks` lists the
    blocks of this chat.
    """
    number, _, name = text.removeprefix("--force ").partition(" ")
    if not number.isdecimal():
        raise UsageError("/save wants a block's number, then a file.", hint="/save 1 script.py")
    path, block = _path(number, name, "/save"), chosen_block(desk, number).block
    force = text.startswith("--force ") or name.endswith(" --force")
    if not force and path.is_file():
        force = await _asked(desk, path)
        if not force:
            desk.page.notice(f"{path} was left alone.")
            return
    files.write(path, files.like(path, f"{block.source}\n"), force=force)
    desk.page.notice(f"Wrote {count(block.source.count(chr(10)) + 1, 'line')} to {path}.")


def _path(number: str, name: str, command: str) -> Path:
    name = name.removesuffix(" --force").strip()
    if not name:
        raise UsageError(f"{command} wants a file, too.", hint=f"{command} {number} script.py")
    return Path(name).expanduser()


async def _asked(desk: Desk, path: Path) -> bool:
    """Whether the user wants to have a file replaced."""
    ways = [Choice("", "Leave it as it is", ""), Choice(REPLACE, REPLACE, str(path))]

    def fitting(typed: str) -> list[Choice]:
        return [one for one in ways if typed.casefold() in one.label.casefold()]

    return await desk.pick(Picking(f"{path} exists", fitting)) == REPLACE


@COMMANDS.command("/pipe", usage="n command", group=GROUP, candidates=numbers)
async def pipe(desk: Desk, text: str) -> None:
    """Give code block n to a command of your shell, exactly as it came: `/pipe 3 python3 -`. What that says is shown."""
    number, _, command = text.partition(" ")
    if not (number.isdecimal() and command.strip()):
        raise UsageError("/pipe wants a block's number, then a command.", hint="/pipe 1 wc -l")
    source = chosen_block(desk, number).block.source
    given = f"{source}\n".encode("utf-8", "surrogatepass")
    ran = await shell.run(command.strip(), os.environ, desk.page.write, given=given)
    desk.page.notice(ran.ending)


def against_file(desk: Desk, number: str, name: str) -> None:
    """Compare code block n with a file. UsageError when one of them is not there."""
    path, block = _path(number, name, "/diff"), chosen_block(desk, number).block
    try:
        there = path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    desk.page.compared((str(path), there), (f"block {number}", block.source))
