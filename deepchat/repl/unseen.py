"""A line that nobody may see, in place of the composer: typed or pasted, shown as dots, and known to nothing else.

It is no buffer: an editor, the history, the clipboard for what is cut, and what undoes have no hold on it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from prompt_toolkit.application.current import get_app
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, Window

from deepchat.text import clean_line

# How long it is, is nobody's business either.
DOTS: Final = 24

_HINT: Final = "  Enter takes it, Esc leaves. It is not shown."


class Unseen:
    """At most one line at a time."""

    def __init__(self, redraw: Callable[[], None]) -> None:
        self._redraw = redraw
        self._title = ""
        self._typed = ""
        self._answer: asyncio.Future[str | None] | None = None
        self._control = FormattedTextControl(
            self._shown, focusable=True, key_bindings=self._bindings()
        )
        self.is_open = Condition(lambda: self._answer is not None)

    def ask(self, title: str) -> Awaitable[str | None]:
        """What is typed, None when the user would rather not. It is asked for before this returns: the next key counts."""
        before = get_app().layout.current_control
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._title, self._typed, self._answer = title, "", answer
        get_app().layout.focus(self._control)
        self._redraw()

        async def answered() -> str | None:
            try:
                return await answer
            finally:
                self._close(None)
                with suppress(ValueError):  # the other one is gone
                    get_app().layout.focus(before)
                self._redraw()

        return answered()

    def container(self) -> Window:
        """What is drawn while it is asked for."""
        return Window(self._control, wrap_lines=True, dont_extend_height=True)

    def _close(self, value: str | None) -> None:
        answer, self._answer, self._typed = self._answer, None, ""
        if answer and not answer.done():
            answer.set_result(value)

    def _shown(self) -> StyleAndTextTuples:
        return [
            ("class:mark", f"{clean_line(self._title)}: "),
            ("", "•" * min(len(self._typed), DOTS)),
            ("[SetCursorPosition]", ""),
            ("class:hint", _HINT),
        ]

    def _bindings(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add(Keys.Any)
        @keys.add(Keys.BracketedPaste)
        def _type(event: KeyPressEvent) -> None:
            self._typed += event.data.strip("\r\n") if _is_text(event) else ""

        @keys.add("backspace")
        def _delete(event: KeyPressEvent) -> None:
            self._typed = self._typed[:-1]

        @keys.add("c-u")
        @keys.add("c-w")
        def _clear(event: KeyPressEvent) -> None:
            self._typed = ""

        @keys.add("enter")
        def _take(event: KeyPressEvent) -> None:
            self._close(self._typed)

        @keys.add("escape")
        @keys.add("c-c")
        @keys.add("c-d")
        def _leave(event: KeyPressEvent) -> None:
            self._close(None)

        return keys


def _is_text(event: KeyPressEvent) -> bool:
    key = event.key_sequence[0].key
    return key is Keys.BracketedPaste or not isinstance(key, Keys)
