import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from deepchat.conversation import Attachment, Message, Session, new_id
from deepchat.errors import StoreError
from deepchat.store import database, migrations, opening
from deepchat.store.migrations import STEPS
from deepchat.store.sessions import Store


def keep(store: Store, title: str = "kept") -> None:
    store.open_turn(Session(new_id(1), title), [Message(new_id(2), "user", "Why?")])


def refused(path: Path) -> StoreError:
    with closing(Store(path)) as store, pytest.raises(StoreError) as refusal:
        keep(store)
    assert str(path) in str(refusal.value)
    assert refusal.value.hint
    return refusal.value


def test_a_newer_file_is_refused_and_stays_as_it_is(tmp_path):
    path = tmp_path / "chats.db"
    with closing(Store(path)) as store:
        keep(store)
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    before = path.read_bytes(), (log := Path(f"{path}-wal")).read_bytes()
    assert "version 99" in str(refused(path))
    assert before == (path.read_bytes(), log.read_bytes())
    newer.close()
    before_alone = path.read_bytes()
    assert "version 99" in str(refused(path))
    assert before_alone == path.read_bytes()


def test_a_newer_file_whose_program_was_killed_keeps_its_log(tmp_path):
    theirs = tmp_path / "theirs.db"
    newer = sqlite3.connect(theirs)
    newer.execute("PRAGMA journal_mode = WAL")
    newer.execute(f"PRAGMA application_id = {opening.APPLICATION_ID}")
    newer.execute("PRAGMA user_version = 99")
    path = tmp_path / "chats.db"
    path.write_bytes(theirs.read_bytes())
    log = Path(f"{path}-wal")
    log.write_bytes(Path(f"{theirs}-wal").read_bytes())
    newer.close()
    before = path.read_bytes(), log.read_bytes()
    assert "version 99" in str(refused(path))
    assert before == (path.read_bytes(), log.read_bytes())


def test_the_database_of_another_program_is_refused_and_stays_as_it_is(tmp_path):
    path = tmp_path / "chats.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipe (name)")
    before = path.read_bytes()
    assert "not a deepchat database" in str(refused(path))
    assert path.read_bytes() == before


def test_a_file_from_before_attachments_keeps_its_chats_and_takes_them(tmp_path, monkeypatch):
    path = tmp_path / "chats.db"
    with monkeypatch.context() as then:
        then.setattr(opening, "STEPS", STEPS[: STEPS.index(migrations.attachments)])
        database.Database(path).close()
        with closing(database.Database(path)) as old, old.writing(durable=True) as connection:
            connection.execute(
                """INSERT INTO session (uid, title, model, provider, persona, persona_name, parameters, created_ms,
                   updated_ms) VALUES ('an-old-one', 'old', '', '', '', '', '{}', 1, 1)"""
            )
            connection.execute(
                """INSERT INTO message (uid, session, role, state, text, reasoning, model, reported_model, provider,
                   parameters, finish_reason, error, request_id, created_ms)
                   VALUES ('asked', 1, 'user', 'done', 'Why?', '', '', '', '', '{}', '', '', '', 1)"""
            )
            connection.execute("UPDATE session SET leaf = 1")
    note = Attachment("a.txt", "text/plain", b"x")
    with closing(Store(path)) as store:
        [kept] = store.find()
        session, conversation = store.load(kept.id)
        assert [message.text for message in conversation.path()] == ["Why?"]
        more = Message(new_id(3), "user", "And this?", conversation.leaf, attachments=(note,))
        store.open_turn(session, [more])
        _, conversation = store.load(kept.id)
        assert [m.attachments for m in conversation.path()] == [(), (note,)]


def test_an_empty_file_becomes_a_database(tmp_path):
    path = tmp_path / "chats.db"
    path.touch()
    with closing(Store(path)) as store:
        keep(store)
        assert len(store.find()) == 1


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "deepchat").touch()
    assert "File exists" in str(refused(tmp_path / "deepchat" / "chats.db"))


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path):
    (tmp_path / "chats.db").mkdir()
    assert "reading or writing it failed" in str(refused(tmp_path / "chats.db"))


def test_a_step_that_fails_leaves_the_version_before_it(tmp_path, monkeypatch):
    path = tmp_path / "chats.db"
    with closing(Store(path)) as store:
        keep(store)

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE session ADD COLUMN folder TEXT")
        raise sqlite3.OperationalError("no such luck")

    monkeypatch.setattr(opening, "STEPS", [*STEPS, broken])
    assert "no such luck" in str(refused(path))
    monkeypatch.undo()
    with closing(Store(path)) as store:
        assert [summary.title for summary in store.find()] == ["kept"]


def test_an_older_file_is_brought_up_to_date_with_what_is_in_it(tmp_path, monkeypatch):
    path = tmp_path / "chats.db"
    with closing(Store(path)) as store:
        keep(store)

    def foldered(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE session ADD COLUMN folder TEXT")

    monkeypatch.setattr(opening, "STEPS", [*STEPS, foldered])
    with closing(Store(path)) as store:
        assert [summary.title for summary in store.find()] == ["kept"]
    monkeypatch.undo()
    assert f"version {len(STEPS) + 1}" in str(refused(path))


def test_a_lock_held_for_a_moment_is_waited_for(tmp_path):
    path = tmp_path / "chats.db"
    with closing(Store(path)) as store:
        keep(store)
        holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.15, holder.execute, ["COMMIT"])
        release.start()
        keep(store)
        release.join()
        holder.close()
        assert len(store.find()) == 2


