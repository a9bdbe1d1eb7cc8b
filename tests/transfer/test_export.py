"""Chats as files: every text as it was, parts on demand, and nothing in a page that acts."""

import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.conversation import Attachment, Conversation, Message, Session
from deepchat.errors import UsageError
from deepchat.render.codes import code_blocks
from deepchat.secret import mask
from deepchat.transfer import page, records
from deepchat.transfer.export import FORMATS, exported
from deepchat.transfer.importing import read
from deepchat.transfer.selection import Wanted

TEXT = "# Not a heading of ours\r\n\n  ```py\n  x = 1\t\n  ```\n\n<b>&amp;</b> 漢字 \x1b[31m  \n"
NOTE = Attachment("a.py", "text/plain", b"y = 2\n", "/a.py", (1, 2), "ab")
PICTURE = Attachment("p.png", "image/png", b"\x89PNG\xff")


def chat(*, turns=3, text=TEXT):
    session = Session("s" * 26, "A title", "a/model", "p", "Be kind.", created_ms=86_400_000)
    conversation = Conversation()
    for n in range(1, turns + 1):
        asked = Message(
            f"q{n}",
            "user",
            f"Question {n}?",
            conversation.leaf,
            attachments=(NOTE, PICTURE) if n == 1 else (),
        )
        reply = Message(f"a{n}", "assistant", f"{n}: {text}", asked.id, reasoning=f"thought {n}")
        conversation = conversation.add(asked, reply)
    return session, conversation


def written(name, wanted=None, **options):
    session, conversation = chat(**options)
    return exported(name, session, conversation, wanted or Wanted(), code_blocks)


def test_markdown_has_every_text_exactly_as_it_was():
    out = written("x.md")
    for n in (1, 2, 3):
        assert f"## {n} · You\n\nQuestion {n}?\n\n" in out
        assert f"\n\n{n}: {TEXT}" in out
    assert "thought" not in out
    assert "(attached: a.py" in out
    assert "## Persona\n\nBe kind.\n" in out


@given(text=st.text(min_size=1))
def test_any_text_stands_in_markdown_as_it_is(text):
    assert f": {text}".removesuffix("\n") in written("x.md", text=text)


def test_an_edited_answer_says_so():
    session, conversation = chat(turns=1)
    mine = Message("b1", "assistant", "Mine", "q1", edited=True)
    for name in ("x.md", "x.txt", "x.html"):
        assert "(edited)" not in written(name)
        content = exported(name, session, conversation.add(mine), Wanted(), code_blocks)
        assert content.count("(edited)") == 1


def test_reasoning_goes_along_on_demand():
    for name in ("x.md", "x.txt", "x.html"):
        assert "thought 2" in written(name, Wanted(reasoning=True))
        assert "thought 2" not in written(name)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Wanted(newest=2), "23"),
        (Wanted(newest=9), "123"),
        (Wanted(first=2), "23"),
        (Wanted(first=2, last=2), "2"),
        (Wanted(last=1), "1"),
    ],
)
def test_only_some_turns(wanted, numbers):
    for name in ("x.md", "x.txt", "x.html"):
        assert "".join(re.findall(r"Question (\d)", written(name, wanted))) == numbers


def test_only_the_code():
    assert written("x.txt", Wanted(code=True, newest=1)) == "x = 1\t\n"
    assert written("x.md", Wanted(code=True, first=1, last=2)) == (
        "```py\nx = 1\t\n```\n\n```py\nx = 1\t\n```\n"
    )
    fenced = written("x.md", Wanted(code=True, newest=1), text="\n````\n```\n````\n")
    assert fenced == "````\n```\n````\n"


def test_what_cannot_be_is_refused_in_words():
    for name, wanted in (
        ("x.pdf", Wanted()),
        ("x", Wanted()),
        ("x.json", Wanted(newest=1)),
        ("x.html", Wanted(code=True)),
        ("x.md", Wanted(first=9)),
    ):
        with pytest.raises(UsageError) as refusal:
            written(name, wanted)
        assert (
            refusal.value.hint
            or "only 3 turns" in str(refusal.value)
            or "into" in str(refusal.value)
        )
    with pytest.raises(UsageError, match="Nothing was said"):
        exported("x.md", Session("s"), Conversation(), Wanted(), code_blocks)
    with pytest.raises(UsageError, match="no code"):
        written("x.md", Wanted(code=True), text="none")


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_secret_can_be_masked_in_every_format(suffix):
    key = "sk-proj-0123456789abcdefghijklmnop"
    out = written(f"x{suffix}", Wanted(hide=mask, reasoning=True), text=f"key: {key}, ok")
    assert "[hidden], ok" in out
    assert "0123456789abcdef" not in out


