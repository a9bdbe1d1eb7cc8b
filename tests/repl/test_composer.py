"""The draft: pastes folded and sent whole, typed told from pasted, blocks between quotes."""

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.search import SearchDirection, SearchState

from deepchat.repl.composer import FOLD_LINES, Composer, DraftBuffer, label
from deepchat.repl.history import kept
from deepchat.repl.needs import Entry

LONG = "".join(f"line {n}\n" for n in range(412))


@pytest.fixture
def composer():
    return Composer(DraftBuffer(multiline=True))


def type_(composer, text):
    for char in text:
        composer.buffer.save_to_undo_stack()  # as before each key
        composer.buffer.insert_text(char)


def back(composer, times=1):
    for _ in range(times):
        composer.buffer.save_to_undo_stack()
        composer.buffer.delete_before_cursor()


def typed(entry):
    return "".join(char for at, char in enumerate(entry.text) if entry.is_typed(at))


def test_a_long_paste_is_one_character_and_is_sent_whole(composer):
    type_(composer, "See ")
    composer.paste(LONG)
    type_(composer, " end")
    assert len(composer.buffer.text) == len("See ") + 1 + len(" end")
    entry = composer.take()
    assert entry.text == f"See {LONG} end"
    assert typed(entry) == "See  end"


def test_a_short_paste_stands_as_it_is(composer):
    composer.paste("a\nb\n")
    assert composer.buffer.text == "a\nb\n"
    assert composer.take().pasted == ((0, 4),)


def test_a_fold_goes_with_one_key_and_comes_back_with_undo(composer):
    composer.paste(LONG)
    back(composer)
    assert composer.text == ""
    composer.buffer.undo()
    assert composer.text == LONG


def drafts_undone(composer):
    while (before := composer.text) is not None:
        yield before
        composer.buffer.undo()
        if composer.text == before:
            return


def test_undo_takes_back_words_and_whole_pastes(composer):
    type_(composer, "one two,  three")
    composer.buffer.save_to_undo_stack()
    composer.paste(LONG)
    type_(composer, "en")
    back(composer, 6)
    three, paste = "one two,  three", f"one two,  three{LONG}"
    deleted = ["one two,  th", three, paste, f"{paste}en"]
    assert list(drafts_undone(composer)) == [*deleted, paste, three, "one two,  ", "one ", ""]
    for _ in range(20):
        composer.buffer.redo()
    assert composer.text == "one two,  th"


