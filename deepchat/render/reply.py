"""One reply while it arrives: deltas in, frames out. A frame says what to print for good, and what to show for now.

Law: however the text is cut into deltas, the commits of all frames add up to the same bytes, those of `render_markdown`.
Painting frames, and deciding when one is due, is the caller's business.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from deepchat.render.ansi import Ink
from deepchat.render.blocks import Parser, Table
from deepchat.render.codes import CodeBlock, code_blocks
from deepchat.render.highlight import Highlighter, Meter
from deepchat.render.inline import Work
from deepchat.render.leaves import Coloring
from deepchat.render.markdown import MEASURE, Look, Page
from deepchat.render.source import Source, healed
from deepchat.render.theme import Theme
from deepchat.render.thoughts import Think, Thoughts
from deepchat.render.wrap import Row, Run, wrap
from deepchat.text import MARKED, Cleaner

# The live view: rows it leaves to others, rows it has at most, rows of reasoning in it.
_OTHERS: Final = 4
_MOST_ROWS: Final = 12
_THINKING_ROWS: Final = 4

# Characters of the open line that are looked at for the live view; as many as it can hold on a wide terminal.
_ENOUGH_CHARS: Final = 2400


@dataclass(frozen=True, slots=True)
class Frame:
    """`commit`: rows that are final, each ended by a newline. `live`: rows of the open end, between newlines; they
    replace those of the frame before."""

    commit: str
    live: str


class Reply:
    """Draws one reply on a terminal of `width` columns and `height` rows.

    Rows keep the last column free, and text is at most `measure` cells wide; code is written whole, for the terminal to
    wrap. `plain` is for terminals that cannot
    move the cursor and for screen readers: nothing live, no styles, no box drawing. `think` says what becomes of the
    reasoning: printed (show), one line (fold), nothing (hide). `clock` returns seconds;
    without one none are told. Code blocks are numbered on from `codes`.
    """

    def __init__(
        self,
        *,
        width: int,
        height: int,
        theme: Theme,
        color: bool = True,
        plain: bool = False,
        links: bool = True,
        measure: int = MEASURE,
        think: Think = "fold",
        highlight: Callable[[str, Theme], Coloring] | None = None,
        clock: Callable[[], float] | None = time.monotonic,
        codes: int = 0,
    ) -> None:
        self._height = height
        self._plain = plain
        self._theme = theme
        self._ink = Ink(color, plain, links)
        self._meter = Meter()
        highlight = highlight or partial(Highlighter, meter=self._meter)
        # Code that has no colour of its own could be taken for strong text, or for nothing.
        ticks = plain or not color or theme.code.color is None
        look = Look(theme, highlight, plain=plain, ticks=ticks, measure=measure)
        self._page = Page(look, _columns(width), codes)
        self._parser = Parser(self._page)
        self._source = Source(self._parser, self._meter.waits)
        self._cleaner = Cleaner()
        self._measure = measure
        room = min(_columns(width), measure)
        self._thoughts = Thoughts(theme, room, think, clock)
        self._afterthoughts = Thoughts(theme, room, think, clock, late=True)
        self._raw: list[str] = []
        self._new: list[str] = []
        self._answering = False
        self._finished = False
        self._live: str | None = ""
        self._painted: dict[tuple[Run, ...], str] = {}

    @property
    def marks(self) -> int:
        """How many invisible characters were made visible in what is printed."""
        thought = self._thoughts.marks + self._afterthoughts.marks
        return self._cleaner.marks + thought + self._page.inline.marks

    @property
    def blocks(self) -> list[CodeBlock]:
        """The code blocks so far, exactly as they were received."""
        return code_blocks("".join(self._raw))

    @property
    def behind(self) -> bool:
        """Whether text waits for the lexer of its code. A frame waits a moment as well, and reads on; `finish` as long as
        it takes."""
        self._read_new()
        return self._source.behind

    @property
    def work(self) -> Work:
        """What the inline parser was given, as a measure of the cost."""
        return self._page.inline.work

    def text(self, delta: str) -> None:
        """More of the answer."""
        self._raw.append(delta)
        self._new.append(delta)

    def reasoning(self, delta: str) -> None:
        """More of the thinking; what comes after the answer has begun is drawn below it, at the end."""
        self._read_new()
        if self._answering:
            self._afterthoughts.feed(delta)
        else:
            self._live = None
            self._thoughts.feed(delta)

    def resize(self, width: int, height: int) -> None:
        """Lay out what comes now for another size. What is printed belongs to the terminal."""
        self._height = height
        self._live = None
        self._page.resize(_columns(width))
        room = min(_columns(width), self._measure)
        self._thoughts.resize(room)
        self._afterthoughts.resize(room)

    def frame(self) -> Frame:
        """What has become final since the last frame, and the open end. Costs nothing when nothing is new."""
        self._read_new()
        if self._source.behind:
            self._read_on()
        commit = self._commit()
        if self._live is None:
            self._live = "" if self._plain or self._finished else self._draft()
        return Frame(commit, self._live)

    def finish(self) -> Frame:
        """The last frame: everything is final, however the reply ended."""
        if not self._finished:
            self._read_new()
            self._read(self._cleaner.finish())
            self._source.finish()
            self._thoughts.finish()
            self._afterthoughts.finish()
            self._finished = True
            self._live = ""
            late = self._afterthoughts.take()
            self._page.rows += [*([[]] if late else []), *late, *self._notes()]
        return Frame(self._commit(), "")

    def _read_new(self) -> None:
        """Take in what came since the last frame, as one piece."""
        if self._new:
            text = self._cleaner.feed("".join(self._new))
            self._new.clear()
            self._read(text)

    def _read_on(self) -> None:
        """Take in what had to wait, if that has an end by now."""
        self._meter.wait()
        if not self._meter.waits():
            self._live = None
            self._source.feed("")

    def _read(self, text: str) -> None:
        if not text:
            return
        if not self._answering and text.strip():
            self._answering = True
            self._thoughts.finish(answered=True)
        self._live = None
        self._source.feed(text)

    def _commit(self) -> str:
        return "".join(map(self._ink.final, [*self._thoughts.take(), *self._page.take()]))

    def _draft(self) -> str:
        with self._page.inline.trying():
            rows = self._open_end() if self._answering else self._thoughts.live(_THINKING_ROWS)
        shown = list(map(tuple, rows[-self._room :]))
        # Most rows are those of the frame before.
        self._painted = {row: self._painted.get(row) or self._ink.live(row) for row in shown}
        return "\n".join(map(self._painted.__getitem__, shown))

    def _open_end(self) -> list[Row]:
        """What is not final, drawn as if the text ended here. A table takes whole rows; one that arrives stands below."""
        page = self._page.draft()
        parser = self._parser.fork(page)
        if not isinstance(parser.tip, Table):
            self._source.draft(parser, _ENOUGH_CHARS)
            return page.take()
        end = self._source.end(_ENOUGH_CHARS).strip()
        row = end.lstrip("> ")
        if row.startswith("|"):
            below = page.begun(healed(row))
        else:
            below = wrap([Run(end, self._theme.dim)], page.width)
        parser.finish()
        return self._outlined([*page.take(), *below])

    def _outlined(self, table: list[Row]) -> list[Row]:
        """The beginning of a table and its newest rows: those between would all be drawn again for each new one."""
        newest = self._room // 3
        if newest < 2 or len(table) <= self._room:
            return table
        gap = [Run("⋮", self._theme.dim)]
        return [*table[: self._room - newest - 1], gap, *table[-newest:]]

    @property
    def _room(self) -> int:
        """The rows that the live view may have."""
        return max(1, min(self._height - _OTHERS, _MOST_ROWS))

    def _notes(self) -> list[Row]:
        notes = []
        if self.marks:
            notes.append(MARKED.format(self.marks))
        if self._page.inline.too_dense:
            notes.append("Some markup was too dense to be read, and is shown as written.")
        if self._meter.gave_up and not self._plain:
            notes.append("Some code was too long or too slow to be coloured, and is plain.")
        text = Run("\n".join(notes), self._theme.dim)
        return [[], *wrap([text], self._page.width)] if notes else []


def render_markdown(
    text: str,
    width: int,
    theme: Theme,
    *,
    color: bool = True,
    plain: bool = False,
    links: bool = True,
    measure: int = MEASURE,
    highlight: Callable[[str, Theme], Coloring] | None = None,
    codes: int = 0,
) -> str:
    """A whole reply at once, as `Reply` prints it."""
    reply = Reply(
        width=width,
        height=1,
        theme=theme,
        color=color,
        plain=plain,
        links=links,
        measure=measure,
        highlight=highlight,
        codes=codes,
    )
    reply.text(text)
    return reply.finish().commit


def _columns(width: int) -> int:
    """The last column stays free: a terminal that fills it may wrap, or leave a ghost when it is resized."""
    return max(1, width - 1)
