"""Servers on this machine that could answer a user without a key: looked for at their usual ports, with one question that
tells them nothing."""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from typing import Final

from deepchat.config import Provider
from deepchat.errors import DeepchatError

# Altogether; a third of it for the connection. On the same machine either takes a few milliseconds.
PATIENCE_S: Final = 0.3


def look(servers: Iterable[Provider], tell: Callable[[str], None]) -> None:
    """Tell of each that lists a model within 0.3 s, in a sentence; nothing of the others. Returns at once."""
    threading.Thread(target=_look, args=(tuple(servers), tell), name="nearby", daemon=True).start()


def _look(servers: tuple[Provider, ...], tell: Callable[[str], None]) -> None:
    from deepchat.api import client  # noqa: F401  late: requests takes a tenth of a second, which is not the servers'

    until = time.monotonic() + PATIENCE_S
    answering: dict[str, str] = {}
    asking = [threading.Thread(target=_ask, args=(one, answering), daemon=True) for one in servers]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(max(0.0, until - time.monotonic()))
    for name, title in tuple(answering.items()):
        tell(f"{title} answers on this machine: /provider {name}")


def _ask(server: Provider, answering: dict[str, str]) -> None:
    from deepchat.api.client import Client, Timeouts  # late, see above

    third = PATIENCE_S / 3
    limits = Timeouts(connect=third, headers=2 * third, silence=third, payload=third)
    with suppress(DeepchatError), closing(Client(server.base_url, None, timeouts=limits)) as client:
        if client.models():
            answering[server.name] = server.title or server.name
