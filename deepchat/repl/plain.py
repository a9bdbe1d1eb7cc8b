"""The REPL without cursor movement: lines in, text out, for terminals and ears that want nothing redrawn."""

import asyncio
import os
import shutil
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import takewhile
from typing import Final, TextIO

from deepchat.errors import UsageError
from deepchat.repl import clipboard
from deepchat.repl.ahead import LinesAhead
from deepchat.repl.aside import aside
from deepchat.repl.composer import QUOTES, is_open, together, without_quotes
from deepchat.repl.house import House
from deepchat.repl.loop import Pending, Repl
from deepchat.repl.needs import Choice, Entry, Next, Picking, Spans, Surface
from deepchat.repl.registry import shell_line, split_command
from deepchat.retrying import Pause
from deepchat.text import clean, clean_line

PROMPT: Final = "> "
MORE: Final = "  "
WAIT_S: Final = 0.25
LISTED: Final = 30

OFFER: Final = "(An empty line sends that, Ctrl-C drops it.)"

# Characters of a message in several lines up to which it is written down at each of them; a longer one is at the end.
KEPT: Final = 16_384


class PlainSurface:
    """A stream that is only ever appended to. Nothing can stand in a composer here: what returns is printed, and kept.

    `begun` are lines of a message that is not complete yet, `ahead` lines that nobody has asked for; `is_ending` counts
    them among what was not sent.
    """

    echoes = True

    def __init__(
        self,
        out: TextIO,
        lines: Callable[[str], str],
        ahead: list[str] | None = None,
        unseen: Callable[[str], str] | None = None,
    ) -> None:
        self.begun = ""
        self.is_ending = False
        self._out = out
        self._lines = lines
        self._unseen = unseen
        self._ahead = [] if ahead is None else ahead
        self._kept = Entry("")

    @property
    def width(self) -> int:
        return shutil.get_terminal_size().columns

    @property
    def height(self) -> int:
        return shutil.get_terminal_size().lines

    def print(self, ansi: str) -> None:
        """Print for good."""
        self._out.write(ansi)
        self._out.flush()

    def frame(self, commit: str, live: str) -> None:
        """Print `commit`; the open end is not shown before it is final."""
        if commit:
            self.print(commit)

    @property
    def draft(self) -> str:
        return self._kept.text

    @property
    def unsent(self) -> Entry:
        begun = [self.begun] if self.begun else []
        typed = [*begun, *self._ahead] if self.is_ending else []
        return together([self._kept, Entry("\n".join(typed))])

    def compose(self, text: str, pasted: Spans = ()) -> None:
        """Print a text that was not sent; an empty line takes it."""
        self._kept = Entry(text, pasted)
        if text:
            self.print(f"Not sent: {clean(text)}\n{OFFER}\n")

    def hold(self) -> None:
        """What was typed ahead is not to be sent now; from a command on it is obeyed."""
        held = list(takewhile(_is_text, self._ahead))
        del self._ahead[: len(held)]
        line = together([self._kept, *map(Entry, held)])
        if held:
            self.compose(line.text, line.pasted)

    def take(self) -> Entry:
        """What was not sent; it is forgotten here."""
        taken, self._kept = self._kept, Entry("")
        return taken

    def drop(self) -> bool:
        """Forget what was begun and what was not sent; whether there was anything."""
        dropped = bool(self.begun or self.take().text)
        self.begun = ""
        return dropped

    async def pick(self, picking: Picking) -> str | None:
        """A numbered list, and a line for the number, or for words of what is meant; an empty one leaves."""
        shown: Sequence[Choice] = ()
        found = await self._found(picking, picking.typed)
        while found:
            if found is not shown:
                shown = found
                self._list(shown)
            answer = self._answer(f"{picking.title}, by number or name: ").strip()
            if not answer:
                return None
            if answer.isdecimal() and 0 < int(answer) <= len(shown):
                return shown[int(answer) - 1].value
            found = [] if answer.isdecimal() else await self._found(picking, answer)
            if len(found) == 1:
                return found[0].value
            if not found:
                self.print(f"1 to {len(shown)}, or words of one; Enter for none.\n")
                found = shown
        return None

    async def _found(self, picking: Picking, typed: str) -> Sequence[Choice]:
        """What fits; beside the loop, so that Ctrl-C ends a long search."""
        return (await aside(partial(picking.find, typed)))[:LISTED]

    def _list(self, choices: Sequence[Choice]) -> None:
        for number, choice in enumerate(choices, start=1):
            row = f"{number:>3}  {clean_line(choice.label)}  {clean_line(choice.about)}"
            self.print(f"{row.rstrip()}\n")
            if choice.excerpt:
                self.print(f"     {''.join(piece.text for piece in choice.excerpt).strip()}\n")

    def _answer(self, question: str, lines: Callable[[str], str] | None = None) -> str:
        """One line; "" when the user would rather not."""
        # asyncio would hold Ctrl-C back until the line has come.
        held = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return (lines or self._lines)(question)
        except (EOFError, KeyboardInterrupt):
            self.print("\n")
            return ""
        finally:
            signal.signal(signal.SIGINT, held)

    async def ask(self, title: str) -> str | None:
        """A line; None when the user would rather not."""
        return self._answer(f"{clean_line(title)}: ").strip() or None

    async def unseen(self, title: str) -> str | None:
        """A line that is not echoed, where a terminal is; None when the user would rather not."""
        return self._answer(f"{clean_line(title)} (not shown): ", self._unseen) or None

    async def edit(self) -> None:
        """UsageError: there is no draft."""
        raise UsageError(
            "There is no composer here to edit.", hint="A line that ends with \\ goes on."
        )

    async def page(self, text: str) -> None:
        """Print it: here nothing is redrawn."""
        self.print(text)

    async def revise(self, text: str) -> str:
        """UsageError: an editor redraws, and may have no terminal."""
        raise UsageError(
            "No editor is opened here.", hint="Edit the file beside deepchat; it is read anew."
        )

    def remember(self, entry: Entry) -> None:
        """Nothing to do: what was typed stands above."""

    def entitle(self, title: str) -> None:
        """Nothing to do: a title is not text."""

    async def copy(self, text: str) -> str:
        """Put a text into the clipboard, and say how that went."""
        copied = await aside(partial(clipboard.copy, text, os.environ))
        self.print(copied.sequence)
        return copied.said

    def ring(self) -> None:
        """Ring the bell."""
        self.print("\a")

    def refresh(self) -> None:
        """Nothing to do: there is no status line."""


