"""The draft while it is written: what of it was typed and what pasted, long pastes folded, blocks between `\"\"\"`.

A folded paste is one private-use character in the buffer, so that the cursor, deletion and undo take it as one thing. It
is shown as `[pasted 412 lines]`, and is sent, remembered and edited whole.
"""

import itertools
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
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

# Stands before the draft; its rows are indented as far.
MARK: Final = "› "

QUOTES: Final = '"""'

# Pastes that are known again when they come back by undo, or after a failed request; short ones are like typing.
_REMEMBERED: Final = 16
_SHORTEST: Final = 4

# The last of Unicode's private-use planes. Only after all of it the marks are taken anew: an old one may still be in
# the kill ring, in a register of vi, or come back by undo.
_FOLDS: Final = range(0x100000, 0x10FFFE)
_FOLD: Final = re.compile(f"[{chr(_FOLDS[0])}-{chr(_FOLDS[-1])}]")

_TYPED, _PASTED = "t", "p"
_RUNS: Final = re.compile(f"{_TYPED}+|{_PASTED}+")


class Composer:
    """What stands in the buffer."""

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer
        self.folds: dict[str, str] = {}
        self._marks = itertools.cycle(map(chr, _FOLDS))
        self._seen = ""
        self._origins = ""  # of each character of what was seen
        self._back = 0  # in the history, from the line that is being written
        self._mine = ("", "")  # that line and its origins, while an older one is shown
        self._pastes: deque[str] = deque(maxlen=_REMEMBERED)
        buffer.on_text_changed += self._follow

    @property
    def text(self) -> str:
        """All of the draft, unfolded."""
        return self._unfolded(self.buffer.text)

    @property
    def is_walking(self) -> bool:
        """Whether an old entry is shown, and the draft itself waits."""
        return bool(self._back)

    @property
    def block_is_open(self) -> bool:
        """Whether the draft begins a block that nothing closes yet: Enter goes to the next line in there."""
        return is_open(self.text)

    def paste(self, text: str) -> None:
        """Insert a pasted text (lines end with newlines) at the cursor."""
        self._pastes.append(text)
        self.buffer.insert_text(self._fold(text) if _is_long(text) else text)

    def unfold(self) -> bool:
        """Show the folded paste at the cursor, or else the last one, as text; whether there was one."""
        whole = self._cut(lambda whole: not _FOLD.search(whole))
        if whole:
            self._pastes.append(whole)
            self.buffer.insert_text(whole)
        return bool(whole)

    def take_fold(self) -> str:
        """Take the folded paste at the cursor, or else the last one, out of the draft; "" when there is none."""
        return self._cut(lambda whole: True)

    def _cut(self, may: Callable[[str], bool]) -> str:
        text, cursor = self.buffer.text, self.buffer.cursor_position
        found = (mark for mark in _FOLD.finditer(text) if mark[0] in self.folds)
        at = [mark.start() for mark in found if may(self.folds[mark[0]])]
        if not at:
            return ""
        place = min(at, key=lambda one: (one not in (cursor, cursor - 1), -one))
        self.buffer.cursor_position = place
        self.buffer.delete()
        return self.folds[text[place]]

    def replace(self, text: str, pasted: Spans = ()) -> None:
        """Another draft in place of this one, the cursor at its end. Undo has the one before."""
        self.buffer.save_to_undo_stack()
        held, origins = "", ""
        for part, origin in _parts(text, pasted):
            if origin == _PASTED and len(part) >= _SHORTEST:
                self._pastes.append(part)
            part = self._fold(part) if origin == _PASTED and _is_long(part) else part
            held += part
            origins += origin * len(part)
        self.buffer.text = held
        self.buffer.cursor_position = len(held)
        if pasted:
            self._origins = origins

    def take(self) -> Entry:
        """What the draft says; then it is cleared."""
        entry = self.entry
        self.clear()
        return entry

    def clear(self) -> None:
        """Empty the composer; the history has what stood there."""
        mine = self._entry(*self._mine).text if self._back else ""
        for text in (mine, self.text):
            if text.strip():
                self.buffer.history.append_string(text)
        self.buffer.reset()
        self._seen, self._origins, self._back = "", "", 0

    @property
    def entry(self) -> Entry:
        """What Enter would take."""
        return without_quotes(self._entry(self.buffer.text, self._origins))

    @property
    def unsent(self) -> Entry:
        """What was typed and not sent: not the old entry that is shown, unless that was changed."""
        shown = self._entry(self.buffer.text, self._origins)
        if not self._back:
            return shown
        mine = self._entry(*self._mine)
        is_old = shown.text in self.buffer.history.get_strings()
        return mine if is_old else together([mine, shown])

    def _entry(self, held: str, origins: str) -> Entry:
        text, pasted = "", []
        for run in _RUNS.finditer(origins):
            part = self._unfolded(held[run.start() : run.end()])
            if run[0][0] == _PASTED:
                pasted.append((len(text), len(text) + len(part)))
            text += part
        return Entry(text, tuple(pasted))

    def _unfolded(self, text: str) -> str:
        return _FOLD.sub(lambda mark: self.folds.get(mark[0], mark[0]), text)

    def _fold(self, text: str) -> str:
        mark = next(self._marks)
        self.folds[mark] = text
        return mark

    def _follow(self, buffer: Buffer) -> None:
        """The text changed between what is common at its head and at its tail."""
        self._notice_walking(buffer)
        old, new = self._seen, buffer.text
        head = _common(old, new)
        tail = _common(old[head:][::-1], new[head:][::-1])
        come = new[head : len(new) - tail]
        self._origins = (
            self._origins[:head] + self._origins_of(come) + self._origins[len(old) - tail :]
        )
        self._seen = new

    def _notice_walking(self, buffer: Buffer) -> None:
        # Counted from the end: older entries are put in before the others while they are loaded.
        back = len(buffer._working_lines) - 1 - buffer.working_index
        if back == self._back:
            return
        if not self._back:
            self._mine = self._seen, self._origins
        self._seen, self._origins = ("", "") if back else self._mine
        self._back = back

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
    # One that holds what marks a fold would be taken for that.
    return bool(_FOLD.search(text)) or len(text) > FOLD_CHARS or text.count("\n") > FOLD_LINES


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
    return Entry(inner, within(entry.pasted, start, start + len(inner)))


def within(spans: Spans, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """The parts of these that lie there, as seen from its start."""
    cut = ((max(begin, start), min(stop, end)) for begin, stop in spans)
    return tuple((begin - start, stop - start) for begin, stop in cut if begin < stop)


def together(entries: Iterable[Entry]) -> Entry:
    """Those that say something as one, a blank line between them."""
    text, pasted = "", []
    for entry in entries:
        if entry.text.strip():
            text += "\n\n" if text else ""
            pasted += [(start + len(text), end + len(text)) for start, end in entry.pasted]
            text += entry.text
    return Entry(text, tuple(pasted))


def _parts(text: str, pasted: Spans) -> Iterator[tuple[str, str]]:
    """The text cut where typed and pasted parts meet, and the origin of each; `pasted` is in order."""
    at = 0
    for start, end in pasted:
        yield text[at:start], _TYPED
        yield text[start:end], _PASTED
        at = end
    yield text[at:], _TYPED


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
