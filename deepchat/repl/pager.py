"""The user's own pager for a text that is drawn: $PAGER, else less or more, on a file that only they can read."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deepchat.errors import UsageError
from deepchat.repl import lending
from deepchat.text import clean_line

_CHOOSE: Final = "PAGER names the one to use, such as PAGER=less."

# less shows colours when it is told to; who has set LESS knows better.
_LESS: Final = {"LESS": "-R"}


async def show(text: str, environ: Mapping[str, str]) -> None:
    """Let the pager show it; waits until that ends, and cancelled, ends it. UsageError when there is none."""
    wanted = environ.get("PAGER") or lending.first(("less", "more"), environ)
    command = lending.found(wanted, environ)
    if not command:
        raise UsageError(f"There is no pager {clean_line(wanted) or 'here'}.", hint=_CHOOSE)
    with tempfile.TemporaryDirectory(prefix="deepchat-") as folder:  # 0700
        path = Path(folder) / "chat.txt"
        path.write_bytes(text.encode("utf-8", "replace"))
        await lending.run([*command, os.fspath(path)], hint=_CHOOSE, environ={**_LESS, **environ})
