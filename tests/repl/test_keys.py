"""The keys that can be configured are keys that a terminal sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.keys import Keys

from deepchat.config.keys import ACTIONS
from deepchat.config.kinds import _NEEDED, _STROKE, STROKES
from deepchat.repl.keys import sequences
from tests.repl.pressing import Pressing


@given(st.from_regex(_STROKE, fullmatch=True).filter(lambda key: not _NEEDED.fullmatch(key)))
def test_every_key_that_may_be_configured_can_be_bound(key):
    meant = "ctrl-j" if key == "shift-enter" else key
    assert STROKES.take(key) == [meant]
    for presses in sequences(meant):
        KeyBindings().add(*presses)(lambda event: None)


def test_keys_in_a_row_are_bound_in_a_row():
    assert sequences("ctrl-x alt-e") == [("c-x", "escape", "e")]
    assert sequences("alt-enter") == [("escape", "enter"), ("escape", "c-j")]


@pytest.mark.parametrize(
    "wrong", ["", "ctrl-x ", "ctrl-enter", "hyper-x", "ctrl-i", "a", "f25", ["ctrl-o", 3], 7]
)
def test_a_key_that_no_terminal_tells_apart_is_refused(wrong):
    with pytest.raises(ValueError):
        STROKES.take(wrong)


def test_no_key_has_two_meanings_by_default():
    keys = [key for _, own, _ in ACTIONS for key in own]
    assert len(keys) == len(set(keys))


def test_answers_are_flipped_through_by_the_keys_one_chooses():
    pressing = Pressing(previous=["f7"], next=["ctrl-x ctrl-n"])
    pressing.press("draft", Keys.F7, Keys.ControlX, Keys.ControlN)
    assert pressing.obeyed == ["/prev", "/next"]
    assert pressing.text == "draft"
