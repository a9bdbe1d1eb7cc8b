"""What outlives the process: a random history against a plain model, and real processes killed while they stream.

DEEPCHAT_HISTORIES, DEEPCHAT_KILLS and DEEPCHAT_TURNS ask for longer runs than the few of every day.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from deepchat.conversation import Attachment, Conversation, Message, Session, Usage, new_id
from deepchat.store.sessions import CUT, Store
from deepchat.text import mend

HISTORIES = int(os.environ.get("DEEPCHAT_HISTORIES", "8"))
KILLS = int(os.environ.get("DEEPCHAT_KILLS", "4"))
TURNS = int(os.environ.get("DEEPCHAT_TURNS", "12"))

# Words are found by their beginning: glued to a letter, in two pieces, it is the end of another word.
NEEDLE = re.compile(r"(?:^|[ -/])needle")

some_text = st.text(max_size=20) | st.sampled_from(
    ["needle", "the needle", "", "\ud83d", "漢字", "\x00"]
)
attached = st.lists(
    st.builds(
        Attachment,
        name=st.sampled_from(["a.py", "漢字.png"]),
        media_type=st.sampled_from(["text/plain", "image/png"]),
        body=st.sampled_from([b"", b"\x00\xff", b"x = 1\n"]),
        path=st.sampled_from(["", "/home/a.py"]),
        lines=st.sampled_from([None, (1, 9)]),
        digest=st.sampled_from(["", "ab"]),
    ),
    max_size=3,
)


def check(path: Path) -> None:
    """SQLite's own view: the file is whole, nothing dangles, and the index has what the messages have."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
        assert (
            raw.execute("SELECT digest FROM body EXCEPT SELECT body FROM attachment").fetchall()
            == []
        )
        raw.execute("INSERT INTO message_fts(message_fts, rank) VALUES ('integrity-check', 1)")
        assert (
            raw.execute(
                "SELECT 1 FROM piece JOIN message ON message.id = piece.message WHERE state <> 'streaming'"
            ).fetchall()
            == []
        )


