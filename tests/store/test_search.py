import signal
import string
from contextlib import closing
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deepchat.conversation import Message, Role, Session, Usage, new_id
from deepchat.errors import StoreError
from deepchat.sought import ANY, Hit, Only
from deepchat.store.sessions import Store
from deepchat.wanted import wanted_while


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


@pytest.mark.parametrize(
    "query", ["日本", "本語", "😀", "ภาษา", "語 日本", "です 😀 ภาษา これ", "日本 ไทย は です"]
)
def test_scripts_without_spaces_are_found_by_any_part(store, query):
    keep(store, "a", "これは日本語です 😀 ภาษาไทย")
    keep(store, "b", "Nothing here. これは", "日本")
    assert found(store, query)[-1] == "a"
    assert found(store, f"{query} です") == ["a"]


def test_parts_of_words_are_found_in_any_case_and_order(store):
    keep(store, "a", "Die Übersicht der Außenstellen")
    keep(store, "b", "Die Übersicht")
    assert found(store, "BERSICHT ußenst") == found(store, "ENSTELL ÜBER") == ["a"]
    assert [said(hit) for hit in store.places("TELLEN bersich")] == [
        "Die Ü[bersich]t der Außens[tellen]"
    ]


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


def said(hit: Hit) -> str:
    return "".join(f"[{piece.text}]" if piece.found else piece.text for piece in hit.excerpt)


def places(
    store: Store, query: str, only: Only = ANY, limit: int = 50
) -> list[tuple[str, int, str]]:
    hits = store.places(query, only=only, limit=limit)
    return [(hit.session.title, hit.turn, said(hit)) for hit in hits]


def talk(store: Store, title: str, *texts: str, session: Session | None = None) -> str:
    """A chat in which these were said, by turns."""
    session = session or Session(new_id(10**12), title)
    messages: list[Message] = []
    for number, text in enumerate(texts):
        parent = messages[-1].id if messages else None
        role: Role = "assistant" if number % 2 else "user"
        messages.append(Message(new_id(number), role, text, parent, created_ms=number))
    store.open_turn(session, messages)
    return session.id


def test_a_place_is_a_message_its_turn_and_what_stands_around(store):
    talk(store, "t", "Hello", "Hi.", "What is a lighthouse?", "A tower with a\n\n**LIGHT**.")
    assert places(store, "lighthouse what") == [("t", 2, "[What] is a [lighthouse]?")]
    assert sorted(places(store, "ligh")) == [
        ("t", 2, "A tower with a **[LIGHT]**."),
        ("t", 2, "What is a [lighthouse]?"),
    ]


def test_of_few_places_the_best_is_first_whatever_its_age(store):
    talk(store, "best", "docker docker docker")
    talk(
        store, "newer", "docker and a great many other words that have nothing to do with it at all"
    )
    assert [title for title, *_ in places(store, "docker")] == ["best", "newer"]


def test_of_many_places_the_newest_are_first(store):
    for number in range(12):
        talk(store, f"chat {number}", *["the word"] * 100)
    found = store.places("word", limit=3)
    assert [hit.session.title for hit in found] == ["chat 11"] * 3


def test_a_title_is_a_place_unless_its_words_were_said_too(store):
    talk(store, "Docker at home", "How?")
    talk(store, "docker", "docker?")
    assert places(store, "docker") == [("Docker at home", 0, ""), ("docker", 1, "[docker]?")]


@pytest.mark.parametrize(
    ("query", "shown"),
    [("日本", "これは[日本]語です 😀"), ("😀", "これは日本語です [😀]"), ("ภาษ", "[ภาษ]าไทย")],
)
def test_scripts_without_spaces_have_places_too(store, query, shown):
    talk(store, "a", "これは日本語です 😀", "ภาษาไทย")
    assert [text for _, _, text in places(store, query)] == [shown]


def test_turns_are_counted_along_the_branch_of_the_message(store):
    session = Session(new_id(1), "t")
    talk(store, "t", "one", "first", "two", "second", session=session)
    _, conversation = store.load(session.id)
    first = next(m.id for m in conversation.messages.values() if m.text == "first")
    persona = Message(new_id(2), "system", "You are a pirate.", first)
    store.open_turn(session, [persona, Message(new_id(3), "user", "harbour", persona.id)])
    assert places(store, "harbour") == [("t", 2, "[harbour]")]


