"""Where a key comes from, and what is said when it does not come: one line, and nothing of the key in it."""

import json
import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from deepchat.config import Flags, LateKey, load
from deepchat.config.credentials import key_file, key_of, remove_key, store_key
from deepchat.config.keycommand import first_line
from deepchat.config.providers import presets
from deepchat.errors import ConfigError, NoKey, UsageError
from deepchat.secret import Secret
from deepchat.wanted import wanted_while
from tests.ring import install

KEY = "sk-canary-0123456789"
OTHER = "sk-other-9876543210"
DEEPINFRA = presets()["deepinfra"]


@pytest.fixture
def keys(own_home):
    return own_home / ".config" / "deepchat" / "keys"


@pytest.fixture
def keyring(tmp_path, monkeypatch):
    return install(tmp_path, monkeypatch)


def python(script, *arguments):
    return [sys.executable, "-c", script, *arguments]


def printing(text):
    return python(f"import sys; sys.stdout.write({text!r})")


def command(argv):
    return f"[providers.deepinfra]\nkey_command = {json.dumps(argv)}\n"


def revealed(settings):
    assert settings.key is not None
    return settings.key.reveal()


# --- which one -------------------------------------------------------------------------------------------------------


def test_the_environment_comes_first_then_the_program_the_keyring_the_file(config, keys, keyring):
    every = command(printing(f"{OTHER}\n")) + "keyring = true\n"
    config(every)
    by_variable = load(Flags(), {"DEEPINFRA_TOKEN": KEY})
    by_program = load(Flags(), {})
    config("[providers.deepinfra]\nkeyring = true\n")
    in_keyring = load(Flags(), {})
    store_key(in_keyring.provider, Secret("sk-in-the-ring"), keys)
    config("")
    path = store_key(DEEPINFRA, Secret("sk-in-the-file"), keys)
    in_file = load(Flags(), {})

    assert (revealed(by_variable), by_variable.key_source) == (KEY, "DEEPINFRA_TOKEN")
    assert (revealed(by_program), by_program.key_source) == (OTHER, "key_command")
    assert (revealed(in_keyring), in_keyring.key_source) == ("sk-in-the-ring", "the keyring")
    assert (revealed(in_file), in_file.key_source) == ("sk-in-the-file", path)
    assert [one.origins["key"] for one in (by_variable, by_program, in_keyring, in_file)] == [
        "environment DEEPINFRA_TOKEN",
        "provider deepinfra",
        "login",
        "login",
    ]


def test_the_program_is_not_run_before_the_key_is_needed_nor_when_a_variable_has_one(
    config, tmp_path
):
    trace = tmp_path / "was-run"
    config(command(python(f"open({str(trace)!r}, 'a').write('x'); print({KEY!r})")))
    keyed, late = load(Flags(), {"DEEPINFRA_TOKEN": KEY}), load(Flags(), {})

    assert revealed(keyed) == KEY
    assert ("key", "from key_command, when it is needed", "provider deepinfra") in late.rows()
    assert not trace.exists()
    assert (revealed(late), revealed(late)) == (KEY, KEY)
    assert trace.read_text() == "x"
    assert late.key
    assert late.key.redact(f"a {KEY}") == "a [key]"


def test_a_program_may_be_written_as_in_a_shell_and_none_runs_it(config, tmp_path):
    config(f"[providers.deepinfra]\nkey_command = \"{sys.executable} -c 'print(1 + 1)' $HOME ; x\"")
    assert revealed(load(Flags(), {})) == "2"


@pytest.mark.parametrize("wrong", ["[]", '""', '"\'"', "[1]", '["a\\u0000"]', "{}", '["", "a"]'])
def test_what_is_no_program_is_not_quoted(config, wrong):
    config(f"[providers.deepinfra]\nkey_command = {wrong}")
    settings = load(Flags(), {})
    assert settings.key is None
    assert "key_command must be a program and its arguments" in settings.warnings[0]


def test_the_key_of_one_server_is_never_that_of_another(config, keys):
    config(command(printing(KEY)) + '[providers.work]\nbase_url = "https://work.test/v1"\n')
    store_key(presets()["openai"], Secret(OTHER), keys)

    assert revealed(load(Flags(base_url="https://api.deepinfra.com/v1"), {})) == KEY
    assert revealed(load(Flags(provider="openai"), {})) == OTHER
    for flags in (
        Flags(provider="work"),
        Flags(base_url="https://api.deepinfra.com.evil.test/v1"),
        Flags(base_url="https://api.deepinfra.com:8443/v1/openai"),
        Flags(base_url="http://api.deepinfra.com/v1/openai"),
        Flags(base_url="https://api.openai.com:8443/v1"),
        Flags(base_url="http://api.openai.com/v1"),
    ):
        assert load(flags, {}).key is None
    moved = {"DEEPINFRA_API_BASE": "https://elsewhere.test/v1"}
    assert load(Flags(), moved).key is None


