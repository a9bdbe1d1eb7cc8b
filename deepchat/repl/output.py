"""The bytes for the terminal: whole frames in one write, and nothing touched that is not ours."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TextIO

from prompt_toolkit.data_structures import Point, Size
from prompt_toolkit.layout.screen import Screen
from prompt_toolkit.output.vt100 import Vt100_Output

from deepchat.repl.rows import cells, repaint
from deepchat.text import guard

# XTWINOPS: the window's title onto the terminal's stack, and back.
_PUSH_TITLE: Final = "\x1b[22;2t"
_POP_TITLE: Final = "\x1b[23;2t"


@dataclass(frozen=True, slots=True)
class Region:
    """What was drawn last: how many cells each of its rows uses, and where in it the cursor stands."""

    widths: tuple[int, ...]
    cursor: Point
    columns: int

    @classmethod
    def of(cls, screen: Screen, cursor: Point, columns: int) -> "Region":
        """As prompt_toolkit drew it. Blanks at the end of a row are never written.

        Blank rows at the end are taken from the screen: prompt_toolkit keeps a region as high as it has been once.
        """
        widths = [_used(screen, y) for y in range(screen.height)]
        while len(widths) > cursor.y + 1 and not widths[-1]:
            widths.pop()
        screen.height = len(widths)
        return cls(tuple(widths), cursor, columns)

    def above(self, columns: int) -> int:
        """Rows between its top and the cursor, in a terminal that has this many columns now and reflows its rows."""
        return _height(self.widths[: self.cursor.y], columns) + self.cursor.x // columns


def _used(screen: Screen, y: int) -> int:
    cells = screen.data_buffer[y]
    return max((x + (cells[x].width or 1) for x in cells if cells[x].char != " "), default=0)


def _height(widths: Iterable[int], columns: int) -> int:
    """How many rows these take up in a terminal that has so many columns and reflows."""
    return sum(max(1, -(-width // columns)) for width in widths)


class SteadyOutput(Vt100_Output):
    """A vt100 output for a region that prompt_toolkit draws, and live rows above it that it knows nothing of.

    The live rows are put in, changed and taken out while the region stays as it is: all it takes is that the cursor
    returns to where prompt_toolkit left it. To erase is to erase both, row by row: ESC[J at the top left corner makes tmux
    push the erased rows into the scrollback. When the window has become narrower since the last frame, most terminals have
    broken our rows in two before we know of it; then the way up to the top is as much longer. xterm cuts rows instead.
    Bracketed paste stays on between frames, where prompt_toolkit would switch it off and on.
    """

    def __init__(self, stdout: TextIO, get_size: Callable[[], Size]) -> None:
        super().__init__(stdout, get_size, enable_cpr=False)
        self.region: Region | None = None
        self._live: list[str] = []
        self._reflows = "XTERM_VERSION" not in os.environ
        self._title = ""
        self._holding = False
        self._session = False

    @property
    def resized(self) -> bool:
        """Whether the width is another one than that of the last frame."""
        return self.region is not None and self.region.columns != self.get_size().columns

    @contextmanager
    def one_frame(self) -> Iterator[None]:
        """All that is written inside reaches the terminal in one write, as one synchronized update (DEC mode 2026)."""
        if self._holding:
            yield
            return
        self._holding = True
        self.write_raw("\x1b[?2026h")
        try:
            yield
        finally:
            self.write_raw("\x1b[?2026l")
            self._holding = False
            self.flush()

    @contextmanager
    def session(self) -> Iterator[None]:
        """Inside, bracketed paste is on."""
        super().enable_bracketed_paste()
        self._session = True
        try:
            yield
        finally:
            self._session = False
            super().disable_bracketed_paste()
            if self._title:
                self.write_raw(_POP_TITLE)
            self.reset_cursor_shape()
            self.show_cursor()
            self.flush()

    def entitle(self, title: str) -> None:
        """Set the window's title; the one before is on the terminal's stack until the session ends."""
        if title == self._title or not self._session:
            return
        if not self._title:
            self.write_raw(_PUSH_TITLE)
        self._title = title
        self.set_title(title)
        self.flush()

    def write(self, data: str) -> None:
        """Text; or the line ends with which prompt_toolkit moves the cursor."""
        super().write(guard(data) if data.strip("\r\n") else data)

    def flush(self) -> None:
        if not self._holding:
            super().flush()

    def disable_bracketed_paste(self) -> None:
        if not self._session:
            super().disable_bracketed_paste()

    def disable_autowrap(self) -> None:
        """Not here: a row drawn just after the window became narrower must be broken like those drawn just before,
        or what is taken for the way to the top leads into printed text."""

    def paint(self, commit: Sequence[str], live: Sequence[str]) -> bool:
        """Print rows for good, and show others under them in place of those shown before; the region stays below.

        Returns whether it was possible. If not, nothing was written, and the region has to be drawn anew: nothing of it
        stands on the screen, there are too many rows, or one of them has to be wrapped by the terminal.
        """
        size = self.get_size()
        rows = [*commit, *live]
        if self.region is None or self.resized or len(rows) + len(self.region.widths) > size.rows:
            return False
        if any(cells(row) >= size.columns for row in commit):
            return False
        height, cursor = len(self.region.widths), self.region.cursor
        change = repaint(self._live, rows, len(commit), height, (cursor.y, cursor.x))
        if change:
            with self.one_frame():
                self.write_raw(change)
        self._live = list(live)
        return True

    def erase_down(self) -> None:
        """Wipe the live rows and the region, from their first row on, where the cursor then stays.

        prompt_toolkit calls this when it has gone to the top of the region as it drew it.
        """
        if self.region is None:
            self.write_raw(
                "\r\x1b[K"
            )  # keys pressed before there was a composer may have been echoed here
            return
        size = self.get_size()
        widths = [*map(cells, self._live), *self.region.widths]
        columns = size.columns if self._reflows else max(size.columns, *widths)
        above = _height(widths[: len(self._live)], columns) + self.region.above(columns)
        self.cursor_up(above - self.region.cursor.y)
        height = min(_height(widths, columns), size.rows)
        wipe = "\r\x1b[K" + "\x1b[B\x1b[K" * (height - 1)
        self.write_raw(f"\r\x1b7{wipe}\x1b8")
        self._live = []
        self.region = None
