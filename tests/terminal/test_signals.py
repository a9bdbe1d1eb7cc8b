"""However a reply or the program is interrupted: the composer or the shell is there at once, and nothing is lost."""

import os
import re
import signal
import sqlite3
import stat
import sys
import termios
from contextlib import closing

import pytest

from deepchat.demo.server import Answer
from tests.sites import full
from tests.terminal.driver import Driver
from tests.terminal.phases import IN_A_REPLY, NEVER_RESOLVING, NOWHERE, is_over

pytestmark = pytest.mark.terminal

HANGING = Answer.reply("Half a reply", done=False, finish=None, usage={}, end="hang")

KEYS = {
    "Ctrl-C": lambda chat: chat.press("\x03"),
    "Esc": lambda chat: chat.press("\x1b"),
    "SIGINT": lambda chat: chat.child.kill(signal.SIGINT),
}


def stored(home):
    with closing(sqlite3.connect(home / ".local/share/deepchat/chats.db")) as database:
        return database.execute("SELECT role, text, state FROM message").fetchall()


def journalled(home):
    """What has come of the reply that is open."""
    with closing(sqlite3.connect(home / ".local/share/deepchat/chats.db")) as database:
        return "".join(row[0].decode() for row in database.execute("SELECT text FROM piece"))


def tty(chat):
    """What `stty -g` tells."""
    return termios.tcgetattr(chat.child.child_fd)


def begin_phase(chat, server, phase, question):
    server.script.append(phase.answer)
    chat.enter(question)
    chat.wait_until(lambda: not server.script, "the request")
    chat.wait_until(lambda: phase.seen in "\n".join(last_rows(chat)), phase.name)


def last_rows(chat):
    """Those of the reply that is open, and the composer."""
    return [line for line in chat.lines() if line][-4:]


def assert_left_in_order(chat, before):
    assert tty(chat) == before
    on_off = [(b"\x1b[?2004h", b"\x1b[?2004l"), (b"\x1b[?25l", b"\x1b[?25h")]
    for on, off in [*on_off, (b"\x1b[?2026h", b"\x1b[?2026l"), (b"\x1b[22;2t", b"\x1b[23;2t")]:
        assert chat.written.rfind(on) <= chat.written.rfind(off), on
    assert b"Traceback" not in chat.written


# --- a reply -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", KEYS)
def test_in_each_phase_of_a_reply_one_key_stops_it_and_keeps_what_came(
    deepchat, server, own_home, key
):
    chat = deepchat()
    chat.wait_for("/help")
    for number, phase in enumerate(IN_A_REPLY):
        begin_phase(chat, server, phase, f"Question {number}")
        KEYS[key](chat)
        chat.wait_until(lambda: is_over(chat.lines()), f"the composer, {phase.name}")
        if phase is not IN_A_REPLY[-1]:  # which may be over before the key comes
            chat.press("\x03\x03\x03")  # of which none leaves
    server.script.append(Answer.reply("Goodbye."))
    chat.enter("The last one")
    chat.wait_for("Goodbye.")
    kept = [text for role, text, _ in stored(own_home) if role == "assistant"]
    context = server.received[-1].json["messages"]
    replies = [each["content"] for each in context if each["role"] == "assistant"]
    for phase in IN_A_REPLY:
        assert any(text.startswith(phase.kept) for text in kept)
        assert any(text.startswith(phase.kept) for text in replies)
    roles = [each["role"] for each in context]
    assert roles == [("user", "assistant")[n % 2] for n in range(len(roles))]


@pytest.mark.parametrize("key", KEYS)
def test_a_connection_that_is_not_made_is_given_up(key):
    with full() as site, Driver("--base-url", site.url, "-m", "m") as chat:
        chat.wait_for("/help")
        chat.enter("Anyone?")
        chat.wait_for("waiting")
        KEYS[key](chat)
        chat.wait_until(lambda: is_over(chat.lines()), "the composer")
        chat.wait_until(lambda: chat.lines().count("› Anyone?") == 2, "the question")


