"""What stands in the composer when the program ends, in whatever way, stands there again."""

import json
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from deepchat.demo.server import Answer

pytestmark = pytest.mark.terminal


def kept(home):
    """The texts of the drafts on disk."""
    texts = []
    for path in (home / ".local/share/deepchat/drafts").glob("*/draft.json"):
        with suppress(FileNotFoundError):  # it may go in this very moment
            texts.append(json.loads(path.read_text())["text"])
    return texts


def test_a_draft_outlives_a_kill_and_belongs_to_one_window(deepchat, own_home):
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("\x1b[200~half a thought\nand its end 😀\x1b[201~")
    chat.wait_until(lambda: kept(own_home) == ["half a thought\nand its end 😀"], "the draft")
    beside = deepchat()
    beside.wait_for("/help")
    beside.press("another")
    beside.wait_until(lambda: len(kept(own_home)) == 2, "the other draft")
    chat.child.kill(signal.SIGKILL)
    chat.child.wait()
    again = deepchat()
    again.wait_for("› half a thought")
    again.wait_for("its end")
    assert "› another" in beside.lines()
    again.press("\x03")
    again.wait_for("half a thought", gone=True)
    again.wait_until(lambda: kept(own_home) == ["another"], "the draft to go")
    again.press("\x1b[A")
    again.wait_for("› half a thought")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, None])
def test_a_draft_outlives_a_signal_and_a_closed_window(deepchat, own_home, end):
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("half a thought")
    chat.wait_for("› half a thought")
    if end is None:
        chat.child.ptyproc.fileobj.close()
        chat.child.wait()
    else:
        chat.child.kill(end)
        assert chat.wait_for_end() == 128 + end
    deepchat().wait_for("› half a thought")


def test_what_was_queued_when_the_program_was_killed_returns_with_its_chat(
    deepchat, server, own_home
):
    server.script.append(Answer.reply("Half a reply", done=False, end="hang", finish=None))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("First.")
    chat.wait_for("Half a reply")
    chat.enter("Second.")
    chat.wait_for("queued: Second.")
    chat.press("third")
    chat.wait_until(lambda: kept(own_home) == ["third"], "the draft")
    chat.child.kill(signal.SIGKILL)
    chat.child.wait()
    other = deepchat()
    other.wait_for("An unsent text of “First.” is kept: /resume")
    assert "third" not in "\n".join(other.lines())
    again = deepchat("-c")
    again.wait_for("› Second.")
    again.wait_for("third")


def test_keys_pressed_before_the_composer_stands_are_not_mixed_with_a_draft(
    deepchat, server, own_home
):
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("half a thought")
    chat.wait_until(lambda: kept(own_home) == ["half a thought"], "the draft")
    chat.child.kill(signal.SIGKILL)
    chat.child.wait()
    again = deepchat()
    again.press("early bird")
    again.wait_for("1 more unsent text is kept")
    again.wait_for("› early bird")
    again.press("\r")
    again.wait_for("tok/s")
    chats = [one for one in server.received if one.path.endswith("/chat/completions")]
    assert chats[-1].json["messages"][-1]["content"] == "early bird"
    assert kept(own_home) == ["half a thought"]


def test_sending_takes_the_draft_away_and_leaving_leaves_nothing(deepchat, own_home):
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("a question")
    chat.wait_until(lambda: kept(own_home) == ["a question"], "the draft")
    chat.press("\r")
    chat.wait_for("tok/s")
    chat.wait_until(lambda: kept(own_home) == [], "the draft to go")
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    assert not list((own_home / ".local/share/deepchat/writers").iterdir())


BEGIN, END = "\x1b[200~", "\x1b[201~"
LONG = "".join(f"line {n} @a.py\n" for n in range(30))


def sent(server):
    """What the user says in the last request."""
    chats = [one for one in server.received if one.path.endswith("/chat/completions")]
    return chats[-1].json["messages"][-1]["content"]


def paste(chat, text):
    """A paste that is folded: it ends with silence."""
    chat.press(f"{BEGIN}{text}{END}")
    chat.wait_for("› [pasted 30 lines]")


def written(chat):
    """Bytes that the program has written so far, wherever to (proc(5))."""
    counts = dict(
        line.split(": ") for line in Path(f"/proc/{chat.child.pid}/io").read_text().splitlines()
    )
    return int(counts["wchar"])


def end(chat, how):
    """A signal, or a closed window."""
    if how == "window":
        chat.child.ptyproc.fileobj.close()
    else:
        chat.child.kill(how)
    chat.child.wait()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP, "window"])
