"""The way into the clipboard, and never a false claim of success."""

import base64
import re

import pyperclip
import pytest

from deepchat.errors import UsageError
from deepchat.repl.clipboard import LARGEST, copy

SSH = {"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}


def decoded(sequence):
    found = re.search(r"52;c;([^\x07]*)\x07", sequence)
    assert found
    return base64.b64decode(found[1]).decode()


def test_over_ssh_the_terminal_is_asked_and_nothing_is_promised():
    written: list[str] = []
    said = copy("Grüße\n", written.append, SSH)
    assert written[0].startswith("\x1b]52;c;")
    assert decoded(written[0]) == "Grüße\n"
    assert "not every terminal" in said


def test_tmux_and_screen_are_passed_through():
    written: list[str] = []
    copy("x", written.append, {**SSH, "TMUX": "socket,1,0"})
    copy("y" * 2_000, written.append, {**SSH, "TERM": "screen-256color"})
    assert written[0].startswith("\x1bPtmux;\x1b\x1b]52;")
    assert written[0].endswith("\x1b\\")
    parts = re.findall(r"\x1bP(.*?)\x1b\\", written[1], re.DOTALL)
    assert max(map(len, parts)) <= 768
    assert decoded("".join(parts)) == "y" * 2_000


def test_what_is_too_large_is_refused():
    with pytest.raises(UsageError, match="too many"):
        copy("x" * LARGEST, lambda _: None, SSH)


def test_the_systems_clipboard_is_used_where_there_is_one(monkeypatch):
    copied: list[str] = []
    written: list[str] = []
    monkeypatch.setattr(pyperclip, "copy", copied.append)
    assert copy("x", written.append, {}) == "Copied."
    assert (copied, written) == (["x"], [])


def test_where_there_is_none_the_terminal_may_have_one(monkeypatch):
    def refuse(text):
        raise pyperclip.PyperclipException

    written: list[str] = []
    monkeypatch.setattr(pyperclip, "copy", refuse)
    assert "not every terminal" in copy("x", written.append, {})
    assert decoded(written[0]) == "x"