def test_a_text_that_looks_like_a_mark_marks_nothing(store):
    talk(store, "a", "\ufdd0 needle \ufdd0 \x02[not]\x03 \x1b[31m")
    ((_, _, shown),) = places(store, "needle")
    assert shown == "<U+FDD0> [needle] <U+FDD0> ␂[not]␃ ␛[31m"


@pytest.mark.parametrize(
    ("only", "titles"),
    [
        (Only(model="GOOD"), ["a"]),
        (Only(model="lab/"), ["b", "a"]),
        (Only(model="%"), []),
        (Only(persona="cat"), ["b"]),
        (Only(least=0.5), ["b"]),
        (Only(most=0.5), ["a"]),
        (Only(model="lab", least=0.1, most=0.2), ["a"]),
        (Only(since_ms=500), ["b"]),
    ],
)
def test_filters_leave_out_what_does_not_fit(tmp_path, only, titles):
    now = [0]
    with closing(Store(tmp_path / "f.db", now_ms=lambda: now[0])) as store:
        for title, model, persona, cost in (
            ("a", "lab/good", "", 0.1),
            ("b", "lab/better", "cat", 1),
        ):
            now[0] += 300
            session = Session(new_id(1), title, model, persona_name=persona)
            asked = Message(new_id(1), "user", "word", created_ms=now[0])
            reply = replace(asked, id=new_id(1), role="assistant", text="言葉", parent=asked.id)
            store.open_turn(session, [asked, replace(reply, usage=Usage(cost=cost))])
        for query in ("", "word", "言葉"):
            assert [session.title for session in store.find(query, only=only)] == titles
            assert {hit.session.title for hit in store.places(query, only=only)} == set(titles)
        for title in ("a", "b"):
            assert [hit.session.title for hit in store.places(title, only=only)] == [
                one for one in titles if one == title
            ]


def steps_of(store: Store, search) -> int:
    """How often SQLite asked whether to go on: once in 100 steps of its machine."""
    asked = 0

    def ask() -> int:
        nonlocal asked
        asked += 1
        return 0

    with store.database.reading() as connection:
        connection.set_progress_handler(ask, 100)
    search()
    with store.database.reading() as connection:
        connection.set_progress_handler(None, 100)
    return asked


@pytest.mark.parametrize("query", ["word", "needle", ""])
def test_ten_times_the_chats_cost_a_search_no_more_steps(store, query):
    def grow(first: int, last: int) -> None:
        for number in range(first, last):
            talk(store, f"chat {number}", *["the word"] * 10)

    talk(store, "it", "a needle")
    grow(0, 60)
    few = steps_of(store, lambda: (store.find(query, limit=5), store.places(query, limit=5)))
    grow(60, 600)
    many = steps_of(store, lambda: (store.find(query, limit=5), store.places(query, limit=5)))
    assert many < 2 * few + 150


def test_opening_a_chat_takes_as_many_steps_whatever_else_is_stored(store):
    session = talk(store, "it", *["a needle"] * 50)
    before = steps_of(store, lambda: store.load(session))
    for number in range(50):
        talk(store, f"chat {number}", *["a needle"] * 20)
    assert steps_of(store, lambda: store.load(session)) <= before + 2


@pytest.mark.parametrize("query", ["nowhere", "何処", "the"])
def test_a_search_that_is_not_wanted_any_more_ends_at_the_next_look(store, query):
    for number in range(100):
        talk(store, f"chat {number}", *["the word 言葉 " * 20] * 40)
    asked: list[bool] = []

    def gone() -> bool:
        asked.append(True)
        return False

    with wanted_while(gone), pytest.raises(StoreError, match="stopped"):
        store.places(query, limit=10**6)
    assert len(asked) <= 2
    assert store.places("word", limit=1)


def test_ctrl_c_in_a_search_is_ctrl_c(store):
    for number in range(60):
        talk(store, f"chat {number}", *["the word"] * 100)

    def pressed() -> bool:
        signal.raise_signal(signal.SIGINT)
        return True

    with wanted_while(pressed), pytest.raises(KeyboardInterrupt):
        store.places("nowhere")
    assert store.places("word", limit=1)


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
    store.places(query)
