"""Files on a real disk: what is attached of them, and what is refused in words."""

import os
import socket
from hashlib import sha256
from pathlib import Path

import pytest

from deepchat.attach import naming, reading
from deepchat.conversation import ADDRESS, TEXT
from deepchat.errors import NotAttached

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
JPEG = b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00" + b"\x00" * 20
PICTURES = {
    "a.png": (PNG, "image/png"),
    "a.jpg": (JPEG, "image/jpeg"),
    "no-suffix": (b"GIF89a" + b"\x00" * 20, "image/gif"),
    "wrong.txt": (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(name, lines=None):
    with pytest.raises(NotAttached) as refusal:
        reading.read(name, lines)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def mentioned(text):
    [mention] = naming.mentions(text)
    return reading.mentioned(mention)


def test_a_text_is_taken_whole_under_the_name_it_was_given(folder):
    Path("a.py").write_text("x = 'é'\n", encoding="utf-8")
    found = reading.read("a.py")
    body = "x = 'é'\n".encode()
    assert (found.attachment.name, found.attachment.media_type) == ("a.py", TEXT)
    assert found.attachment.path == str(folder / "a.py")
    assert (found.attachment.body, found.attachment.digest) == (body, sha256(body).hexdigest())
    assert found.note == ""


@pytest.mark.parametrize(
    ("data", "text", "noted"),
    [
        ("é".encode("utf-8-sig"), "é", False),
        ("é€".encode("utf-16"), "é€", True),
        ("é€".encode("utf-16-be").join([b"\xfe\xff", b""]), "é€", True),
        (b"caf\xe9 \x93so\x94", "café “so”", True),
        (b"", "", False),
        (b"a\r\nb", "a\r\nb", False),
        (b"\x1b[31mred", "\x1b[31mred", False),
    ],
)
def test_encodings_are_told_and_all_but_utf_8_are_said(data, text, noted):
    Path("a.txt").write_bytes(data)
    found = reading.read("a.txt")
    assert found.attachment.text == text
    assert bool(found.note) is noted


@pytest.mark.parametrize(
    "data",
    [b"\x7fELF\x00", b"a\x00b", b"\xff\x01\x02", b"\xff\xfea", b"\xff\xfe\x00\x00a\x00\x00\x00"],
)
def test_binary_files_are_refused(data):
    Path("a.bin").write_bytes(data)
    assert "a.bin is binary" in refused("a.bin")


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_told_by_their_first_bytes_whatever_they_are_called(name):
    data, kind = PICTURES[name]
    Path(name).write_bytes(data)
    found = reading.read(name)
    assert (found.attachment.media_type, found.attachment.body) == (kind, data)
    assert ("EXIF" in found.note) is (kind == "image/jpeg")
    assert reading.is_picture(name)
    assert "has no lines" in refused(name, (1, 2))


def test_what_is_missing_a_folder_or_no_ordinary_file_is_said():
    Path("folder").mkdir()
    os.mkfifo("pipe")
    assert refused("missing.txt") == "There is no file missing.txt."
    assert refused("folder/") == "folder/ is a folder."
    assert refused("/") == "/ is a folder."
    assert refused("pipe") == "pipe is no ordinary file."
    assert refused("/dev/zero") == "/dev/zero is no ordinary file."
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        assert refused("socket") == "socket is no ordinary file."
    assert "cannot be read" in refused("a\x00b")
    assert "cannot be read" in refused("~\x00/b")
    assert "cannot be read" in refused("x" * 5000)
    assert "no file" in refused("~nobody-of-this-name/x")


def test_a_pipe_that_takes_the_place_of_a_file_does_not_hold_us_up(monkeypatch):
    os.mkfifo("pipe")
    Path("file").touch()
    seen = [Path("file").stat()]
    monkeypatch.setattr(Path, "stat", lambda self: seen[0])
    assert refused("pipe") == "pipe is no ordinary file."


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_what_may_not_be_read_is_said():
    Path("secret.txt").write_text("x")
    Path("secret.txt").chmod(0)
    assert refused("secret.txt") == "secret.txt cannot be read: Permission denied."


def test_hostile_names_are_made_safe_in_what_is_said():
    assert "\x1b" not in refused("a\x1b[31m.txt")


def test_limits_are_in_bytes_and_a_size_of_zero_is_not_believed(monkeypatch):
    monkeypatch.setattr(reading, "TEXT_LIMIT", 20)
    monkeypatch.setattr(reading, "PICTURE_LIMIT", 25)
    Path("a.txt").write_text("1234567890")
    assert reading.read("a.txt").attachment.text == "1234567890"
    Path("a.txt").write_text("1234567890\n" * 100)
    assert "1.1 kB, and 20 B is the most" in refused("a.txt")
    assert reading.read("a.txt", (2, 2)).attachment.text == "1234567890"
    assert "is too large" in refused("a.txt", (2, 9))
    Path("a.png").write_bytes(PNG)
    assert "28 B, and 25 B is the most" in refused("a.png")
    if Path("/proc/self/status").exists():
        assert "is too large" in refused("/proc/self/status")


def test_a_range_takes_what_there_is_of_it():
    Path("a.txt").write_text("1\n2\n3\n4\n")
    found = reading.read("a.txt", (2, 3)).attachment
    assert (found.text, found.lines) == ("2\n3", (2, 3))
    found = reading.read("a.txt", (3, 99)).attachment
    assert (found.text, found.lines) == ("3\n4", (3, 4))
    assert refused("a.txt", (5, 9)) == "a.txt has lines 1 to 4, and no line 5."
    assert "no line 0" in refused("a.txt", (0, 9))


def test_a_mention_of_no_file_is_text_unless_it_can_only_be_one():
    assert mentioned("@someone") is None
    assert mentioned("@types/node") is None
    for text in ("@./missing", "@missing/a.py", '@"a b"', "@a#L3"):
        with pytest.raises(NotAttached, match="There is no file") as refusal:
            mentioned(text)
        assert "space" in refusal.value.hint
    Path("src").mkdir()
    assert mentioned("@src") is None
    with pytest.raises(NotAttached, match="src/mian"):
        mentioned("@src/mian")


def test_a_mention_means_the_file_there_is():
    for name in ("a.py", "a.py.", "a#L1"):
        Path(name).write_text(name)
    assert mentioned("@a.py,").attachment.text == "a.py"
    assert mentioned("@a.py.").attachment.text == "a.py."
    assert mentioned("@a#L1").attachment.text == "a#L1"
    assert mentioned("@a.py#L1").attachment.lines == (1, 1)


def test_only_web_addresses_are_handed_on():
    assert reading.address("https://example.org/a.png").media_type == ADDRESS
    for url in (
        "ftp://x/a",
        "https://",
        "http://[",
        "https://e.org/a b",
        "https://e.org/\x1b",
        "x",
    ):
        with pytest.raises(NotAttached, match="no web address"):
            reading.address(url)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@nope.py", "There is no file nope.py."),
        ("@Notes.md", "There is no file Notes.md."),
        ("@*.py", "@ names one file, not *.py."),
        ("@a.txt#10", "There is no file a.txt#10."),
        ("@a.txt:3", "There is no file a.txt:3."),
        ("@a.txt#L5-", "There is no file a.txt#L5-."),
    ],
)
def test_a_slip_in_the_name_of_a_file_is_not_sent_as_text(text, said):
    Path("a.txt").write_text("1\n")
    with pytest.raises(NotAttached) as refusal:
        mentioned(text)
    assert str(refusal.value) == said
    assert refusal.value.hint


@pytest.mark.parametrize("text", ["@someone", "@example.com", "@app.route", "@3.12", "@a:b"])
def test_what_may_be_anything_is_text(text):
    assert mentioned(text) is None
