"""Several replies side by side while they arrive: of each its model, how it goes, and its last rows. What is printed for good
is not drawn here."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final

from deepchat import figures
from deepchat.errors import DeepchatError
from deepchat.repl.house import House
from deepchat.repl.needs import ReplyView, Surface
from deepchat.repl.numbering import Numbering
from deepchat.repl.rows import cells, fitting
from deepchat.repl.showing import Delta, feed, parts
from deepchat.turn import Turn

# Cells of a column; a terminal that is too narrow for that has no columns.
LEAST: Final = 40

# Rows of a reply, at most, and those of the terminal that are left to the names and to others.
_ROWS: Final = 10
_OTHERS: Final = 7

_BAR: Final = " │ "


@dataclass(slots=True)
class _Column:
    turn: Turn
    view: ReplyView
    due: deque[Delta] = field(default_factory=deque)
    final: deque[str] = field(default_factory=lambda: deque(maxlen=_ROWS))

    def rows(self) -> list[str]:
        """The last ones, with what has come by now."""
        for event in self.turn.drain():
            self.due += parts(event)
        feed(self.view, self.due)
        frame = self.view.frame()
        self.final += frame.commit.split("\n")[:-1]
        return [*self.final, *(frame.live.split("\n") if frame.live else [])][-_ROWS:]


class Columns:
    """One for each of these turns, as wide as there is room for."""

    def __init__(self, turns: Sequence[Turn], house: House, surface: Surface) -> None:
        self._draw = house.drawing
        self._surface = surface
        self._size = self._measured(len(turns))
        width, height = self._size
        codes = Numbering(house.drawing).before(house.chat.conversation, turns[0].reply)
        self._columns = [
            _Column(turn, house.drawing.reply(width=width + 1, height=height, codes=codes))
            for turn in turns
        ]

    def draw(self) -> None:
        """Show what has come by now, in place of what was shown before."""
        self._fit()
        width, height = self._size
        stacks = [self._stack(column)[: height + 2] for column in self._columns]
        lines = zip_longest(*stacks, fillvalue="")
        rows = (_BAR.join(_filled(row, width) for row in line).rstrip() for line in lines)
        self._surface.frame("", "\n".join(rows))

    def _stack(self, column: _Column) -> list[str]:
        width, height = self._size
        turn = column.turn
        name = self._draw.heading(turn.request.model, _whole(turn.request.model))
        how = _how(turn)
        said = self._draw.notice(how, _whole(how))
        rows = column.rows()
        if turn.ended and isinstance(turn.error, DeepchatError):
            rows += self._draw.problem(turn.error, width + 1).split("\n")[:-1]
        return [name.rstrip("\n"), said.rstrip("\n"), *rows[-height:]]

    def _fit(self) -> None:
        size = self._measured(len(self._columns))
        if size != self._size:
            self._size = size
            for column in self._columns:
                column.view.resize(size[0] + 1, size[1])

    def _measured(self, count: int) -> tuple[int, int]:
        """The cells and rows of a column."""
        free = self._surface.width - 1 - len(_BAR) * (count - 1)
        return max(1, free // count), max(1, min(_ROWS, self._surface.height - _OTHERS))


def _how(turn: Turn) -> str:
    if not turn.ended:
        return turn.doing
    return f"{turn.reply.state} after {figures.duration(turn.reply.seconds or 0.0)}"


def _whole(text: str) -> int:
    """A width in which it is one row."""
    return 2 * len(text) + 2


def _filled(row: str, width: int) -> str:
    row = fitting(row, width)
    return row + " " * (width - cells(row))
