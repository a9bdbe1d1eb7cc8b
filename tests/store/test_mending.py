"""Damaged files: set aside as they are, with all that can be read in a new one. DEEPCHAT_DAMAGES asks for more of them
than the few of every day.
"""

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from deepchat.conversation import Attachment, Message, Session, Usage, new_id
from deepchat.errors import StoreError
from deepchat.store import mending, opening
from deepchat.store.migrations import STEPS
from deepchat.store.sessions import Store
from deepchat.store.upkeep import Upkeep
from tests.store.test_lasting import check

DAMAGES = int(os.environ.get("DEEPCHAT_DAMAGES", "6"))

PAGE = 4096
TABLES = ("session", "message", "body", "attachment", "piece")
WORDS = ("deepchat", "keeps", "what was said:", "漢字,", "emoji 🙂", "and a few", "plain words\n")


def filled(path, *, sessions=12, seed=1, close=True):
    """A store with chats of several branches, long and short texts, attachments, and one reply in flight."""
    random_ = random.Random(seed)
    store = Store(path)
    session = Session("")
    leaf: str | None = None
    for number in range(sessions):
        session, leaf = Session(new_id(number * 1000), f"Chat {number}", "a/b", "test"), None
        for turn in range(random_.randint(1, 12)):
            note = Attachment("a.txt", "text/plain", random_.randbytes(random_.choice([9, 9000])))
            asked = Message(
                new_id(number * 1000 + turn),
                "user",
                f"question {number} {turn}",
                leaf,
                attachments=(note,) if turn == 2 else (),
            )
            text = " ".join(random_.choices(WORDS, k=random_.choice([3, 60, 600, 4000])))
            reply = Message(
                new_id(number * 1000 + turn),
                "assistant",
                text,
                asked.id,
                reasoning="hm",
                usage=Usage(1, 2, cost=0.25),
            )
            store.open_turn(session, [asked, reply])
            leaf = asked.id if turn % 4 == 3 else reply.id
    reply = Message(new_id(1), "assistant", "", leaf, "streaming")
    store.open_turn(session, [reply])
    store.append(reply.id, text="Half a ", reasoning="")
    store.append(reply.id, text="reply", reasoning="thought")
    if close:
        store.close()
    return store


