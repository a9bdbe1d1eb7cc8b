"""The REPL in a terminal: one asyncio loop that takes keys, draws replies as they come, and answers signals."""

import asyncio
import errno
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from prompt_toolkit.input import Input

from deepchat import context, figures
from deepchat.repl.commands.table import COMMANDS
from deepchat.repl.completion import CommandCompleter
from deepchat.repl.history import FileHistory, Ghost
from deepchat.repl.house import House
from deepchat.repl.keys import Actions, Keymap, bindings
from deepchat.repl.loop import Repl
from deepchat.repl.needs import Entry, Next, Surface
from deepchat.repl.output import SteadyOutput
from deepchat.repl.terminal import Parts, Terminal

FRAMES_PER_S: Final = 15
SECOND_S: Final = 0.5

# Bytes of a paste beyond which it is offered as an attachment.
LARGE: Final = 256 * 1024

HANGUPS: Final = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGQUIT", "SIGHUP") if hasattr(signal, name)
)


class Interactive:
    """A terminal, and the REPL in it. `wire` is given the surface and the wake-up call, and returns the rooms."""

    def __init__(
        self,
        wire: Callable[[Surface, Callable[[], None]], House],
        *,
        history: Path | None,
        keymap: Keymap,
        color: bool = True,
        vi: bool = False,
        source: Input | None = None,
        output: SteadyOutput | None = None,
    ) -> None:
        completer = CommandCompleter(COMMANDS)
        actions = Actions(
            enter=self._enter,
            pasted=self._pasted,
            attach=lambda text: self.repl.sending.attach_paste(text),
            interrupt=self._interrupt,
            leave=self._leave,
            redraw=lambda: self.terminal.redraw(),
            suspend=self._suspend,
            take_back=lambda: self.repl.sending.take_back(),
            edit=self._edit,
            obey=lambda command: self._enter(Entry(command)),
            busy=lambda: self.repl.busy or bool(self._commands),
            is_lent=lambda: self.terminal.is_lent,
        )
        self.terminal = Terminal(
            bindings=partial(bindings, actions, keymap),
            completer=completer,
            history=FileHistory(
                history,
                is_private=lambda: self.repl.desk.chat.private,
                is_secret=lambda text: self.repl.holds_secret(text),
            ),
            suggest=Ghost(),
            parts=Parts(
                status=lambda width: self.repl.status(width, self.terminal.mode),
                queued=lambda: [waiting.summary for waiting in self.repl.queue],
                attached=lambda draft: self.repl.attached_rows(draft),
            ),
            color=color,
            vi=vi,
            source=source,
            output=output,
        )
        house = wire(self.terminal, self._wake)
        self.repl = Repl(house, self.terminal)
        completer.desk = self.repl.desk
        self.terminal.app.key_processor.after_key_press += lambda _: self.repl.drafts.touch()
        self.terminal.buffer.on_text_changed += lambda _: self.repl.disarm()
        self.terminal.buffer.on_text_changed += lambda _: house.get_ready()
        self.bug: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._commands: set[asyncio.Task[None]] = set()
        self._beside: set[asyncio.Task[None]] = set()
        self._drawn_at = 0.0
        self._draw_soon: asyncio.TimerHandle | None = None
        self._signal = 0
        self._attaching = keymap["attach"]

    async def run(self, begin: Callable[[Repl], str]) -> int:
        """Until the user leaves; the number of the signal that ended it, or 0.

        `begin` is called once keys are taken, and gives what is entered first in the user's stead.
        """
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda _, context: self._break(context.get("exception")))
        self._do_beside(self._count_seconds())
        with _answered(self._loop, self._signals()):
            try:
                await self.terminal.run(lambda: self._set_out(begin))
            except (OSError, EOFError):  # the terminal is gone
                self._signal = self._signal or HANGUPS[-1]
            finally:
                for task in tuple(self._beside):
                    task.cancel()
                self._loop = None
                with suppress(OSError):
                    self.repl.leave()
        if self.bug:
            raise self.bug
        return self._signal

    def _signals(self) -> Mapping[int, Callable[[], None]]:
        jobs = {"SIGTSTP": self._suspend, "SIGCONT": self.terminal.regain}
        hang_ups = {number: partial(self._hang_up, number) for number in HANGUPS}
        return hang_ups | {
            getattr(signal, name): answer for name, answer in jobs.items() if hasattr(signal, name)
        }

    def _set_out(self, begin: Callable[[Repl], str]) -> None:
        if first := begin(self.repl):
            self._enter(Entry(first))
        self.repl.hurry()
        self._draw_on()
        self._do_beside(self.repl.offer_drafts())
        self._do_beside(self.repl.drafts.run())
        self._do_beside(self.repl.alongside.run())

    def _do_beside(self, work: Coroutine[None, None, None]) -> None:
        """Something that goes on while keys are taken; a bug in it is one of the loop."""
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._notice_end)

    def _notice_end(self, task: asyncio.Task[None]) -> None:
        self._beside.discard(task)
        if not task.cancelled() and task.exception():
            self._break(task.exception())

    # --- keys --------------------------------------------------------------------------------------------------------

    def _enter(self, entry: Entry) -> None:
        outcome = self.repl.enter(entry.text, entry.pasted)
        if outcome is Next.LEAVE:
            self._leave()
        elif isinstance(outcome, Awaitable):
            self._begin(entry.text, outcome)
        self._draw_on()

    def _pasted(self, text: str) -> None:
        """One that is large may be better off as a file."""
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > LARGE:
            much = f"{figures.size(size)}, ~{figures.count(context.estimated_tokens(text))} tokens"
            keys = " or ".join(self._attaching)
            other = f"; {keys} makes it an attachment" if keys else ""
            self.repl.desk.page.notice(f"Pasted {much}. Enter sends it in the message{other}.")

    def _edit(self) -> None:
        self._begin("/edit", self.terminal.edit())

    def _begin(self, line: str, outcome: Awaitable[Next | None]) -> None:
        task = asyncio.create_task(self._see_through(line, outcome))
        self._commands.add(task)
        task.add_done_callback(self._commands.discard)

    async def _see_through(self, line: str, outcome: Awaitable[Next | None]) -> None:
        try:
            if await self.repl.obey(line, outcome) is Next.LEAVE:
                self._leave()
        except asyncio.CancelledError:
            if self._loop and not self.repl.stop_drawing():
                self.repl.desk.page.notice("Stopped.")
        self._draw_on()

    def _stop_commands(self) -> None:
        """Soon: one that has not begun yet could not say that it was stopped."""
        for task in self._commands:
            task.get_loop().call_soon(task.cancel)

    def _interrupt(self) -> None:
        if (
            self._commands
            and not self.repl.queue
            and (self.repl.stop_drawing() or not self.repl.busy)
        ):
            self._stop_commands()
        elif self.repl.interrupt() is Next.LEAVE:
            self._leave()

    def _leave(self) -> None:
        self.terminal.leave()
        if self.terminal.is_lent:  # the other program would keep it
            self._stop_commands()

    def _suspend(self) -> None:
        self._do_beside(self.terminal.suspend())

    def _hang_up(self, number: int) -> None:
        self._signal = number
        self._leave()

    # --- frames ------------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        """Called from a turn's thread: something came."""
        loop = self._loop
        if loop is not None:
            with suppress(
                RuntimeError
            ):  # the loop closed in this very moment: nothing is left to draw
                loop.call_soon_threadsafe(self._schedule)

    def _schedule(self) -> None:
        """Draw now, or when the last frame is old enough; a burst is one frame."""
        if self._draw_soon is None and self._loop is not None:
            wait = max(0.0, self._drawn_at + 1 / FRAMES_PER_S - time.monotonic())
            self._draw_soon = self._loop.call_later(wait, self._draw)

    def _draw(self) -> None:
        self._draw_soon = None
        self.repl.pump()
        self._drawn_at = time.monotonic()
        self._draw_on()

    def _draw_on(self) -> None:
        """What is left to draw, after the keys that have come."""
        if self.repl.behind and self._draw_soon is None and self._loop is not None:
            self._draw_soon = self._loop.call_later(0, self._draw)

    async def _count_seconds(self) -> None:
        """The status line tells how long it has been."""
        while True:
            await asyncio.sleep(SECOND_S)
            if self.repl.busy:
                self.terminal.refresh_status()

    def _break(self, bug: BaseException | None) -> None:
        """Something failed where nobody waits for it: leave in order, and let `run` raise it."""
        if isinstance(bug, OSError) and bug.errno == errno.EIO:  # the terminal is gone
            self._hang_up(HANGUPS[-1])
            return
        self.bug = bug or RuntimeError("the loop reported a failure without naming it")
        self._leave()


@contextmanager
def _answered(
    loop: asyncio.AbstractEventLoop, answers: Mapping[int, Callable[[], None]]
) -> Iterator[None]:
    """Inside, these signals are answered between two keys; afterwards by whoever did before. What is ignored stays so."""
    before = {number: signal.getsignal(number) for number in answers}
    taken = [number for number in answers if before[number] is not signal.SIG_IGN]
    with suppress(NotImplementedError):  # Windows
        for number in taken:
            loop.add_signal_handler(number, answers[number])
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])
