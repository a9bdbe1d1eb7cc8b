import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from deepchat import figures
from deepchat.conversation import Attachment, Message, Usage
from deepchat.errors import DeepchatError, RateLimited
from deepchat.render.screen import Screen
from deepchat.render.theme import THEMES

SGR = re.compile(r"\x1b\[[\d;]*m")
PLAIN = Screen(THEMES["ansi"], plain=True)
FULL = Screen(THEMES["ansi"])


def reply(**values: object) -> Message:
    return Message("1", "assistant", "", **values)  # type: ignore[arg-type]  # a test's shorthand


# --- examples --------------------------------------------------------------------------------------------------------


def test_a_long_question_is_folded_to_its_beginning_and_says_how_much_more_there_is():
    lines = [f"line {n}" for n in range(5_000)]
    drawn = PLAIN.question("\n".join(lines), 80).splitlines()
    assert drawn[0] == "You: line 0"
    assert [row.strip() for row in drawn[1:10]] == lines[1:10]
    assert drawn[10:] == ["     … 4,990 more lines: /show prints it whole"]
    assert len(PLAIN.question("\n".join(lines), 80, whole=True).splitlines()) == 5_000
    assert "more" not in PLAIN.question("\n".join(lines[:21]), 80)
    drawn = PLAIN.question("x" * 5_000, 80).splitlines()
    assert drawn[-1] == "     … 4,200 more characters: /show prints it whole"
    assert PLAIN.question("x" + "\n" * 500, 80) == "You: x\n"


def test_a_question_keeps_its_lines_and_hangs_behind_its_mark():
    drawn = SGR.sub("", FULL.question("one two three four five six\n  indented\n\nlast", 22))
    assert drawn.split("\n") == [
        "› one two three four",
        "  five six",
        "    indented",
        "",
        "  last",
        "",
    ]


def test_attachments_stand_below_with_their_size_and_many_are_counted():
    note = Attachment("a.txt", "text/plain", b"x" * 2100, lines=(1, 9))
    cat = Attachment("cat.png", "image/png", b"x" * 20)
    drawn = SGR.sub("", FULL.attached([note, cat], 80))
    assert drawn == "  + a.txt (lines 1-9) · 2.1 kB · ~532 tokens\n  + cat.png · 20 B\n"
    assert PLAIN.attached([cat] * 10, 80).splitlines()[7:] == [
        "Attached: cat.png, 20 B",
        "Attached: and 2 more",
    ]
    assert PLAIN.attached([], 80) == ""


def test_plain_says_roles_as_words_and_draws_no_signs():
    assert PLAIN.question("hi", 40) == "You: hi\n"
    assert PLAIN.problem(RateLimited("Busy.", hint="Wait."), 40) == "Error: Busy.\n  Wait.\n"
    assert PLAIN.status(["a", "b"], 40) == "a, b\n"


def test_a_problem_of_ours_is_its_sentence_and_its_hint():
    drawn = SGR.sub("", FULL.problem(DeepchatError("It broke.", hint="Mend it."), 40))
    assert drawn == "✗ It broke.\n  Mend it.\n"


def test_what_to_do_stands_on_one_row_with_the_advice_of_the_place_and_the_id_of_the_request():
    busy = RateLimited("Busy.", hint="Wait.", request_id="r-1")
    drawn = PLAIN.problem(busy, 80, advice="/retry asks again.")
    assert drawn == "Error: Busy.\n  Wait. /retry asks again. Request id: r-1.\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("odd"), "✗ ValueError: odd\n"),
        (KeyError(), "✗ KeyError\n"),
        (DeepchatError(""), "✗ DeepchatError\n"),
        (ValueError("\x1b[2Jgone"), "✗ ValueError: ␛[2Jgone\n"),
    ],
)
def test_any_other_error_is_called_by_its_class(error: Exception, said: str):
    assert SGR.sub("", FULL.problem(error, 60)) == said


