"""Law: every character of the source that is no markup is on the screen, in its order, whatever the width.

Documents are made together with what must be seen of them; no character of the marks that are drawn (bars, bullets) is
in that. What is in a table may stand in other rows, so of tables each word is looked for.
"""

import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from deepchat.render.reply import render_markdown
from deepchat.render.theme import THEMES
from tests.render.documents import documents, texts

THEME = THEMES["ansi"]
widths = st.integers(20, 200)

_ESCAPE = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;;[^\x1b]*\x1b\\")
_DRAWN = re.compile(r"[\s│─┼•◦▪✓☐]")


def joined(text):
    """The text without white space, and without what is drawn around it."""
    return _DRAWN.sub("", text)


def on_screen(text, width, **options):
    return joined(_ESCAPE.sub("", render_markdown(text, width, THEME, **options)))


# --- markdown, with what must be seen of it: pairs of source and words -----------------------------------------------

words = st.sampled_from(
    [
        "plain",
        "List<int>",
        "<T>",
        "a<b",
        "a_b_c",
        "*",
        "C++",
        "f(x)",
        "x[0]",
        "{y}",
        "#tag",
        "50%",
        "$5",
        "user@host",
        "AT&T",
        "it's",
        '"so"',
        "Größe",
        "señor",
        "naïve",
        "Ελλάδα",
        "שלום",
        "مرحبا",
        "日本語のテキスト、句読点。",
        "한국어",
        "👩\u200d💻",
        "🏳️\u200d🌈",
        "🇯🇵",
        "⚠️",
        "é",
        "Z̸͙",
        "~/.config",
        "C:\\dir",
        "...",
        "--",
        "=>",
        "a|b",
        "1.5",
        "2024-01-02",
        "[1]",
        "[^1]",
        "!important",
        "$\\alpha_1*2*3$",
        "\\(a\\_b\\)",
        "$$x*y*z$$",
        "\\[n!\\]",
        "https://a.b/c_d_(e)",
        "http://localhost:80/?q=1&r=*s*",
        "&nosuch;",
        "<br>",
        "<!--x-->",
        "verylongwordverylongwordverylongwordverylongwordverylongword",
    ]
).map(lambda word: (word, [word]))


def _marked(before, after):
    return lambda word: (f"{before}{word}{after}", [word])


simple = st.sampled_from(["one", "two", "three", "four", "five"])
inlines = st.one_of(
    words,
    words,
    simple.map(_marked("**", "**")),
    simple.map(_marked("*", "*")),
    simple.map(_marked("***", "***")),
    simple.map(_marked("~~", "~~")),
    simple.map(_marked("`` ` ", " ``")),
    st.sampled_from(["x < y", "List<int>", "**no**", "a | b", "&amp;", "\\n"]).map(
        _marked("`", "`")
    ),
    simple.map(lambda word: (f"[{word}](https://c.d/{word} 'T')", [word, f"(https://c.d/{word}"])),
    simple.map(lambda word: (f"![{word}](pic.png)", ["image:", word, "(pic.png)"])),
    st.sampled_from("*_`#!|~&<").map(_marked("\\", "")),
)


def together(parts, glue):
    return glue.join(source for source, _ in parts), [word for _, seen in parts for word in seen]


