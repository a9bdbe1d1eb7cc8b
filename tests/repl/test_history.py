"""What was typed before comes back, whole, from a file that only the user can read."""

import asyncio
import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from deepchat.locks import lock
from deepchat.repl import history as module
from deepchat.repl.history import LARGEST, LIMIT, LONGEST, FileHistory, Ghost, kept, recalled
from deepchat.repl.needs import Entry

any_text = st.text(alphabet=st.characters(exclude_categories=()), min_size=1)


def stored(path):
    return list(FileHistory(path).load_history_strings())


def loaded(history):
    async def load():
        return [entry async for entry in history.load()]

    return asyncio.run(load())


def fill(path, entries):
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))


def test_any_entries_come_back_as_they_were_each_once_the_newest_first(tmp_path_factory):
    @given(st.lists(any_text | st.sampled_from(["a", "b\nc", "\ud83d", "\x00\x1b"])))
    def check(entries):
        path = tmp_path_factory.mktemp("history") / "history.jsonl"
        history = FileHistory(path)
        for entry in entries:
            history.append_string(entry)
        newest = list(dict.fromkeys(reversed(entries)))
        assert history.get_strings() == newest[::-1]
        assert stored(path) == loaded(FileHistory(path)) == newest

    check()


parts = st.lists(st.tuples(st.text(min_size=1), st.booleans()), min_size=1)


def entry_of(parts):
    text, pasted = "", []
    for part, is_pasted in parts:
        if is_pasted:
            pasted.append((len(text), len(text) + len(part)))
        text += part
    return Entry(text, tuple(pasted))


def entries_in(path):
    return list(map(recalled, stored(path)))


def test_any_entry_comes_back_with_what_of_it_was_pasted_the_newest_of_a_text(tmp_path_factory):
    @given(st.lists(parts.map(entry_of)))
    def check(entries):
        path = tmp_path_factory.mktemp("history") / "history.jsonl"
        history = FileHistory(path)
        for entry in entries:
            history.append_string(kept(entry))
        newest = {entry.text: entry for entry in entries}
        assert {one.text: one for one in entries_in(path)} == newest
        assert {text: recalled(text) for text in history.get_strings()} == newest

    check()


def test_entries_that_tell_of_pastes_stand_beside_those_that_do_not_and_wrong_ones(tmp_path):
    lines = [
        '"typed"',
        '{"text": "see @me", "pasted": [[4, 7]]}',
        '{"text": "no parts"}',
        '{"text": "wrong", "pasted": [[3, 9]]}',
        '{"text": "wronger", "pasted": [7]}',
        '{"text": "endless", "pasted": [[0, Infinity]]}',
        '{"text": "crossed", "pasted": [[2, 4], [1, 3]]}',
    ]
    (tmp_path / "h").write_text("\n".join(lines) + "\n")
    assert entries_in(tmp_path / "h") == [
        Entry("crossed", ((0, 7),)),
        Entry("wrong", ((0, 5),)),
        Entry("see @me", ((4, 7),)),
        Entry("typed"),
    ]


def test_a_file_that_is_cut_back_still_tells_what_was_pasted(tmp_path):
    fill(tmp_path / "h", ["a"] * (2 * LIMIT))
    FileHistory(tmp_path / "h").store_string(kept(Entry("see @me", ((4, 7),))))
    for _ in range(2):
        assert entries_in(tmp_path / "h") == [Entry("see @me", ((4, 7),)), Entry("a")]
    assert len((tmp_path / "h").read_bytes().splitlines()) == 2


def test_what_is_typed_before_the_file_is_read_stays_the_newest(tmp_path):
    fill(tmp_path / "h", ["a", "b"])
    history = FileHistory(tmp_path / "h")
    history.append_string("a")
    assert loaded(history) == ["a", "b"]
    history.append_string("c")
    assert loaded(history) == ["c", "a", "b"]


def test_a_torn_or_foreign_line_hides_nothing_else(tmp_path):
    path = tmp_path / "h"
    path.write_bytes(b'"one"\n\x00\xff{\n[1]\n"two"\n"torn')
    assert stored(path) == ["two", "one"]
    FileHistory(path).store_string("three")
    assert stored(path) == ["three", "two", "one"]


def test_only_the_newest_entries_are_read(tmp_path):
    fill(tmp_path / "h", [str(n) for n in range(LIMIT + 10)])
    assert stored(tmp_path / "h") == [str(n) for n in range(LIMIT + 9, 9, -1)]


def test_the_file_is_private_and_its_absence_no_failure(tmp_path):
    FileHistory(tmp_path / "h").store_string("a")
    assert (tmp_path / "h").stat().st_mode & 0o777 == 0o600
    missing = FileHistory(tmp_path / "nowhere" / "h")
    missing.store_string("a")
    assert loaded(missing) == []


def test_without_a_file_nothing_is_written_and_up_still_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    private = FileHistory(None)
    private.append_string("a")
    assert loaded(private) == ["a"]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("use", [stored, lambda path: FileHistory(path).store_string("b")])
def test_a_file_that_others_could_read_is_closed_to_them(tmp_path, use):
    fill(tmp_path / "h", ["a"])
    (tmp_path / "h").chmod(0o644)
    use(tmp_path / "h")
    assert (tmp_path / "h").stat().st_mode & 0o777 == 0o600


