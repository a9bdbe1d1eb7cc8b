"""Markdown made up for the tests: mixed replies, soup, shapes that grow, and ways to cut them."""

import json
import os
import random
import re
from itertools import count
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
SPEC = DATA / "commonmark_spec.json"
EXAMPLES = json.loads(SPEC.read_text(encoding="utf-8")) if SPEC.exists() else []

# These use a link reference before its definition: while it streams, the definition is not there yet.
FORWARD_REFERENCES = frozenset(
    {
        23,
        33,
        203,
        204,
        214,
        218,
        *range(527, 536),
        539,
        540,
        542,
        543,
        549,
        *range(553, 563),
        565,
        566,
    }
    | {*range(568, 572), 573, 576, 577, *range(582, 590), 591, 593}
)


def documents(number):
    """The settings for a law: `number` documents, or as many as DEEPCHAT_DOCS says."""
    most = int(os.environ.get("DEEPCHAT_DOCS", number))
    return settings(max_examples=most, deadline=None, database=None)


FRAGMENTS = (
    "# Title", "## **Bold** title", "Setext", "===", "---", "- ", "- item", "  - nested", "    - deep", "1. one", "9. nine",
    "10) ten", "+ plus", "* star", "> quote", "> > deep", ">", "```", "```python", "~~~", "````", "def f(x):", "    return 1",
    "\treturn 2", '    """doc', "x = {1: 'a'}", "| a | b |", "|---|:-:|", "| 1 | **2** | 3 |", "a | b", "--|--",
    "**bold**", "*it* _em_ ***both***", "`code`", "`` a ` b ``", "~~gone~~", "[link](http://example.com)", "[ref]",
    "![alt](pic.png)", "<https://auto.link/x>", "List<int> <T>", "<div>", "</div>", "<!-- note", "-->", "<b>x</b>",
    "$\\alpha_1 * 2$", "$$", "x + y", "\\[", "\\]", "\\begin{align}", "a &= b \\\\", "\\end{align}", "\\(a\\_b\\)", "it costs $5 and $10", "a * b", "a_b_c", "\\* literal",
    "&amp; &#x202e; &ZeroWidthSpace; &#13;", "日本語のテキストです。", "emoji 👩‍👩‍👧 ❤️ 🏳️‍🌈 ok", "e\u0301a\u0308", "שלום עולם", "word " * 9,
    "verylongword" * 12, "[ ] todo", "- [x] done", "- [ ] **open**", "", "", "   ", "trailing  ", "back\\", "[^1]", "[^1]: note",
    "***", "___", "    code", "2.", "-", "#", "####### seven", "**open", "`open", "[open](http://", "a\tb", "\x1b[31mred",
)  # fmt: skip
GLUE = ("\n", "\n", "\n", "\n\n", "\n\n", "\n> ", "\n  ", " ", "", "\r\n", "\n    ", "\n- ")

soup = st.lists(st.tuples(st.sampled_from(FRAGMENTS), st.sampled_from(GLUE)), max_size=24).map(
    lambda parts: "".join(fragment + glue for fragment, glue in parts)
)
noise = st.text(
    alphabet=st.sampled_from("ab *_`~[]()<>!|#-+=:\\$&\n\n\t 1.日👩\u200d\u0301\x1b\r"), max_size=80
)
texts = st.one_of(soup, soup, soup, noise)


# Blocks of which each word can be told from all others: № is its number.
BLOCKS = (
    "w№ w№ **w№ w№** w№\n\n", "w№ `w№` w№\nw№ *w№* w№\n\n", "# w№ w№\n\n", "w№ w№\n===\n\n", "- w№ w№\n- w№\n  w№\n",
    "- w№\n  - w№\n    - w№ w№\n\n", "9. w№\n10. w№ w№\n\n", "- [ ] w№\n- [x] w№\n\n", "> w№ w№\n> w№\n\n", "> - w№\n>\n>   w№\n\n",
    "```python\nw№ = w№\n\n\tw№\n```\n", "- w№\n  ```\n  w№ w№\n  ```\n", "    w№\n    w№\n\n", "<div>\nw№ w№\n</div>\n\n",
    "| w№ | w№ |\n|---|---|\n| w№ | w№ |\n| w№ | **w№** |\n\n", "$$\nw№ + w№\n$$\n\n", "[w№](/u) w№ w№\n\n",
    "***\n\n", "w№ " * 60 + "\n\n", "![w№](e.png) <b>w№</b> w№\n\n", "~~w№~~ [^1] w№ & w№\n\n", "[a]: /u\nw№ [a] w№\n\n",
)  # fmt: skip


def numbered(blocks):
    """The blocks as one text, their words numbered in order."""
    number = count(1)
    return re.sub("№", lambda _: str(next(number)), "".join(blocks))


def mixture(seed):
    """Some of everything, the same for the same seed."""
    dice = random.Random(seed)
    parts = [
        numbered(dice.choices(BLOCKS, k=6)),
        "".join(dice.choice(FRAGMENTS) + dice.choice(GLUE) for _ in range(30)),
        *(example["markdown"] for example in dice.sample(EXAMPLES, min(3, len(EXAMPLES)))),
    ]
    dice.shuffle(parts)
    return "\n\n".join(parts)


told = st.lists(st.sampled_from(BLOCKS), max_size=12).map(numbered)


def cut(text, seed):
    """The text in random pieces: single characters, tokens, or big ones."""
    dice = random.Random(seed)
    most = dice.choice((1, 4, 12, 80, 400))
    pieces, at = [], 0
    while at < len(text):
        size = dice.randint(1, most)
        pieces.append(text[at : at + size])
        at += size
    return pieces


# One block that grows, in each shape; the argument is its size.
shapes = {
    "mixed": lambda n: "".join(f"# Head {i}\n\nSome *words* and `code` {i}.\n\n- a\n- b\n\n```py\nx = {i}\n```\n\n" for i in range(n)),
    "list": lambda n: "".join(f"- item {i} with **bold** words\n" for i in range(4 * n)),
    "endless item": lambda n: "- " + "some words and **bold** ones " * (6 * n),
    "nested item": lambda n: "- start\n" + "".join(f"  - item {i} with **bold** words\n" for i in range(4 * n)),
    "fence": lambda n: "```python\n" + "    return foo(bar, 'x') + 1\n" * (4 * n) + "```\n",
    "fence in a list": lambda n: "- x\n\n  ```python\n" + "      return foo(bar)\n" * (4 * n) + "  ```\n",
    "endless code line": lambda n: "```python\n" + "x = 1 + " * (20 * n),
    "quote": lambda n: "".join(f"> line {i} with **bold** words and more\n" for i in range(4 * n)),
    "paragraph": lambda n: "word and **bold** `code` things " * (6 * n),
    "paragraph of lines": lambda n: "word and **bold** `code` things\n" * (6 * n),
    "open markup": lambda n: "word *and more " * (10 * n),
    "no spaces": lambda n: "abcd" * (40 * n),
    "chinese": lambda n: "日本語のテキスト、" * (20 * n),
    "table": lambda n: "| a | b |\n|---|---|\n" + "| cell | **two** words |\n" * (4 * n),
    "html": lambda n: "<div>\n" + "<p>some text</p>\n" * (6 * n),
    "definitions": lambda n: "".join(f"[a{i}]: http://example.com/{i}\n" for i in range(3 * n)),
}  # fmt: skip