class History(RuleBasedStateMachine):
    """Turns, pieces, ends, retries, renames, deletions, clean ends and kills, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.now = 0
        self.lives = 0
        self.sessions: dict[str, Session] = {}
        self.conversations: dict[str, Conversation] = {}
        self.streaming: dict[str, str] = {}
        self.trash: set[str] = set()
        self.start()

    def start(self) -> None:
        self.path = self.folder / str(self.lives) / "chats.db"
        self.store = Store(self.path, now_ms=self.tick)

    def tick(self) -> int:
        self.now += 1
        return self.now

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    # --- what a chat does --------------------------------------------------------------------------------------------

    @rule(title=some_text, asked=some_text, attached=attached)
    def begin(self, title, asked, attached):
        session = Session(new_id(self.tick()), title)
        self.conversations[session.id] = Conversation()
        self.turn(session, [self.question(asked, None, attached)])

    @precondition(lambda self: self.sessions)
    @rule(data=st.data(), asked=some_text, attached=attached)
    def go_on_anywhere(self, data, asked, attached):
        session = data.draw(st.sampled_from(list(self.sessions.values())))
        parent = data.draw(st.sampled_from([None, *self.conversations[session.id].messages]))
        self.turn(session, [self.question(asked, parent, attached)])

    def question(self, asked, parent, attached):
        return Message(new_id(self.tick()), "user", asked, parent, attachments=tuple(attached))

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def retry(self, data):
        session = data.draw(st.sampled_from(list(self.sessions.values())))
        self.turn(session, [], self.conversations[session.id].last("user"))

    def turn(self, session, messages, question=None):
        question = question or messages[-1]
        reply = Message(new_id(self.tick()), "assistant", "", question.id, "streaming")
        self.store.open_turn(session, [*messages, reply])
        self.sessions[session.id] = session
        self.trash.discard(session.id)
        self.keep(session.id, *messages, reply)
        self.streaming[reply.id] = session.id

    def keep(self, session_id, *messages):
        self.conversations[session_id] = self.conversations[session_id].add(*messages)

    def put(self, session_id, reply):
        leaf = self.conversations[session_id].leaf
        self.conversations[session_id] = self.conversations[session_id].add(reply).at(leaf)

    @precondition(lambda self: self.streaming)
    @rule(data=st.data(), text=some_text, reasoning=some_text)
    def hear(self, data, text, reasoning):
        reply, session_id = self.a_reply(data)
        self.store.append(reply.id, text=text, reasoning=reasoning)
        self.put(
            session_id,
            replace(reply, text=reply.text + text, reasoning=reply.reasoning + reasoning),
        )

    @precondition(lambda self: self.streaming)
    @rule(data=st.data(), state=st.sampled_from(["done", "stopped", "cut", "failed"]))
    def end(self, data, state):
        reply, session_id = self.a_reply(data)
        reply = replace(reply, state=state, usage=Usage(1, 2, cost=0.5))
        self.store.seal(reply)
        self.put(session_id, reply)
        del self.streaming[reply.id]

    def a_reply(self, data):
        reply_id, session_id = data.draw(st.sampled_from(list(self.streaming.items())))
        return self.conversations[session_id].messages[reply_id], session_id

    @precondition(lambda self: self.sessions)
    @rule(data=st.data(), title=some_text)
    def rename(self, data, title):
        session = replace(data.draw(st.sampled_from(list(self.sessions.values()))), title=title)
        self.store.update(session)
        self.sessions[session.id] = session

    @precondition(lambda self: self.sessions.keys() - self.trash)
    @rule(data=st.data())
    def delete(self, data):
        session_id = data.draw(st.sampled_from(sorted(self.sessions.keys() - self.trash)))
        self.store.delete(session_id)
        self.trash.add(session_id)

    @precondition(lambda self: self.trash)
    @rule(data=st.data())
    def restore(self, data):
        session_id = data.draw(st.sampled_from(sorted(self.trash)))
        self.store.restore(session_id)
        self.trash.remove(session_id)

    @precondition(lambda self: self.trash)
    @rule()
    def purge(self):
        doomed = self.store.trashed()[-1].id
        assert self.store.purge(days=0)
        self.trash.remove(doomed)
        del self.sessions[doomed], self.conversations[doomed]
        self.streaming = {reply: s for reply, s in self.streaming.items() if s != doomed}

    # --- how a process ends ------------------------------------------------------------------------------------------

    @rule()
    def leave(self):
        self.store.close()
        self.cut()

    @rule()
    def be_killed(self):
        """Go on with a copy of the files as they are: that is what a killed process leaves, and no lock on it."""
        old, old_store = self.path, self.store
        self.lives += 1
        self.start()
        if old.parent.exists():
            shutil.copytree(old.parent, self.path.parent)
        old_store.close()
        self.cut()

    def cut(self):
        for reply_id, session_id in self.streaming.items():
            reply = self.conversations[session_id].messages[reply_id]
            self.put(session_id, replace(reply, state="cut", error=CUT))
        self.streaming = {}

    # --- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def everything_is_as_it_was_told(self):
        found = {summary.id: summary for summary in self.store.find(limit=1000)}
        in_trash = {summary.id: summary for summary in self.store.trashed(limit=1000)}
        assert found.keys() == self.sessions.keys() - self.trash
        assert in_trash.keys() == self.trash
        found |= in_trash
        for session in self.sessions.values():
            expected = self.conversations[session.id]
            kept, conversation = self.store.load(session.id)
            assert kept == replace(session, title=mend(session.title))
            assert conversation == Conversation(
                {m.id: self.stored(m) for m in expected.messages.values()}, expected.leaf
            )
            messages = expected.messages.values()
            assert found[session.id].turns == sum(m.role == "user" for m in messages)
            assert (found[session.id].cost or 0) == sum(0.5 for m in messages if m.usage)

    def stored(self, message):
        return replace(message, text=mend(message.text), reasoning=mend(message.reasoning))

    @invariant()
    def what_was_said_is_found(self):
        said = {
            session_id
            for session_id, conversation in self.conversations.items()
            if any(
                NEEDLE.search(m.text) and m.state != "streaming"
                for m in conversation.messages.values()
            )
        }
        found = {summary.id for summary in self.store.find("needle", limit=1000)}
        assert said - self.trash <= found
        assert not self.trash & found

    @invariant()
    def the_file_is_sound(self):
        if self.sessions:
            check(self.path)


def test_any_history_is_kept_as_it_was_told():
    run_state_machine_as_test(
        History, settings=settings(max_examples=HISTORIES, stateful_step_count=20, deadline=None)
    )


STREAM = """
import sys
from itertools import count
from pathlib import Path
from deepchat.conversation import Message, Session, new_id
from deepchat.store.sessions import Store
store = Store(Path(sys.argv[1]))
session, parent = Session(new_id(1), "killed"), None
for turn in count():
    question = Message(new_id(turn), "user", f"question {turn}", parent)
    reply = Message(new_id(turn), "assistant", "", question.id, "streaming")
    store.open_turn(session, [question, reply])
    print("turn", session.id, reply.id, flush=True)
    for tick in range(int(sys.argv[2])):
        store.append(reply.id, text=f"{tick} ", reasoning="")
        print("tick", tick, flush=True)
    if sys.argv[3:]:
        sys.stdin.read()
    text = "".join(f"{tick} " for tick in range(int(sys.argv[2])))
    store.seal(Message(reply.id, "assistant", text, question.id))
    print("sealed", flush=True)
    parent = reply.id
