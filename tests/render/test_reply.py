"""The laws of the reply: exact, linear, safe, and nothing lost, on everything markdown can be."""

import json
import random
import re
from collections import Counter

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from deepchat.render.reply import Reply, render_markdown
from deepchat.render.theme import THEMES
from tests.benchmarks.painter import Painter
from tests.emulator import Emulator, bare, text_of, transcript, trimmed
from tests.render.documents import (
    DATA,
    EXAMPLES,
    FORWARD_REFERENCES,
    cut,
    documents,
    shapes,
    texts,
    told,
)
from tests.terminal import ours
from tests.terminal.payloads import ALL

THEME = THEMES["ansi"]
needs_spec = pytest.mark.skipif(not EXAMPLES, reason="the CommonMark examples are not here")


@pytest.fixture(scope="module", autouse=True)
def unhurried():
    """The laws do not depend on how busy the machine is: no lexer is too slow here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deepchat.render.highlight.thread_time", lambda: 0.0)
        yield


widths = st.integers(20, 200)
heights = st.integers(5, 60)


def reply(*, width=80, height=24, **options):
    return Reply(width=width, height=height, theme=THEME, **options)


def frames(text, seed=0, **options):
    """A reply cut into pieces, with a frame after each."""
    drawn = reply(**options)
    out = []
    for piece in cut(text, seed):
        drawn.text(piece)
        out.append(drawn.frame())
    return [*out, drawn.finish()]


def commits(some_frames):
    return "".join(frame.commit for frame in some_frames)


# --- exact -----------------------------------------------------------------------------------------------------------


@documents(300)
@given(texts, widths, heights, st.integers())
def test_the_frames_of_any_cut_add_up_to_the_reply_at_once(text, width, height, seed):
    once = render_markdown(text, width, THEME)
    assert commits(frames(text, seed, width=width, height=height)) == once


@documents(60)
@given(texts, widths, st.integers())
def test_a_plain_reply_has_the_same_law_and_nothing_live(text, width, seed):
    drawn = frames(text, seed, width=width, plain=True)
    assert commits(drawn) == render_markdown(text, width, THEME, plain=True)
    assert not any(frame.live for frame in drawn)
    assert "\x1b" not in commits(drawn)


@needs_spec
@pytest.mark.parametrize("seed", range(2))
def test_all_examples_of_commonmark_are_exact_in_any_cut(seed):
    for example in EXAMPLES:
        text = example["markdown"]
        assert commits(frames(text, seed)) == render_markdown(text, 80, THEME), example["example"]


@needs_spec
def test_only_links_before_their_definition_differ_from_a_parse_of_the_whole_document():
    """The second time a text is read, its definitions are known, as they are to a parse of the whole."""
    different, numbers = set(), re.compile(r"· \d+")
    for example in EXAMPLES:
        text = example["markdown"]
        if "]:" not in text:
            continue
        once = numbers.sub("", render_markdown(text, 80, THEME))
        twice = numbers.sub("", render_markdown(f"{text}\n\n{text}", 80, THEME))
        if not twice.endswith(once):
            different.add(example["example"])
    assert different == FORWARD_REFERENCES


class Striped:
    """Colours every other line, so that a line which is told twice, or not at all, is seen. Knows no time limit."""

    def __init__(self, language, theme):
        self.lines = 0

    def line(self, text):
        self.lines += 1
        return [(text, Style(bold=self.lines % 2 == 0))]

    def peek(self, text):
        return [(text, Style())]


@pytest.mark.parametrize("shape", shapes)
def test_long_replies_of_every_shape_are_exact(shape):
    text = shapes[shape](6)
    once = render_markdown(text, 80, THEME, highlight=Striped)
    assert commits(frames(text, seed=2, highlight=Striped)) == once


def test_what_is_too_dense_only_while_it_arrives_is_not_reported():
    head = "|" + "|".join(["[a " * 60] * 8)
    text = f"{head}|\n{'|---' * 8}|\n"
    once = render_markdown(text, 200, THEME)
    drawn = reply(width=200)
    drawn.text(head)
    drawn.frame()
    drawn.text(text.removeprefix(head))
    assert "too dense" not in once
    assert drawn.finish().commit == once


def test_what_is_too_dense_is_shown_as_written_and_reported_once():
    text = "![a](" * 900
    once = bare(render_markdown(text, 80, THEME))
    assert "".join(once.split()).startswith(text)
    assert once.count("Some markup was too dense") == 1


def test_code_that_stays_plain_is_reported_once_and_not_where_all_is_plain():
    text = f"```python\n{'x' * 5000}\n{'y' * 5000}\n```\n"
    assert bare(render_markdown(text, 80, THEME)).count("Some code was too long or too slow") == 1
    assert "too long" not in render_markdown(text, 80, THEME, plain=True)
    assert "too long" not in bare(render_markdown("```\n" + text[10:], 80, THEME))


class Terminal(Emulator):
    """Paints frames as a caller would, and finds at once what is lost, doubled or out of order."""

    def __init__(self, width, height, final):
        super().__init__(width, height)
        self.final = transcript(final, width)
        self.live = 1

    def paint(self, frame):
        up = f"\x1b[{self.live - 1}A" if self.live > 1 else ""
        wipe = "\x1b[K\x1b[1B" * (self.live - 1) + "\x1b[K"
        self.write(f"\r{up}{wipe}\r{up}{frame.commit}{frame.live}".replace("\n", "\r\n"))
        self.live = frame.live.count("\n") + 1

    def show(self, frame):
        """Paint; above the live rows then stands how the reply at once begins, below them nothing."""
        seen = self.scrolled
        self.paint(frame)
        rows = self.rows(seen)
        committed = self.scrolled - seen + self.cursor.y + 1 - self.live
        assert trimmed(rows[:committed]) == trimmed(self.final[seen : seen + committed])
        shown = [text_of(row) for row in rows[committed:]]
        live = [text_of(row) for row in transcript(f"{frame.live}\n", self.columns)]
        assert shown[: len(live)] == live
        assert not any(shown[len(live) :])


# Terminals differ in how they measure joined emoji, so pyte and we do; and pyte puts a mark at the head of a row on
# the row above.
UNSURE = re.compile("[\u200d\u0300-\u036f]")


@documents(60)
@hypothesis.example("# Title\n- ~~~ # Title # Title\n", 20, 6, 1)
@given(texts, widths, heights, st.integers())
def test_at_every_moment_the_terminal_shows_the_reply_so_far_cell_for_cell(
    text, width, height, seed
):
    text = UNSURE.sub("", text)
    once = render_markdown(text, width, THEME)
    terminal = Terminal(width, height, once)
    for frame in frames(text, seed, width=width, height=height):
        terminal.show(frame)
    assert trimmed(terminal.rows()) == terminal.final


def watched(text, seed):
    """A reply that arrives on a terminal of any size; ends with what it shows."""
    text, dice = UNSURE.sub("", text), random.Random(seed)
    width, height = dice.randint(20, 200), dice.randint(5, 60)
    once = render_markdown(text, width, THEME, highlight=Striped)
    terminal = Terminal(width, height, once)
    for frame in frames(text, seed, width=width, height=height, highlight=Striped):
        terminal.show(frame)
    assert trimmed(terminal.rows()) == terminal.final, (width, height)


@needs_spec
def test_the_examples_of_commonmark_arrive_in_order_on_a_terminal():
    for example in EXAMPLES:
        watched(example["markdown"], seed=example["example"])


@pytest.mark.parametrize("shape", shapes)
def test_long_replies_of_every_shape_arrive_in_order_on_a_terminal(shape):
    watched(shapes[shape](1), seed=4)


def recorded(path):
    """What was said in a recorded stream: answers and reasoning."""
    deltas = re.findall(
        r'"(?:reasoning_)?content": ?("(?:[^"\\]|\\.)*")', path.read_text(encoding="utf-8")
    )
    return "".join(map(json.loads, deltas))


@pytest.mark.parametrize("path", sorted(DATA.glob("streams/*.sse")), ids=lambda path: path.stem)
def test_recorded_streams_are_exact_in_any_cut_on_any_terminal(path):
    text = recorded(path)
    assert commits(frames(text, seed=3)) == render_markdown(text, 80, THEME)
    watched(text, seed=len(text))


# --- live ------------------------------------------------------------------------------------------------------------


@documents(150)
@given(texts, widths, heights, st.integers())
def test_the_live_rows_fit_and_hold_no_links(text, width, height, seed):
    for frame in frames(text, seed, width=width, height=height):
        rows = frame.live.split("\n")
        assert len(rows) <= max(1, min(height - 4, 12))
        assert max(cell_len(bare(row)) for row in rows) <= width - 1
        assert "\x1b]" not in frame.live
        assert "\t" not in frame.live


# Lower terminals leave the open end a row or two; for a moment they hold the rule of a table and the bar below it.
@documents(60)
@given(told, widths, st.integers(7, 60), st.integers())
def test_every_frame_shows_the_newest_word(text, width, height, seed):
    drawn, seen, so_far = reply(width=width, height=height), "", ""
    for piece in cut(text, seed):
        so_far += piece
        drawn.text(piece)
        frame = drawn.frame()
        seen += frame.commit
        newest = re.findall(r"w\d*", so_far)[-1:]
        assert re.findall(r"w\d*", bare(seen + frame.live))[-1:] == newest


def test_every_frame_shows_the_newest_text():
    drawn = reply()
    for number in range(400):
        drawn.text(f"word{number} ")
        frame = drawn.frame()
        assert f"word{number}" in bare(frame.live).split() or frame.commit.endswith(
            f"word{number}\n"
        )


@pytest.mark.parametrize(
    ("text", "live"),
    [
        ("para\n***", "para"),
        ("- a\n-", " • a"),
        ("Some **bold", "Some bold"),
        ("Use `co", "Use co"),
        ("See [the docs](http://exa", "See the docs"),
        ("[the docs", "[the docs"),
        ("- [ ", ""),
        ("```python\nx = 1\n``", ""),
        ("| a |\n|---|\n| one |\n| tw", "a\n───\none\ntw"),
        ("1. one\n2", " 1. one"),
        ("#", ""),
    ],
)
def test_markup_that_is_still_arriving_is_not_shown_as_something_else(text, live):
    drawn = reply()
    drawn.text(text)
    assert bare(drawn.frame().live) == live


def test_of_an_open_table_that_is_too_long_its_head_and_its_newest_rows_are_shown():
    drawn = reply()
    drawn.text(
        "| n | is |\n|---|---|\n" + "".join(f"| {n} | row |\n" for n in range(20)) + "| 20 | be"
    )
    live = bare(drawn.frame().live).split("\n")
    assert len(live) == 12
    assert live[0].startswith("n ")
    assert [row.split(" ")[0] for row in live[2:]] == [
        "0",
        "1",
        "2",
        "3",
        "4",
        "⋮",
        "17",
        "18",
        "19",
        "20",
    ]
    assert drawn.finish().commit.count("row") == 20


def test_a_long_line_of_code_that_arrives_is_shown_by_its_newest_characters():
    drawn = reply(width=30)
    drawn.text("```\n" + "".join(f"a{n} " for n in range(100)))
    assert bare(drawn.frame().live).endswith("a98 a99 ")
    assert "\n" not in drawn.frame().live


def test_definitions_are_printed_when_the_next_begins_and_a_heading_may_follow():
    drawn = reply(plain=True)
    drawn.text("[a]: /u\n'title'\n[b]: /v\n[c")
    assert drawn.frame().commit == "[a]: /u\n'title'\n"
    drawn.text("]: /w\nHeading [b]\n===\n")
    assert drawn.finish().commit == "[b]: /v\n[c]: /w\n# Heading b (/v)\n"


def test_a_frame_without_news_does_no_work():
    drawn = reply()
    drawn.text("Some *text")
    first = drawn.frame()
    calls = drawn.work.calls
    assert drawn.frame().live == first.live
    assert drawn.work.calls == calls


def test_after_a_resize_the_open_end_fits_and_nothing_is_lost():
    words = [f"word{number}" for number in range(150)]
    drawn = reply(width=100)
    out = ""
    for number, word in enumerate(words):
        drawn.text(f"{word} ")
        if number % 40 == 39:
            drawn.resize(30 + number, 24)
        frame = drawn.frame()
        out += frame.commit
    assert (out + drawn.finish().commit).split() == words


# --- linear ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", shapes)
def test_the_work_grows_as_the_reply(shape):
    small, large = (work_of(shapes[shape](size)) for size in (20, 80))
    assert large <= 4.6 * small + 10_000


@pytest.mark.parametrize("shape", shapes)
def test_little_is_drawn_twice(shape):
    text = shapes[shape](80)
    painter, drawn, size = Painter(), reply(), 0
    for at in range(0, len(text), 30):
        drawn.text(text[at : at + 30])
        frame = drawn.frame()
        size += len(painter.paint(frame.commit, frame.live).encode())
    assert size <= 3.3 * len(text.encode())
    assert painter.erased <= 0.03 * len(text)


def test_open_markup_is_read_once_for_each_frame():
    drawn = reply()
    for number in range(1, 9):
        drawn.text("some *more ")
        drawn.frame()
        assert drawn.work.calls == number


def test_text_without_markup_costs_the_parser_nothing():
    drawn = reply()
    for _ in range(90):
        drawn.text("plain words\nand lines, ")
        drawn.frame()
    assert drawn.work.calls == 0


def test_what_is_complete_is_not_read_again_while_the_next_item_arrives():
    drawn = reply()
    drawn.text("- some *words*\n- ")
    drawn.frame()
    for _ in range(9):
        drawn.text("more ")
        drawn.frame()
    assert drawn.work.calls == 1


def work_of(text):
    """Characters that the inline parser is given while a reply streams, with a frame every 30 characters."""
    drawn = reply()
    for at in range(0, len(text), 30):
        drawn.text(text[at : at + 30])
        drawn.frame()
    drawn.finish()
    return drawn.work.chars


# --- nothing is lost -------------------------------------------------------------------------------------------------

special = st.text(alphabet=st.sampled_from("aab b日日<>$&\\[]()_*|~`#-+=!.\n\n "), max_size=60)


@documents(500)
@given(special, widths)
def test_every_character_that_is_no_markup_is_on_the_screen(text, width):
    seen = Counter(bare(render_markdown(text, width, THEME)))
    source = Counter(text)
    assert all(seen[char] >= source[char] for char in "ab日<$&")


@pytest.mark.parametrize(
    "text",
    [
        "Use List<int> and <T> ok",
        "a poem\nof three\nlines",
        r"$\alpha_1 * 2 * 3$ and \(a\_b\) and $$x * y * z$$",
        "it costs $5 and $10",
        "a * b * c, a_b_c, 2 ** 3",
        "<details>\n<summary>More</summary>\ntext\n</details>",
        "x <!-- a comment --> y",
        "[^1]: A footnote. See[^1].",
        "supercalifragilistic" * 20,
        '[ref]: http://example.com "Title"',
        "[a](",
        "&nosuch; & <",
        "\\[\na_1 * b\n\\]",
    ],
)
def test_text_that_only_looks_like_markup_stays_as_it_is(text):
    seen = bare(render_markdown(text, 60, THEME))
    assert "".join(seen.split()) == "".join(text.split())
    assert all(len(line) <= 59 for line in seen.splitlines())


@documents(150)
@given(st.lists(st.tuples(special, widths), max_size=6))
def test_nothing_is_lost_when_the_terminal_is_resized_again_and_again(parts):
    drawn, seen = reply(), ""
    for text, width in parts:
        drawn.text(text)
        seen += drawn.frame().commit
        drawn.resize(width, 24)
        assert max(map(cell_len, bare(drawn.frame().live).split("\n"))) <= width - 1
    shown, source = (
        Counter(bare(seen + drawn.finish().commit)),
        Counter("".join(text for text, _ in parts)),
    )
    assert all(shown[char] >= source[char] for char in "ab日<$&")


# --- safe ------------------------------------------------------------------------------------------------------------

foreign = st.lists(
    st.sampled_from(
        ["\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "&#27;[2J", "&#x202e;", "&#xE0041;", "&#13;", "\u202e", "\x00", "\x7f",
         "[x](http://e.com/\x1b]8;;\x07)", "<http://e.com/\u202e>", "```\x1b[31m\n", "`\x1bc`", "# \x1b[m\n", "| \x1b | \x9d |\n",
         "|---|---|\n", "![\x1b](\x1b)", "<b \x1b>", "$\x1b$", "\ud800", "\n\n", "    \x1b\n", "[a]: \x1b\n", '[x](http://a;b "\x1b")'],
    )
).map("".join)  # fmt: skip


payloads = st.lists(
    st.one_of(
        st.sampled_from(ALL),
        st.sampled_from(["\n", "`", "```\n", "# ", "- ", "> ", "|", "](", "["]),
    )
).map("".join)


@documents(200)
@given(st.one_of(foreign, payloads, texts), widths, st.integers())
def test_nothing_reaches_the_terminal_but_text_and_our_own_sequences(text, width, seed):
    for frame in frames(text, seed, width=width):
        for painted in (frame.commit, frame.live):
            written = painted.encode("utf-8", "surrogatepass")
            assert ours.foreign(written, moves="\n\t", lawful=ours.SOMETIMES) == []


@documents(200)
@given(st.one_of(payloads, texts), widths)
def test_a_plain_reply_is_text_alone(text, width):
    written = render_markdown(text, width, THEME, plain=True).encode("utf-8", "surrogatepass")
    assert b"\x1b" not in written
    assert ours.foreign(written, moves="\n\t", lawful=ours.SOMETIMES) == []


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "file:///etc/passwd", "ssh://-oProxyCommand=id/x", "smb://h/x"],
)
def test_only_web_and_mail_addresses_can_be_clicked(address):
    painted = render_markdown(f"[bank]({address}) <{address}>", 80, THEME)
    assert "\x1b]8" not in painted
    assert address in painted


def test_a_link_shows_where_it_leads_unless_its_text_says_so():
    seen = bare(
        render_markdown('[bank](https://evil.example "T") <https://a.b> <x@y.z>', 80, THEME)
    )
    assert seen == 'bank (https://evil.example "T") https://a.b x@y.z\n'


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://bank.test@evil.test/x", "evil.test"),
        ("https://bank.test%2Fx:y@evil.test:8080?a@b", "evil.test:8080"),
        ("https://bank.test\\\\@evil.test/", "evil.test"),
        ("https://b\u0430nk.test/", "xn--bnk-6cd.test"),
        ("https://bank.test\u2044evil.test/", "bank.xn--testevil-h03d.test"),
        ("https://bank\u3002test/", "bank.test"),
        ("mailto:me@b\u0430nk.test", "xn--bnk-6cd.test"),
    ],
)
def test_a_disguised_host_is_named(address, host):
    for source in (
        f"<{address}>",
        f"[x]({address})",
        f"[x][r]\n\n[r]: {address}",
        f"![x]({address})",
    ):
        seen = bare(render_markdown(f"[r]: {address}\n\n{source}", 200, THEME))
        assert f"leads to {host})" in seen, source


@pytest.mark.parametrize(
    "address", ["https://xn--bnk-6cd.test/", "https://Bank.test:8080/a@b?c@d#e", "mailto:a@b.test"]
)
def test_a_plain_host_is_not_named_twice(address):
    assert "leads to" not in render_markdown(f"<{address}> [x]({address})", 200, THEME)


def test_a_link_over_several_rows_is_closed_on_each():
    painted = render_markdown(f"> - [{'word ' * 30}](https://a.test)\n", 30, THEME)
    rows = [row for row in painted.split("\n") if "word" in row]
    assert len(rows) > 3
    for row in rows:
        assert row.count("\x1b]8;;https://a.test\x1b\\") == row.count("\x1b]8;;\x1b\\") > 0
        assert row.rfind("\x1b]8;;\x1b\\") > row.rfind("\x1b]8;;https")


def test_the_marks_are_counted_in_a_line_at_the_end():
    drawn = reply()
    drawn.text("a\x1bb\u202ec")
    assert (
        bare(drawn.finish().commit) == "a␛b<U+202E>c\n\nInvisible characters shown as marks: 2.\n"
    )
    assert drawn.marks == 2


@pytest.mark.parametrize(("think", "marks"), [("show", 3), ("fold", 1), ("hide", 1)])
def test_marks_are_counted_where_they_are_on_the_screen(think, marks):
    drawn = reply(think=think)
    drawn.reasoning("a\x1bb")
    drawn.text("c\x1bd")
    drawn.reasoning("e\x1bf")
    assert f"marks: {marks}.\n" in bare(drawn.finish().commit)
    assert drawn.marks == marks


HIDDEN = "a&#x202e;b &shy; [c&#xE0041;](http://d.e/&ZeroWidthSpace; 'f&#x2066;')"


@documents(40)
@given(
    st.sampled_from(
        [HIDDEN, f"{HIDDEN}\n===", f"# {HIDDEN}", f"| {HIDDEN} |\n|---|", f"- > {HIDDEN}"]
    ),
    st.integers(),
)
def test_marks_for_entities_are_counted_once_however_often_they_are_read(text, seed):
    drawn = reply()
    for piece in cut(f"{text}\n\n![{HIDDEN}](x)", seed):
        drawn.text(piece)
        drawn.frame()
        drawn.resize(40 + seed % 40, 24)
    drawn.finish()
    assert drawn.marks == 10


@pytest.mark.parametrize(
    ("entity", "seen", "marks"),
    [
        ("&#27;", "␛", 1),
        ("&#X1b;", "␛", 1),
        ("&#7;", "␇", 1),
        ("&#0;", "\ufffd", 0),
        ("&#xD800;", "\ufffd", 0),
    ],
)
def test_an_entity_of_a_control_character_is_marked_as_the_character(entity, seen, marks):
    drawn = reply()
    drawn.text(f"a{entity}b **c**\n")
    assert f"a{seen}b c" in bare(drawn.finish().commit)
    assert drawn.marks == marks


# --- code ------------------------------------------------------------------------------------------------------------

CODE = ["def f(x):", "\treturn x", "", "    # " + "long " * 60, "  two  ", "\x1b[31m", ""]


@pytest.mark.parametrize("before", ["", "- ", "> ", "> - 1. "])
def test_code_stands_in_the_bytes_as_it_was_written(before):
    indent = re.sub("[^>]", " ", before)
    lines = [
        f"{before}```python",
        *(indent + line for line in CODE),
        f"{indent}```",
        f"{indent}after",
    ]
    rows = bare(render_markdown("\n".join(lines), 40, THEME)).split("\n")
    start = next(at for at, row in enumerate(rows) if row.endswith("python · 1")) + 1
    assert rows[start : start + len(CODE)] == [line.replace("\x1b", "␛") for line in CODE]


@pytest.mark.parametrize(
    "line", ["\tx", "if x:\ty\tz", "日本\tx", "12345678\tx", "\t" + "long " * 30]
)
def test_tabs_in_code_that_arrives_are_as_wide_as_in_code_that_is_printed(line):
    drawn = reply(width=200)
    drawn.text(f"```\n{line}")
    live = bare(drawn.frame().live)
    printed = transcript(drawn.finish().commit, 200)
    assert [live.rstrip()] == [text_of(row) for row in printed]


def test_code_blocks_are_kept_as_they_were_received():
    drawn = reply()
    drawn.text("```sh\necho \x1b[31m\n``")
    drawn.text("`\n")
    assert [(block.info, block.source) for block in drawn.blocks] == [("sh", "echo \x1b[31m")]


# --- reasoning -------------------------------------------------------------------------------------------------------


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def thinking(think, clock=None):
    clock = clock or Clock()
    drawn = reply(think=think, clock=clock)
    drawn.reasoning("Let me see.\n\nFirst, ")
    drawn.reasoning("the question.")
    clock.now += 3.2
    return drawn


def test_reasoning_is_live_and_folds_into_one_line_when_the_answer_begins():
    drawn = thinking("fold")
    assert bare(drawn.frame().live) == "Let me see.\n\nFirst, the question."
    drawn.text("\n\n")
    drawn.text("Answer.")
    frame = drawn.frame()
    assert bare(frame.commit) == "thought for 3.2 s · ~8 tokens\n\n"
    assert bare(frame.live) == "Answer."
    assert bare(drawn.finish().commit) == "Answer.\n"


def test_shown_reasoning_is_printed_before_the_answer():
    drawn = thinking("show")
    drawn.text("Answer.")
    expected = "Let me see.\n\nFirst, the question.\nthought for 3.2 s · ~8 tokens\n\nAnswer.\n"
    assert bare(drawn.finish().commit) == expected


def test_hidden_reasoning_leaves_no_trace():
    drawn = thinking("hide")
    assert drawn.frame().live == ""
    drawn.text("Answer.")
    assert bare(drawn.finish().commit) == "Answer.\n"


def test_reasoning_without_an_answer_is_folded_too():
    assert bare(thinking("fold").finish().commit) == "thought for 3.2 s · ~8 tokens\n"


@pytest.mark.parametrize(
    ("think", "below"),
    [
        ("fold", "\nthought while answering · ~4 tokens\n"),
        ("show", "\nBut wait, a dog.\nthought while answering · ~4 tokens\n"),
        ("hide", ""),
    ],
)
def test_reasoning_amid_the_answer_is_drawn_below_it(think, below):
    drawn = reply(think=think)
    drawn.text("A cat")
    drawn.reasoning("\n")
    drawn.reasoning("But wait, a dog.")
    drawn.text(" is here.")
    assert bare(drawn.frame().live) == "A cat is here."
    assert bare(drawn.finish().commit) == "A cat is here.\n" + below


def test_reasoning_without_a_word_leaves_no_line():
    drawn = reply()
    drawn.reasoning("\n\n")
    drawn.text("Answer.")
    assert bare(drawn.finish().commit) == "Answer.\n"


@documents(60)
@given(texts, texts, st.integers())
def test_reasoning_has_the_same_law(thought, answer, seed):
    def drawn(thoughts, answers):
        view = reply(think="show", clock=lambda: 0.0)
        out = ""
        for piece in thoughts:
            view.reasoning(piece)
            out += view.frame().commit
        for piece in answers:
            view.text(piece)
            out += view.frame().commit
        return out + view.finish().commit

    once = drawn([thought] if thought else [], [answer])
    assert drawn(cut(thought, seed), cut(answer, seed)) == once


# --- styles ----------------------------------------------------------------------------------------------------------


def test_without_color_emphasis_stays_and_code_keeps_its_backticks():
    painted = render_markdown("**bold** `code`", 80, THEME, color=False)
    assert painted == "\x1b[1mbold\x1b[0m `code`\n"


def test_code_keeps_its_backticks_in_a_theme_without_colours():
    assert bare(render_markdown("**bold** `code`", 80, THEMES["mono"])) == "bold `code`\n"
    assert bare(render_markdown("**bold** `code`", 80, THEME)) == "bold code\n"


@documents(60)
@given(texts)
def test_no_background_is_ever_set(text):
    for codes in re.findall(r"\x1b\[([0-9;]*)m", render_markdown(text, 80, THEME)):
        assert not re.search(r"(?:^|;)(?:4[0-8]|10[0-7])(?:;|$)", codes)
