"""Resize storms in a real terminal that reflows its rows: what is lost, and what stands there twice. Hand-run; needs tmux.

    python tests/benchmarks/resizing.py [--runs 4] [--resizes 100] [--seed 1]

A reply with numbered lines streams into the program in a tmux window of its own server, while the window is given random
sizes and a draft stands in the composer. Afterwards each line is looked for in the window and its scrollback.
"""

import argparse
import os
import random
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # it is run by its path

from deepchat.demo.manual import Page
from deepchat.demo.server import Answer, DemoServer, Pace

COLUMNS: Final = (20, 160)
LINES: Final = (12, 50)
PAUSES_S: Final = (0.05, 0.4)
DRAFT: Final = "a draft of mine"
PARTS: Final = 400


def item(number: int) -> str:
    """Two short items of a list, then a paragraph of some rows."""
    if number % 3:
        return f"- part {number}: some words, so that it is wrapped now and then, {number} times"
    return f"\npart {number}: {'lorem ipsum dolor ' * 12}\n"


class Tmux:
    """A window in a server that nobody else uses."""

    def __init__(self, command: str) -> None:
        self._name = f"resizing-{os.getpid()}"
        start = "start-server ; set-option -g history-limit 50000 ; new-session -d -x 80 -y 24"
        self(*start.split(), command)

    def __call__(self, *words: str) -> str:
        command = ["tmux", "-L", self._name, "-f", "/dev/null", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def resize(self, columns: int, lines: int) -> None:
        self("resize-window", "-x", str(columns), "-y", str(lines))

    def everything(self) -> str:
        return self("capture-pane", "-p", "-J", "-S", "-")

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + 60
        while text not in self.everything():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{text!r} does not appear:\n{self.everything()}")
            time.sleep(0.1)


def storm(server: DemoServer, home: str, resizes: int, sizes: random.Random) -> str:
    """All that stands in the window when the reply is over."""
    words = re.findall(r"\S+\s*|\s+", "\n".join(map(item, range(1, PARTS))))
    server.script.append(Answer.reply(words, pause_s=resizes * 0.25 / len(words)))
    program = (
        f"HOME={shlex.quote(home)} PYTHONPATH={shlex.quote(sys.path[0])} {shlex.quote(sys.executable)} "
        f"-m deepchat --base-url {server.base_url} -m deepchat/demo; sleep 60"
    )
    window = Tmux(program)
    try:
        window.wait_for("/help")
        window("send-keys", "Go.", "Enter")
        window.wait_for("part 2:")
        window("send-keys", DRAFT)
        for _ in range(resizes):
            window.resize(sizes.randint(*COLUMNS), sizes.randint(*LINES))
            time.sleep(sizes.uniform(*PAUSES_S))
        window.resize(100, 24)
        window.wait_for("tok/s")
        time.sleep(0.5)
        return window.everything()
    finally:
        window("kill-server")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--runs", type=int, default=4)
    options.add_argument("--resizes", type=int, default=100)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    print("| seed | resizes | lost | doubled | drafts |\n|---|---|---|---|---|")
    with DemoServer([Page("a", "b")], pace=Pace.INSTANT) as server:
        for seed in range(chosen.seed, chosen.seed + chosen.runs):
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
                shown = storm(server, home, chosen.resizes, random.Random(seed))
            found = Counter(map(int, re.findall(r"part (\d+):", shown)))
            lost = [number for number in range(1, PARTS) if not found[number]]
            doubled = [number for number, count in found.items() if count > 1]
            cells = [seed, chosen.resizes, lost, doubled, shown.count(DRAFT)]
            print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
