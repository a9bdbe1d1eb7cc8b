"""The user's own editor for a text: $VISUAL, else $EDITOR, on a file that only they can read."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deepchat.errors import UsageError
from deepchat.text import clean_line, mend

_KEPT: Final = "The draft stands as it was."
_CHOOSE: Final = "EDITOR names the one to use, such as EDITOR=nano."


def edit(text: str, environ: Mapping[str, str]) -> str:
    """The text as it was saved, without one newline at its end. Waits until the editor ends.

    UsageError when there is no editor, or it ends with another code than 0.
    """
    command = _command(environ)
    with tempfile.TemporaryDirectory(prefix="deepchat-") as folder:  # 0700
        path = Path(folder) / "message.md"
        path.write_bytes(mend(text).encode())
        _run(command, path)
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


def _run(command: list[str], path: Path) -> None:
    try:
        code = subprocess.run([*command, os.fspath(path)], check=False).returncode  # noqa: S603  the user's own
    except OSError as error:
        raise UsageError(
            f"{clean_line(command[0])} cannot be started: {error.strerror}.", hint=_CHOOSE
        ) from error
    if code:
        raise UsageError(f"{clean_line(command[0])} ended with code {code}.", hint=_KEPT)
