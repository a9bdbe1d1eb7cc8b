"""The user's own editor for a text: $VISUAL, else $EDITOR, on a file that only they can read."""

import asyncio
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from deepchat.errors import UsageError
from deepchat.text import clean_line, mend

_KEPT: Final = "The draft stands as it was."
_CHOOSE: Final = "EDITOR names the one to use, such as EDITOR=nano."

# How long an editor may take to end when it is asked to.
GRACE_S: Final = 0.2


async def edit(text: str, environ: Mapping[str, str]) -> str:
    """The text as it was saved, without one newline at its end. Waits until the editor ends; cancelled, it ends it.

    UsageError when there is no editor, or it ends by itself with another code than 0.
    """
    command = _command(environ)
    with tempfile.TemporaryDirectory(prefix="deepchat-") as folder:  # 0700
        path = Path(folder) / "message.md"
        path.write_bytes(mend(text).encode())
        with suppress(
            asyncio.CancelledError
        ):  # the terminal is to be left: the text goes where drafts do
            await _run(command, path)
        try:
            saved = path.read_bytes().decode(errors="replace")
        except OSError as error:
            raise UsageError(
                f"The file is gone that {command[0]} was given: {error.strerror}.", hint=_KEPT
            ) from error
    return mend(saved).replace("\r\n", "\n").removesuffix("\n")


def _command(environ: Mapping[str, str]) -> list[str]:
    wanted = environ.get("VISUAL") or environ.get("EDITOR") or _usual(environ)
    try:
        command = shlex.split(wanted, posix=sys.platform != "win32")
    except ValueError:
        command = []
    if not command or not shutil.which(command[0], path=environ.get("PATH")):
        raise UsageError(f"There is no editor {clean_line(wanted) or 'here'}.", hint=_CHOOSE)
    return command


def _usual(environ: Mapping[str, str]) -> str:
    if sys.platform == "win32":
        return "notepad"
    known = ("editor", "nano", "vim", "vi")
    return next((name for name in known if shutil.which(name, path=environ.get("PATH"))), "")


async def _run(command: list[str], path: Path) -> None:
    try:
        process = await asyncio.create_subprocess_exec(*command, os.fspath(path))
    except OSError as error:
        raise UsageError(
            f"{clean_line(command[0])} cannot be started: {error.strerror}.", hint=_CHOOSE
        ) from error
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        await _end(process)
        raise
    if code:
        raise UsageError(f"{clean_line(command[0])} ended with code {code}.", hint=_KEPT)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask it to end, then make it."""
    for how in (process.terminate, process.kill):
        with suppress(ProcessLookupError, TimeoutError):
            how()
            await asyncio.wait_for(process.wait(), GRACE_S)
            return
