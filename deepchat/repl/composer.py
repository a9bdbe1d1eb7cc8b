"""The draft while it is written: what of it was typed and what pasted, long pastes folded, blocks between `\"\"\"`.

A folded paste is one private-use character in the buffer, so that the cursor, deletion and undo take it as one thing. It
is shown as `[pasted 412 lines]`, and is sent, remembered and edited whole.
"""

import re
from collections import deque
from collections.abc import Iterator
from typing import Final

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.formatted_text.utils import fragment_list_to_text
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput

from deepchat import figures
from deepchat.repl.marks import shown_as
from deepchat.repl.needs import Entry, Spans
from deepchat.repl.words import count

# A paste of more is folded: it would fill the composer.
FOLD_LINES: Final = 20
FOLD_CHARS: Final = 2000

QUOTES: Final = '"""'

# Pastes that are known again when they come back by undo, or after a failed request; short ones are like typing.
_REMEMBERED: Final = 16
_SHORTEST: Final = 4

# The last of Unicode's private-use planes.
_FIRST: Final = 0x100000
_LAST: Final = 0x10FFFD

_TYPED, _PASTED = "t", "p"
_RUNS: Final = re.compile(f"{_TYPED}+|{_PASTED}+")


class Composer:
    """What stands in the buffer."""

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer
        self.folds: dict[str, str] = {}
        self._seen = ""
        self._origins = ""  # of each character of what was seen
        self._pastes: deque[str] = deque(maxlen=_REMEMBERED)
        buffer.on_text_changed += self._follow

    @property
    def text(self) -> str:
        """All of the draft, unfolded."""
        return self._unfolded(self.buffer.text)

    @property
    def block_is_open(self) -> bool:
        """Whether the draft begins a block that nothing closes yet: Enter goes to the next line in there."""
        return is_open(self.text)

    def paste(self, text: str) -> None:
        """Insert a pasted text (lines end with newlines) at the cursor."""
        held = self._fold(text) if _is_long(text) else text
        self._pastes.append(held)
        self.buffer.insert_text(held)

    def unfold(self) -> bool:
        """Show the folded paste at the cursor, or else the last one, as text; whether there was one."""
        whole = self._cut({mark for mark, text in self.folds.items() if not _could_fold(text)})
        if whole:
            self._pastes.append(whole)
            self.buffer.insert_text(whole)
        return bool(whole)

    def take_fold(self) -> str:
        """Take the folded paste at the cursor, or else the last one, out of the draft; "" when there is none."""
        return self._cut(set(self.folds))

    def _cut(self, marks: set[str]) -> str:
        text, cursor = self.buffer.text, self.buffer.cursor_position
        at = [n for n, char in enumerate(text) if char in marks]
        if not at:
            return ""
        place = min(at, key=lambda one: (one not in (cursor, cursor - 1), -one))
        self.buffer.cursor_position = place
        self.buffer.delete()
        return self.folds[text[place]]

    def replace(self, text: str) -> None:
        """Another draft in place of this one, the cursor at its end. Undo has the one before."""
        self.buffer.save_to_undo_stack()
        self.buffer.text = text
        self.buffer.cursor_position = len(text)

    def take(self) -> Entry:
        """What the draft says; then it is cleared."""
        entry = self.entry
        self.clear()
        return entry

    def clear(self) -> None:
        """Empty the composer; the history has what stood there."""
        if self.text.strip():
            self.buffer.history.append_string(self.text)
        self.buffer.reset()
        self.folds.clear()

    @property
    def entry(self) -> Entry:
        """What Enter would take."""
        text, pasted = "", []
        for run in _RUNS.finditer(self._origins):
            part = self._unfolded(self.buffer.text[run.start() : run.end()])
            if run[0][0] == _PASTED:
                pasted.append((len(text), len(text) + len(part)))
            text += part
        return without_quotes(Entry(text, tuple(pasted)))

    def _unfolded(self, text: str) -> str:
        return text.translate({ord(mark): whole for mark, whole in self.folds.items()})

    def _fold(self, text: str) -> str:
        mark = chr(_FIRST + len(self.folds) % (_LAST - _FIRST))
        self.folds[mark] = text
        return mark

    def _follow(self, buffer: Buffer) -> None:
        """The text changed between what is common at its head and at its tail."""
        old, new = self._seen, buffer.text
        head = _common(old, new)
        tail = _common(old[head:][::-1], new[head:][::-1])
        come = new[head : len(new) - tail]
        self._origins = (
            self._origins[:head] + self._origins_of(come) + self._origins[len(old) - tail :]
        )
        self._seen = new

    def _origins_of(self, come: str) -> str:
        origins = _TYPED * len(come)
        for paste in self._pastes:
            for at in _places(paste, come) if len(paste) >= _SHORTEST or paste == come else ():
                origins = origins[:at] + _PASTED * len(paste) + origins[at + len(paste) :]
        return "".join(
            _PASTED if char in self.folds else origin
            for char, origin in zip(come, origins, strict=True)
        )


class Folds(Processor):
    """Draws each folded paste as a label."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """One row of the draft."""
        line = transformation_input.fragments
        folds = self._composer.folds
        text = fragment_list_to_text(line)
        labels = {at: label(folds[char]) for at, char in enumerate(text) if char in folds}
        return shown_as(line, labels, "class:fold")


def label(text: str) -> str:
    """What stands for a folded paste."""
    lines = text.count("\n") + (not text.endswith("\n"))
    much = count(lines, "line") if lines > 1 else f"{figures.count(len(text))} characters"
    return f"[pasted {much}]"


def _is_long(text: str) -> bool:
    return _could_fold(text) or len(text) > FOLD_CHARS or text.count("\n") > FOLD_LINES


def _could_fold(text: str) -> bool:
    """Whether some of it would be taken for a fold."""
    return any(char >= chr(_FIRST) for char in text)


def is_open(text: str) -> bool:
    """Whether a text begins a block that nothing closes yet."""
    text = text.strip()
    return text.startswith(QUOTES) and text.count(QUOTES) == 1


def without_quotes(entry: Entry) -> Entry:
    """What stands in a block, if all of the entry is one."""
    text = entry.text.strip()
    if not (text.startswith(QUOTES) and text.endswith(QUOTES) and text.count(QUOTES) == 2):
        return entry
    start = entry.text.index(QUOTES) + len(QUOTES)
    inner = entry.text[start : entry.text.rindex(QUOTES)]
    start += len(inner) - len(inner.removeprefix("\n"))
    inner = inner.removeprefix("\n").removesuffix("\n")
    return Entry(inner, tuple(_within(entry.pasted, start, start + len(inner))))


def _within(spans: Spans, start: int, end: int) -> Iterator[tuple[int, int]]:
    for begin, stop in spans:
        begin, stop = max(begin, start), min(stop, end)
        if begin < stop:
            yield begin - start, stop - start


def _places(part: str, text: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + len(part))


def _common(one: str, other: str) -> int:
    """The length of the common beginning; halving keeps the comparing to whole slices."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least
