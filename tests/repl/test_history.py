"""What was typed before comes back, whole, from a file that only the user can read."""

import json

from hypothesis import given
from hypothesis import strategies as st

from deepchat.repl.history import LIMIT, LONGEST, FileHistory


def test_any_entry_comes_back_as_it_was(tmp_path_factory):
    @given(st.lists(st.text(min_size=1), unique=True))
    def check(entries):
        path = tmp_path_factory.mktemp("history") / "history.jsonl"
        history = FileHistory(path)
        for entry in entries:
            history.store_string(entry)
        assert list(FileHistory(path).load_history_strings()) == entries[::-1]

    check()


def test_an_entry_stands_once_where_it_was_last(tmp_path):
    history = FileHistory(tmp_path / "h")
    for entry in ("a", "b", "a"):
        history.store_string(entry)
    assert list(history.load_history_strings()) == ["a", "b"]


def test_a_torn_or_foreign_line_hides_nothing_else(tmp_path):
    path = tmp_path / "h"
    path.write_bytes(b'"one"\n\x00\xff{\n[1]\n"two"\n"torn')
    assert list(FileHistory(path).load_history_strings()) == ["two", "one"]


def test_only_the_newest_entries_are_read(tmp_path):
    path = tmp_path / "h"
    path.write_text("".join(json.dumps(str(n)) + "\n" for n in range(LIMIT + 10)))
    assert len(list(FileHistory(path).load_history_strings())) == LIMIT


def test_the_file_is_private_and_its_absence_no_failure(tmp_path):
    FileHistory(tmp_path / "h").store_string("a")
    assert (tmp_path / "h").stat().st_mode & 0o777 == 0o600
    missing = FileHistory(tmp_path / "nowhere" / "h")
    missing.store_string("a")
    assert list(missing.load_history_strings()) == []
    nothing = FileHistory(None)
    nothing.store_string("a")
    assert list(nothing.load_history_strings()) == []


def test_a_text_too_long_for_the_history_is_left_out(tmp_path):
    history = FileHistory(tmp_path / "h")
    history.store_string("x" * (LONGEST + 1))
    assert list(history.load_history_strings()) == []
