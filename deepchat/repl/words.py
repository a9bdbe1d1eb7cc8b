"""Small phrases that several commands say."""

from collections.abc import Iterable

from deepchat.fuzzy import nearest


def count(number: int, noun: str) -> str:
    """`1 turn`, `2 turns`, `no turns`."""
    return f"{number or 'no'} {noun if number == 1 else noun + 's'}"


def meant(word: str, known: Iterable[str], otherwise: str) -> str:
    """A hint with the known names that look like this one, and `otherwise`."""
    close = nearest(word, known)
    return f"Did you mean {', '.join(close)}? {otherwise}" if close else otherwise
