"""What a terminal sends, as keys: above all, what is a paste and what was typed. What a key does is said in `keys`.

A paste is one key, however it comes: between the marks of bracketed paste, or, from a terminal that has none, as a
burst of lines. It ends with a moment of silence, not with its mark, so that a text that holds the mark submits nothing.
"""

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, TextIO

from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from deepchat.repl import sequences

# Nobody types, or sees a pasted text and presses Enter, this soon after it came.
QUIET_S: Final = 0.03

# A paste whose end has not come after this silence has lost it.
PATIENCE_S: Final = 1.0

_CHUNK: Final = 64 * 1024
_BEGIN: Final = "\x1b[200~"
_END: Final = "\x1b[201~"

_TEXT: Final = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*")
_LINES: Final = re.compile(r"[^\x00-\x1f\x7f][\r\n]+[^\x00-\x1f\x7f]")
_LINE_END: Final = re.compile(r"\r\n?")


class Parser:
    """Characters into keys. `keys` are those not yet taken.

    After each `feed`, `silence` is how many seconds may pass without another before `finish` has to be called, or None.
    """

    def __init__(self) -> None:
        self.keys: list[KeyPress] = []
        self.brackets = False  # the terminal is one that does
        self._vt100 = Vt100Parser(lambda key: self.keys.append(key))
        self._held = ""  # perhaps the beginning of a mark
        self._paste: list[str] | None = None
        self._open = False  # between the marks

    @property
    def silence(self) -> float | None:
        if self._paste is None:
            return None
        return PATIENCE_S if self._open else QUIET_S

    def feed(self, data: str) -> None:
        """More characters, cut anywhere."""
        data, self._held = self._held + data, ""
        while data:
            data = self._pasted(data) if self._open else self._typed(data)

    def flush(self) -> None:
        """Nothing followed for a moment: an Esc was the key itself."""
        if not self._open:
            held, self._held = self._held, ""
            if not sequences.is_cut(held):
                self._vt100.feed(held)
            self._vt100.flush()

    def finish(self) -> None:
        """The paste, if there is one, has ended."""
        if self._paste is None:
            return
        held, self._held = (self._held, "") if self._open else ("", self._held)
        text = "".join(self._paste) + held
        self._paste, self._open = None, False
        if text:
            self.keys.append(KeyPress(Keys.BracketedPaste, _LINE_END.sub("\n", text)))

    def _pasted(self, data: str) -> str:
        text, found, rest = self._until(_END, data)
        self._add(text)
        self._open = not found
        return rest

    def _typed(self, data: str) -> str:
        text, found, rest = self._until(_BEGIN, data)
        if _END in text:  # of a paste that was given up, or was not the last one in its text
            self._add("")
            text = text.replace(_END, "")
        if not text:
            pass
        elif self._is_pasted(text):
            self._add(text)
        else:
            self.finish()
            self._vt100.feed(sequences.known(text))
        if found:
            self._add("")
            self._open = self.brackets = True
        return rest

    def _is_pasted(self, text: str) -> bool:
        """Whether this goes on with a paste, or is lines in a burst, from a terminal that may not bracket them."""
        if self._paste is not None and _TEXT.fullmatch(text):
            return True
        return bool(_LINES.search(text)) and (self._paste is not None or not self.brackets)

    def _add(self, text: str) -> None:
        if self._paste is None:
            self._paste = []
        self._paste.append(text)

    def _until(self, mark: str, data: str) -> tuple[str, bool, str]:
        """What stands before the mark, whether it is there, and what follows. What may begin a mark, or is the beginning
        of another sequence that was typed, is held back."""
        before, found, after = data.partition(mark)
        if found:
            return before, True, after
        cut = data.rfind("\x1b", -len(mark) + 1)
        if cut < 0 or not (_BEGIN.startswith(data[cut:]) or _END.startswith(data[cut:])):
            cut = len(data)
        if not self._open:
            cut = min(cut, sequences.begins(data))
        self._held = data[cut:]
        return data[:cut], False, ""


class Keyboard(Vt100Input):
    """The terminal that `stdin` is, as an input for prompt_toolkit; `brackets`: it marks pastes when it is asked to.

    `early` asks. What was pasted before that has line feeds for its line ends, which are not what Enter sends afterwards.
    """

    def __init__(self, stdin: TextIO, *, brackets: bool = False) -> None:
        super().__init__(stdin)
        self._brackets = brackets
        self._parser = Parser()
        self._wake: Callable[[], None] = lambda: None
        self._waiting: asyncio.TimerHandle | None = None

    def attach(self, input_ready_callback: Callable[[], None]) -> AbstractContextManager[None]:
        self._wake = input_ready_callback
        return super().attach(input_ready_callback)

    def read_keys(self) -> list[KeyPress]:
        """The keys that came since."""
        data = self.stdin_reader.read(_CHUNK)
        if data:
            self._parser.brackets |= self._brackets and "\n" not in data
            self._parser.feed(data)
            self._parser.brackets |= self._brackets
            self._await_silence()
        return self._take()

    def flush_keys(self) -> list[KeyPress]:
        """What was held back because more might have followed."""
        self._parser.flush()
        return self._take()

    def _take(self) -> list[KeyPress]:
        keys, self._parser.keys = self._parser.keys, []
        return keys

    def _await_silence(self) -> None:
        if self._waiting:
            self._waiting.cancel()
            self._waiting = None
        if self._parser.silence is not None:
            loop = asyncio.get_running_loop()
            self._waiting = loop.call_later(self._parser.silence, self._finish)

    def _finish(self) -> None:
        self._waiting = None
        self._parser.finish()
        self._wake()
