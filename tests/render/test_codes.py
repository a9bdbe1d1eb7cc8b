"""The code blocks that can be copied are those on the screen, with their numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from deepchat.render import codes
from deepchat.render.codes import CodeBlock, code_blocks, count_blocks
from deepchat.render.reply import render_markdown
from deepchat.render.theme import THEMES
from deepchat.text import clean
from tests.render.documents import documents, mixture, shapes, texts


class Printed:
    """Hears of the code that is printed, instead of colouring it."""

    def __init__(self, info, theme):
        self.info, self.lines = info, []

    def line(self, text):
        self.lines.append(text)
        return [(text, Style())]


def printed(text):
    """The code blocks of a reply as they are printed: what stands behind the fence, and the lines."""
    blocks = []

    def highlight(info, theme):
        blocks.append(Printed(info, theme))
        return blocks[-1]

    render_markdown(text, 80, THEMES["ansi"], highlight=highlight)
    return [(block.info, "\n".join(block.lines)) for block in blocks]


def drawn(blocks):
    return [(block.info, clean(block.source)) for block in blocks]


def test_code_blocks_are_given_as_they_were_written():
    text = "- a\n\n  ```python x=1\n  def f():\n  \treturn\n\n  ```\n\n    code\n\n~~~\r\nopen \x1b\r\n"
    assert code_blocks(text) == [
        CodeBlock("python x=1", "def f():\n\treturn\n"),
        CodeBlock("", "open \x1b"),
    ]


NO_HEADINGS = {
    "a long paragraph": "word " * 130 + "\n===\n    text\n\n```py\nprint(1)\n```\n",
    "a long paragraph and dashes": "word " * 130 + "\n--\n    text\n\n```py\nprint(1)\n```\n",
    "a definition": "[a]: /u\n===\n    text\n\n```py\nprint(1)\n```\n",
    "a long head of a table": "word " * 30 + "| b\n---|---\n    text\n\n```py\nprint(1)\n```\n",
    "marks": "\u202e" * 90 + "\n===\n    text\n\n```py\nprint(1)\n```\n",
}


@pytest.mark.parametrize("name", NO_HEADINGS)
def test_what_the_page_goes_on_with_as_text_is_no_code_block(name):
    assert code_blocks(NO_HEADINGS[name]) == [CodeBlock("py", "print(1)")]


@documents(300)
@given(texts)
def test_the_code_blocks_are_those_that_are_printed(text):
    assert drawn(code_blocks(text)) == printed(text)


@pytest.mark.parametrize("seed", range(20))
def test_the_code_blocks_of_mixed_replies_are_those_that_are_printed(seed):
    text = mixture(seed)
    assert drawn(code_blocks(text)) == printed(text)


@pytest.mark.parametrize("shape", shapes)
def test_the_code_blocks_of_long_replies_are_those_that_are_printed(shape):
    text = shapes[shape](30) + "\n===\n    text or code\n\n```py\nx\n```\n"
    assert drawn(code_blocks(text)) == printed(text)


@documents(300)
@given(texts)
def test_they_are_counted_without_being_read(text):
    assert count_blocks(text) == len(code_blocks(text))


PARTS = st.sampled_from(
    ["```", "````", "~~~", "```py\n", "``` a`b\n", "~~~ a~b\n", "\n", "\n\n", "x = 1\n", "    x\n", "\tx\n", "a\n", "- a\n",
     "> ", "1. ", "  ", "`", "~", "# h\n", "---\n", "===\n", "<pre>\n", "</pre>\n", "<!-- ", "| a |\n|---|\n", "[a]: /u\n", "é\n", "  ```\n"]
)  # fmt: skip


@documents(500)
@given(st.lists(PARTS, max_size=14).map("".join))
def test_they_are_counted_among_fences_of_all_kinds(text):
    assert count_blocks(text) == len(code_blocks(text))


def test_most_replies_are_counted_without_the_parser(monkeypatch):
    monkeypatch.setattr(codes, "code_blocks", lambda text: pytest.fail("read"))
    assert (
        count_blocks(
            "Prose.\n\n```py\n" + "x = 1\n" * 9 + "```\n\nMore, and `code`.\n\n```\ny\n```\n"
        )
        == 2
    )
    assert count_blocks("- Only\n- prose,\n  and `code`.\n\n> Said he.\n") == 0
