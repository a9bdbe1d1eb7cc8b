"""Words left open in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.conversation import Persona
from deepchat.errors import UsageError
from deepchat.placeholders import (
    escaped,
    extended,
    filled,
    layered,
    open_in,
    parted,
    placed,
    suited,
    variables,
)


@pytest.mark.parametrize(
    ("text", "put"),
    [
        ("Speak {language}.", "Speak French."),
        ("{language}, {language}", "French, French"),
        ("{tone=plain} {tone=}", "plain "),
        ("{language=English}", "French"),
        ("{{language} {{{{", "{language} {{"),
        ("{other} {1} {}", "{other} {1} {}"),
        ('{"json": {"a": 1}} { x }', '{"json": {"a": 1}} { x }'),
    ],
)
def test_what_is_given_stands_in_place_of_the_name(text, put):
    assert filled(text, {"language": "French"}) == put


def test_what_is_put_in_is_not_read_again():
    assert filled("{a} {b}", {"a": "{b}", "b": "{{"}) == "{b} {{"


def test_open_is_what_has_no_value_of_its_own_each_once():
    assert open_in("{b} {a} {b} {c=1} {{d} {2}") == ["b", "a", "2"]


def test_the_numbers_in_a_persona_are_none_of_its_variables():
    assert variables(Persona("a", r"Match \d{3} in {language}.")) == ["language"]


@given(st.text() | st.text("{}=a1\n"))
def test_an_escaped_text_comes_out_as_it_was(text):
    assert filled(escaped(text), {"a": "given", "1": "given"}) == text
    assert open_in(escaped(text)) == []


@pytest.mark.parametrize(
    ("line", "name", "values"),
    [
        ("cat", "cat", {}),
        ("my cat", "my cat", {}),
        ("cat a=1", "cat", {"a": "1"}),
        ("cat a=Swiss German b=", "cat", {"a": "Swiss German", "b": ""}),
        ("cat a=x=1  b=two\nlines", "cat", {"a": "x=1", "b": "two\nlines"}),
        ("a=1", "", {"a": "1"}),
        ("cat 1=2", "cat 1=2", {}),
    ],
)
def test_a_value_ends_where_the_next_one_begins(line, name, values):
    assert parted(line) == (name, values)


def test_a_persona_says_what_it_wants_and_what_it_does_not_have():
    persona = Persona("cat", "{a} {b} {c=3}")
    assert suited(persona, {"a": "1", "b": "2"}).text == "1 2 3"
    with pytest.raises(UsageError, match="wants a and b"):
        suited(persona, {})
    with pytest.raises(UsageError, match="has no d") as caught:
        suited(persona, {"a": "", "b": "", "d": ""})
    assert caught.value.hint == "It has a, b, c."


@pytest.mark.parametrize(
    ("text", "words", "sent"),
    [
        ("Explain {args}.", "a b=c d", "Explain a b=c d."),
        ("{1}, then {2}.", "one two three", "one, then two three."),
        ("{1} of {args}", "a b", "a b of a b"),
        ("{1}, {tone=plain}", "a tone=very loud", "a, very loud"),
        ("{args=all}", "", "all"),
        ("{1} {2}", "a", "a {2}"),
        ("{1} {0} {99999999999999999999}", "a b", "a b {0} {99999999999999999999}"),
        ("Review this.", "x =y  z", "Review this.\n\nx =y  z"),
        ("Review this.", "", "Review this."),
    ],
)
def test_words_behind_a_template_find_their_place(text, words, sent):
    given, rest = placed(text, words)
    assert extended(filled(text, given), rest) == sent


@given(st.text(), st.text())
def test_no_word_behind_a_template_is_lost(text, words):
    given, rest = placed(text, words)
    left = " ".join([*given.values(), rest])
    assert all(word in left or f"{word.partition('=')[0]}" in given for word in words.split())


def test_commands_stand_on_top_of_a_template_and_below_them_the_message():
    def is_command(line):
        return line.startswith("/")

    assert layered("\n/a {1}\n\n/b\nText\n\n/c\n", is_command) == (["/a {1}", "/b"], "Text\n\n/c")
    assert layered("Text\n/a", is_command) == ([], "Text\n/a")
    assert layered("/a", is_command) == (["/a"], "")
    assert layered("", is_command) == ([], "")
