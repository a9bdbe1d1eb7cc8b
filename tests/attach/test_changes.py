"""Files that changed since they were sent."""

from dataclasses import replace
from pathlib import Path

import pytest

from deepchat.attach import changes, reading
from deepchat.attach.changes import Watch
from deepchat.conversation import DIFF, Conversation, Message
from deepchat.errors import NotAttached


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(text):
    Path("a.txt").write_text(text)
    return reading.read("a.txt").attachment


def sent(*attachments):
    messages = [
        Message(str(n), "user", "", str(n - 1) if n else None, attachments=(each,))
        for n, each in enumerate(attachments)
    ]
    return Conversation().add(*messages)


def test_a_change_is_news_until_it_is_told_and_again_after_the_next():
    watch, first = Watch(), write("1\n")
    chat = sent(first)
    assert watch.changed(chat) == []
    write("1\n2\n")
    assert watch.changed(chat) == [first]
    watch.tell(watch.changed(chat))
    assert watch.changed(chat) == []
    write("1\n2\n3\n")
    assert watch.changed(chat) == [first]
    write("1\n")
    assert watch.changed(chat) == []


def test_what_was_sent_last_counts_and_what_is_gone_is_no_news():
    watch = Watch()
    old, new = write("1\n"), write("1\n2\n")
    assert watch.changed(sent(old, new)) == []
    Path("a.txt").unlink()
    assert watch.changed(sent(old, new)) == []


def test_of_what_is_muted_the_model_knows_nothing():
    watch, first = Watch(), write("1\n")
    chat = sent(first)
    write("1\n2\n")
    assert watch.changed(chat) == [first]
    muted = chat.add(*(replace(message, mark="muted") for message in chat.path()))
    assert watch.changed(muted) == []
    assert changes.texts(muted.path()) == []


def test_a_file_that_is_as_it_was_is_read_once(monkeypatch):
    watch, first, reads = Watch(), write("1\n"), []
    read = reading.read

    def counted(*named):
        reads.append(named)
        return read(*named)

    monkeypatch.setattr(changes, "read", counted)
    for _ in range(5):
        watch.changed(sent(first))
    assert len(reads) == 1


def test_the_difference_is_a_diff_that_counts_as_what_the_file_is_now():
    first = write("1\n2\n3")
    assert not changes.texts([Message("0", "user", "")])
    write("1\ntwo\n3")
    diff = changes.difference(first).attachment
    assert diff.media_type == DIFF
    assert "-2\n+two\n 3\n\\ No newline at end of file\n" in diff.text
    assert Watch().changed(sent(first, diff)) == []
    assert changes.texts(sent(first, diff).path()) == [first]


def test_no_difference_and_no_text_are_said():
    with pytest.raises(NotAttached, match="as it was sent"):
        changes.difference(write("1"))
    Path("a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(NotAttached, match="is a picture"):
        changes.difference(reading.read("a.png").attachment)
