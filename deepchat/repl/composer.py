"""The draft while it is written: what of it was typed and what pasted, long pastes folded, blocks between `\"\"\"`.

A folded paste is one private-use character in the buffer, so that the cursor, deletion and undo take it as one thing. It
is shown as `[pasted 412 lines]`, and is sent, remembered and edited whole.
"""

import itertools
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text.utils import fragment_list_to_text
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.search import SearchState

from deepchat import figures
from deepchat.repl.history import kept, recalled
from deepchat.repl.marks import shown_as
from deepchat.repl.needs import Entry, Spans
from deepchat.repl.undoing import PASTED, TYPED, Change, Part, Undoing
from deepchat.repl.words import count

# A paste of more is folded: it would fill the composer.
FOLD_LINES: Final = 20
FOLD_CHARS: Final = 2000

# Stands before the draft; its rows are indented as far.
MARK: Final = "› "

QUOTES: Final = '"""'

# Pastes, and parts of them that were deleted, which are known again when they are yanked, or come back after a failed
# request; short ones are like typing.
_REMEMBERED: Final = 64
_SHORTEST: Final = 2

# The last of Unicode's private-use planes. Only after all of it the marks are taken anew: an old one may still be in
# the kill ring, in a register of vi, or come back by undo.
_FOLDS: Final = range(0x100000, 0x10FFFE)
_FOLD: Final = re.compile(f"[{chr(_FOLDS[0])}-{chr(_FOLDS[-1])}]")

_RUNS: Final = re.compile(f"{TYPED}+|{PASTED}+")


class DraftBuffer(Buffer):
    """A buffer whose keys ask the composer where it matters what of a draft was pasted, and what is folded."""

    composer: "Composer"

    def save_to_undo_stack(self, clear_redo_stack: bool = True) -> None:  # noqa: FBT001, FBT002  not ours to say
        """Called before each key."""
        self.composer.undoing.begin(self.cursor_position)

    def undo(self) -> None:
        self.composer.undo()

    def redo(self) -> None:
        self.composer.redo()

    def insert_text(
        self,
        data: str,
        overwrite: bool = False,  # noqa: FBT001, FBT002  not ours to say
        move_cursor: bool = True,  # noqa: FBT001, FBT002
        fire_event: bool = True,  # noqa: FBT001, FBT002
    ) -> None:
        if data == "/":
            self.composer.make_way()
        super().insert_text(data, overwrite, move_cursor, fire_event)

    def delete_before_cursor(self, count: int = 1) -> str:
        """As many as there are: prompt_toolkit would double the rest (Alt-9 Backspace)."""
        return super().delete_before_cursor(min(count, self.cursor_position))

    def apply_search(
        self,
        search_state: SearchState,
        include_current_position: bool = True,  # noqa: FBT001, FBT002  not ours to say
        count: int = 1,
    ) -> None:
        found = self._search(search_state, include_current_position, count)
        if found:
            self.composer.look_at(*found)


@dataclass(slots=True)
class _Line:
    """The draft, or an older entry that is looked at, as the buffer holds it; and what was changed in it."""

    held: Part = field(default_factory=Part)
    undoing: Undoing = field(default_factory=Undoing)


