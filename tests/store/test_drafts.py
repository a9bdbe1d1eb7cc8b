"""What was typed and not sent outlives its process, and belongs to one process at a time."""

import os
import stat
import subprocess
import sys
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.conversation import Draft
from deepchat.repl.needs import Drafts
from deepchat.store.drafts import DraftFiles

any_text = st.text(alphabet=st.characters(exclude_categories=()))

WRITING = """
import sys
from pathlib import Path
from deepchat.conversation import Draft
from deepchat.store.drafts import DraftFiles
drafts = DraftFiles(Path(sys.argv[1]))
for session in sys.argv[2:]:
    drafts.keep(Draft(session, f"for {session}", ("queued",)))
print("kept", flush=True)
sys.stdin.readline()
"""


def writing(folder, *sessions):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITING, str(folder), *sessions],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "kept\n"
    return process


def kill(process):
    process.kill()
    process.communicate()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "drafts"


@pytest.fixture
def drafts(folder):
    with closing(DraftFiles(folder)) as files:
        yield files


def left(folder):
    with closing(DraftFiles(folder)) as files:
        return list(files.left().values())


def test_they_are_what_the_repl_needs(drafts):
    needed: Drafts = drafts
    assert needed.left() == {}


def test_any_draft_comes_back_as_it_was(tmp_path_factory):
    @given(st.builds(Draft, any_text, any_text, st.lists(any_text, max_size=3).map(tuple)))
    def check(draft):
        folder = tmp_path_factory.mktemp("data") / "drafts"
        with closing(DraftFiles(folder)) as files:
            files.keep(draft)
        assert left(folder) == ([] if draft.empty else [draft])

    check()


def test_the_draft_of_a_living_process_is_nobody_elses_and_that_of_a_killed_one_is_left(
    folder, drafts
):
    process = writing(folder, "one")
    assert drafts.left() == {}
    kill(process)
    assert list(drafts.left().values()) == [Draft("one", "for one", ("queued",))]


def test_each_session_has_its_own_and_all_are_left(folder, drafts):
    kill(writing(folder, "one", "two"))
    kill(writing(folder, "one"))
    assert sorted(draft.session for draft in drafts.left().values()) == ["one", "one", "two"]


def test_one_of_several_takes_a_draft_and_it_stays_until_something_takes_its_place(folder, drafts):
    kill(writing(folder, "one"))
    [name] = drafts.left()
    assert drafts.claim(name, "new")
    with closing(DraftFiles(folder)) as other:
        assert not other.claim(name, "new")
        assert other.left() == {}
    assert left(folder) == []
    drafts.keep(Draft("new", "more"))
    drafts.close()
    assert left(folder) == [Draft("new", "more")]


def test_a_claimed_draft_goes_when_it_is_cleared_or_joined_with_another(folder, drafts):
    drafts.keep(Draft("here", "mine"))
    kill(writing(folder, "one"))
    [name] = drafts.left()
    assert drafts.claim(name, "here")
    drafts.keep(Draft("here", "both"))
    assert len(list(folder.iterdir())) == 1
    drafts.keep(Draft("here", " "))
    assert list(folder.iterdir()) == []


def test_the_newest_is_first(folder, drafts):
    kill(writing(folder, "one", "two", "three"))
    changed = {"one": 2, "two": 3, "three": 1}
    for name, draft in drafts.left().items():
        os.utime(folder / name, (changed[draft.session], changed[draft.session]))
    assert [draft.session for draft in drafts.left().values()] == ["two", "one", "three"]


def test_what_is_no_draft_hides_nothing_else_and_half_a_file_is_swept(folder, drafts):
    kill(writing(folder, "one"))
    for name in ("dead.1.json", "dead.2.json", "dead.3.new", "dead.4.txt"):
        (folder / name).write_text('{"session": 1')
    (folder / "dead.5.json").mkdir()
    assert [draft.session for draft in drafts.left().values()] == ["one"]
    assert not (folder / "dead.3.new").exists()
    assert (folder / "dead.1.json").exists()


def test_nobody_else_can_read_them(folder, drafts):
    drafts.keep(Draft("one", "secret"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600]


def test_a_place_that_cannot_be_written_costs_the_draft_only(tmp_path):
    (tmp_path / "file").write_text("")
    drafts = DraftFiles(tmp_path / "file" / "drafts")
    drafts.keep(Draft("one", "text"))
    assert drafts.left() == {}
    assert not drafts.claim("a.b.json", "one")
    drafts.close()


def test_nothing_is_made_before_there_is_something_to_keep(tmp_path, folder, drafts):
    drafts.keep(Draft("one"))
    assert drafts.left() == {}
    assert not folder.exists()
    assert not (tmp_path / "writers").exists()