def test_a_name_that_is_not_resolved_holds_nobody(own_home):
    with Driver(*NOWHERE, run=NEVER_RESOLVING, env={"DEEPINFRA_TOKEN": "k" * 32}) as chat:
        chat.wait_for("/help")
        chat.enter("Anyone?")
        chat.wait_for("waiting")
        chat.press("\x03")
        chat.wait_until(lambda: is_over(chat.lines()), "the composer")
        chat.press("\x03")
        chat.enter("/models")
        chat.wait_for("/models is working")
        chat.press("\x03")
        chat.wait_for("Stopped.")
        chat.press("\x04")
        assert chat.wait_for_end() == 0


@pytest.mark.parametrize("leave", ["/exit\r", "\x04"])
def test_leaving_amid_a_reply_keeps_it_however_often_ctrl_c_follows(
    deepchat, server, own_home, leave
):
    server.script.append(HANGING)
    chat = deepchat()
    before = tty(chat)
    chat.wait_for("/help")
    chat.enter("First.")
    chat.wait_for("Half a reply")
    chat.press(leave + "\x03\x03\x03")
    assert chat.wait_for_end() == 0
    assert_left_in_order(chat, before)
    assert stored(own_home)[1] == ("assistant", "Half a reply", "stopped")


def test_ctrl_c_closes_what_is_open_and_leaves_alone_what_is_under_it(deepchat, server, own_home):
    editor = own_home / "editor"
    editor.write_text(
        '#!/bin/sh\ntrap "echo got it; exit 0" INT\necho editing\nwhile :; do sleep 0.1; done\n'
    )
    editor.chmod(stat.S_IRWXU)
    chat = deepchat(env={"EDITOR": str(editor)})
    chat.wait_for("/help")
    chat.enter("alpha one")
    chat.wait_for("tok/s")
    chat.press("\x12alph")
    chat.wait_for("Earlier: ")
    chat.press("\x03")
    chat.wait_for("Earlier: ", gone=True)
    chat.press("/pers")
    chat.wait_for("Take a persona")
    chat.press("\x03")
    chat.wait_for("› /pers", gone=True)
    chat.enter("/model")
    chat.wait_for("Enter takes one")
    chat.press("\x03")
    chat.wait_for("Enter takes one", gone=True)
    chat.press("drafted")
    chat.wait_for("› drafted")
    chat.press("\x07")
    chat.wait_for("editing")
    chat.press("\x03")
    chat.wait_for("got it")
    chat.wait_for("› drafted")
    chat.press("\x15\x04")
    assert chat.wait_for_end() == 0


def test_ctrl_c_right_behind_enter_stops_a_command_that_has_not_begun(deepchat):
    chat = deepchat(env={"SHELL": "/bin/sh"})
    chat.wait_for("/help")
    chat.press("!sleep 600")
    chat.wait_for("› !sleep 600")
    chat.press("\r\x03")
    chat.wait_for("Stopped.")
    chat.press("typed")
    chat.wait_for("› typed")
    assert b"Warning" not in chat.written


def test_the_hint_that_ctrl_c_leaves_is_forgotten_when_something_else_is_done(deepchat):
    chat = deepchat()
    chat.wait_for("/help")
    for keys in ("\x03", "abc", "\x03"):
        chat.press(keys)
        chat.wait_for("so does Ctrl-C once more")
    chat.wait_for("› abc", gone=True)
    chat.press("\x03")
    chat.wait_until(
        lambda: "\n".join(chat.lines()).count("so does Ctrl-C once more") == 2, "the second hint"
    )
    chat.press("\x03")
    assert chat.wait_for_end() == 0


def test_what_is_queued_when_a_reply_is_stopped_is_seen_before_it_is_sent(deepchat, server):
    server.script.append(HANGING)
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("First.")
    chat.wait_for("Half a reply")
    for text in ("Second.", "Third.", "Fourth."):
        chat.enter(text)
        chat.wait_for(f"queued: {text}")
    chat.press("\x1b[A")
    chat.wait_for("› Fourth.")
    chat.press("\x15\x03")
    chat.wait_for("queued: Third.", gone=True)
    chat.wait_for("queued: Second.")
    chat.press("\x03\x03")
    chat.wait_until(lambda: is_over(chat.lines()), "the composer")
    assert len([one for one in server.received if one.method == "POST"]) == 1
    for text in ("Fourth.", "Third.", "Second."):
        chat.wait_until(lambda text=text: recalls(chat, text), text)


