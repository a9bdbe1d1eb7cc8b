"""A composer in memory, and its keys, pressed one by one through the real bindings."""

import asyncio
import io
from functools import partial

from prompt_toolkit.application.current import set_app
from prompt_toolkit.completion import DummyCompleter
from prompt_toolkit.data_structures import Size
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import DummyInput
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.key_binding.key_processor import _Flush
from prompt_toolkit.keys import Keys

from deepchat.config.keys import ACTIONS
from deepchat.repl.keys import Actions, bindings
from deepchat.repl.output import SteadyOutput
from deepchat.repl.terminal import Parts, Terminal

ENTER, ESCAPE = Keys.ControlM, Keys.Escape


class Pressing:
    """`sent` are the entries that Enter has taken, `obeyed` the commands of other keys; `keys` what is configured."""

    def __init__(self, *, vi=False, history=None, **keys):
        self.sent = []
        self.obeyed = []
        self.is_busy = False
        keymap = {name: own for name, own, _ in ACTIONS} | keys
        self.terminal = Terminal(
            bindings=partial(bindings, self._actions(), keymap),
            completer=DummyCompleter(),
            history=history or InMemoryHistory(),
            parts=Parts(lambda width: "", list),
            vi=vi,
            source=DummyInput(),
            output=SteadyOutput(io.StringIO(), lambda: Size(24, 80)),
        )
        self.composer = self.terminal.composer

    def _actions(self):
        return Actions(
            enter=self.sent.append,
            pasted=lambda text: None,
            attach=lambda text: None,
            interrupt=lambda: None,
            leave=lambda: None,
            redraw=lambda: None,
            suspend=lambda: None,
            take_back=lambda: False,
            edit=lambda: None,
            obey=self.obeyed.append,
            busy=lambda: self.is_busy,
            is_lent=lambda: False,
        )

    def press(self, *keys):
        """Texts are typed, `Keys` are what they are, `paste(text)` is pasted; then there is silence."""

        async def work():
            processor = self.terminal.app.key_processor
            with set_app(self.terminal.app):
                for key in keys:
                    processor.feed_multiple(_presses(key))
                processor.feed(_Flush)
                processor.process_keys()

        asyncio.run(work())

    @property
    def text(self):
        return self.composer.text

    @property
    def history(self):
        return self.composer.buffer.history.get_strings()


def paste(text):
    return KeyPress(Keys.BracketedPaste, text)


def _presses(key):
    if isinstance(key, KeyPress):
        return [key]
    return [KeyPress(key)] if isinstance(key, Keys) else [KeyPress(char) for char in key]
