"""Small phrases that several commands say."""

import difflib
from collections.abc import Iterable


def count(number: int, noun: str) -> str:
    """`1 turn`, `2 turns`, `no turns`."""
    return f"{number or 'no'} {noun if number == 1 else noun + 's'}"


def nearest(word: str, known: Iterable[str], otherwise: str) -> str:
    """A hint with the known names that look like this one, or `otherwise`."""
    close = difflib.get_close_matches(word, list(known), n=3, cutoff=0.5)
    return f"Did you mean {', '.join(close)}? {otherwise}" if close else otherwise