class Composer:
    """What stands in the buffer."""

    def __init__(self, buffer: DraftBuffer) -> None:
        self.buffer = buffer
        self.folds: dict[str, str] = {}
        self._folded: dict[str, str] = {}  # the other way round
        self._marks = itertools.cycle(map(chr, _FOLDS))
        self._back = 0  # in the history, from the line that is being written
        self._lines = {0: _Line()}  # those that were shown, by how far back they are
        self._pastes: deque[str] = deque(maxlen=_REMEMBERED)
        self._given = ""
        buffer.composer = self
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
        return is_open(self._entry(self._line.held))

    @property
    def goes_on(self) -> bool:
        """Whether a backslash was typed at the end: Enter begins another line in its place."""
        held = self._line.held
        at_end = self.buffer.cursor_position == len(held)
        return at_end and held.text.endswith("\\") and held.origins.endswith(TYPED)

    def paste(self, text: str) -> None:
        """Insert a pasted text (lines end with newlines) at the cursor."""
        self.insert(Entry(text, ((0, len(text)),)))

    def insert(self, entry: Entry) -> None:
        """Insert at the cursor what was typed and pasted before."""
        for start, end in entry.pasted:
            self._note(entry.text[start:end])
        self._given = ""
        held = self._held(entry)
        self._change(Change(self.buffer.cursor_position, Part(), held))
        self.buffer.insert_text(held.text)

    def look_at(self, index: int, at: int) -> None:
        """Show this line of the buffer, the cursor where something was found, or on the fold that now holds it."""
        whole = self.buffer._working_lines[index]
        self.buffer.working_index = index
        if self.buffer.text != whole:
            for fold in _FOLD.finditer(self.buffer.text):
                if at > fold.start():
                    at = max(fold.start(), at - len(self.folds[fold[0]]) + 1)
        self.buffer.cursor_position = at

    def unfold(self) -> bool:
        """Show the folded paste at the cursor, or else the last one, as text; whether there was one."""
        at = self._fold_near(lambda whole: not _FOLD.search(whole))
        if at is not None:
            whole = self.folds[self.buffer.text[at]]
            self._note(whole)
            self._put(Change(at, self._line.held.cut(at, at + 1), _pasted(whole)))
        return at is not None

    def take_fold(self) -> str:
        """Take the folded paste at the cursor, or else the last one, out of the draft; "" when there is none."""
        at = self._fold_near(lambda whole: True)
        if at is None:
            return ""
        mark = self._line.held.cut(at, at + 1)
        self._put(Change(at, mark, Part()))
        return self.folds[mark.text]

    def _fold_near(self, may: Callable[[str], bool]) -> int | None:
        cursor = self.buffer.cursor_position
        found = (mark for mark in _FOLD.finditer(self.buffer.text) if mark[0] in self.folds)
        at = [mark.start() for mark in found if may(self.folds[mark[0]])]
        return min(at, key=lambda one: (one not in (cursor, cursor - 1), -one), default=None)

    def replace(self, text: str, pasted: Spans = ()) -> None:
        """Another draft in place of this one, the cursor at its end. Undo has the one before.

        Without being told what of it was pasted, pastes are known again that stand in it whole.
        """
        known = pasted or _spans(self._origins_of(text))
        for start, end in known:
            self._note(text[start:end])
        self.undoing.begin(self.buffer.cursor_position)
        self._put(Change(0, self._line.held, self._held(Entry(text, known))))

    def give(self, text: str, pasted: Spans = ()) -> None:
        """As `replace`, by somebody else than the user."""
        self.replace(text, pasted)
        # What is a command itself, or is to be gone on with, does not make way for one.
        self._given = "" if text.startswith("/") or text.endswith("\n") else text

    def make_way(self) -> None:
        """A command begins: what was given, and is untouched, makes way for it; the history has it."""
        at_end = self.buffer.cursor_position == len(self.buffer.text)
        if self._given and at_end and not self._back and self.text == self._given:
            self.clear()
        self._given = ""

    def _held(self, entry: Entry) -> Part:
        """An entry as the buffer holds it. What looks like a fold would be taken for one, and is folded, too."""
        held = []
        for part, origin in _parts(entry.text, entry.pasted):
            folds = _FOLD.search(part) or (origin == PASTED and _is_long(part))
            held.append((self._fold(part) if folds else part, origin))
        origins = (origin * len(part) for part, origin in held)
        return Part("".join(part for part, _ in held), "".join(origins))

    def undo(self) -> None:
        """Take back the last step."""
        self._show(self.undoing.undo(self._line.held))

    def redo(self) -> None:
        """Do again what was undone last."""
        self._show(self.undoing.redo(self._line.held))

    def _show(self, draft: tuple[Part, int] | None) -> None:
        if draft:
            self._line.held, cursor = draft
            self.buffer.document = Document(self._line.held.text, cursor)

    def _put(self, change: Change) -> None:
        """Make this change, the cursor behind it."""
        self._change(change)
        self._show((self._line.held, change.at + len(change.come)))

    def _change(self, change: Change) -> None:
        """Note what is about to change in the buffer, or has changed there."""
        self._line.held = change.done(self._line.held)
        self.undoing.add(change)

    def _note(self, paste: str) -> None:
        if len(paste) >= _SHORTEST and paste not in self._pastes:
            self._pastes.append(paste)

    def take(self) -> Entry:
        """What the draft says; then it is cleared."""
        entry = self.entry
        self.clear()
        return entry

    def clear(self) -> None:
        """Empty the composer; the history has what stood there."""
        for back in sorted({0, self._back}):
            self.remember(self._entry(self._lines[back].held))
        self.buffer.reset()
        self._back, self._lines = 0, {0: _Line()}

    def remember(self, entry: Entry) -> None:
        """Put this into the history, where Up finds it: whole, and with what of it was pasted."""
        if entry.text.strip():
            self.buffer.history.append_string(kept(entry))

    @property
    def entry(self) -> Entry:
        """What Enter would take."""
        return without_quotes(self._entry(self._line.held))

    @property
    def unsent(self) -> Entry:
        """What was typed and not sent: not the old entry that is shown, unless that was changed."""
        shown = self._entry(self._line.held)
        if not self._back:
            return shown
        mine = self._entry(self._lines[0].held)
        is_old = shown.text in self.buffer.history.get_strings()
        return mine if is_old else together([mine, shown])

    @property
    def undoing(self) -> Undoing:
        """What was changed in the line that is shown."""
        return self._line.undoing

    @property
    def _line(self) -> _Line:
        return self._lines[self._back]

    def _entry(self, held: Part) -> Entry:
        text, pasted = "", []
        for run in _RUNS.finditer(held.origins):
            part = self._unfolded(held.text[run.start() : run.end()])
            if run[0][0] == PASTED:
                pasted.append((len(text), len(text) + len(part)))
            text += part
        return Entry(text, tuple(pasted))

    def _unfolded(self, text: str) -> str:
        if text.isascii():  # that is known at once
            return text
        return _FOLD.sub(lambda mark: self.folds.get(mark[0], mark[0]), text)

    def _fold(self, text: str) -> str:
        """The character that stands for this text; a text that is recalled again and again has one."""
        if text not in self._folded:
            mark = next(self._marks)
            self._folded.pop(self.folds.get(mark, ""), None)
            self._folded[text], self.folds[mark] = mark, text
        return self._folded[text]

    def _follow(self, buffer: Buffer) -> None:
        """The text changed, and the cursor stands behind what has come: that tells `aa` from `aa`."""
        if self._given and self.text != self._given:
            self._given = ""
        self._notice_walking(buffer)
        old, new = self._line.held, buffer.text
        if old.text == new:
            return
        tail = _common(old.text[::-1], new[buffer.cursor_position :][::-1])
        head = _common(old.text[: len(old) - tail], new[: len(new) - tail])
        gone = old.cut(head, len(old) - tail)
        come = new[head : len(new) - tail]
        for start, end in _spans(gone.origins):
            self._note(gone.text[start:end])
        # A transformation of lines, of which some were pasted: which of them it was is not known any more.
        is_mixed = PASTED in gone.origins and len(come) > 1
        origins = PASTED * len(come) if is_mixed else self._origins_of(come)
        self._change(Change(head, gone, Part(come, origins)))

    def _notice_walking(self, buffer: Buffer) -> None:
        # Counted from the end: older entries are put in before the others while they are loaded.
        self._back = len(buffer._working_lines) - 1 - buffer.working_index
        if self._back not in self._lines:
            line = self._lines[self._back] = _Line(self._held(recalled(buffer.text)))
            buffer._working_lines[buffer.working_index] = line.held.text

    def _origins_of(self, come: str) -> str:
        """What of this was pasted once."""
        origins = bytearray(TYPED * len(come), "ascii")
        for paste in self._pastes:
            for at in _places(paste, come):
                origins[at : at + len(paste)] = (PASTED * len(paste)).encode()
        for mark in _FOLD.finditer(come):
            origins[mark.start() : mark.end()] = PASTED.encode()
        return origins.decode("ascii")


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
    return len(text) > FOLD_CHARS or text.count("\n") > FOLD_LINES