def test_what_is_attached_and_what_is_pasted_outlives_every_end(deepchat, server, own_home, how):
    (own_home / "a.py").write_text("x = 1\n")
    (own_home / "cat.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("/file ~/a.py")
    chat.wait_for("+ [1] ~/a.py")
    chat.enter("!echo said")
    chat.wait_for("+ [2] $ echo said")
    chat.enter("/image ~/cat.png")
    chat.wait_for("+ [3] ~/cat.png")
    paste(chat, LONG)
    chat.press("Why?")
    chat.wait_until(lambda: kept(own_home) == [f"{LONG}Why?"], "the draft")
    end(chat, how)
    for path in ("a.py", "cat.png"):
        (own_home / path).unlink()
    again = deepchat()
    again.wait_for("› [pasted 30 lines]")
    again.wait_for("+ [3] ~/cat.png")
    again.press("\r")
    again.wait_for("tok/s")
    [text, *pictures] = sent(server)
    expected = "~/a.py:\n```py\nx = 1\n```\n\n$ echo said (exit status 0):\n```\nsaid\n```\n\n"
    assert text["text"] == f"{expected}{LONG}Why?"
    assert [picture["type"] for picture in pictures] == ["image_url"]
    again.wait_until(lambda: kept(own_home) == [], "the draft to go")


def test_a_pasted_command_that_returns_is_text(deepchat, server, own_home):
    pasted = "/help\n!echo no\n@~/a.py"
    (own_home / "a.py").write_text("x = 1\n")
    chat = deepchat()
    chat.wait_for("/help")
    chat.press(f"{BEGIN}{pasted}{END}")
    chat.wait_until(lambda: kept(own_home) == [pasted], "the draft")
    end(chat, signal.SIGKILL)
    again = deepchat()
    again.wait_for("› /help")
    again.press("\r")
    again.wait_for("tok/s")
    assert sent(server) == pasted


def test_an_old_entry_that_is_only_looked_at_is_no_draft(deepchat, own_home):
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("asked before")
    chat.wait_for("tok/s")
    chat.press("typed")
    chat.wait_until(lambda: kept(own_home) == ["typed"], "the draft")
    chat.press("\x1b[A")
    chat.wait_for("› asked before")
    chat.press("\x1b[D" * 3)
    for key in "ab":
        chat.press(key)
    chat.wait_until(lambda: kept(own_home) == ["typed\n\nasked befabore"], "the changed entry")
    chat.press("\x7f\x7f")
    chat.wait_until(lambda: kept(own_home) == ["typed"], "what was typed")
    end(chat, signal.SIGKILL)
    again = deepchat("-c")
    again.wait_for("› typed")


def closed_port():
    """One on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


# What fails only after a while leaves time to queue something behind it. A server that fails is asked three times.
FAILURES = {
    "401": [Answer.json({"error": {"message": "No."}}, status=401, before_s=3.0)],
    "500": [
        Answer.json({"error": {"message": "Broken."}}, status=500, before_s=before_s)
        for before_s in (3.0, 0.0, 0.0)
    ],
    "broken off": [Answer(end="reset", before_s=3.0)],
}


@pytest.mark.parametrize("why", FAILURES)
def test_what_was_not_sent_stands_there_again_in_order_with_all_that_was_attached(
    deepchat, server, own_home, why
):
    for name in ("a.py", "b.py"):
        (own_home / name).write_text(f"{name[0]} = 1\n")
    server.script += FAILURES[why]
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("/file ~/a.py")
    chat.wait_for("+ [1] ~/a.py")
    chat.enter("First")
    chat.wait_for("waiting")
    paste(chat, LONG)
    chat.press("\r")
    chat.wait_for("queued: line 0")
    chat.enter("/file ~/b.py")
    chat.wait_for("+ [1] ~/b.py")
    chat.enter("Third")
    chat.wait_for("queued: Third")
    chat.wait_for("✗")
    chat.wait_for("+ [2] ~/b.py")
    assert "+ [1] ~/a.py · 6 B · ~6 tokens" in chat.lines()
    assert "  [pasted 30 lines]" in chat.lines()
    chat.wait_until(lambda: kept(own_home) == [f"First\n\n{LONG}\n\nThird"], "the draft")
    end(chat, signal.SIGKILL)
    again = deepchat("-c")
    again.wait_for("+ [2] ~/b.py")
    again.wait_for("  [pasted 30 lines]")
    again.press("\r")
    again.wait_for("tok/s")
    assert sent(server).endswith(f"```\n\nFirst\n\n{LONG}\n\nThird")
    assert sent(server).count("a = 1") == sent(server).count("b = 1") == 1
    assert sent(server).index("a = 1") < sent(server).index("b = 1")


def test_what_nobody_took_stands_there_again_with_its_folds(deepchat, own_home):
    chat = deepchat("--base-url", f"http://127.0.0.1:{closed_port()}/v1")
    chat.wait_for("/help")
    chat.enter("!echo said")
    chat.wait_for("+ [1] $ echo said")
    paste(chat, LONG)
    chat.press("\r")
    chat.wait_for("✗")
    chat.wait_for("› [pasted 30 lines]")
    assert "+ [1] $ echo said (exit status 0) · 5 B · ~11 tokens" in chat.lines()
    chat.wait_until(lambda: kept(own_home) == [LONG], "the draft")


@pytest.mark.skipif(sys.platform != "linux", reason="counts what is written with /proc")
def test_keys_do_not_write_again_what_is_attached(deepchat, own_home):
    picture = b"\x89PNG\r\n\x1a\n" + bytes(5_000_000)
    (own_home / "cat.png").write_bytes(picture)
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("/image ~/cat.png")
    chat.press("x")
    chat.wait_until(lambda: kept(own_home) == ["x"], "the draft")
    before = written(chat)
    assert before > len(picture)
    for number in range(1, 6):
        chat.press("y" * 10)
        chat.wait_until(lambda n=number: kept(own_home) == ["x" + "y" * 10 * n], "the draft")
    assert written(chat) - before < 100_000


# --- in plain mode -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, "window"])
def test_a_plain_block_that_was_open_is_offered_at_the_next_start_and_sent_by_an_empty_line(
    deepchat, server, own_home, how
):
    chat = deepchat("--plain")
    chat.wait_for("/help")
    chat.press('"""\rfirst\rsecond\r')
    chat.wait_for("second\n")
    chat.wait_until(lambda: kept(own_home) == ['"""\nfirst\nsecond'], "the draft")
    end(chat, how)
    again = deepchat("--plain")
    again.wait_for('Not sent: """\nfirst\nsecond\n(An empty line sends that')
    again.press("\r")
    again.wait_for("tok/s")
    assert sent(server) == "first\nsecond"
    again.press("/exit\r")
    assert again.wait_for_end() == 0
    assert kept(own_home) == []


def test_half_a_plain_line_outlives_a_signal(deepchat, own_home):
    chat = deepchat("--plain")
    chat.wait_for("\n>")
    chat.press("half a li")
    chat.wait_for("> half a li")
    end(chat, signal.SIGTERM)
    deepchat().wait_for("› half a li")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP, "window"])
