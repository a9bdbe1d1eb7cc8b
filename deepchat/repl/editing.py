"""Keys that move in the draft and delete by what people see as one character (UAX 29), and those that transpose words; what
else edits is prompt_toolkit's."""

import re
from itertools import islice
from typing import Final

from prompt_toolkit.filters import Filter, emacs_mode, has_selection, vi_insert_mode
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import ALL_KEYS
from wcwidth import grapheme_boundary_before, iter_graphemes

_WORD: Final = re.compile(r"\w+")

# Keys that prompt_toolkit tells apart and has no use for: it would write what the terminal sent for them into the draft.
_IDLE: Final = re.compile(
    r"s-escape|c-f\d+|c-(s-)?\d|(c-s-|c-|s-)page(up|down)|c-s-(up|down|insert|delete)"
)


def bind(keys: KeyBindings, when: Filter, typed: Filter) -> None:
    """Add them; `typed`: something is."""
    inserting = when & ~has_selection & (emacs_mode | vi_insert_mode)

    for key in filter(_IDLE.fullmatch, ALL_KEYS):
        keys.add(key)(_nothing)

    @keys.add("left", filter=inserting)
    @keys.add("c-b", filter=inserting & emacs_mode)
    def _left(event: KeyPressEvent) -> None:
        _move(event, -event.arg)

    @keys.add("right", filter=inserting)
    @keys.add("c-f", filter=inserting & emacs_mode)
    def _right(event: KeyPressEvent) -> None:
        _move(event, event.arg)

    @keys.add("backspace", filter=inserting, save_before=_is_first)
    def _before(event: KeyPressEvent) -> None:
        _delete(event, -event.arg)

    @keys.add("delete", filter=inserting, save_before=_is_first)
    @keys.add("c-d", filter=inserting & emacs_mode & typed, save_before=_is_first)
    def _behind(event: KeyPressEvent) -> None:
        _delete(event, event.arg)

    @keys.add("escape", "t", filter=inserting & emacs_mode)
    def _transpose(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        text, end = transposed(buffer.text, buffer.cursor_position)
        buffer.text = text
        buffer.cursor_position = end


def _nothing(event: KeyPressEvent) -> None:
    """What is bound later goes before it."""


def past(text: str, at: int, count: int) -> int:
    """Where one is so many characters on from there, as people count them, or, negative, back."""
    if count >= 0:
        return at + sum(map(len, islice(iter_graphemes(text, at), count)))
    for _ in range(min(-count, at)):
        at = grapheme_boundary_before(text, at)
    return at


def transposed(text: str, at: int) -> tuple[str, int]:
    """The text with the word there, or else the next or the last, before the one before it; and where the two end."""
    words = list(_WORD.finditer(text))
    second = next((n for n, word in enumerate(words) if word.end() > at), len(words) - 1)
    if second < 1:
        return text, at
    one, other = words[second - 1], words[second]
    between = text[one.end() : other.start()]
    swapped = other[0] + between + one[0]
    return text[: one.start()] + swapped + text[other.end() :], other.end()


def _is_first(event: KeyPressEvent) -> bool:
    """What a key does that is held down is undone at once."""
    return not event.is_repeat


def _move(event: KeyPressEvent, count: int) -> None:
    """Within the line."""
    document = event.current_buffer.document
    column = document.cursor_position_col
    moved = past(document.current_line, column, count) - column
    event.current_buffer.cursor_position += moved


def _delete(event: KeyPressEvent, count: int) -> None:
    buffer = event.current_buffer
    at = buffer.cursor_position
    end = past(buffer.text, at, count)
    buffer.delete(end - at) if end > at else buffer.delete_before_cursor(at - end)
