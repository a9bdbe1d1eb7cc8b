"""Writing a message: what is pasted, what makes a new line, and what nothing is sent by."""

import pytest

from deepchat.demo.server import Answer
from tests.terminal.test_chat import sent

pytestmark = pytest.mark.terminal

BEGIN, END = "\x1b[200~", "\x1b[201~"
LINES = "".join(f"{n:04}\tline with é and 🎉, and /a/path\n" for n in range(5_000))


def test_a_paste_of_five_thousand_lines_is_one_message(deepchat, server):
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("Look: " + BEGIN + LINES.replace("\n", "\r") + END)
    chat.wait_for("› Look: [pasted 5000 lines]")
    chat.press("\r")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", f"Look: {LINES}")]


def test_a_paste_in_mid_stream_is_one_message(deepchat, server):
    server.script.append(Answer.reply(["one "] * 60, pause_s=0.02))
    server.script.append(Answer.reply("Read."))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("First.")
    chat.wait_for("receiving")
    chat.press(BEGIN + LINES + END)
    chat.wait_for("› [pasted 5000 lines]")
    chat.wait_for("tok/s")
    chat.press("\r")
    chat.wait_for("Read.")
    assert sent(server)[-1] == ("user", LINES)


def test_a_paste_before_the_composer_stands_is_one_message(deepchat, server):
    chat = deepchat()
    chat.press("one\rtwo\rthree\r")
    chat.wait_for("/help")
    chat.wait_for("› one")
    chat.wait_for("  three")
    chat.press("\r")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", "one\ntwo\nthree\n")]


@pytest.mark.parametrize("up", ["\x1b[?2004h", "/help"])
def test_lines_typed_as_fast_as_a_script_types_are_sent_one_by_one(deepchat, server, up):
    server.script += [Answer.reply("Yes."), Answer.reply("No.")]
    chat = deepchat()
    chat.wait_until(lambda: up.encode() in chat.written, up)
    chat.press("one\rtwo\r")
    chat.wait_for("No.")
    assert sent(server)[0::2] == [("user", "one"), ("user", "two")]


def test_a_paste_while_it_starts_is_one_message_even_when_it_is_one_line(deepchat, server):
    chat = deepchat()
    chat.wait_until(lambda: b"\x1b[?2004h" in chat.written, "the start")
    chat.press(f"{BEGIN}one\r{END}")
    chat.wait_for("› one")
    chat.press("two\r")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", "one\ntwo")]


def test_a_paste_that_ends_itself_is_not_sent(deepchat, server):
    chat = deepchat()
    chat.wait_for("/help")
    chat.press(f"{BEGIN}harmless{END}\r/exit\r{END}")
    chat.wait_for("  /exit")
    assert chat.child.isalive()
    chat.press("\r")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", "harmless\n/exit\n")]


def test_a_paste_that_never_ends_is_given_up_and_can_be_sent(deepchat, server):
    chat = deepchat()
    chat.wait_for("/help")
    chat.press(f"{BEGIN}half a paste")
    chat.wait_for("› half a paste")
    chat.press("\r")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", "half a paste")]