lines = st.lists(inlines, min_size=1, max_size=8).map(lambda parts: together(parts, " "))
# A word at the head keeps the line from being something else.
prose = st.tuples(simple, lines).map(
    lambda parts: (f"{parts[0]} {parts[1][0]}", [parts[0], *parts[1][1]])
)
paragraphs = st.lists(prose, min_size=1, max_size=4).map(lambda parts: together(parts, "\n"))
headings = st.tuples(st.integers(1, 6), prose).map(
    lambda it: ("#" * it[0] + " " + it[1][0], it[1][1])
)
code_lines = st.sampled_from(
    [
        "",
        "x = 1",
        "\tif a < b:",
        "    return '**no**'",
        "<div>",
        "| a | b |",
        "# no heading",
        "&amp;",
        "z" * 90,
    ]
)
fences = st.tuples(st.sampled_from(["python", "", "rust"]), st.lists(code_lines, max_size=5)).map(
    lambda it: (f"```{it[0]}\n" + "".join(f"{line}\n" for line in it[1]) + "```", [it[0], *it[1]])
)
html = st.sampled_from(
    [
        ("<details>\n<summary>More</summary>", ["<details>", "<summary>More</summary>"]),
        ("<div class='a'>\n*no* `code`\n</div>", ["<div class='a'>", "*no* `code`", "</div>"]),
        ("<!-- a\nb -->", ["<!-- a", "b -->"]),
    ]
)
math = st.sampled_from([("$$\na_1 * b_2 * c\n$$", ["$$", "a_1 * b_2 * c", "$$"])])
definitions = st.just(('[ref]: https://e.f "Title"', ['[ref]: https://e.f "Title"']))
leaves = st.one_of(paragraphs, paragraphs, headings, fences, html, math, definitions)


def _indented(text, mark):
    first, *rest = text.split("\n")
    return "\n".join([mark + first, *(f"  {line}" if line else line for line in rest)])


def _list(parts):
    """Items of which each begins with a word, since what begins a task or a block would be one."""
    mark, items = parts
    return together(
        [(_indented(f"item {source}", mark), ["item", *seen]) for source, seen in items], "\n"
    )


def _quote(part):
    source, seen = part
    return "\n".join(f"> {line}".rstrip() for line in source.split("\n")), seen


def _nested(inner):
    documents = st.lists(inner, min_size=1, max_size=3).map(lambda parts: together(parts, "\n\n"))
    begun = st.tuples(prose, documents).map(lambda parts: together(parts, "\n\n"))
    marks = st.sampled_from(["- ", "* ", "+ ", "- [ ] ", "- [x] "])
    return st.one_of(
        st.tuples(marks, st.lists(begun, min_size=1, max_size=3)).map(_list),
        documents.map(_quote),
    )


blocks = st.recursive(leaves, _nested, max_leaves=8)
made = st.lists(blocks, min_size=1, max_size=6).map(lambda parts: together(parts, "\n\n"))


@documents(100)
@given(made, widths)
def test_every_word_is_on_the_screen_in_its_order(document, width):
    source, seen = document
    screen, at = on_screen(source, width), 0
    for word in map(joined, seen):
        at = screen.find(word, at)
        assert at >= 0, word
        at += len(word)


# In a table `<br>` is drawn as the break that it is.
cells = st.lists(inlines.filter(lambda it: not re.search(r"\||<br", it[0])), max_size=4).map(
    lambda parts: together([("x", ["x"]), *parts], " ")
)
tables = st.integers(1, 9).flatmap(
    lambda columns: st.lists(
        st.lists(cells, min_size=columns, max_size=columns), min_size=2, max_size=40
    )
)


@documents(60)
@given(tables, widths)
def test_every_character_of_a_table_is_on_the_screen(rows, width):
    head, *body = ["|".join(source for source, _ in row) for row in rows]
    source = "\n".join(f"|{row}|" for row in (head, "|".join(["---"] * len(rows[0])), *body))
    seen = Counter(joined("".join(word for row in rows for _, words in row for word in words)))
    assert seen <= Counter(on_screen(source, width))


# Letters that are markup: of entities, of tasks, and the labels of links whose definition has come.
_MARKUP = re.compile(r"&#?\w{1,31};|\[[xX]\]")


@documents(300)
@given(texts.filter(lambda text: "]:" not in text.replace("[^1]:", "")), widths)
def test_every_letter_of_any_text_is_on_the_screen(text, width):
    letters = Counter(filter(str.isalpha, _MARKUP.sub("", text)))
    assert letters <= Counter(on_screen(text, width))
