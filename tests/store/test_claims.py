"""A session is open in one process at a time, as far as all are told."""

import subprocess
import sys
from contextlib import closing

from deepchat.locks import lock
from deepchat.store.claims import Claims

TAKE = """
import sys
from pathlib import Path
from deepchat.store.claims import Claims
claims = Claims(Path(sys.argv[1]))
print(claims.take("one"), claims.take("two"), flush=True)
sys.stdin.readline()
"""


def other(folder):
    return subprocess.Popen(
        [sys.executable, "-c", TAKE, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_one_has_open_no_other_has_until_it_is_closed(tmp_path):
    with closing(Claims(tmp_path / "open")) as mine, closing(Claims(tmp_path / "open")) as theirs:
        assert mine.take("one")
        assert mine.take("one")
        assert not theirs.take("one")
        assert theirs.take("two")
        mine.drop("one")
        mine.drop("one")
        assert theirs.take("one")
        assert not mine.take("one")
    assert list((tmp_path / "open").iterdir()) == []


def test_a_process_that_is_killed_has_nothing_open(tmp_path):
    with other(tmp_path) as process, closing(Claims(tmp_path)) as claims:
        assert process.stdout
        assert process.stdout.readline() == "True True\n"
        assert not claims.take("one")
        process.kill()
        process.wait()
        assert claims.take("one")


def test_a_file_that_is_taken_away_while_it_is_locked_is_no_claim(tmp_path, monkeypatch):
    with closing(Claims(tmp_path)) as first, closing(Claims(tmp_path)) as second:
        # Its holder unlinks it between another's opening and locking it.
        opened: list[int] = []

        def late(file):
            opened.append(file)
            if len(opened) == 1:
                (tmp_path / "one").unlink()
            lock(file)

        monkeypatch.setattr("deepchat.store.claims.lock", late)
        assert first.take("one")
        monkeypatch.undo()
        assert len(opened) == 2
        assert not second.take("one")


def test_where_there_can_be_no_locks_every_session_is_free(tmp_path):
    (tmp_path / "open").touch()
    with closing(Claims(tmp_path / "open")) as claims:
        assert claims.take("one")
