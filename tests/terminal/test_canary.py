"""A marked key, and every place where it could turn up: the screen, all files, what other programs see of this one."""

import io
import json
import sys
from itertools import cycle
from pathlib import Path

import click
import pytest

from deepchat.cli import run as obey
from deepchat.cli.flags import deepchat as program
from deepchat.config import Flags, load
from deepchat.config.credentials import store_key
from deepchat.demo.server import Answer, DemoServer, Pace
from deepchat.repl.commands.table import COMMANDS
from deepchat.secret import Secret
from tests.conftest import MANUAL
from tests.terminal.driver import Driver

pytestmark = pytest.mark.terminal

KEY = "canary-Zq7Lr2Xw9Tb4"

# They end what the others need.
ASKS = "/login"
LAST = ("/private", "/keep", "/logout", "/exit")
ARGUMENTS = ("", "1", "x y", "work")
AT_ONCE = 8


def echoing(status):
    """A server that says the key wherever it can."""
    headers = {"X-Request-Id": KEY, "Location": f"/?key={KEY}", "Retry-After": "0"}
    return Answer.json({"error": {"message": f"Bad key {KEY}."}}, status=status, headers=headers)


ECHOES = [
    *map(echoing, (307, 400, 401, 402, 403, 404, 418, 422)),
    Answer((f'data: {{"error": {{"message": "{KEY}"}}}}\n\n'.encode(),), headers={"X-Request-Id": KEY}),
    Answer((f"<html><title>{KEY}</title>".encode(),)),
    Answer.reply("Two.", model=KEY, request_id=KEY, finish=KEY),
    Answer((KEY.encode(),)),
    Answer((f"data: {KEY}\n\n".encode(),)),
]  # fmt: skip


@pytest.fixture
def guarded():
    with DemoServer(MANUAL, pace=Pace.INSTANT, key=KEY) as demo:
        yield demo


@pytest.fixture
def config(own_home, guarded):
    """The server as the provider `work`, which is asked, with these lines in its table."""
    folder = own_home / ".config" / "deepchat"
    folder.mkdir(parents=True)

    def write(*lines):
        table = [f'base_url = "{guarded.base_url}"', 'model = "deepchat/demo"', "needs_key = true"]
        text = "\n".join(['provider = "work"', "[providers.work]", *table, *lines])
        (folder / "config.toml").write_text(text, encoding="utf-8")

    return write


def in_environment(config):
    config('key_variable = "WORK_KEY"')
    return {"WORK_KEY": KEY}


def in_program(config):
    half = len(KEY) // 2
    script = f"print({KEY[:half]!r} + {KEY[half:]!r})"
    config(f"key_command = {json.dumps([sys.executable, '-c', script])}")
    return {}


def in_file(config):
    config()
    settings = load(Flags(), {})
    store_key(settings.provider, Secret(KEY), settings.paths.keys_dir)
    return {}


SOURCES = {"environment": in_environment, "key_command": in_program, "file": in_file}


def found(folder):
    """The files that hold the key, besides its own."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != "keys")
    return [str(path) for path in files if KEY.encode() in path.read_bytes()]


def seen_by_others(pid):
    """Whether the key stands in the arguments of the program, or of one that it has started."""
    lines = [
        path.read_bytes()
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if str(pid) in (path.parent.name, _parent(path.parent))
    ]
    return any(KEY.encode() in line for line in lines)


def _parent(process):
    try:
        return (process / "stat").read_text().rpartition(") ")[2].split()[1]
    except OSError:  # it has ended
        return ""


def lines():
    """Each command with nothing and with something behind it; those that end the others last."""
    others = (command for command in COMMANDS if command.name != ASKS)
    for command in sorted(others, key=lambda one: one.name in LAST and LAST.index(one.name) + 1):
        for text in ARGUMENTS if command.usage else ARGUMENTS[:1]:
            yield f"{command.name} {text}".rstrip()


@pytest.mark.parametrize("source", SOURCES)
def test_no_command_and_no_failure_shows_or_writes_the_key(
    config, guarded, tmp_path, monkeypatch, source
):
    monkeypatch.chdir(tmp_path)
    env = SOURCES[source](config)
    entered, echoes = [*lines()], cycle(ECHOES)
    with Driver("--plain", "--debug", "--log", str(tmp_path / "log"), env=env) as chat:
        chat.wait_for("/help")
        for name in ("", " work", " deepinfra"):
            asked = chat.written.count(b"(not shown)")
            chat.press(f"{ASKS}{name}\r")
            chat.wait_until(lambda asked=asked: chat.written.count(b"(not shown)") > asked)
            chat.press(f"{KEY}\r" if name != " deepinfra" else "\r")
        chat.wait_for("No key was kept.")
        for start in range(0, len(entered), AT_ONCE):
            guarded.script.extend((next(echoes), next(echoes)))
            # What a list asks is answered by the empty line, which otherwise does nothing, or sends what was not sent.
            for line in ("One?", "Two?", "Keys?", *entered[start : start + AT_ONCE]):
                chat.press(f"{line}\r\r")
            assert not seen_by_others(chat.child.pid)
            if "/exit" not in entered[start : start + AT_ONCE]:
                end = f"/nosuch{start}"
                chat.press(f"{end}\r")
                chat.wait_until(lambda end=end: f"no command {end}".encode() in chat.written, end)
        assert chat.wait_for_end() == 0
    assert KEY not in chat.written.decode()
    assert found(tmp_path) == []
    assert "[key]" in (tmp_path / "log").read_text()
    keys = {one.headers.get("authorization") for one in guarded.received}
    assert f"Bearer {KEY}" in keys


def leaves(command, path=()):
    """The commands of the shell, each by its words."""
    if isinstance(command, click.Group):
        for name in command.commands:
            yield from leaves(command.commands[name], (*path, name))
    yield path


@pytest.mark.parametrize("source", SOURCES)
def test_no_command_of_the_shell_shows_or_writes_the_key(
    config, guarded, tmp_path, monkeypatch, capfd, source
):
    monkeypatch.chdir(tmp_path)
    for name, value in SOURCES[source](config).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    asked = ["-p", "What do keys do?", "--save", "Keys", "--log", str(tmp_path / "log")]
    assert obey(asked) == 0
    for words in sorted(leaves(program), key=lambda path: "logout" in path):
        for more in (["--help"], [], ["x"], ["Keys", "out.json"], ["out.json"], ["--json"]):
            obey([*words, *more])
    guarded.script.extend(ECHOES)
    for _ in ECHOES:
        obey(["--debug", *asked])
    said = "".join(capfd.readouterr())
    assert "Ctrl-D leaves" in said
    assert KEY not in said
    assert found(tmp_path) == []


@pytest.mark.parametrize("source", SOURCES)
def test_a_bug_that_meets_the_key_leaves_it_out_of_its_log(config, tmp_path, monkeypatch, source):
    for name, value in SOURCES[source](config).items():
        monkeypatch.setenv(name, value)

    def breaks(wishes, settings, question):
        raise RuntimeError(f"It was {settings.key.reveal()}.")

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setattr("deepchat.cli.oneshot.ask", breaks)
    assert obey(["--debug", "-p", "Hi"]) == 1
    logs = list(tmp_path.rglob("deepchat.log"))
    assert "RuntimeError: It was [key]." in logs[0].read_text()
    assert found(tmp_path) == []
