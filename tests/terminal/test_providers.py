"""Which server is asked: by a flag, from the next message on, and from a list."""

import pytest

from deepchat.conversation import Json
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


# --- on this machine -------------------------------------------------------------------------------------------------

OFFER = "Ollama answers on this machine: /provider ollama"


def begun(*flags, **env):
    return Driver(*flags, env={"DEEPINFRA_TOKEN": "", **env})


def test_a_server_on_this_machine_is_offered_where_nothing_is_configured(config, server):
    with begun() as chat:
        chat.wait_for(OFFER)
    (asked,) = server.received
    assert (asked.method, asked.path.endswith("/models"), asked.body) == ("GET", True, b"")
    assert "authorization" not in asked.headers


def test_in_plain_mode_it_is_offered_with_the_next_line(config, server):
    with begun("--plain") as chat:
        chat.wait_until(lambda: server.received)
        chat.enter("/set")
        chat.wait_for("temperature")
        chat.wait_for(OFFER)


@pytest.mark.parametrize(
    ("flags", "env"),
    [
        (("--demo",), {}),
        ((), {"DEEPINFRA_TOKEN": KEY}),
        (("--provider", "openai"), {}),
        ((), {"DEEPCHAT_PROVIDER": "groq"}),
    ],
)
def test_nothing_on_this_machine_is_looked_for_where_it_is_known_who_is_asked(
    config, server, flags, env
):
    with begun(*flags, **env) as chat:
        chat.wait_for("/help")
        chat.enter("/config")
        chat.wait_for("data")
        chat.press("/exit\r")
        chat.wait_for_end()
    assert server.received == []
    assert OFFER not in "\n".join(chat.everything())


def test_whose_key_is_missing_is_said(config):
    with begun("--provider", "openai") as chat:
        chat.wait_for("(platform.openai.com/api-keys) and type /login.")


# --- parameters ------------------------------------------------------------------------------------------------------


def test_parameters_are_set_sent_and_left_out_when_they_are_refused(deepchat, server):
    told: Json = {"error": {"message": "Unsupported value", "param": "temperature"}}
    server.script += [Answer.json(told, status=400), Answer.reply("Now then.")]
    with deepchat("--set", "temperature=2", "--set", 'extra.provider={"order":[]}') as chat:
        chat.wait_for("/help")
        chat.enter("/set extra.user me")
        chat.wait_for("extra.user = me")
        chat.enter("Hello?")
        chat.wait_for("› /retry --without temperature")
        chat.press("\r")
        chat.wait_for("Now then.")
    first, second = (one.json for one in chats(server))
    assert (first["temperature"], first["user"]) == (2, "me")
    assert first["provider"] == second["provider"] == {"order": []}
    assert "temperature" not in second
    assert first["messages"] == second["messages"]


def test_a_parameter_out_of_range_is_refused_before_anything_begins(own_home):
    with Driver("--set", "temperature=9") as chat:
        chat.wait_for("temperature must be a number from 0 to 2")
        assert chat.wait_for_end() == 1
