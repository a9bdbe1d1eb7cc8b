"""The reasoning before an answer, or amid one, on the screen: its last rows while it lasts, one line when it is over."""

from collections.abc import Callable
from typing import Final, Literal

from deepchat import figures
from deepchat.render.theme import Theme
from deepchat.render.wrap import Row, Run, Wrapper, wrap
from deepchat.text import Cleaner

# What becomes of the reasoning: it is printed, becomes one line, or is not shown at all.
Think = Literal["show", "fold", "hide"]

_CHARS_PER_TOKEN: Final = 4

# Characters of which the last rows are made.
_TAIL: Final = 2000


class Thoughts:
    """Draws reasoning. Its seconds run from the first piece to the first piece of the answer; when it is `late`, the
    answer has begun, and the time is not its own."""

    def __init__(
        self,
        theme: Theme,
        width: int,
        think: Think,
        clock: Callable[[], float] | None,
        *,
        late: bool = False,
    ) -> None:
        self._theme = theme
        self._width = width
        self._think = think
        self._clock = clock
        self._late = late
        self._cleaner = Cleaner()
        self._wrapper = Wrapper(width)
        self._rows: list[Row] = []
        self._begun = False
        self._blank = 0
        self._tail = ""
        self._size = 0
        self._started = 0.0
        self._has_begun = False
        self._ended = False

    @property
    def marks(self) -> int:
        """How many invisible characters are visible in what is printed."""
        return self._cleaner.marks if self._think == "show" else 0

    def feed(self, delta: str) -> None:
        """More of it; it begins with the first character that is no white space."""
        if not self._has_begun:
            delta = delta.lstrip(" \t\r\n")
            if not delta:
                return
            self._has_begun = True
            self._started = self._clock() if self._clock else 0.0
        self._size += len(delta)
        self._read(self._cleaner.feed(delta))

    def finish(self, *, answered: bool = False) -> None:
        """It is over; with `answered`, an answer follows. Does nothing the second time."""
        if not self._has_begun or self._ended:
            return
        self._ended = True
        self._read(self._cleaner.finish())
        self._keep(self._wrapper.finish())
        if self._think != "hide":
            self._rows.append([Run(self._summary(), self._theme.dim)])
            self._rows += [[]] if answered else []

    def take(self) -> list[Row]:
        """The rows that are final, each once."""
        rows, self._rows = self._rows, []
        return rows

    def live(self, most: int) -> list[Row]:
        """The last rows, at most that many."""
        if self._think == "hide" or self._ended:
            return []
        return wrap([Run(self._tail.strip(), self._theme.reasoning)], self._width)[-most:]

    def resize(self, width: int) -> None:
        self._width = width
        self._wrapper = self._wrapper.resized(width)

    def _read(self, text: str) -> None:
        if self._think == "show":
            self._wrapper.feed([Run(text, self._theme.reasoning)])
            self._keep(self._wrapper.take())
            self._tail = "".join(run.text for run in self._wrapper.open_row())
        else:
            self._tail = (self._tail + text)[-_TAIL:]

    def _keep(self, rows: list[Row]) -> None:
        """Print rows; blank ones wait for one that is not, and are dropped at the beginning and at the end."""
        for row in rows:
            if not row:
                self._blank += 1
                continue
            self._rows += [[]] * self._blank if self._begun else []
            self._rows.append(row)
            self._begun, self._blank = True, 0

    def _summary(self) -> str:
        how = "thought"
        if self._late:
            how += " while answering"
        elif self._clock:
            how += f" for {figures.duration(self._clock() - self._started)}"
        return f"{how} · ~{max(1, round(self._size / _CHARS_PER_TOKEN)):,} tokens"
