"""The way into the clipboard, and never a false claim of success."""

import base64
import os
import re
import sys

import pytest

from deepchat.errors import UsageError
from deepchat.repl import clipboard
from deepchat.repl.clipboard import LARGEST, Copied, copy, paste

SSH = {"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}


def decoded(sequence):
    found = re.search(r"52;c;([^\x07]*)\x07", sequence)
    assert found
    return base64.b64decode(found[1]).decode()


def test_over_ssh_the_terminal_is_asked_and_nothing_is_promised():
    copied = copy("Grüße\n", SSH)
    assert copied.sequence.startswith("\x1b]52;c;")
    assert decoded(copied.sequence) == "Grüße\n"
    assert "not every terminal" in copied.said


def test_tmux_and_screen_are_passed_through():
    for inside in ({"TMUX": "/nowhere/socket,1,0"}, {"TERM": "tmux-256color"}):
        sequence = copy("x", {**SSH, **inside}).sequence
        bare, _, wrapped = sequence.partition("\x1bPtmux;\x1b")
        assert bare.startswith("\x1b]52;c;")
        assert wrapped == f"{bare}\x1b\\"
    for inside in ({"TERM": "screen-256color"}, {"STY": "1.tty", "TERM": "vt100"}):
        sequence = copy("y" * 2_000, {**SSH, **inside}).sequence
        parts = re.findall(r"\x1bP(.*?)\x1b\\", sequence, re.DOTALL)
        assert "".join(f"\x1bP{part}\x1b\\" for part in parts) == sequence
        assert max(map(len, parts)) <= 764  # 768 with what is around
        assert decoded("".join(parts)) == "y" * 2_000


def test_what_is_too_large_is_refused():
    with pytest.raises(UsageError, match="too many"):
        copy("x" * LARGEST, SSH)


def test_a_dumb_terminal_has_none():
    with pytest.raises(UsageError, match="no clipboard"):
        copy("x", {**SSH, "TERM": "dumb"})


def test_half_of_a_character_costs_the_rest_nothing():
    assert decoded(copy("a\ud83db", SSH).sequence) == "a\ufffdb"


@pytest.fixture
def system(tmp_path):
    """Makes the environment of a desktop, with an `xsel` that does as its script says."""
    if not sys.platform.startswith("linux"):
        pytest.skip("needs the clipboard programs of X11")

    def make(script):
        (tmp_path / "xsel").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "xsel").chmod(0o700)
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "DISPLAY": ":9", "KEPT": str(tmp_path / "kept")}

    return make


KEEPS = 'case $2 in -i) cat > "$KEPT";; *) cat "$KEPT";; esac'


def test_the_systems_clipboard_is_used_where_there_is_one(system):
    environ = system(KEEPS)
    assert copy("Grüße\n", environ) == Copied("Copied.")
    assert paste(environ) == "Grüße\n"
    copy("", environ)
    with pytest.raises(UsageError, match="no text"):
        paste(environ)


@pytest.mark.parametrize(
    "script",
    ["cat > /dev/null", "echo no display >&2; exit 1", "exec sleep 600"],
    ids=["forgets", "fails", "hangs"],
)
def test_where_it_does_not_take_the_text_the_terminal_may(system, capfd, script, monkeypatch):
    monkeypatch.setattr(clipboard, "PATIENCE_S", 0.5)
    copied = copy("x", system(script))
    assert "not every terminal" in copied.said
    assert decoded(copied.sequence) == "x"
    assert capfd.readouterr() == ("", "")


def test_a_clipboard_that_cannot_be_read_is_said(system, capfd):
    with pytest.raises(UsageError, match="cannot be read"):
        paste({"PATH": ""})
    assert capfd.readouterr() == ("", "")