def test_a_text_too_long_for_the_history_is_left_out(tmp_path):
    history = FileHistory(tmp_path / "h")
    history.store_string("x" * (LONGEST + 1))
    assert stored(tmp_path / "h") == []


@pytest.mark.parametrize(
    "entries",
    [
        [str(n % 6_000) for n in range(2 * LIMIT + 1)],
        [f"{n} {'x' * LONGEST}" for n in range(2 * LARGEST // LONGEST + 1)],
    ],
)
def test_a_file_that_has_grown_too_long_is_cut_back_to_what_is_read_of_it(tmp_path, entries):
    path = tmp_path / "h"
    fill(path, entries)
    read = stored(path)
    assert path.stat().st_size <= LARGEST
    assert len(path.read_text().splitlines()) == len(read) <= LIMIT
    assert stored(path) == read
    assert read[0] == entries[-1]
    assert path.stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "h.new").exists()


def test_a_lock_that_is_never_given_back_keeps_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)
    fill(tmp_path / "h", ["a"] * (2 * LIMIT + 1))
    with (tmp_path / "h").open("rb") as suspended:
        lock(suspended.fileno())
        FileHistory(tmp_path / "h").store_string("b")
        assert stored(tmp_path / "h") == ["a"]


TYPING = """
import sys
from pathlib import Path
from deepchat.repl import history
history.LIMIT = 400
path, name = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for n in range(100):
    history.FileHistory(path).store_string(f"{name} {n} " + "x" * (n * 7 % 300))
    history.FileHistory(path).store_string("again and again")
    if n % 10 == 0:
        list(history.FileHistory(path).load_history_strings())
"""


def test_processes_that_append_and_compact_at_once_lose_nothing(tmp_path):
    path = tmp_path / "h"
    fill(path, ["old"] * 780)
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", TYPING, str(path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for process in crowd:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    inode = path.stat().st_ino
    for process in crowd:
        process.communicate("go\n")
    assert [process.returncode for process in crowd] == [0] * len(crowd)
    assert path.stat().st_ino != inode, "nobody has compacted"
    assert all(json.loads(line) for line in path.read_bytes().splitlines())
    # 402 different ones were written, and the newest 400 of them are kept at any time.
    kept = stored(path)
    missing = {f"{name} {n}" for name in range(4) for n in range(100)} - {
        entry.rstrip("x ") for entry in kept
    }
    assert len(missing) <= 2
    assert "again and again" in kept


def ghost(path, typed):
    buffer = Buffer(history=FileHistory(path))
    loaded(buffer.history)
    suggestion = Ghost().get_suggestion(buffer, Document(typed))
    return suggestion.text if suggestion else ""


@pytest.mark.parametrize(
    ("typed", "rest"),
    [
        ("How d", "o you do?"),
        ("How are", " you"),
        ("How are you", ""),
        ("how", ""),
        ("", ""),
        ("  ", ""),
        ("/resume", ""),
        ("/resume 4", ""),
        ("Two", " lines"),
        ("Two lines\nand", ""),
        ("//lit", "eral"),
    ],
)
def test_the_ghost_is_the_rest_of_the_newest_first_line_that_begins_so(tmp_path, typed, rest):
    entries = ["How old?", "How are you", "Two lines\nand more", "/resume 4fz", "//literal"]
    fill(tmp_path / "h", [*entries, "How do you do?"])
    assert ghost(tmp_path / "h", typed) == rest


def test_reading_looks_at_a_bounded_end_of_the_file(tmp_path):
    with (tmp_path / "h").open("wb") as file:
        os.truncate(file.fileno(), 50 * LARGEST)
    FileHistory(tmp_path / "h").store_string("at the end")
    assert stored(tmp_path / "h") == ["at the end"]
    assert (tmp_path / "h").stat().st_size < 100


def test_what_another_process_adds_is_there_when_one_goes_through_the_entries(tmp_path):
    ours, theirs = (FileHistory(tmp_path / "history.jsonl") for _ in range(2))
    ours.append_string("first")
    assert loaded(ours) == loaded(theirs) == ["first"]
    theirs.append_string("theirs")
    ours.append_string("ours")
    assert loaded(ours) == ["ours", "theirs", "first"]
    theirs.append_string("last")

    async def walk():
        buffer = Buffer(history=ours)
        buffer.insert_text("draft")
        ours.fill(buffer)
        return buffer._working_lines, buffer.text, buffer.cursor_position

    lines, text, cursor = asyncio.run(walk())
    assert list(lines) == ["first", "theirs", "ours", "last", "draft"]
    assert (text, cursor) == ("draft", 5)


def test_the_file_is_not_read_again_for_what_was_typed_here(tmp_path, monkeypatch):
    history = FileHistory(tmp_path / "history.jsonl")
    history.append_string("first")
    loaded(history)
    monkeypatch.setattr(history, "load_history_strings", lambda: 1 / 0)
    history.append_string("second")
    assert loaded(history) == ["second", "first"]


def test_what_holds_a_key_is_found_again_but_not_kept(tmp_path):
    history = FileHistory(tmp_path / "history", is_secret=lambda text: "sk-" in text)
    history.append_string("My key is sk-1")
    history.append_string("What else?")
    assert history.get_strings() == ["My key is sk-1", "What else?"]
    assert stored(tmp_path / "history") == ["What else?"]