def test_a_program_set_for_a_table_that_lies_elsewhere_is_not_the_presets(config):
    config(command(printing(KEY)) + 'base_url = "https://elsewhere.test/v1"\n')
    assert revealed(load(Flags(), {})) == KEY
    assert load(Flags(base_url=DEEPINFRA.base_url), {}).key is None


def test_no_program_is_asked_for_a_key_that_would_go_out_in_clear(config, tmp_path):
    trace = tmp_path / "was-run"
    config(command(python(f"open({str(trace)!r}, 'w')")) + 'base_url = "http://work.test/v1"\n')
    settings = load(Flags(), {})
    assert settings.key is None
    assert settings.warnings == ("No key is asked for, for deepinfra: it is not https.",)
    assert not trace.exists()


# --- the program -----------------------------------------------------------------------------------------------------

LEAKY = f"import sys; sys.stderr.write('trying\\n{KEY} is\\x1b[31m wrong.\\n')"

FAILURES = {
    "exit 1": (python(f"print({KEY!r}); {LEAKY}; sys.exit(1)"), "failed (exit code 1): [key] is"),
    "a signal": (python("import os; os.kill(os.getpid(), 9)"), "was ended by signal 9."),
    "a hang": (python("import time; time.sleep(60)"), "gave no key within 0.5 s."),
    "1 MB": (python("print('x' * (1 << 20))"), "printed more than 64 KB, which is no key."),
    "no end": (
        python("import sys\nwhile True: sys.stdout.write('x' * 65536)"),
        "printed more than 64 KB, which is no key.",
    ),
    "nothing": (python(LEAKY.replace(KEY, "it")), "printed nothing: it is"),
    "not found": ([KEY], "cannot be run: no such file or directory."),
    "no program": (["/"], "cannot be run: permission denied."),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_program_that_fails_is_one_line_without_what_it_printed(failure):
    argv, words = FAILURES[failure]
    with pytest.raises(NoKey) as failed:
        first_line(argv, os.environ, whose="deepinfra", limit_s=0.5 if failure == "a hang" else 30)
    said = f"{failed.value} {failed.value.hint}"
    assert said.startswith(f"The key_command of deepinfra {words}")
    assert "\n" not in said
    assert "\x1b" not in said
    assert KEY not in said
    assert KEY not in repr(failed.value.__cause__)


@pytest.mark.parametrize("text", [KEY, f"{KEY}\n", f" {KEY} \r\n", f'"{KEY}"\nsecond line\n'])
def test_the_key_is_the_first_line_with_and_without_its_end(config, text):
    config(command(printing(text)))
    assert revealed(load(Flags(), {})) == KEY


def test_complaints_of_a_program_that_has_the_key_are_not_heard(capfd, config):
    config(command(python(f"print({KEY!r}); {LEAKY}")))
    assert revealed(load(Flags(), {})) == KEY
    assert capfd.readouterr() == ("", "")


def test_a_program_has_no_terminal_and_ends_with_all_it_has_started(tmp_path):
    child = tmp_path / "child"
    script = (
        "import os, subprocess, sys; assert 'GPG_TTY' not in os.environ\n"
        "try: os.open('/dev/tty', os.O_RDWR)\nexcept OSError: pass\nelse: sys.exit(3)\n"
        "one = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(child)!r}, 'w').write(str(one.pid)); one.wait()"
    )
    with pytest.raises(NoKey, match="was stopped"), wanted_while(lambda: not _said(child)):
        first_line(python(script), {**os.environ, "GPG_TTY": "/dev/pts/0"}, whose="deepinfra")
    assert not _lives(int(child.read_text()))


def _said(path):
    return path.exists() and path.read_text() != ""


def _lives(pid):
    """Whether it does anything yet: one that nobody has buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except FileNotFoundError:
        return False


def test_whoever_waits_for_a_key_gets_what_comes_of_it_and_may_leave():
    asked, go = threading.Semaphore(0), threading.Event()

    def fetch():
        asked.release()
        go.wait()
        raise NoKey("No.")

    key, told = LateKey(fetch), []

    def need():
        try:
            key.reveal()
        except NoKey as error:
            told.append(str(error))

    threads = [threading.Thread(target=need) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert asked.acquire(timeout=20)
    with pytest.raises(NoKey, match="not waited for"), wanted_while(lambda: False):
        key.reveal()
    go.set()
    for thread in threads:
        thread.join(20)
    assert told == ["No.", "No."]
    assert key.has_failed
    assert key.redact("nothing is hidden yet") == "nothing is hidden yet"


def test_a_refused_key_is_asked_for_anew():
    given = iter(["old", "new"])
    key = LateKey(lambda: next(given))
    assert (key.reveal(), key.reveal()) == ("old", "old")
    key.forget()
    assert key.redact("the old one is hidden") == "the [key] one is hidden"
    assert key.reveal() == "new"
    assert key.redact("old and new") == "[key] and [key]"


# --- what is no key --------------------------------------------------------------------------------------------------

BAD = ("", '""', "two words", "a\nb", "a\x00b", "\x1b[31mkey", "schlüssel", "sk-“quoted", "a\x7f", "漢", "k" * 9000)  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_what_no_key_looks_like_is_none(text):
    assert key_of(text) is None


@pytest.mark.parametrize("text", BAD[2:])
def test_a_bad_key_is_one_line_without_it_wherever_it_is_from(config, keys, text):
    if "\x00" not in text:
        by_variable = load(Flags(), {"DEEPINFRA_TOKEN": text})
        assert by_variable.key is None
        assert "DEEPINFRA_TOKEN is not used" in by_variable.warnings[0]
    path = key_file(DEEPINFRA, keys)
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    in_file = load(Flags(), {})
    assert in_file.key is None
    assert "it holds no key" in in_file.warnings[0]
    config(command(printing(text.replace("\n", " "))))
    with pytest.raises(NoKey, match="is no key: it holds characters that none has") as failed:
        revealed(load(Flags(), {}))
    said = f"{in_file.warnings} {failed.value} {failed.value.hint}"
    assert text not in said
    assert "\n" not in said


# --- what login keeps ------------------------------------------------------------------------------------------------


def test_a_kept_key_is_for_its_owner_only_and_whole(keys):
    before = os.umask(0)
    try:
        path = store_key(DEEPINFRA, Secret(KEY), keys)
        store_key(DEEPINFRA, Secret(OTHER), keys)
    finally:
        os.umask(before)
    assert [str(one) for one in keys.iterdir()] == [path]
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert revealed(load(Flags(), {})) == OTHER


def test_a_key_that_others_can_read_is_used_and_said(keys):
    path = store_key(DEEPINFRA, Secret(KEY), keys)
    Path(path).chmod(0o644)
    settings = load(Flags(), {})
    assert revealed(settings) == KEY
    assert settings.warnings == (f"Others can read the key in {path}: chmod 600 keeps them out.",)


def test_a_file_that_cannot_be_read_is_said(keys):
    key_file(DEEPINFRA, keys).mkdir(parents=True)
    assert "cannot be read: Is a directory." in load(Flags(), {}).warnings[0]


def test_a_folder_that_cannot_be_written_keeps_nothing(keys):
    keys.parent.mkdir(parents=True)
    keys.write_text("in the way")
    with pytest.raises(ConfigError):
        store_key(DEEPINFRA, Secret(KEY), keys)
    keys.unlink()
    keys.mkdir()
    key_file(DEEPINFRA, keys).mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        store_key(DEEPINFRA, Secret(KEY), keys)
    assert [one.name for one in keys.iterdir()] == [key_file(DEEPINFRA, keys).name]


def test_nothing_is_kept_for_a_server_that_is_reached_in_clear(config, keys):
    there = load(Flags(base_url="http://work.test/v1"), {}).provider
    with pytest.raises(UsageError, match="not reached by https"):
        store_key(there, Secret(KEY), keys)
    assert not keys.exists()


def test_a_removed_key_is_gone_and_removing_it_twice_is_nothing(keys):
    path = store_key(DEEPINFRA, Secret(KEY), keys)
    assert (remove_key(DEEPINFRA, keys), remove_key(DEEPINFRA, keys)) == ([path], [])
    assert load(Flags(), {}).key is None


def test_each_server_has_a_file_of_its_own(keys):
    urls = [
        "https://h.test", "http://h.test", "https://h.test:8443", "https://h.test+443",
        "https://[::1]", "https://..", "https://a.h.test",
    ]  # fmt: skip
    names = {key_file(load(Flags(base_url=f"{url}/v1"), {}).provider, keys).name for url in urls}
    assert len(names) == len(urls)
    assert all(os.sep not in name and ":" not in name for name in names)
    assert key_file(DEEPINFRA, keys).name == "https+api.deepinfra.com+443"


# --- the keyring -----------------------------------------------------------------------------------------------------


def test_a_key_lives_in_the_keyring_and_nowhere_else_where_that_is_wanted(config, keys, keyring):
    config("[providers.deepinfra]\nkeyring = true")
    provider = load(Flags(), {}).provider
    with pytest.raises(NoKey, match="The keyring has no key for deepinfra"):
        revealed(load(Flags(), {}))
    assert store_key(provider, Secret(KEY), keys) == "the keyring"
    assert not keys.exists()
    assert revealed(load(Flags(), {})) == KEY
    assert remove_key(provider, keys) == ["the keyring"]
    assert remove_key(provider, keys) == []


def test_a_key_from_before_is_found_where_the_keyring_has_none(config, keys, keyring):
    store_key(DEEPINFRA, Secret(KEY), keys)
    config("[providers.deepinfra]\nkeyring = true")
    assert revealed(load(Flags(), {})) == KEY


def test_a_keyring_that_is_locked_or_not_there_is_one_line(config, keyring, tmp_path, monkeypatch):
    config("[providers.deepinfra]\nkeyring = true")
    keyring.write_text("locked")
    with pytest.raises(NoKey, match=r"keyring cannot be used \(KeyringError\)") as locked:
        revealed(load(Flags(), {}))
    assert KEY not in f"{locked.value} {locked.value.__cause__}"
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(NoKey, match="the package keyring is not installed"):
        revealed(load(Flags(), {}))
