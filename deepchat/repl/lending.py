"""Another program in our terminal: started, waited for, and ended when its user leaves. Whose turn it is, is `terminal`'s
business."""

import asyncio
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from deepchat.errors import UsageError
from deepchat.text import clean_line

# How long a program may take to end when it is asked to.
GRACE_S: Final = 0.2


def found(wanted: str, environ: Mapping[str, str]) -> list[str]:
    """A command line as words, when its program is there; else []."""
    try:
        command = shlex.split(wanted, posix=sys.platform != "win32")
    except ValueError:
        return []
    is_there = command and shutil.which(command[0], path=environ.get("PATH"))
    return command if is_there else []


def first(names: Sequence[str], environ: Mapping[str, str]) -> str:
    """The first of these programs that is there; "" for none."""
    return next((name for name in names if shutil.which(name, path=environ.get("PATH"))), "")


async def run(
    command: Sequence[str], *, hint: str = "", environ: Mapping[str, str] | None = None
) -> int:
    """The code it ends with; cancelled, it is ended. UsageError, with this hint, when it cannot be started."""
    try:
        process = await asyncio.create_subprocess_exec(*command, env=environ)
    except OSError as error:
        raise UsageError(
            f"{clean_line(command[0])} cannot be started: {error.strerror}.", hint=hint
        ) from error
    try:
        return await process.wait()
    except asyncio.CancelledError:
        await _end(process)
        raise


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask it to end, then make it."""
    for how in (process.terminate, process.kill):
        with suppress(ProcessLookupError, TimeoutError):
            how()
            await asyncio.wait_for(process.wait(), GRACE_S)
            return
