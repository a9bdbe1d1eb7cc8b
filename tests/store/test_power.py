"""Power cuts: what a store had written when the power went, as far as the disk was told to keep it.

The system calls of a real process are recorded with strace. A cut is a place among them: what was synced before it is on
the disk, of what was not each sector of 512 bytes is there or not, by chance. DEEPCHAT_CUTS asks for more than a few.
"""

import os
import random
import re
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deepchat.store.sessions import Store
from tests.store.test_lasting import check

CUTS = int(os.environ.get("DEEPCHAT_CUTS", "40"))
SECTOR = 512

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")

CHAT = """
import sys
from pathlib import Path
from deepchat.conversation import Message, Session, new_id
from deepchat.store import database
from deepchat.store.sessions import Store
database._LARGEST_WAL = 100_000
store = Store(Path(sys.argv[1]))
def say(*words):
    sys.stdout.write(" ".join(words) + "\\n")
    sys.stdout.flush()
for number in range(4):
    session, leaf = Session(new_id(number), f"chat {number}"), None
    for turn in range(8):
        asked = Message(new_id(turn), "user", f"question {number} {turn} " * 40, leaf)
        reply = Message(new_id(turn), "assistant", "", asked.id, "streaming")
        store.open_turn(session, [asked, reply])
        say("turn", session.id, asked.id)
        for piece in range(6):
            store.append(reply.id, text=f"piece {piece} " * 30, reasoning="")
            say("piece", session.id, reply.id)
        text = "".join(f"piece {piece} " * 30 for piece in range(6))
        store.seal(Message(reply.id, "assistant", text, asked.id))
        say("seal", session.id, reply.id)
        leaf = reply.id
store.close()
"""

CALL = re.compile(r"^(?:\d+ +)?(\w+)\((\d+)<([^>]*)>(?:, (.*))?\) += (-?\d+)")
UNLINK = re.compile(r'^(?:\d+ +)?(?:unlink\(|unlinkat\([^,]*, )"([^"]*)"')


@dataclass
class Disk:
    """Files as they surely are, and what was written to each since it was synced last."""

    synced: dict[str, bytearray] = field(default_factory=dict)
    pending: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)

    def write(self, name, at, data):
        self.pending.setdefault(name, []).append((at, data))

    def sync(self, name):
        for at, data in self.pending.pop(name, []):
            _put(self.synced.setdefault(name, bytearray()), at, data)

    def truncate(self, name, size):
        # Files are cut when all before is synced; when the cut gets to the disk makes no difference then.
        self.sync(name)
        del self.synced.setdefault(name, bytearray())[size:]

    def unlink(self, name):
        self.synced.pop(name, None)
        self.pending.pop(name, None)

    def after_a_cut(self, chance):
        """The files as they may be found."""
        found = {name: bytearray(data) for name, data in self.synced.items()}
        for name, writes in self.pending.items():
            for at, data in writes:
                for offset in range(0, len(data), SECTOR):
                    if chance.random() < 0.5:
                        sector = data[offset : offset + SECTOR]
                        _put(found.setdefault(name, bytearray()), at + offset, sector)
        return found


