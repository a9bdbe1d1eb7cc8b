"""Where vi's keys do otherwise in vim than in prompt_toolkit."""

import re
from typing import Final

from prompt_toolkit.application.current import get_app
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.key_binding.bindings.vi import (
    TextObject,
    TextObjectType,
    create_operator_decorator,
    create_text_object_decorator,
)
from prompt_toolkit.key_binding.vi_state import InputMode

_BLANKS: Final = r"[^\S\n]*"
_WORD: Final = {"w": r"(?:\w+|[^\w\s]+)", "W": r"\S+"}


def change_words(keys: KeyBindings) -> None:
    """`cw` is `ce`, but for the last character of a word, which is all that it changes there (`:help cw`)."""

    @create_operator_decorator(keys)("c")
    def change(event: KeyPressEvent, what: TextObject) -> None:
        buffer = event.current_buffer
        start, end = what.operator_range(buffer.document)
        if start < end or what.type is not TextObjectType.EXCLUSIVE:
            buffer.document, cut = what.cut(buffer)
            event.app.clipboard.set_data(cut)
        event.app.vi_state.input_mode = InputMode.INSERT

    changing = Condition(lambda: get_app().vi_state.operator_func is change)
    objects = create_text_object_decorator(keys)

    @objects("w", filter=changing, no_move_handler=True, no_selection_handler=True)
    @objects("W", filter=changing, no_move_handler=True, no_selection_handler=True)
    def _words(event: KeyPressEvent) -> TextObject:
        key, after = event.data, event.current_buffer.document.text_after_cursor
        words = re.match(rf"{_WORD[key]}(?:\s*{_WORD[key]}){{0,{event.arg - 1}}}", after)
        if words:
            return TextObject(words.end() - 1, type=TextObjectType.INCLUSIVE)
        blanks = re.match(rf"{_BLANKS}(?:{_WORD[key]}{_BLANKS}){{0,{event.arg - 1}}}", after)
        return TextObject(blanks.end() if blanks else 0)