def test_control_characters_in_a_paste_are_shown_and_sent_as_they_are(deepchat, server):
    chat = deepchat()
    chat.wait_for("/help")
    chat.press(f"{BEGIN}a\x1b[31mb\x07\x03c{END}")
    chat.wait_for("› a␛[31mb␇␃c")
    chat.press("\r")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", "a\x1b[31mb\x07\x03c")]


def test_a_pasted_line_may_be_a_command_and_pasted_lines_are_none(deepchat, server):
    chat = deepchat()
    chat.wait_for("/help")
    chat.press(f"{BEGIN}/model a/b\n/exit{END}")
    chat.wait_for("  /exit")
    chat.press("\r")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", "/model a/b\n/exit")]
    chat.press(f"{BEGIN}/exit{END}")
    chat.wait_for("› /exit")
    chat.press("\r")
    assert chat.wait_for_end() == 0


@pytest.mark.parametrize(
    "newline", ["\x1b\r", "\x1b\n", "\n", "\\\r", "\x1b[27;2;13~", "\x1b[13;2u", "\x1b[13;5u"]
)
def test_newlines_are_made_without_sending(deepchat, server, newline):
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("one")
    chat.wait_for("› one")
    row = chat.screen.cursor.y
    chat.press(newline)
    chat.wait_until(lambda: chat.screen.cursor.y == row + 1)
    chat.press("two")
    chat.wait_for("  two")
    chat.press("\r")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", "one\ntwo")]


def test_a_block_between_quotes_is_sent_without_them(deepchat, server):
    chat = deepchat()
    chat.wait_for("/help")
    for line in ('"""', "first", "second", '"""'):
        chat.press(line)
        chat.wait_until(lambda line=line: chat.lines()[chat.screen.cursor.y][2:] == line)
        chat.press("\r")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", "first\nsecond")]


def test_a_fold_is_opened_edited_and_undone(deepchat, server):
    chat = deepchat(rows=40)
    chat.wait_for("/help")
    chat.press(f"{BEGIN}{LINES[: 30 * LINES.index(chr(10)) + 30]}{END}")
    chat.wait_for("[pasted 30 lines]")
    chat.press("\x0f")
    chat.wait_for("0029")
    chat.press("\x1f")
    chat.wait_for("[pasted 30 lines]")


@pytest.mark.parametrize("undo", ["\x1f", "\x18\x15"])
def test_undo_takes_back_a_word_and_redo_gives_it_again(deepchat, undo):
    chat = deepchat()
    chat.wait_for("/help")
    for key in "one two three":
        chat.press(key)
        chat.read(0.01)
    chat.wait_for("› one two three")
    for left in ("› one two", "› one", "›"):
        chat.press(undo)
        chat.wait_until(lambda left=left: chat.lines()[chat.screen.cursor.y] == left)
    chat.press("\x18\x12\x18\x12")
    chat.wait_until(lambda: chat.lines()[chat.screen.cursor.y] == "› one two")


@pytest.mark.parametrize("kill", ["\x15", "\x17", "\x01\x0b"])
def test_a_fold_that_was_killed_is_yanked_into_a_later_message(deepchat, server, kill):
    server.script += [Answer.reply("Well."), Answer.reply("Read.")]
    chat = deepchat()
    chat.wait_for("/help")
    chat.press(f"{BEGIN}{'old line,' * 1_000}{END}")
    chat.wait_for("[pasted 9.0k characters]")
    chat.press(kill)
    chat.wait_for("[pasted", gone=True)
    chat.enter("Something else.")
    chat.wait_for("tok/s")
    chat.press(f"{BEGIN}{LINES}{END}")
    chat.wait_for("› [pasted 5000 lines]")
    chat.press("\x19")
    chat.wait_for("lines][pasted 9.0k characters]")
    chat.press("\r")
    chat.wait_for("Read.")
    assert sent(server)[-1] == ("user", LINES + "old line," * 1_000)


def test_a_paste_that_is_large_is_offered_as_an_attachment(deepchat, server):
    large = "".join(f"{n:04}\tsome words\n" for n in range(17_000))
    chat = deepchat()
    chat.wait_for("/help")
    chat.press(f"Look: {BEGIN}{large}{END}")
    chat.wait_for("ctrl-x ctrl-f makes")
    chat.press("\x18\x06")
    chat.wait_for("[1] pasted-1.txt · ")
    chat.wait_for("[pasted 17000 lines]", gone=True)
    chat.press("\r")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", f"pasted-1.txt:\n```\n{large}```\n\nLook: ")]
    chat.press("\x18\x06")
    chat.wait_for("No folded paste is here")


def test_a_long_question_is_folded_above_its_reply_and_shown_whole_on_demand(deepchat, server):
    chat = deepchat(rows=40)
    chat.wait_for("/help")
    chat.press(f"{BEGIN}{LINES}{END}")
    chat.wait_for("› [pasted 5000 lines]")
    chat.press("\r")
    chat.wait_for("… 4,990 more lines: /show prints it whole")
    chat.wait_for("tok/s")
    chat.enter("/show")
    chat.wait_for("  4999  ")
    rows = [line[2:6] for line in chat.everything() if line[2:6].isdecimal()]
    assert rows == [f"{n:04}" for n in (*range(10), *range(5_000))]


EDITOR = """#!/bin/sh
trap '' INT
echo EDITING
read answer
printf "\\nfrom the editor $answer\\n" >>"$1"
exit ${FAIL:-0}
"""


@pytest.fixture
def editor(tmp_path):
    """An editor that adds a line to what it is given, and waits for Enter first."""
    script = tmp_path / "my editor"
    script.write_text(EDITOR)
    script.chmod(0o700)
    return {"VISUAL": f"'{script}'"}


@pytest.mark.parametrize("keys", ["\x07", "\x18\x05"])
def test_the_draft_is_edited_in_the_users_editor(deepchat, server, editor, keys):
    chat = deepchat(env=editor)
    chat.wait_for("/help")
    chat.press("typed first")
    chat.wait_for("› typed first")
    chat.press(keys)
    chat.wait_for("EDITING")
    chat.press("\x03")
    chat.wait_for("^C")
    chat.press("ok\r")
    chat.wait_for("  from the editor ok")
    chat.press("\r")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", "typed first\nfrom the editor ok")]


def test_an_editor_that_fails_leaves_the_draft(deepchat, server, editor):
    chat = deepchat(env={**editor, "FAIL": "3"})
    chat.wait_for("/help")
    chat.press("typed first\x07")
    chat.wait_for("EDITING")
    chat.press("\r")
    chat.wait_for("ended with code 3")
    chat.wait_for("› typed first")


def test_a_reply_goes_on_while_the_editor_has_the_terminal(deepchat, server, editor):
    server.script.append(Answer.reply(["word "] * 40, pause_s=0.02))
    chat = deepchat(env=editor)
    chat.wait_for("/help")
    chat.enter("Go.")
    chat.wait_for("receiving")
    chat.press("\x07")
    chat.wait_for("EDITING")
    for _ in range(30):
        chat.read(0.05)
    chat.press("x\r")
    chat.wait_for("  from the editor x")
    chat.wait_for("tok/s")
    assert " ".join(chat.everything()).count("word") == 40


def test_keys_that_belong_together_may_be_pressed_slowly(deepchat, own_home):
    editor = own_home / "editor"
    editor.write_text('#!/bin/sh\nprintf "edited" > "$1"\n')
    editor.chmod(0o700)
    chat = deepchat(env={"EDITOR": str(editor)})
    chat.wait_for("/help")
    chat.press("x")
    chat.wait_for("› x")
    chat.press("\x18")
    chat.read(0.3)  # nothing is drawn for the first of them
    chat.press("\x05")
    chat.wait_for("› edited")


def test_up_goes_through_the_rows_of_a_line_that_wraps_before_it_goes_to_the_history(
    deepchat, server
):
    chat = deepchat(columns=40)
    chat.wait_for("/help")
    chat.enter("Old.")
    chat.wait_for("tok/s")
    chat.press("word " * 20)
    chat.wait_until(lambda: sum("word word" in line for line in chat.lines()) == 3, "rows")
    chat.press("\x1b[A\x1b[AX\x1b[BY")
    chat.wait_for("› word word word word word word Xword")
    chat.wait_for("  word word word word word word wYord")
    chat.press("\x01\x1b[A")
    chat.wait_for("› Old.")
    chat.press("\r")
    chat.wait_until(lambda: len(server.received) > 1 and sent(server)[-1] == ("user", "Old."))


def test_up_takes_back_what_is_queued_also_before_what_is_being_typed(deepchat, server):
    server.script.append(Answer.reply("Half a reply", done=False, end="hang", finish=None))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("First.")
    chat.wait_for("Half a reply")
    for text in ("Second.", "Third."):
        chat.enter(text)
        chat.wait_for(f"queued: {text}")
    chat.press("Fourth.")
    chat.wait_for("› Fourth.")
    chat.press("\x1b[A")
    chat.wait_for("queued: Third.", gone=True)
    chat.press("\x1b[A\x1b[A\x1b[A")
    chat.wait_for("queued:", gone=True)
    chat.wait_until(lambda: "\n".join(chat.lines()).count("Second.\n\n  Third.\n\n  Fourth.") == 1)
    chat.press("\x03")
    chat.wait_for("stopped")
    chat.press("\r")
    chat.wait_for("tok/s")
    assert sent(server)[-1] == ("user", "Second.\n\nThird.\n\nFourth.")


def test_up_right_at_the_first_prompt_has_the_last_entry(deepchat, own_home):
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("From before.")
    chat.wait_for("tok/s")
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    again = deepchat()
    again.press("\x1b[A")
    again.wait_for("› From before.")


def test_up_right_behind_enter_has_what_was_entered(deepchat):
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("/keys")
    chat.wait_for("› /keys")
    chat.press("\r\x1b[A")
    chat.wait_for("› /keys")


def test_keys_that_nobody_knows_leave_no_letters_in_the_draft(deepchat, server):
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("a\x1b[57441;2u\x1bOj\x1b[?62;22c\x1b[200;3~b")
    chat.wait_for("› ab")
    chat.press("\x1b[27;6;13~c\x1bOM")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", "ab\nc")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("!touch {home}/ran", "› !touch"),
        ("!touch {home}/ran\n@{home}/secret\n", "  @"),
        ("@{home}/secret\n" + "a line\n" * 30, "› [pasted 31 lines]"),
    ],
)
def test_a_paste_recalled_in_another_run_is_folded_again_and_not_obeyed(
    deepchat, server, own_home, text, shown
):
    (own_home / "secret").write_text("hidden")
    text = text.format(home=own_home)
    for keys in (f"{BEGIN}{text}{END}", "\x1b[A"):
        chat = deepchat(columns=200)
        chat.wait_for("/help")
        chat.press(keys)
        chat.wait_for(shown)
        chat.press("\r")
        chat.wait_for("tok/s")
        assert sent(server) == [("user", text)]
        chat.press("\x04")
        assert chat.wait_for_end() == 0
    assert not (own_home / "ran").exists()
