"""What the program adds between Enter and the server, and between a byte and its glyph, over a bare socket. Hand-run.

    python tests/benchmarks/latency.py [--times 40] [--turns 0,1000]

The bare program sends a ready-made request when Enter comes, and writes what it receives to its terminal: the same server,
the same pseudo-terminal, the same run. Goal: at most 5 ms more than that, each, in the median.
"""

import argparse
import json
import os
import select
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Final

import pexpect

sys.path.insert(0, str(Path(__file__).parents[2]))  # it is run by its path

from tests.benchmarks.program import COLUMNS, ROWS, filled

WORDS: Final = 5
BETWEEN_S: Final = 0.15  # longer than two frames are apart
HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)

BARE: Final = r"""
import os, socket, sys, tty
tty.setraw(0)
line = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
os.write(1, b"/help")
while os.read(0, 1) == b"\r":
    line.sendall(b"POST /chat/completions HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
    data = b""
    while b"0\r\n\r\n" not in data:
        data = line.recv(65536)
        os.write(1, data)
"""


class Server:
    """Answers with a few words, and notes when a request arrived, and when each word went out."""

    def __init__(self) -> None:
        self.arrived: list[float] = []
        self.said: dict[bytes, float] = {}
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            line, _ = self._listener.accept()
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        while first := line.recv(65536):
            arrived = time.monotonic()
            head, _, body = first.partition(b"\r\n\r\n")
            length = next(
                (int(h[15:]) for h in head.lower().split(b"\r\n") if h[:15] == b"content-length:"),
                0,
            )
            while len(body) < length:
                body += line.recv(1 << 20)
            if head.startswith(b"POST"):
                self.arrived.append(arrived)
                self._reply(line)
            else:
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def _reply(self, line: socket.socket) -> None:
        line.sendall(HEAD)
        for number in range(WORDS):
            time.sleep(BETWEEN_S)
            word = f"w{len(self.arrived)}x{number}"
            event = json.dumps({"choices": [{"delta": {"content": f"{word} "}}]})
            piece = b"data: %b\n\n" % event.encode()
            self.said[word.encode()] = time.monotonic()
            line.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        line.sendall(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")


def measured(child: pexpect.spawn, server: Server, times: int) -> tuple[list[float], list[float]]:
    """Seconds from each Enter to the server, and from each word to the terminal."""
    sent, shown = [], []
    for number in range(times):
        if child.args != [child.command]:  # the bare one takes nothing but Enter
            child.send(f"Question {number}")
        time.sleep(0.3)
        server.arrived.clear()
        server.said.clear()
        pressed, seen, data = time.monotonic(), set[bytes](), b""
        child.send("\r")
        while len(seen) < WORDS:
            if select.select([child.child_fd], [], [], 0.05)[0]:
                data = data[-100:] + os.read(child.child_fd, 65536)
            now = time.monotonic()
            for word in [w for w in tuple(server.said) if w not in seen and w in data]:
                seen.add(word)
                shown.append(now - server.said[word])
        sent.append(server.arrived[0] - pressed)
        time.sleep(0.3)
        while select.select([child.child_fd], [], [], 0)[0]:
            os.read(child.child_fd, 65536)
    return sent, shown


def bare(times: int) -> tuple[list[float], list[float]]:
    server = Server()
    child = pexpect.spawn(
        sys.executable, ["-c", BARE, str(server.port)], dimensions=(ROWS, COLUMNS)
    )
    child.delaybeforesend = None
    child.expect("/help")
    child.args = [child.command]
    try:
        return measured(child, server, times)
    finally:
        child.close(force=True)


def ours(times: int, turns: int) -> tuple[list[float], list[float], int]:
    server = Server()
    with tempfile.TemporaryDirectory() as home:
        filled(home, turns)
        child = pexpect.spawn(
            sys.executable,
            ["-m", "deepchat", "--base-url", f"http://127.0.0.1:{server.port}", "-m", "m", "-c"],
            env={**os.environ, "HOME": home, "TERM": "xterm-256color", "PYTHONPATH": sys.path[0]},
            dimensions=(ROWS, COLUMNS),
        )
        child.delaybeforesend = None
        child.expect("/help")
        time.sleep(2)  # what is imported behind the prompt
        try:
            return *measured(child, server, times), server.connections
        finally:
            child.close(force=True)


def told(name: str, sent: list[float], shown: list[float], note: str = "") -> None:
    figures = [f"{1e3 * of(seconds):.1f}" for seconds in (sent, shown) for of in (median, max)]
    print(f"| {name} | {' | '.join(figures)} | {note} |", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--times", type=int, default=40)
    options.add_argument("--turns", default="0,1000")
    chosen = options.parse_args()
    print("| | Enter to server ms, median | worst | word to terminal ms, median | worst | |")
    print("|---|---|---|---|---|---|")
    told("bare socket", *bare(chosen.times))
    for turns in map(int, chosen.turns.split(",")):
        sent, shown, connections = ours(chosen.times, turns)
        told(f"a chat of {turns} turns", sent, shown, f"{connections} connections")


if __name__ == "__main__":
    main()
