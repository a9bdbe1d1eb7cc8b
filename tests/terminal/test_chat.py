"""A chat as a person has it: typed turns, a persona, stopping, leaving, coming back."""

import re
import signal
import socket
import sqlite3
import termios
from collections import Counter
from contextlib import closing

import pytest

from deepchat.demo.server import Answer
from tests.terminal.driver import Driver

pytestmark = pytest.mark.terminal


def asked(server):
    """The body of the last chat request as the server saw it."""
    chats = [one for one in server.received if one.path.endswith("/chat/completions")]
    return chats[-1].json


def sent(server):
    """Its messages."""
    return [(message["role"], message["content"]) for message in asked(server)["messages"]]


def test_turns_stream_in_and_the_history_goes_along(deepchat, server):
    server.script.append(Answer.reply("I am **well**."))
    server.script.append(Answer.reply("Still."))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("How are you?")
    chat.wait_for("I am well.")
    chat.enter("And now?")
    chat.wait_for("Still.")
    assert sent(server) == [
        ("user", "How are you?"),
        ("assistant", "I am **well**."),
        ("user", "And now?"),
    ]


def test_three_hundred_lines_stand_once_each_in_the_scrollback(deepchat, server):
    server.script.append(Answer.reply("\n".join(f"- line {n} of it" for n in range(1, 301))))
    chat = deepchat(rows=24)
    chat.wait_for("/help")
    chat.enter("Count.")
    chat.wait_for("tok/s")
    found = re.findall(r"line (\d+) of it", "\n".join(chat.everything()))
    assert found == [str(n) for n in range(1, 301)]


def test_what_is_typed_while_a_reply_streams_stays_in_the_composer(deepchat, server):
    server.script.append(Answer.reply(["one ", "two ", "three"] * 20, pause_s=0.02))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Go.")
    chat.wait_for("receiving")
    chat.press("typed meanwhile")
    chat.wait_for("tok/s")
    assert "› typed meanwhile" in chat.lines()
    assert Counter(chat.everything())["› typed meanwhile"] == 1


def test_enter_while_a_reply_streams_queues_the_message(deepchat, server):
    server.script.append(Answer.reply(["one "] * 40, pause_s=0.02))
    server.script.append(Answer.reply("Second answer."))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("First.")
    chat.wait_for("receiving")
    chat.enter("Second.")
    chat.wait_for("queued: Second.")
    chat.wait_for("Second answer.")
    assert sent(server)[-1] == ("user", "Second.")


def test_ctrl_c_stops_the_reply_tells_the_server_and_keeps_what_came(deepchat, server):
    server.script.append(Answer.reply("Half a reply", done=False, end="hang", finish=None))
    server.script.append(Answer.reply("Whole."))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("First.")
    chat.wait_for("Half a reply")
    chat.press("\x03")
    chat.wait_for("stopped")
    chat.wait_until(lambda: server.gone == 1, "the server to see it")
    chat.press("\x03\x03\x03")
    chat.enter("Second.")
    chat.wait_for("Whole.")
    assert sent(server)[1] == ("assistant", "Half a reply")


def test_keys_pressed_before_the_composer_stands_are_in_it(deepchat, server):
    chat = deepchat()
    chat.press("early bird")
    chat.wait_for("/help")
    chat.wait_for("› early bird")
    assert chat.everything().count("early bird") == 0
    chat.press("\r")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", "early bird")]


def test_a_persona_counts_from_the_next_request_on(deepchat, server):
    chat = deepchat("-s", "You are a cat.")
    chat.wait_for("/help")
    server.script.append(Answer.reply("Meow."))
    chat.enter("Hello")
    chat.wait_for("Meow.")
    assert sent(server)[0] == ("system", "You are a cat.")
    chat.enter("/system You are a dog.")
    chat.wait_for("from the next message on")
    server.script.append(Answer.reply("Woof."))
    chat.enter("Hello again")
    chat.wait_for("Woof.")
    assert [role for role, _ in sent(server)].count("system") == 1
    assert sent(server)[0] == ("system", "You are a dog.")


