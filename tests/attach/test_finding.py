"""Patterns and completion on a real folder."""

import os
from pathlib import Path

import pytest

from deepchat.attach import finding


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    here = tmp_path / "here"
    for name in ("b.py", "a.py", ".hidden.py", "src/main.py", "src/.git/c.py", "src/my file.txt"):
        path = here / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.touch()
    monkeypatch.chdir(here)
    return here


def test_a_pattern_gives_sorted_files_and_no_hidden_ones():
    assert finding.matching("*.py") == (["a.py", "b.py"], 0)
    assert finding.matching("**/*.py") == (["a.py", "b.py", "src/main.py"], 0)
    assert finding.matching(".*") == ([".hidden.py"], 0)
    assert finding.matching("sr*") == ([], 0)
    assert finding.matching("\x00*") == ([], 0)


def test_a_pattern_gives_so_many_and_the_number_of_the_rest():
    for number in range(70):
        Path(f"n{number:02}.txt").touch()
    names, more = finding.matching("n*.txt")
    assert (names[0], len(names), more) == ("n00.txt", 50, 20)


def test_letters_in_their_order_are_enough_and_beginnings_come_first():
    assert finding.offered("") == ["a.py", "b.py", "src/"]
    assert finding.offered("py") == ["a.py", "b.py"]
    assert finding.offered("src/mn") == ["src/main.py"]
    assert finding.offered("src/mft") == ["src/my file.txt"]
    assert finding.offered("src/M") == ["src/main.py", "src/my file.txt"]
    assert finding.offered("nowhere/") == []


def test_hidden_files_want_a_dot():
    assert finding.offered(".h") == [".hidden.py"]
    assert finding.offered("src/.") == ["src/.git/", "src/main.py", "src/my file.txt"]


def test_home_is_offered_as_it_is_written(own_home):
    (own_home / "notes.txt").touch()
    assert finding.offered("~/no") == ["~/notes.txt"]


def test_names_that_would_have_to_be_cleaned_are_left_out(folder):
    (folder / "evil\x1b[31m").touch()
    assert finding.offered("evil") == []


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_that_leads_to_itself_does_not_hide_the_others(folder):
    (folder / "around").symlink_to("around")
    assert finding.offered("a") == ["a.py", "around"]


def test_a_huge_folder_is_read_only_so_far(folder, monkeypatch):
    read = []

    class Entry:
        def __init__(self, number):
            self.name = f"file{number}"

        def is_dir(self):
            return False

    class Huge:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def __iter__(self):
            return self

        def __next__(self):
            read.append(1)
            return Entry(len(read))

    monkeypatch.setattr(os, "scandir", lambda path: Huge())
    assert len(finding.offered("f")) == 100
    assert len(read) <= 2_001
