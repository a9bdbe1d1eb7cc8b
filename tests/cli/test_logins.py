"""`deepchat login` and `logout`: what is checked, what is kept, and what is said."""

import json
import stat
from contextlib import nullcontext
from pathlib import Path

import pytest

from deepchat.cli.logins import Logins
from deepchat.config import Flags, load, paths
from deepchat.errors import AccessError, ApiError, UsageError
from tests.api.peer import Peer
from tests.cli.test_oneshot import run
from tests.conftest import KEY
from tests.ring import install

WRONG = "sk-wrong-9876543210"


@pytest.fixture
def config(work):
    """The provider `work`, which tells where its keys are made and checked; other lines may take the place of these."""
    work('key_check = "/v1/me"', 'key_page = "work.test/keys"')
    return work


def kept():
    """What lies in the folder of keys, with the rights of it."""
    folder = paths().keys_dir
    files = sorted(folder.iterdir()) if folder.exists() else []
    return [(one.read_text().strip(), stat.S_IMODE(one.stat().st_mode)) for one in files]


def test_a_key_from_a_pipe_is_checked_kept_and_used(config, guarded):
    code, out, err = run("login", typed=f"{KEY}\n")
    assert (code, out) == (0, "")
    host = guarded.base_url.split("/")[2]
    assert "deepchat: A key is made at work.test/keys.\n" in err
    assert f"deepchat: {host} takes the key.\n" in err
    assert "deepchat: The key is kept in " in err
    assert KEY not in err
    assert kept() == [(KEY, 0o600)]
    code, out, err = run("-p", "What do keys do?")
    assert (code, err) == (0, "")
    assert "Ctrl-D leaves" in out


def test_without_a_key_nothing_is_faked_in_a_pipe_and_login_is_named(config):
    code, _, err = run("-p", "Hi")
    assert code == 3
    assert "deepchat login work keeps one" in err


def test_a_refused_key_is_not_kept(config):
    code, out, err = run("login", typed=WRONG)
    assert (code, out) == (3, "")
    assert "(401)" in err
    assert "Nothing was kept. A key is made at work.test/keys." in err
    assert WRONG not in err
    assert kept() == []


@pytest.mark.parametrize("typed", ["", "\n", "two words\n", "sk-\x1b[31m\n", "schlüssel\n", '""'])
def test_what_is_no_key_is_not_sent(config, guarded, typed):
    code, _, err = run("login", typed=typed)
    assert code == 1
    assert "That is no key" in err
    assert err.count("\n") == 2
    assert guarded.received == []
    assert kept() == []


def test_logout_takes_it_away_and_says_what_is_left(config):
    run("login", typed=KEY)
    code, out, err = run("logout", env={"DEEPCHAT_API_KEY": KEY})
    assert (code, out) == (0, "")
    assert "The key for work was taken out of " in err
    assert "There is still one, from DEEPCHAT_API_KEY." in err
    assert kept() == []
    assert run("logout") == (0, "", "deepchat: No key was kept for work.\n")


def test_a_variable_comes_before_what_is_kept_and_that_is_said(config):
    _, _, err = run("login", typed=KEY, env={"DEEPCHAT_API_KEY": WRONG})
    assert "DEEPCHAT_API_KEY comes before it, for as long as that has one." in err


def test_the_keyring_is_used_where_that_is_wanted_and_logout_empties_it(
    config, tmp_path, monkeypatch
):
    ring = install(tmp_path, monkeypatch)
    config('key_check = "/v1/me"', "keyring = true")
    assert "The key is kept in the keyring." in run("login", typed=KEY)[2]
    assert KEY in ring.read_text()
    assert kept() == []
    assert "from the keyring, when it is needed" in run("login", "--status")[1]
    assert "Ctrl-D leaves" in run("-p", "What do keys do?")[1]
    assert run("logout")[2] == "deepchat: The key for work was taken out of the keyring.\n"
    assert run("logout")[2] == "deepchat: No key was kept for work.\n"
    code, _, err = run("-p", "Hi")
    assert (code, err.count("\n")) == (3, 1)
    assert "The keyring has no key for work. deepchat login puts one there." in err