def recalls(chat, text):
    chat.press("\x1b[A")
    chat.read(0.1)
    return f"› {text}" in chat.lines()


def test_the_cursor_stands_where_the_next_key_goes_while_a_reply_streams(deepchat, server):
    server.script.append(Answer.reply([f"Wort{n} 漢字 " for n in range(300)], pause_s=0.01))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Go.")
    chat.wait_for("Wort")
    chat.press("日本語x")
    chat.wait_for("語x")
    for column in (9, 8, 6):
        for _ in range(5):
            chat.read(0.05)
            at = settled_cursor(chat)
            assert chat.lines()[at[0]].startswith("› 日")
            assert at[1] == column
        chat.press("\x1b[D")
        chat.wait_until(lambda c=column: settled_cursor(chat)[1] != c, "the cursor to move")
    for query in (rb"\x1b\[\??[56]n", rb"\x1b\[[>=]?0?c", rb"\x1b\]1[01];\?", rb"\x1b\[>0?q"):
        assert not re.search(query, chat.written)
    assert b"\x1b[?u" not in chat.written


def settled_cursor(chat):
    """Between two frames."""
    while chat.written.count(b"\x1b[?2026h") > chat.written.count(b"\x1b[?2026l"):
        chat.read(0.05)
    return chat.screen.cursor.y, chat.screen.cursor.x


# --- the program -------------------------------------------------------------------------------------------------------


def starting(chat, server):
    chat.wait_until(lambda: not tty(chat)[3] & termios.ECHO, "the start")


def at_the_prompt(chat, server):
    chat.wait_for("/help")
    chat.press("a draft")
    chat.wait_for("› a draft")


def in_a_reply(chat, server):
    server.script.append(Answer.reply(["on "] * 3000, pause_s=0.01))
    chat.wait_for("/help")
    chat.enter("First.")
    chat.wait_for("on on on")


def in_the_picker(chat, server):
    chat.wait_for("/help")
    chat.enter("/model")
    chat.wait_for("Enter takes one")


def in_the_editor(chat, server):
    chat.wait_for("/help")
    chat.press("a draft")
    chat.wait_for("› a draft")
    chat.press("\x07")
    chat.wait_for("editing")


def in_a_shell_command(chat, server):
    chat.wait_for("/help")
    chat.enter("!echo go''ing; sleep 600")
    chat.wait_for("going")


SITUATIONS = (
    starting,
    at_the_prompt,
    in_a_reply,
    in_the_picker,
    in_the_editor,
    in_a_shell_command,
)


