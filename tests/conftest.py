"""What every test may count on: a home of its own, and a real server on loopback that can be scripted."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deepchat.demo.manual import Page
from deepchat.demo.server import DemoServer, Pace

MANUAL = (
    Page("/model", "Choose another model. `/model NAME` switches at once."),
    Page("/persona", "Say who the model should be. The persona is sent as the system message."),
    Page("Keys", "Ctrl-C stops the reply. Ctrl-D leaves."),
)

# One that opens the guarded server, and is to be seen nowhere.
KEY = "sk-canary-0123456789"

_ISOLATED = ("XDG_", "DEEPCHAT_", "DEEPINFRA_", "OPENAI_", "REQUESTS_", "CURL_", "SSL_CERT_")
_DROPPED = {
    *("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "NETRC"),
    *("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM"),
    *("COLORFGBG", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "PAGER", "EDITOR", "VISUAL"),
    *("TMUX", "STY", "TERM_PROGRAM", "WT_SESSION", "PROMPT_TOOLKIT_NO_CPR", "PYTHONBREAKPOINT"),
}


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the home, the keys, the proxies or the terminal of whoever runs it."""
    for name in tuple(os.environ):
        if name.upper().startswith(_ISOLATED) or name.upper() in _DROPPED:
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    folders = {
        "XDG_CONFIG_HOME": ".config",
        "XDG_DATA_HOME": ".local/share",
        "XDG_STATE_HOME": ".local/state",
        "XDG_CACHE_HOME": ".cache",
        "XDG_RUNTIME_DIR": ".run",
    }
    for name, folder in folders.items():
        monkeypatch.setenv(name, str(home / folder))
    return home


@pytest.fixture
def server() -> Iterator[DemoServer]:
    """The demo with a tiny manual and no pauses; `server.script` takes answers to give instead."""
    with DemoServer(MANUAL, pace=Pace.INSTANT) as demo:
        yield demo


@pytest.fixture
def config_dir(own_home: Path) -> Path:
    """The folder with the user's configuration."""
    folder = own_home / ".config" / "deepchat"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def config(config_dir: Path) -> Callable[[str], None]:
    """Write this text into config.toml."""

    def write(text: str) -> None:
        (config_dir / "config.toml").write_text(text, encoding="utf-8")

    return write


@pytest.fixture
def guarded() -> Iterator[DemoServer]:
    """A server that wants KEY."""
    with DemoServer(MANUAL, pace=Pace.INSTANT, key=KEY) as demo:
        yield demo


@pytest.fixture
def work(config: Callable[[str], None], guarded: DemoServer) -> Callable[..., None]:
    """Make the guarded server, or the one at `url`, the provider `work`, which is asked, with these lines in its table."""

    def write(*lines: str, url: str = guarded.base_url) -> None:
        table = [f'base_url = "{url}"', 'model = "deepchat/demo"', "needs_key = true", *lines]
        config("\n".join(['provider = "work"', "[providers.work]", *table]))

    return write
