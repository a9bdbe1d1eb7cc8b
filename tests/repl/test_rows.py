"""Rows repainted in place stand as if all had been written at once."""

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.repl.rows import cells, fitting, repaint

COLUMNS, LINES = 24, 12
BELOW = ("› draft", "status")
CURSOR = (0, 3)

PIECES = (
    "a",
    "word ",
    "\x1b[1mbold\x1b[0m",
    "\x1b[1;36mcyan\x1b[0m",
    "é",
    "漢字",
    "e\u0301",
    "👍🏽",
    "\t",
    "│ ",
)
ROW = (
    st.lists(st.sampled_from(PIECES), max_size=6)
    .map("".join)
    .filter(lambda row: cells(row) < COLUMNS)
)
ROWS = st.lists(ROW, max_size=4)


def screen_of(text):
    screen = pyte.HistoryScreen(COLUMNS, LINES, history=1000)
    stream = pyte.Stream(screen)
    stream.feed(text)
    return screen, stream


def standing(screen):
    """All rows with their styles, those that have scrolled away first, without the blank ones at the end."""
    lines = [*screen.history.top, *(screen.buffer[y] for y in range(LINES))]
    rows = [[line[x] for x in range(COLUMNS)] for line in lines]
    while rows and all(cell.data == " " for cell in rows[-1]):
        rows.pop()
    return rows


def written(rows):
    return screen_of("\r\n".join([*rows, *BELOW]))


def at_cursor(screen, stream):
    stream.feed(f"\x1b[{len(BELOW) - 1 - CURSOR[0]}A\x1b[{CURSOR[1] + 1}G")
    return screen, stream


@given(st.lists(ROW, max_size=12), st.lists(st.tuples(ROWS, ROWS), max_size=6))
def test_any_frames_leave_the_screen_and_the_scrollback_as_if_written_at_once(above, frames):
    screen, stream = at_cursor(*written(above))
    printed, live = list(above), list[str]()
    for commit, then in frames:
        stream.feed(repaint(live, [*commit, *then], len(commit), len(BELOW), CURSOR))
        printed, live = [*printed, *commit], then
        assert standing(screen) == standing(written([*printed, *live])[0])
        assert screen.buffer[screen.cursor.y][0].data == "›"
        assert screen.cursor.x == CURSOR[1]


@given(ROWS)
def test_what_does_not_change_costs_nothing(rows):
    assert repaint(rows, rows, 0, len(BELOW), CURSOR) == ""


def test_rows_that_become_final_as_they_stand_are_not_written_again():
    change = repaint(["one", "two"], ["one", "two", "three"], 2, len(BELOW), CURSOR)
    assert "three" in change
    assert "two" not in change


def test_what_grows_at_its_end_is_written_from_there_on():
    assert repaint(["so \x1b[1mfar\x1b[0m"], ["so \x1b[1mfar away\x1b[0m"], 0, 2, CURSOR) == (
        "\x1b[1A\x1b[7G\x1b[1m away\x1b[0m\n\x1b[4G"
    )


def test_rows_that_scroll_are_moved():
    old, new = [f"row {n}" for n in range(9)], [f"row {n}" for n in range(2, 11)]
    change = repaint(old, new, 0, len(BELOW), CURSOR)
    assert [text for text in new if text in change] == ["row 9", "row 10"]


def test_nothing_is_lost_when_a_smaller_window_has_cut_off_the_rows_under_the_cursor():
    above = [f"above {n}" for n in range(LINES - 2)]
    screen, stream = screen_of("\r\n".join([*above, "live", "› draft"]) + "\x1b[4G")
    stream.feed(repaint(["live"], ["live and final", "next"], 1, len(BELOW), CURSOR))
    rows = ["".join(cell.data for cell in row).rstrip() for row in standing(screen)]
    assert rows == [*above, "live and final", "next", "› draft"]


def test_nothing_final_is_overwritten_when_a_narrower_window_has_broken_a_row_in_two():
    """The second row stands one row further up than the way back leads."""
    broken = ["first", "second", "third is bro", "ken"]
    screen, stream = at_cursor(*written(broken))
    new = ["first", "SECOND", "third is broken", "next"]
    stream.feed(repaint(["first", "second", "third is broken"], new, 3, len(BELOW), CURSOR))
    shown = "\n".join("".join(cell.data for cell in row) for row in standing(screen))
    assert all(text in shown for text in new)


@pytest.mark.parametrize(
    ("row", "most"), [("abc", 3), ("\x1b[1mabc\x1b[0m", 3), ("漢", 2), ("\t", 8), ("👩\u200d👧", 4)]
)
def test_rows_are_measured_as_a_simple_terminal_would(row, most):
    assert cells(row) == most


@given(
    st.lists(
        st.sampled_from([*PIECES, "👩‍💻", "\x1b]8;;http://x.y\x1b\\l\x1b]8;;\x1b\\"]), max_size=12
    )
)
def test_a_row_that_any_terminal_might_break_is_cut_and_its_styles_end(pieces):
    row = "".join(pieces)
    shown = fitting(row, COLUMNS - 1)
    assert cells(shown) < COLUMNS
    if cells(row) < COLUMNS:
        assert shown == row
        return
    screen, _ = screen_of(f"{shown}.")
    whole, _ = screen_of(row)
    kept = screen.display[0].rstrip().removesuffix(".")
    assert whole.display[0].startswith(kept)
    assert not screen.buffer[0][screen.cursor.x - 1].bold
