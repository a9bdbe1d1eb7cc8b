"""Which files there are: those that fit a pattern, and those that a name begun in a draft may become."""

import glob
import os
from collections.abc import Iterator
from itertools import islice
from typing import Final

from deepchat.attach.reading import is_file, located
from deepchat.fuzzy import ranked
from deepchat.text import clean_line

MOST: Final = 50

# A pattern may lead anywhere; a folder may hold anything, and is read while keys are pressed.
_LOOKED_AT: Final = 100_000
_READ: Final = 2_000
_OFFERED: Final = 100


def is_pattern(name: str) -> bool:
    return glob.has_magic(name)


def matching(pattern: str) -> tuple[list[str], int]:
    """The first fifty files that fit a pattern, by name, and how many more there are. `**` is any number of folders;
    hidden files fit only a pattern that names the dot. May take its time."""
    if "\x00" in pattern:
        return [], 0
    expanded = os.path.expanduser(pattern)  # noqa: PTH111  a pattern is no path
    every = glob.iglob(expanded, recursive=True)  # noqa: PTH207  Path's takes hidden files for `*`
    found = islice(every, _LOOKED_AT)
    files = sorted(name for name in found if is_file(name))
    return files[:MOST], len(files) - len(files[:MOST])


def offered(typed: str) -> list[str]:
    """What a name begun like this may become, the likeliest first; folders end in a slash.

    Hidden files fit when its last part begins with a dot. However large the folder, 2,000 of its entries are read.
    """
    head, slash, stem = typed.rpartition("/")
    try:
        with os.scandir(located(head + slash)) as entries:
            names = sorted(_names(entries, hidden=stem.startswith(".")), key=str.casefold)
    except (OSError, ValueError):
        return []
    return [f"{head}{slash}{name}" for name in ranked(stem, names, str)[:_OFFERED]]


def _names(entries: Iterator[os.DirEntry[str]], *, hidden: bool) -> Iterator[str]:
    for entry in islice(entries, _READ):
        if entry.name.startswith(".") and not hidden:
            continue
        # A name that has to be cleaned to be shown would not be the one that is inserted.
        if clean_line(entry.name) == entry.name:
            yield entry.name + ("/" if _is_folder(entry) else "")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself; the others are offered all the same
        return False