def test_a_chat_is_resumed_with_its_messages_persona_model_and_parameters(deepchat, server):
    server.script.append(Answer.reply("Blue, of course."))
    chat = deepchat("-s", "You are a painter.")
    chat.wait_for("/help")
    chat.enter("/set temperature 0.25")
    chat.wait_for("temperature = 0.25")
    chat.enter("Which colour?")
    chat.wait_for("Blue, of course.")
    chat.enter("/exit")
    assert chat.wait_for_end() == 0
    assert re.search(r"deepchat -r \w{6}", "\n".join(chat.everything()))

    server.script.append(Answer.reply("As I said: blue."))
    again = Driver("--base-url", server.base_url, "-m", "deepchat/demo", "-c")
    with again:
        again.wait_for("Blue, of course.")
        again.enter("Sure?")
        again.wait_for("As I said: blue.")
    assert sent(server) == [
        ("system", "You are a painter."),
        ("user", "Which colour?"),
        ("assistant", "Blue, of course."),
        ("user", "Sure?"),
    ]
    assert asked(server)["temperature"] == 0.25


def test_a_killed_process_loses_no_question_and_hardly_any_reply(deepchat, server, own_home):
    words = [f"word{n} " for n in range(200)]
    server.script.append(Answer.reply(words, pause_s=0.02))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Tell me.")
    chat.wait_for("word60")
    chat.child.kill(signal.SIGKILL)
    shown = max(int(n) for n in re.findall(r"word(\d+)", "\n".join(chat.everything())))
    with closing(sqlite3.connect(own_home / ".local/share/deepchat/chats.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    again = deepchat("-c")
    again.wait_for("› Tell me.")
    again.wait_for("ended before the reply")
    kept = max(int(n) for n in re.findall(r"word(\d+)", "\n".join(again.everything())))
    assert kept >= shown - 50  # a second of it


def test_a_failed_question_returns_to_the_composer(deepchat, server):
    server.script.append(Answer.json({"error": {"message": "Model busy"}}, status=429))
    chat = deepchat(env={"DEEPCHAT_RETRIES": "0"})
    chat.wait_for("/help")
    chat.enter("Precious words")
    chat.wait_for("✗")
    chat.wait_for("Model busy")
    chat.wait_until(lambda: chat.lines().count("› Precious words") == 2, "the draft")
    chat.press("\r")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", "Precious words")]


def test_an_unknown_command_is_not_sent_and_up_brings_it_back(deepchat, server):
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("/eixt")
    chat.wait_for("Did you mean /exit")
    chat.press("\x1b[A")
    chat.wait_for("› /eixt")
    chat.press("\x15//eixt\r")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", "/eixt")]


def test_keys_are_offered_and_models_listed(deepchat, server):
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("/models")
    chat.wait_for("deepchat/demo-thinking")
    chat.press("/pers\t")
    chat.wait_for("› /persona")
    chat.press("\x15/model deepchat/demo-th\t")
    chat.wait_for("› /model deepchat/demo-thinking")


def test_a_server_that_does_not_answer_keeps_nobody_from_going_on_or_leaving(deepchat):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        chat = Driver("--base-url", url, "-m", "m")
        with chat:
            chat.wait_for("/help")
            chat.enter("/models")
            chat.wait_for("/models is working")
            chat.press("\x03")
            chat.wait_for("Stopped.")
            chat.enter("/models")
            chat.wait_for("/models is working")
            chat.press("\x04")
            assert chat.wait_for_end() == 0


def test_a_chat_that_could_not_be_kept_is_not_said_to_be(deepchat, own_home):
    data = own_home / ".local/share/deepchat"
    data.mkdir(parents=True)
    with closing(sqlite3.connect(data / "chats.db")) as theirs:
        theirs.execute("CREATE TABLE recipe (name)")
    before = (data / "chats.db").read_bytes()
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Hi")
    chat.wait_for("tok/s")
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    assert "This chat could not be kept." in chat.lines()
    assert (data / "chats.db").read_bytes() == before


@pytest.mark.parametrize("leave", ["/exit\r", "\x04", "\x03\x03"])
def test_the_terminal_is_as_it_was_after_leaving(deepchat, leave):
    chat = deepchat()
    before = termios.tcgetattr(chat.child.child_fd)
    chat.wait_for("/help")
    chat.press(leave)
    assert chat.wait_for_end() == 0
    assert chat.written.rfind(b"\x1b[?2004l") > chat.written.rfind(b"\x1b[?2004h")
    assert chat.written.rfind(b"\x1b[?25h") > chat.written.rfind(b"\x1b[?25l")
    assert termios.tcgetattr(chat.child.child_fd) == before


def test_nothing_but_our_own_sequences_and_no_alternate_screen(deepchat, server):
    server.script.append(Answer.reply("a\x1b]0;owned\x07b \x1b[2Jc\x9b31m"))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Attack.")
    chat.wait_for("tok/s")
    for banned in (
        b"\x1b]0;",
        b"\x1b[2J",
        b"\x1b[3J",
        b"?1049h",
        b"?1000h",
        b"\x1b[6n",
        b"\x9b31m",
    ):
        assert banned not in chat.written.replace("›".encode(), b"")


def test_a_hang_up_keeps_what_had_come(deepchat, server, own_home):
    server.script.append(Answer.reply("Half a reply", done=False, end="hang", finish=None))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("First.")
    chat.wait_for("Half a reply")
    chat.child.kill(signal.SIGHUP)
    assert chat.wait_for_end() == 129
    with closing(sqlite3.connect(own_home / ".local/share/deepchat/chats.db")) as database:
        rows = database.execute("SELECT role, text, state FROM message").fetchall()
    assert rows == [("user", "First.", "done"), ("assistant", "Half a reply", "stopped")]


def test_the_window_has_the_title_of_the_chat_and_its_own_again_at_the_end(deepchat, server):
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Tea or coffee?")
    chat.wait_for("tok/s")
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    titles = re.findall(rb"\x1b\]2;(.*?)\x07", chat.written)
    assert titles == [b"Tea or coffee?"]
    assert chat.written.index(b"\x1b[22;2t") < chat.written.index(b"\x1b[23;2t")


def test_the_bell_rings_when_it_is_wanted(deepchat, server, own_home):
    (own_home / ".config/deepchat").mkdir(parents=True)
    (own_home / ".config/deepchat/config.toml").write_text('[ui]\nbell = "always"\ntitle = false\n')
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Hi")
    chat.wait_for("tok/s")
    chat.wait_until(lambda: b"\x07" in chat.written, "the bell")
    assert b"\x1b]2;" not in chat.written


def test_ctrl_c_that_drops_a_queued_message_lets_the_reply_go_on(deepchat, server):
    server.script.append(Answer.reply(["one "] * 60 + ["end."], pause_s=0.02))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Go.")
    chat.wait_for("receiving")
    chat.enter("Never mind.")
    chat.wait_for("queued: Never mind.")
    chat.press("\x03")
    chat.wait_for("queued:", gone=True)
    chat.wait_for("end.")
    chat.wait_for("tok/s")
    assert "stopped" not in "\n".join(chat.everything())


def test_escape_stops_a_reply_but_not_in_vi_mode(deepchat, server, own_home):
    server.script.append(Answer.reply(["one "] * 40, pause_s=0.02))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Go.")
    chat.wait_for("receiving")
    chat.press("\x1b")
    chat.wait_for("stopped")

    (own_home / ".config/deepchat").mkdir(parents=True)
    (own_home / ".config/deepchat/config.toml").write_text('[ui]\nediting_mode = "vi"\n')
    server.script.append(Answer.reply(["one "] * 60 + ["end."], pause_s=0.02))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Go.")
    chat.wait_for("receiving")
    chat.press("draft\x1b")
    chat.wait_for("end.")
    chat.wait_for("tok/s")


def test_ctrl_r_searches_what_was_typed_before(deepchat, server):
    chat = deepchat()
    chat.wait_for("/help")
    for count, line in enumerate(("alpha one", "beta two"), 1):
        chat.enter(line)
        chat.wait_until(lambda count=count: "\n".join(chat.lines()).count("tok/s") == count)
    chat.press("\x12zeta")
    chat.wait_for("Nothing found: zeta")
    chat.press("\x7f" * 4 + "ALPH")
    chat.wait_for("Earlier: ALPH")
    chat.wait_for("› alpha one")
    chat.press("\r")
    chat.press("!")
    chat.wait_until(lambda: any("alpha" in line and "!" in line for line in chat.lines()))
    assert sent(server)[-1] == ("user", "beta two")


def test_a_dumb_terminal_is_read_and_written_line_by_line(deepchat, server):
    server.script.append(Answer.reply("# Title\n\nSaid **so**."))
    chat = deepchat(env={"TERM": "dumb"})
    chat.wait_for("and written plainly.")
    chat.wait_for("\n>")
    chat.press("Hello\\\rthere\r")
    chat.wait_for("tok/s")
    assert sent(server) == [("user", "Hello\nthere")]
    assert b"\x1b" not in chat.written
    chat.press("/exit\r")
    assert chat.wait_for_end() == 0


@pytest.mark.parametrize("term", ["dumb", "", "xterm-256color", "linux", "screen", "vt100"])
@pytest.mark.parametrize(
    "locale",
    [
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "NO_COLOR": "1"},
    ],
)
def test_in_every_terminal_and_locale_a_reply_is_shown(deepchat, server, term, locale):
    server.script.append(Answer.reply("Grüße \U0001f600 all"))
    chat = deepchat(env={"TERM": term, **locale})
    chat.wait_for("/help")
    chat.press("Fragé\r")
    chat.wait_for("e ? all")
    assert sent(server)[-1][1].startswith("Frag")
    chat.press("/exit\r")
    assert chat.wait_for_end() == 0
    assert b"Traceback" not in chat.written


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 80), (24, 5)])
def test_a_window_without_room_is_read_and_written_line_by_line(deepchat, server, rows, columns):
    server.script.append(Answer.reply("Said."))
    chat = deepchat(rows=rows, columns=columns)
    chat.wait_until(lambda: b"plainly" in chat.written.replace(b"\r\n", b""))
    chat.press("Hello\r/exit\r")
    assert chat.wait_for_end() == 0
    assert sent(server) == [("user", "Hello")]