def is_open(entry: Entry) -> bool:
    """Whether it begins a block that nothing closes yet."""
    typed = _bare(entry)
    return typed.startswith(QUOTES) and typed.count(QUOTES) == 1


def without_quotes(entry: Entry) -> Entry:
    """What stands in a block, if all of the entry is one."""
    typed = _bare(entry)
    if not (typed.startswith(QUOTES) and typed.endswith(QUOTES) and typed.count(QUOTES) == 2):
        return entry
    start = entry.text.index(QUOTES) + len(QUOTES)
    end = entry.text.rindex(QUOTES)
    start += entry.text.startswith("\n", start, end)
    return entry.cut(start, end - entry.text.endswith("\n", start, end))


def _bare(entry: Entry) -> str:
    """The text of what may be a block, without blanks around it, and with what was pasted hidden: quotes count where they
    were typed."""
    text = entry.text.strip()
    if not text.startswith(QUOTES):
        return ""
    start = entry.text.index(QUOTES)
    parts = _parts(text, entry.cut(start, start + len(text)).pasted)
    return "".join(part if origin == TYPED else "\0" * len(part) for part, origin in parts)


def together(entries: Iterable[Entry]) -> Entry:
    """Those that say something as one, a blank line between them."""
    text, pasted = "", []
    for entry in entries:
        if entry.text.strip():
            text += "\n\n" if text else ""
            pasted += [(start + len(text), end + len(text)) for start, end in entry.pasted]
            text += entry.text
    return Entry(text, tuple(pasted))


def _pasted(text: str) -> Part:
    return Part(text, PASTED * len(text))


def _spans(origins: str) -> Spans:
    """The parts that were pasted."""
    return tuple(run.span() for run in _RUNS.finditer(origins) if run[0][0] == PASTED)


def _parts(text: str, pasted: Spans) -> Iterator[tuple[str, str]]:
    """The text cut where typed and pasted parts meet, and the origin of each; `pasted` is in order."""
    at = 0
    for start, end in pasted:
        yield text[at:start], TYPED
        yield text[start:end], PASTED
        at = end
    yield text[at:], TYPED


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
