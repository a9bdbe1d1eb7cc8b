import string
from contextlib import closing
from itertools import count

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deepchat.conversation import Message, Session, new_id
from deepchat.store.sessions import Store


@pytest.fixture
def store(tmp_path):
    clock = count(1)
    with closing(Store(tmp_path / "chats.db", now_ms=lambda: next(clock))) as store:
        yield store


def keep(store: Store, title: str, *texts: str) -> str:
    session = Session(new_id(10**12), title)
    store.open_turn(session, [Message(new_id(1), "user", text) for text in texts or (title,)])
    return session.id


def found(store: Store, query: str, limit: int = 50) -> list[str]:
    return [summary.title for summary in store.find(query, limit=limit)]


def test_without_a_query_all_are_found_the_last_used_first(store):
    for title in ("first", "second", "third"):
        keep(store, title)
    assert found(store, "") == found(store, "  ") == ["third", "second", "first"]
    assert found(store, "", limit=2) == ["third", "second"]


@pytest.mark.parametrize("part", [slice(None), slice(-6, None), slice(-8, None), slice(20)])
def test_an_id_its_end_or_its_beginning_answers_alone(store, part):
    uid = keep(store, "wanted")
    keep(store, f"mentions {uid} and {uid[part]}")
    assert found(store, uid[part]) == found(store, uid[part].upper()) == ["wanted"]


def test_a_beginning_that_several_ids_share_names_none(store):
    uid = keep(store, "one")
    keep(store, "two")
    assert found(store, uid[:8]) == []


def test_a_title_is_found_by_any_part_in_any_case(store):
    keep(store, "Über den Straßenverkehr")
    keep(store, "100% sure_thing")
    assert found(store, "üBER") == found(store, "STRASSEN") == ["Über den Straßenverkehr"]
    assert found(store, "0% sure") == found(store, "e_t") == ["100% sure_thing"]
    assert found(store, "e%t") == []


@pytest.mark.parametrize(
    "query", ["needle", "NEEDLE haystack", "haystack needle", "nee", "cafe", "café", "eedl", "c++"]
)
def test_what_was_said_is_found_by_its_words(store, query):
    keep(store, "a", "A needle in the haystack at the Café, written in C++.")
    keep(store, "b", "Nothing here.")
    assert found(store, query) == ["a"]


@pytest.mark.parametrize("query", ["日本", "本語", "😀", "ภาษา"])
def test_scripts_without_spaces_are_found_by_any_part(store, query):
    keep(store, "a", "これは日本語です 😀 ภาษาไทย")
    keep(store, "b", "Nothing here.")
    assert found(store, query) == ["a"]


def test_a_title_is_found_by_words_in_any_order(store):
    keep(store, "Sailing to Rhodes in May", "When?")
    assert found(store, "may sail") == ["Sailing to Rhodes in May"]
    assert found(store, "may sail june") == []


def test_titles_and_texts_are_listed_together_the_last_used_first(store):
    keep(store, "in the text", "docker")
    keep(store, "docker", "in the title")
    keep(store, "text again", "docker", "docker")
    assert found(store, "docker") == ["text again", "docker", "in the text"]
    assert found(store, "docker", limit=1) == ["text again"]


def test_a_persona_is_not_something_said(store):
    session = Session(new_id(1), "title")
    store.open_turn(session, [Message(new_id(1), "system", "You are a pirate.")])
    assert found(store, "pirate") == []


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(exclude_categories=())) | st.text(string.punctuation + " aA\0"))
@example('"')
@example("NEAR(a b) AND")
@example("a*^:-(\0")
@example("%" * 100_000)
@example("a " * 100_000)
@example("\ud83d")
def test_no_query_raises(store, query):
    store.find(query)
