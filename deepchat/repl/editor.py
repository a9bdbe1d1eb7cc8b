"""The user's own editor for a text: $VISUAL, else $EDITOR, on a file that only they can read."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from deepchat.errors import UsageError
from deepchat.repl import lending
from deepchat.text import clean_line, mend

_KEPT: Final = "Nothing was changed."
_CHOOSE: Final = "EDITOR names the one to use, such as EDITOR=nano."


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
    command = lending.found(wanted, environ)
    if not command:
        raise UsageError(f"There is no editor {clean_line(wanted) or 'here'}.", hint=_CHOOSE)
    return command


def _usual(environ: Mapping[str, str]) -> str:
    if sys.platform == "win32":
        return "notepad"
    return lending.first(("editor", "nano", "vim", "vi"), environ)


async def _run(command: list[str], path: Path) -> None:
    code = await lending.run([*command, os.fspath(path)], hint=_CHOOSE)
    if code:
        raise UsageError(f"{clean_line(command[0])} ended with code {code}.", hint=_KEPT)
