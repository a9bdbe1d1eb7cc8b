"""Titles by the model: `/title --auto`, and by themselves where that is configured."""

from dataclasses import replace

import pytest

from deepchat.conversation import Finished, TextDelta
from deepchat.errors import Unreachable
from deepchat.repl.loop import Repl


def answer(text):
    return [TextDelta(text), Finished("stop")]


@pytest.fixture
def auto(bench):
    """A REPL that asks for titles."""
    bench.house = replace(bench.house, auto_title=True)
    bench.repl = Repl(bench.house, bench.paper)
    return bench


def until(seen):
    while not seen():
        pass


def test_the_model_is_asked_for_a_title_when_one_asks_for_that(bench):
    assert "Nothing was answered" in bench.type("/title --auto")
    bench.model.script += [answer("A heron."), answer("“Grey Herons”\n")]
    bench.type("What stands in the pond?")
    assert bench.chat.session.title == "What stands in the pond?"
    assert "Grey Herons" in bench.type("/title --auto")
    assert bench.store.find()[0].title == bench.chat.session.title == "Grey Herons"


def test_where_the_model_fails_the_title_stays_and_why_is_said(bench):
    bench.model.script += [answer("A heron."), [Unreachable("No route.")]]
    bench.type("What stands in the pond?")
    assert "No route." in bench.type("/title --auto")
    assert bench.chat.session.title == "What stands in the pond?"


def test_nobody_is_asked_by_itself(bench):
    bench.model.script += [answer("A heron.")]
    bench.type("What stands in the pond?")
    assert len(bench.model.requests) == 1


def test_after_the_first_reply_a_title_comes_by_itself_where_that_is_wanted(auto):
    auto.model.script += [answer("A heron."), answer("Grey Herons"), answer("No.")]
    auto.type("What stands in the pond?")
    until(lambda: auto.repl.pump() or auto.chat.session.title == "Grey Herons")
    assert auto.paper.title == auto.store.find()[0].title == "Grey Herons"
    auto.type("Any more?")
    assert len(auto.model.requests) == 3


def test_a_title_that_was_given_meanwhile_is_kept(auto):
    auto.model.script += [answer("A heron."), answer("Grey Herons")]
    auto.type("What stands in the pond?")
    auto.type("/title Mine")
    until(lambda: len(auto.model.requests) == 2)
    auto.repl.leave()
    assert auto.chat.session.title == "Mine"


def test_a_title_that_fails_by_itself_is_nobodys_concern(auto):
    auto.model.script += [answer("A heron."), [Unreachable("No route.")]]
    shown = auto.type("What stands in the pond?")
    until(lambda: len(auto.model.requests) == 2)
    auto.repl.pump()
    assert "No route" not in shown + auto.paper.printed
    assert auto.chat.session.title == "What stands in the pond?"
