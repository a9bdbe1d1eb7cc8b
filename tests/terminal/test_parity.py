"""One walk through the program, in the terminal and in plain mode: the same is sent, and the same is kept."""

from contextlib import closing
from pathlib import Path

import pytest

from deepchat.demo.server import Answer
from deepchat.store.sessions import Store

pytestmark = pytest.mark.terminal

# What is typed, and what is seen then; a number is that of footers. One is printed again by /resume.
WALK = [
    ("/system Be kind.", "told so from the next message on"),
    ("Hello", 1),
    ("two\\", ""),
    ("lines", 2),
    ('"""', ""),
    ("a block", ""),
    ("of lines", ""),
    ('"""', 3),
    ("/set temperature 0.5", "temperature = 0.5"),
    ("/file notes.txt", "6 B"),
    ("/file code.py", "7 B"),
    ("/detach 1", "Not attached any more: notes.txt"),
    ("", 4),
    ("Explain @notes.txt", 5),
    ("!echo from the shell", "exit status 0"),
    ("What is it?", 6),
    ("/retry", 7),
    ("//slashed", 8),
    ("/title The walk", "The walk"),
    ("/nope", "no command /nope"),
    ("/new", "A new chat"),
    ("/unset temperature", "is not set"),
    ("Another", 9),
    ("/resume walk", "6 earlier turns"),
    ("/delete another", "is in the trash"),
    ("/system -", "No persona from now on"),
    ("Goodbye", 11),
    ("/exit", None),
]

SHELL = "$ echo from the shell (exit status 0)"
ASKED_AGAIN = f"{SHELL}:\n```\nfrom the shell\n```\n\nWhat is it?"

# The last message of each request, and its parameters beside it.
SENT = [
    ("Hello", None),
    ("two\nlines", None),
    ("a block\nof lines", None),
    ("code.py:\n```py\nx = 12\n```", 0.5),
    ("notes.txt:\n```txt\nNote.\n```\n\nExplain @notes.txt", 0.5),
    (ASKED_AGAIN, 0.5),
    (ASKED_AGAIN, 0.5),
    ("/slashed", 0.5),
    ("Another", None),
    ("Goodbye", 0.5),
]

# Title, parameters, messages in the tree with those that were passed over, and what was said and attached.
KEPT = [
    (
        "The walk",
        {"temperature": 0.5},
        19,
        [
            ("system", "Be kind.", []),
            *[("user", "Hello", []), ("assistant", "Reply 1.", [])],
            *[("user", "two\nlines", []), ("assistant", "Reply 2.", [])],
            *[("user", "a block\nof lines", []), ("assistant", "Reply 3.", [])],
            *[("user", "", ["code.py"]), ("assistant", "Reply 4.", [])],
            *[("user", "Explain @notes.txt", ["notes.txt"]), ("assistant", "Reply 5.", [])],
            *[("user", "What is it?", [SHELL]), ("assistant", "Reply 7.", [])],
            *[("user", "/slashed", []), ("assistant", "Reply 8.", [])],
            ("system", "", []),
            *[("user", "Goodbye", []), ("assistant", "Reply 10.", [])],
        ],
    ),
    ("Another", {}, 2, [("user", "Another", []), ("assistant", "Reply 9.", [])]),
]


@pytest.mark.parametrize("mode", [(), ("--plain",)], ids=["terminal", "plain"])
def test_the_same_walk_sends_and_keeps_the_same(deepchat, server, own_home, mode, monkeypatch):
    monkeypatch.chdir(own_home)
    Path("notes.txt").write_text("Note.\n")
    Path("code.py").write_text("x = 12\n")
    server.script += [Answer.reply(f"Reply {n}.") for n in range(1, 11)]
    chat = deepchat(*mode, rows=60, columns=100)
    chat.wait_for("/help")
    for line, seen in WALK:
        walk(chat, line, seen)
    assert chat.wait_for_end() == 0
    assert sent(server) == SENT
    assert kept(own_home) == KEPT


def walk(chat, line, seen):
    chat.enter(line) if line else chat.press("\r")
    if isinstance(seen, int):
        chat.wait_until(
            lambda: "\n".join(chat.everything()).count("tok/s") == seen, f"footer {seen}"
        )
    elif seen:
        chat.wait_for(seen)


def sent(server):
    chats = [one.json for one in server.received if one.path.endswith("/chat/completions")]
    return [(chat["messages"][-1]["content"], chat.get("temperature")) for chat in chats]


def kept(home):
    """All chats that are stored, those in the trash last."""
    [path] = home.rglob("*.db")
    with closing(Store(path)) as store:
        chats = [store.load(summary.id) for summary in (*store.find(), *store.trashed())]
    return [
        (
            session.title,
            session.parameters,
            len(tree.messages),
            [(m.role, m.text, [a.name for a in m.attachments]) for m in tree.path()],
        )
        for session, tree in chats
    ]


@pytest.mark.parametrize("mode", [(), ("--plain",)], ids=["terminal", "plain"])
def test_a_long_chat_is_shown_again_whole_before_it_goes_on(deepchat, server, mode):
    server.script.append(Answer.reply("\n\n".join(f"Paragraph {n} of many." for n in range(2000))))
    chat = deepchat(*mode)
    chat.wait_for("/help")
    chat.enter("Talk.")
    chat.wait_for("Paragraph 1999")
    chat.wait_for("tok/s")
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    again = deepchat(*mode, "-c")
    again.wait_for("tok/s")
    assert "Paragraph 1999 of many." in again.everything()
    again.enter("/title")
    again.wait_until(lambda: again.lines().count("Talk.") > 0, "the title")
