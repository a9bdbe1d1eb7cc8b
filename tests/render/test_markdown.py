"""How markdown looks, at a fixed width, without escapes."""

import re

import pytest

from deepchat.render.reply import Reply, render_markdown
from deepchat.render.theme import THEMES

THEME = THEMES["ansi"]


def seen(text, width=40, **options):
    painted = render_markdown(text, width, THEME, **options)
    return re.sub(r"\x1b\[[0-9;]*m|\x1b\]8;;[^\x1b]*\x1b\\", "", painted).removesuffix("\n")


LOOKS = {
    "blocks have one blank line between them": ("# A\ntext\n***\n\n\n\nmore", f"A\n\ntext\n\n{'─' * 39}\n\nmore"),
    "line breaks are kept": ("a poem\nof two lines", "a poem\nof two lines"),
    "bullets differ by depth": ("- a\n  - b\n    - c\n      - d", " • a\n    ◦ b\n       ▪ c\n          • d"),
    "items hang": ("- " + "word " * 9, " • word word word word word word word\n   word word"),
    "numbers begin anywhere": ("9. nine\n10. ten", " 9. nine\n10. ten"),
    "items keep their blank lines": ("- a\n\n- b\n- c", " • a\n\n • b\n • c"),
    "tasks have boxes": ("- [ ] open\n- [x] done\n- [y] text", " ☐ open\n ✓ done\n • [y] text"),
    "numbered tasks have numbers and boxes": ("1. [ ] open\n2. [x] done\n   more", " 1. ☐ open\n 2. ✓ done\n      more"),
    "an empty item has its mark": ("- a\n-\n- b", " • a\n • \n • b"),
    "a gap behind an empty item": ("-\n\n- b", " • \n\n • b"),
    "quotes have bars": ("> a\n> > b\n>\n> c", "│ a\n│ │ b\n│\n│ c"),
    "a list in a quote, a quote in a list": ("> - a\n\n- > b", "│  • a\n\n • │ b"),
    "code is labelled and numbered": ("```py\nx\n```\n\n    y", "py · 1\nx\n\ncode · 2\ny"),
    "empty code is its label": ("```py\n```", "py · 1"),
    "code and its label stand at the left": ("1. a\n\n   ```py\n   x\n   ```\n2. b", " 1. a\n\npy · 1\nx\n\n 2. b"),
    "an item that is code has its mark": ("- a\n- ```py\n  x\n  ```\n- b", " • a\n\n • py · 1\nx\n\n • b"),
    "there is air around code in a list": ("- a\n  ```py\n  x\n  ```\n  b\n- c", " • a\n\npy · 1\nx\n\n   b\n • c"),
    "there is air around code in a quote": ("> a\n> ```py\n> x\n> ```\n> b", "│ a\n│\npy · 1\nx\n│\n│ b"),
    "there is air between two blocks of code": ("- ```\n  x\n  ```\n  ```\n  y\n  ```", " • code · 1\nx\n\ncode · 2\ny"),
    "code in a quote": ("> a\n>\n> ```py\n> x\n> ```\n>\n> b", "│ a\n│\npy · 1\nx\n│\n│ b"),
    "code that ends in a blank line": ("- a\n  ```\n  x\n\n- b\n- c", " • a\n\ncode · 1\nx\n\n • b\n • c"),
    "images show text and address": ("![a cat](cat.png)", "image: a cat (cat.png)"),
    "an image's text may hold entities and images": ("![a &lt; \\* ![b &amp;](c.png)](d.png)", "image: a < * image: b & (c.png) (d.png)"),
    "an image without text": ("![](cat.png)", "image: (cat.png)"),
    "definitions are shown": ("[a]: /u\n\n[a]", "[a]: /u\n\na (/u)"),
    "footnotes are text": ("See[^1].\n\n[^1]: /note", "See[^1].\n\n[^1]: /note"),
    "a footnote below a definition": ("[a]: /u\n[^1]: /n", "[a]: /u\n[^1]: /n"),
    "html is shown": ("<b>x</b>\n\n<div>\n  y\n</div>", "<b>x</b>\n\n<div>\n  y\n</div>"),
    "a heading defines nothing": ("# [a]: /u", "[a]: /u"),
    "headings are on the left": ("## A `b`\n\nSetext\n===", "A b\n\nSetext"),
    "a table": ("|a|b|\n|-|-:|\n|x|10|\n|yy|5|", "a  │  b\n───┼───\nx  │ 10\nyy │  5"),
    "a table behind a gap": ("- a\n\n  |b|\n  |-|\n  |c|\n\n> d\n>\n> |e|\n> |-|", " • a\n\n   b\n   ─\n   c\n\n│ d\n│\n│ e\n│ ─"),
    "a table right below text": ("- a\n\n  b\n  |c|\n  |-|", " • a\n\n   b\n   c\n   ─"),
    "missing and superfluous cells": ("|a|b|\n|-|-|\n|x|\n|y|z|!|", "a │ b\n──┼──────\nx │ \ny │ z | !"),
    "breaks in cells": ("|a|b|\n|-|-|\n|w<br>x<br/>y <br /> z|`<br>` \\<br>|\n|v<BR>|", "a │ b\n──┼──────────\nw │ <br> <br>\nx │ \ny │ \nz │ \n  │ \nv │ "),
    "breaks elsewhere are shown": ("a<br>b", "a<br>b"),
    "a table without rows": ("|a|b|\n|-|-|", "a │ b\n──┼──"),
    "display math is verbatim": ("$$\na\n+ b\n$$", "$$\na\n+ b\n$$"),
    "chinese breaks anywhere but before a stop": ("日本" * 9 + "日。本", "日本" * 9 + "\n日。本"),
    "deep nesting keeps room for text": ("> " * 20 + "text", "│ " * 15 + "text"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOKS)
def test_looks(name):
    text, look = LOOKS[name]
    assert seen(text) == look


PLAIN = {
    "headings and code keep their signs": ("# A `b`", "# A `b`"),
    "no boxes": ("- a\n- [x] b\n\n> c\n\n---", " - a\n [x] b\n\n> c\n\n---"),
    "numbered tasks": ("1. [ ] a\n2. [x] b", " 1. [ ] a\n 2. [x] b"),
    "breaks in records": ("|a|b|\n|-|-|\n|x<br>y|z|", "a: x\n  y\nb: z"),
    "tables are records": ("|a|b|\n|-|-|\n|x|y|\n|z||", "a: x\nb: y\n\na: z"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_looks(name):
    text, look = PLAIN[name]
    assert seen(text, plain=True) == look


def test_cells_wrap_by_words():
    text = "| name | what it is |\n|---|---|\n| apple | a round fruit that grows on a tree |"
    assert seen(text, 30).splitlines() == [
        "name  │ what it is",
        "──────┼──────────────────────",
        "apple │ a round fruit that",
        "      │ grows on a tree",
    ]


def test_there_is_air_between_the_rows_of_a_table_when_one_of_them_wraps():
    text = "| a | b |\n|---|---|\n| one | word word word |\n| two | x |\n" + "| n | y |\n" * 30
    lines = seen(text, 18).splitlines()
    assert lines[2:7] == ["one │ word word", "    │ word", "    │ ", "two │ x", "    │ "]
    assert lines[-3:] == ["n   │ y", "    │ ", "n   │ y"]


def test_a_table_that_does_not_fit_becomes_records_and_loses_nothing():
    head = [f"column{n}" for n in range(8)]
    text = "\n".join("|".join(["", *row, ""]) for row in (head, ["---"] * 8, list("abcdefgh")))
    assert seen(text).splitlines() == [
        f"{name}: {cell}" for name, cell in zip(head, "abcdefgh", strict=True)
    ]


def test_a_long_table_keeps_the_widths_of_its_first_rows():
    rows = [f"| {n} | short |" for n in range(40)]
    lines = seen(
        "| n | text |\n|---|---|\n" + "\n".join(rows) + "\n| 40 | much longer text |"
    ).splitlines()
    assert len({line.index("│") for line in lines if "│" in line}) == 1
    assert "".join(line.split("│")[1].strip() for line in lines[-3:]) == "muchlongertext"


WORDY = "word " * 30


@pytest.mark.parametrize(
    "cells",
    [("{n}", WORDY), (WORDY, "{n}"), ("{n}", "x"), ("{n}", WORDY, "no", "{n}"), ("**{n}**", WORDY)],
)
def test_numbers_that_grow_in_a_long_table_are_not_torn(cells):
    rows = ["|".join(cells).format(n=n) for n in [*range(1, 60), 498, 1234]]
    head = ["|".join("abcd"[: len(cells)]), "|".join("-" * len(cells))]
    assert {"498", "1234"} <= set(seen("\n".join([*head, *rows]), 60).split())


def test_a_long_paragraph_keeps_markup_that_goes_on_for_a_while():
    text = "word " * 180 + "**" + "bold " * 60 + "end** " + "word " * 100
    assert "*" not in seen(text)


def test_markup_that_never_ends_is_shown_as_text():
    text = "**" + "word " * 2_000
    assert seen(text).split() == ("**" + "word " * 2_000).split()


def test_math_and_the_tags_of_html_stand_out_from_the_text_around_them():
    painted = render_markdown("so $a_1$\n\n<p>\nsome <b>text</b>\n</p>", 40, THEME)
    assert THEME.math.render("$a_1$") in painted
    assert f"some {THEME.dim.render('<b>')}text{THEME.dim.render('</b>')}" in painted


def test_done_and_open_tasks_differ_in_shape_and_in_colour():
    painted = render_markdown("- [x] a\n- [ ] b", 40, THEME)
    assert THEME.done.render(" ✓ ") in painted
    assert THEME.bullet.render(" ☐ ") in painted


def widest(text, **options):
    return max(map(len, seen(text, 200, **options).splitlines()))


@pytest.mark.parametrize("text", ["word " * 99, "- " + "word " * 99, "> " + "word " * 99, "---"])
def test_text_in_a_wide_window_keeps_a_measure_that_can_be_read(text):
    assert 95 <= widest(text) <= 100
    assert widest(text, measure=180) > 170


def test_tables_and_code_use_the_whole_window():
    assert widest("| a | b |\n|---|---|\n| " + "word " * 25 + "| " + "word " * 10 + "|") > 170
    assert widest("- a\n  ```\n  " + "x" * 180 + "\n  ```") == 180


def test_deep_nesting_in_a_wide_window_keeps_room_for_text():
    lines = seen("> " * 39 + "readable " * 3, 200, measure=40).splitlines()
    assert [line.strip("│ ") for line in lines] == ["readable"] * 3


def plain(text):
    return seen(text, 60, plain=True)


def test_numbers_that_were_written_are_kept_where_they_go_on():
    assert plain("3. Paris\n7. Rome\n7. Oslo\n").split() == [
        "3.",
        "Paris",
        "7.",
        "Rome",
        "8.",
        "Oslo",
    ]
    assert plain("1. a\n1. b\n1. c\n").split() == ["1.", "a", "2.", "b", "3.", "c"]


def test_bars_in_code_part_no_cells_where_there_would_be_too_many():
    shown = plain("| op | is |\n|---|---|\n| `a || b` | or |\n| x | `c | d` |\n| 1 | 2 | 3 |\n")
    assert "`a || b`" in shown
    assert "`c | d`" in shown
    assert "2 | 3" in shown


def test_what_is_struck_through_is_told_where_nothing_can_be_struck_through():
    assert plain("~~50 €~~ 30 €\n") == "~~50 €~~ 30 €"


def test_backticks_in_code_stay_apart_from_those_around_it():
    assert plain("`` `a` ``\n") == "`` `a` ``"


def test_an_environment_of_latex_is_display_math():
    text = "\\begin{align}\na &= b \\\\\nc &= *d*\n\\end{align}\nwhere *d* is"
    assert plain(text) == text.replace("\nwhere *d* is", "\n\nwhere d is")


@pytest.mark.parametrize(
    ("begun", "shown"),
    [
        ("```py", "py · 1"),
        ("- ```py", " • py · 1"),
        ("a `", "a"),
        ("a `b", "a b"),
        ("a `b` `", "a b"),
    ],
)
def test_code_that_only_begins_is_not_drawn_with_marks_that_nobody_wrote(begun, shown):
    drawn = Reply(width=40, height=20, theme=THEME)
    drawn.text(begun)
    assert re.sub(r"\x1b\[[0-9;]*m", "", drawn.frame().live) == shown
