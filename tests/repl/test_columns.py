"""Replies side by side: what a column shows of its own, and that none of it leaves its place."""

import pytest

from deepchat.conversation import ReasoningDelta, TextDelta
from deepchat.errors import ServerTrouble
from deepchat.repl.columns import Columns
from deepchat.repl.rows import cells

LONG = "".join(f"- point {number} of *many*, with 漢字 and `code`\n" for number in range(100))


@pytest.fixture
def columns(bench):
    """Of a long reply that hangs, one that has only thought, and a failure."""
    bench.paper.width = 130
    bench.model.scripts = {
        "a": [[TextDelta(LONG), bench.model.wait]],
        "lab/a-name-that-is-longer-than-the-column-it-stands-over": [
            [ReasoningDelta("Hm. " * 200), bench.model.wait]
        ],
        "x": [[ServerTrouble("x is down.")]],
    }
    turns = bench.chat.compare(list(bench.model.scripts), "Which?")
    while not (turns[0].so_far().text and turns[1].so_far().reasoning and turns[2].ended):
        turns[0].wait(0.01)
    yield Columns(turns, bench.house, bench.paper)
    bench.chat.stop()
    assert all(turn.wait(5) for turn in turns)


def drawn(columns, bench):
    for _ in range(100):  # a burst at a time
        columns.draw()
    return bench.paper.live.split("\n")


def test_a_column_shows_the_last_rows_of_its_reply(columns, bench):
    names, states, *rows = drawn(columns, bench)
    assert names.split("│")[0].strip() == "a"
    assert "failed after" in states
    assert "point 98" in rows[-1]  # the last line could still go on
    assert "x is down." in rows[0]
    assert "point 0 " not in bench.paper.live


@pytest.mark.parametrize(("width", "height"), [(130, 24), (125, 10), (300, 50), (20, 5), (1, 1)])
def test_no_row_leaves_the_terminal_however_it_is_resized(columns, bench, width, height):
    drawn(columns, bench)
    bench.paper.width, bench.paper.height = width, height
    rows = drawn(columns, bench)
    assert len(rows) <= max(3, height - 5)
    if width > 20:
        assert all(cells(row) < width for row in rows)
        assert all(row.count("│") <= 2 for row in rows)


def test_what_is_shown_is_not_taken_from_the_replies(columns, bench):
    drawn(columns, bench)
    assert bench.chat.turns[0].so_far().text == LONG
