"""The terminal in memory: what its composer and the rows above it look like, and how often they are laid out."""

import asyncio
import io

import pyte
import pytest
from prompt_toolkit.completion import DummyCompleter
from prompt_toolkit.data_structures import Size
from prompt_toolkit.history import DummyHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.key_binding import KeyBindings

from deepchat.repl.output import SteadyOutput
from deepchat.repl.terminal import SETTLE_S, Parts, Terminal


class Shown(io.StringIO):
    """A stream into a terminal emulator; `writes` are what reached it."""

    def __init__(self, columns=40, lines=12):
        super().__init__()
        self.screen = pyte.HistoryScreen(columns, lines, history=1000)
        self._stream = pyte.Stream(self.screen)
        self.writes = []

    def write(self, text):
        self.writes.append(text)
        self._stream.feed(text)
        return len(text)

    def size(self):
        return Size(self.screen.lines, self.screen.columns)

    def rows(self):
        """All that stands there, from the scrollback on."""
        columns = range(self.screen.columns)
        lines = [*self.screen.history.top, *map(self.screen.buffer.get, range(self.screen.lines))]
        texts = ["".join(line[x].data for x in columns).rstrip() if line else "" for line in lines]
        return "\n".join(texts).rstrip("\n").split("\n")


@pytest.fixture
def use():
    """Runs a scenario, given the terminal and the screen, while the composer stands."""

    def run(scenario, status=lambda: "status", queued=list):
        shown = Shown()

        async def session():
            with create_pipe_input() as keys:
                terminal = Terminal(
                    bindings=lambda _: KeyBindings(),
                    completer=DummyCompleter(),
                    history=DummyHistory(),
                    parts=Parts(lambda _: status(), queued),
                    source=keys,
                    output=SteadyOutput(shown, shown.size),
                )

                async def play():
                    try:
                        await scenario(terminal, shown)
                    finally:
                        terminal.leave()

                tasks = []
                await terminal.run(lambda: tasks.append(asyncio.create_task(play())))
                await tasks[0]

        asyncio.run(session())

    return run


async def drawn(terminal):
    """Let prompt_toolkit draw what it wants to."""
    terminal.refresh()
    await asyncio.sleep(0.05)


def test_frames_do_not_lay_out_the_composer(use):
    async def scenario(terminal, shown):
        before = terminal.app.render_counter
        for n in range(200):
            terminal.frame(f"line {n}\n", f"open end {n}")
            await asyncio.sleep(0)
        assert terminal.app.render_counter <= before + 1
        assert shown.rows() == [*(f"line {n}" for n in range(200)), "open end 199", "›", "status"]

    use(scenario)


def test_a_frame_is_one_write_and_none_where_nothing_changes(use):
    async def scenario(terminal, shown):
        terminal.frame("", "open")
        shown.writes.clear()
        terminal.frame("first\n", "open end")
        terminal.frame("", "open end")
        assert len(shown.writes) == 1
        assert shown.writes[0].startswith("\x1b[?2026h")
        assert shown.writes[0].endswith("\x1b[?2026l")

    use(scenario)


def test_the_status_is_drawn_again_when_it_says_something_else(use):
    says = ["waiting"]

    async def scenario(terminal, shown):
        terminal.frame("", "open")
        says[0] = "receiving"
        terminal.frame("", "open end")
        await asyncio.sleep(0.05)
        assert shown.rows() == ["open end", "›", "receiving"]

    use(scenario, status=lambda: says[0])


def test_what_was_drawn_meanwhile_is_no_reason_to_leave_an_old_status_standing(use):
    says = ["idle"]

    async def scenario(terminal, shown):
        terminal.frame("", "open")
        await asyncio.sleep(0.05)
        says[0] = "waiting"
        await drawn(terminal)
        assert shown.rows()[-1] == "waiting"
        says[0] = "idle"
        terminal.frame("all of it\n", "")
        await asyncio.sleep(0.05)
        assert shown.rows() == ["all of it", "›", "idle"]

    use(scenario, status=lambda: says[0])


def test_a_status_is_drawn_once_however_many_frames_follow(use):
    says = ["waiting"]

    async def scenario(terminal, shown):
        await drawn(terminal)
        says[0] = "receiving"
        before = terminal.app.render_counter
        for n in range(20):
            terminal.frame(f"line {n}\n", "")
            await asyncio.sleep(0.01)
        assert terminal.app.render_counter == before + 1

    use(scenario, status=lambda: says[0])


def test_live_rows_give_way_to_a_draft_and_come_back(use):
    live = [f"live {n}" for n in range(10)]

    async def scenario(terminal, shown):
        terminal.print("".join(f"printed {n}\n" for n in range(20)))
        terminal.frame("", "\n".join(live))
        assert [row for row in shown.rows() if row in live] == live[1:]
        terminal.compose("one\ntwo\nthree\nfour")
        await drawn(terminal)
        printed = [f"printed {n}" for n in range(20)]
        draft = ["› one", "  two", "  three", "  four", "status"]
        assert shown.rows() == [*printed, *live[4:], *draft]
        terminal.compose("")
        await drawn(terminal)
        assert shown.rows() == [*printed, *live[1:], "›", "status"]

    use(scenario)


def test_queued_rows_stand_between_the_reply_and_the_composer(use):
    queue = []

    async def scenario(terminal, shown):
        terminal.frame("printed\n", "live")
        queue.append("next question")
        await drawn(terminal)
        terminal.frame("live\n", "more")
        assert shown.rows() == ["printed", "live", "more", "queued: next question", "›", "status"]

    use(scenario, queued=lambda: queue)


def test_a_commit_of_many_rows_or_of_one_that_wraps_is_printed_whole(use):
    long = "x" * 100

    async def scenario(terminal, shown):
        terminal.frame("", "live")
        terminal.frame(f"{long}\n" + "".join(f"row {n}\n" for n in range(30)), "more")
        wrapped = [long[:40], long[40:80], long[80:]]
        rows = [f"row {n}" for n in range(30)]
        assert shown.rows() == [*wrapped, *rows, "more", "›", "status"]

    use(scenario)


def test_drawing_anew_shows_everything_once(use):
    async def scenario(terminal, shown):
        terminal.frame("printed\n", "live\nrows")
        terminal.redraw()
        assert shown.rows() == ["printed", "live", "rows", "›", "status"]

    use(scenario)


def test_leaving_takes_the_live_rows_and_the_composer_away(use):
    kept = []

    async def scenario(terminal, shown):
        terminal.frame("printed\n", "live")
        kept.append(shown)

    use(scenario)
    assert kept[0].rows() == ["printed"]


def test_only_what_is_short_is_drawn_while_the_window_is_being_resized(use):
    async def scenario(terminal, shown):
        terminal.frame("printed\n", "live")
        shown.screen.resize(12, 60)
        terminal.frame("more\n", "live rows")
        await drawn(terminal)
        assert shown.rows() == ["printed", "›"]
        await asyncio.sleep(SETTLE_S + 0.1)
        assert shown.rows() == ["printed", "more", "live rows", "›", "status"]

    use(scenario)
