"""The one owner of the terminal: a prompt_toolkit application that stays up for the whole session.

From top to bottom, below what is already printed: the open end of the reply, queued messages, the composer, one status
line. The first is painted by `SteadyOutput`, the others by prompt_toolkit. Nothing here knows what a chat is.
"""

import asyncio
import io
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from prompt_toolkit.application import Application, in_terminal
from prompt_toolkit.application.current import set_app
from prompt_toolkit.auto_suggest import AutoSuggest
from prompt_toolkit.completion import Completer
from prompt_toolkit.cursor_shapes import ModalCursorShapeConfig
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition, has_completions
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import ConditionalKeyBindings, KeyBindingsBase
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    Dimension,
    FormattedTextControl,
    HSplit,
    Layout,
    VSplit,
    Window,
)
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import AppendAutoSuggestion, TabsProcessor
from prompt_toolkit.output import ColorDepth, Output, create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.search import SearchState
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth
from prompt_toolkit.widgets import SearchToolbar

from deepchat.attach import naming
from deepchat.repl import clipboard, editor, pager
from deepchat.repl.aside import aside
from deepchat.repl.composer import MARK, Composer, DraftBuffer, Folds
from deepchat.repl.early import NO_PASTES, brackets_pastes
from deepchat.repl.keyboard import Keyboard
from deepchat.repl.marks import Marks
from deepchat.repl.needs import Choice, Entry, Picking, Spans
from deepchat.repl.output import Region, SteadyOutput
from deepchat.repl.picker import Picker
from deepchat.repl.rows import cut, fitting
from deepchat.repl.unseen import Unseen
from deepchat.repl.wrapping import Words
from deepchat.text import clean_line

LIVE_ROWS: Final = 12
COMPOSER_ROWS: Final = 12
MENU_ROWS: Final = 6
QUEUED_ROWS: Final = 3
ATTACHED_ROWS: Final = 4

# What a terminal sends for a key, such as Esc [ A, comes within this time; of two keys that belong together, such as
# Ctrl-X Ctrl-E, a hand needs longer for the second. Nobody types Esc and a letter for Alt.
SEQUENCE_S: Final = 0.035
ALT_S: Final = 0.005
CHORD_S: Final = 1.0

# What is said of an attachment behind its name.
_FIGURES: Final = re.compile(r"( · [^·]*)+\Z")

# A window that has not changed its size for this long is not being resized any more; tmux tells us that late.
SETTLE_S: Final = 0.3

_MODES: Final = {
    InputMode.NAVIGATION: "normal",
    InputMode.REPLACE: "replace",
    InputMode.REPLACE_SINGLE: "replace",
}

