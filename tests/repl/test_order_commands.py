"""`/archive`, `/star`, `/tag`, and what takes them back."""

import pytest

from deepchat.conversation import Finished, TextDelta
from deepchat.repl.commands.table import COMMANDS


def ask(bench, question):
    bench.model.script.append([TextDelta("Yes."), Finished("stop")])
    return bench.type(question)


@pytest.fixture
def two(bench):
    """Two chats, of which the second one is open; what it is called."""
    ask(bench, "About herons")
    bench.type("/new")
    ask(bench, "About pelicans")
    return bench


def test_this_chat_is_archived_and_a_new_one_begins(two):
    archived = two.chat.session.id
    shown = two.type("/archive")
    assert f"“About pelicans” is archived: /unarchive {archived[-6:]}" in shown
    assert "A new chat." in " ".join(shown.split())
    assert two.chat.session.id != archived
    assert "pelicans" not in two.type("/sessions --since 1d")
    assert "archived" in two.type("/sessions --archived")
    assert "About pelicans" in two.type("/resume pelicans")
    assert "in the list again" in two.type("/unarchive")
    assert "pelicans" in two.type("/sessions --since 1d")


def test_another_chat_is_archived_by_its_words(two):
    here = two.chat.session.id
    assert "“About herons” is archived" in two.type("/archive herons")
    assert two.chat.session.id == here
    assert "No chat holds that." in two.type("/unarchive pelicans")
    assert "“About herons” is in the list again" in two.type("/unarchive herons")
    assert "2 chats fit that" in two.type("/archive about")


def test_a_star_is_given_shown_and_taken_away(two):
    assert "“About pelicans” has a star" in two.type("/star")
    assert "★" in two.type("/sessions --star")
    assert "herons" not in two.type("/sessions --star")
    assert "★" in two.type("/sessions about")
    assert "no star any more" in two.type("/unstar pelicans")
    assert "No chat holds that." in two.type("/sessions --star")
    assert "marks" not in two.type("/sessions about")


def test_tags_are_put_on_shown_and_taken_off(two):
    assert "no tags" in two.type("/tag")
    assert "This chat has #birds #long-beaks." in two.type("/tag #Birds, long-beaks")
    assert "#birds" in two.type("/sessions --tag birds")
    assert "1 chat" in two.type("/tags")
    assert "This chat has #birds." in two.type("/untag LONG-BEAKS")
    assert "no tag fish" in two.type("/untag fish")
    assert "This chat has no tags" in two.type("/untag birds")
    assert "No chat has a tag yet" in two.type("/tags")
    assert "at most 40" in two.type(f"/tag {'x' * 41}")


def test_in_the_list_marks_stand_before_the_age(two):
    two.type("/star herons")
    seen = []
    two.paper.take = lambda picking: seen.extend(picking.find("herons --star"))
    two.type("/sessions")
    assert [choice.about for choice in seen] == ["★ · just now · 1 turn · lab/good"]


@pytest.mark.parametrize("line", ["/archive", "/star", "/tag word", "/unstar", "/unarchive"])
def test_before_anything_is_said_there_is_nothing_to_keep_in_order(bench, line):
    assert "not kept, or not yet" in bench.type(line)


def test_tab_offers_tags_and_the_chats_that_are_meant(two):
    def offered(name):
        candidates = COMMANDS.find(name).candidates
        assert candidates
        return [choice.value for choice in candidates(two.repl.desk)]

    here = two.chat.session.id
    two.type("/tag birds")
    two.type("/star")
    assert offered("/tag") == offered("/untag") == ["birds"]
    assert offered("/unstar") == [here[-6:]]
    assert offered("/unarchive") == []
    two.type("/archive")
    assert offered("/unarchive") == [here[-6:]]