def rows(path):
    """Everything in the tables, as it stands there."""
    with closing(sqlite3.connect(path)) as raw:
        return {
            table: sorted(raw.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in TABLES
        }


def texts(path):
    """The texts of all messages that are complete, by their ids."""
    with closing(sqlite3.connect(path)) as raw:
        return dict(raw.execute("SELECT uid, text FROM message WHERE state = 'done'").fetchall())


def files(folder):
    """What stands in the folder, but for locks and SQLite's index of a log."""
    passing = ("-lock", "-shm")
    found = (file for file in folder.iterdir() if file.is_file())
    return {f.name: f.read_bytes() for f in found if not f.name.endswith(passing)}


def used_again(path):
    """What was said of the file, once it was read, written, and backed up."""
    told: list[str] = []
    with closing(Store(path, tell=told.append)) as store:
        # What shows at a use is mended at the next; what does not is found by the backup.
        went_wrong(store)
        went_wrong(store)
        Upkeep(store.database).back_up(date(2026, 1, 1))
        assert not went_wrong(store)
    check(path)
    return told


def went_wrong(store):
    """What is said when all chats are read, and a turn is written; None for nothing."""
    try:
        for summary in store.find(limit=1000):
            store.load(summary.id)
        store.find("question", limit=1000)
        store.open_turn(Session(new_id(5)), [Message(new_id(5), "user", "Hi " * 9000)])
    except StoreError as error:
        return str(error)
    return None


def damaged_one(folder):
    (found,) = folder.glob("chats-damaged-*.db")
    return found


# --- the law: what is whole is read whole ------------------------------------------------------------------------------


@pytest.mark.parametrize("in_log", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_all_of_a_sound_file_is_salvaged(tmp_path, seed, in_log):
    path, copy = tmp_path / "chats.db", tmp_path / "copy" / "chats.db"
    store = filled(path, seed=seed, close=not in_log)
    copy.parent.mkdir()
    for end in ("", "-wal"):
        if (file := Path(f"{path}{end}")).exists():
            Path(f"{copy}{end}").write_bytes(file.read_bytes())
    mending.mend(copy, "for once", lambda said: None)
    store.close()
    assert rows(copy) == rows(path)
    check(copy)


# --- damage ------------------------------------------------------------------------------------------------------------


def flipped(times):
    def damage(data, random_):
        for _ in range(times):
            data[random_.randrange(len(data))] ^= 1 << random_.randrange(8)
        return data

    return damage


def overwritten(pages, *, noise=False, first=0):
    def damage(data, random_):
        for _ in range(pages):
            at = random_.randrange(first, len(data) // PAGE) * PAGE if pages else 0
            data[at : at + PAGE] = random_.randbytes(PAGE) if noise else bytes(PAGE)
        return data

    return damage


def beheaded(length, *, noise=False):
    def damage(data, random_):
        return (random_.randbytes(length) if noise else bytes(length)) + data[length:]

    return damage


def truncated(data, random_):
    return data[: random_.randrange(len(data))]


KINDS = {
    "1 bit": (flipped(1), 0.9),
    "10 bits": (flipped(10), 0.8),
    "100 bits": (flipped(100), 0),
    "a page of zeroes": (overwritten(1), 0.75),
    "5 pages of noise": (overwritten(5, noise=True), 0.4),
    "no head": (beheaded(100), 1),
    "no first page": (beheaded(PAGE), 1),
    "noise for a first page": (beheaded(PAGE, noise=True), 1),
    "truncated": (truncated, 0),
}


@pytest.mark.parametrize("seed", range(DAMAGES))
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_never_ends_anything_and_is_never_overwritten(tmp_path, kind, seed):
    path = tmp_path / "chats.db"
    filled(path, seed=seed)
    before = texts(path)
    damage, least = KINDS[kind]
    harmed = bytes(damage(bytearray(path.read_bytes()), random.Random(f"{kind}{seed}")))
    path.write_bytes(harmed)
    told = used_again(path)
    if told:
        assert damaged_one(tmp_path).read_bytes() == harmed
        assert all(str(damaged_one(tmp_path)) in said for said in told)
        after = texts(path)
        kept = sum(after.get(uid) == text for uid, text in before.items())
        assert kept >= least * len(before)


def test_the_head_alone_takes_nothing_with_it(tmp_path):
    path = tmp_path / "chats.db"
    filled(path)
    before = rows(path)
    path.write_bytes(bytes(PAGE) + path.read_bytes()[PAGE:])
    told: list[str] = []
    with closing(Store(path, tell=told.append)) as store:
        assert len(store.find()) == 12
    assert len(told) == 1
    after = rows(path)
    assert [len(after[table]) for table in TABLES[:4]] == [len(before[t]) for t in TABLES[:4]]
    assert {row[1:4] for row in after["session"]} == {row[1:4] for row in before["session"]}


def test_what_is_no_database_at_all_is_set_aside(tmp_path):
    path = tmp_path / "chats.db"
    path.write_text("Dear diary, " * 1000)
    (told,) = used_again(path)
    assert "nothing in it could be read" in told
    assert damaged_one(tmp_path).read_text() == "Dear diary, " * 1000


# --- the log -----------------------------------------------------------------------------------------------------------


def left_by_a_crash(path, folder):
    """A copy of file and log as a killed process leaves them."""
    store = filled(path, close=False)
    folder.mkdir()
    for end in ("", "-wal"):
        (folder / f"{path.name}{end}").write_bytes(Path(f"{path}{end}").read_bytes())
    store.database.close()
    return folder / path.name


def test_a_log_that_is_whole_is_taken_as_it_is(tmp_path):
    path = left_by_a_crash(tmp_path / "chats.db", tmp_path / "crashed")
    before = texts(tmp_path / "chats.db")
    assert used_again(path) == []
    assert before.items() <= texts(path).items()


@pytest.mark.parametrize("written", [0, 10, 24, 2000])
def test_a_frame_that_was_being_written_is_no_damage(tmp_path, written):
    path = left_by_a_crash(tmp_path / "chats.db", tmp_path / "crashed")
    log = Path(f"{path}-wal")
    whole = log.read_bytes()
    last = whole[-(24 + PAGE) :]
    log.write_bytes(whole + last[:written])
    before = texts(tmp_path / "chats.db")
    mended = tmp_path / "mended.db"
    mended.write_bytes(path.read_bytes())
    Path(f"{mended}-wal").write_bytes(log.read_bytes())
    assert used_again(path) == []
    assert before.items() <= texts(path).items()
    mending.mend(mended, "for once", lambda said: None)
    assert rows(mended)["piece"] == rows(tmp_path / "chats.db")["piece"] != []


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_what_stands_behind_a_harmed_place_of_the_log_is_not_lost(tmp_path, part):
    path = left_by_a_crash(tmp_path / "chats.db", tmp_path / "crashed")
    log = Path(f"{path}-wal")
    harmed = bytearray(log.read_bytes())
    # In the middle of a page, not in the head of a frame.
    at = 32 + int((len(harmed) - 32) // (24 + PAGE) * part) * (24 + PAGE) + 2000
    harmed[at] ^= 4
    log.write_bytes(harmed)
    before, database = texts(tmp_path / "chats.db"), path.read_bytes()
    (told,) = used_again(path)
    assert "its log is damaged" in told
    after = texts(path)
    kept = sum(after.get(uid) == text for uid, text in before.items())
    assert kept >= 0.9 * len(before)
    aside = damaged_one(path.parent)
    assert aside.read_bytes() == database
    assert Path(f"{aside}-wal").read_bytes() == harmed


def test_a_log_without_its_file_is_read(tmp_path):
    path = left_by_a_crash(tmp_path / "chats.db", tmp_path / "crashed")
    path.write_bytes(b"")
    (told,) = used_again(path)
    assert "its log is not" in told
    assert len(texts(path)) > 10


def test_the_log_of_an_older_state_ends_nothing(tmp_path):
    path = left_by_a_crash(tmp_path / "chats.db", tmp_path / "crashed")
    stale = Path(f"{path}-wal").read_bytes()
    used_again(path)
    for number in range(50):
        with closing(Store(path)) as store:
            session = Session(new_id(number), f"later {number}")
            store.open_turn(session, [Message(new_id(number), "user", "later " * 300)])
    before = texts(path)
    Path(f"{path}-wal").write_bytes(stale)
    harmed = path.read_bytes()
    told = used_again(path)
    if told:
        assert damaged_one(path.parent).read_bytes() == harmed
        later = {uid for uid, text in before.items() if text.startswith("later")}
        assert len(later & texts(path).keys()) > 0


# --- while it is used --------------------------------------------------------------------------------------------------


def test_damage_that_shows_while_it_is_used_is_mended_at_the_next_use(tmp_path):
    path = tmp_path / "chats.db"
    told: list[str] = []
    filled(path)
    with closing(Store(path, tell=told.append)) as store:
        store.find()
        with path.open("r+b") as file:
            file.seek(20 * PAGE)
            file.write(b"\xff" * (path.stat().st_size - 20 * PAGE))
        harmed = path.read_bytes()
        assert "it is damaged" in (went_wrong(store) or "")
        store.open_turn(Session(new_id(7), "after"), [Message(new_id(7), "user", "Hi")])
        assert "after" in [summary.title for summary in store.find()]
    assert len(told) == 1
    assert damaged_one(tmp_path).read_bytes() == harmed
    check(path)


HOLD = """
import os, sys
from pathlib import Path
from deepchat.store.sessions import Store
from deepchat.store.upkeep import Upkeep
store = Store(Path(sys.argv[1]))
store.find()
print("open", flush=True)
sys.stdin.readline()
os._exit(0)
"""


def test_a_damaged_file_is_left_alone_while_another_process_has_it_open(tmp_path):
    path = tmp_path / "chats.db"
    filled(path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "open\n"
        path.write_bytes(bytes(100) + path.read_bytes()[100:])
        before = path.read_bytes()
        with closing(Store(path)) as store, pytest.raises(StoreError, match="open elsewhere"):
            store.find()
        other.communicate("go\n")
    assert path.read_bytes() == before
    assert len(used_again(path)) == 1


def test_a_process_that_ends_between_two_steps_is_followed_up(tmp_path, monkeypatch):
    path = tmp_path / "chats.db"
    filled(path)
    before = texts(path)
    harmed = bytes(100) + path.read_bytes()[100:]
    path.write_bytes(harmed)
    whole = Path.rename

    def ends(self, target):
        if self.name.endswith(".new"):
            raise KeyboardInterrupt
        return whole(self, target)

    monkeypatch.setattr(Path, "rename", ends)
    with pytest.raises(KeyboardInterrupt):
        used_again(path)
    assert not path.exists()
    monkeypatch.undo()
    assert used_again(path) == []
    assert damaged_one(tmp_path).read_bytes() == harmed
    assert before.keys() <= texts(path).keys()


def test_a_full_disk_leaves_the_damaged_file_where_it_is(tmp_path, monkeypatch):
    path = tmp_path / "chats.db"
    filled(path)
    harmed = bytes(100) + path.read_bytes()[100:]
    path.write_bytes(harmed)

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mending, "opened", full)
    with closing(Store(path)) as store, pytest.raises(StoreError, match="No space left"):
        store.find()
    assert path.read_bytes() == harmed
    assert set(files(tmp_path)) == {"chats.db"}
    monkeypatch.undo()
    assert len(used_again(path)) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"cached_tokens     INTEGER", b"cached_t\xf0kens     INTEGER"),
        (b"parameters   TEXT NOT NULL", b"paraneters   TEXT NOT NULL"),
        (b"CREATE TABLE session", b"CREATE T\xa8BLE session"),
    ],
)
def test_a_letter_of_the_schema_costs_nothing(tmp_path, before, after):
    path = tmp_path / "chats.db"
    filled(path)
    whole = texts(path)
    path.write_bytes(path.read_bytes().replace(before, after))
    (told,) = used_again(path)
    assert "schema" in told
    assert whole.items() <= texts(path).items()


def test_two_files_damaged_in_one_second_lie_beside_each_other(tmp_path):
    path = tmp_path / "chats.db"
    for text in ("first", "second", "third"):
        path.write_text(text)
        used_again(path)
    assert {f.read_text() for f in tmp_path.glob("chats-damaged-*.db")} == {
        "first",
        "second",
        "third",
    }


def test_rows_of_tables_that_came_later_are_salvaged_too(tmp_path, monkeypatch):
    path = tmp_path / "chats.db"

    def tagged(connection):
        connection.execute(
            """CREATE TABLE mark (session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE, word TEXT NOT NULL,
               PRIMARY KEY (session, word)) WITHOUT ROWID"""
        )

    monkeypatch.setattr(opening, "STEPS", [*STEPS, tagged])
    filled(path)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("INSERT INTO mark VALUES (1, 'kept'), (99, 'dangling')")
        raw.commit()
    mending.mend(path, "for once", lambda said: None)
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT * FROM mark").fetchall() == [(1, "kept")]
    check(path)
