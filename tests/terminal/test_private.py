"""A private chat leaves nothing behind, unless one changes one's mind."""

import signal
from contextlib import closing

import pytest

from deepchat.demo.server import Answer
from deepchat.store.sessions import Store
from tests.terminal.test_chat import sent

pytestmark = pytest.mark.terminal


def files(home):
    return {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize("how", ["exit", signal.SIGTERM, signal.SIGKILL])
def test_nothing_at_all_is_written(deepchat, server, own_home, how):
    server.script += [Answer.reply("Psst."), Answer.reply(["on "] * 300, pause_s=0.02)]
    chat = deepchat("--private")
    chat.wait_for("/help")
    chat.wait_for("private · ")
    before = files(own_home)
    for line, seen in (
        ("A secret.", "tok/s"),
        ("/models", "deepchat/demo"),
        ("/resume", "left alone"),
    ):
        chat.enter(line)
        chat.wait_for(seen)
    chat.enter("Another one.")
    chat.wait_for("on on on")
    chat.enter("Queued.")
    chat.wait_for("queued: Queued.")
    chat.press("half a thought")
    chat.wait_for("half a thought")
    if how == "exit":
        chat.press("\x03\x03\x03")
        chat.wait_for("stopped")
        chat.press("\x15/exit\r")
    else:
        chat.child.kill(how)
    chat.wait_for_end()
    assert files(own_home) == before
    assert "Go on with" not in "\n".join(chat.lines())


def test_a_private_chat_can_be_kept_after_all(deepchat, server, own_home):
    server.script += [Answer.reply(f"Answer {n}.") for n in (1, 2, 3)]
    chat = deepchat("--private")
    chat.wait_for("/help")
    chat.enter("First.")
    chat.wait_for("tok/s")
    chat.enter("/retry")
    chat.wait_for("Answer 2.")
    chat.wait_for("‹2/2›")
    chat.enter("/keep")
    chat.wait_for("kept from now on")
    chat.wait_for("private · ", gone=True)
    chat.enter("Second.")
    chat.wait_for("Answer 3.")
    chat.wait_for("‹2/2›", gone=True)
    chat.enter("/keep")
    chat.wait_for("kept already")
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    [path] = own_home.rglob("chats.db")
    with closing(Store(path)) as store:
        _, conversation = store.load(store.find()[0].id)
    said = [message.text for message in conversation.path()]
    assert said == ["First.", "Answer 2.", "Second.", "Answer 3."]
    assert "Answer 1." in [message.text for message in conversation.messages.values()]
    assert len(sent(server)) == 3


def test_private_and_going_on_exclude_each_other(deepchat):
    chat = deepchat("--private", "-c")
    assert chat.wait_for_end() == 1
    assert "--private keeps nothing" in "\n".join(chat.lines())


def test_a_chat_amid_others_can_be_private(deepchat, server, own_home):
    server.script += [Answer.reply(f"Answer {n}.") for n in range(1, 6)]
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Open.")
    chat.wait_for("Answer 1.")
    chat.wait_for("tok/s")
    chat.enter("/private")
    chat.wait_for("Nothing of this chat is kept.")
    chat.wait_for("private · ")
    before = files(own_home)
    chat.enter("A secret.")
    chat.wait_until(lambda: "\n".join(chat.everything()).count("tok/s") == 2)
    chat.enter("/title Hush")
    chat.wait_for("· Hush")
    chat.enter("/clear")
    chat.wait_for("and is gone")
    chat.enter("Another secret.")
    chat.wait_until(lambda: "\n".join(chat.everything()).count("tok/s") == 3)
    chat.press("half a secret")
    chat.wait_for("half a secret")
    chat.press("\x15")
    chat.wait_for("half a secret", gone=True)
    assert changed(before, own_home) == {}
    chat.enter("/new")
    chat.wait_for("private · ", gone=True)
    chat.enter("Open again.")
    chat.wait_for("Answer 4.")
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    everything = b"".join(files(own_home).values())
    assert b"Open again." in everything
    for secret in (b"secret", b"Hush", b"Answer 2", b"Answer 3"):
        assert secret not in everything


def changed(before, home):
    """What is other than it was, but for the backup that is made once a day."""
    return {
        path.name: path.stat().st_size
        for path, body in files(home).items()
        if before.get(path) != body and path.parent.name != "backups"
    }