"""


def streaming(path: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", STREAM, str(path), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("kill", range(KILLS))
def test_a_killed_process_loses_nothing_that_was_acknowledged(tmp_path, kill):
    path = tmp_path / "chats.db"
    with streaming(path, "15") as process:
        assert process.stdout
        heard = [process.stdout.readline() for _ in range(1 + kill * 37 % 80)]
        process.kill()
        heard += process.stdout.readlines()
    turns = [line.split() for line in heard if line.startswith("turn")]
    ticks = "".join(heard).rpartition("turn")[2].count("tick")
    told: list[str] = []
    with closing(Store(path, tell=told.append)) as store:
        _, conversation = store.load(turns[0][1])
    assert told == []
    *whole, reply = [conversation.messages[turn[2]] for turn in turns]
    assert all((m.state, len(m.text.split())) == ("done", 15) for m in whole)
    assert reply.state == "done" or (reply.state, reply.error) == ("cut", CUT)
    # What was kept in the moment before its acknowledgement: one piece, or one turn.
    assert reply.text in ["".join(f"{n} " for n in range(kept)) for kept in (ticks, ticks + 1)]
    assert len(conversation.messages) - 2 * len(turns) in (0, 2)
    check(path)


def test_a_reply_is_left_alone_while_its_process_lives_and_cut_when_it_is_gone(tmp_path):
    path = tmp_path / "chats.db"
    with streaming(path, "3", "wait") as process, closing(Store(path)) as store:
        assert process.stdout
        heard = [process.stdout.readline() for _ in range(4)]
        session_id = heard[0].split()[1]
        assert len(store.find()) == 1
        _, conversation = store.load(session_id)
        live = conversation.path()[-1]
        process.kill()
        process.wait()
        _, conversation = store.load(session_id)
        assert conversation.path()[-1] == replace(live, state="cut", error=CUT)
    assert (live.state, live.text) == ("streaming", "0 1 2 ")


CROWD = """
import sys
from pathlib import Path
from deepchat.conversation import Message, Session, new_id
from deepchat.store.sessions import Store
store = Store(Path(sys.argv[1]))
session, leaf = Session(new_id(int(sys.argv[2])), sys.argv[2]), None
print(session.id, flush=True)
for turn in range(int(sys.argv[3])):
    asked = Message(new_id(turn), "user", f"{sys.argv[2]} asks {turn}", leaf)
    reply = Message(new_id(turn), "assistant", "", asked.id, "streaming")
    store.open_turn(session, [asked, reply])
    for piece in range(3):
        store.append(reply.id, text=f"{piece} ", reasoning="")
    store.seal(Message(reply.id, "assistant", f"{sys.argv[2]} answers {turn}", asked.id))
    leaf = reply.id
    print(turn, flush=True)
store.close()
"""


def crowd(path, size):
    return [
        subprocess.Popen(
            [sys.executable, "-c", CROWD, str(path), str(number), str(TURNS)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(size)
    ]


def test_eight_processes_at_once_lose_nothing_and_mix_nothing(tmp_path):
    path = tmp_path / "chats.db"
    ended = [(process.communicate(), process.returncode) for process in crowd(path, 8)]
    assert [(said[1], code) for said, code in ended] == [("", 0)] * 8
    with closing(Store(path)) as store:
        for number, (said, _) in enumerate(ended):
            _, conversation = store.load(said[0].split()[0])
            texts = [message.text for message in conversation.path()]
            assert texts == [
                text
                for turn in range(TURNS)
                for text in (f"{number} asks {turn}", f"{number} answers {turn}")
            ]
    check(path)


@pytest.mark.parametrize("kill", range(max(1, KILLS // 4)))
def test_of_several_at_once_that_are_killed_each_keeps_what_it_had(tmp_path, kill):
    path = tmp_path / "chats.db"
    told: list[str] = []
    alive = crowd(path, 4)
    heard = []
    for number, process in enumerate(alive):
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(2 + (kill * 7 + number * 3) % TURNS)]
        process.kill()
        heard.append([*lines, *process.stdout.readlines()])
    assert [process.communicate()[1] for process in alive] == [""] * 4
    with closing(Store(path, tell=told.append)) as store:
        for number, lines in enumerate(heard):
            _, conversation = store.load(lines[0].strip())
            texts = [message.text for message in conversation.path()]
            for turn in range(len(lines) - 1):
                asked, answered = texts[2 * turn : 2 * turn + 2]
                assert (asked, answered) == (f"{number} asks {turn}", f"{number} answers {turn}")
    assert told == []
    check(path)


def test_what_killed_writers_leave_is_swept_a_day_later(tmp_path):
    path = tmp_path / "chats.db"
    (stale := tmp_path / "writers" / new_id(1)).parent.mkdir()
    stale.touch()
    with closing(Store(path)) as store:
        question = Message(new_id(1), "user", "Why?")
        reply = Message(new_id(2), "assistant", "", question.id, "streaming")
        store.open_turn(Session(new_id(1)), [question, reply])
        assert not stale.exists()
        assert len(list(stale.parent.iterdir())) == 1
