"""What counts as typed, and what as pasted, however the terminal sends it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.keys import Keys

from deepchat.repl.early import brackets_pastes
from deepchat.repl.keyboard import PATIENCE_S, QUIET_S, Parser

BEGIN, END = "\x1b[200~", "\x1b[201~"


def keys(*chunks, silence=True):
    """(key, data) as the chunks give them, with a pause at the end."""
    parser = Parser()
    for chunk in chunks:
        parser.feed(chunk)
    if silence:
        parser.finish()
        parser.flush()
    return [
        (str(press.key.value if isinstance(press.key, Keys) else press.key), press.data)
        for press in parser.keys
    ]


def pasted(text):
    return (Keys.BracketedPaste.value, text)


def cut(text, places):
    borders = [0, *sorted(places), len(text)]
    return [text[a:b] for a, b in pairwise(borders)]


lines = st.text(st.sampled_from("a b\n\t/@é🎉"), max_size=60)
places = st.lists(st.integers(0, 80), max_size=6)


@given(lines, places)
def test_a_bracketed_paste_is_one_key_wherever_it_is_cut(text, where):
    whole = BEGIN + text + END
    expected = [pasted(text)] if text else []
    assert keys(*cut(whole, [place % (len(whole) + 1) for place in where])) == expected


@pytest.mark.parametrize("ending", ["\n", "\r", "\r\n"])
def test_line_ends_become_newlines(ending):
    assert keys(BEGIN + f"a{ending}b{ending}" + END) == [pasted("a\nb\n")]


@given(lines, lines, places)
def test_a_paste_that_holds_its_own_end_submits_nothing(first, second, where):
    whole = BEGIN + first + END + second + "\r" + END
    got = keys(*cut(whole, [place % (len(whole) + 1) for place in where]))
    assert got == [pasted(first + second + "\n")]


def test_an_enter_after_the_silence_is_a_key():
    parser = Parser()
    parser.feed(BEGIN + "text" + END)
    assert parser.silence == QUIET_S
    parser.finish()
    assert parser.silence is None
    parser.feed("\r")
    assert [press.key for press in parser.keys] == [Keys.BracketedPaste, Keys.ControlM]


def test_a_paste_without_an_end_is_waited_for_and_then_taken_as_it_is():
    parser = Parser()
    parser.feed(BEGIN + "one\ntwo\x1b[20")
    parser.flush()
    assert (parser.silence, parser.keys) == (PATIENCE_S, [])
    parser.finish()
    assert parser.keys[0].data == "one\ntwo\x1b[20"
    parser.keys.clear()
    parser.feed("late\r" + END)
    parser.finish()
    assert [press.data for press in parser.keys] == ["late\n"]


def test_a_burst_of_lines_is_one_paste_where_the_terminal_does_not_bracket_it():
    assert keys("one\rtwo\rthr", "ee\r", "four") == [pasted("one\ntwo\nthree\nfour")]


def test_a_burst_of_lines_is_typing_where_pastes_are_bracketed():
    parser = Parser()
    parser.feed(BEGIN + "x" + END)
    parser.finish()
    parser.feed("ok\rno")
    assert [press.data for press in parser.keys] == ["x", "o", "k", "\r", "n", "o"]


@pytest.mark.parametrize(
    ("environ", "known"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "screen-256color", "TMUX": "x"}, True),
        ({"TERM": "screen"}, False),
        ({"TERM": "linux"}, False),
        ({}, False),
    ],
)
def test_terminals_that_bracket_pastes_are_known(environ, known):
    assert brackets_pastes(environ) is known


def test_a_burst_without_a_line_end_is_typing():
    assert keys("abc") == [("a", "a"), ("b", "b"), ("c", "c")]


def test_a_line_and_its_enter_in_one_burst_are_typing():
    assert keys("ok\r") == [("o", "o"), ("k", "k"), ("c-m", "\r")]
    assert keys("\r\r") == [("c-m", "\r"), ("c-m", "\r")]


def test_keys_that_are_no_text_end_a_paste():
    assert keys(BEGIN + "x" + END + "\x1b[A") == [pasted("x"), ("up", "\x1b[A")]


def test_an_escape_alone_is_the_key():
    assert keys("\x1b") == [("escape", "\x1b")]
    assert keys("\x1b", "[A") == [("up", "\x1b[A")]


def test_nothing_but_an_escape_is_held_back():
    assert keys("abc\x1b", silence=False) == [("a", "a"), ("b", "b"), ("c", "c")]


@pytest.mark.parametrize("modifiers", range(2, 9))
def test_enter_with_a_modifier_is_a_newline(modifiers):
    for sequence in (f"\x1b[27;{modifiers};13~", f"\x1b[13;{modifiers}u"):
        assert keys(sequence) == [("c-j", "\n")]


@pytest.mark.parametrize(
    ("sequence", "key"),
    [
        ("\x1bOM", ("c-m", "\r")),
        ("\x1b[13u", ("c-m", "\r")),
        ("\x1b[97u", ("a", "a")),
        ("\x1b[97;2u", ("A", "A")),
        ("\x1b[99;5u", ("c-c", "\x03")),
        ("\x1b[27;5;101~", ("c-e", "\x05")),
        ("\x1b[27u", ("escape", "\x1b")),
        ("\x1b[99:67;5:1u", ("c-c", "\x03")),
        ("\x1b[15;5~", ("c-f5", "\x1b[15;5~")),
        ("\x1b[[A", ("f1", "\x1b[[A")),
    ],
)
def test_keys_that_come_as_codes_are_those_they_have_always_been(sequence, key):
    assert keys(sequence) == [key]
    assert keys(*sequence) == [key]


def test_alt_and_a_letter_are_esc_and_the_letter_however_they_come():
    expected = [("escape", "\x1b"), ("b", "b")]
    assert keys("\x1bb") == keys("\x1b[98;3u") == expected
    assert keys("\x1b[") == [("escape", "\x1b"), ("[", "[")]


UNKNOWN = [
    *("\x1b[5n", "\x1b[?62;22c", "\x1b[99;5:3u", "\x1b[57441;2u", "\x1b[200;3~", "\x1b[M !!", "\x1b[<0;3;4M"),
    *("\x1bOj", "\x1b]11;rgb:ffff/ffff/ffff\x1b\\", "\x1b]0;title\x07", "\x1bP1$r0m\x1b\\", "\x1b_Gi=1;OK\x1b\\"),
]  # fmt: skip


@given(st.lists(st.sampled_from([*UNKNOWN, "a", "é"]), max_size=6), places)
def test_what_nobody_knows_is_passed_over_wherever_it_is_cut(parts, where):
    sent, typed = "".join(parts), [part for part in parts if part not in UNKNOWN]
    got = keys(*cut(sent, [place % (len(sent) + 1) for place in where]))
    assert got == [(char, char) for char in typed]


# As ECMA-48 has them; not the marks of a paste, nor keys that come as the code of a character.
well_formed = st.from_regex(
    r"\x1b(?:\[(?!27;|20[01]~)[0-?]{0,6}[ -/]{0,2}[@-LN-Z\\-tv-~]|O[A-LN-Za-z]"
    r"|\][a-z0-9;?:/é]{0,9}(?:\x07|\x1b\\)|[PX^_][a-z0-9;]{0,9}\x1b\\)",
    fullmatch=True,
)


@given(st.lists(well_formed, max_size=4), places)
def test_no_well_formed_sequence_leaves_a_letter_wherever_it_is_cut(sequences, where):
    sent = "".join(sequences)
    got = keys(*cut(sent, [place % (len(sent) + 1) for place in where]))
    assert [key for key, _ in got if len(key) == 1] == []


def test_a_sequence_that_does_not_end_is_passed_over():
    assert keys("a\x1b[13;", "b") == [("a", "a")]
    parser = Parser()
    parser.feed("\x1b[13;")
    parser.flush()
    parser.feed("b")
    assert [press.data for press in parser.keys] == ["b"]


def test_control_characters_among_lines_in_a_burst_are_part_of_the_paste():
    assert keys("o\x03ne\rtwo\x1b[A") == [pasted("o\x03ne\ntwo\x1b[A")]
    assert keys("hello\r\x1b[A") == [*[(c, c) for c in "hello"], ("c-m", "\r"), ("up", "\x1b[A")]
