"""Moving and deleting in the draft goes by what people see as one character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.application import create_app_session
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Always
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.shortcuts import PromptSession

from deepchat.repl import editing
from deepchat.repl.editing import past, transposed

FAMILY, FLAG, ACCENT, SYLLABLE = "👨‍👩‍👧", "🇩🇪", "e\u0301", "각"
SEEN_AS_ONE = [FAMILY, FLAG, ACCENT, SYLLABLE, "a", "世", "👍🏽", "\n"]

LEFT, RIGHT, BACKSPACE, DELETE = "\x1b[D", "\x1b[C", "\x7f", "\x1b[3~"


def batched(sequences, size):
    return [sequences[at : at + size] for at in range(0, len(sequences), size)]


def written(keys, mode=EditingMode.EMACS):
    """What stands in the draft when these keys were pressed, and Enter."""
    bound = KeyBindings()
    editing.bind(bound, Always(), Always())
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text(f"{keys}\r")
        return PromptSession[str](key_bindings=bound, editing_mode=mode).prompt()


@given(st.lists(st.sampled_from(SEEN_AS_ONE), max_size=8))
def test_a_step_is_one_character_as_it_is_seen_and_back_again(seen):
    text, places = "".join(seen), [0]
    for one in seen:
        places.append(places[-1] + len(one))
    assert [past(text, 0, n) for n in range(len(seen) + 1)] == places
    assert [past(text, len(text), -n) for n in range(len(seen) + 1)] == places[::-1]
    assert past(text, 0, 99) == len(text)
    assert past(text, len(text), -99) == 0


@pytest.mark.parametrize("one", [FAMILY, FLAG, ACCENT, SYLLABLE])
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (BACKSPACE, "ab{}"),
        (LEFT + "x", "ab{0}x{0}"),
        (LEFT + LEFT + RIGHT + "x", "ab{0}x{0}"),
        (LEFT + LEFT + DELETE, "ab{}"),
        ("\x02\x02\x06x", "ab{0}x{0}"),
        (LEFT + "\x04", "ab{}"),
        ("\x1b2" + BACKSPACE, "ab"),
        ("\x1b2" + LEFT + "x", "abx{0}{0}"),
        ("\x1b9" + BACKSPACE, ""),
    ],
)
def test_keys_take_it_whole(one, keys, expected):
    assert written(f"ab{one}{one}{keys}") == expected.format(one)


def test_left_and_right_stay_in_their_line_and_backspace_joins_lines():
    assert written(f"a\x1b[200~\n\x1b[201~{LEFT}{LEFT}x{BACKSPACE}{BACKSPACE}") == "a"


@pytest.mark.parametrize(
    ("text", "at", "expected", "end"),
    [
        ("one two", 7, "two one", 7),
        ("one two", 4, "two one", 7),
        ("one, two three", 2, "one, two three", 2),
        ("one, two three", 3, "two, one three", 8),
        ("one, two three  ", 16, "one, three two", 14),
        ("one", 3, "one", 3),
        ("", 0, "", 0),
    ],
)
def test_alt_t_swaps_the_word_there_and_the_one_before(text, at, expected, end):
    swapped, cursor = transposed(text, at)
    assert (swapped.rstrip(), cursor) == (expected, end)


def test_alt_with_the_arrows_goes_by_words():
    assert written("one two\x1b[1;3D\x1b[1;3Dx\x1b[1;3Cy") == "xone ytwo"
    assert written("one two\x1bt") == "two one"


def test_what_a_held_backspace_took_comes_back_at_once():
    assert written(f"abc{BACKSPACE}{BACKSPACE}\x1f") == "abc"


@pytest.mark.parametrize("mode", EditingMode)
def test_no_key_is_written_as_what_the_terminal_sent_for_it(mode):
    sent = [s for s, key in ANSI_SEQUENCES.items() if len(s) > 2 and isinstance(key, Keys)]
    meant = [s for s in sent if ANSI_SEQUENCES[s] not in (Keys.ControlM, Keys.BracketedPaste)]
    for some in batched(meant, 12):
        assert written("".join(some), mode) == "", some


@pytest.mark.parametrize("sequence", ["\x1b[15;5~", "\x1b[1;5q", "\x1b[1;6A"])
def test_a_key_without_a_use_is_passed_over(sequence):
    assert written(f"a{sequence}b") == "ab"
