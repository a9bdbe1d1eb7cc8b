"""A list to choose from, in place of the composer: type to filter, arrows, a preview. What it lists is the commands'
business."""

import asyncio
import re
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

from prompt_toolkit.application.current import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, FilterOrBool
from prompt_toolkit.formatted_text import (
    ANSI,
    AnyFormattedText,
    StyleAndTextTuples,
    to_formatted_text,
)
from prompt_toolkit.formatted_text.utils import split_lines
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import BufferControl, FormattedTextControl, HSplit, Window
from prompt_toolkit.utils import get_cwidth

from deepchat.errors import DeepchatError
from deepchat.repl.aside import aside
from deepchat.repl.marks import Marks
from deepchat.repl.needs import Choice, Picking
from deepchat.repl.rows import cut
from deepchat.sought import Piece
from deepchat.text import clean_line

ROWS: Final = 8
PREVIEW_ROWS: Final = 6

# The preview and the search wait for this long a pause: going through the list quickly asks for nothing.
PAUSE_S: Final = 0.08

# What makes a text clickable (OSC 8): prompt_toolkit would show it as text.
_LINK: Final = re.compile(r"\x1b\]8;.*?\x1b\\")


Found = TypeVar("Found")


class Picker:
    """At most one list at a time. `size` gives the columns and rows of the terminal."""

    def __init__(self, size: Callable[[], tuple[int, int]], redraw: Callable[[], None]) -> None:
        self._size = size
        self._redraw = redraw
        self._picking: Picking | None = None
        self._answer: asyncio.Future[str | None] | None = None
        self._work: asyncio.Task[None] | None = None
        self._choices: Sequence[Choice] = ()
        self._listed: str | None = (
            None  # what was typed when the list was made; None while it is another
        )
        self._due: deque[Callable[[], None]] = deque()
        self._at = 0
        self._preview = ""
        self._said = ""
        self._deleted: list[str] = []
        self.buffer = Buffer(multiline=False, on_text_changed=lambda _: self._search())
        self.control = BufferControl(
            self.buffer, input_processors=[Marks()], key_bindings=self._bindings()
        )
        self.is_open = Condition(lambda: self._picking is not None)

    async def pick(self, picking: Picking) -> str | None:
        """The value that was chosen, or None."""
        self.close()
        before = get_app().layout.current_control
        self._picking, self._answer = picking, asyncio.get_running_loop().create_future()
        self._choices, self._at, self._preview, self._said, self._deleted = (), 0, "", "", []
        self.buffer.reset(Document(picking.typed))
        self._listed = None
        self._due.clear()
        get_app().layout.focus(self.control)
        get_app().vi_state.reset()  # its filter takes letters
        self._begin(self._find(picking.typed))
        try:
            return await self._answer
        finally:
            self._picking = self._answer = None
            if self._work:
                self._work.cancel()
            with suppress(ValueError):  # the other one is gone
                get_app().layout.focus(before)
            self._redraw()

    def close(self, value: str | None = None) -> None:
        """Answer with this value."""
        if self._answer and not self._answer.done():
            self._answer.set_result(value)

    def container(self) -> HSplit:
        """What is drawn while a list is open."""
        search = Window(
            self.control, height=1, dont_extend_height=True, get_line_prefix=self._title
        )
        below = Window(
            FormattedTextControl(self._below),
            dont_extend_height=True,
            wrap_lines=False,
            always_hide_cursor=True,
        )
        return HSplit([search, below])

    # --- what is in it -----------------------------------------------------------------------------------------------

    def _search(self) -> None:
        self._said = ""
        self._due.clear()
        self._begin(self._find(self.buffer.text, pause_s=PAUSE_S))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        if self._work:
            self._work.cancel()
        self._work = asyncio.create_task(work)

    async def _find(self, typed: str, *, pause_s: float = 0.0, at: int = 0) -> None:
        await asyncio.sleep(pause_s)
        if self._picking:
            self._choices = await self._asked(partial(self._picking.find, typed), ())
            self._at = max(0, min(at, len(self._choices) - 1))
            self._listed = typed
            self._redraw()
            if self._due:
                self._do_what_is_due()
            else:
                await self._look()

    async def _look(self) -> None:
        """Fetch the preview of the chosen one."""
        self._preview = ""
        if self._picking and self._picking.preview and self._choices:
            await asyncio.sleep(PAUSE_S)
            value = self._choices[self._at].value
            width = self._size()[0] - 4
            preview = await self._asked(partial(self._picking.preview, value, width), "")
            self._preview = _LINK.sub("", preview)
            self._redraw()

    async def _asked(self, ask: Callable[[], Found], otherwise: Found) -> Found:
        """What a room answers; where it cannot, that is said in the list's last row."""
        try:
            return await aside(ask)
        except DeepchatError as error:
            self._said = clean_line(str(error))
            return otherwise

    # --- keys --------------------------------------------------------------------------------------------------------

    def _bindings(self) -> KeyBindings:
        keys = KeyBindings()

        def on(*names: str, act: Callable[[], None], when: FilterOrBool = True) -> None:
            for name in names:
                keys.add(name, filter=when, eager=True)(lambda _: act())

        on("up", "c-p", "s-tab", act=partial(self._soon, partial(self._move, -1)))
        on("down", "c-n", "tab", act=partial(self._soon, partial(self._move, 1)))
        on("pageup", act=partial(self._soon, partial(self._move, -ROWS)))
        on("pagedown", act=partial(self._soon, partial(self._move, ROWS)))
        on("escape", "c-c", "c-g", act=self.close)
        on("enter", act=partial(self._soon, self._choose))
        on("c-d", act=partial(self._soon, self._delete))
        # With nothing to bring back Ctrl-Z goes to the shell, as everywhere.
        deleted = Condition(lambda: bool(self._deleted))
        on("c-z", "c-_", act=partial(self._soon, self._restore), when=deleted)

        @keys.add(Keys.BracketedPaste)
        def _paste(event: KeyPressEvent) -> None:
            self.buffer.insert_text(" ".join(event.data.split()))

        return keys

    def _soon(self, act: Callable[[], None]) -> None:
        """Do this to the list that fits what is typed: at once, or when it is there. Another would hold other chats."""
        self._due.append(act)
        self._do_what_is_due()

    def _do_what_is_due(self) -> None:
        while self._due and self._listed == self.buffer.text:
            self._due.popleft()()

    def _move(self, by: int) -> None:
        if self._choices:
            self._at = max(0, min(len(self._choices) - 1, self._at + by))
            self._begin(self._look())

    def _choose(self) -> None:
        if self._choices:
            self.close(self._choices[self._at].value)

    def _delete(self) -> None:
        if self._picking and self._picking.delete and self._choices:
            value = self._choices[self._at].value
            self._deleted.append(value)
            self._listed = None
            self._begin(
                self._change(self._picking.delete, value, "Deleted; Ctrl-Z brings it back.")
            )

    def _restore(self) -> None:
        if self._picking and self._picking.restore and self._deleted:
            self._listed = None
            self._begin(self._change(self._picking.restore, self._deleted.pop(), "Brought back."))

    async def _change(self, change: Callable[[str], None], value: str, done: str) -> None:
        """Delete or restore, then list what is there now; the place in the list stays."""
        place = self._at
        self._said = done
        await self._asked(partial(change, value), None)
        await self._find(self.buffer.text, at=place)

    # --- what is drawn -----------------------------------------------------------------------------------------------

    def _title(self, line: int, wraps: int) -> StyleAndTextTuples:
        return [("class:mark", f"{self._picking.title if self._picking else ''}: ")]

    def _below(self) -> AnyFormattedText:
        width, height = self._size()
        room = max(1, min(ROWS, height - PREVIEW_ROWS - 4))
        shown = max(1, room // 2) if any(choice.excerpt for choice in self._choices) else room
        first = max(0, min(self._at - shown // 2, len(self._choices) - shown))
        rows = [
            row
            for n, choice in enumerate(self._choices[first : first + shown])
            for row in self._rows(choice, width, chosen=first + n == self._at)
        ]
        looks = list(split_lines(to_formatted_text(ANSI(self._preview.strip("\n")))))
        rows += [
            [("", "  "), *row]
            for row in looks[: max(0, min(PREVIEW_ROWS, height - room - 4))]
            if looks != [[]]
        ]
        rows.append([("class:hint", f"  {cut(self._hint(), width - 3)}")])
        return [part for row in rows for part in (*row, ("", "\n"))][:-1]

    def _rows(self, choice: Choice, width: int, *, chosen: bool) -> Iterator[StyleAndTextTuples]:
        yield self._row(choice, width, chosen=chosen)
        if choice.excerpt:
            yield _excerpt(choice.excerpt, width)

    def _row(self, choice: Choice, width: int, *, chosen: bool) -> StyleAndTextTuples:
        label = cut(clean_line(choice.label), max(1, width - 3))
        about = cut(clean_line(choice.about), max(0, width - 5 - get_cwidth(label)))
        mark, style = ("› ", "class:chosen") if chosen else ("  ", "")
        return [(style, f"{mark}{label}"), ("class:hint", f"  {about}" if about else "")]

    def _hint(self) -> str:
        if self._said:
            return self._said
        if not self._choices:
            return "Nothing fits. Esc leaves."
        deletes = " · Ctrl-D deletes" if self._picking and self._picking.delete else ""
        return f"{self._count()} · Enter takes one{deletes} · Esc leaves"

    def _count(self) -> str:
        most = self._picking.most if self._picking else None
        return f"{most}+" if most and len(self._choices) > most else str(len(self._choices))


def _excerpt(pieces: Sequence[Piece], width: int) -> StyleAndTextTuples:
    row: StyleAndTextTuples = [("", "    ")]
    room = width - 5
    for piece in pieces:
        text = cut(piece.text, room)
        room -= get_cwidth(text)
        row.append(("class:found" if piece.found else "class:hint", text))
    return row
