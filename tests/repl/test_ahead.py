"""Lines typed into a plain terminal before they are asked for."""

import os
import pty
import termios
from io import StringIO

import pytest

from deepchat.repl.ahead import LinesAhead


@pytest.fixture
def typist(monkeypatch):
    """A terminal to type into, and one who asks for the lines."""
    there, here = pty.openpty()
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
    with os.fdopen(here, "r", encoding="utf-8") as terminal:
        ahead = LinesAhead(input, StringIO(), terminal)
        yield lambda text: os.write(there, text.encode()), ahead, terminal
    os.close(there)


def test_lines_typed_ahead_come_first_and_in_their_order(typist):
    type_, ahead, _ = typist
    assert not ahead.look()
    type_("one\n\ntwo ä\nhal")
    assert ahead.look()
    assert not ahead.look()
    type_("f\n")
    assert [ahead.ask("> ") for _ in range(4)] == ["one", "", "two ä", "half"]


def test_what_was_typed_ahead_is_shown_where_it_is_taken(typist):
    type_, ahead, _ = typist
    type_("one \x1b[2J\n")
    ahead.look()
    ahead.ask("> ")
    assert ahead._out.getvalue() == "> one ␛[2J\n"


def test_the_end_of_what_is_typed_is_the_end_behind_the_lines(typist):
    type_, ahead, _ = typist
    type_("one\n\x04")
    ahead.look()
    assert ahead.ask("> ") == "one"
    with pytest.raises(EOFError):
        ahead.ask("> ")
    type_("two\x04\x04")
    assert ahead.ask("> ") == "two"


def test_at_the_end_half_a_line_is_taken_and_the_terminal_is_as_it_was(typist):
    type_, ahead, terminal = typist
    before = termios.tcgetattr(terminal)
    type_("one\nhal")
    ahead.take_all()
    assert ahead.waiting == ["one", "hal"]
    assert termios.tcgetattr(terminal) == before


def test_in_the_background_nothing_is_taken(typist, monkeypatch):
    type_, ahead, _ = typist
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
    type_("ls\n")
    assert not ahead.look()


def test_where_no_terminal_is_nothing_is_typed_ahead():
    ahead = LinesAhead(lambda prompt: "line", StringIO(), None)
    assert not ahead.look()
    ahead.take_all()
    assert ahead.ask("> ") == "line"


def test_a_terminal_that_is_gone_is_the_end(monkeypatch):
    there, here = pty.openpty()
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
    with os.fdopen(here, "r", encoding="utf-8") as terminal:
        ahead = LinesAhead(input, StringIO(), terminal)
        os.close(there)
        ahead.look()
        ahead.take_all()
        assert ahead.waiting == []
        with pytest.raises(EOFError):
            ahead.ask("> ")