@pytest.fixture
def editor(own_home):
    """An editor that saves, goes on for ever, and leaves the terminal in a mess."""
    program = own_home / "editor"
    program.write_text(
        '#!/bin/sh\nprintf "saved there" > "$1"\nstty raw -echo\necho editing\nexec sleep 600\n'
    )
    program.chmod(stat.S_IRWXU)
    return {"EDITOR": str(program), "SHELL": "/bin/sh"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_signal_that_ends_it_leaves_the_terminal_as_it_was(
    deepchat, server, editor, situation, number
):
    chat = deepchat(env=editor)
    before = tty(chat)
    situation(chat, server)
    chat.child.kill(number)
    assert chat.wait_for_end() == 128 + number
    assert_left_in_order(chat, before)


def test_ctrl_backslash_before_the_prompt_ends_it_in_order(deepchat, server):
    chat = deepchat()
    before = tty(chat)
    starting(chat, server)
    chat.press("\x1c")
    assert chat.wait_for_end() == 128 + signal.SIGQUIT
    assert_left_in_order(chat, before)


def test_ctrl_s_before_the_prompt_stops_nothing(deepchat, server):
    chat = deepchat()
    before = tty(chat)
    chat.press("\x13")
    chat.wait_for("/help")
    chat.press("on")
    chat.wait_for("on")
    chat.press("\x03\x04")
    assert chat.wait_for_end() == 0
    assert_left_in_order(chat, before)


@pytest.mark.parametrize("situation", [starting, in_a_reply, in_the_picker, in_the_editor])
def test_a_terminal_that_is_closed_is_a_hang_up(deepchat, server, editor, own_home, situation):
    chat = deepchat(env=editor)
    situation(chat, server)
    chat.child.ptyproc.fileobj.close()
    assert chat.child.wait() == 129
    assert not list(own_home.rglob("deepchat.log"))


def test_a_hang_up_keeps_all_of_the_reply_that_was_seen(deepchat, server, own_home):
    chat = deepchat()
    in_a_reply(chat, server)
    chat.child.kill(signal.SIGTERM)
    assert chat.wait_for_end() == 143
    shown = len(re.findall(r"\bon\b", "\n".join(chat.everything())))
    [(_, kept, state)] = [row for row in stored(own_home) if row[0] == "assistant"]
    assert state == "stopped"
    assert kept.count("on ") >= shown > 3


def test_what_the_editor_had_saved_when_it_was_ended_is_the_draft(deepchat, server, editor):
    chat = deepchat(env=editor)
    in_the_editor(chat, server)
    chat.child.kill(signal.SIGTERM)
    assert chat.wait_for_end() == 143
    again = deepchat()
    again.wait_for("› saved there")


def test_a_bug_in_the_loop_is_one_line_and_a_terminal_as_it_was(server, own_home):
    broken = (
        "from deepchat.repl.loop import Repl\n"
        "from deepchat.__main__ import main\n"
        "def status(repl, *said, right=Repl.status):\n"
        "    assert 'boom' not in repl._surface.draft\n"
        "    return right(repl, *said)\n"
        "Repl.status = status\n"
        "main()\n"
    )
    flags = ("--base-url", server.base_url, "-m", "deepchat/demo")
    with Driver(*flags, run=(sys.executable, "-c", broken)) as chat:
        before = tty(chat)
        chat.wait_for("/help")
        chat.press("boom")
        assert chat.wait_for_end() == 1
        assert_left_in_order(chat, before)
        assert "deepchat itself broke" in "\n".join(chat.everything())
        [log] = own_home.rglob("deepchat.log")
        assert "AssertionError" in log.read_text()
    assert '"boom"' in (own_home / ".local/share/deepchat/history.jsonl").read_text()


def test_ctrl_c_at_the_start_leaves_without_a_word(deepchat):
    chat = deepchat()
    before = tty(chat)
    starting(chat, None)
    chat.press("\x03")
    assert chat.wait_for_end() == 130
    assert_left_in_order(chat, before)


@pytest.mark.parametrize("flags", [("--plain",), ("-p", "First.", "-c")])
def test_without_a_composer_a_signal_keeps_the_reply_as_well(deepchat, server, own_home, flags):
    server.script += [Answer.reply("Before."), HANGING]
    assert deepchat("-p", "Zero.", "-c").wait_for_end() == 0
    chat = deepchat(*flags)
    if "--plain" in flags:
        chat.wait_for("/help")
        chat.press("First.\r")
    # They are one open line, which is not printed yet.
    chat.wait_until(lambda: "Half a reply" in journalled(own_home), "the words")
    chat.child.kill(signal.SIGTERM)
    assert chat.wait_for_end() == 143
    assert stored(own_home)[-1] == ("assistant", "Half a reply", "stopped")


def test_what_is_typed_for_the_shell_reaches_it(server, own_home):
    line = f"{sys.executable} -m deepchat --base-url {server.base_url} -m deepchat/demo"
    with Driver(run=("sh", "-i"), env={"PS1": "shell: ", "ENV": os.devnull}) as shell:
        shell.wait_for("shell:")
        shell.press(f"{line}\r")
        shell.wait_for("/help")
        shell.press("/exit\r")
        shell.wait_until(lambda: tty(shell)[3] & termios.ECHO, "the end")
        shell.press("echo rea''ched\r")
        shell.wait_for("reached")
