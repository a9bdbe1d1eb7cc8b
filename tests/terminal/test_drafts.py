"""What stands in the composer when the program ends, in whatever way, stands there again."""

import json
import signal

import pytest

from deepchat.demo.server import Answer

pytestmark = pytest.mark.terminal


def kept(home):
    """The texts of the drafts on disk."""
    folder = home / ".local/share/deepchat/drafts"
    return [json.loads(path.read_text())["text"] for path in folder.glob("*/draft.json")]


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
