"""The block parser against CommonMark's own examples, and the rules that go beyond them."""

import html
import json
import random
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from deepchat.render.blocks import (
    Fence,
    Heading,
    Html,
    Indented,
    Item,
    List,
    Math,
    Node,
    Paragraph,
    Parser,
    Quote,
    Rule,
    Table,
    cells,
)

SPEC = Path(__file__).parents[2] / ".." / "shared" / "data" / "commonmark_spec.json"
EXAMPLES = json.loads(SPEC.read_text()) if SPEC.exists() else []
needs_spec = pytest.mark.skipif(not EXAMPLES, reason="the CommonMark examples are not here")


class Pages:
    """Writes HTML, as CommonMark's examples do. Definitions are those of the whole document."""

    def __init__(self, text=""):
        self.markdown = MarkdownIt("commonmark")
        self.env = {}
        self.markdown.parse(text, self.env)
        self.definitions = MarkdownIt("commonmark")
        self.definitions.block.ruler.enableOnly(["reference", "paragraph"])
        self.out = []
        self.lines = []

    def open(self, node, path):
        self.lines = []
        if isinstance(node, Quote):
            self.out.append("<blockquote>")
        if isinstance(node, List):
            start = f' start="{node.start}"' if node.ordered and node.start != 1 else ""
            self.out.append(f"<{'ol' if node.ordered else 'ul'}{start}>")
        if isinstance(node, Item):
            self.out.append("<li>")

    def line(self, leaf, text):
        self.lines.append(text)

    def more(self, leaf, text):
        self.lines[-1] += text

    def can_be_heading(self, paragraph):
        return bool(self.prose())

    def prose(self):
        tokens = self.definitions.parse("\n".join(self.lines), {})
        return "".join(token.content for token in tokens if token.type == "inline")

    def inline(self, text):
        return self.markdown.renderInline(text, self.env)

    def close(self, node, path):
        match node:
            case Quote():
                self.out.append("</blockquote>")
            case List():
                self.out.append("</ol>" if node.ordered else "</ul>")
            case Item():
                self.out.append("</li>")
            case Paragraph() if node.level:
                self.out.append(f"<h{node.level}>{self.inline(self.prose())}</h{node.level}>")
            case Paragraph():
                self.out.append(self.inline(self.prose()))
            case Heading():
                self.out.append(f"<h{node.level}>{self.inline(self.lines[0])}</h{node.level}>")
            case Fence() | Indented():
                self.out.append(self.code(node))
            case Html():
                self.out.append("\n".join(self.lines))
            case Rule():
                self.out.append("<hr />")

    def code(self, node):
        lines = list(self.lines)
        while isinstance(node, Indented) and lines and not lines[-1].strip():
            lines.pop()
        info = node.info if isinstance(node, Fence) else ""
        language = self.markdown.render(f"~~~ {info}\n~~~").partition(">")[2].partition(">")[0]
        body = "".join(f"{html.escape(line, quote=False).replace(chr(34), '&quot;')}\n" for line in lines)
        return f"<pre>{language}>{body}</code></pre>"


def structure(page):
    """HTML without what is not decided here: paragraphs in lists (tight or loose), and white space around tags."""
    page = re.sub(r"</?p>", "", page)
    return re.sub(r"\s*(</?(?:blockquote|[uo]l|li|pre|h[1-6r])(?: [^>]*)?/?>)\s*|\n", r"\1", page)


def parsed(text):
    pages = Pages(text)
    parser = Parser(pages)
    for line in text.removesuffix("\n").split("\n"):
        parser.line(line)
    parser.finish()
    return "\n".join(pages.out)


@needs_spec
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["example"]))
def test_the_block_structure_is_that_of_commonmark(example):
    assert structure(parsed(example["markdown"])) == structure(example["html"])
