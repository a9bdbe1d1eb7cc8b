"""Hostile text in every place where foreign text is shown, in the real program: no byte gets through that is not ours."""

import itertools
import json
import random
import re
import sys
from contextlib import closing

import pytest

from deepchat.conversation import Json, Message, Session
from deepchat.demo.server import Answer, DemoServer, Pace
from deepchat.repl.completion import OFFERED
from deepchat.store.sessions import Store
from tests.api.peer import Peer, read_request
from tests.conftest import MANUAL
from tests.terminal.driver import Driver
from tests.terminal.ours import foreign
from tests.terminal.payloads import ALL, LINKS, NAMES, TEXTS

pytestmark = pytest.mark.terminal

EVERYTHING = " | ".join(ALL)
REPLY = "\n\n".join((*LINKS, EVERYTHING, f"```{NAMES[0]}\n{EVERYTHING}\n```"))
NAMED = "x".join(NAMES)


class HostileServer(DemoServer):
    """The demo, with names of models and words about them that want to command the terminal."""

    def answer(self, request):
        if not request.path.partition("?")[0].endswith("/models"):
            return super().answer(request)
        offered: list[Json] = [
            {"id": f"m{number}{name}", "metadata": {"description": name, "tags": ["chat", name]}}
            for number, name in enumerate(NAMES)
        ]
        return Answer.json({"object": "list", "data": [{"id": "deepchat/demo"}, *offered]})


@pytest.fixture
def server():
    with HostileServer(MANUAL, pace=Pace.INSTANT) as demo:
        yield demo


def paste(text):
    """Bracketed paste; what would end it early is left out, lone surrogates are the bytes that they stand for."""
    kept = text.replace("\r", "").encode("utf-8", "surrogatepass")
    return b"\x1b[200~" + kept + b"\x1b[201~"


# Tell one paste from another.
_ENDS = itertools.count(100)


def enter_pasted(chat, text):
    """Paste, and press Enter when it is there: one that comes at once belongs to the paste."""
    end = f"end{next(_ENDS)}"
    chat.press(paste(text + end))
    chat.wait_for(end)
    chat.press("\r")


def has_ghost(chat, typed):
    """Whether an earlier line is offered for this one: while the history is being read there is none."""
    chat.press(typed)
    for _ in range(4):
        chat.read(0.05)
    seen = re.match(f"› {typed}.", chat.lines()[chat.screen.cursor.y])
    chat.press("\x15")
    return seen


def in_step(chat, number):
    """Wait until everything before has been done."""
    chat.enter(f"/unset mark{number}")
    chat.wait_for(f"mark{number} is not set")


def cut(text, seed):
    """Deltas of one to nine characters."""
    rng = random.Random(seed)
    pieces: list[str] = []
    while text:
        size = rng.randint(1, 9)
        pieces, text = [*pieces, text[:size]], text[size:]
    return pieces


def document():
    """Every payload in every kind of block."""
    plain = [text.replace("\n", " ") for text in TEXTS]
    return "\n\n".join(
        (
            " . ".join(plain),
            "\n".join(f"# h{text}h" for text in plain[::7]),
            "\n".join(f"- i{text}i *e{text}e* **s{text}s**" for text in plain),
            "\n".join(f"> q{text}q `c{text}c` ~~d{text}d~~" for text in plain),
            *LINKS,
            "| a | b |\n|---|---|\n" + "\n".join(f"| {text} | x{text}x |" for text in plain),
            "\n".join(f"[t{text}t](https://u.test/{text} 'title{text}')" for text in plain),
            "\n".join(f"![t{text}t](https://u.test/{text})" for text in plain),
            "\n".join(f"<b{text}>$m{text}$" for text in plain),
            "\n".join(f"```py{text}\ndef {text}:\n    '{text}'\n```" for text in plain),
            "\n".join(f"    code{text}" for text in plain),
        )
    )


def taken(chat):
    """The numbers of code blocks that stand in the composer."""
    return set(re.findall(r"^› /copy (\d+)", "\n".join(chat.lines()), re.MULTILINE))


def test_nothing_in_a_reply_reaches_the_terminal_but_text(deepchat, server):
    text = document()
    for turn in ("first", "second"):
        said, thought = cut(text, turn), cut(EVERYTHING, turn)
        ending = f"{turn}\x1b]0;end\x07"
        server.script.append(Answer.reply(said, reasoning=thought, finish=ending, model=NAMED))
    chat = deepchat(rows=50)
    chat.wait_for("/help")
    chat.enter("Attack.")
    chat.wait_for("ended by first")
    chat.wait_for("Invisible characters shown as marks: ")
    chat.enter("/think show")
    chat.wait_for("Reasoning is shown whole")
    chat.enter("Once more.")
    chat.wait_for("ended by second")
    for number, command in enumerate(("/raw", "/think")):
        chat.enter(command)
        in_step(chat, number)
    chat.press("/copy \t")
    chat.wait_until(
        lambda: re.search(r"^ +\d+ +py", "\n".join(chat.lines()), re.MULTILINE), "the list"
    )
    seen: set[str] = set()
    for _ in range(5, min(len(TEXTS), OFFERED), 5):
        chat.press("\t" * 5)
        chat.wait_until(lambda seen=seen: taken(chat) - seen, "the next number")
        seen = seen | taken(chat)
    chat.press("\x1b")
    chat.press("\x15")
    in_step(chat, 9)
    assert foreign(chat.written) == []


