"""Markdown made up for the tests: mixed replies, soup, hostile texts, and ways to cut them."""

import json
import os
import random
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
SPEC = DATA / "commonmark_spec.json"
EXAMPLES = json.loads(SPEC.read_text(encoding="utf-8")) if SPEC.exists() else []

# These use a link reference before its definition: while it streams, the definition is not there yet.
FORWARD_REFERENCES: frozenset[int] = frozenset()


def documents(count):
    """The settings for a law: `count` documents, or as many as DEEPCHAT_DOCS says."""
    most = int(os.environ.get("DEEPCHAT_DOCS", count))
    return settings(max_examples=most, deadline=None, database=None)


FRAGMENTS = (
    "# Title", "## **Bold** title", "Setext", "===", "---", "- ", "- item", "  - nested", "    - deep", "1. one", "9. nine",
    "10) ten", "+ plus", "* star", "> quote", "> > deep", ">", "```", "```python", "~~~", "````", "def f(x):", "    return 1",
    "\treturn 2", '    """doc', "x = {1: 'a'}", "| a | b |", "|---|:-:|", "| 1 | **2** | 3 |", "a | b", "--|--",
    "**bold**", "*it* _em_ ***both***", "`code`", "`` a ` b ``", "~~gone~~", "[link](http://example.com)", "[ref]",
    "![alt](pic.png)", "<https://auto.link/x>", "List<int> <T>", "<div>", "</div>", "<!-- note", "-->", "<b>x</b>",
    "$\\alpha_1 * 2$", "$$", "x + y", "\\[", "\\]", "\\(a\\_b\\)", "it costs $5 and $10", "a * b", "a_b_c", "\\* literal",
    "&amp; &#x202e; &ZeroWidthSpace; &#13;", "日本語のテキストです。", "emoji 👩‍👩‍👧 ❤️ 🏳️‍🌈 ok", "e\u0301a\u0308", "שלום עולם", "word " * 9,
    "verylongword" * 12, "[ ] todo", "- [x] done", "- [ ] **open**", "", "", "   ", "trailing  ", "back\\", "[^1]", "[^1]: note",
    "***", "___", "    code", "2.", "-", "#", "####### seven", "**open", "`open", "[open](http://", "a\tb", "\x1b[31mred",
)  # fmt: skip
GLUE = ("\n", "\n", "\n", "\n\n", "\n\n", "\n> ", "\n  ", " ", "", "\r\n", "\n    ", "\n- ")

soup = st.lists(st.tuples(st.sampled_from(FRAGMENTS), st.sampled_from(GLUE)), max_size=24).map(
    lambda parts: "".join(fragment + glue for fragment, glue in parts)
)
noise = st.text(alphabet=st.sampled_from("ab *_`~[]()<>!|#-+=:\\$&\n\n\t 1.日👩\u200d\u0301\x1b\r"), max_size=80)
texts = st.one_of(soup, soup, soup, noise)


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