# No backgrounds: they are unreadable on somebody's theme, and leave stains when the window is resized.
STYLE: Final = Style.from_dict(
    {
        "mark": "bold",
        "fold": "dim",
        "queued": "dim",
        "chosen": "bold",
        "hint": "dim",
        "found": "bold",
        "completion-menu": "noinherit",
        "completion-menu.completion": "noinherit",
        "completion-menu.completion.current": "noinherit bold reverse",
        "completion-menu.meta.completion": "noinherit dim",
        "completion-menu.meta.completion.current": "noinherit dim",
        "scrollbar.background": "noinherit",
        "scrollbar.button": "noinherit reverse",
        "auto-suggestion": "dim",
    }
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What fills the terminal, besides what is printed: asked for at each drawing, so each must be cheap."""

    status: Callable[[int], str]
    queued: Callable[[], list[str]]
    attached: Callable[[Entry], list[str]] = lambda draft: []


class Terminal:
    """The application, and the few things that may be done to it. Use it on the loop's thread only."""

    def __init__(
        self,
        *,
        bindings: Callable[[Composer], KeyBindingsBase],
        completer: Completer,
        history: History,
        parts: Parts,
        suggest: AutoSuggest | None = None,
        color: bool = True,
        vi: bool = False,
        source: Input | None = None,
        output: SteadyOutput | None = None,
    ) -> None:
        self._parts = parts
        self._live: list[str] = []
        self._room = 0
        self._due = ""
        self._said = ""
        self._settling: asyncio.TimerHandle | None = None
        self.is_lent = False
        self._output = output or _output()
        self._columns = self.width
        self.buffer = DraftBuffer(
            multiline=True,
            history=history,
            auto_suggest=suggest,
            completer=completer,
            complete_while_typing=Condition(self._is_command),
            enable_history_search=False,
        )
        self.composer = Composer(self.buffer)
        self._picker = Picker(lambda: (self.width, self.height), self.refresh)
        self._unseen = Unseen(self.refresh)
        self.app: Application[None] = Application(
            layout=Layout(self._body()),
            key_bindings=ConditionalKeyBindings(bindings(self.composer), ~self._unseen.is_open),
            style=STYLE,
            color_depth=None if color else ColorDepth.DEPTH_1_BIT,
            # The console of Linux prints the end of the sequence for it.
            cursor=ModalCursorShapeConfig() if vi and os.environ.get("TERM") != "linux" else None,
            editing_mode=EditingMode.VI if vi else EditingMode.EMACS,
            erase_when_done=True,
            input=source or _input(),
            output=self._output,
            before_render=lambda _: self._make_room(),
            after_render=lambda _: self._measure(),
        )
        # Esc alone has to answer at once; the default waits half a second for more.
        self.app.ttimeoutlen = SEQUENCE_S
        self.app.key_processor.after_key_press += lambda _: self._await_more()

    # --- Surface -----------------------------------------------------------------------------------------------------

    @property
    def width(self) -> int:
        return max(1, self._output.get_size().columns)

    @property
    def height(self) -> int:
        return max(1, self._output.get_size().rows)

    @property
    def echoes(self) -> bool:
        return False

    @property
    def draft(self) -> str:
        return self.composer.text

    @property
    def unsent(self) -> Entry:
        return self.composer.unsent

    @property
    def mode(self) -> str:
        """What keys do in vi when they do not insert; "" when they do."""
        if self.app.editing_mode is not EditingMode.VI:  # its state changes all the same
            return ""
        if self.buffer.selection_state:
            return "visual"
        vi = self.app.vi_state
        return "normal" if vi.temporary_navigation_mode else _MODES.get(vi.input_mode, "")

    def print(self, ansi: str) -> None:
        """Print for good, above the live view."""
        self._due += ansi
        self._paint()

    def frame(self, commit: str, live: str) -> None:
        """Print `commit` for good and show `live` under it, in one write; nothing is written where nothing changes."""
        self._due += commit
        self._live = live.split("\n") if live else []
        self._paint()
        self.refresh_status()

    def _paint(self) -> None:
        if not self.app.is_running:
            self._output.write_raw(_crlf(self._take_due()))
            self._output.flush()
            return
        self._notice_resizing()
        if self._settling or self.is_lent:
            return
        due = self._take_due()
        rows = due.removesuffix("\n").split("\n") if due else []
        if not self._output.paint(rows, self._live_rows()):
            with self._output.one_frame(), set_app(self.app):
                self.app.renderer.erase()
                self._output.write_raw(_crlf(due))
                self._render()

    def _take_due(self) -> str:
        due, self._due = self._due, ""
        return due

    def compose(self, text: str, pasted: Spans = ()) -> None:
        """Put a text into the composer, the cursor after it."""
        self.composer.give(text, pasted)

    async def pick(self, picking: Picking) -> str | None:
        """Let the user choose from a list, in place of the composer; None when they would rather not."""
        return await self._picker.pick(picking)

    async def ask(self, title: str) -> str | None:
        """Ask for a line, in place of the composer; None when the user would rather not."""
        picking = Picking(title, lambda typed: [Choice(typed.strip(), typed)])
        return await self._picker.pick(picking) or None

    def unseen(self, title: str) -> Awaitable[str | None]:
        """Ask for a line that nobody may see, in place of the composer; None when the user would rather not."""
        return self._unseen.ask(title)

    async def edit(self) -> None:
        """Let the user's own editor change the draft. UsageError when that fails; the draft is then as it was."""
        self.composer.replace(await self.revise(self.draft))

    async def revise(self, text: str) -> str:
        """Let the user's own editor change a text. UsageError when that fails."""
        async with self._lent():
            return await editor.edit(text, os.environ)

    async def page(self, text: str) -> None:
        """Let the user's own pager show a text that is drawn. UsageError when there is none."""
        async with self._lent():
            await pager.show(text, os.environ)

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[None]:
        """Inside, the terminal belongs to another program; what is to be printed waits."""
        self.is_lent = True
        try:
            with set_app(self.app):
                async with in_terminal():
                    self._write(NO_PASTES)
                    yield
        finally:
            self.is_lent = False
            self._paint()

    async def suspend(self) -> None:
        """Go to the shell, as one of its jobs, until it brings us back. Without such a shell nothing happens."""
        if self.is_lent:
            _stop()
            return
        async with self._lent():
            _stop()

    def regain(self) -> None:
        """We were stopped, perhaps without being asked: make the terminal ours again. To be called at each SIGCONT."""
        if self.app.is_running and not self.is_lent:
            self.app.input.raw_mode().__enter__()  # `run` leaves it
            self._output.enable_bracketed_paste()
            self.redraw()

    def entitle(self, title: str) -> None:
        """Put a title on the window; it has its own again when the session ends."""
        self._output.entitle(title)

    async def copy(self, text: str) -> str:
        """Put a text into the clipboard, and say how that went."""
        copied = await aside(partial(clipboard.copy, text, os.environ))
        self._write(copied.sequence)
        return copied.said

    def _write(self, sequence: str) -> None:
        self._output.write_raw(sequence)
        self._output.flush()

    def ring(self) -> None:
        """Ring the bell."""
        self._write("\a")

    def remember(self, entry: Entry) -> None:
        """Put this into the history."""
        self.composer.remember(entry)

    def refresh(self) -> None:
        """Draw the region again, soon."""
        self.app.invalidate()

    def refresh_status(self) -> None:
        """Draw the region again if the status line says something else now."""
        if self._parts.status(self.width) != self._said:
            self.refresh()

    def _status(self) -> ANSI:
        self._said = self._parts.status(self.width)
        return ANSI(self._said.rstrip("\n"))

    def redraw(self) -> None:
        """Draw the region anew, from nothing: for when something else wrote on the screen."""
        with self._output.one_frame(), set_app(self.app):
            self.app.renderer.erase()
            self._render()

    async def run(self, ready: Callable[[], None]) -> None:
        """Take keys until `leave`. `ready` is called once the composer stands."""
        with self._output.session():
            # Soon, not now: the terminal is not in raw mode yet, and what is typed would be echoed into the drawing.
            loop = asyncio.get_running_loop()

            def soon() -> None:
                loop.call_soon(ready)

            await self.app.run_async(pre_run=soon, set_exception_handler=False)
        self.frame("", "")

    def leave(self) -> None:
        """End `run`; calling it again does nothing."""
        if self.app.is_running and not self.app.is_done:
            self.app.exit()
            with suppress(NotImplementedError):  # Windows
                # What is typed from now on is for the shell.
                asyncio.get_running_loop().remove_reader(self.app.input.fileno())

    # --- what is drawn -----------------------------------------------------------------------------------------------

    def _body(self) -> HSplit:
        queued = Window(
            FormattedTextControl(self._queued_rows), dont_extend_height=True, wrap_lines=False
        )
        picking, hiding = self._picker.is_open, self._unseen.is_open
        search = SearchToolbar(
            forward_search_prompt=lambda: self._search_prompt("Later", search),
            backward_search_prompt=lambda: self._search_prompt("Earlier", search),
            ignore_case=True,
        )
        search.control.input_processors = [
            Folds(self.composer),  # one that was killed may be yanked here
            Marks(),
            *(search.control.input_processors or ()),
        ]
        composer = Window(
            BufferControl(
                self.buffer,
                input_processors=[
                    Folds(self.composer),
                    AppendAutoSuggestion(),
                    Marks(),
                    TabsProcessor(char1=" ", char2=" "),
                    Words(),
                ],
                search_buffer_control=search.control,
                preview_search=True,
            ),
            get_line_prefix=_line_prefix,
            wrap_lines=True,
            dont_extend_height=True,
            height=lambda: Dimension(min=1, max=self._composer_rows()),
        )
        status = Window(
            FormattedTextControl(self._status),
            height=1,
            dont_extend_height=True,
        )
        menu = CompletionsMenu(max_height=MENU_ROWS)
        return HSplit(
            [
                ConditionalContainer(queued, Condition(lambda: bool(self._waiting()))),
                ConditionalContainer(HSplit([composer, search]), ~picking & ~hiding),
                ConditionalContainer(self._picker.container(), picking),
                ConditionalContainer(self._unseen.container(), hiding),
                ConditionalContainer(VSplit([menu, Window()]), has_completions),
                ConditionalContainer(
                    status,
                    ~has_completions & ~picking & ~Condition(lambda: bool(self._settling)),
                ),
            ]
        )

    def _search_prompt(self, where: str, search: SearchToolbar) -> str:
        sought = SearchState(
            search.search_buffer.text,
            search.control.searcher_search_state.direction,
            ignore_case=True,
        )
        found = self.buffer.document_for_search(sought).text
        return f"{where}: " if sought.text.lower() in found.lower() else "Nothing found: "

    def _live_rows(self) -> list[str]:
        """The last rows of the live view, as many as there is room for. Terminals differ in how they measure joined emoji:
        a row that one of them would break is cut, as long as it is not final."""
        room = min(LIVE_ROWS, self._room)
        rows = self._live[-room:] if room > 0 and not self._settling else []
        return [fitting(row, self.width - 1) for row in rows]

    def _queued_rows(self) -> StyleAndTextTuples:
        return [("class:queued", "\n".join(self._waiting()))]

    def _waiting(self) -> list[str]:
        """What is queued, and what is attached to the draft."""
        room = max(1, self.width - 14)
        queue = self._parts.queued()
        rows = [
            f"queued: {clean_line(' '.join(text.split()), room)}" for text in queue[-QUEUED_ROWS:]
        ]
        if len(queue) > QUEUED_ROWS:
            rows.insert(0, f"and {len(queue) - QUEUED_ROWS} before them")
        attached = self._parts.attached(self.composer.entry)
        more = (
            [f"and {len(attached) - ATTACHED_ROWS} more: /attachments lists them"]
            if attached[ATTACHED_ROWS:]
            else []
        )
        return (
            rows
            + [f"+ {_shortened(row, self.width - 4)}" for row in attached[:ATTACHED_ROWS]]
            + more
        )

    def _composer_rows(self) -> int:
        """How high it may get: the reply has to be seen as well."""
        return max(1, min(COMPOSER_ROWS, self.height // 2 - 1))

    def _render(self) -> None:
        self.app.render_counter += 1  # texts are remembered for one rendering
        self._make_room()
        self.app.renderer.render(self.app, self.app.layout)
        self._measure()

    def _make_room(self) -> None:
        """Before the region is drawn: what is printed must not be pushed off the screen together with live rows."""
        self._notice_resizing()
        body = self.app.layout.container
        self._room = self.height - body.preferred_height(self.width, self.height).preferred - 1
        self._output.paint([], self._live_rows())

    def _measure(self) -> None:
        """After it: tell the output what is ours, give back rows that are no longer used, and show live rows in them."""
        screen = self.app.renderer.last_rendered_screen
        if screen:
            cursor = screen.get_cursor_position(self.app.layout.current_window)
            self._output.region = Region.of(screen, cursor, self.width)
            self._room = self.height - screen.height - 1
            self._output.paint([], self._live_rows())

    def _await_more(self) -> None:
        """Of several keys that belong together some are pressed: how long the next may take."""
        held = self.app.key_processor.key_buffer
        self.app.timeoutlen = ALT_S if held and held[0].key == Keys.Escape else CHORD_S

    def _notice_resizing(self) -> None:
        """While the window is being resized draw only what is short, and print nothing.

        A terminal breaks or joins rows before it tells us; whatever is drawn in between is drawn in the wrong place.
        """
        if self.width != self._columns:
            self._columns = self.width
            if self._settling:
                self._settling.cancel()
            self._settling = asyncio.get_running_loop().call_later(SETTLE_S, self._settle)

    def _settle(self) -> None:
        self._settling = None
        self._paint()
        self.refresh()

    def _is_command(self) -> bool:
        """Whether completions are offered without being asked for: for commands, and behind an `@`."""
        before = self.buffer.document.text_before_cursor
        return self.buffer.text.startswith("/") or naming.begun(before, behind_at=True) is not None


class _Console(io.StringIO):
    """The console of Windows as a stream: prompt_toolkit knows how to make it a vt100."""

    def __init__(self, console: Output) -> None:
        super().__init__()
        self._console = console

    def write(self, text: str, /) -> int:
        self._console.write_raw(text)
        return len(text)

    def flush(self) -> None:
        self._console.flush()


def _input() -> Input | None:
    if sys.platform == "win32":
        return None
    return Keyboard(sys.stdin, brackets=brackets_pastes(os.environ))


def _output() -> SteadyOutput:
    if sys.platform == "win32":
        console = create_output()
        return SteadyOutput(_Console(console), console.get_size)
    plain = Vt100_Output.from_pty(sys.stdout, enable_bell=False)
    # sys.stdout may be without a buffer (PYTHONUNBUFFERED): what a signal cuts off from a long write is lost then.
    fd, encoding = sys.stdout.fileno(), sys.stdout.encoding
    whole = open(fd, "w", encoding=encoding, closefd=False)  # noqa: SIM115  open as long as the program runs
    return SteadyOutput(whole, plain.get_size)


def _stop() -> None:
    """Like a program that does not know of SIGTSTP, and with all others of the same job."""
    held = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    os.kill(0, signal.SIGTSTP)
    signal.signal(signal.SIGTSTP, held)


def _line_prefix(line: int, wraps: int) -> StyleAndTextTuples:
    """The mark before the first row; the other rows are only indented, so that copying brings nothing along."""
    return [("class:mark", MARK)] if line == 0 and wraps == 0 else [("", " " * len(MARK))]


def _shortened(row: str, room: int) -> str:
    """A name, and figures behind it: where there is no room for both, the name is cut."""
    found = _FIGURES.search(row)
    figures = found[0] if found else ""
    left = room - get_cwidth(figures)
    return cut(row.removesuffix(figures), left) + figures if left > 1 else cut(row, room)


def _crlf(text: str) -> str:
    """Raw mode does not return the carriage."""
    return text.replace("\n", "\r\n")