def test_each_paste_is_a_step_of_its_own(composer):
    for paste in (LONG, LONG.upper(), "x"):
        composer.buffer.save_to_undo_stack()
        composer.paste(paste)
    assert [len(draft) // len(LONG) for draft in drafts_undone(composer)] == [2, 2, 1, 0]


def test_what_undo_brings_back_is_typed_or_pasted_as_it_was(composer):
    type_(composer, "@mine ")
    composer.buffer.save_to_undo_stack()
    composer.paste("@yours")
    back(composer, 12)
    while composer.text != "@mine @yours":
        composer.buffer.undo()
    assert typed(composer.entry) == "@mine "


def test_what_one_key_does_is_one_step_and_the_cursor_returns(composer):
    type_(composer, "some words here")
    composer.buffer.cursor_position = 5
    composer.buffer.save_to_undo_stack()
    composer.buffer.delete(5)
    composer.buffer.insert_text("things")
    composer.buffer.undo()
    assert (composer.text, composer.buffer.cursor_position) == ("some words here", 5)
    composer.buffer.redo()
    assert (composer.text, composer.buffer.cursor_position) == ("some things here", 11)


def test_a_draft_that_is_replaced_returns_and_what_is_typed_then_is_a_step_of_its_own(composer):
    type_(composer, "draft")
    composer.replace("draft")
    composer.replace("other")
    type_(composer, "s")
    assert list(drafts_undone(composer)) == ["others", "other", "draft", ""]


def test_what_undo_holds_grows_with_what_is_changed_and_not_with_the_draft(composer):
    composer.replace("line\n" * 100_000)
    before = len(composer.undoing)
    type_(composer, "ten words " * 10)
    assert len(composer.undoing) == before + 100


def test_an_undo_in_an_old_entry_is_none_of_the_draft(composer):
    walking(composer, "old entry")
    type_(composer, "mine")
    composer.buffer.history_backward()
    type_(composer, "X")
    composer.buffer.undo()
    composer.buffer.undo()
    assert composer.text == "old entry"
    composer.buffer.history_forward()
    composer.buffer.undo()
    assert composer.text == ""


@pytest.mark.parametrize("emptied", [Composer.clear, Composer.take])
def test_a_fold_that_was_killed_is_the_same_when_it_is_yanked_later(composer, emptied):
    composer.paste(LONG)
    killed = composer.buffer.text
    emptied(composer)
    composer.buffer.insert_text(killed)
    assert composer.text == LONG
    composer.paste(LONG.upper())
    composer.buffer.insert_text(killed)
    entry = composer.take()
    assert entry == Entry(LONG + LONG.upper() + LONG, ((0, 3 * len(LONG)),))


def test_a_fold_is_opened_at_the_cursor_or_else_the_last_one(composer):
    composer.paste(LONG)
    type_(composer, " and ")
    composer.paste("x" * 5000)
    assert composer.unfold()
    assert composer.buffer.text.endswith("x" * 5000)
    composer.buffer.cursor_position = 0
    assert composer.unfold()
    assert composer.buffer.text == f"{LONG} and {'x' * 5000}"
    assert not composer.unfold()
    assert typed(composer.take()) == " and "


def test_a_fold_is_taken_out_of_the_draft(composer):
    type_(composer, "See ")
    composer.paste(LONG)
    assert composer.take_fold() == LONG
    assert composer.text == "See "
    assert composer.take_fold() == ""


def test_a_paste_that_holds_what_marks_a_fold_is_kept_as_it_is(composer):
    composer.paste("\U00100000")
    composer.paste("\U00100001 \U00100000")
    assert composer.text == "\U00100000\U00100001 \U00100000"


def test_the_history_has_the_whole_text(composer):
    composer.paste(LONG)
    composer.take()
    assert composer.buffer.history.get_strings() == [LONG]
    assert composer.buffer.text == ""


def test_a_paste_that_is_edited_is_still_pasted(composer):
    composer.paste("mail @bob today")
    composer.buffer.cursor_position = len("mail @b")
    type_(composer, "XX")
    entry = composer.take()
    assert entry.text == "mail @bXXob today"
    assert typed(entry) == "XX"


def test_what_is_typed_before_a_paste_that_begins_alike_is_typed(composer):
    composer.paste("@file")
    composer.buffer.cursor_position = 0
    type_(composer, "@")
    assert composer.take().pasted == ((1, 6),)


def test_a_part_of_a_paste_that_is_killed_and_yanked_is_still_pasted(composer):
    composer.paste("see @secret")
    killed = composer.buffer.delete_before_cursor(len("@secret"))
    composer.clear()
    composer.buffer.insert_text(killed)
    assert typed(composer.take()) == ""


def test_pasted_lines_that_are_indented_are_still_pasted(composer):
    type_(composer, "x\n")
    composer.paste("@one\n@two")
    composer.buffer.text = "x\n    @one\n    @two"
    assert typed(composer.take()) == "x\n"


def test_a_character_that_was_pasted_once_is_typed_when_it_is_typed(composer):
    composer.paste("@")
    type_(composer, " @a")
    assert typed(composer.take()) == " @a"


def test_what_was_pasted_is_pasted_when_undo_or_a_failed_request_brings_it_back(composer):
    composer.paste("see @secret")
    composer.take()
    composer.replace("see @secret now")
    assert typed(composer.take()) == " now"


def test_a_paste_that_says_what_was_typed_before_is_pasted(composer):
    type_(composer, "@a.py")
    composer.take()
    composer.paste("@a.py")
    assert typed(composer.take()) == ""


def test_what_returns_with_its_pastes_has_the_long_ones_folded(composer):
    text = f"See {LONG} and @me @you"
    composer.replace(text, [(4, 4 + len(LONG)), (len(text) - 4, len(text))])
    assert len(composer.buffer.text) == len(text) - len(LONG) + 1
    assert composer.unsent == Entry(text, ((4, 4 + len(LONG)), (len(text) - 4, len(text))))
    assert typed(composer.take()) == "See  and @me "


def test_any_entry_that_returns_is_the_same_entry():
    @given(st.lists(st.tuples(st.text(min_size=1), st.booleans())))
    def check(parts):
        text, pasted = "", []
        for part, is_pasted in parts:
            if is_pasted:
                pasted.append((len(text), len(text) + len(part)))
            text += part
        composer = Composer(DraftBuffer(multiline=True))
        composer.replace(text, pasted)
        assert composer.unsent.text == text
        held = {at for start, end in pasted for at in range(start, end)}
        if pasted:
            assert {at for at in range(len(text)) if not composer.unsent.is_typed(at)} == held

    check()


def walking(composer, *entries):
    """With these in the history, as they are loaded while the composer stands."""
    for entry in entries:
        composer.buffer.history.append_string(entry)

    async def load():
        composer.buffer.load_history_if_not_yet_loaded()
        await asyncio.sleep(0.01)

    asyncio.run(load())


def test_an_old_entry_that_is_only_looked_at_is_not_what_was_typed(composer):
    type_(composer, "mine @a ")
    composer.paste("@pasted")
    mine = composer.unsent
    walking(composer, "older", "old")
    for shown in ("old", "older"):
        composer.buffer.history_backward()
        assert composer.text == shown
        assert composer.unsent == mine
    composer.buffer.history_forward(2)
    assert composer.entry == mine


def test_an_old_entry_comes_back_with_its_pastes_the_long_ones_folded(composer):
    type_(composer, "See @mine ")
    composer.paste(LONG)
    composer.paste(" @yours")
    sent = composer.take()
    type_(composer, "more")
    composer.take()
    walking(composer)
    for _ in range(2):
        composer.buffer.history_backward()
    assert len(composer.buffer.text) == len("See @mine ") + 1 or composer.buffer.text.endswith(
        "yours"
    )
    assert (composer.entry, composer.buffer.cursor_position) == (sent, len(composer.buffer.text))
    assert composer.unsent == Entry("")
    composer.buffer.history_forward()
    assert typed(composer.entry) == "more"
    composer.buffer.history_backward()
    assert composer.take() == sent


def test_a_long_entry_that_is_looked_at_often_is_held_once(composer):
    for _ in range(3):
        composer.paste(LONG)
        composer.take()
        walking(composer)
        composer.buffer.history_backward()
        composer.clear()
    assert list(composer.folds.values()) == [LONG]


def test_marks_of_folds_come_again_when_all_were_taken(composer):
    composer._marks = itertools.cycle("\U00100000\U00100001")
    for paste in ("a" * 3_000, "b" * 3_000, "c" * 3_000, "a" * 3_000):
        composer.paste(paste)
        assert composer.take().text == paste


def test_a_draft_that_was_in_an_editor_has_its_pastes_folded_again(composer):
    type_(composer, "See ")
    composer.paste(LONG)
    composer.replace(f"{composer.text} and more")
    assert len(composer.buffer.text) == len("See x and more")
    assert typed(composer.take()) == "See  and more"


def test_what_was_changed_in_old_entries_is_there_when_they_are_seen_again(composer):
    walking(composer, "older", kept(Entry("see @it", ((4, 7),))))
    composer.buffer.history_backward()
    type_(composer, " @me")
    composer.buffer.history_backward()
    composer.buffer.history_forward()
    composer.buffer.cursor_position = 0
    assert composer.text in ("see @it @me", " @mesee @it")
    assert typed(composer.entry).replace(" ", "") == "see@me"


@pytest.mark.parametrize(
    ("sought", "before"), [("Look", ""), ("line 7", "Look at "), ("then", f"Look at {LONG} and ")]
)
def test_what_is_searched_for_is_found_beside_a_fold_and_in_it(composer, sought, before):
    text = f"Look at {LONG} and then"
    walking(composer, kept(Entry(text, ((8, 8 + len(LONG)),))))
    composer.buffer.apply_search(SearchState(sought, SearchDirection.BACKWARD))
    assert composer.text == text
    assert len(composer.buffer.text) == len(text) - len(LONG) + 1
    held = composer.buffer.text[: composer.buffer.cursor_position]
    assert held == before.replace(LONG, composer.buffer.text[8])


def test_an_old_text_that_holds_what_marks_a_fold_is_kept_as_it_is(composer):
    composer.paste(LONG)
    mark = composer.buffer.text
    walking(composer, f"a {mark} b")
    composer.buffer.history_backward()
    assert composer.text == f"a {mark} b"
    composer.replace(f"c {mark}")
    assert composer.text == f"c {mark}"


def test_an_old_entry_that_is_changed_comes_behind_what_was_typed(composer):
    walking(composer, "old")
    type_(composer, "mine")
    composer.buffer.history_backward()
    type_(composer, "X")
    assert composer.unsent.text in ("mine\n\noldX", "mine\n\nXold")
    composer.take()
    assert composer.buffer.history.get_strings()[-2] == "mine"
    assert composer.unsent == Entry("")


@pytest.mark.parametrize(
    ("draft", "is_open"),
    [
        ('"""', True),
        ('"""a\nb', True),
        ('"""a"""', False),
        ('"""a\nb\n"""', False),
        ('a """', False),
        ("", False),
    ],
)
def test_a_block_is_open_until_its_quotes_close_it(composer, draft, is_open):
    type_(composer, draft)
    assert composer.block_is_open is is_open


@pytest.mark.parametrize(
    ("draft", "text"),
    [
        ('"""a\nb"""', "a\nb"),
        ('"""\n a\n\n"""', " a\n"),
        ('"""doc""" is what?', '"""doc""" is what?'),
        ('is """a"""', 'is """a"""'),
    ],
)
def test_a_block_is_sent_without_its_quotes(composer, draft, text):
    type_(composer, draft)
    assert composer.take().text == text


def test_quotes_count_only_where_they_were_typed(composer):
    composer.paste('"""doc')
    assert not composer.block_is_open
    type_(composer, '"""')
    assert composer.take().text == '"""doc"""'
    type_(composer, '"""')
    composer.paste('x = """doc"""')
    assert composer.block_is_open
    type_(composer, '"""')
    assert not composer.block_is_open
    entry = composer.take()
    assert (entry.text, typed(entry)) == ('x = """doc"""', "")


def test_pasted_places_are_counted_inside_a_block(composer):
    type_(composer, '"""\nsay ')
    composer.paste("@this")
    type_(composer, '\n"""')
    entry = composer.take()
    assert entry.text == "say @this"
    assert typed(entry) == "say "


pieces = st.lists(
    st.tuples(
        st.booleans(), st.text(st.sampled_from("abc @\n/é🎉\U00100001"), min_size=1, max_size=30)
    ),
    max_size=8,
)


@given(pieces, st.integers(0, 3))
def test_whatever_is_typed_and_pasted_is_sent_in_order(parts, repeat):
    composer = Composer(DraftBuffer(multiline=True))
    expected = ""
    for is_paste, text in parts:
        if is_paste:
            text = text * (1 + repeat * FOLD_LINES)
            composer.paste(text)
        else:
            text = text.replace("\U00100001", "")
            type_(composer, text)
        expected += text
    assert composer.text == expected


# Characters that are alike wherever they come from, so that a change can only be told by where it was made.
keys = st.one_of(
    st.tuples(st.just("type"), st.sampled_from("a@ \n")),
    st.tuples(st.just("paste"), st.text("a@ ", min_size=1, max_size=3)),
    st.tuples(st.just("paste"), st.just("@a" * 1_500)),
    st.tuples(st.just("back"), st.integers(1, 4)),
    st.tuples(st.just("delete"), st.integers(1, 4)),
    st.tuples(st.just("move"), st.integers(0, 12)),
    st.tuples(st.sampled_from(["undo", "redo"]), st.none()),
)


def press(composer, key, what):
    buffer = composer.buffer
    acts = {
        "type": buffer.insert_text,
        "paste": composer.paste,
        "back": buffer.delete_before_cursor,
        "delete": buffer.delete,
        "move": lambda at: setattr(buffer, "cursor_position", at),
        "undo": lambda _: buffer.undo(),
        "redo": lambda _: buffer.redo(),
    }
    buffer.save_to_undo_stack()
    acts[key](what)


def with_origins(composer):
    """The characters in the buffer, and the origin of each."""
    return list(zip(composer.buffer.text, composer._line.held.origins, strict=True))


@given(st.lists(keys, max_size=25))
def test_what_was_pasted_is_known_whatever_is_changed_and_undone(pressed):
    composer = Composer(DraftBuffer(multiline=True))
    expected = with_origins(composer)
    past = [expected]
    for key, what in pressed:
        buffer, before = composer.buffer, len(composer.buffer.text)
        at = buffer.cursor_position
        press(composer, key, what)
        if key in ("undo", "redo"):
            assert with_origins(composer) in past
            expected = with_origins(composer)
        grown = len(buffer.text) - before
        if key in ("type", "paste"):
            come = [(char, key[0]) for char in buffer.text[at : at + grown]]
            expected = [*expected[:at], *come, *expected[at:]]
        elif key in ("back", "delete"):
            at = buffer.cursor_position
            expected = [*expected[:at], *expected[at - grown :]]
        assert with_origins(composer) == expected
        past.append(expected)


def test_the_label_says_how_much(composer):
    assert label(LONG) == "[pasted 412 lines]"
    assert label("x" * 5000) == "[pasted 5.0k characters]"
