"""deepchat as a job of a shell: stopped and brought back, with its window resized, and the shell gone under it."""

import os
import random
import re
import shutil
import signal
import sys
from pathlib import Path

import pytest

from deepchat.demo.server import Answer
from tests.terminal.driver import Driver

pytestmark = pytest.mark.terminal

SHELLS = {
    "bash": ("bash", "--norc", "--noprofile", "-i"),
    "sh": ("sh", "-i"),
}


@pytest.fixture(params=SHELLS)
def shell(request, server):
    """A shell with job control, in which deepchat stands at its prompt."""
    command = SHELLS[request.param]
    if not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]} here")
    env = {"PS1": "shell: ", "ENV": os.devnull}
    with Driver(run=command, env=env, rows=40) as shell:
        shell.wait_for("shell:")
        line = f"{sys.executable} -m deepchat --base-url {server.base_url} -m deepchat/demo"
        shell.press(f"{line}\r")
        shell.wait_for("/help")
        yield shell


def stop(shell, how=lambda shell: shell.press("\x1a")):
    """Until the shell has its prompt again."""
    before = prompts(shell)
    how(shell)
    shell.wait_until(lambda: prompts(shell) > before, "the shell")
    assert shell.written.rfind(b"\x1b[?25h") > shell.written.rfind(b"\x1b[?25l")


def prompts(shell):
    return len(re.findall("^shell:", "\n".join(shell.everything()), re.MULTILINE))


def bring_back(shell, expected):
    shell.press("fg\n")  # the terminal may still be raw
    shell.wait_until(lambda: expected in last_rows(shell), expected)
    shell.wait_until(lambda: bracketed(shell), "bracketed paste")


def last_rows(shell):
    return [line for line in shell.lines() if line][-2:]


def bracketed(shell):
    return shell.written.rfind(b"\x1b[?2004h") > shell.written.rfind(b"\x1b[?2004l")


def test_ctrl_z_at_the_prompt_and_in_the_picker(shell):
    shell.press("a draft")
    shell.wait_for("› a draft")
    on = len(shell.written)
    stop(shell)
    assert b"\x1b[?2004l" in shell.written[on:]
    bring_back(shell, "› a draft")
    assert "\n".join(shell.lines()).count("› a draft") == 1
    shell.press("\x1b[200~two\nlines\x1b[201~")
    shell.wait_for("› a drafttwo")
    shell.press("\x03/model\r")
    shell.wait_for("Enter takes one")
    stop(shell)
    bring_back(shell, "  2 · Enter takes one · Esc leaves")
    shell.press("\x1b")
    shell.wait_for("Enter takes one", gone=True)
    shell.press("\x04")
    shell.wait_until(lambda: last_rows(shell)[-1] == "shell:", "the end")


def test_ctrl_z_amid_a_stream_loses_and_doubles_nothing(shell, server):
    words = [f"w{n} " for n in range(150)]
    server.script.append(Answer.reply([*words, "\n\nthe end"], pause_s=0.01))
    shell.press("Go.\r")
    shell.wait_for("w20")
    stop(shell)
    shell.press("fg\r")
    shell.wait_for("the end")
    shell.wait_for("tok/s")
    shown = re.findall(r"w(\d+)\b", "\n".join(shell.everything()))
    assert sorted(map(int, shown)) == list(range(150))
    assert "\n".join(shell.everything()).count("the end") == 1
    shell.press("next")
    shell.wait_for("› next")


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGSTOP])
def test_a_stop_from_outside_is_like_ctrl_z(shell, number):
    shell.press("a dra")
    shell.wait_for("› a dra")
    stop(shell, lambda shell: os.kill(foreground(shell), number))
    bring_back(shell, "› a dra")
    shell.press("ft")
    shell.wait_for("› a draft")


def foreground(shell):
    return os.tcgetpgrp(shell.child.child_fd)


def test_a_shell_that_is_killed_takes_it_along_and_nothing_is_lost(shell, server, own_home):
    shell.press("a draft")
    shell.wait_for("› a draft")
    job = foreground(shell)
    shell.child.kill(signal.SIGKILL)
    shell.wait_until(lambda: has_ended(job), "the end")
    assert '"a draft"' in (own_home / ".local/share/deepchat/history.jsonl").read_text()


def has_ended(process):
    """Also when nobody asks for its exit status."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_storm_of_resizes_amid_a_stream_leaves_one_composer(deepchat, server):
    sizes = random.Random(7)
    server.script.append(Answer.reply([f"w{n} " for n in range(150)], pause_s=0.01))
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("Go.\r")
    chat.wait_for("w20")
    for _ in range(60):
        chat.resize(sizes.randint(6, 40), sizes.randint(20, 120))
        chat.read(0.01)
    chat.resize(24, 80)
    chat.wait_for("tok/s")
    chat.press("done")
    chat.wait_for("› done")
    assert "\n".join(chat.lines()).count("› done") == 1
    assert "Traceback" not in "\n".join(chat.everything())