def test_nothing_that_was_stored_reaches_the_terminal_but_text(deepchat, own_home):
    data = own_home / ".local/share/deepchat"
    data.mkdir(parents=True)
    with closing(Store(data / "chats.db")) as store:
        for number, name in enumerate(NAMES):
            said = f"needle {EVERYTHING}"
            session = Session(f"s{number}{name}", f"t{name}", name, "", name, name, {name: name})
            question = Message(f"q{number}", "user", said)
            answer = Message(
                f"a{number}", "assistant", said, question.id, "failed", said, name, name, error=said
            )
            store.open_turn(session, [question, answer])
    chat = deepchat("-c", rows=40)
    chat.wait_for("deepchat/demo · &#27;[2J")
    for number, command in enumerate(("/title", "/sessions needle", "/system", "/set")):
        chat.enter(command)
        in_step(chat, number)
    chat.press("/sessions\r")
    chat.wait_for("Chat:")
    for _ in NAMES:
        chat.press("\x1b[B")
        chat.wait_for("Enter takes one")
    chat.press("\x1b")
    chat.wait_for("Chat:", gone=True)
    chat.press("/unset \t")
    for _ in NAMES:
        chat.press("\x15/resume \t\t")
        chat.wait_for("›  /resume", gone=True)
    chat.press("\x15")
    for number in range(6):
        chat.enter("/resume needle")
        in_step(chat, 10 + number)
    assert b"\x1b]2;" in chat.written
    assert foreign(chat.written) == []


def ask(chat, server, answer):
    """Ask what is refused: the question stands in the composer again when that has been seen."""
    server.script.append(answer)
    chat.press("\x15")
    chat.wait_until(lambda: "›" in chat.lines(), "an empty composer")
    chat.press("Ask.\r")
    chat.wait_until(lambda: not server.script, "the request")
    chat.wait_until(lambda: [*filter(None, chat.lines())][-2] == "› Ask.", "the question")


def test_nothing_a_server_says_of_itself_or_of_a_failure_reaches_the_terminal_but_text(
    deepchat, server
):
    refusal: Json = {"error": {"message": f"why{EVERYTHING}", "type": NAMED, "code": NAMED}}
    named = {
        "x-request-id": "r\x1b[2Jr\x9b",
        "location": "https://x.test/\x1b]0;x\x07\x9b",
        "retry-after": "\x1b[2J",
        "content-type": "text/\x1b[2J\x9b",
    }
    chat = deepchat(rows=40, columns=120)
    chat.wait_for("/help")
    ask(chat, server, Answer((b"data: " + json.dumps(refusal).encode() + b"\n\n",)))
    page = f"<title>{NAMED}</title>{EVERYTHING}".encode("utf-8", "replace")
    for status in (200, 302, 400, 401, 402, 403, 404, 413, 422):
        ask(chat, server, Answer.json(refusal, status=status, headers=named))
        ask(chat, server, Answer((page,), status, named))
    chat.press("\x15")
    chat.enter("/models")
    in_step(chat, 1)
    for number in range(len(NAMES)):
        chat.press(f"/model m{number}\t")
        chat.wait_for(f"m{number}")
        chat.press("\x1b\x15")
    in_step(chat, 2)
    assert foreign(chat.written) == []


COMMANDS = (
    *("/title", "/model", "/models", "/persona", "/think", "/help", "/set", "/x", "/save 1"),
    *("/sessions", "/resume", "/system", "/unset", "/copy", ""),
)


