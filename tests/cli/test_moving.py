"""`deepchat sessions export` and `import`: chats out of one data folder, and into another."""

import json

from deepchat.config.paths import paths
from tests.cli.test_oneshot import run
from tests.cli.test_sessions import stored
from tests.conftest import KEY
from tests.transfer.test_importing import CHATGPT


def test_two_machines_merge_by_exchanging_files(own_home, tmp_path):
    other = ["--data-dir", str(tmp_path / "other")]
    stored("Here", "Both")
    file, back = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    code, out, err = run("sessions", "export", "--all", str(file))
    assert (code, out) == (0, "")
    assert "Wrote 2 lines" in err
    code, _, err = run(*other, "sessions", "import", str(file))
    assert code == 0
    assert "2 new chats, 0 with something new, 0 as they were; 2 messages added." in err
    assert "2 as they were; no messages added." in run(*other, "sessions", "import", str(file))[2]
    run(*other, "sessions", "export", "--all", str(back))
    assert file.read_bytes() == back.read_bytes()
    assert "2 as they were" in run("sessions", "import", str(back))[2]


def test_one_chat_goes_to_a_file_or_to_stdout(own_home, tmp_path):
    stored("First", "Second")
    code, out, err = run("sessions", "export", "second", "-")
    assert (code, err) == (0, "")
    assert out.startswith("# Second\n")
    assert out.endswith("## 1 · You\n\nHi\n")
    for name in ("x.md", "x.html", "x.json", "x.jsonl", "x.txt"):
        path = tmp_path / name
        assert run("sessions", "export", "first", str(path))[0] == 0
        assert "First" in path.read_text()
        before = path.read_bytes()
        code, _, err = run("sessions", "export", "second", str(path))
        assert code == 1
        assert "--force" in err
        assert path.read_bytes() == before
        assert run("sessions", "export", "--force", "second", str(path))[0] == 0
        assert "Second" in path.read_text()


def test_the_last_chat_is_meant_where_none_is_named(own_home, tmp_path):
    stored("First", "Second")
    assert run("sessions", "export", "-")[1].startswith("# Second\n")
    assert len(run("sessions", "export", "--all", "-")[1].splitlines()) == 2


def test_slips_are_told(own_home, tmp_path):
    for arguments, said in (
        (["export", "-"], "No chat is stored yet"),
        (["import", "nowhere.json"], "No such file"),
        (["export", "--all", "x.md"], ".json or .jsonl"),
        (["export", "--turns", "x", "-"], "No chat is stored yet"),
    ):
        code, out, err = run("sessions", *arguments, cwd=tmp_path)
        assert (code, out) == (1, "")
        assert said in err
    stored("First")
    for arguments, said in (
        (["export", "nothing like it", "-"], "No chat fits"),
        (["export", "--turns", "x", "-"], "--turns wants numbers"),
        (["export", "--turns", "7", "-"], "only 1 turns"),
        (["export", "first", "x.pdf"], "no format"),
        (["export", "first", "nowhere/x.md"], "cannot be written"),
    ):
        code, out, err = run("sessions", *arguments, cwd=tmp_path)
        assert (code, out) == (1, "")
        assert said in err


def test_what_other_programs_kept_is_found_afterwards(own_home, tmp_path):
    (path := tmp_path / "conversations.json").write_text(json.dumps([CHATGPT]))
    code, out, err = run("sessions", "import", str(path))
    assert (code, out) == (0, "")
    assert "1 new chat, 0 with something new" in err
    assert "Left out: " in err
    assert "1 × picture" in err
    assert [line.split("\t")[1] for line in run("sessions")[1].splitlines()] == ["Wurst"]
    assert paths().database.stat().st_mode & 0o777 == 0o600


def test_the_key_is_masked_where_that_is_asked_for(own_home, tmp_path):
    stored(f"About {KEY}")
    out = run("sessions", "export", "--redact", "-", env={"DEEPINFRA_TOKEN": KEY})[1]
    assert KEY not in out
    out = run("sessions", "export", "--all", "--redact", "-", env={"DEEPINFRA_TOKEN": KEY})[1]
    assert KEY not in out