def test_a_private_key_is_masked_to_its_end():
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----\nafter"
    assert mask(f"before {key}") == "before [hidden]\nafter"
    assert mask("ghp_" + "a" * 36 + " x") == "[hidden] x"
    assert mask("nothing of the kind") == "nothing of the kind"


# --- json --------------------------------------------------------------------------------------------------------------


def tree():
    """Several branches, a reply in flight, attachments twice."""
    session, conversation = chat()
    other = Message("b1", "assistant", "Other", "q1", "stopped", parameters={"top_p": 1})
    left = Message("q4", "user", "And?", "b1", attachments=(NOTE,), mark="muted", left=True)
    mine = Message(
        "b4", "assistant", "Mine", "q4", after="q1", exceptions=("q1",), hint="briefly", edited=True
    )
    return session, conversation.add(other, left, mine)


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_json_comes_back_as_it_was(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    session, conversation = tree()
    path.write_text(exported(path.name, session, conversation, Wanted(), code_blocks))
    found = read(path)
    assert [*found.sessions] == [tree()]
    assert not found.left_out


def test_a_body_that_is_attached_twice_stands_there_once():
    assert written("x.json").count("y = 2") == 1
    session, conversation = tree()
    assert exported("x.json", session, conversation, Wanted(), code_blocks).count("y = 2") == 1


def test_equal_chats_give_equal_bytes_in_whatever_order_they_grew():
    session, conversation = tree()
    shuffled = Conversation(dict(reversed(conversation.messages.items())), conversation.leaf)
    assert records.line(session, conversation) == records.line(session, shuffled)


def test_a_reply_in_flight_is_cut_in_a_file():
    session, conversation = chat(turns=1)
    streaming = Message("a9", "assistant", "Half", "q1", "streaming")
    line = json.loads(records.line(session, conversation.add(streaming)))
    assert [m.get("state", "done") for m in line["session"]["messages"]] == ["done", "done", "cut"]


# --- html --------------------------------------------------------------------------------------------------------------

HARMLESS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "section",
        "div",
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
    ),
    *(
        "h5",
        "h6",
        "a",
        "em",
        "strong",
        "s",
        "code",
        "pre",
        "ul",
        "ol",
        "li",
        "blockquote",
        "br",
        "hr",
    ),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
}


class Page(HTMLParser):
    """Everything in a page that could act."""

    def __init__(self, text):
        super().__init__()
        self.acts = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag not in HARMLESS:
            self.acts.append(tag)
        for name, value in attributes:
            if name.startswith("on") or name in ("src", "srcset", "action", "formaction"):
                self.acts.append(f"{tag} {name}")
            if name == "href" and not re.match(r"(?i)(https?:|mailto:)", value):
                self.acts.append(f"{tag} {name}={value}")
            if name == "style" and not re.fullmatch(r"text-align:\s?(left|right|center)", value):
                self.acts.append(f"{tag} style={value}")


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](javascript:alert(1))",
    "![x](https://tracker.example/p.gif)",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "[x](file:///etc/passwd)",
    "[x](//evil.example)",
    '[x](https://a.example "onmouseover=alert(1)")',
    '[x](https://a.example/"onmouseover="alert(1))',
    "<javascript:alert(1)>",
    "```html\n</code></pre><script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "</div></section></body><script>alert(1)</script>",
    "| a |\n|---|\n| <script>x</script> |",
    "<style>@import 'https://evil.example'</style>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "a\x00b\x1b]0;x\x07\u202e",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_in_a_page_acts(attack):
    session, conversation = chat(text=attack)
    session = Session("s", attack, attack)
    asked = Message("q", "user", attack, attachments=(Attachment(attack, "text/plain", b""),))
    reply = Message("a", "assistant", attack, "q", reasoning=attack, model=attack)
    for shown in (conversation, Conversation().add(asked, reply)):
        out = exported("x.html", session, shown, Wanted(reasoning=True), code_blocks)
        assert Page(out).acts == []
        assert "\x1b" not in out
        assert "\u202e" not in out


@given(
    text=st.lists(st.sampled_from([*ATTACKS, *"<>\"'`[]()!&;:/\\ \n|*_#=-"]), max_size=12).map(
        "".join
    )
)
def test_no_mixture_of_attacks_makes_a_page_act(text):
    assert Page(written("x.html", text=text)).acts == []


def test_a_page_is_readable_and_loads_nothing():
    out = written(
        "x.html", text="**bold** `x<y` [link](https://a.example/b) ![alt](https://a.example/p.png)"
    )
    assert "<strong>bold</strong> <code>x&lt;y</code>" in out
    assert '<a href="https://a.example/b">link</a>' in out
    assert '<a href="https://a.example/p.png" rel="noreferrer">🖼 alt</a>' in out
    assert "default-src 'none'" in out
    assert page._SCHEMES == ("http", "https", "mailto")
