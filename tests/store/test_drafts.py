"""What was typed and not sent outlives its process, and belongs to one process at a time."""

import os
import stat
import subprocess
import sys
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.conversation import TEXT, Attachment, Draft, Unsent
from deepchat.repl.needs import Drafts
from deepchat.store import drafts as module
from deepchat.store.drafts import LARGEST, LONG, DraftFiles

any_text = st.text(alphabet=st.characters(exclude_categories=()))
any_place = st.integers(0, 1 << 40)
any_spans = st.lists(st.tuples(any_place, any_place), max_size=3).map(tuple)
any_attachments = st.lists(
    st.builds(
        Attachment,
        any_text,
        any_text,
        st.binary(max_size=100),
        any_text,
        st.none() | st.tuples(any_place, any_place),
        any_text,
    ),
    max_size=3,
).map(tuple)
any_queue = st.lists(st.builds(Unsent, any_text, any_attachments, any_spans), max_size=3)
any_draft = st.builds(
    Draft, any_text.filter(bool), any_text, any_queue.map(tuple), any_attachments, any_spans
)

WRITING = """
import sys
from pathlib import Path
from deepchat.conversation import Draft, Unsent
from deepchat.store.drafts import DraftFiles
drafts = DraftFiles(Path(sys.argv[1]))
for session in sys.argv[2:]:
    drafts.keep(Draft(session, f"for {session}", (Unsent("queued"),)))
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
        return [files.claim(name, session) for name, session in files.left().items()]


def test_they_are_what_the_repl_needs(drafts):
    needed: Drafts = drafts
    assert needed.left() == {}


def test_any_draft_comes_back_as_it_was(tmp_path_factory):
    @given(any_draft)
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
    assert left(folder) == [Draft("one", "for one", (Unsent("queued"),))]


def test_each_session_has_its_own_and_all_are_left(folder, drafts):
    kill(writing(folder, "one", "two"))
    kill(writing(folder, "one"))
    assert sorted(drafts.left().values()) == ["one", "one", "two"]


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
    for name, session in drafts.left().items():
        os.utime(folder / name, (changed[session], changed[session]))
    assert list(drafts.left().values()) == ["two", "one", "three"]


def test_what_is_no_draft_hides_nothing_else_and_half_a_file_is_swept(folder, drafts):
    kill(writing(folder, "one"))
    for name in ("dead.1.json", "dead.2.json", "dead.3.new", "dead.4.txt"):
        (folder / name).write_text('{"session": 1')
    for name in ("dead.5", "dead.6"):
        (folder / name).mkdir()
    (folder / "dead.5" / "draft.new").write_text("{")
    (folder / "dead.6" / "draft.json").write_text("{")
    assert list(drafts.left().values()) == ["one"]
    assert not (folder / "dead.5").exists()
    assert (folder / "dead.6").exists()
    assert (folder / "dead.1.json").exists()


def test_nobody_else_can_read_them(folder, drafts):
    drafts.keep(Draft("one", "secret", attachments=(picture(1),)))
    [of_draft] = folder.iterdir()
    assert [stat.S_IMODE(each.stat().st_mode) for each in (folder, of_draft)] == [0o700] * 2
    assert [stat.S_IMODE(path.stat().st_mode) for path in of_draft.iterdir()] == [0o600] * 2


def picture(size, name="cat.png"):
    return Attachment(name, "image/png", bytes([size % 256]) * size, f"/{name}")


def bodies(folder):
    return [path for path in folder.glob("*/*") if path.name != "draft.json"]


def test_what_is_attached_is_written_once_and_goes_with_what_brought_it(folder, drafts):
    cat, dog = picture(1000), picture(2000, "dog.png")
    drafts.keep(Draft("one", "a", attachments=(cat, dog)))
    before = {path: path.stat().st_ino for path in bodies(folder)}
    assert sorted(path.stat().st_size for path in before) == [1000, 2000]
    for text in ("ab", "abc"):
        drafts.keep(Draft("one", text, (Unsent("first", (cat,)),), (cat, dog)))
    assert {path: path.stat().st_ino for path in bodies(folder)} == before
    drafts.keep(Draft("one", "abcd", attachments=(dog,)))
    assert [path.stat().st_size for path in bodies(folder)] == [2000]
    drafts.keep(Draft("one"))
    assert list(folder.iterdir()) == []


parts = st.lists(st.tuples(any_text.filter(bool), st.booleans()), max_size=6)


def unsent_of(parts):
    text, pasted = "", []
    for part, is_pasted in parts:
        if is_pasted:
            pasted.append((len(text), len(text) + len(part)))
        text += part
    return Unsent(text, (), tuple(pasted))


def test_any_draft_with_long_pastes_comes_back_as_it_was(tmp_path_factory, monkeypatch):
    monkeypatch.setattr(module, "LONG", 3)

    @given(parts.map(unsent_of).filter(lambda one: one.text.strip()), parts.map(unsent_of))
    def check(one, queued):
        folder = tmp_path_factory.mktemp("data") / "drafts"
        draft = Draft("one", one.text, (queued,), pasted=one.pasted)
        with closing(DraftFiles(folder)) as files:
            files.keep(draft)
        assert left(folder) == [draft]

    check()


def test_a_long_paste_is_written_once_however_much_is_typed_beside_it(folder, drafts):
    long = "a line\n" * 10_000
    written = set()
    for typed in ("", "W", "Wh", "Why"):
        pasted = ((len(typed), len(typed) + len(long)),)
        drafts.keep(Draft("one", f"{typed}{long}?", pasted=pasted))
        [body] = bodies(folder)
        written.add(body.stat().st_ino)
        [draft] = folder.glob("*/draft.json")
        assert draft.stat().st_size < 1_000
    assert len(written) == 1
    drafts.keep(Draft("one", "Why?"))
    assert bodies(folder) == []


def test_a_paste_that_was_damaged_is_named_and_what_was_typed_stays(folder, drafts):
    drafts.keep(Draft("one", f"See {'x' * LONG} there", pasted=((4, 4 + LONG),)))
    drafts.close()
    [body] = bodies(folder)
    body.write_bytes(b"torn")
    assert left(folder) == [Draft("one", "See  there", pasted=((0, 10),), lost=("a pasted text",))]


def test_a_claimed_draft_does_not_write_again_what_is_attached(folder, drafts):
    with closing(DraftFiles(folder)) as dying:
        dying.keep(Draft("one", "a", attachments=(picture(1000),)))
    [body] = bodies(folder)
    written = body.stat().st_ino
    [name] = drafts.left()
    claimed = drafts.claim(name, "one")
    assert claimed
    drafts.keep(Draft("one", "ab", attachments=claimed.attachments))
    assert [path.stat().st_ino for path in bodies(folder)] == [written]


def test_of_too_much_the_first_that_fits_is_kept_and_the_rest_is_named(folder, drafts):
    half, more = picture(LARGEST // 2), picture(LARGEST // 2 + 1, "more.png")
    small = picture(1, "small.png")
    drafts.keep(Draft("one", "a", (Unsent("b", (more, small)),), (half,)))
    drafts.close()
    assert left(folder) == [
        Draft("one", "a", (Unsent("b", (small,)),), (half,), lost=("more.png",))
    ]


def test_what_was_damaged_is_named_and_hides_nothing_else(folder, drafts):
    cat, dog, text = picture(10), picture(20, "dog.png"), Attachment("a.txt", TEXT, b"text")
    drafts.keep(Draft("one", "a", attachments=(cat, dog, text)))
    drafts.close()
    for path in bodies(folder):
        if path.stat().st_size == 10:
            path.write_bytes(b"torn")
        if path.stat().st_size == 20:
            path.unlink()
    assert left(folder) == [Draft("one", "a", attachments=(text,), lost=("cat.png", "dog.png"))]


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
