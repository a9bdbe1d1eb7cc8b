"""Commands about the key to a server: kept without being seen, and taken away."""

from collections.abc import Awaitable, Iterator
from functools import partial

from deepchat.repl.aside import aside
from deepchat.repl.commands import COMMANDS
from deepchat.repl.commands.models import ask_at
from deepchat.repl.needs import Account, Choice, Desk

GROUP = "Model"


def _known(desk: Desk) -> Iterator[Choice]:
    return iter(desk.servers.choices())


@COMMANDS.command("/login", usage="[provider]", group=GROUP, candidates=_known)
def login(desk: Desk, text: str) -> Awaitable[None]:
    """Keep a key for a provider, and go on with it; alone, for the one that is asked.

    The key is typed or pasted where nobody sees it, is checked by a request that costs nothing, and then stands in a file
    that only you can read, or in the system's keyring (`keyring` under [providers.NAME]). `/logout` takes it away.
    """
    desk.chat.require_idle()
    account = desk.logins.find(text)
    if account.page:
        desk.page.notice(f"A key is made at {account.page}.")
    # Not from within the coroutine, which begins a moment later: the next key typed may be the first of the key.
    return _keep(desk, account, desk.unseen(f"Key for {account.host}"))


async def _keep(desk: Desk, account: Account, typing: Awaitable[str | None]) -> None:
    typed = await typing
    if not typed:
        desk.page.notice("No key was kept.")
        return
    said = await aside(partial(desk.logins.keep, account.name, typed))
    for sentence in said:
        desk.page.notice(sentence)
    if desk.servers.now == account.name:
        desk.servers.renew()
    elif desk.servers.now == "demo":
        await ask_at(desk, account.name)


@COMMANDS.command("/logout", usage="[provider]", group=GROUP, candidates=_known)
async def logout(desk: Desk, text: str) -> None:
    """Take away the key that /login has kept for a provider; alone, for the one that is asked."""
    account = desk.logins.find(text)
    for sentence in await aside(partial(desk.logins.drop, account.name)):
        desk.page.notice(sentence)
    if desk.servers.now == account.name:
        desk.servers.renew()
