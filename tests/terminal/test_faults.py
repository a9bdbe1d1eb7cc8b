"""A dozen of the faults in the real chat: two rows say what happened and what to do, nothing is lost, and one can go on."""

from contextlib import closing

import pytest

from deepchat.config.paths import paths
from deepchat.store.sessions import Store
from tests.faults import FAULTS, staged
from tests.sites import KEY
from tests.terminal.driver import Driver
from tests.terminal.phases import is_over

pytestmark = pytest.mark.terminal

CHOSEN = (
    *("refused", "a self-signed certificate", "a proxy that wants a password"),
    *("closed without an answer", "no answer", "status 401", "status 422", "status 504"),
    *("500 and a body without end", "a login page", "cut in a chunk", "an end without an end"),
    *("silence", "an event without end", "an error without a code"),
)


@pytest.fixture(params=CHOSEN)
def fault(request):
    return FAULTS[request.param]


@pytest.fixture
def chat(fault, own_home):
    """The chat at the site of the fault, asked something."""
    folder = own_home / ".config/deepchat"
    folder.mkdir(parents=True)
    limits = "\n".join(f"{name} = {seconds}" for name, seconds in fault.limits.items())
    (folder / "config.toml").write_text(f"[timeouts]\n{limits}\n")
    env = {"DEEPCHAT_RETRIES": "0", "DEEPCHAT_API_KEY": KEY}
    with (
        staged(fault) as site,
        Driver("--base-url", site.url, "-m", "m", columns=200, env=env) as driver,
    ):
        driver.wait_for("/help")
        driver.enter("Precious words")
        driver.wait_for("✗")
        driver.wait_until(lambda: is_over(driver.lines()), "the end")
        yield driver


def said(chat):
    """The rows of what went wrong."""
    rows = [row.strip() for row in chat.everything()]
    begin = next(at for at, row in enumerate(rows) if row.startswith("✗"))
    return rows[begin : rows.index("", begin)]


def stored():
    with closing(Store(paths().database)) as store:
        _, conversation = store.load(store.find("")[0].id)
    return list(conversation.path())


def composer(chat):
    return [row for row in chat.lines() if row.startswith("›")][-1]


def test_a_fault_takes_two_rows_and_costs_nothing_that_was_said(fault, chat):
    standing = "›" if fault.keeps else "› Precious words"
    chat.wait_until(lambda: composer(chat) == standing, "the composer")
    rows = said(chat)
    question, reply = stored()
    chat.press("\x15\x04")
    assert chat.wait_for_end() == 0
    assert len(rows) <= 2
    assert sum(map(len, rows)) <= 200
    assert rows[0] == f"✗ {reply.error}"
    assert (question.text, reply.text) == ("Precious words", fault.keeps)
    assert reply.state in ("failed", "cut")
    assert fault.keeps in chat.everything()
    shown = chat.written.decode(errors="replace")
    for never in ("Traceback", "<html", KEY, "me:pw"):
        assert never not in shown
