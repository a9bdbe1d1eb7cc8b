"""Code as it was written: in the bytes for the terminal, in the clipboard over SSH and through tmux, in a file."""

import base64
import os
import re
import shutil
import subprocess
import sys

import pytest

from deepchat.demo.server import Answer
from tests.terminal.driver import ROOT, Driver

pytestmark = pytest.mark.terminal

CODE = [
    "def f(x):",
    "\treturn x  # a tab before, two spaces behind  ",
    "",
    "    'long " + "line " * 60 + "'",
    "日本 = '👩\u200d👩\u200d👧'",
    "\t\t\tdeep",
    "",
    "  end",
]
SSH = {"SSH_CONNECTION": "127.0.0.1 1 127.0.0.1 22"}


def blocks(ending="\n"):
    """The code bare, in a list, and in a list in a quote."""
    parts = []
    for before, indent in (("", ""), ("1. ", "   "), ("> - ", ">   ")):
        inside = [f"{indent}{line}" for line in CODE]
        parts += [f"{before}```python", *inside, f"{indent}```", f"{indent}after", "", ""]
    return ending.join(parts)


def bare(written):
    """Without SGR, and without what frames are drawn with."""
    text = written.decode().replace("\r\r\n", "\n").replace("\r\n", "\n")
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[78]", "", text)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_code_stands_in_the_bytes_as_it_was_written(deepchat, server, ending):
    server.script.append(Answer.reply("```python\nx\n```"))  # so that the colours are there
    server.script.append(Answer.reply([blocks(ending)]))  # one piece, one frame
    chat = deepchat(columns=60)
    chat.wait_for("/help")
    chat.enter("One.")
    chat.wait_for("tok/s")
    chat.enter("Code.")
    chat.wait_until(lambda: chat.written.count(b"tok/s") == 2, "the end of the second reply")
    assert bare(chat.written).count("\n" + "\n".join(CODE) + "\n") == 3


def test_over_ssh_a_block_is_handed_to_the_terminal_and_saved_as_it_was_written(
    deepchat, server, tmp_path
):
    server.script.append(Answer.reply(blocks()))
    chat = deepchat(env=SSH)
    chat.wait_for("/help")
    chat.enter("Code.")
    chat.wait_for("tok/s")
    for number in (1, 2, 3):
        file = tmp_path / f"{number}.py"
        chat.enter(f"/save {number} {file}")
        chat.wait_for(f"{number}.py.")
        assert file.read_text(encoding="utf-8") == "\n".join(CODE) + "\n"
        chat.enter(f"/copy {number}")
        chat.wait_until(lambda n=number: chat.written.count(b"\x1b]52;c;") == n, "OSC 52")
        copied = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", chat.written)[-1]
        assert base64.b64decode(copied).decode() == "\n".join(CODE)
    chat.wait_for("not every terminal takes it")


@pytest.fixture
def tmux(tmp_path):
    """A tmux with its defaults, on a socket of its own."""
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    command = ("tmux", "-S", str(tmp_path / "socket"), "-f", os.devnull)
    yield command
    subprocess.run((*command, "kill-server"), check=True)


def test_in_tmux_a_block_gets_into_its_buffer_and_to_the_terminal_around_it(server, tmux):
    server.script.append(Answer.reply(blocks()))
    program = f"{sys.executable} -m deepchat --base-url {server.base_url} -m deepchat/demo"
    start = ("new-session", "-e", f"PYTHONPATH={ROOT}", "-e", "SSH_TTY=/dev/pts/0", program)
    with Driver(run=(*tmux, *start), rows=50) as chat:
        chat.wait_for("/help")
        chat.press("Code.\r")
        chat.wait_for("tok/s")
        chat.press("/copy 2\r")
        chat.wait_for("In tmux's buffer")
        code = "\n".join(CODE).encode()
        chat.wait_until(lambda: b";" + base64.b64encode(code) in chat.written, "OSC 52")
        assert told(*tmux, "show-buffer") == code
        lines = told(*tmux, "capture-pane", "-p", "-J", "-S", "-").decode().split("\n")
        assert [line.rstrip() for line in lines].count(CODE[3]) == 3


def told(*command):
    return subprocess.run(command, capture_output=True, check=True).stdout


def test_code_of_any_answer_goes_into_files_and_commands_and_beside_them(
    deepchat, server, tmp_path
):
    server.script += [
        Answer.reply("```py\nprint(6 * 7)\n```\n"),
        Answer.reply("Or:\n\n```py\nprint(42)\n```\n"),
    ]
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("One?")
    chat.wait_for("tok/s")
    chat.enter("Two?")
    chat.wait_for("py · 2")
    chat.wait_until(lambda: "\n".join(chat.lines()).count("tok/s") == 2, "the end")
    path = tmp_path / "x.py"
    chat.enter(f"/save 1 {path}")
    chat.wait_for("Wrote 1 line")
    chat.enter(f"/save 2 {path}")
    chat.wait_for("exists")
    chat.press("\x1b[B\r")
    chat.wait_until(lambda: path.read_text() == "print(42)\n", "the file")
    chat.enter(f"/diff 1 {path}")
    chat.wait_for("print(6 * 7)")
    chat.enter("/pipe 1 tr a-z A-Z")
    chat.wait_for("PRINT(6 * 7)")
    chat.enter("/quote 2:1")
    chat.wait_for("› > Or:")


def test_the_pager_has_the_terminal_until_it_ends(deepchat, server, tmp_path):
    pager = tmp_path / "pager"
    pager.write_text('#!/bin/sh\ngrep -o "Paged answer" "$1"\nread key\n')
    pager.chmod(0o755)
    server.script.append(Answer.reply("Paged answer.\n"))
    chat = deepchat(env={"PAGER": str(pager)})
    chat.wait_for("/help")
    chat.enter("One?")
    chat.wait_for("tok/s")
    chat.enter("/history pager")
    chat.wait_until(lambda: "Paged answer" in chat.lines(), "the pager")
    chat.press("\r")
    chat.enter("/show 1 raw")
    chat.wait_until(lambda: chat.lines().count("Paged answer.") >= 1, "the raw answer")
