"""Which names are meant by a few typed characters, or by a word that is mistyped, and how alike two texts are. Pure."""

from collections.abc import Callable, Iterable
from difflib import SequenceMatcher, get_close_matches
from itertools import takewhile
from typing import Final, TypeVar

Named = TypeVar("Named")

# What a character is worth that follows the one before at once, or begins a word; what a skipped one costs.
_TOGETHER: Final = 6
_BEGINS: Final = 3
_SKIPPED: Final = 0.1

_LONGEST: Final = 200

# Comparing whole words is quadratic, and no name that is meant is longer.
_LONGEST_WORD: Final = 80

# Of two texts that part, so many words are compared: that is quadratic, too.
_WORDS: Final = 1_000


def score(typed: str, name: str) -> float | None:
    """How well it fits, the more the better; None when a word of `typed` does not. In any case, words in any order.

    The characters of a word have to occur in their order: the nearer together and to beginnings, the better.
    """
    folded = name[:_LONGEST].casefold()
    total = 0.0
    for word in typed.casefold().split():
        best = max((_along(word, folded, at) for at in _places(word[0], folded)), default=None)
        if best is None or best == float("-inf"):
            return None
        total += best
    return total


def ranked(typed: str, all_: Iterable[Named], name: Callable[[Named], str]) -> list[Named]:
    """Those that fit, the best first; without anything typed all of them, as they come."""
    scored = [(score(typed, name(one)), one) for one in all_]
    fitting = [(points, one) for points, one in scored if points is not None]
    return [one for _, one in sorted(fitting, key=lambda pair: -pair[0])]


def nearest(word: str, names: Iterable[str]) -> list[str]:
    """Up to three names that look like this word, with or without what stands before a slash, the likeliest first: one
    in which only the order of the letters differs."""
    by_folded = {part: name for name in names for part in _parts(name.casefold())}
    word = word[:_LONGEST_WORD].casefold()
    close = get_close_matches(word, by_folded, n=6)
    close.sort(key=lambda match: sorted(match) != sorted(word))
    return list(dict.fromkeys(by_folded[match] for match in close))[:3]


def _parts(name: str) -> tuple[str, str]:
    return name.rpartition("/")[2], name


def _along(word: str, name: str, start: int) -> float:
    """The worth of finding the word's characters one after the other, the first one at `start`."""
    points, before = 0.0, -1
    at = start
    for char in word:
        at = name.find(char, at)
        if at < 0:
            return float("-inf")
        if at == before + 1 and before >= 0:
            points += _TOGETHER
        elif at == 0 or not name[at - 1].isalnum():
            points += _BEGINS
        else:
            points -= _SKIPPED * (at - before)
        before = at
        at += 1
    return points - _SKIPPED * start


def _places(char: str, name: str) -> Iterable[int]:
    at = name.find(char)
    while at >= 0:
        yield at
        at = name.find(char, at + 1)


def likeness(one: str, other: str) -> float:
    """How alike two texts are: the share of their words that stand in both, in the same order. 1 only for the same words.

    Behind the first word that differs a thousand words are compared; what is longer counts as different.
    """
    words, others = one.split(), other.split()
    if words == others:
        return 1.0
    same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(words, others, strict=False))))
    left, right = words[same : same + _WORDS], others[same : same + _WORDS]
    blocks = SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    return 2 * (same + sum(block.size for block in blocks)) / (len(words) + len(others))
