"""The keys, as a table: which key does what, and nothing about how it is done."""

from collections.abc import Callable
from dataclasses import dataclass

from prompt_toolkit.application.current import get_app
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.filters import (
    Condition,
    completion_is_selected,
    emacs_mode,
    has_completions,
    is_searching,
)
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys

from deepchat.repl.composer import Composer
from deepchat.repl.needs import Entry


@dataclass(frozen=True, slots=True)
class Actions:
    """What keys can ask of the loop. `busy`: there is a reply to stop; `is_lent`: another program has the terminal."""

    enter: Callable[[Entry], None]
    interrupt: Callable[[], None]
    leave: Callable[[], None]
    redraw: Callable[[], None]
    take_back: Callable[[], bool]
    edit: Callable[[], None]
    busy: Callable[[], bool]
    is_lent: Callable[[], bool]


def bindings(actions: Actions, composer: Composer) -> KeyBindings:
    """The bindings of the composer, over those that prompt_toolkit has for editing."""
    keys = KeyBindings()
    here = ~is_searching
    busy = Condition(actions.busy)
    typed = Condition(lambda: bool(get_app().current_buffer.text))

    @keys.add("enter", filter=here & completion_is_selected)
    def _accept_completion(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @keys.add("enter", filter=here & ~completion_is_selected)
    def _enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if (
            buffer.document.text_before_cursor.endswith("\\")
            and not buffer.document.text_after_cursor
        ):
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
            return
        if composer.block_is_open:
            buffer.insert_text("\n")
        elif composer.text.strip():
            actions.enter(composer.take())

    @keys.add("escape", "enter", filter=here & emacs_mode)
    @keys.add("escape", "c-j", filter=here & emacs_mode)
    @keys.add("c-j", filter=here)
    def _newline(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add(Keys.BracketedPaste, filter=here)
    def _paste(event: KeyPressEvent) -> None:
        composer.paste(event.data)

    @keys.add("c-o", filter=here)
    def _unfold(event: KeyPressEvent) -> None:
        composer.unfold()

    @keys.add("c-x", "c-e", filter=here)
    @keys.add("c-g", filter=here)
    def _edit(event: KeyPressEvent) -> None:
        actions.edit()

    @keys.add("c-x", "c-r", filter=here & emacs_mode, save_before=lambda _: False)
    @keys.add("escape", "_", filter=here & emacs_mode, save_before=lambda _: False)
    def _redo(event: KeyPressEvent) -> None:
        event.current_buffer.redo()

    @keys.add("tab", filter=here)
    def _complete(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state:
            buffer.complete_next()
            return
        asked = CompleteEvent(completion_requested=True)
        offered = list(buffer.completer.get_completions(buffer.document, asked))
        if len(offered) == 1:
            buffer.apply_completion(offered[0])
        elif offered:
            buffer.start_completion(insert_common_part=True)

    @keys.add("c-c", filter=here)
    @keys.add(Keys.SIGINT)
    def _interrupt(event: KeyPressEvent) -> None:
        if actions.is_lent():  # it was meant for the other program
            return
        if not actions.busy() and composer.buffer.text:
            composer.clear()
            return
        actions.interrupt()

    @keys.add("escape", filter=here & has_completions)
    def _close_menu(event: KeyPressEvent) -> None:
        event.current_buffer.cancel_completion()

    # In vi mode Esc belongs to vi, whatever goes on.
    @keys.add("escape", filter=here & busy & emacs_mode & ~has_completions)
    def _stop(event: KeyPressEvent) -> None:
        actions.interrupt()

    @keys.add("c-d", filter=here & ~typed)
    def _leave(event: KeyPressEvent) -> None:
        actions.leave()

    @keys.add("up", filter=here & ~typed)
    def _up(event: KeyPressEvent) -> None:
        if not actions.take_back():
            event.current_buffer.auto_up()

    @keys.add("c-l")
    def _redraw(event: KeyPressEvent) -> None:
        actions.redraw()

    @keys.add("c-z")
    def _suspend(event: KeyPressEvent) -> None:
        event.app.suspend_to_background()

    return keys
