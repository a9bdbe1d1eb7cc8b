"""What the real program costs while a reply streams in: CPU of its process, bytes on the pty, key to echo. Hand-run.

    python tests/benchmarks/program.py [--tokens 2000] [--rates 100,500]
    python tests/benchmarks/program.py --turns 1,1000    # key to echo in chats of so many turns, nothing arriving

The reply comes from the scripted server on loopback, in a process of its own; keys are typed into the composer the while.
"""

import argparse
import os
import re
import select
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Final

import pexpect

sys.path.insert(0, str(Path(__file__).parents[2]))  # it is run by its path

from deepchat.conversation import Message, Session, new_id
from deepchat.demo.manual import Page
from deepchat.demo.server import Answer, DemoServer, Pace
from deepchat.store.sessions import Store
from tests.benchmarks.documents import mixed, tokens_of

ROWS, COLUMNS = 24, 80
KEY_EVERY_S: Final = 0.25
KEYS: Final = 100
# CPU is told in ticks; the reading begins when the reply does, and ends with its footer.
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
END: Final = re.compile(rb"tok/s")


class Program:
    """The program at its prompt."""

    def __init__(self, url: str, home: str, *flags: str) -> None:
        env = {**os.environ, "HOME": home, "TERM": "xterm-256color", "PYTHONPATH": sys.path[0]}
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "deepchat", "--base-url", url, "-m", "deepchat/demo", *flags],
            env=env,
            dimensions=(ROWS, COLUMNS),
        )
        self.child.delaybeforesend = None
        self.child.expect("/help")
        time.sleep(2)  # what is imported behind the prompt
        self.read(0)

    def read(self, seconds: float) -> bytes:
        """What has been written, waiting for the first of it at most so long."""
        data = b""
        while select.select([self.child.child_fd], [], [], 0 if data else seconds)[0]:
            data += os.read(self.child.child_fd, 65536)
        return data

    def cpu_s(self) -> float:
        """User and system time (proc(5), fields 14 and 15)."""
        stat = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / TICKS_PER_S


def streamed(program: Program, *, keys: bool) -> tuple[float, float, list[bytes], list[float]]:
    """One reply: wall seconds, CPU seconds, the writes, and seconds from key to echo."""
    program.child.send("Go.\r")
    writes: list[bytes] = []
    echoes: list[float] = []
    began, before, pressed = time.monotonic(), program.cpu_s(), 0.0
    next_key, waiting = began + 1, b""
    while not (writes and END.search(writes[-1])):
        if keys and not waiting and time.monotonic() > next_key:
            waiting = b"%c" % (0x61 + len(echoes) % 26)
            pressed = time.monotonic()
            program.child.send(waiting)
        data = program.read(0.05)
        writes += [data] if data else []
        if waiting and re.search(rb"\x1b\[\?25l[^\n]*%s" % waiting, data):
            echoes.append(time.monotonic() - pressed)
            waiting, next_key = b"", time.monotonic() + KEY_EVERY_S
    return time.monotonic() - began, program.cpu_s() - before, writes, echoes


def echoed(program: Program) -> list[float]:
    """Seconds from each of some keys to its echo, at rest."""
    echoes = []
    for number in range(KEYS):
        key = b"%c" % (0x61 + number % 26)
        pressed = time.monotonic()
        program.child.send(key)
        data = b""
        while not re.search(rb"\x1b\[\?25l[^\n]*%s" % key, data):
            data += program.read(0.05)
        echoes.append(time.monotonic() - pressed)
        time.sleep(KEY_EVERY_S / 5)
    return echoes


def filled(home: str, turns: int) -> None:
    """A chat of so many turns where the program looks for one."""
    folder = Path(home, ".local/share/deepchat")
    folder.mkdir(parents=True)
    with closing(Store(folder / "chats.db")) as store:
        session, parent = Session(new_id(0), "Long", "deepchat/demo"), None
        for number in range(turns):
            asked = Message(new_id(number), "user", f"Question {number}?", parent)
            reply = Message(new_id(number), "assistant", mixed(100), asked.id)
            store.open_turn(session, [asked, reply])
            store.seal(reply)
            parent = reply.id


def at_rest(url: str, chats: list[int]) -> None:
    """Print what a key costs in chats of so many turns."""
    print("| turns | echo ms, median | 95 % | worst | CPU ms a key |\n" + "|" + "---|" * 5)
    for turns in chats:
        with tempfile.TemporaryDirectory() as home:
            filled(home, turns)
            program = Program(url, home, "-c")
            before = program.cpu_s()
            echoes = sorted(echoed(program))
            cpu = program.cpu_s() - before
            program.child.close(force=True)
        told = (median(echoes), echoes[int(0.95 * KEYS)], echoes[-1], cpu / KEYS)
        print(f"| {turns} | {' | '.join(f'{seconds * 1e3:.1f}' for seconds in told)} |", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--tokens", type=int, default=2000)
    options.add_argument("--rates", default="100,500")
    options.add_argument("--turns", default="")
    chosen = options.parse_args()
    if chosen.turns:
        with DemoServer([Page("a", "b")], pace=Pace.INSTANT) as server:
            at_rest(server.base_url, [int(turns) for turns in chosen.turns.split(",")])
        return
    text = mixed(chosen.tokens)
    tokens = tokens_of(text)
    print(
        "| tok/s | keys | CPU % of a core | µs/token | bytes / raw | writes/s | echo ms, median | worst |"
    )
    print("|" + "---|" * 8)
    with DemoServer([Page("a", "b")], pace=Pace.INSTANT) as server:
        for rate in map(int, chosen.rates.split(",")):
            for keys in (False, True):
                with tempfile.TemporaryDirectory() as home:
                    program = Program(server.base_url, home)
                    server.script.append(Answer.reply(tokens, pause_s=1 / rate))
                    wall, cpu, writes, echoes = streamed(program, keys=keys)
                    program.child.close(force=True)
                size = sum(map(len, writes))
                echo = (
                    [f"{median(echoes) * 1e3:.1f}", f"{max(echoes) * 1e3:.1f}"]
                    if echoes
                    else ["", ""]
                )
                cells = [
                    f"{len(tokens) / wall:.0f}",
                    "typed" if keys else "none",
                    f"{cpu / wall * 100:.1f}",
                    f"{cpu / len(tokens) * 1e6:.0f}",
                    f"{size / len(text.encode()):.2f}",
                    f"{len(writes) / wall:.0f}",
                    *echo,
                ]
                print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
