"""`!command`, with a real shell."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from deepchat.conversation import Finished, TextDelta
from deepchat.errors import UsageError
from deepchat.repl import shell
from deepchat.repl.registry import line_of, message_of, shell_line

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")

ENVIRON = {**os.environ, "SHELL": "/bin/sh"}


@pytest.fixture(autouse=True)
def posix_shell(monkeypatch):
    monkeypatch.setenv("SHELL", "/bin/sh")


def run(command):
    shown: list[str] = []
    ran = asyncio.run(shell.run(command, ENVIRON, shown.append))
    return ran, "".join(shown)


def test_output_and_errors_come_in_order_with_the_exit_status():
    ran, shown = run("echo one; echo two >&2; printf three; exit 3")
    assert (ran.status, ran.output) == (3, "one\ntwo\nthree")
    assert shown == "one\ntwo\nthree\n"
    assert ran.attachment.name == "$ echo one; echo two >&2; printf three; exit 3 (exit status 3)"
    assert run("kill -9 $$")[0].ending == "signal 9"


def test_a_command_has_no_input_and_no_terminal():
    assert run("cat")[0].output == ""
    assert run("(: < /dev/tty) 2>/dev/null || echo none")[0].output == "none\n"


def test_what_is_shown_is_safe_and_colors_are_left_out():
    ran, shown = run(r"printf '\033[31mred\033[0m \033]0;title\007\n'")
    assert ran.output == "red \x1b]0;title\x07\n"
    assert shown == "red ␛]0;title␇\n"


def test_a_long_output_keeps_its_beginning_and_its_end():
    ran, shown = run("seq 1 100000")
    assert ran.output.startswith("1\n2\n")
    assert ran.output.endswith("99999\n100000\n")
    assert "kB left out]" in ran.output
    assert len(ran.output) < 2 * shell.HALF + 100
    assert shown.count("\n") == shell.SHOWN_LINES + 1
    assert shown.endswith("… 99,800 more lines\n")


def test_a_line_without_an_end_is_not_kept_waiting_for_it():
    ran, shown = run("head -c 500000 /dev/zero | tr '\\0' x")
    assert len(ran.output) < 2 * shell.HALF + 100
    assert shown.startswith("xxx")


def test_what_a_command_leaves_running_does_not_keep_us():
    ran, _ = run("sleep 60 & echo $!")
    os.kill(int(ran.output), 9)
    assert ran.status == 0


@pytest.mark.parametrize("manner", ["", "trap '' INT; "])
def test_stopping_ends_the_command_and_all_it_started(tmp_path, manner, monkeypatch):
    monkeypatch.setattr(shell, "GRACE_S", 0.2)
    pid = tmp_path / "pid"

    async def stop_it():
        command = f"{manner}sleep 60 & echo $! > {pid}.new; mv {pid}.new {pid}; wait; sleep 60"
        task = asyncio.create_task(shell.run(command, ENVIRON, lambda text: None))
        while not pid.exists():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stop_it())
    started = int(pid.read_text())
    deadline = time.monotonic() + 10
    while _runs(started):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_shell_that_is_not_there_is_said():
    with pytest.raises(UsageError, match="cannot be run"):
        asyncio.run(shell.run("true", {"SHELL": "/no/such/shell"}, print))
    with pytest.raises(UsageError, match="cannot be run"):
        asyncio.run(shell.run("a\x00b", ENVIRON, print))


@pytest.mark.parametrize("line", ["!ls", "! ls -l", "!!ls", "!ls\n"])
def test_one_line_behind_a_mark_is_for_the_shell(line):
    assert shell_line(line)


@pytest.mark.parametrize("line", ["!", "!!", " !ls", "!a\n!b", "Hi!", ""])
def test_other_lines_are_messages(line):
    assert not shell_line(line)


@pytest.mark.parametrize("message", ["!ls", " !ls", "  !!ls", "!", "Hi!", "!a\n!b"])
def test_a_message_that_looks_like_one_is_typed_behind_a_space(message):
    assert not shell_line(line_of(message))
    assert message_of(line_of(message)) == message


def test_the_output_goes_along_with_the_next_message(bench):
    shown = bench.type("!echo found")
    assert "$ echo found" in shown
    assert "found\nexit status 0" in shown
    bench.model.script.append([TextDelta("Aha."), Finished("stop")])
    bench.type("What is it?")
    assert bench.model.requests[-1].messages[-1].text == (
        "$ echo found (exit status 0):\n```\nfound\n```\n\nWhat is it?"
    )


def test_two_marks_only_show_it_and_pasted_ones_are_text(bench):
    assert "found" in bench.type("!!echo found")
    assert bench.repl.tray.attachments == ()
    bench.model.script.append([TextDelta("Aha."), Finished("stop")])
    bench.repl.enter("!ls", [(0, 3)])
    bench.settle()
    assert bench.model.requests[-1].messages[-1].text == "!ls"
