"""Keys that do not stand in the environment, in the real program."""

import json
import sys

import pytest

from deepchat.demo.server import Answer, DemoServer, Pace
from tests.conftest import MANUAL
from tests.terminal.driver import Driver

pytestmark = pytest.mark.terminal

KEY = "sk-canary-0123456789"


@pytest.fixture
def guarded():
    """A server that wants a key."""
    with DemoServer(MANUAL, pace=Pace.INSTANT, key=KEY) as demo:
        yield demo


@pytest.fixture
def config(own_home, guarded):
    """The server as the provider `work`, with these lines in its table."""
    folder = own_home / ".config" / "deepchat"
    folder.mkdir(parents=True)

    def write(*lines):
        table = [
            'provider = "work"',
            "[providers.work]",
            f'base_url = "{guarded.base_url}"',
            'model = "deepchat/demo"',
            "needs_key = true",
        ]
        (folder / "config.toml").write_text("\n".join([*table, *lines]), encoding="utf-8")

    return write


def key_command(script):
    return f"key_command = {json.dumps([sys.executable, '-c', script])}"


def test_the_prompt_does_not_wait_for_the_program_that_has_the_key(config, guarded, tmp_path):
    go = tmp_path / "go"
    waits = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\n"
    config(key_command(f"{waits}print({KEY!r})"))
    guarded.script.append(Answer.reply("Welcome."))
    with Driver(rows=90) as chat:
        chat.wait_for("deepchat/demo · /help")
        chat.enter("Open up")
        chat.wait_for("waiting")
        go.touch()
        chat.wait_for("Welcome.")
        chat.enter("/config")
        chat.wait_for("from key_command")
        chat.enter("Is sk-canary-0123456789 mine?")
        chat.wait_for("Not sent yet")


def test_a_program_that_hangs_is_left_with_ctrl_c_and_one_that_fails_says_why(config, tmp_path):
    config(key_command("import time; time.sleep(60)"))
    with Driver() as chat:
        chat.wait_for("/help")
        chat.enter("Are you there?")
        chat.wait_for("waiting")
        chat.press("\x03")
        chat.wait_for("› Are you there?")
    config(key_command("import sys; sys.exit('The vault is locked.')"))
    with Driver() as chat:
        chat.wait_for("/help")
        chat.enter("And now?")
        chat.wait_for("failed (exit code 1): The vault is locked.")


def test_a_key_that_is_refused_is_asked_for_anew(config, guarded, tmp_path):
    vault = tmp_path / "vault"
    vault.write_text("sk-old")
    config(key_command(f"print(open({str(vault)!r}).read())"))
    with Driver() as chat:
        chat.wait_for("/help")
        chat.enter("What do keys do?")
        chat.wait_for("key_command gave it; /retry asks anew.")
        vault.write_text(KEY)
        chat.press("\r")
        chat.wait_for("Ctrl-D leaves")
