"""The three streams as a script, a daemon or an old system hands them over: closed, full, or of few characters."""

import os
import subprocess
import sys
from itertools import combinations

import pytest

from deepchat.demo.server import Answer

STREAMS = ("0<&-", "1>&-", "2>&-")
CLOSED = [which for count in range(4) for which in combinations(STREAMS, count)]

C_LOCALE = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
LOCALES = (
    {"LANG": "C"},
    {"LC_ALL": "POSIX"},
    {"LANG": "C.UTF-8"},
    {"LANG": "de_DE.UTF-8"},
    {"PYTHONIOENCODING": "latin-1"},
    C_LOCALE,
)


@pytest.fixture
def deepchat(server):
    """Starts it in a shell line, without a terminal."""

    def start(flags, redirected="", *, typed=b"", env=None):
        server.script.append(Answer.reply("Grüße \U0001f600"))
        line = f"{sys.executable} -m deepchat --base-url {server.base_url} -m deepchat/demo"
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LANG", "LC_", "PYTHONIO", "PYTHONUTF8"))
        }
        return subprocess.run(
            ["sh", "-c", f"{line} {flags} {redirected}"],
            input=typed,
            env={**kept, **(env or {})},
            capture_output=True,
            check=False,
        )

    return start


@pytest.mark.parametrize("closed", CLOSED)
def test_whatever_is_closed_it_ends_with_a_line_at_most(deepchat, closed):
    ran = deepchat("-p hi", " ".join(closed))
    assert ran.returncode == 0
    assert ran.stderr == b""
    assert ran.stdout == (b"" if "1>&-" in closed else "Grüße \U0001f600\n".encode())


def test_without_a_question_on_a_closed_stdin_it_says_so(deepchat):
    ran = deepchat("", "0<&-")
    assert (ran.returncode, ran.stderr.count(b"\n")) == (1, 1)


@pytest.mark.parametrize("locale", LOCALES)
def test_in_every_locale_text_comes_in_and_goes_out(deepchat, server, locale):
    ran = deepchat("", typed="Fragé".encode(), env=locale)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert server.received[-1].json["messages"][-1]["content"].startswith("Frag")
    assert ran.stdout.startswith(b"Gr")
    assert b"\x1b" not in ran.stdout


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("flags", ["--help", "--version", "-p hi"])
def test_a_full_disk_is_one_line_at_most_and_a_code(deepchat, flags, unbuffered):
    ran = deepchat(flags, ">/dev/full", env={"PYTHONUNBUFFERED": unbuffered})
    assert ran.returncode == 1
    assert ran.stderr.count(b"\n") <= 1
    assert b"Traceback" not in ran.stderr
    assert deepchat(flags, ">/dev/full 2>&1").returncode == 1


@pytest.mark.parametrize("flags", ["--help", "--version", "-p hi"])
def test_a_reader_that_leaves_hears_nothing(deepchat, flags):
    ran = deepchat(flags, "| true")
    assert ran.stderr == b""
