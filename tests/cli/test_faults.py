"""A third of the faults, met by the real program with `-p`: one line on stderr, what came on stdout, the exit code."""

import pytest

from tests.cli.test_oneshot import run
from tests.faults import FAULTS, staged
from tests.sites import KEY

CHOSEN = (
    *("refused", "a connection not taken"),
    *("a self-signed certificate", "another host's certificate", "no TLS at all"),
    *("a handshake closed", "certificates that are not there"),
    *("a proxy that is not there", "a proxy that wants a password", "a proxy that refuses"),
    *("a proxy that takes the request and closes", "SOCKS without support"),
    *("closed without an answer", "another protocol", "a header of 1 MB", "no answer"),
    *(f"status {status}" for status in (400, 401, 402, 403, 404, 413, 422, 429, 500, 504, 524)),
    *("many words", "a wait of an hour", "500 and a body without end"),
    *("a redirect with an endless page", "a login page", "an empty body", "lines of JSON"),
    *("cut in a chunk", "an end without an end", "reset after a word", "silence"),
    *("100,000 brackets", "compression that breaks", "an event without end"),
    *("an error without a code", "bytes that are no UTF-8", "[DONE], then silence"),
)


@pytest.fixture(params=CHOSEN)
def fault(request, own_home):
    """One of them, with its limits in the configuration."""
    one = FAULTS[request.param]
    folder = own_home / ".config/deepchat"
    folder.mkdir(parents=True)
    limits = "\n".join(f"{name} = {seconds}" for name, seconds in one.limits.items())
    (folder / "config.toml").write_text(f"[timeouts]\n{limits}\n")
    return one


def test_a_fault_is_one_line_on_stderr_and_an_exit_code_and_loses_nothing(fault):
    with staged(fault) as site:
        env = {"DEEPCHAT_RETRIES": "0", **({"DEEPCHAT_API_KEY": KEY} if site.key else {})}
        code, out, err = run("--base-url", site.url, "-m", "m", "-p", "Hi", env=env)
    assert code == fault.exit_code
    assert out == (f"{fault.keeps}\n" if fault.keeps else "")
    assert err.count("\n") == (1 if fault.kind else 0)
    assert site.named("{server}" if fault.kind else "") in err
    assert len(err) <= 201
    assert err.strip().isprintable() or not err
    assert len(site.requests) == min(1, fault.requests)
    for never in ("Traceback", "<html", KEY, "me:pw", "/retry", "/models"):
        assert never not in err