def test_a_window_that_is_closed_costs_neither_the_reply_nor_the_draft(deepchat, server, own_home):
    server.script.append(Answer.reply("Half a reply", done=False, end="hang", finish=None))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("First.")
    chat.wait_for("Half a reply")
    chat.press("an unsent draft")
    chat.wait_for("an unsent draft")
    chat.child.ptyproc.fileobj.close()
    assert chat.child.wait() == 129
    data = own_home / ".local/share/deepchat"
    assert "an unsent draft" in (data / "history.jsonl").read_text()
    with closing(sqlite3.connect(data / "chats.db")) as database:
        rows = database.execute("SELECT text, state FROM message").fetchall()
    assert rows == [("First.", "done"), ("Half a reply", "stopped")]
    assert not list(own_home.rglob("deepchat.log"))


def test_files_are_seen_before_they_are_sent_and_again_on_resume(deepchat, server, own_home):
    (own_home / "main.py").write_text("x = 1\n")
    (own_home / "cat.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00" * 20)
    server.script.extend([Answer.reply("A number."), Answer.reply("A cat.")])
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("Explain @~/main.py")
    chat.wait_for("+ @~/main.py · 6 B · ~7 tokens")
    chat.press("\r")
    chat.wait_for("A number.")
    assert "  + ~/main.py · 6 B · ~7 tokens" in chat.everything()
    assert sent(server) == [
        ("user", "~/main.py:\n```py\nx = 1\n```\n\nExplain @~/main.py"),
    ]
    (own_home / "main.py").write_text("x = 2\n")
    chat.press(f"\x1b[200~'{own_home}/cat.png' \x1b[201~")
    chat.wait_for("cat.png'")
    chat.press("\r")
    chat.wait_for("+ [1] cat.png · 28 B")
    chat.wait_for("~/main.py has changed since")
    chat.enter("Who?")
    chat.wait_for("A cat.")
    [said, shown] = sent(server)[-1][1]
    assert said == {"type": "text", "text": "Who?"}
    assert shown["image_url"]["url"].startswith("data:image/png;base64,iVBORw0KGgo")
    chat.enter("/exit")
    assert chat.wait_for_end() == 0
    again = deepchat("-c")
    again.wait_for("A cat.")
    assert any("cat.png · 28 B" in line for line in again.lines())