def test_plain_lines_typed_while_a_reply_arrives_are_kept(deepchat, server, own_home, how):
    server.script.append(Answer.reply("Half a reply", done=False, end="hang", finish=None))
    chat = deepchat("--plain")
    chat.wait_for("/help")
    chat.press("First.\r")
    chat.wait_until(lambda: len(server.received) > 0, "the request")
    chat.press("Second.\r")
    chat.press("Third.\r")
    chat.wait_until(lambda: kept(own_home) == ["Second.\nThird."], "the draft")
    end(chat, how)
    deepchat("--plain", "-c").wait_for("Not sent: Second.\nThird.")


def test_plain_lines_typed_ahead_are_sent_in_their_order_and_seen(deepchat, server):
    server.script += [Answer.reply("One.", before_s=1.0), Answer.reply("Two.")]
    chat = deepchat("--plain")
    chat.wait_for("/help")
    chat.press("First.\r")
    chat.wait_until(lambda: len(server.received) > 0, "the request")
    chat.press("Second.\r/exit\r")
    assert chat.wait_for_end() == 0
    assert sent(server) == "Second."
    assert "> Second." in chat.everything()


def test_plain_lines_behind_a_question_that_failed_return_with_it(deepchat, server, own_home):
    (own_home / "a.py").write_text("a = 1\n")
    server.script += FAILURES["401"]
    chat = deepchat("--plain")
    chat.wait_for("/help")
    chat.press("/file ~/a.py\r")
    chat.wait_for("Attached: ~/a.py")
    chat.press("First\r")
    chat.wait_until(lambda: len(server.received) > 0, "the request")
    chat.press("Second\r")
    chat.wait_for("Not sent: First\n\nSecond\n")
    chat.press("\r")
    chat.wait_for("tok/s")
    assert sent(server) == "~/a.py:\n```py\na = 1\n```\n\nFirst\n\nSecond"


def test_ctrl_c_drops_what_was_kept_in_plain_mode(deepchat, own_home):
    chat = deepchat("--plain")
    chat.wait_for("/help")
    chat.press('"""\rfirst\r')
    chat.wait_until(lambda: kept(own_home) == ['"""\nfirst'], "the draft")
    end(chat, signal.SIGKILL)
    again = deepchat("--plain")
    again.wait_for("(An empty line sends that, Ctrl-C drops it.)")
    again.press("\x03")
    again.wait_until(lambda: kept(own_home) == [], "the draft to go")
    again.press("/exit\r")
    assert again.wait_for_end() == 0
