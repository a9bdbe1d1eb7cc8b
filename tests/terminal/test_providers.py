"""Which server is asked: by a flag, from the next message on, and from a list."""

import pytest

from deepchat.demo.server import Answer, DemoServer, Pace
from tests.conftest import MANUAL
from tests.terminal.driver import Driver

pytestmark = pytest.mark.terminal

KEY = "sk-TESTKEY-0123456789"


@pytest.fixture
def other():
    with DemoServer(MANUAL, pace=Pace.INSTANT, key=KEY) as demo:
        yield demo


@pytest.fixture
def config(own_home, server, other):
    folder = own_home / ".config" / "deepchat"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(
        f"""
        [providers.ollama]
        base_url = "{server.base_url}"
        [providers.inn]
        base_url = "{other.base_url}"
        key_variable = "INN_KEY"
        model = "deepchat/demo"
        headers = {{ X-Room = "12" }}
        """,
        encoding="utf-8",
    )


def chats(server):
    return [one for one in server.received if one.path.endswith("/chat/completions")]


def test_a_flag_begins_with_a_server_and_a_command_goes_on_with_another(config, server, other):
    server.script.append(Answer.reply("From here."))
    other.script.append(Answer.reply("From the inn."))
    with Driver("--provider", "ollama", env={"INN_KEY": KEY}) as chat:
        chat.wait_for("deepchat/demo · /help")
        chat.enter("Where are you?")
        chat.wait_for("tok/s")
        chat.enter("/provider in")
        chat.wait_for("Did you mean inn?")
        chat.press("\x03")
        chat.enter("/provider inn")
        chat.wait_for("is asked from now on: deepchat/demo.")
        chat.enter("And now?")
        chat.wait_for("From the inn.")
        chat.enter("/info 2")
        chat.wait_for("inn")
        chat.enter("/models")
        chat.wait_for("context")
    (one,) = chats(other)
    assert [message["content"] for message in one.json["messages"]] == [
        "Where are you?",
        "From here.",
        "And now?",
    ]
    assert (one.headers["authorization"], one.headers["x-room"]) == (f"Bearer {KEY}", "12")
    assert "authorization" not in chats(server)[0].headers
    assert KEY.encode() not in chat.written


def test_a_server_is_taken_from_the_list(config, server):
    server.script.append(Answer.reply("From the list."))
    with Driver("--demo") as chat:
        chat.wait_for("/help")
        chat.press("/provider\r")
        chat.wait_for("› demo ←")
        chat.press("ollama")
        chat.wait_for("needs no key")
        chat.wait_for("1 · Enter takes one")
        chat.press("\r")
        chat.wait_for("ollama (http://127.0.0.1:")
        chat.enter("Hello?")
        chat.wait_for("From the list.")
    assert len(chats(server)) == 1


def test_a_server_without_its_key_is_refused_in_words(config):
    with Driver("--demo") as chat:
        chat.wait_for("/help")
        chat.enter("/provider inn")
        chat.wait_for("No key for inn is set.")
        chat.wait_for("INN_KEY")
