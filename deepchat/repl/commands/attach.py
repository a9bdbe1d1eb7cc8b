"""Commands about what goes along with the next message."""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from deepchat import context
from deepchat.attach import changes, finding, naming, reading
from deepchat.attach.reading import Found
from deepchat.conversation import TEXT, Attachment
from deepchat.errors import NotAttached, UsageError
from deepchat.repl import clipboard
from deepchat.repl.aside import aside
from deepchat.repl.commands import COMMANDS
from deepchat.repl.needs import Choice, Desk
from deepchat.repl.words import count
from deepchat.text import clean_line

GROUP = "Attachments"

# Files left out of a pattern's that are named.
NAMED: Final = 3


@COMMANDS.command("/file", "/add", "/attach", usage="path…", group=GROUP, takes_files=True)
async def file(desk: Desk, text: str) -> None:
    """Attach files to the next message: texts, parts of them, pictures; `@path` in a message does the same.

    `/file main.py#L10-20` attaches these lines, `/file src/**/*.py` what fits the pattern: hidden files only where it
    names the dot, and at most 50. A name with spaces is quoted.
    """
    if not text:
        raise UsageError("/file wants the name of a file.", hint="/file notes.txt")
    for word in [text] if reading.is_file(text) else naming.words(text):
        meant = reading.meant(naming.meanings(word))
        if meant is None and finding.is_pattern(word):
            await _attach_matching(desk, word)
        else:
            named = meant or naming.meanings(word)[-1]
            desk.attach([await aside(partial(reading.read, *named))])


async def _attach_matching(desk: Desk, pattern: str) -> None:
    names, more = await aside(lambda: finding.matching(pattern))
    if not names:
        raise NotAttached(
            f"No file fits {clean_line(pattern)}.",
            hint="Hidden files fit only where it names the dot.",
        )
    found, refused = await aside(lambda: _read_each(names))
    desk.attach(found)
    if refused:
        named = " ".join(str(error) for error in refused[:NAMED])
        rest = f" And {len(refused) - NAMED} more." if len(refused) > NAMED else ""
        desk.page.notice(f"Left out: {named}{rest}")
    if more:
        desk.page.notice(f"{count(len(names), 'file')} are the most; {more} more would fit.")


def _read_each(names: Sequence[str]) -> tuple[list[Found], list[NotAttached]]:
    found, refused = [], []
    for name in names:
        try:
            found.append(reading.read(name))
        except NotAttached as error:
            refused.append(error)
    return found, refused


@COMMANDS.command("/image", usage="path | url", group=GROUP, takes_files=True)
def image(desk: Desk, text: str) -> None:
    """Attach a picture to the next message: a PNG, JPEG, GIF or WebP file, or a web address that the server fetches."""
    if not text:
        raise UsageError("/image wants a file or a web address.", hint="/image cat.png")
    if "://" in text and not text.startswith("file:"):
        desk.attach([Found(reading.address(text))])
        return
    [name] = names if len(names := [*naming.dropped(text)] or naming.words(text)) == 1 else [text]
    found = reading.read(name)
    if not found.attachment.is_picture:
        raise NotAttached(f"{clean_line(name)} is no picture.", hint="/file attaches texts.")
    desk.attach([found])


def _files_sent(desk: Desk) -> Iterator[Choice]:
    for each in changes.texts(desk.chat.conversation.path()):
        yield Choice(each.name, each.name)


@COMMANDS.command("/changes", usage="[path]", group=GROUP, candidates=_files_sent)
def changed(desk: Desk, text: str) -> None:
    """Attach what has changed in a file since it was sent, as a diff; alone, in all files that were."""
    sent = [each for each in changes.texts(desk.chat.conversation.path()) if _is(each, text)]
    if not sent:
        what = f"{clean_line(text)} was not sent" if text else "No text file was sent"
        raise UsageError(f"{what} in this chat.", hint="/file sends one.")
    found = []
    for each in sent:
        try:
            found.append(changes.difference(each))
        except NotAttached as error:
            desk.page.notice(str(error))
    desk.attach(found)


def _is(sent: Attachment, name: str) -> bool:
    return not name or name == sent.name or str(reading.located(name)) == sent.path


@COMMANDS.command("/paste", group=GROUP)
async def paste(desk: Desk, text: str) -> None:
    """Attach the text in the clipboard to the next message."""
    pasted = await aside(partial(clipboard.paste, os.environ))
    desk.attach([Found(Attachment("clipboard", TEXT, pasted.encode("utf-8", "replace")))])


def _waiting(desk: Desk) -> Iterator[Choice]:
    for number, each in enumerate(desk.waiting.attachments, start=1):
        yield Choice(str(number), str(number), context.called(each))


@COMMANDS.command("/attachments", "/attached", group=GROUP)
def attachments(desk: Desk, text: str) -> None:
    """List what will go along with the next message."""
    if not desk.waiting.attachments:
        raise NotAttached("Nothing is attached.", hint="/file PATH or @PATH attaches a file.")
    desk.page.pairs(
        [
            (str(number), " · ".join(context.described(each)))
            for number, each in enumerate(desk.waiting.attachments, start=1)
        ]
    )


@COMMANDS.command("/detach", usage="[n]", group=GROUP, candidates=_waiting)
def detach(desk: Desk, text: str) -> None:
    """Take attachment n away again; alone, all of them."""
    if text and not text.isdecimal():
        raise UsageError("/detach wants a number.", hint="/detach 1, or /detach for all.")
    gone = desk.waiting.detach(int(text) if text else None)
    desk.page.notice(f"Not attached any more: {', '.join(map(context.called, gone))}.")
