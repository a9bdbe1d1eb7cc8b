"""What happens to a failure of deepchat itself: one line for the user, the traceback in a log, the key in neither."""

import traceback
from pathlib import Path

from deepchat.config import private_dir
from deepchat.errors import ConfigError, DeepchatError
from deepchat.files import append
from deepchat.secret import Secret
from deepchat.text import clean


class Bug(DeepchatError):
    """deepchat itself broke. `traceback` is redacted."""

    traceback = ""

    @classmethod
    def of(
        cls, error: BaseException, *, log: Path | None = None, key: Secret | None = None
    ) -> "Bug":
        """Log this exception, where there is a place for it, and put it in words."""
        told = "".join(traceback.format_exception(error))
        if key:
            told = key.redact(told)
        told = clean(told)  # a log is read in a terminal as well
        where = _log(told, log) if log else None
        hint = f"The details are in {where}." if where else "--debug shows the details."
        bug = cls(f"deepchat itself broke ({type(error).__name__}).", hint=hint)
        bug.traceback = told
        return bug


def _log(text: str, path: Path) -> Path | None:
    """Append to the log, which only the user can read; None when the disk refuses."""
    try:
        private_dir(path.parent)
        append(path, f"{text}\n")
    except (OSError, ConfigError):
        return None
    return path