USAGE = Usage(12, 345, 0, None, 0.0012)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            reply(usage=USAGE, seconds=3.4, first_token_s=0.0),
            "12 in · 345 out · $0.0012 · 3.4 s · 101 tok/s",
        ),
        (reply(usage=Usage(2000, 5, 1500)), "2.0k in (1.5k cached) · 5 out"),
        (reply(usage=Usage(1, 1, cost=0.0)), "1 in · 1 out · $0"),
        (reply(usage=Usage(1, 1)), "1 in · 1 out"),
        (reply(state="stopped", reasoning="12345678"), "stopped · ~2 out"),
        (reply(state="cut", seconds=61.0), "cut · 1 min 1 s"),
        (reply(state="failed", error="Bad\x1b"), "failed: Bad␛"),
        (reply(state="failed"), "failed"),
        (reply(state="streaming"), "unfinished"),
        (reply(finish_reason="stop"), ""),
        (reply(finish_reason="length"), "cut by max_tokens"),
        (reply(finish_reason="content_filter"), "cut by the content filter"),
        (reply(finish_reason="tired"), "ended by tired"),
        (reply(model="a/b", reported_model="a/b"), ""),
        (reply(model="a/b", reported_model="a/b-turbo"), "answered by a/b-turbo"),
        (reply(model="a/b", reported_model="A/b"), "answered by A/b"),
        (reply(finish_reason="eos"), ""),
    ],
)
def test_a_footer_tells_the_end_and_the_price_of_a_reply(message: Message, said: str):
    assert SGR.sub("", FULL.footer(message, 100)).removesuffix("\n") == said


def test_a_brief_footer_has_no_figures_and_still_tells_the_end_and_who_answered():
    took = reply(usage=USAGE, seconds=3.4, model="a", reported_model="b", finish_reason="tired")
    assert SGR.sub("", FULL.footer(took, 100, brief=True)) == "ended by tired · answered by b\n"
    assert FULL.footer(reply(usage=USAGE, seconds=3.4), 100, brief=True) == ""


def test_a_footer_breaks_between_what_it_tells_not_in_it():
    took = reply(usage=USAGE, seconds=3.4, first_token_s=0.0)
    assert SGR.sub("", FULL.footer(took, 34)) == "12 in · 345 out · $0.0012 · 3.4 s\n101 tok/s\n"


def test_without_colour_dim_and_bold_remain():
    drawn = Screen(THEMES["ansi"], color=False).problem(DeepchatError("No.", hint="Yes."), 40)
    assert SGR.findall(drawn) == ["\x1b[1m", "\x1b[0m", "\x1b[2m", "\x1b[0m"]


def test_the_status_line_drops_what_matters_least_and_cuts_the_rest_visibly():
    parts = ["some/model", "persona", "3 queued"]
    assert PLAIN.status(parts, 40) == "some/model, persona, 3 queued\n"
    assert PLAIN.status(parts, 25) == "some/model, persona\n"
    assert PLAIN.status(parts, 9) == "some/m…\n"
    assert PLAIN.status([], 40) == PLAIN.status(["", " "], 40) == ""


def test_a_table_wraps_its_cells_under_their_heads():
    drawn = PLAIN.table(["id", "title"], [["日本", "one two three"], ["b"]], 18)
    assert drawn == "id     title\n日本   one two\n       three\nb\n"


def test_a_table_may_cut_its_last_column_visibly():
    drawn = PLAIN.table(["id", "title"], [["a", "one two three four five six"]], 26, cut_last=True)
    assert drawn == "id   title\na    one two three four …\n"


def test_a_table_without_room_becomes_lines():
    drawn = PLAIN.table(["id", "of"], [["a" * 9, "b" * 9], ["c", "d"]], 12)
    assert drawn == "id:\naaaaaaaaa\nof:\nbbbbbbbbb\nid: c\nof: d\n"


def test_pairs_align_and_stack_where_there_is_no_room():
    rows = [("/help", "what there is to say"), ("/q", "")]
    assert PLAIN.pairs(rows, 25) == "/help   what there is to\n        say\n/q\n"
    assert PLAIN.pairs(rows, 20) == "/help\n  what there is to\n  say\n/q\n"


def test_nothing_to_say_is_nothing_drawn():
    assert FULL.notice("", 40) == FULL.text("", 40) == FULL.heading("", 40) == ""
    assert FULL.question("", 40) == FULL.pairs([], 40) == FULL.table([], [], 40) == ""


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.0k"),
        (1234, "1.2k"),
        (9949, "9.9k"),
        (9950, "10k"),
        (12345, "12k"),
        (999499, "999k"),
        (999500, "1.0M"),
        (1500000000, "1.5G"),
    ],
)
def test_counts(number: int, said: str):
    assert figures.count(number) == said


