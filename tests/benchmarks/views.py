"""Ways to show a reply while it arrives: those of others, reduced to what they do for each frame, and ours."""

import asyncio
import io
from collections.abc import Callable
from typing import Final, Protocol

from prompt_toolkit.completion import DummyCompleter
from prompt_toolkit.data_structures import Size
from prompt_toolkit.history import DummyHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.key_binding import KeyBindings
from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from deepchat.render.reply import Frame, Reply
from deepchat.render.theme import THEMES
from deepchat.repl.output import SteadyOutput
from deepchat.repl.terminal import Parts, Terminal
from tests.benchmarks.painter import Painter

WIDTH: Final = 80
HEIGHT: Final = 24


class View(Protocol):
    """Text comes in at any time; now and then a frame is drawn. `size` is the number of bytes written."""

    def feed(self, delta: str) -> None: ...

    def frame(self) -> None: ...

    def finish(self) -> None: ...

    @property
    def size(self) -> int: ...


class Tally(io.StringIO):
    """A terminal that only counts bytes."""

    size = 0

    def write(self, text: str, /) -> int:
        self.size += len(text.encode())
        return len(text)

    def isatty(self) -> bool:
        return True


class Raw:
    """The text as it came."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._new: list[str] = []

    @property
    def size(self) -> int:
        return self.tally.size

    def feed(self, delta: str) -> None:
        self._new.append(delta)

    def frame(self) -> None:
        self.tally.write("".join(self._new))
        self._new.clear()

    def finish(self) -> None:
        self.frame()


class OneShot:
    """Nothing until the reply is complete, then rich's Markdown of it."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.console = Console(
            file=self.tally,
            width=WIDTH,
            height=HEIGHT,
            force_terminal=True,
            color_system="truecolor",
            _environ={},
        )
        self._text: list[str] = []

    @property
    def size(self) -> int:
        return self.tally.size

    @property
    def markdown(self) -> Markdown:
        return Markdown("".join(self._text))

    def feed(self, delta: str) -> None:
        self._text.append(delta)

    def frame(self) -> None:
        pass

    def finish(self) -> None:
        self.console.print(self.markdown)


class Naive(OneShot):
    """rich's Live around all of the text, for each frame."""

    def __init__(self) -> None:
        super().__init__()
        self.live = Live(
            console=self.console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        self.live.start()

    def frame(self) -> None:
        self.live.update(self.markdown, refresh=True)

    def finish(self) -> None:
        self.frame()
        self.live.stop()


class StableLines(Naive):
    """All of the text rendered for each frame; its last lines are live, those before are printed once."""

    window = 6

    def __init__(self) -> None:
        super().__init__()
        self._printed = 0

    def frame(self) -> None:
        paper = io.StringIO()
        Console(file=paper, width=WIDTH, force_terminal=True, _environ={}).print(self.markdown)
        lines = paper.getvalue().splitlines()
        stable = max(self._printed, len(lines) - self.window)
        if stable > self._printed:
            self.console.print(Text.from_ansi("\n".join(lines[self._printed : stable])))
            self._printed = stable
        self.live.update(Text.from_ansi("\n".join(lines[stable:])), refresh=True)


class Ours:
    """deepchat's frames. They are painted only when the bytes are asked for, since painting is the terminal's part."""

    def __init__(self) -> None:
        self.reply = Reply(width=WIDTH, height=HEIGHT, theme=THEMES["ansi"])
        self._frames: list[Frame] = []

    @property
    def size(self) -> int:
        return self._painted()[0]

    @property
    def erased(self) -> int:
        """Cells that were not blank, and were wiped."""
        return self._painted()[1]

    def feed(self, delta: str) -> None:
        self.reply.text(delta)

    def frame(self) -> None:
        self._frames.append(self.reply.frame())
        while self.reply.behind:  # as between two frames of real time
            self._frames.append(self.reply.frame())

    def finish(self) -> None:
        self._frames.append(self.reply.finish())

    def _painted(self) -> tuple[int, int]:
        painter = Painter()
        size = sum(len(painter.paint(f.commit, f.live).encode()) for f in self._frames)
        return size, painter.erased


class OnTerminal:
    """deepchat's frames on its own terminal, above a composer: all that a reply costs but the network."""

    def __init__(self, terminal: Terminal, tally: Tally) -> None:
        self._terminal = terminal
        self._tally = tally
        self._reply = Reply(width=WIDTH, height=HEIGHT, theme=THEMES["ansi"])

    @property
    def size(self) -> int:
        return self._tally.size

    def feed(self, delta: str) -> None:
        self._reply.text(delta)

    def frame(self) -> None:
        frame = self._reply.frame()
        self._terminal.frame(frame.commit, frame.live)

    def finish(self) -> None:
        self._terminal.frame(self._reply.finish().commit, "")


def with_terminal(use: Callable[[View], None]) -> None:
    """Call `use` with a view whose terminal is up."""
    tally = Tally()
    output = SteadyOutput(tally, lambda: Size(HEIGHT, WIDTH))
    with create_pipe_input() as keys:
        terminal = Terminal(
            bindings=lambda _: KeyBindings(),
            completer=DummyCompleter(),
            history=DummyHistory(),
            parts=Parts(lambda _: "model · 1.2k tokens · $0.01", list),
            source=keys,
            output=output,
        )

        def ready() -> None:
            use(OnTerminal(terminal, tally))
            terminal.leave()

        asyncio.run(terminal.run(ready))
