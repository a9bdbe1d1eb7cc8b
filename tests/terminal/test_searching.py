"""`/search` in the real program: from words to the turn in which they were said."""

import os
from contextlib import closing

import pytest

from deepchat.conversation import Message, Session
from deepchat.store.sessions import Store
from tests.terminal.driver import ROOT, Driver

pytestmark = pytest.mark.terminal


def stored(home, *, chats=3, turns=6):
    """Chats of so many turns, in each of which a bird of its own is talked about."""
    data = home / ".local/share/deepchat"
    data.mkdir(parents=True)
    with closing(Store(data / "chats.db")) as store:
        for chat in range(1, chats + 1):
            above = None
            for turn in range(1, turns + 1):
                asked = Message(f"q{chat}.{turn}", "user", f"Who is bird {turn}?", above)
                text = f"It is a **pelican{chat}{turn}**, \x1b[31mof course."
                reply = Message(f"a{chat}.{turn}", "assistant", text, asked.id)
                store.open_turn(Session(f"s{chat}", f"Chat {chat}"), [asked, reply])
                above = reply.id


def test_words_are_found_looked_at_and_lead_to_the_turn(deepchat, own_home):
    stored(own_home)
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("/search pelican2\r")
    chat.wait_for("Found:")
    chat.wait_for("6 · Enter takes one")
    chat.press("4")
    chat.wait_for("1 · Enter takes one")
    chat.wait_for("› Chat 2")
    chat.wait_for("· turn 4")
    chat.wait_for("    It is a **pelican24**, ␛[31mof course.")
    chat.wait_for("  › Who is bird 4?")
    chat.press("\r")
    chat.wait_for("Chat 2 · turn 4")
    chat.wait_for("It is a pelican24, ␛[31mof course.")
    chat.wait_for("2 turns follow: /history 5 prints what was said then.")
    chat.enter("/history 5")
    chat.wait_for("pelican26")


def test_the_words_found_are_bold(deepchat, own_home):
    stored(own_home, chats=1)
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("/search pelican13\r")
    chat.wait_for("1 · Enter takes one")
    (row,) = (n for n, line in enumerate(chat.lines()) if line.startswith("    It is"))
    bold = [cell for cell in range(80) if chat.screen.buffer[row][cell].bold]
    assert "".join(chat.screen.buffer[row][cell].data for cell in bold) == "pelican13"


def test_filters_can_be_typed_in_the_list_and_slips_are_said(deepchat, own_home):
    stored(own_home)
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("/search pelican\r")
    chat.wait_for("18 · Enter takes one")
    chat.press(" --cots 1")
    chat.wait_for("There is no filter --cots.")
    chat.press("\x15pelican --cost >1")
    chat.wait_for("Nothing fits.")
    chat.press("\x15pelican")
    chat.wait_for("18 · Enter takes one")


def test_a_plain_terminal_has_a_numbered_list_of_places(deepchat, own_home):
    stored(own_home, chats=1)
    chat = deepchat("--plain")
    chat.wait_for("\n>")
    chat.press("/search pelican15\r")
    chat.wait_for("  1  Chat 1")
    chat.wait_for("     It is a **pelican15**, ␛[31mof course.")
    chat.press("1\r")
    chat.wait_for("Chat 1 · turn 5")
    chat.wait_for("1 turn follows: /history 6 prints what was said then.")


def endless(home) -> str:
    """Where Python finds what makes of a search one that never ends, as it may seem on a slow disk."""
    place = home / "endless"
    place.mkdir()
    (place / "sitecustomize.py").write_text(
        "import sys\n"
        "from deepchat.store import search\n"
        "def endless(connection, *_):\n"
        "    sys.stderr.write('Searching\\n')\n"
        "    connection.execute('WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) '\n"
        "                       'SELECT x FROM n WHERE x < 0').fetchall()\n"
        "search.places = endless\n"
    )
    return os.pathsep.join((str(place), str(ROOT)))


@pytest.mark.parametrize(
    ("flags", "searching"), [((), "/search is working"), (("--plain",), "Searching")]
)
def test_ctrl_c_ends_a_search_that_takes_long(deepchat, own_home, flags, searching):
    chat = deepchat(*flags, env={"PYTHONPATH": endless(own_home)})
    chat.wait_for("/help")
    for times in (1, 2):  # the second one is not held up by the first
        chat.press("/search moon\r")
        chat.wait_until(
            lambda n=times if flags else 1: "\n".join(chat.lines()).count(searching) == n
        )
        chat.press("\x03")
        chat.wait_until(lambda n=times: "\n".join(chat.lines()).count("Stopped.") == n)
    chat.press("/sessions moon\r")
    chat.wait_for("No chat holds that.")
    chat.press("\x04")
    assert chat.wait_for_end() == 0


def test_from_the_shell_places_and_chats_are_drawn(own_home):
    stored(own_home, chats=1)
    with Driver("sessions", "search", "pelican13") as shell:
        assert shell.wait_for_end() == 0
        assert shell.lines()[0].startswith("Chat 1   s1 · ")
        assert shell.lines()[1] == "  It is a **pelican13**, ␛[31mof course."
        bold = [cell for cell in range(80) if shell.screen.buffer[1][cell].bold]
        assert "".join(shell.screen.buffer[1][cell].data for cell in bold) == "pelican13"
    with Driver("sessions", "show", "pelican13", rows=40) as shell:
        assert shell.wait_for_end() == 0
        shown = "\n".join(shell.everything())
        assert shown.startswith("Chat 1\n")
        assert shown.count("It is a pelican1") == 6
        assert shown.count("› Who is bird ") == 6


def test_ctrl_c_ends_a_search_from_the_shell(own_home):
    stored(own_home, chats=1)
    with Driver("sessions", "search", "moon", env={"PYTHONPATH": endless(own_home)}) as shell:
        shell.wait_for("Searching")
        shell.press("\x03")
        assert shell.wait_for_end() == 130
        assert "\n".join(shell.lines()).split() in (
            ["Searching"],
            ["Searching", "^C"],
            ["^CSearching"],
        )
