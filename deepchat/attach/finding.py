"""Which files there are: those that fit a pattern, and those that a name begun in a draft may become."""

import glob
import os
from collections.abc import Iterator
from itertools import islice
from typing import Final

from deepchat.attach.reading import is_file, located
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

    The letters of its last part have to occur in that order. Hidden files fit when it begins with a dot. However large
    the folder, 2,000 of its entries are read.
    """
    head, slash, stem = typed.rpartition("/")
    try:
        with os.scandir(located(head + slash)) as entries:
            fitting = list(_fitting(entries, stem.casefold()))
    except (OSError, ValueError):
        return []
    return [f"{head}{slash}{name}" for *_, name in sorted(fitting)[:_OFFERED]]


def _fitting(
    entries: Iterator[os.DirEntry[str]], stem: str
) -> Iterator[tuple[bool, bool, str, str]]:
    """Each name, behind what it is sorted by."""
    for entry in islice(entries, _READ):
        name, folded = entry.name, entry.name.casefold()
        if name.startswith(".") and not stem.startswith("."):
            continue
        # A name that has to be cleaned to be shown would not be the one that is inserted.
        if _is_within(stem, folded) and clean_line(name) == name:
            slash = "/" if entry.is_dir() else ""
            yield not folded.startswith(stem), stem not in folded, folded, name + slash


def _is_within(letters: str, name: str) -> bool:
    """Whether the letters occur in the name in this order."""
    rest = iter(name)
    return all(letter in rest for letter in letters)
