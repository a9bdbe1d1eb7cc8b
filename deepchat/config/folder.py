"""Folders of texts, one a file, that people write and share: by name, read, written, taken away. What the texts say is not
known here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deepchat.config.file import read
from deepchat.config.paths import private_dir
from deepchat.errors import UsageError
from deepchat.files import write
from deepchat.text import clean_line, mend

# Of two files with one name the first kind counts.
_KINDS: Final = (".md", ".txt")

# Good as the name of a file on every system, and without what a command would read as something else.
_NAME: Final = re.compile(r"\w(?:[\w .-]{0,58}[\w-])?")


@dataclass(frozen=True, slots=True)
class Folder:
    """The files in `path` that are each a `what`: NAME.md, or NAME.txt. Nothing need exist."""

    path: Path
    what: str

    def texts(self) -> tuple[dict[str, str], list[str]]:
        """All of them by name, and a warning for each that cannot be read."""
        found: dict[str, str] = {}
        warnings: list[str] = []
        try:
            files = list(self._files())
        except OSError as error:
            return {}, [f"The {self.what}s in {self.path} were left out: {reason(error)}."]
        for file in files:
            try:
                found.setdefault(mend(file.stem), read(file))
            except (OSError, ValueError) as error:
                warnings.append(f"The {self.what} {file.name} was left out: {reason(error)}.")
        return found, warnings

    def _files(self) -> Iterator[Path]:
        if self.path.exists():
            for file in sorted(self.path.iterdir()):
                if file.suffix in _KINDS and not file.name.startswith("."):
                    yield file

    def file(self, name: str) -> Path:
        """Where the one of this name is, or would be."""
        places = [self.path / f"{name}{kind}" for kind in _KINDS]
        return next((place for place in places if place.exists()), places[0])

    def keep(self, name: str, text: str) -> Path:
        """Write it, in place of the one that is there; where it is. UsageError, ConfigError when that cannot be."""
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"A {self.what} cannot be called {clean_line(name, 40) or 'nothing'}.",
                hint="Letters, digits, spaces, - and . make a name of up to 60 characters.",
            )
        private_dir(self.path)
        place = self.file(name)
        write(place, text, force=True)
        return place

    def drop(self, name: str) -> None:
        """Take the file away. UsageError when that cannot be."""
        try:
            self.file(name).unlink()
        except OSError as error:
            raise UsageError(f"{self.file(name)} cannot be deleted: {error.strerror}.") from error


def reason(error: Exception) -> str:
    """Why a file was left out."""
    return error.strerror or "it cannot be read" if isinstance(error, OSError) else str(error)
