"""`deepchat -p` and pipes: the reply on stdout and nothing else, failures on stderr, and what the exit code says."""

import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from deepchat.demo.server import Answer
from tests.conftest import KEY

ROOT = Path(__file__).parents[2]


def start(*flags, env=None, **options):
    """The program in a pipe."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-m", "deepchat", *flags],
        env={**os.environ, "PYTHONPATH": path, **(env or {})},
        stdin=options.pop("stdin", subprocess.PIPE),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def run(*flags, typed="", **options):
    """Exit code, stdout, stderr."""
    with start(*flags, **options) as process:
        out, err = process.communicate(typed, timeout=30)
    return process.returncode, out, err


def at(server):
    return ["--base-url", server.base_url, "-m", "deepchat/demo"]


def asked(server):
    chats = [one for one in server.received if one.path.endswith("/chat/completions")]
    return chats[-1].json["messages"]


def test_stdout_is_the_markdown_as_received_with_one_newline_at_its_end(server):
    server.script.append(Answer.reply("# Title\n\n**bold** `x` 漢字 \x1b[31m"))
    code, out, err = run(*at(server), "-p", "Hi")
    assert (code, out, err) == (0, "# Title\n\n**bold** `x` 漢字 \x1b[31m\n", "")
    server.script.append(Answer.reply("a\r\n\x1b[31m\tb \n\n"))
    code, out, err = run(*at(server), "--raw", "-p", "Hi")
    assert (code, out, err) == (0, "a\n\x1b[31m\tb \n\n", "")  # the pipe of this test reads lines


def test_text_on_stdin_joins_the_question(server):
    server.script.append(Answer.reply("ok\n"))
    assert run(*at(server), "-p", "Review:", typed="a diff\n")[:2] == (0, "ok\n")
    assert asked(server) == [{"role": "user", "content": "Review:\n\na diff"}]
    assert run(*at(server), typed="only this")[0] == 0
    assert asked(server) == [{"role": "user", "content": "only this"}]


def test_a_persona_goes_first(server):
    assert run(*at(server), "-s", "Be brief.", "-p", "Hi")[0] == 0
    assert asked(server)[0] == {"role": "system", "content": "Be brief."}


def test_it_streams(server):
    server.script.append(Answer.reply(["first ", "second"], end="hang", done=False, finish=None))
    with start(*at(server), "-p", "Hi", stdin=subprocess.DEVNULL) as process:
        assert process.stdout.read(6) == "first "
        process.send_signal(signal.SIGINT)
        out, err = process.stdout.read(), process.stderr.read()
    assert (process.wait(timeout=30), out, err) == (130, "second\n", "")


def test_without_a_key_nothing_is_faked():
    code, out, err = run("-p", "Hi")
    assert (code, out) == (3, "")
    assert "DEEPINFRA_TOKEN" in err
    assert err.count("\n") == 1


def test_the_demo_answers_in_a_pipe_when_it_is_asked_for_by_name():
    code, out, _ = run("--demo", "-p", "table")
    assert code == 0
    assert "offline demo" in out
    assert "|---" in out


def test_nothing_is_stored_unless_a_session_goes_on(server, own_home):
    database = own_home / ".local/share/deepchat/chats.db"
    assert run(*at(server), "-p", "Hi")[0] == 0
    assert not database.exists()
    assert run(*at(server), "-c", "-p", "One")[0] == 0
    server.script.append(Answer.reply("Two."))
    assert run(*at(server), "-c", "-p", "Two")[0] == 0
    assert [message["content"] for message in asked(server)][::2] == ["One", "Two"]
    with closing(sqlite3.connect(database)) as stored:
        assert stored.execute("SELECT count(*) FROM session").fetchone() == (1,)


def test_in_a_pipe_nothing_is_said_of_tries_that_failed(server):
    soon = Answer.json({}, status=503, headers={"retry-after-ms": "1"})
    server.script += [soon, soon, Answer.reply("At last.")]
    assert run(*at(server), "-p", "Hi") == (0, "At last.\n", "")


def test_a_reply_cut_by_its_length_says_so(server):
    server.script.append(Answer.reply("Half", finish="length"))
    code, out, err = run(*at(server), "-p", "Hi")
    assert (code, out) == (0, "Half\n")
    assert "length" in err


def test_another_model_than_the_one_asked_is_named_one_of_another_date_only_to_a_person(server):
    server.script.append(Answer.reply("Hi", model="lab/replacement\x1b"))
    code, out, err = run(*at(server), "-p", "Hi")
    assert (code, out) == (0, "Hi\n")
    assert err == "deepchat: Answered by lab/replacement␛, not by deepchat/demo.\n"
    server.script.append(Answer.reply("Hi", model="demo-2026-05-14"))
    assert run(*at(server), "-p", "Hi") == (0, "Hi\n", "")


def test_a_reply_of_nothing_but_reasoning_is_a_failure_that_says_so(server):
    server.script.append(Answer.reply("", reasoning="Hm.", finish="length"))
    code, out, err = run(*at(server), "-p", "Hi")
    assert (code, out) == (2, "")
    assert "The reply is nothing but reasoning (length)." in err


def test_for_a_model_that_is_gone_the_nearest_one_that_is_not_is_named(server):
    run("--base-url", server.base_url, "models")
    for model, meant in (("deepchat/domo", "deepchat/demo, "), ("deepchat/demo", "deepchat/demo-")):
        server.script.append(Answer.json({"error": {"message": "gone"}}, status=404))
        code, _, err = run("--base-url", server.base_url, "-m", model, "-p", "Hi")
        assert code == 2
        assert f"Did you mean {meant}" in err
        assert "deepchat models lists them." in err


def test_a_closed_stdout_ends_quietly(server):
    server.script.append(Answer.reply(["line\n"] * 5_000))
    with start(*at(server), "-p", "Hi", stdin=subprocess.DEVNULL) as process:
        assert process.stdout.readline() == "line\n"
        process.stdout.close()
        err = process.stderr.read()
        process.wait(timeout=30)
    assert (process.returncode, err) == (141, "")


def test_an_empty_reply_is_no_success(server):
    server.script.append(Answer.reply(""))
    code, out, err = run(*at(server), "-p", "Hi")
    assert (code, out) == (2, "")
    assert "empty" in err


@pytest.mark.parametrize(
    ("closed", "exit_code"), [("<&-", 0), (">&-", 0), ("2>&-", 0), (">/dev/full", 1)]
)
def test_a_missing_or_full_stream_is_no_bug(server, closed, exit_code):
    command = shlex.join([sys.executable, "-m", "deepchat", *at(server), "-p", "Hi"])
    done = subprocess.run(
        ["bash", "-c", f"{command} {closed}"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == exit_code
    assert "broke" not in done.stderr


def test_without_a_key_the_exit_code_is_right_even_when_nobody_can_be_told():
    command = shlex.join([sys.executable, "-m", "deepchat", "-p", "Hi"])
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for closed in ("2>&-", "2>/dev/full"):
        assert (
            subprocess.run(["bash", "-c", f"{command} {closed}"], env=env, check=False).returncode
            == 3
        )


def test_a_refused_key_is_asked_for_where_it_was_found(server):
    server.script.append(Answer.json({"error": {"message": "Not authenticated"}}, status=401))
    _, _, err = run(*at(server), "-p", "Hi", env={"DEEPCHAT_API_KEY": KEY})
    assert "DEEPCHAT_API_KEY" in err
    assert "Not authenticated" in err
    assert "login" not in err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--nonsense"], "--nonsense"),
        (["-c", "-r", "x", "-p", "q"], "exclude"),
        (["--base-url", "ftp://x", "-p", "q"], "--base-url"),
        (["--config", "/nowhere/config.toml", "-p", "q"], "/nowhere/config.toml"),
        (["--persona", "nobody", "-p", "q"], "nobody"),
        (["--provider", "nobody", "-p", "q"], "nobody"),
        (["--color", "maybe", "-p", "q"], "--color"),
        (["-p", "q", "-r"], "which chat"),
        (["--demo", "-p", ""], "no question"),
        (["--demo", "-r", "zzz", "-p", "q"], "zzz"),
    ],
)
def test_a_wrong_flag_is_one_line_and_exit_1(flags, said):
    code, out, err = run(*flags)
    assert (code, out) == (1, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_mistake_in_the_file_is_a_warning_and_not_the_end(server, own_home):
    folder = own_home / ".config/deepchat"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('modle = "x"\n[parameters]\ntemperature = "hot"\n')
    code, out, err = run(*at(server), "-p", "Hi")
    assert code == 0
    assert out
    assert "line 1" in err
    assert "model" in err
    assert "line 3" in err


def test_the_key_goes_to_its_host_and_nowhere_else(server, own_home):
    env = {"DEEPCHAT_API_KEY": KEY, "DEEPINFRA_TOKEN": "sk-of-deepinfra"}
    code, out, err = run(*at(server), "-c", "-p", "Hi", env=env)
    assert code == 0
    headers = server.received[-1].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert "sk-of-deepinfra" not in json.dumps(dict(headers))
    written = b"".join(path.read_bytes() for path in own_home.rglob("*") if path.is_file())
    assert KEY not in out + err
    assert KEY.encode() not in written


def test_every_file_is_private(server, own_home):
    assert run(*at(server), "-c", "-p", "Hi", umask=0)[0] == 0
    files = [path for path in own_home.rglob("*") if path.is_file()]
    assert files
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    folders = [path for path in own_home.rglob("*") if path.is_dir()]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


def test_version_and_help_name_what_there_is():
    assert run("--version")[:2] == (0, "deepchat 0.1.0\n")
    code, out, _ = run("--help")
    assert code == 0
    for flag in ("-c", "-r", "-p", "-m", "-s", "--persona", "--base-url", "--config", "--data-dir"):
        assert flag in out


def test_version_imports_nothing_heavy():
    said = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "deepchat", "--version"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    imported = {line.rpartition("|")[2].strip() for line in said.splitlines()}
    assert not imported & {"click", "rich", "prompt_toolkit", "requests", "sqlite3", "asyncio"}


def test_only_what_is_to_be_saved_is_kept(server, own_home):
    assert run(*at(server), "-p", "Not kept?")[0] == 0
    assert run("sessions")[1] == ""
    server.script += [Answer.reply("Because."), Answer.reply("So."), Answer.reply("Also.")]
    assert run(*at(server), "--save", "Why \x1b[31mthat", "-p", "Why?")[1] == "Because.\n"
    assert run(*at(server), "--save", "-p", "Untitled?")[1] == "So.\n"
    titles = [line.split("\t")[1] for line in run("sessions")[1].splitlines()]
    assert titles == ["Untitled?", "Why ␛[31mthat"]
    assert run(*at(server), "-r", "31mthat", "-p", "And?")[1] == "Also.\n"
    said = [message["content"] for message in asked(server)]
    assert said == ["Why?", "Because.", "And?"]


@pytest.mark.parametrize("flags", [["--private", "--save", "-p", "Hi"]])
def test_saving_and_keeping_nothing_exclude_each_other(flags):
    code, out, err = run(*flags)
    assert (code, out) == (1, "")
    assert "--private keeps nothing" in err


# --- what went over the line -----------------------------------------------------------------------------------------


def test_the_exchange_is_shown_without_the_key(server):
    code, out, err = run(
        *at(server), "-p", "Hi", "--debug", env={"DEEPCHAT_API_KEY": KEY, "NO_COLOR": "1"}
    )
    assert code == 0
    assert "POST http" not in out
    assert "POST http" in err
    assert "Bearer [key]" in err
    assert KEY not in out + err


def test_exchanges_are_added_to_a_log_that_only_the_user_reads(server, tmp_path):
    log = tmp_path / "wire.log"
    for _ in range(2):
        assert (
            run(*at(server), "-p", "Hi", "--log", str(log), env={"DEEPCHAT_API_KEY": KEY})[0] == 0
        )
    text = log.read_text()
    assert text.count("/chat/completions") == 2
    assert KEY not in text
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_is_told_before_anything_is_asked(server, tmp_path):
    code, _, err = run(*at(server), "-p", "Hi", "--log", str(tmp_path / "none" / "x"))
    assert (code, "cannot be written: No such file" in err) == (1, True)
    assert run(*at(server), "-p", "Hi", "--private", "--log", str(tmp_path / "x"))[0] == 1
    assert server.received == []
