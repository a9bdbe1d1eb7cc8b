"""Choosing from a list in place of the composer."""

from contextlib import closing

import pytest

from deepchat.conversation import Message, Session
from deepchat.demo.server import Answer
from deepchat.store.sessions import Store

pytestmark = pytest.mark.terminal

CHATS = ["Bread and butter", "Sailing to Rhodes", "A query plan"]


@pytest.fixture
def three(deepchat, server):
    """A program in which three chats were had; the last one is open."""
    server.script += [Answer.reply(f"About {title.lower()}.") for title in CHATS]
    chat = deepchat()
    chat.wait_for("/help")
    for number, title in enumerate(CHATS, start=1):
        chat.enter(title)
        chat.wait_until(lambda n=number: "\n".join(chat.everything()).count("tok/s") == n)
        if title != CHATS[-1]:
            chat.enter("/new")
            chat.wait_until(lambda n=number: "\n".join(chat.everything()).count("A new chat") == n)
    return chat


def test_a_chat_is_found_looked_at_and_opened(three):
    three.press("/resume\r")
    three.wait_for("Chat:")
    three.wait_for("2 · Enter takes one")
    three.press("butter")
    three.wait_for("1 · Enter takes one")
    three.wait_for("  About bread and butter.")
    three.press("\r")
    three.wait_for("Chat:", gone=True)
    three.wait_for("About bread and butter.")


def test_links_in_a_preview_leave_no_traces(deepchat, server):
    server.script += [Answer.reply("See https://example.org/page for it.")]
    chat = deepchat()
    chat.wait_for("/help")
    chat.enter("Where?")
    chat.wait_for("tok/s")
    chat.enter("/new")
    chat.wait_for("A new chat")
    chat.press("\x0c/resume\r")
    chat.wait_for("1 · Enter takes one")
    chat.wait_until(lambda: "  See https://example.org/page for it." in chat.lines()[-20:])


def test_a_theme_is_looked_at_and_taken(deepchat):
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("/theme\r")
    chat.wait_for("› ansi ←")
    chat.press("\x1b[B")
    chat.wait_for("A heading, emphasis, `code`")
    chat.press("\r")
    chat.wait_for("mono from now on.")


def test_arrows_choose_and_escape_leaves_the_draft_alone(three):
    three.press("/sessions\r")
    three.wait_for("Chat:")
    three.wait_for("2 · Enter takes one")
    three.press("\x1b[B")
    three.wait_for("  About bread and butter.")
    three.press("\x1b")
    three.wait_for("Chat:", gone=True)
    three.press("typed after")
    three.wait_for("› typed after")


def test_flag_r_alone_lets_one_choose(three, deepchat):
    three.press("\x04")
    three.wait_for_end()
    again = deepchat("-r")
    again.wait_for("› A query plan")
    again.press("\r")
    again.wait_for("About a query plan.")


def test_words_that_fit_nothing_say_so(three):
    three.press("/resume\r")
    three.wait_for("Chat:")
    three.wait_for("2 · Enter takes one")
    three.press("zzz")
    three.wait_for("Nothing fits.")
    three.press("\r")
    three.press("\x03")
    three.wait_for("Chat:", gone=True)
    three.press("\x04")
    assert three.wait_for_end() == 0


def test_what_is_pasted_is_looked_for(three):
    three.press("/resume\r")
    three.wait_for("2 · Enter takes one")
    three.press("\x1b[200~bread \n\x1b[31m\nbutter\n\x1b[201~")
    three.wait_for("Chat: bread ␛[31m butter")
    three.wait_for("Nothing fits.")
    three.press("\x15")
    three.wait_for("2 · Enter takes one")
    three.press("\x1b[200~butter\n\x1b[201~")
    three.wait_for("1 · Enter takes one")
    three.press("\x1b")
    three.wait_for("Chat:", gone=True)


def test_enter_takes_what_fits_the_words_however_soon_it_follows_them(three):
    three.press("/resume\r")
    three.wait_for("2 · Enter takes one")
    three.press("butter\r")
    three.wait_for("Chat:", gone=True)
    three.wait_until(lambda: "\n".join(three.everything()).count("About bread and butter.") == 2)


def test_what_is_deleted_twice_in_a_row_is_two_chats(three, own_home):
    three.press("/resume\r")
    three.wait_for("2 · Enter takes one")
    three.press("\x04\x04")
    three.wait_for("Deleted; Ctrl-Z brings it back.")
    three.wait_for("just now", gone=True)
    three.press("\x1b")
    three.wait_for("Chat:", gone=True)
    three.enter("/trash")
    three.wait_for("Bread and butter")
    three.wait_for("Sailing to Rhodes")


def test_a_plain_terminal_has_a_numbered_list(three, deepchat):
    three.press("\x04")
    three.wait_for_end()
    again = deepchat("--plain")
    again.wait_for("\n>")
    again.press("/resume\r")
    again.wait_for("2  Sailing to Rhodes")
    again.press("2\r")
    again.wait_for("About sailing to rhodes.")


def test_a_chat_is_deleted_from_the_list_and_brought_back(three):
    three.press("/resume\r")
    three.wait_for("2 · Enter takes one")
    three.press("butter")
    three.wait_for("1 · Enter takes one · Ctrl-D deletes")
    three.press("\x04")
    three.wait_for("Deleted; Ctrl-Z brings it back.")
    three.press("\x1a")
    three.wait_for("Brought back.")
    three.press("\x04")
    three.wait_for("Deleted; Ctrl-Z brings it back.")
    three.press("\x1b")
    three.wait_for("Chat:", gone=True)
    three.enter("/trash")
    three.wait_for("/restore ID brings one back.")
    three.wait_for("just now")


def test_the_row_with_the_keys_stands_in_a_small_window_too(three):
    three.resize(4, 60)
    three.press("/resume\r")
    three.wait_for("2 · Enter takes one")
    three.press("butter")
    three.wait_for("1 · Enter takes one")


@pytest.mark.parametrize(("stored", "said"), [(200, "200 · "), (202, "200+ · ")])
def test_a_list_that_is_cut_says_that_there_are_more(deepchat, own_home, stored, said):
    data = own_home / ".local/share/deepchat"
    data.mkdir(parents=True)
    with closing(Store(data / "chats.db")) as store:
        for number in range(stored):
            question = Message(f"q{number}", "user", "Hi")
            store.open_turn(Session(f"s{number}", f"Chat {number}"), [question])
    chat = deepchat()
    chat.wait_for("/help")
    chat.press("/resume\r")
    chat.wait_for(f"{said}Enter takes one")