def test_nothing_typed_or_configured_reaches_the_terminal_but_text(deepchat, server, own_home):
    config, data = own_home / ".config/deepchat", own_home / f"data{NAMES[0]}{NAMES[14]}"
    (config / "personas").mkdir(parents=True)
    data.mkdir(parents=True)
    quoted = [json.dumps(name) for name in NAMES]
    wrong = [f"{name} = 1" for name in quoted]
    (config / "config.toml").write_text("\n".join([*wrong, f"[ui]\ntheme = {quoted[1]}"]))
    for name in NAMES:
        own = config / "personas" / f"{name.replace(chr(0), '')}file.md"
        own.write_text(f"+++\n{json.dumps(name)} = 1\n+++\n{name}")
    old = "".join(json.dumps(f"old{text}") + "\n" for text in TEXTS)
    (data / "history.jsonl").write_text(old)
    chat = deepchat("--data-dir", str(data), rows=40, columns=120)
    chat.wait_until(lambda: "›" in chat.lines())
    chat.wait_until(lambda: has_ghost(chat, "old"), "the history")
    for _ in TEXTS:
        chat.press("\x1b[A")
        chat.wait_for("› old")
    chat.press("\x15")
    chat.press(b"\x12" + paste("\u202e\u200b\x1b"))
    chat.wait_for("Nothing found: <U+202E>")
    chat.press("\x07\x15")
    for number, command in enumerate(COMMANDS):
        for name in ("\u202e \x1b[2J", NAMED):
            enter_pasted(chat, f"{command} {name}")
            chat.press("\x15")
        in_step(chat, number)
    for number, command in enumerate(("/models", "/system", "/title", "/config")):
        chat.press(f"{command}\r")
        in_step(chat, 30 + number)
    chat.press("/persona \t")
    chat.wait_for("› /persona")
    for _ in NAMES:
        chat.press("\t")
        chat.wait_for("file")
    chat.press("\x1b")
    chat.wait_for("deepchat/demo · persona")
    chat.press("\x15")
    chat.press(paste(f"/persona {NAMES[0]}file"))
    chat.wait_until(lambda: chat.lines()[chat.screen.cursor.y].endswith("file"), "the name")
    chat.press("\r")
    chat.wait_for("The model is")

    server.script.append(Answer.reply("Half.", done=False, end="hang", finish=None))
    chat.press("Ask.\r")
    chat.wait_for("Half.")
    for name in NAMES:
        enter_pasted(chat, f"queued {name}")
        chat.wait_for("queued:")
    chat.press("\x03" * len(NAMES))
    chat.wait_for("queued:", gone=True)
    chat.press("\x03")
    chat.wait_for("stopped")
    chat.press("\x15\x04")
    assert chat.wait_for_end() == 0
    assert foreign(chat.written) == []


@pytest.mark.parametrize("flags", [(), ("--raw",), ("--plain",)])
def test_nothing_in_a_single_reply_reaches_the_terminal_but_text(deepchat, server, flags):
    server.script.append(Answer.reply(cut(REPLY, 3), reasoning=EVERYTHING, finish=NAMED))
    chat = deepchat("-p", "Attack.", *flags)
    assert chat.wait_for_end() == 0
    assert b"shown as marks: " in chat.written
    assert b"ended early: " in chat.written
    assert foreign(chat.written) == []


@pytest.mark.parametrize(("flags", "env"), [(("--plain",), {}), ((), {"TERM": "dumb"})])
def test_a_plain_chat_writes_no_sequence_at_all(deepchat, server, flags, env):
    server.script.append(Answer.reply(cut(REPLY, 4), reasoning=EVERYTHING, finish=NAMED))
    server.script.append(Answer.json({"error": {"message": EVERYTHING}}, status=400))
    chat = deepchat(*flags, env=env)
    chat.wait_for(">")
    for line in ("Attack.", "Again.", "/raw", "/think", "/models", "/exit"):
        chat.press(f"{line}\r")
    assert chat.wait_for_end() == 0
    assert b"\x1b" not in chat.written
    assert foreign(chat.written) == []


FLAGS = ("-m", "-s", "-r", "--persona", "--provider", "--base-url", "--color", "--config")
SCRIPT = "import json, sys; from deepchat.cli import run; [run(line) for line in json.load(open(sys.argv[1]))]"


@pytest.fixture
def rude():
    """A server whose status line wants to command the terminal."""

    def refuse(line):
        read_request(line)
        line.sendall(b"HTTP/1.1 400 \x1b]0;x\x07\x9b\x1b[2J\r\nContent-Length: 0\r\n\r\n")

    with closing(Peer(refuse)) as peer:
        yield f"http://127.0.0.1:{peer.port}"


def test_nothing_in_a_flag_or_a_reason_phrase_reaches_stderr_but_text(server, rude, tmp_path):
    here = ("--base-url", server.base_url, "-m", "no/such", "-p", "Hi")
    typed = [f"x{name.replace(chr(0), '')}" for name in (*NAMES, "\udc9b2J", "\udcff")]
    lines = [[*here, flag, name] for name in typed for flag in FLAGS]
    lines += [[*here, "-c", "--data-dir", f"/dev/null/{name}"] for name in typed]
    lines += [line for name in typed for line in ([f"--{name}"], [name])]
    lines += [["--base-url", rude, "-m", "m", "-p", "Hi"], ["--raw"]]
    told = tmp_path / "lines.json"
    told.write_text(json.dumps(lines))
    with Driver(run=(sys.executable, "-c", SCRIPT, str(told))) as shell:
        assert shell.wait_for_end() == 0, shell.written[-900:]
    assert shell.written.count(b"deepchat: ") >= len(lines)
    assert b"(400)" in shell.written
    assert b"--raw goes with -p" in shell.written
    assert b"itself broke" not in shell.written
    assert foreign(shell.written) == []
