"""The block parser against CommonMark's own examples, and the rules that go beyond them."""

import html
import re

import pytest
from markdown_it import MarkdownIt

from deepchat.render.blocks import (
    DEEPEST,
    Fence,
    Heading,
    Html,
    Indented,
    Item,
    List,
    Paragraph,
    Parser,
    Quote,
    Rule,
    cells,
)
from tests.render.documents import EXAMPLES, FORWARD_REFERENCES

needs_spec = pytest.mark.skipif(not EXAMPLES, reason="the CommonMark examples are not here")


class Pages:
    """Writes HTML, as CommonMark's examples do. Link definitions are those of the whole `text`, or `learned`."""

    def __init__(self, text):
        self.markdown = MarkdownIt("commonmark")
        self.env: dict[str, object] = {}
        self.markdown.parse(text, self.env)
        self.learned: dict[str, object] = {}
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
        tokens = self.definitions.parse("\n".join(self.lines), self.learned)
        return "".join(token.content for token in tokens if token.type == "inline")

    def inline(self, text):
        return self.markdown.renderInline(text, self.env)

    def close(self, node, path):
        self.out.append(self.closed(node))

    def closed(self, node):
        match node:
            case Quote():
                return "</blockquote>"
            case List():
                return "</ol>" if node.ordered else "</ul>"
            case Item():
                return "</li>"
            case Paragraph() if node.level:
                return f"<h{node.level}>{self.inline(self.prose())}</h{node.level}>"
            case Paragraph():
                return self.inline(self.prose())
            case Heading():
                return f"<h{node.level}>{self.inline(self.lines[0])}</h{node.level}>"
            case Fence() | Indented():
                return self.code(node)
            case Html():
                return "\n".join(self.lines)
            case Rule():
                return "<hr />"
            case _:
                pass
        return ""

    def code(self, node):
        lines = list(self.lines)
        while isinstance(node, Indented) and lines and not lines[-1].strip():
            lines.pop()
        info = node.info if isinstance(node, Fence) else ""
        language = self.markdown.render(f"~~~ {info}\n~~~").partition(">")[2].partition(">")[0]
        body = "".join(
            f"{html.escape(line, quote=False).replace(chr(34), '&quot;')}\n" for line in lines
        )
        return f"<pre>{language}>{body}</code></pre>"


def structure(page):
    """HTML without what is not decided here: paragraphs in lists (tight or loose), and white space around tags."""
    page = re.sub(r"</?p>", "", page)
    return re.sub(r"\s*(</?(?:blockquote|[uo]l|li|pre|h[1-6r])(?: [^>]*)?/?>)\s*|\n", r"\1", page)


def parsed(pages, text):
    parser = Parser(pages)
    for line in text.removesuffix("\n").split("\n"):
        parser.line(line)
    parser.finish()
    return structure("\n".join(pages.out))


@needs_spec
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["example"]))
def test_the_block_structure_is_that_of_commonmark(example):
    text = example["markdown"]
    assert parsed(Pages(text), text) == structure(example["html"])


@needs_spec
def test_only_links_before_their_definition_differ_when_definitions_are_learned_on_the_way():
    different = set()
    for example in EXAMPLES:
        pages = Pages("")
        pages.env = pages.learned
        if parsed(pages, example["markdown"]) != structure(example["html"]):
            different.add(example["example"])
    assert different == FORWARD_REFERENCES
    assert len(different) == 49


class Listed:
    """Notes what the parser says, one string for each event."""

    def __init__(self):
        self.events = []

    def open(self, node, path):
        self.events.append(f"{type(node).__name__.lower()} in {len(path)}")

    def line(self, leaf, text):
        self.events.append(text)

    def more(self, leaf, text):
        self.events.append(f"+{text}")

    def close(self, node, path):
        self.events.append(f"end of {type(node).__name__.lower()}")

    def can_be_heading(self, paragraph):
        return True


def events(*lines):
    sink = Listed()
    parser = Parser(sink)
    for line in lines:
        parser.line(line)
    return sink.events


def test_code_is_told_line_by_line_at_any_depth():
    assert events("> - ```py", ">   x = 1", ">     y")[-2:] == ["x = 1", "  y"]


def test_a_paragraphs_last_line_waits_since_it_may_be_the_head_of_a_table():
    assert events("text", "| a |") == ["paragraph in 0", "text"]
    assert events("text", "| a |", "|---|")[2:] == ["end of paragraph", "table in 0", "| a |"]


def test_a_setext_underline_makes_the_whole_paragraph_a_heading():
    assert events("one", "two", "===") == ["paragraph in 0", "one", "two", "end of paragraph"]


def test_display_math_is_not_a_list():
    assert events("$$", "a", "+ b", "$$", "text")[:5] == ["math in 0", "$$", "a", "+ b", "$$"]
    assert events("\\[", "- b", "\\]")[-1] == "end of math"


def test_a_fork_leaves_the_parser_as_it_was():
    ours, theirs = Listed(), Listed()
    parser = Parser(ours)
    for line in ("1. one", "2. two", "   - [ ] deep"):
        parser.line(line)
    before = list(ours.events)
    fork = parser.fork(theirs)
    fork.line("3. three")
    fork.finish()
    assert ours.events == before
    parser.line("3. also three")
    parser.finish()
    assert "also three" in ours.events
    assert "three" not in ours.events


def test_nesting_without_end_stays_text():
    sink = Listed()
    parser = Parser(sink)
    parser.line(">" * 100_000)
    parser.line("- " * 100_000)
    parser.finish()
    assert len(sink.events) < 4 * DEEPEST


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("| a | b |", [" a ", " b "]),
        ("a|b", ["a", "b"]),
        (r"| a \| b | c |", [" a | b ", " c "]),
        ("| | x |", [" ", " x "]),
        ("|", []),
    ],
)
def test_rows_are_split_into_cells(row, expected):
    assert cells(row) == expected
