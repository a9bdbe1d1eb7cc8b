"""`/export` in the real program: at any time, to a file that says what was said."""

import sqlite3
from contextlib import closing

import pytest

from deepchat.config.paths import paths
from deepchat.demo.server import Answer

pytestmark = pytest.mark.terminal


def test_a_chat_is_exported_whole_in_parts_and_while_a_reply_streams(deepchat, server, tmp_path):
    server.script += [
        Answer.reply("One `x`.\n\n```py\nx = 1\n```\n"),
        Answer.reply(["two "] * 500, pause_s=0.02),
    ]
    with deepchat(columns=250) as chat:
        chat.wait_for("/help")
        chat.enter("First?")
        chat.wait_for("tok/s")
        chat.enter(f"/export {tmp_path}/a.md")
        chat.wait_for(f"to {tmp_path}/a.md.")
        chat.enter("/export " + str(tmp_path))
        chat.wait_for(f"to {tmp_path}/first.md.")
        chat.enter(f"/export {tmp_path}/a.md")
        chat.wait_for("exists already.")
        chat.enter(f"/export --code {tmp_path}/code.txt")
        chat.wait_for(f"to {tmp_path}/code.txt.")
        chat.enter("Second?")
        chat.wait_for("two two")
        chat.enter(f"/export {tmp_path}/b.json")
        chat.wait_for(f"to {tmp_path}/b.json.")
        chat.press("\x03")
        chat.wait_for("stopped")
        chat.enter(f"/export --last 1 --force {tmp_path}/a.md")
        chat.wait_until(lambda: "Second?" in (tmp_path / "a.md").read_text())
    assert (tmp_path / "first.md").read_text().endswith("One `x`.\n\n```py\nx = 1\n```\n")
    assert (tmp_path / "code.txt").read_text() == "x = 1\n"
    assert "One `x`" not in (tmp_path / "a.md").read_text()
    assert "two two" in (tmp_path / "b.json").read_text()


def test_a_chat_that_cannot_be_kept_can_be_exported(deepchat, server, tmp_path):
    server.script.append(Answer.reply("Here."))
    with deepchat("--private", columns=250) as chat:
        chat.wait_for("/help")
        chat.enter("Secretly?")
        chat.wait_for("tok/s")
        chat.enter(f"/export {tmp_path}/a.html")
        chat.wait_for(f"to {tmp_path}/a.html.")
    assert "Secretly?" in (tmp_path / "a.html").read_text()


def test_a_locked_database_is_no_hindrance(deepchat, server, tmp_path):
    server.script += [Answer.reply("Here."), Answer.reply("There.")]
    with deepchat(columns=250) as chat:
        chat.wait_for("/help")
        chat.enter("First?")
        chat.wait_for("tok/s")
        with closing(sqlite3.connect(paths().database, isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            chat.enter(f"/export {tmp_path}/a.md")
            chat.wait_for(f"to {tmp_path}/a.md.")
            holder.execute("ROLLBACK")
    assert "First?" in (tmp_path / "a.md").read_text()