def test_a_shell_command_is_stopped_or_goes_along(deepchat, server):
    server.script.append(Answer.reply("A listing."))
    chat = deepchat(env={"SHELL": "/bin/sh"})
    chat.wait_for("/help")
    chat.enter("!printf 'go%s\\n' ing; sleep 600")
    chat.wait_for("going")
    chat.press("\x03")
    chat.wait_for("Stopped.")
    chat.enter("!echo found it")
    chat.wait_for("+ [1] $ echo found it (exit status 0)")
    chat.enter("What is it?")
    chat.wait_for("A listing.")
    assert sent(server) == [
        ("user", "$ echo found it (exit status 0):\n```\nfound it\n```\n\nWhat is it?"),
    ]


def test_plain_mode_attaches_as_well(deepchat, server, own_home):
    (own_home / "main.py").write_text("x = 1\n")
    server.script.append(Answer.reply("A number."))
    chat = deepchat("--plain", env={"SHELL": "/bin/sh"})
    chat.wait_for("/help")
    chat.press("/file ~/main.py\r")
    chat.wait_for("Attached: ~/main.py, 6 B")
    chat.press("!echo found\r")
    chat.wait_for("Attached: $ echo found (exit status 0)")
    chat.press("!printf 'go%s\\n' ing; sleep 600\r")
    chat.wait_for("going")
    chat.press("\x03")
    chat.wait_for("Stopped.")
    chat.press("/detach 2\r")
    chat.press("Explain\r")
    chat.wait_for("A number.")
    assert sent(server) == [("user", "~/main.py:\n```py\nx = 1\n```\n\nExplain")]


def test_an_earlier_line_is_offered_as_a_ghost_and_taken_with_the_right_arrow(deepchat, server):
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Why is the sky blue?")
    chat.wait_for("tok/s")
    chat.press("Why")
    chat.wait_until(lambda: chat.lines().count("› Why is the sky blue?") == 2, "the ghost")
    chat.press("\x1b[C\r")
    chat.wait_until(lambda: "\n".join(chat.everything()).count("tok/s") == 2, "the second reply")
    assert sent(server)[-1] == ("user", "Why is the sky blue?")


@pytest.mark.parametrize("flags", [(), ("--plain",)])
def test_with_auto_title_the_model_gives_one_after_the_first_reply(deepchat, server, flags):
    server.script += [Answer.reply("A heron."), Answer.reply("**Grey Herons**")]
    chat = deepchat("--auto-title", *flags)
    chat.wait_for("/help")
    chat.enter("What stands in the pond?")
    chat.wait_for("tok/s")
    chat.wait_until(lambda: len(server.received) >= 2 and not server.script)
    chat.wait_until(
        lambda: chat.press("/title\r") or "\n".join(chat.lines()).count("Grey Herons") > 0
    )