def test_a_lock_held_for_too_long_is_told_and_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "PATIENCE_S", 0)
    path = tmp_path / "chats.db"
    with closing(Store(path)) as store:
        keep(store)
        with closing(sqlite3.connect(path, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="another program keeps it locked"):
                keep(store)
            assert len(store.find()) == 1
        keep(store)
        assert len(store.find()) == 2


def test_a_thread_that_has_keys_to_answer_waits_for_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "PATIENCE_S", 3600)
    path = tmp_path / "chats.db"
    with closing(Store(path)) as store:
        keep(store)
        store.database.hurry(0.01)
        with closing(
            sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        ) as holder:
            holder.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="keeps it locked"):
                keep(store)
            # Another thread has all the time in the world, and holds our own lock meanwhile.
            patient = threading.Thread(target=keep, args=[store])
            patient.start()
            with pytest.raises(StoreError, match="keeps it locked"):
                keep(store)
            assert len(store.find()) == 1
            holder.execute("COMMIT")
            patient.join()
        store.database.take_time()
        keep(store)
        assert len(store.find()) == 3


def test_a_full_disk_is_told_and_the_next_turn_after_it_is_kept(tmp_path):
    path = tmp_path / "chats.db"
    with closing(Store(path)) as store:
        keep(store)
        with store.database.writing(durable=True) as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="the disk is full"):
            store.open_turn(Session(new_id(1)), [Message(new_id(2), "user", "x" * 100_000)])
        assert len(store.find()) == 1
        connection.execute("PRAGMA max_page_count = 1000000")
        keep(store)
        assert len(store.find()) == 2


FIRST_START = """
import sys
from pathlib import Path
from deepchat.conversation import Message, Session, new_id
from deepchat.store.sessions import Store
store = Store(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    store.open_turn(Session(new_id(number)), [Message(new_id(number), "user", "Why?")])
store.close()
"""


def test_processes_that_start_and_write_at_once_lose_nothing(tmp_path):
    path = tmp_path / "deepchat" / "chats.db"
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", FIRST_START, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in crowd:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in crowd:
        process.communicate("go\n")
    assert [process.returncode for process in crowd] == [0] * len(crowd)
    with closing(Store(path)) as store:
        assert len(store.find(limit=1000)) == 20 * len(crowd)


READ = """
import os, sys
from pathlib import Path
from deepchat.conversation import Message, Session, new_id
from deepchat.errors import StoreError
from deepchat.store.sessions import Store
from deepchat.store.upkeep import Upkeep
if os.getuid() == 0:
    os.setuid(65534)
store = Store(Path(sys.argv[1]))
Upkeep(store.database).look()
print([(found.title, store.load(found.id)[1].path()[-1].text) for found in store.find()])
try:
    store.open_turn(Session(new_id(1)), [Message(new_id(2), "user", "Why?")])
except StoreError as error:
    print(error)
store.close()
"""


@pytest.mark.parametrize("crashed", [False, True])
def test_what_may_not_be_written_can_be_read(tmp_path, crashed):
    path = tmp_path / "read-only" / "chats.db"
    with closing(Store(path)) as store:
        keep(store, "first")
        as_it_is = {end: Path(f"{path}{end}").read_bytes() for end in ("", "-wal")}
    if crashed:  # with its log, as a killed process leaves it
        for end, data in as_it_is.items():
            Path(f"{path}{end}").write_bytes(data)
    for folder in (path.parent, *path.parent.parents[:3]):
        folder.chmod(0o755)
    for file in path.parent.iterdir():
        file.chmod(0o644) if file.is_file() else file.chmod(0o755)
    path.parent.chmod(0o555)
    before = {file: file.stat().st_mtime_ns for file in path.parent.iterdir()}
    said = subprocess.run(
        [sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=False
    )
    path.parent.chmod(0o755)
    assert said.stderr == ""
    assert "[('first', 'Why?')]" in said.stdout
    assert "it may not be written" in said.stdout
    assert {file: file.stat().st_mtime_ns for file in path.parent.iterdir()} == before


def test_a_folder_that_is_taken_away_is_made_again_and_written_to(tmp_path):
    path = tmp_path / "deepchat" / "chats.db"
    with closing(Store(path)) as store:
        keep(store, "before")
        assert len(store.find()) == 1
        path.parent.rename(tmp_path / "elsewhere")
        assert store.find() == []
        keep(store, "after")
        assert [found.title for found in store.find()] == ["after"]
    with closing(Store(tmp_path / "elsewhere" / "chats.db")) as moved:
        assert [found.title for found in moved.find()] == ["before"]


def test_a_file_that_another_process_is_making_just_now_is_not_damaged(tmp_path, monkeypatch):
    path = tmp_path / "chats.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA user_version = 0")
        raw.execute("VACUUM")
    monkeypatch.setattr(opening, "PATIENCE_S", 0)
    whole = opening._glimpse

    class Late:
        """Between two questions somebody else makes the file what it is to be, if that can be."""

        def __init__(self, connection):
            self._connection = connection

        def execute(self, statement):
            if "sqlite_master" in statement:
                monkeypatch.setattr(opening, "_glimpse", whole)
                with closing(Store(path)) as other, suppress(StoreError):
                    keep(other)
            return self._connection.execute(statement)

    @contextmanager
    def glimpse(path):
        with whole(path) as connection:
            yield Late(connection)

    assert path.stat().st_size
    monkeypatch.setattr(opening, "_refuse_newer", lambda path: None)
    monkeypatch.setattr(opening, "_glimpse", glimpse)
    assert opening.damage(path, alone=False, suspect=False) == ""
