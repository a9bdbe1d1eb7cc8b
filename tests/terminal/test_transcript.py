"""What the real program leaves on a terminal is the transcript: every row of every turn once, in order, in its style."""

import os
import re
import shutil
import subprocess
import sys
import time
from itertools import takewhile
from uuid import uuid4

import pytest

from deepchat.demo.server import Answer
from deepchat.render.codes import count_blocks
from deepchat.render.reply import render_markdown
from deepchat.render.theme import THEMES
from tests.emulator import Emulator, text_of, transcript, trimmed
from tests.render.documents import cut, mixture
from tests.terminal.driver import ROOT, WAIT_S

pytestmark = [pytest.mark.terminal, pytest.mark.timeout(290)]

# Turns of each chat; more for a long run.
TURNS = int(os.environ.get("DEEPCHAT_TURNS", "2"))

SIZES = [(20, 5), (40, 10), (80, 24), (200, 60)]
LINK = re.compile(r"\x1b\]8;;[^\x1b]*\x1b\\")

# The most rows below what is printed: the open end, the composer, the status line.
REGION = 16


def said(seed):
    """A reply that ends in a word of its own."""
    text = re.sub("[\u200d\ufe0f]", "", mixture(seed))  # terminals differ in how they measure these
    return f"{text}\n\nEND{seed}"


def seeds(size):
    return [1000 * size + turn for turn in range(TURNS)]


def answer(seed):
    return Answer.reply(cut(said(seed), seed), pause_s=0.003)


def painted(seed, columns, codes=0):
    return render_markdown(said(seed), columns, THEMES["ansi"], codes=codes)


def check_turns(final, some_seeds, columns):
    """Each turn is the question, a blank row, the reply as it is drawn at once, a blank row, and the footer."""
    y = codes = 0
    for turn, seed in enumerate(some_seeds):
        y = next(at for at in range(y, len(final)) if text_of(final[at]) == f"› Question {turn}")
        reply = transcript(painted(seed, columns, codes), columns)
        codes += count_blocks(said(seed))
        footer = y + 2 + len(reply) + 1
        assert [text_of(row) for row in final[y + 1 : footer]] == ["", *map(text_of, reply), ""]
        assert unpadded(final[y + 2 : footer - 1]) == unpadded(reply)
        assert re.match(r"\d+ in · ", text_of(final[footer]))
        y = footer


def unpadded(rows):
    """Without the blanks at the ends of rows: tmux does not keep them."""
    return [row[: len(text_of(row))] for row in rows]


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_a_chat_stands_in_the_scrollback_as_its_replies_are_drawn_at_once(
    deepchat, server, columns, rows
):
    chat = deepchat(columns=columns, rows=rows)
    chat.wait_for("›")
    for turn, seed in enumerate(seeds(columns)):
        server.script.append(answer(seed))
        chat.press(f"Question {turn}\r")
        ended = re.compile(rf"END{seed}.*\d in · ", re.DOTALL)
        chat.wait_until(
            lambda ended=ended: ended.search("\n".join(chat.everything())), f"END{seed}"
        )
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    written = chat.written.decode()
    check_turns(replayed(written, columns, rows), seeds(columns), columns)
    drawn = "".join(painted(seed, columns) for seed in seeds(columns))
    assert LINK.findall(written) == LINK.findall(drawn)


def replayed(written, columns, rows):
    """The rows at the end. On the way there only the region differs from them, and nothing of it scrolls away."""
    whole = Emulator(columns, rows)
    whole.write(written)
    final = trimmed(whole.rows())
    terminal, done = Emulator(columns, rows), 0
    for frame in written.split("\x1b[?2026l"):
        seen = terminal.scrolled
        terminal.write(frame)
        shown = trimmed(terminal.rows(seen))
        same = len(common(shown, final[seen:]))
        assert seen + same >= terminal.scrolled, "a row that is not final has left the screen"
        assert seen + same >= done - REGION, "a row that was final has gone"
        assert len(shown) - same <= REGION, "there are rows that do not stay"
        done = seen + same
    return final


def common(some, others):
    """How both begin."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False))
    return [row for row, _ in pairs]


class Tmux:
    """A tmux of our own, with the program in its only pane."""

    def __init__(self, folder, columns, rows, *command):
        self.socket = f"deepchat-{uuid4().hex}"
        config = folder / "tmux.conf"
        config.write_text("set -g history-limit 100000\nset -g default-terminal screen-256color\n")
        size = ("-x", str(columns), "-y", str(rows))
        self.run("-f", str(config), "new-session", "-d", *size, *command)

    def run(self, *words):
        line = ["tmux", "-L", self.socket, *words]
        return subprocess.run(line, check=True, capture_output=True, text=True, cwd=ROOT).stdout

    def wait_for(self, pattern):
        """Until the screen shows something like this."""
        deadline = time.monotonic() + WAIT_S
        while not re.search(pattern, self.run("capture-pane", "-p"), re.DOTALL):
            assert time.monotonic() < deadline, self.run("capture-pane", "-p")
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run("kill-server")


@pytest.mark.skipif(not shutil.which("tmux"), reason="there is no tmux here")
@pytest.mark.parametrize(("columns", "rows"), [(40, 10), (80, 24)])
def test_tmux_has_the_same_transcript(server, tmp_path, columns, rows):
    program = (sys.executable, "-m", "deepchat", "--base-url", server.base_url, "-m", "demo")
    with Tmux(tmp_path, columns, rows, *program) as tmux:
        tmux.wait_for("/help")
        for turn, seed in enumerate(seeds(rows)):
            server.script.append(answer(seed))
            tmux.run("send-keys", "-l", f"Question {turn}")
            tmux.run("send-keys", "Enter")
            tmux.wait_for(rf"END{seed}.*tok/s")
        captured = tmux.run("capture-pane", "-p", "-e", "-S", "-")
    check_turns(transcript(captured, columns), seeds(rows), columns)
