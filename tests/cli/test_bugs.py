"""What happens when deepchat itself breaks: one line, a log that only the user can read, and no key in either."""

from deepchat.cli import command
from deepchat.cli.bugs import Bug
from deepchat.secret import Secret

KEY = Secret("sk-canary-0123456789")


def broken():
    try:
        int(f"in the middle of {KEY.reveal()}")
    except ValueError as error:
        return error


def test_the_log_has_the_traceback_without_the_key(tmp_path):
    log = tmp_path / "logs" / "deepchat.log"
    bug = Bug.of(broken(), log=log, key=KEY)
    assert KEY.reveal() not in f"{bug} {bug.hint} {bug.traceback} {log.read_text()}"
    assert "ValueError" in str(bug)
    assert "in broken" in log.read_text()
    assert str(log) in bug.hint
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.parent.stat().st_mode & 0o777 == 0o700


def test_what_commands_a_terminal_is_a_mark_in_the_log(tmp_path):
    log = tmp_path / "deepchat.log"
    bug = Bug.of(ValueError("a\x1b[2J\x9b\u202eb"), log=log)
    assert "a␛[2J<U+009B><U+202E>b" in log.read_text()
    assert "a␛[2J<U+009B><U+202E>b" in bug.traceback


def test_a_log_that_cannot_be_written_costs_only_the_log(tmp_path):
    (tmp_path / "file").touch()
    bug = Bug.of(broken(), log=tmp_path / "file" / "deepchat.log", key=KEY)
    assert "--debug" in bug.hint


def test_a_bug_is_one_line_and_a_traceback_only_when_asked_for(monkeypatch, capsys):
    def breaks(wishes):
        raise ZeroDivisionError

    monkeypatch.setattr(command, "start", breaks)
    assert command.run(["-p", "--debug"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "ZeroDivisionError" in said
    assert command.run(["--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_key_prints_as_what_it_is():
    assert KEY.reveal() not in f"{KEY} {KEY!r} {[KEY]}"
    assert KEY.redact(f"a {KEY.reveal()} b") == "a [key] b"
