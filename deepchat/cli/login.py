"""`deepchat login` and `deepchat logout`: their flags, and how a key is read. What is done with it is in `logins`."""

import getpass
import os
import sys
import warnings
from typing import Final

import click

from deepchat.cli.entry import settings_of
from deepchat.cli.saying import say
from deepchat.cli.wishes import Errand, Wishes
from deepchat.errors import UsageError

# More than this is no key.
_LARGEST: Final = 64 << 10


@click.command(short_help="Keep the key for a provider.")
@click.argument("provider", required=False, default="")
@click.option("--force", is_flag=True, help="Keep the key also when it cannot be checked.")
@click.option("--status", is_flag=True, help="Only say where the key of each provider is from.")
@click.option(
    "--json", "as_json", is_flag=True, help="With --status, for programs: one JSON array."
)
@click.pass_obj
def login(wishes: Wishes, provider: str, *, force: bool, status: bool, as_json: bool) -> Errand:
    """Keep the key for a provider: for the one that is asked when none is named.

    It is typed or pasted without being shown, or read from stdin where that is a pipe; checked by a request that costs
    nothing; and kept in a file that only you can read, or in the system's keyring where the configuration wants that.
    """

    def act(wishes: Wishes) -> int:
        from deepchat.cli.lists import put
        from deepchat.cli.logins import Logins  # late: other commands do without

        with settings_of(wishes) as settings:
            logins = Logins(settings, os.environ)
            if status:
                put(logins.listed(), settings, as_json=as_json)
                return 0
            account = logins.find(provider)
            if account.page:
                say(f"A key is made at {account.page}.")
            for sentence in logins.keep(account.name, _read(account.host), force=force):
                say(sentence)
        return 0

    return Errand(wishes, act)


@click.command(short_help="Take a kept key away.")
@click.argument("provider", required=False, default="")
@click.pass_obj
def logout(wishes: Wishes, provider: str) -> Errand:
    """Take away the key that login has kept for a provider: for the one that is asked when none is named."""

    def act(wishes: Wishes) -> int:
        from deepchat.cli.logins import Logins  # late, as above

        with settings_of(wishes) as settings:
            for sentence in Logins(settings, os.environ).drop(provider):
                say(sentence)
        return 0

    return Errand(wishes, act)


def _read(host: str) -> str:
    """The key as it is typed, or as it comes through a pipe. UsageError where typing would show it."""
    if not sys.stdin.isatty():
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]  # a text stream
        return sys.stdin.readline(_LARGEST)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(f"Key for {host} (not shown): ")
    except EOFError:
        return ""
    except getpass.GetPassWarning:
        raise UsageError(
            "This terminal would show the key.", hint="deepchat login < FILE reads it from there."
        ) from None
