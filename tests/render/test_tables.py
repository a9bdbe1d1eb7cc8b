"""Tables that are too wide for the window: measured as often as they must be, and not once a row for ever."""

import re
from typing import Any

from deepchat.render import leaves, tables
from deepchat.render.reply import Reply
from deepchat.render.theme import THEMES

SGR = re.compile(r"\x1b\[[0-9;]*m")


def test_a_table_that_does_not_fit_is_not_measured_again_for_each_row(monkeypatch):
    calls: list[int] = []

    def counted(*given: Any, **options: Any) -> list[int] | None:
        calls.append(1)
        return tables.column_widths(*given, **options)

    monkeypatch.setattr(leaves, "column_widths", counted)
    row = "|" + "cell text|" * 14 + "\n"
    reply = Reply(width=80, height=24, theme=THEMES["ansi"])
    reply.text(row + "|" + "-|" * 14 + "\n" + row * leaves.TABLE_SETTLES)
    reply.frame()
    before = len(calls)
    for _ in range(200):
        reply.text(row)
        reply.frame()
    assert len(calls) - before <= 1


def test_columns_that_cannot_fit_are_refused_before_a_cell_is_looked_at():
    unreadable: Any = [[None] * 5_000]
    assert tables.column_widths(unreadable, 5_000, 80) is None


def test_each_row_is_final_where_no_window_has_room_for_so_many_columns():
    columns = 50
    reply = Reply(width=80, height=24, theme=THEMES["ansi"])
    reply.text("|a" * columns + "|\n" + "|-" * columns + "|\n")
    for _ in range(3):
        reply.text("|b" * columns + "|\n")
        assert reply.frame().commit.count(": b\n") == columns


def test_while_a_row_arrives_all_rows_that_are_not_final_stand_in_its_columns():
    drawn = Reply(width=60, height=40, theme=THEMES["ansi"])
    drawn.text("| Method | Path |\n|---|---|\n| GET | /a |\n| DELETE-EVERYTHING | /api/us")
    rows = [SGR.sub("", row) for row in drawn.frame().live.split("\n") if "│" in row]
    assert len(rows) == 3
    assert len({row.index("│") for row in rows}) == 1