def _is_text(line: str) -> bool:
    return not (split_command(line) or shell_line(line))


class Plain:
    """A plain surface, and the REPL on it."""

    def __init__(
        self,
        wire: Callable[[Surface, Callable[[], None]], House],
        *,
        lines: Callable[[str], str] = input,
        out: TextIO | None = None,
        terminal: TextIO | None = None,
    ) -> None:
        """`terminal` is where the lines are typed, if that is one."""
        self._came = threading.Event()
        self._ahead = LinesAhead(lines, out or sys.stdout, terminal)
        ahead = self._ahead
        self._surface = PlainSurface(out or sys.stdout, ahead.ask, ahead.waiting, ahead.ask_unseen)
        self._told: Pause | None = None
        house = wire(self._surface, self._came.set)
        self._get_ready = house.get_ready
        self.repl = Repl(house, self._surface)

    def run(self, begin: Callable[[Repl], str]) -> None:
        """Until the user leaves. `begin` gives what is entered first in the user's stead."""
        first = begin(self.repl)
        try:
            outcome = self._heed(partial(self._set_out, first))
            while outcome is not Next.LEAVE:
                outcome = self._heed(self._read)
        except SystemExit:  # a signal ends the program
            self._ahead.take_all()
            raise
        finally:
            self._surface.is_ending = True
            self.repl.leave()

    def _heed(self, act: Callable[[], Next | None]) -> Next | None:
        """Ctrl-C, wherever it comes, drops what stands there or stops the reply; nobody leaves by one alone."""
        try:
            return act()
        except KeyboardInterrupt:
            self._surface.print("\n")
            return Next.GO_ON if self._surface.drop() else self.repl.interrupt()

    def _set_out(self, first: str) -> Next | None:
        self._receive()  # the rest of a stored reply: drafts are offered below it
        asyncio.run(self.repl.offer_drafts())
        return self._do(Entry(first)) if first else None

    def _read(self) -> Next | None:
        self.repl.alongside.look()
        self._receive()
        self.repl.pump()  # what has been told meanwhile
        self._get_ready()
        try:
            line = self._ask(PROMPT)
            while line.endswith("\\") or is_open(Entry(line)):
                self._surface.begun = line.removesuffix("\\")
                line = self._surface.begun + "\n" + self._ask(MORE)
        except EOFError:
            self._surface.print("\n")
            return Next.LEAVE
        self._surface.begun = ""
        entry = Entry(line) if line.strip() else self._surface.take()
        if is_open(entry):  # kept as it was when the program ended
            entry = Entry(f"{entry.text}\n{QUOTES}", entry.pasted)
        self.repl.alongside.look()
        self._receive()
        return self._do(without_quotes(entry))

    def _ask(self, prompt: str) -> str:
        if not self._ahead.waiting and len(self._surface.begun) < KEPT:
            self._write_down()
        return self._ahead.ask(prompt)

    def _write_down(self) -> None:
        """For the case that the program is killed in this very moment."""
        self._surface.is_ending = True
        self.repl.drafts.flush()
        self._surface.is_ending = False

    def _do(self, entry: Entry) -> Next | None:
        outcome = self.repl.enter(entry.text, entry.pasted)
        if not isinstance(outcome, Awaitable):
            return outcome
        try:
            return asyncio.run(self._obey(entry.text, outcome))
        except KeyboardInterrupt:
            self.repl.desk.page.notice("Stopped.")
            return None

    async def _obey(self, line: str, outcome: Pending) -> Next | None:
        ticking = asyncio.ensure_future(self._tick())
        try:
            return await self.repl.obey(line, outcome)
        finally:
            ticking.cancel()

    def _receive(self) -> None:
        """Draw the reply until it has ended; Ctrl-C stops it."""
        while self.repl.busy:
            try:
                if not self.repl.behind:
                    self._came.wait(WAIT_S)
                self._came.clear()
                self._tell_pause()
                self._look_ahead()
                standing = self._surface.draft
                self.repl.pump()
                if self._surface.draft != standing:  # what came before was not sent
                    self._surface.hold()
            except KeyboardInterrupt:
                self._surface.hold()
                self.repl.interrupt()

    def _tell_pause(self) -> None:
        """A line for each wait before a question is sent again, in place of a status line."""
        turn = self.repl.desk.chat.turn
        pause = turn.pause if turn else None
        if pause and pause is not self._told:
            self._told = pause  # first: Ctrl-C may come while it is being said
            self.repl.desk.page.notice(f"No answer yet, {pause.told()}")

    def _look_ahead(self) -> None:
        """What is typed while nobody asks is kept as what is queued elsewhere."""
        if self._ahead.look():
            self._write_down()

    async def _tick(self) -> None:
        """Ctrl-C that comes just before asyncio falls asleep is heeded when something wakes it: this does."""
        while True:
            await asyncio.sleep(WAIT_S)
            self._look_ahead()
