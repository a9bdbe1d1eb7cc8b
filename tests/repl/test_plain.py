"""The surface that is only appended to, and the REPL on it."""

import asyncio
import signal
import sys
import threading
import time
from io import StringIO

import pytest

from deepchat.repl.needs import Choice, Entry, Picking
from deepchat.repl.plain import OFFER, Plain, PlainSurface


def test_what_returns_unsent_is_printed_clean():
    out = StringIO()
    PlainSurface(out, input).compose("a\x1b[2J\u202eb")
    assert out.getvalue() == f"Not sent: a␛[2J<U+202E>b\n{OFFER}\n"


def test_what_is_begun_and_typed_ahead_counts_as_unsent_at_the_end():
    surface = PlainSurface(StringIO(), input, ["b", "", "c"])
    surface.compose("kept", [(0, 4)])
    surface.begun = '"""\na'
    assert surface.unsent == Entry("kept", ((0, 4),))
    surface.is_ending = True
    assert surface.unsent == Entry('kept\n\n"""\na\nb\n\nc', ((0, 4),))


def test_lines_behind_what_failed_return_with_it_up_to_the_first_command():
    ahead = ["one", "two", "/exit", "three"]
    surface = PlainSurface(StringIO(), input, ahead)
    surface.compose("failed")
    surface.hold()
    assert surface.take() == Entry("failed\n\none\n\ntwo")
    assert ahead == ["/exit", "three"]
    assert surface.draft == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell and POSIX signals")
def test_an_interrupt_that_does_not_wake_the_loop_still_stops_a_command(bench, monkeypatch):
    monkeypatch.setenv("SHELL", "/bin/sh")

    def interrupt_unheard():
        while "going\n" not in bench.paper.printed:
            time.sleep(0.01)
        # One that another thread gets ends no system call in which the main thread waits.
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    interrupting = threading.Thread(target=interrupt_unheard)
    interrupting.start()
    lines = lines_of("!echo going; sleep 600")
    Plain(lambda surface, changed: bench.house, lines=lines, out=StringIO()).run(lambda repl: "")
    interrupting.join()
    assert "Stopped." in bench.paper.printed


def lines_of(*typed):
    waiting = iter(typed)

    def line(prompt):
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    return line


def test_ctrl_c_before_the_first_line_is_asked_for_does_not_end_the_program(bench, monkeypatch):
    def run(first, *typed):
        lines = lines_of(*typed)
        Plain(lambda surface, changed: bench.house, lines=lines, out=StringIO()).run(first)

    def interrupted(repl):
        monkeypatch.setattr(bench.paper, "print", lambda ansi: signal.raise_signal(signal.SIGINT))
        monkeypatch.setattr(bench.house.page, "notice", lambda text: monkeypatch.undo())
        return "/context"

    run(interrupted, "/title Kept")
    assert bench.chat.session.title == "Kept"


@pytest.mark.parametrize(
    ("answers", "chosen"),
    [
        (["2"], "b"),
        (["9", "1"], "a"),
        (["pear"], "b"),
        (["p", "1"], "b"),
        (["p", "apple"], "a"),
        (["nothing", ""], None),
        ([], None),
    ],
)
def test_a_choice_is_made_by_number_or_by_words_and_asked_for_again_when_it_is_none(
    answers, chosen
):
    fruit = [Choice("a", "apple"), Choice("b", "pear"), Choice("c", "plum")]

    def find(typed):
        return [one for one in fruit if one.label.startswith(typed)]

    out = StringIO()
    surface = PlainSurface(out, lines_of(*answers))
    assert asyncio.run(surface.pick(Picking("Fruit", find))) == chosen
    assert ("1 to 3, or words of one" in out.getvalue()) is ({"9", "nothing"} & {*answers} != set())
