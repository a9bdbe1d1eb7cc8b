"""The keys, as a table: which key does what, and nothing about how it is done."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from prompt_toolkit.application.current import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completion, get_common_complete_suffix
from prompt_toolkit.filters import (
    Always,
    Condition,
    Filter,
    completion_is_selected,
    emacs_mode,
    has_completions,
    is_searching,
    vi_waiting_for_text_object_mode,
)
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout.controls import BufferControl
from prompt_toolkit.search import SearchDirection, start_search

from deepchat.repl import editing, walking
from deepchat.repl.completion import CommandCompleter
from deepchat.repl.composer import Composer
from deepchat.repl.history import recalled
from deepchat.repl.needs import Entry
from deepchat.repl.vi import change_words
from deepchat.repl.walking import DOWN, UP, step

# The keys of each action, such as "ctrl-o", "alt-enter" or "ctrl-x ctrl-e".
Keymap = Mapping[str, Sequence[str]]

Handler = Callable[[KeyPressEvent], None]

# When what Tab has to offer takes its time.
LOOKS_EVERY_S: Final = 0.02

_MODIFIERS: Final = (("ctrl-", "c-"), ("shift-", "s-"))


def sequences(key: str) -> list[tuple[str, ...]]:
    """What prompt_toolkit calls a key, or keys one after the other: each way in which a terminal may send it."""
    presses = tuple(part for stroke in key.split(" ") for part in _presses(stroke))
    # Alt is an Esc before the key; some terminals send a line feed for Enter.
    return [presses, ("escape", "c-j")] if key == "alt-enter" else [presses]


def _presses(stroke: str) -> tuple[str, ...]:
    if stroke.startswith("alt-"):
        return "escape", *_presses(stroke.removeprefix("alt-"))
    for ours, theirs in _MODIFIERS:
        stroke = stroke.replace(ours, theirs)
    return (stroke,)


@dataclass(frozen=True, slots=True)
class Actions:
    """What keys can ask of the loop. `pasted` is told of each paste, `attach` gets one to make an attachment of, `obey` a command. `busy`: there is a reply to stop; `is_lent`: another program has the terminal."""

    enter: Callable[[Entry], None]
    pasted: Callable[[str], None]
    attach: Callable[[str], None]
    interrupt: Callable[[], None]
    leave: Callable[[], None]
    redraw: Callable[[], None]
    suspend: Callable[[], None]
    take_back: Callable[[], bool]
    edit: Callable[[], None]
    obey: Callable[[str], None]
    busy: Callable[[], bool]
    is_lent: Callable[[], bool]


def bindings(actions: Actions, keymap: Keymap, composer: Composer) -> KeyBindings:
    """The bindings of the composer, over those that prompt_toolkit has for editing."""
    keys = KeyBindings()

    def on(
        action: str,
        *,
        when: Filter,
        undoes: bool = True,
    ) -> Callable[[Handler], Handler]:
        def bind(handler: Handler) -> Handler:
            for key in keymap[action]:
                for presses in sequences(key):
                    # In vi mode Esc is a key of its own, but nobody presses it and Enter at once.
                    is_own = presses[0] == "escape" and key != "alt-enter"
                    wanted = when & emacs_mode if is_own else when
                    keys.add(*presses, filter=wanted, save_before=lambda _: undoes)(handler)
            return handler

        return bind

    # They accept the line, as prompt_toolkit understands it, and the composer would not know.
    @keys.add("escape", "#", filter=emacs_mode)
    @keys.add("c-o", filter=emacs_mode)
    def _nothing(event: KeyPressEvent) -> None:
        pass

    change_words(keys)

    here = ~is_searching
    busy = Condition(actions.busy)
    typed = Condition(lambda: bool(get_app().current_buffer.text))
    ghost = Condition(lambda: _ghost_of(get_app().current_buffer) != "")

    editing.bind(keys, here, typed)

    @on("send", when=here & completion_is_selected)
    def _accept_completion(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @on("send", when=here & ~completion_is_selected)
    def _enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if composer.goes_on:
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
            return
        if composer.block_is_open:
            buffer.insert_text("\n")
            return
        entry = composer.take()
        event.app.vi_state.reset()  # the next draft begins with inserting
        actions.enter(entry)

    @on("newline", when=here)
    def _newline(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add(Keys.BracketedPaste, filter=here)
    def _paste(event: KeyPressEvent) -> None:
        composer.paste(event.data)
        actions.pasted(event.data)

    @keys.add(Keys.BracketedPaste, filter=is_searching)
    def _seek(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text(" ".join(event.data.split()))

    @keys.add("c-r", filter=here & emacs_mode)
    def _search(event: KeyPressEvent) -> None:
        walking.refresh(event.current_buffer)
        start_search(direction=SearchDirection.BACKWARD)

    @on("unfold", when=here)
    def _unfold(event: KeyPressEvent) -> None:
        composer.unfold()

    @on("attach", when=here)
    def _attach(event: KeyPressEvent) -> None:
        actions.attach(composer.take_fold())

    @on("editor", when=here)
    def _edit(event: KeyPressEvent) -> None:
        actions.edit()

    @on("previous", when=here)
    def _previous(event: KeyPressEvent) -> None:
        actions.obey("/prev")

    @on("next", when=here)
    def _next(event: KeyPressEvent) -> None:
        actions.obey("/next")

    @on("redo", when=here, undoes=False)
    def _redo(event: KeyPressEvent) -> None:
        event.current_buffer.redo()

    @keys.add("tab", filter=here)
    def _complete(event: KeyPressEvent) -> None:
        if event.current_buffer.complete_state:
            event.current_buffer.complete_next()
        elif not _completed(event.current_buffer):
            event.app.create_background_task(_complete_later(event.current_buffer))

    @keys.add("right", filter=here & ghost)
    @keys.add("end", filter=here & ghost)
    @keys.add("c-e", filter=here & ghost)
    @keys.add("c-f", filter=here & ghost)
    def _take_ghost(event: KeyPressEvent) -> None:
        composer.insert(recalled(_ghost_of(event.current_buffer)))

    @on("interrupt", when=here)
    @keys.add(Keys.SIGINT)
    def _interrupt(event: KeyPressEvent) -> None:
        if actions.is_lent():  # it was meant for the other program
            return
        if actions.busy() or not composer.buffer.text:
            actions.interrupt()
        else:
            composer.clear()
        if not composer.buffer.text:
            event.app.vi_state.reset()

    @keys.add("escape", filter=here & has_completions)
    def _close_menu(event: KeyPressEvent) -> None:
        event.current_buffer.cancel_completion()

    # In vi mode Esc belongs to vi, whatever goes on.
    @keys.add("escape", filter=here & busy & emacs_mode & ~has_completions)
    def _stop(event: KeyPressEvent) -> None:
        actions.interrupt()

    @on("leave", when=here & ~typed)
    def _leave(event: KeyPressEvent) -> None:
        actions.leave()

    walks = here & ~vi_waiting_for_text_object_mode

    @keys.add("up", filter=walks)
    @keys.add("c-p", filter=walks & emacs_mode)
    def _up(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state or buffer.selection_state:
            buffer.auto_up()
        elif not _step(event, UP) and (composer.is_walking or not actions.take_back()):
            walking.back(buffer)

    @keys.add("down", filter=walks)
    @keys.add("c-n", filter=walks & emacs_mode)
    def _down(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state or buffer.selection_state:
            buffer.auto_down()
        elif not _step(event, DOWN):
            buffer.history_forward()

    @on("redraw", when=Always())
    def _redraw(event: KeyPressEvent) -> None:
        actions.redraw()

    @on("suspend", when=Always())
    def _suspend(event: KeyPressEvent) -> None:
        actions.suspend()

    return keys


def _completed(buffer: Buffer) -> bool:
    """Complete what stands before the cursor, as far as it is clear how; whether there was anything to offer."""
    asked = CompleteEvent(completion_requested=True)
    offered = list(buffer.completer.get_completions(buffer.document, asked))
    begun = [one for one in offered if _goes_on(buffer, one)]
    more = get_common_complete_suffix(buffer.document, begun)
    if len(offered) == 1 or len(begun) == 1:
        buffer.apply_completion((begun or offered)[0])
    elif more:
        buffer.insert_text(more)
    elif offered:
        buffer.start_completion()
    return bool(offered)


async def _complete_later(buffer: Buffer) -> None:
    """What there is to offer is still being looked for: Tab works when it is found, unless something was typed since."""
    document, completer = buffer.document, buffer.completer
    while isinstance(completer, CommandCompleter) and completer.is_looking:
        await asyncio.sleep(LOOKS_EVERY_S)
        if buffer.document != document:
            return
        if not completer.is_looking:  # perhaps for what was typed before: then it goes on
            _completed(buffer)


def _step(event: KeyPressEvent, way: int) -> bool:
    control = event.app.layout.current_control
    columns = event.app.output.get_size().columns
    return isinstance(control, BufferControl) and step(control, columns, way)


def _goes_on(buffer: Buffer, completion: Completion) -> bool:
    """Whether it only adds to what is typed."""
    kept = completion.text[: -completion.start_position]
    return buffer.document.text_before_cursor.endswith(kept)


def _ghost_of(buffer: Buffer) -> str:
    """The ghost text that stands behind the cursor; "" for none."""
    shown = buffer.suggestion and buffer.document.is_cursor_at_the_end
    return buffer.suggestion.text if shown and buffer.suggestion else ""
