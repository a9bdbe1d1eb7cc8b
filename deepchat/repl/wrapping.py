"""Rows of the draft end between words: prompt_toolkit breaks a line wherever the row is full."""

import re
from collections.abc import Iterator
from typing import Final

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.formatted_text.utils import fragment_list_to_text
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.utils import get_cwidth

from deepchat.repl.composer import MARK
from deepchat.repl.marks import shown_as

# A longer line is text that was pasted, and would be measured anew at every key.
LONGEST: Final = 10_000

GHOST: Final = "class:auto-suggestion"

# Scripts written without spaces: a row may end between any two of their characters.
_FREE: Final = "\u2e80-\ufffd\U00020000-\U0003ffff"
_WORDS: Final = re.compile(rf"(?:[{_FREE}]|[^\s{_FREE}]+)\s?|\s")


class Words(Processor):
    """Fills up a row in which the next word has no room, so that it begins the next one. The draft itself is not changed."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """One line of the draft, as it is shown so far."""
        line = transformation_input.fragments
        columns = transformation_input.width - len(MARK)
        return shown_as(line, filled(fragment_list_to_text(line), _typed(line), columns))


def filled(text: str, typed: int, columns: int) -> dict[int, str]:
    """What to show for characters behind which a row of so many cells is filled up. What is behind the first `typed`
    ones does not move them."""
    if columns < 1 or len(text) > LONGEST or get_cwidth(text) <= columns:
        return {}
    shown, cell = {}, 0
    for start, word in _words(text, typed):
        width, room = get_cwidth(word), columns - cell
        if 0 < room < width <= columns:
            shown[start - 1] = text[start - 1] + " " * room
            cell = 0
        cell = _end(word, cell, columns)
    return shown


def _words(text: str, typed: int) -> Iterator[tuple[int, str]]:
    """Each with the space behind it, and where it starts."""
    for start, end in ((0, typed), (typed, len(text))):
        for word in _WORDS.finditer(text, start, end):
            yield word.start(), word[0]


def _end(word: str, cell: int, columns: int) -> int:
    """The cell behind a word that begins at this one."""
    for char in word:
        width = get_cwidth(char)
        cell = width if cell + width > columns else cell + width
    return cell


def _typed(line: StyleAndTextTuples) -> int:
    return sum(len(part[1]) for part in line if GHOST not in part[0])
