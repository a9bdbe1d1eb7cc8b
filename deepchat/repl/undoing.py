"""What was changed in a draft, in steps that undo takes back: a word where one types, else what one key did. Pure: whose
keys these are, and where the draft stands, is not known here."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# Characters that the steps of one draft may hold, however long the draft is; the last step is kept whatever it holds.
LARGEST: Final = 4 << 20

# Characters of a step where no blank divides words.
LONGEST: Final = 40


# Where a character comes from.
TYPED: Final = "t"
PASTED: Final = "p"


@dataclass(frozen=True, slots=True)
class Part:
    """Characters of a draft, and of each whether it was typed or pasted."""

    text: str = ""
    origins: str = ""

    def __len__(self) -> int:
        return len(self.text)

    def __add__(self, other: "Part") -> "Part":
        return Part(self.text + other.text, self.origins + other.origins)

    def cut(self, start: int, end: int | None = None) -> "Part":
        """What stands from there to there, or to the end."""
        return Part(self.text[start:end], self.origins[start:end])


@dataclass(frozen=True, slots=True)
class Change:
    """Where `gone` stood, `come` does now."""

    at: int
    gone: Part
    come: Part

    def __len__(self) -> int:
        return len(self.gone) + len(self.come)

    def done(self, draft: Part) -> Part:
        """The draft after it."""
        return draft.cut(0, self.at) + self.come + draft.cut(self.at + len(self.gone))

    @property
    def reversed(self) -> "Change":
        return Change(self.at, self.come, self.gone)

    @property
    def is_small(self) -> bool:
        """Whether it is a part of a word that is typed or deleted. A single character that is pasted may be a fold."""
        return len(self.gone) <= 1 and len(self.come) <= 1 and self.come.origins != PASTED


@dataclass(frozen=True, slots=True)
class _Step:
    cursor: int  # before it
    changes: tuple[Change, ...]
    grows: bool = False  # a word that is being typed or deleted

    def __len__(self) -> int:
        return sum(map(len, self.changes))


class Undoing:
    """The steps of one draft; its length is that of the texts in them."""

    def __init__(self) -> None:
        self._done: deque[_Step] = deque()
        self._undone: list[_Step] = []
        self._size = 0
        self._begun: int | None = None

    def __len__(self) -> int:
        return self._size

    def begin(self, cursor: int) -> None:
        """A key was pressed: what it changes is another step, but for a word that goes on."""
        self._begun = cursor

    def add(self, change: Change) -> None:
        """Note what was changed, if it was; what was undone before cannot be redone any more."""
        if change.gone == change.come:
            return
        for step in self._undone:
            self._size -= len(step)
        self._undone.clear()
        self._size += len(change)
        last = self._done[-1] if self._done else _Step(0, ())
        whole = _joined(last.changes[0], change) if last.grows and change.is_small else None
        if self._begun is None and last.changes:
            self._done[-1] = _Step(last.cursor, (*last.changes, change))
        elif whole:
            self._done[-1] = _Step(last.cursor, (whole,), grows=len(whole) < LONGEST)
        else:
            cursor = change.at + len(change.gone) if self._begun is None else self._begun
            self._done.append(_Step(cursor, (change,), grows=change.is_small))
        self._begun = None
        while self._size > LARGEST and len(self._done) > 1:
            self._size -= len(self._done.popleft())

    def undo(self, draft: Part) -> tuple[Part, int] | None:
        """The draft before the last step, and where the cursor was; None when nothing is left to undo."""
        if not self._done:
            return None
        step = self._done.pop()
        self._undone.append(step)
        backwards = [change.reversed for change in reversed(step.changes)]
        return _after(draft, backwards), step.cursor

    def redo(self, draft: Part) -> tuple[Part, int] | None:
        """The draft after the step that was undone last, and a place for the cursor; None when there is none."""
        if not self._undone:
            return None
        step = self._undone.pop()
        self._done.append(step)
        return _after(draft, step.changes), step.changes[-1].at + len(step.changes[-1].come)


def _after(draft: Part, changes: Iterable[Change]) -> Part:
    for change in changes:
        draft = change.done(draft)
    return draft


def _joined(word: Change, change: Change) -> Change | None:
    """Both as one, where the small change goes on with the word that was typed or deleted; else None."""
    gone, come = word.gone, word.come
    if change.come and change.at == word.at + len(come) and _is_one_word(come, change.come):
        return Change(word.at, gone + change.gone, come + change.come)
    if change.come or come:
        return None
    if change.at == word.at and _is_one_word(gone, change.gone):
        return Change(word.at, gone + change.gone, Part())
    if change.at + 1 == word.at and _is_one_word(change.gone, gone):
        return Change(change.at, change.gone + gone, Part())
    return None


def _is_one_word(one: Part, other: Part) -> bool:
    """Whether no word ends between these: one ends behind its blanks, and where what was pasted begins."""
    is_parted = one.text[-1:].isspace() and not other.text[:1].isspace()
    return not is_parted and one.origins[-1:] == other.origins[:1]
