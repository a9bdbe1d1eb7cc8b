"""Texts that made parsers, lexers or terminals slow or fail: the work they make grows as they do, and all of them is seen."""

import os
import re
import sys
from collections import Counter

import pytest

from deepchat.render.reply import Reply, render_markdown
from deepchat.render.theme import THEMES
from deepchat.text import clean
from tests.emulator import bare

THEME = THEMES["ansi"]


def fence(language, unit, line=1_900):
    """A block of code: one unit again and again, in lines that are just not too long to be coloured."""
    row = unit if unit.endswith("\n") else unit * (line // len(unit)) + "\n"
    return lambda n: f"```{language}\n" + row * (n // len(row)) + "```\n"


def deeper(marker, text="a\n"):
    """Lines of which each is nested deeper than the one before."""
    return lambda n: "".join(marker * i + text for i in range(round((2 * n / len(marker)) ** 0.5)))


# What each is made of, for about n characters.
HOSTILE = {
    "quotes in quotes": lambda n: ">" * n,
    "quotes, each line deeper": deeper("> "),
    "lists in lists": lambda n: "- " * (n // 2),
    "lists, each line deeper": deeper("  ", "- a\n"),
    "ordered lists in lists": lambda n: "1. " * (n // 3),
    "lists in quotes in lists": lambda n: "- > " * (n // 4),
    "blank lines in deep lists": lambda n: "- " * 100 + "a\n" + "\n" * n,
    "blank lines in deep quotes": lambda n: (">" * 60 + "\n") * (n // 61),
    "lazy lines": lambda n: "> " * 40 + "a\n" + "b\n" * (n // 2),
    "lazy lines in lists": lambda n: "- " * 38 + "a\n" + "b\n" * (n // 2),
    "open brackets": lambda n: "[" * n,
    "brackets in brackets": lambda n: "[" * (n // 2) + "]" * (n // 2),
    "brackets on lines": lambda n: "[\n" * (n // 2),
    "brackets of which few are closed": lambda n: ("[\n" * 90 + "]\n") * (n // 182),
    "images on lines": lambda n: "![\n" * (n // 3),
    "closing brackets": lambda n: "]" * n,
    "images": lambda n: "![" * (n // 2),
    "images in images": lambda n: "![[]()" * (n // 6),
    "open links": lambda n: "[a](" * (n // 4),
    "open addresses": lambda n: "[a](<b" * (n // 6),
    "links in links": lambda n: "[" * (n // 5) + "a" + "](b)" * (n // 5),
    "references": lambda n: "[a][" * (n // 4),
    "definitions in one line": lambda n: "[a]: " * (n // 5),
    "definitions": lambda n: "".join(f"[a{i}]: /u\n" for i in range(n // 10)),
    "definitions that are none": lambda n: "[[a]: c\n" * (n // 8),
    "titles without end": lambda n: "[a]: b '" + "c\n" * (n // 2),
    "references to a definition": lambda n: "[a]: /u\n\n" + "[a] " * (n // 4),
    "open emphasis": lambda n: "*a **b " * (n // 7),
    "closing emphasis": lambda n: "a** " * (n // 4),
    "emphasis in emphasis": lambda n: "*a **b " * (n // 14) + "c** d* " * (n // 14),
    "underscores": lambda n: "_a __b " * (n // 7),
    "asterisks": lambda n: "a" + "*" * n + "b",
    "strikes": lambda n: "~~a " * (n // 4),
    "backticks of all lengths": lambda n: "".join("`" * i + " " for i in range(1, round((2 * n) ** 0.5))),
    "lone backticks": lambda n: "`a ``b " * (n // 7),
    "a fence that is none": lambda n: "`" * n + "a`",
    "backslashes": lambda n: "\\" * n,
    "open math": lambda n: "\\(a" * (n // 3),
    "dollars": lambda n: "$a " * (n // 3),
    "display math without end": lambda n: "$$\n" + "a + b\n" * (n // 6),
    "broken entities": lambda n: "&a" * (n // 2),
    "entities": lambda n: "&amp;&#x41;&nosuch;" * (n // 19),
    "html tags": lambda n: "<a " * (n // 3),
    "html attributes": lambda n: "<a b='" * (n // 6),
    "comments": lambda n: "<!-- " * (n // 5),
    "declarations": lambda n: "<!A " * (n // 4),
    "processing instructions": lambda n: "<?" * (n // 2),
    "an html block without end": lambda n: "<script>\n" + "a\n" * (n // 2),
    "autolinks": lambda n: "<https://a" * (n // 10),
    "pipes": lambda n: "|" * n,
    "a table of many columns": lambda n: "| a " * (n // 12) + "|\n" + "|---" * (n // 12) + "|\n" + "| b " * (n // 12),
    "a table of many rows": lambda n: "|a|b|\n|-|-|\n" + "|c|d|\n" * (n // 6),
    "short rows of a wide table": lambda n: "|a" * (n // 16) + "|\n" + "|-" * (n // 16) + "|\n" + "|b|\n" * (n // 64),
    "heads of tables": lambda n: "| a |\n" * (n // 6),
    "spaces in a line of dashes": lambda n: "| a |\n|-" + " " * n + "x",
    "paragraph or heading": lambda n: "a\n===\n" * (n // 6),
    "underlines": lambda n: "===\n" * (n // 4),
    "a paragraph before its underline": lambda n: "a b\n" * (n // 4) + "===\n",
    "rules": lambda n: "---\n" * (n // 4),
    "a rule that is none": lambda n: "* " * (n // 2) + "x",
    "quotes and spaces": lambda n: ">  " * (n // 3),
    "a long heading": lambda n: "# " + "a " * (n // 2),
    "a long row": lambda n: "|a|\n|-|\n|" + "b " * (n // 2),
    "a long fence": lambda n: "```" + "a " * (n // 2) + "\nb\n```",
    "a long underline": lambda n: "a\n" + "=" * n,
    "fences": lambda n: "```\n" * (n // 4),
    "fences in items": lambda n: "- ```\n" * (n // 6),
    "fences of other kinds": lambda n: "~~~\n```\n" * (n // 8),
    "spaces": lambda n: " " * n + "x",
    "spaces at the end of a heading": lambda n: "# a" + " " * n + "b",
    "signs at the end of a heading": lambda n: "# a " + "#" * n,
    "tabs": lambda n: "\t" * n,
    "tabs in items": lambda n: "-\ta\n" * (n // 4),
    "blank lines": lambda n: "\n" * n,
    "returns": lambda n: "\r" * n,
    "line ends of all kinds": lambda n: "a\r\nb\rc\n\x0cd\v\x85\u2028" * (n // 12),
    "nulls": lambda n: "\0" * n,
    "one line": lambda n: "a" * n,
    "one line of words": lambda n: "word " * (n // 5),
    "one item of words": lambda n: "- " + "word **bold** " * (n // 14),
    "one line of chinese": lambda n: "日本語" * (n // 3),
    "combining marks in a heading": lambda n: "# e" + "\u0301" * n,
    "combining marks": lambda n: "e" + "\u0301" * n,
    "a mark on each letter": lambda n: "e\u0301" * (n // 2),
    "joiners": lambda n: "👩\u200d" * (n // 2),
    "zero width": lambda n: "a\u200b\u2060\ufeff" * (n // 4),
    "tags": lambda n: "\U0001f3f4" + "\U000e0061" * n,
    "right to left": lambda n: "\u202eא\u200f" * (n // 3),
    "escapes": lambda n: "\x1b]8;;\x07" * (n // 6),
    "surrogates": lambda n: "\ud800" * n,
    "a strange info": lambda n: "```" + "x" * n + "\ncode\n```\n",
    "a line of code": lambda n: "```python\n" + "x = 1; " * (n // 7),
    "blanks in python": fence("python", " \n"),
    "strings in python": fence("python", '"""'),
    "open strings in python": fence("python", "'\\"),
    "brackets in python": fence("python", "(["),
    "blanks in c": fence("c", " \n"),
    "comments in c++": fence("cpp", "/*"),
    "names in java": fence("java", "a\n"),
    "names in c#": fence("csharp", "a "),
    "generics in typescript": fence("typescript", "a<"),
    "anchors in yaml": fence("yaml", "&"),
    "strings in javascript": fence("js", '"\\'),
    "templates in javascript": fence("js", "`${"),
    "entities in xml": fence("xml", "&"),
    "scripts in html": fence("html", "<script>"),
    "matches in perl": fence("perl", "m{"),
    "here-documents in bash": fence("bash", "<<A\n"),
    "brackets in json": fence("json", "["),
    "emphasis in markdown": fence("markdown", "*a **b"),
}  # fmt: skip


# Those of which the suite counts the work; DEEPCHAT_HOSTILE=1 counts that of all, and of more text.
WORST = (
    "short rows of a wide table", "blank lines in deep lists", "a rule that is none", "open links", "open emphasis",
    "titles without end", "names in java",
)  # fmt: skip
# Those of which a step was much work: too many marks before each row, brackets looked for again and again, and lines
# that were held to their end.
LARGEST = (
    "lazy lines", "lazy lines in lists", "brackets on lines", "brackets of which few are closed", "images on lines",
    "combining marks in a heading", "definitions that are none",
)  # fmt: skip
EVERY = "DEEPCHAT_HOSTILE" in os.environ
SIZE = 16_000 if EVERY else 4_000  # characters

STEP = 400  # characters between two frames
BURST = 4_000  # as many as are drawn in one go


class Counted:
    """Counts the calls made inside, of Python and of C: the same text makes the same number on every machine."""

    def __init__(self):
        self.calls = 0

    def __enter__(self):
        sys.setprofile(self._count)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)

    def _count(self, frame, event, argument):
        self.calls += event in ("call", "c_call")


def arrived(text):
    """The reply, when all of it has come, and what has been printed of it."""
    reply = Reply(width=80, height=24, theme=THEME)
    out = []
    for at in range(0, len(text), STEP):
        reply.text(text[at : at + STEP])
        out.append(reply.frame().commit)
    out.append(reply.finish().commit)
    return reply, "".join(out)


def uncoloured(out):
    """Whether code is coloured, and what is said of it, is a question of time."""
    return bare(out).partition("\n\nSome code was too long or too slow")[0].rstrip("\n")


def calls(text):
    with Counted() as work:
        arrived(text)
    return work.calls


@pytest.mark.parametrize("name", HOSTILE if EVERY else WORST)
def test_twice_the_text_is_twice_the_work(name):
    small, large = (calls(HOSTILE[name](size)) for size in (SIZE, 2 * SIZE))
    assert large <= 2.4 * small + 20_000


@pytest.mark.parametrize("name", HOSTILE if EVERY else LARGEST)
def test_no_step_is_much_work(name):
    text = HOSTILE[name](6 * BURST)
    reply = Reply(width=80, height=24, theme=THEME)
    largest = 0
    for at in range(0, len(text), BURST):
        with Counted() as work:
            reply.text(text[at : at + BURST])
            reply.frame()
        largest = max(largest, work.calls)
    with Counted() as work:
        reply.finish()
    assert max(largest, work.calls) < 600_000


# Lines that began like a rule, a heading, a fence, a part of a table, and go on.
LONG_LINES = (
    "* " * 3_000, "-" * 6_000, "a\n" + "=" * 6_000, "# " + "a" * 6_000, "```" + "a" * 6_000, ">  " * 3_000,
    "a|" * 60 + "b" * 6_000 + "\n" + "-|" * 61, "|a|\n|-|\n|" + "b" * 6_000,
)  # fmt: skip


@pytest.mark.parametrize("text", LONG_LINES)
def test_what_a_line_is_is_not_waited_for_without_end(text):
    reply = Reply(width=80, height=24, theme=THEME)
    reply.text(text)
    seen = bare(reply.frame().commit)
    assert len(seen) > len(text) // 2 > 2_000
    char = text.strip()[-1]
    assert f"{seen}{bare(reply.finish().commit)}".count(char) >= text.count(char) - 40


@pytest.mark.parametrize("text", LONG_LINES)
@pytest.mark.parametrize("size", [30, 700, 3_999])
def test_a_long_line_is_the_same_however_it_is_cut_and_its_code_blocks_too(text, size):
    text += "\n    x\n\n```\ny\n```\n"
    reply = Reply(width=80, height=24, theme=THEME)
    seen = ""
    for at in range(0, len(text), size):
        reply.text(text[at : at + size])
        seen += reply.frame().commit
    seen += reply.finish().commit
    assert seen == render_markdown(text, 80, THEME)
    assert bare(seen).count(" · ") == len(reply.blocks)


@pytest.mark.parametrize("name", HOSTILE)
def test_all_text_is_there(name):
    text = HOSTILE[name](4_000)
    reply, out = arrived(text)
    assert uncoloured(out) == uncoloured(render_markdown(text, 80, THEME))
    text = clean(text)
    assert reply.work.chars <= 4 * len(text) + 11 * 8_000
    shown, source = Counter(bare(out)), Counter(re.sub(r"&\w+;|&#x\w+;", "", text))
    lost = {char for char in source if char.isalpha() and shown[char] < source[char]}
    assert not lost


@pytest.mark.parametrize("unit", ["<!A ", "<é ", "<א "])
def test_a_long_line_of_html_is_one_short_step(unit):
    with Counted() as work:
        render_markdown("<!A " + unit * 20_000, 80, THEME)
    assert work.calls < 80_000


def test_ten_million_characters_without_a_newline_are_all_there():
    reply = Reply(width=80, height=24, theme=THEME)
    seen = 0
    for _ in range(10):
        reply.text("a" * 1_000_000)
        seen += reply.frame().commit.count("a")
    assert seen + reply.finish().commit.count("a") == 10_000_000


def test_a_hundred_thousand_blank_lines_are_one():
    assert bare(arrived("a" + "\n" * 100_000 + "b")[1]) == "a\n\nb\n"
