"""The bytes for the terminal: whole frames in one write, and nothing touched that is not ours."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TextIO

from prompt_toolkit.data_structures import Point, Size
from prompt_toolkit.layout.screen import Screen
from prompt_toolkit.output.vt100 import Vt100_Output

# XTWINOPS: the window's title onto the terminal's stack, and back.
_PUSH_TITLE: Final = "\x1b[22;2t"
_POP_TITLE: Final = "\x1b[23;2t"


# A program that does not know what a paste is gets it unmarked.
NO_PASTES: Final = "\x1b[?2004l"


@dataclass(frozen=True, slots=True)
class Region:
    """What was drawn last: how many cells each of its rows uses, and where in it the cursor stands."""

    widths: tuple[int, ...]
    cursor: Point
    columns: int

    @classmethod
    def of(cls, screen: Screen, cursor: Point, columns: int) -> "Region":
        """As prompt_toolkit drew it. Blanks at the end of a row are never written."""
        return cls(
            tuple(_used(screen, y) for y in range(screen.height)),
            cursor,
            columns,
        )

    def above(self, columns: int) -> int:
        """Rows between its top and the cursor, in a terminal that has this many columns now and reflows its rows."""
        rows = sum(_rows(width, columns) for width in self.widths[: self.cursor.y])
        return rows + self.cursor.x // columns

    def height(self, columns: int) -> int:
        """Rows it takes up then."""
        return sum(_rows(width, columns) for width in self.widths)


def _used(screen: Screen, y: int) -> int:
    cells = screen.data_buffer[y]
    return max((x + (cells[x].width or 1) for x in cells if cells[x].char != " "), default=0)


def _rows(width: int, columns: int) -> int:
    return max(1, -(-width // columns))


class SteadyOutput(Vt100_Output):
    """A vt100 output for a region that stays where it is.

    It erases the rows of `region` one by one: ESC[J at the top left corner makes tmux push the erased rows into the
    scrollback. When the window has become narrower since the last frame, most terminals have broken our rows in two
    before we know of it; then the way up to the top of the region is as much longer. xterm cuts rows instead. Bracketed
    paste stays on between frames, where prompt_toolkit would switch it off and on.
    """

    def __init__(self, stdout: TextIO, get_size: Callable[[], Size]) -> None:
        super().__init__(stdout, get_size, enable_cpr=False)
        self.region: Region | None = None
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

    def flush(self) -> None:
        if not self._holding:
            super().flush()

    def disable_bracketed_paste(self) -> None:
        if not self._session:
            super().disable_bracketed_paste()

    def disable_autowrap(self) -> None:
        """Not here: a row drawn just after the window became narrower must be broken like those drawn just before,
        or what is taken for the way to the top leads into printed text."""

    def cursor_up(self, amount: int) -> None:
        """Up to the top of the region, where it is now; the first move of every erasing and redrawing."""
        if self.region and self.resized and self._reflows and amount == self.region.cursor.y:
            amount = self.region.above(self.get_size().columns)
        super().cursor_up(amount)

    def erase_down(self) -> None:
        size = self.get_size()
        height = self.region.height(size.columns) if self.region else 1
        wipe = "\x1b[K" + "\x1b[B\r\x1b[2K" * min(height - 1, size.rows - 1)
        self.write_raw(f"\x1b7{wipe}\x1b8")
        self.region = None
