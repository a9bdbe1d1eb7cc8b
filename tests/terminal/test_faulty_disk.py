"""A disk that fails while one chats: the k-th call on the database fails, and the next few; then it works again.

DEEPCHAT_FAULTS asks for more places than the few of every day.
"""

import os
import shutil
import sys
from contextlib import closing

import pytest

from deepchat.config.paths import paths
from deepchat.demo.server import Answer
from deepchat.store.sessions import Store
from tests.store.test_lasting import check

FAULTS = int(os.environ.get("DEEPCHAT_FAULTS", "2"))

# A call, what it fails with, and how often it is made in such a chat.
KINDS = [
    ("pwrite64", "ENOSPC", 150),
    ("pwrite64", "EIO", 150),
    ("pwrite64", "EDQUOT", 150),
    ("fdatasync", "EIO", 12),
    ("ftruncate", "EIO", 4),
]

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed"),
]


def failing(call, error, first):
    """What runs deepchat so that this call fails from its `first` time on, three times."""
    database = str(paths().database)
    files = [word for end in ("", "-wal") for word in ("-P", database + end)]
    inject = f"inject={call}:error={error}:when={first}..{first + 2}"
    traced = ["strace", "-f", "-o", os.devnull, *files, "-e", f"trace={call}", "-e", inject]
    return [*traced, sys.executable, "-m", "deepchat"]


def said():
    with closing(Store(paths().database)) as store:
        (found,) = store.find()
        _, conversation = store.load(found.id)
    return [message.text for message in conversation.path()]


@pytest.mark.parametrize("number", range(FAULTS))
@pytest.mark.parametrize(("call", "error", "times"), KINDS)
def test_what_a_failing_disk_did_not_take_is_there_in_the_end(
    deepchat, server, call, error, times, number
):
    paths().data_dir.mkdir(parents=True)
    server.script += [Answer.reply(f"Answer {n}.") for n in (1, 2, 3)]
    first = 1 + number * times // FAULTS
    with deepchat(run=failing(call, error, first), columns=200) as chat:
        if chat.read(0.5) and b"ptrace" in chat.written:
            pytest.skip("nothing can be traced here")
        chat.wait_for("/help")
        for n in (1, 2, 3):
            chat.enter(f"Question {n}?")
            chat.wait_for(f"Answer {n}.")
            chat.wait_for("waiting", gone=True)
        chat.press("\x04")
        assert chat.wait_for_end() == 0
        shown = "\n".join(chat.everything())
    assert "Traceback" not in shown
    assert "broke" not in shown
    assert said() == [text for n in (1, 2, 3) for text in (f"Question {n}?", f"Answer {n}.")]
    check(paths().database)
