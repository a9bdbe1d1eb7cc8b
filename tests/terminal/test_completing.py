"""Tab, in the real program."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from deepchat.demo.server import Answer
from deepchat.locks import lock

pytestmark = pytest.mark.terminal

TITLES = ["Bread and butter", "Sailing to Rhodes"]


@pytest.fixture
def chats(deepchat, server):
    """Two chats were had, and the program has ended."""
    server.script += [Answer.reply(f"About {title.lower()}.") for title in TITLES]
    chat = deepchat()
    chat.wait_for("/help")
    for number, title in enumerate(TITLES, start=1):
        chat.enter(title)
        chat.wait_until(lambda n=number: "\n".join(chat.everything()).count("tok/s") == n)
        chat.enter("/new")
        chat.wait_until(lambda n=number: "\n".join(chat.everything()).count("A new chat") == n)
    chat.press("\x04")
    chat.wait_for_end()


def taken(lines):
    """Whether something stands behind the command, and not what was typed."""
    return any(line.startswith("› /resume ") and "brd" not in line for line in lines)


def test_tab_takes_what_only_goes_on_and_the_title_of_a_chat(chats, deepchat):
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("/resu\t")
    chat.wait_for("› /resume")
    chat.press(" brd\t")
    chat.wait_until(lambda: taken(chat.lines()), "what Tab takes")
    chat.press("\r")
    chat.wait_for("About bread and butter.")


def test_tab_adds_what_all_have_in_common_then_goes_through_them(deepchat):
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("/mo\t")
    chat.wait_for("› /model")
    chat.press("s\t\r")
    chat.wait_for("deepchat/demo")
    chat.press("/set reas\t")
    chat.wait_for("› /set reasoning_effort")
    chat.press(" l\t\r")
    chat.wait_for("reasoning_effort = low")


def test_keys_are_answered_while_the_database_is_locked(chats, deepchat, own_home):
    [path] = own_home.rglob("*.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        chat = deepchat()
        chat.wait_for("/help")
        for key in "/resume bread":
            chat.press(key)
            chat.read(0.02)
        chat.wait_for("› /resume bread")

    def is_completed():
        chat.press("\t")
        return "› /resume bread" not in chat.lines()

    chat.wait_until(is_completed)
    chat.press("\r")
    chat.wait_for("About bread and butter.")


def test_tab_works_as_soon_as_what_it_asks_answers(chats, deepchat, own_home):
    [path] = own_home.rglob("*.db")
    chat = deepchat()
    chat.wait_for("/help")
    # As if another process were putting a mended file in its place.
    (lock_file := path.with_name("chats.db-lock")).unlink()
    with lock_file.open("w") as other:
        lock(other.fileno())
        shutil.copy(path, copy := path.with_name("copy"))
        copy.replace(path)
        chat.press("/resume brd")
        chat.wait_for("› /resume brd")
        chat.press("\t")
        for _ in range(10):
            chat.read(0.05)
        assert "› /resume brd" in chat.lines()
    chat.wait_for("› /resume brd", gone=True)
    chat.press(" \r")  # the menu may be open, and the chat be chosen in it
    chat.wait_for("About bread and butter.")