def _put(file, at, data):
    file.extend(bytes(max(0, at + len(data) - len(file))))
    file[at : at + len(data)] = data


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """What a process did to its disk, and what it said of it, in order."""
    folder = tmp_path_factory.mktemp("power")
    calls = "trace=pwrite64,write,ftruncate,fdatasync,fsync,unlink,unlinkat"
    traced = subprocess.run(
        [
            "strace",
            "-f",
            "-y",
            "-xx",
            "-s",
            "1000000",
            "-e",
            calls,
            "-o",
            folder / "calls",
            sys.executable,
            "-c",
            CHAT,
            folder / "chats.db",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if traced.returncode:
        pytest.skip(f"nothing can be traced here: {traced.stderr[-200:]}")
    return list(_steps((folder / "calls").read_text(), folder))


def _steps(calls, folder):
    for line in calls.splitlines():
        if found := UNLINK.match(line):
            yield ("unlink", Path(_bytes(found[1]).decode()).name)
        elif found := CALL.match(line):
            name, number, path, rest, result = found.groups()
            path = _bytes(path).decode()
            if number == "1" and name == "write":
                yield ("said", _text(rest).split())
            elif Path(path).parent == folder and int(result) >= 0:
                yield from _step(name, Path(path).name, rest, int(result))


def _step(call, name, rest, result):
    if call == "pwrite64":
        yield ("write", name, int(rest.rsplit(", ", 1)[1]), _string(rest)[:result])
    elif call == "ftruncate":
        yield ("truncate", name, int(rest))
    elif call in ("fdatasync", "fsync"):
        yield ("sync", name)


def _string(rest):
    return _bytes(rest[1 : rest.index('"', 1)])


def _text(rest):
    return _string(rest).decode()


def _bytes(escaped):
    return (
        bytes.fromhex(escaped.replace("\\x", "")) if escaped.startswith("\\x") else escaped.encode()
    )


def cut(steps, place, chance, *, honest=True):
    """The files after a power cut at this place, and what had been said by then."""
    disk, said = Disk(), []
    for kind, *rest in steps[:place]:
        if kind == "said":
            said.append(rest[0])
        elif kind == "sync" and not honest:
            continue
        else:
            getattr(disk, kind)(*rest)
    return disk.after_a_cut(chance), said


def kept(folder, files, said):
    """How many pieces were lost, of how many, where nothing else may be; and whether the file was called damaged."""
    for name, data in files.items():
        if not name.endswith("-shm"):
            (folder / name).write_bytes(data)
    path = folder / "chats.db"
    if not any(words[0] != "piece" for words in said):
        return 0, 0, False
    told: list[str] = []
    with closing(Store(path, tell=told.append)) as store:
        trees = {session: store.load(session)[1] for _, session, _ in said}
    sealed = {reply for word, _, reply in said if word == "seal"}
    lost = 0
    for word, session, message in said:
        found = trees[session].messages.get(message)
        assert found is not None
        if word == "turn":
            assert found.text.startswith("question")
        if word == "seal":
            assert (found.state, found.text.count("piece")) == ("done", 180)
        if word == "piece" and message not in sealed:
            lost += 1
    check(path)
    open_ = next((words[2] for words in reversed(said) if words[0] == "piece"), "")
    if open_ and open_ not in sealed:
        session = next(words[1] for words in said if words[2] == open_)
        there = trees[session].messages[open_].text
        # A loss is of the end: what is there is a beginning of what was said.
        whole = "".join(f"piece {piece} " * 30 for piece in range(6))
        assert whole.startswith(there)
        lost -= there.count("piece") // 30
    return max(0, lost), sum(word == "piece" for word, *_ in said), bool(told)


def test_a_power_cut_takes_no_turn_and_harms_no_file(recorded, tmp_path):
    chance = random.Random(1)
    lost = pieces = alarms = 0
    for number in range(CUTS):
        folder = tmp_path / str(number)
        folder.mkdir()
        files, said = cut(recorded, chance.randrange(len(recorded)), chance)
        gone, of, alarm = kept(folder, files, said)
        lost, pieces, alarms = lost + gone, pieces + of, alarms + alarm
        shutil.rmtree(folder)
    assert pieces > CUTS
    assert lost < 6 * CUTS  # those of the reply at hand, at most
    # Where a turn was being written, but nobody had been told that it was.
    assert alarms < CUTS / 4
    print(f"{CUTS} cuts: {lost} of {pieces} pieces lost, {alarms} times called damaged")


def test_a_disk_that_ignores_what_it_is_told_loses_turns(recorded, tmp_path):
    """Otherwise the test above would prove nothing."""
    chance, harmed = random.Random(2), 0
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        place = chance.randrange(len(recorded) // 2, len(recorded))
        files, said = cut(recorded, place, chance, honest=False)
        try:
            kept(folder, files, said)
        except Exception:  # noqa: BLE001  in whatever way
            harmed += 1
    assert harmed >= 4
