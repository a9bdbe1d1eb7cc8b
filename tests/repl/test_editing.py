"""What the keys do to a draft."""

import pytest
from prompt_toolkit.keys import Keys

from deepchat.repl.history import FileHistory, Ghost
from tests.repl.pressing import ENTER, ESCAPE, Pressing, paste

LONG = "a line\n" * 100


@pytest.mark.parametrize("keys", [(ESCAPE, "#"), (Keys.ControlO,)])
def test_no_key_takes_the_draft_away_unsent(keys):
    desk = Pressing(unfold=["f2"])
    desk.press("see ", paste(LONG), *keys)
    assert desk.text == f"see {LONG}"
    desk.press(ENTER)
    assert [entry.text for entry in desk.sent] == desk.history == [f"see {LONG}"]


@pytest.mark.parametrize("end", [ENTER, Keys.ControlC])
@pytest.mark.parametrize("before", ["x", "d", "v", "R"])
def test_the_draft_after_one_that_was_sent_or_cleared_begins_in_insert_mode(end, before):
    desk = Pressing(vi=True)
    desk.press("some text", ESCAPE, before)
    desk.press(end)
    assert desk.terminal.mode == ""
    desk.press("while")
    assert desk.text == "while"


def test_a_draft_that_ctrl_c_leaves_in_place_stays_in_its_mode():
    desk = Pressing(vi=True)
    desk.is_busy = True
    desk.press("some text", ESCAPE)
    desk.press(Keys.ControlC)
    assert (desk.terminal.mode, desk.text) == ("normal", "some text")


@pytest.mark.parametrize(("key", "mode"), [("v", "visual"), ("R", "replace"), ("i", "")])
def test_the_mode_of_vi_is_told_when_keys_do_not_insert(key, mode):
    desk = Pressing(vi=True)
    assert desk.terminal.mode == ""
    desk.press("word", ESCAPE)
    assert desk.terminal.mode == "normal"
    desk.press(key)
    assert desk.terminal.mode == mode


@pytest.mark.parametrize(("vi", "mode"), [(False, ""), (True, "normal")])
def test_a_search_leaves_vi_in_normal_mode_and_emacs_without_one(vi, mode):
    desk = Pressing(vi=vi)
    desk.press("some text", Keys.ControlR, "some", ENTER)
    assert (desk.text, desk.terminal.mode) == ("some text", mode)


# As vim 9 does it.
@pytest.mark.parametrize(
    ("draft", "keys", "changed"),
    [
        ("one two", "0cw", "X two"),
        ("one two", "0llcw", "onX two"),
        ("one two", "0lcw", "oX two"),
        ("one two", "$cw", "one twX"),
        ("one two\nnext", "k$cw", "one twX\nnext"),
        ("one\n\n  next", "kk0cw", "X\n\n  next"),
        ("one two three", "02cw", "X three"),
        ("one two three", "0c2w", "X three"),
        ("one   two", "0lllcw", "oneXtwo"),
        ("a.b c", "0cw", "X.b c"),
        ("a.b c", "0cW", "X c"),
        ("a.b c", "02cw", "Xb c"),
        ("été là", "0cw", "X là"),
        ("one two", "0ce", "X two"),
        ("one two", "0dwi", "Xtwo"),
        ("one  two three", "0lllc2w", "oneXthree"),
        ("one  \n  two", "k$cw", "one X\n  two"),
        ("one\n\ntwo", "kcw", "one\nX\ntwo"),
        ("one\ntwo", "0cw", "one\nX"),
    ],
)
def test_change_word_changes_what_vim_changes(draft, keys, changed):
    desk = Pressing(vi=True)
    desk.press(draft, ESCAPE)
    desk.press(f"{keys}X")
    assert desk.text == changed


def test_a_backslash_before_enter_begins_a_line_where_it_was_typed():
    desk = Pressing()
    desk.press("one\\", ENTER, "two ", paste("C:\\"), ENTER)
    assert [entry.text for entry in desk.sent] == ["one\ntwo C:\\"]
    desk.press(paste("C:"), "\\", ENTER)
    assert desk.text == "C:\n"


def test_a_pasted_text_with_quotes_is_sent_as_it_is():
    desk = Pressing()
    desk.press(paste('"""Say what it does.'), ENTER, paste('"""a"""'), ENTER)
    assert [entry.text for entry in desk.sent] == ['"""Say what it does.', '"""a"""']


def test_what_was_pasted_is_not_obeyed_when_it_is_recalled_or_taken_from_the_ghost(tmp_path):
    Pressing(history=FileHistory(tmp_path / "h")).press("@mine ", paste("!cmd @yours"), ENTER)
    desk = Pressing(history=FileHistory(tmp_path / "h"))
    desk.press(Keys.Up, ENTER)
    desk.press("@m")
    desk.composer.buffer.suggestion = Ghost().get_suggestion(
        desk.composer.buffer, desk.composer.buffer.document
    )
    desk.press(Keys.Right, ENTER)
    for entry in desk.sent:
        assert entry.text == "@mine !cmd @yours"
        assert [n for n in range(len(entry.text)) if entry.is_typed(n)] == list(range(6))


def test_more_is_never_deleted_than_there_is():
    desk = Pressing()
    desk.press("abc", Keys.Left, Keys.Left, ESCAPE, "2", Keys.Backspace)
    assert desk.text == "bc"


@pytest.mark.parametrize("vi", [False, True])
def test_a_question_that_returned_makes_way_for_a_command_and_for_nothing_else(vi):
    desk = Pressing(vi=vi)
    for keys, text in {"/retry": "/retry", "!": "Why?!", " /x": "Why? /x"}.items():
        desk.terminal.compose("Why?")
        desk.press(keys)
        assert desk.text == text
        desk.composer.clear()
    desk.terminal.compose("Why?")
    desk.press("/retry", ENTER, Keys.Up, Keys.Up)
    assert [entry.text for entry in desk.sent] == ["/retry"]
    assert "Why?" in desk.composer.buffer.history.get_strings()


@pytest.mark.parametrize("given", ["/edit 1 answer\nand", "> quoted\n\n"])
def test_what_is_to_be_gone_on_with_stays_where_it_is(given):
    desk = Pressing()
    desk.terminal.compose(given)
    desk.press("/")
    assert desk.text == f"{given}/"


def test_a_question_that_was_touched_or_pasted_into_stays_where_it_is():
    desk = Pressing()
    desk.terminal.compose("Why?")
    desk.press("!", Keys.Backspace, "/")
    assert desk.text == "Why?/"
    desk.terminal.compose("Why?")
    desk.press(paste("/usr"), "/")
    assert desk.text == "Why?/usr/"
