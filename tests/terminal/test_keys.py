"""Keys that do not stand in the environment, in the real program."""

import json
import sys

import pytest

from deepchat.demo.server import Answer
from tests.conftest import KEY
from tests.terminal.driver import Driver

pytestmark = pytest.mark.terminal


def key_command(script):
    return f"key_command = {json.dumps([sys.executable, '-c', script])}"


def test_the_prompt_does_not_wait_for_the_program_that_has_the_key(work, guarded, tmp_path):
    go = tmp_path / "go"
    waits = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\n"
    work(key_command(f"{waits}print({KEY!r})"))
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


def test_a_program_that_hangs_is_left_with_ctrl_c_and_one_that_fails_says_why(work, tmp_path):
    work(key_command("import time; time.sleep(60)"))
    with Driver() as chat:
        chat.wait_for("/help")
        chat.enter("Are you there?")
        chat.wait_for("waiting")
        chat.press("\x03")
        chat.wait_for("› Are you there?")
    work(key_command("import sys; sys.exit('The vault is locked.')"))
    with Driver() as chat:
        chat.wait_for("/help")
        chat.enter("And now?")
        chat.wait_for("failed (exit code 1): The vault is locked.")


def test_a_key_that_is_refused_is_asked_for_anew(work, guarded, tmp_path):
    vault = tmp_path / "vault"
    vault.write_text("sk-old")
    work(key_command(f"print(open({str(vault)!r}).read())"))
    with Driver() as chat:
        chat.wait_for("/help")
        chat.enter("What do keys do?")
        chat.wait_for("key_command gave it, and is asked anew the next time.")
        vault.write_text(KEY)
        chat.press("\r")
        chat.wait_for("Ctrl-D leaves")


def test_login_in_the_demo_goes_on_with_the_real_model_and_logout_ends_that(
    work, guarded, own_home
):
    work('key_check = "/v1/me"', 'key_page = "work.test/keys"')
    with Driver() as chat:
        chat.wait_for("(work.test/keys) and type /login.")
        chat.enter("/login")
        chat.wait_for("Key for 127.0.0.1")
        chat.press("sk-wrong")
        chat.wait_for("••••••••")
        chat.press("\r")
        chat.wait_for("Nothing was kept.")
        chat.enter("/login")
        chat.wait_for("Key for 127.0.0.1")
        chat.press(f"\x1b[200~{KEY}\x1b[201~")
        chat.wait_for("••••••••")
        chat.press("\r")
        chat.wait_for("work (")
        chat.enter("What do keys do?")
        chat.wait_for("Ctrl-D leaves")
        chat.enter("/logout")
        chat.wait_for("was taken out of")
        chat.enter("And now?")
        chat.wait_for("none is set")
        chat.press("\x15\x04")
        chat.wait_for_end()
    assert KEY.encode() not in chat.written
    assert b"sk-wrong" not in chat.written
    files = [path for path in own_home.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


def test_in_plain_mode_the_key_is_not_echoed(work, guarded):
    work('key_check = "/v1/me"')
    with Driver("--plain") as chat:
        chat.wait_for("type /login")
        chat.press("/login\r")
        chat.wait_for("(not shown):")
        chat.press(f"{KEY}\r")
        chat.wait_for("takes the key.")
        chat.press("/login\r")
        chat.wait_until(lambda: chat.written.count(b"(not shown):") == 2)
        chat.press("sk-ha\x03")
        chat.wait_for("No key was kept.")
        chat.press("What do keys do?\r")
        chat.wait_for("Ctrl-D leaves")
    assert b"sk-" not in chat.written


def test_the_shell_command_does_not_echo_the_key(work, guarded):
    work('key_check = "/v1/me"')
    with Driver("login") as login:
        login.wait_for("(not shown):")
        login.press(f"{KEY}\r")
        assert login.wait_for_end() == 0
    assert b"The key is kept in" in login.written
    assert KEY.encode() not in login.written
    with Driver("login") as login:
        login.wait_for("(not shown):")
        login.press("sk-ha\x03")
        assert login.wait_for_end() == 130