@pytest.mark.parametrize(
    ("dollars", "said"),
    [
        (0, "$0"),
        (0.0012, "$0.0012"),
        (1.2e-05, "$0.000012"),
        (0.5, "$0.50"),
        (12.3, "$12.30"),
        (1e-12, "<$0.000000001"),
        (-0.25, "-$0.25"),
        (1234.5, "$1,234.50"),
        (float("nan"), "$?"),
    ],
)
def test_money(dollars: float, said: str):
    assert figures.money(dollars) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0.0 s"),
        (3.41, "3.4 s"),
        (59.97, "1 min 0 s"),
        (72, "1 min 12 s"),
        (7500, "2 h 5 min"),
        (-1, "0.0 s"),
        (float("inf"), "? s"),
    ],
)
def test_durations(seconds: float, said: str):
    assert figures.duration(seconds) == said


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (2_100, "2.1 kB"),
        (20_000, "20 kB"),
        (999_600, "1.0 MB"),
        (2 * 10**7, "20 MB"),
        (76 * 10**9, "76 GB"),
        (5 * 10**12, "5000 GB"),
    ],
)
def test_sizes(size, said):
    assert figures.size(size) == said


@pytest.mark.parametrize(
    ("seconds_ago", "said"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (7200, "2 h ago"),
        (86400, "1 d ago"),
        (20 * 86400, "2025-12-12"),
    ],
)
def test_ages(seconds_ago: int, said: str):
    now = 1_767_225_600_000
    assert figures.age(now - seconds_ago * 1000, now) == said


def test_speeds():
    assert figures.speed(float("inf")) == "? tok/s"
    assert figures.speed(101.4) == "101 tok/s"
    assert figures.speed(7.52) == "7.5 tok/s"
    assert figures.speed(26278.4) == "26k tok/s"


# --- laws ------------------------------------------------------------------------------------------------------------

HOSTILE = [
    "\x1b[2J",
    "\x1b]52;c;x\x07",
    "\x9b",
    "\u202e",
    "\ud800",
    "\r",
    "\t",
    "\n",
    "日本",
    "👩‍👩‍👧",
    "é́́",
]
TEXTS = st.lists(
    st.sampled_from([*HOSTILE, "word", " ", "long" * 20]) | st.text(max_size=8), max_size=12
).map("".join)


@st.composite
def drawings(draw: st.DrawFn) -> tuple[int, str]:
    screen = Screen(THEMES["ansi"], color=draw(st.booleans()), plain=draw(st.booleans()))
    width, text, other = draw(st.integers(1, 200)), draw(TEXTS), draw(TEXTS)
    message = reply(state="failed", error=text, reported_model=other)
    ways = [
        lambda: screen.text(text, width),
        lambda: screen.notice(text, width),
        lambda: screen.heading(text, width),
        lambda: screen.question(text, width),
        lambda: screen.problem(RateLimited(text, hint=other), width),
        lambda: screen.problem(ValueError(text), width),
        lambda: screen.attached(
            [Attachment(text, "text/plain", other.encode("utf-8", "replace"))], width
        ),
        lambda: screen.footer(message, width),
        lambda: screen.status([text, other], width),
        lambda: screen.pairs([(text, other), (other, text)], width),
        lambda: screen.table([text, other], [[other, text], [text]], width),
        lambda: screen.table(["a", "b"], [[other, text], []], width, cut_last=True),
    ]
    return width, draw(st.sampled_from(ways))()


@settings(max_examples=400, deadline=None)
@given(drawings())
def test_no_text_escapes_or_reaches_the_edge(drawn: tuple[int, str]):
    width, ansi = drawn
    shown = SGR.sub("", ansi)
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown
    )
    assert shown == "" or shown.endswith("\n")
    # One character may be as wide as two cells, whatever the width.
    assert all(cell_len(row) <= max(width - 1, 2) for row in shown.split("\n"))


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXTS, max_size=4), st.integers(1, 200))
def test_the_status_line_never_comes_near_the_edge(parts: list[str], width: int):
    shown = SGR.sub("", FULL.status(parts, width))
    assert shown.count("\n") <= 1
    assert cell_len(shown.rstrip("\n")) <= max(1, width - 2)
