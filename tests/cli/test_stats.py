"""`deepchat stats`: sums of what is stored, and nothing where nothing is."""

import json
import sqlite3

import pytest

from deepchat.conversation import Message, Session, Usage, clock_ms, new_id
from deepchat.store.sessions import Store
from tests.cli.test_oneshot import run
from tests.terminal.driver import Driver

DAY_MS = 86_400_000


@pytest.fixture
def kept(own_home):
    """Two answers of yesterday, one of forty days ago, one that a fork has copied, one that the user wrote."""
    path = own_home / ".local/share/deepchat/chats.db"
    path.parent.mkdir(parents=True)
    store, now = Store(path), clock_ms()
    said = [
        (now - DAY_MS, "lab/a", 0.5, now - DAY_MS),
        (now - DAY_MS, "lab/b", None, now - DAY_MS),
        (now - 40 * DAY_MS, "lab/old", 2.0, now - 40 * DAY_MS),
        (now - DAY_MS, "lab/copied", None, now),
        (now - DAY_MS, "lab/edited", None, now - DAY_MS),
    ]
    for at_ms, model, cost, begun_ms in said:
        session = Session(new_id(at_ms), model, model, created_ms=begun_ms)
        asked = Message(new_id(at_ms), "user", "Hi?", created_ms=at_ms)
        usage = Usage(100, 20, cost=cost)
        reply = Message(
            new_id(at_ms), "assistant", "Yes.", asked.id, "done", model=model, provider="lab",
            usage=usage, created_ms=at_ms, first_token_s=0.5, seconds=2.5, retries=1,
            edited=model == "lab/edited",
        )  # fmt: skip
        store.open_turn(session, [asked, reply])
    store.close()
    return path


def test_a_pipe_gets_a_line_for_each_day_and_each_model_without_bars(kept):
    code, out, err = run("stats", "--by", "model")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "lab/a\t1\t\t100\t20\t$0.50\t10 tok/s\t0.5 s\t0.5 s\t1",
        "lab/b\t1\t1\t100\t20\t\t10 tok/s\t0.5 s\t0.5 s\t1",
    ]
    code, out, _ = run("stats", "--since", "60d", "--by", "month")
    assert sum(int(line.split("\t")[1]) for line in out.splitlines()) == 3


def test_programs_get_one_array_of_both_tables(kept):
    code, out, _ = run("stats", "--json")
    records = json.loads(out)
    assert code == 0
    assert [(one["by"], one["answers"], one["cost"]) for one in records] == [
        ("day", 2, 0.5), ("model", 1, 0.5), ("model", 1, 0.0),
    ]  # fmt: skip
    assert records[0]["first_token_p90_s"] == 0.5


def test_on_a_terminal_there_are_two_tables_with_bars(kept):
    with Driver("stats") as driver:
        assert driver.wait_for_end() == 0
        shown = "\n".join(driver.lines())
    heads = [line.split() for line in shown.splitlines() if line.startswith(("day", "model"))]
    money, speed = ["answers", "no", "price", "in", "out", "cost"], ["speed", "first", "token"]
    assert [one[1:7] for one in heads[::2]] == [money, money]
    assert [(one[0], one[1:4]) for one in heads[1::2]] == [("day", speed), ("model", speed)]
    assert "lab/a   1                    100   20    $0.50   ████" in shown
    assert "lab/a   10 tok/s   0.5 s" in shown
    assert "lab/copied" not in shown


def test_where_nothing_is_stored_nothing_is_made(own_home):
    assert run("stats") == (0, "", "")
    assert json.loads(run("stats", "--json")[1]) == []
    assert list(own_home.rglob("chats.db")) == []


@pytest.mark.parametrize("flags", [["--by", "colour"], ["--since", "soon"]])
def test_what_is_not_understood_is_one_line(kept, flags):
    code, out, err = run("stats", *flags)
    assert (code, out, err.count("\n")) == (1, "", 1)


def test_the_texts_are_not_read_for_it(kept):
    """All that is asked for stands in the index, so that a long history is summed up at once."""
    with sqlite3.connect(kept) as connection:
        (index,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'message_answer'"
        ).fetchone()
    connection.close()
    for column in ("cost", "cost_estimated", "first_token_s", "seconds", "retries", "provider"):
        assert column in index
