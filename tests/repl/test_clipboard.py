"""The way into the clipboard, and never a false claim of success."""

import base64
import os
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
    for inside in ({"TMUX": "/nowhere/socket,1,0"}, {"TERM": "tmux-256color"}):
        copy("x", written.append, {**SSH, **inside})
        assert written[-1].startswith("\x1bPtmux;\x1b\x1b]52;")
        assert written[-1].endswith("\x1b\\")
    for inside in ({"TERM": "screen-256color"}, {"STY": "1.tty", "TERM": "vt100"}):
        copy("y" * 2_000, written.append, {**SSH, **inside})
        parts = re.findall(r"\x1bP(.*?)\x1b\\", written[-1], re.DOTALL)
        assert "".join(f"\x1bP{part}\x1b\\" for part in parts) == written[-1]
        assert max(map(len, parts)) <= 764  # 768 with what is around
        assert decoded("".join(parts)) == "y" * 2_000


def test_what_is_too_large_is_refused():
    with pytest.raises(UsageError, match="too many"):
        copy("x" * LARGEST, lambda _: None, SSH)


def test_a_dumb_terminal_has_none():
    with pytest.raises(UsageError, match="no clipboard"):
        copy("x", lambda _: None, {**SSH, "TERM": "dumb"})


def test_half_of_a_character_costs_the_rest_nothing():
    written: list[str] = []
    copy("a\ud83db", written.append, SSH)
    assert decoded(written[0]) == "a\ufffdb"


class System:
    """A clipboard in memory, in place of pyperclip's two functions."""

    def __init__(self, monkeypatch, *, takes=True, complains=b"", fails=None):
        self.text, self._takes, self._complains, self._fails = "", takes, complains, fails
        monkeypatch.setattr(pyperclip, "copy", self.copy)
        monkeypatch.setattr(pyperclip, "paste", lambda: self.text)

    def copy(self, text):
        os.write(2, self._complains)
        if self._fails:
            raise self._fails
        self.text = text if self._takes else self.text


def test_the_systems_clipboard_is_used_where_there_is_one(monkeypatch):
    written: list[str] = []
    system = System(monkeypatch)
    assert copy("x", written.append, {}) == "Copied."
    assert (system.text, written) == ("x", [])


@pytest.mark.parametrize(
    "broken",
    [
        {"fails": pyperclip.PyperclipException("none")},
        {"fails": FileNotFoundError("gone")},
        {"takes": False, "complains": b"Error: Can't open display: :0\n"},
    ],
)
def test_where_it_does_not_take_the_text_the_terminal_may(monkeypatch, capfd, broken):
    written: list[str] = []
    System(monkeypatch, **broken)
    assert "not every terminal" in copy("x", written.append, {})
    assert decoded(written[0]) == "x"
    assert capfd.readouterr().err == ""
