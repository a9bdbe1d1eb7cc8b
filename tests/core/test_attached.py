"""How attachments stand in a request, and which models take pictures."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat import context
from deepchat.conversation import ADDRESS, DIFF, TEXT, Attachment, Message, ModelInfo

CAT = Attachment("cat.png", "image/png", b"\x89PNG")


def text(name, body, **more):
    return Attachment(name, TEXT, body.encode(), **more)


def sent(*attachments, said="Why?", pictures=True):
    message = Message("1", "user", said, attachments=attachments)
    [one] = context.prompt("", [message], pictures=pictures)
    return one


def test_a_text_is_named_and_fenced_before_what_is_said_about_it():
    code = text("src/a.py", "x = 1\n", path="/home/src/a.py")
    assert sent(code).text == "src/a.py:\n```py\nx = 1\n```\n\nWhy?"


@pytest.mark.parametrize(
    ("attachment", "begins"),
    [
        (text("a.py", "x", path="/a.py", lines=(3, 9)), "a.py (lines 3-9):\n```py\nx\n```"),
        (text("a.py", "x", path="/a.py", lines=(3, 3)), "a.py (line 3):\n"),
        (text("$ cat a.py", "x"), "$ cat a.py:\n```\nx"),
        (Attachment("a.py", DIFF, b"+x", path="/a.py"), "changes to a.py:\n```diff\n+x\n```"),
        (text("empty", ""), "empty:\n```\n```"),
        (text("evil\n```\x1b[31m", "x"), "evil ```␛[31m:\n```\nx"),
    ],
)
def test_what_is_attached_says_what_it_is(attachment, begins):
    assert sent(attachment).text.startswith(begins)


@given(st.text(alphabet="`~\n a") | st.text())
def test_nothing_in_a_text_ends_its_fence(body):
    block = sent(text("a", body), said="").text
    name, fence, *inside, last = block.split("\n")
    assert (name, last) == ("a:", fence)
    assert fence not in "\n".join(inside)
    assert "".join(f"{line}\n" for line in inside) in (body, f"{body}\n")


def test_pictures_go_beside_the_text_in_their_order():
    page = Attachment("https://example.org/x.png", ADDRESS, b"https://example.org/x.png")
    one = sent(CAT, text("a", "x"), page)
    assert one.pictures == (CAT, page)
    assert one.text == "a:\n```\nx\n```\n\nWhy?"


def test_neighbours_are_joined_with_all_they_bring():
    path = [Message(str(n), "user", "", attachments=(CAT,)) for n in range(2)]
    [one] = context.prompt("", path)
    assert (one.text, one.pictures) == ("", (CAT, CAT))


def test_an_estimate_counts_the_whole_block_and_grows_with_the_text():
    few, many = (context.attached_tokens(text("a", "word " * n)) for n in (10, 1000))
    assert few < many
    assert many == pytest.approx(1250, rel=0.02)
    assert context.attached_tokens(CAT) == context.PICTURE_TOKENS


MODELS = [
    ModelInfo("lab/blind", tags=("chat",)),
    ModelInfo("lab/eye", tags=("chat", "vision"), input_price=9.0),
    ModelInfo("other/dear", tags=("vision",), input_price=5.0),
    ModelInfo("other/cheap", tags=("vision",), input_price=0.1),
    ModelInfo("other/unpriced", tags=("vision",)),
    ModelInfo("lab/untagged"),
]


def test_whether_a_model_sees_is_what_its_tags_say_or_unknown():
    assert context.sees("lab/eye", MODELS) is True
    assert context.sees("lab/blind", MODELS) is False
    assert context.sees("lab/untagged", MODELS) is None
    assert context.sees("nobody/knows", MODELS) is None


def test_suggested_are_three_at_most_the_same_vendor_first_then_the_cheapest():
    assert context.seeing("lab/blind", MODELS) == ["lab/eye", "other/cheap", "other/dear"]
    assert context.seeing("lab/blind", MODELS[:1]) == []


def test_names_of_many_lines_are_one():
    assert re.fullmatch("a b", context.called(text("a\nb", "")))