def test_status_says_where_each_key_is_from(config):
    run("login", typed=KEY)
    code, out, _ = run("login", "--status", env={"GROQ_API_KEY": KEY})
    assert code == 0
    rows = {line.split("\t")[0]: line.split("\t")[2] for line in out.splitlines()}
    assert rows["work"].startswith("from /")
    assert rows["groq"] == "from GROQ_API_KEY"
    assert rows["deepinfra"] == "none"
    assert rows["ollama"] == "none, none needed"
    assert KEY not in out
    listed = json.loads(run("login", "--status", "--json")[1])
    assert {row["provider"] for row in listed} >= {"work", "groq"}


@pytest.mark.parametrize("command", [["login"], ["logout"]])
def test_a_key_in_place_of_a_name_is_not_quoted(config, command):
    code, out, err = run(*command, KEY)
    assert (code, out) == (1, "")
    assert "There is no such provider. Known: work, deepinfra" in err
    assert KEY not in err


def test_a_server_that_tells_anybody_its_models_cannot_check_a_key_and_that_is_said(config):
    config()
    code, _, err = run("login", typed=WRONG)
    assert code == 0
    assert "could not be checked: " in err
    assert [key for key, _ in kept()] == [WRONG]


def test_a_key_that_cannot_be_checked_is_kept_only_by_force(config):
    config(url="http://127.0.0.1:1/v1")
    code, _, err = run("login", typed=KEY)
    assert code == 4
    assert "refused the connection" in err
    assert "Nothing was kept; deepchat login work --force keeps a key unchecked." in err
    assert kept() == []
    code, _, err = run("login", "--force", typed=KEY)
    assert code == 0
    assert "The key was not checked: " in err
    assert [key for key, _ in kept()] == [KEY]


def test_a_key_is_neither_sent_nor_kept_where_others_can_read_along(config):
    config(url="http://work.test/v1")
    code, _, err = run("login", "--force", typed=KEY)
    assert code == 3
    assert "unencrypted" in err
    assert kept() == []


def answering(status):
    def talk(line):
        line.recv(65536)
        line.sendall(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n".encode())

    return talk


@pytest.fixture
def server_that_says(tmp_path, own_home):
    """The logins of a configuration whose server answers everything with this status."""
    peers = []

    def start(status):
        peers.append(Peer(answering(status)))
        table = f'base_url = "http://127.0.0.1:{peers[-1].port}/v1"\nkey_check = "/me"'
        (tmp_path / "config.toml").write_text(f"[providers.work]\n{table}\n")
        return Logins(load(Flags(config=tmp_path / "config.toml", provider="work"), {}), {})

    yield start
    for peer in peers:
        peer.close()


@pytest.mark.parametrize("status", [200, 402])
def test_a_key_that_works_is_kept_even_without_funds(server_that_says, status):
    assert "takes the key" in server_that_says(status).keep("work", KEY)[0]
    assert [key for key, _ in kept()] == [KEY]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 307])
def test_any_other_answer_keeps_nothing_and_only_a_refusal_withstands_force(
    server_that_says, status
):
    logins = server_that_says(status)
    with pytest.raises(ApiError) as refused:
        logins.keep("work", KEY)
    assert "Nothing was kept" in refused.value.hint
    assert kept() == []
    if_forced = pytest.raises(AccessError) if status in (401, 403) else nullcontext()
    with if_forced:
        logins.keep("work", KEY, force=True)
    assert bool(kept()) == (status not in (401, 403))


def test_no_name_is_the_one_that_is_asked(config):
    logins = Logins(load(Flags(), {}), {})
    assert logins.find("").name == "work"
    assert logins.find("groq").page == "console.groq.com/keys"
    with pytest.raises(UsageError, match="no such provider"):
        logins.find("wrok")


def test_the_folder_of_keys_is_beside_the_configuration_wherever_that_is_named(own_home, tmp_path):
    elsewhere = paths(config=Path(tmp_path / "other.toml"))
    assert elsewhere.keys_dir == paths().keys_dir
