"""Keys that are kept and taken away again: how one is checked, and what is said; the same from the shell and in a chat."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from deepchat.cli.lists import Listed
from deepchat.config import Settings
from deepchat.config.credentials import KEYRING, LateKey, find_key, key_of, remove_key, store_key
from deepchat.config.providers import Provider, headers
from deepchat.errors import AccessError, ApiError, NetworkError, UsageError
from deepchat.repl.needs import Account
from deepchat.secret import Secret

if TYPE_CHECKING:
    from deepchat.api.client import Client

NO_FUNDS: Final = 402


class Logins:
    """For the providers that are known, first of all the one that is meant to answer. It satisfies `repl.needs.Logins`."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        first = settings.provider
        self._first = first.name
        self._known = {first.name: first, **settings.providers, first.name: first}
        self._settings = settings
        self._environ = environ
        self._folder = settings.paths.keys_dir

    def find(self, name: str) -> Account:
        """The provider of this name, "" for the one that is meant to answer. UsageError when there is none."""
        known = self._provider(name)
        return Account(known.name, _host(known), known.key_page)

    def keep(self, name: str, typed: str, *, force: bool = False) -> Sequence[str]:
        """Check this key and keep it; what is to be said. With `force` also one that cannot be checked.

        Raises UsageError for what is no key, AccessError for one that is refused, ApiError, NetworkError, NoKey where the
        keyring fails, ConfigError; nothing is kept then.
        """
        known, key = self._provider(name), key_of(typed)
        if key is None:
            raise UsageError(
                "That is no key: it is empty, or holds a character that none has.",
                hint="Copy it once more; nothing was kept.",
            )
        checked = self._checked(known, key, force=force)
        place = store_key(known, key, self._folder)
        said = [checked, f"The key is kept in {place}."]
        _, source, _ = find_key(known, self._environ, self._folder)
        if source != place:
            said.append(f"{source} comes before it, for as long as that has one.")
        return said

    def drop(self, name: str) -> Sequence[str]:
        """Take the kept key away; what is to be said. NoKey where the keyring fails, ConfigError."""
        known = self._provider(name)
        places = remove_key(known, self._folder)
        said = [f"The key for {known.name} was taken out of {place}." for place in places]
        _, source, _ = find_key(known, self._environ, self._folder)
        if source and source != KEYRING:
            said.append(f"There is still one, from {source}.")
        return said or [f"No key was kept for {known.name}."]

    def listed(self) -> Listed:
        """Where the key of each provider is from."""
        rows = [(known.name, _host(known), self._state(known)) for known in self._known.values()]
        return Listed(
            headers=("provider", "host", "key"),
            rows=rows,
            records=[dict(zip(("provider", "host", "key"), row, strict=True)) for row in rows],
            nothing="",
        )

    def _state(self, known: Provider) -> str:
        key, source, warnings = find_key(known, self._environ, self._folder)
        if source:
            late = ", when it is needed" if isinstance(key, LateKey) else ""
            return " ".join((f"from {source}{late}", *warnings))
        return " ".join(("none" if known.needs_key else "none, none needed", *warnings))

    def _provider(self, name: str) -> Provider:
        known = self._known.get(name or self._first)
        if known is None:
            raise UsageError(  # its name may be a key, where it does not belong
                "There is no such provider.",
                hint=f"Known: {', '.join(self._known)}. The key itself is asked for, where nobody sees it.",
            )
        return known

    # --- the check ---------------------------------------------------------------------------------------------------

    def _checked(self, known: Provider, key: Secret, *, force: bool) -> str:
        """What there is to say of a key that is not refused."""
        try:
            self._ask(known, key)
        except AccessError as error:
            if error.status == NO_FUNDS:
                return f"{_host(known)} takes the key, and says that there are no funds."
            error.hint = f"Nothing was kept. {_made_at(known)}"
            raise
        except (ApiError, NetworkError) as error:
            if force:
                return f"The key was not checked: {error}"
            error.hint = f"Nothing was kept; {known.login} --force keeps a key unchecked."
            raise
        if self._tells_anybody(known):
            return f"The key could not be checked: {_host(known)} tells anybody what it has."
        return f"{_host(known)} takes the key."

    def _tells_anybody(self, known: Provider) -> bool:
        """Whether it answers without a key what it was asked with one."""
        if known.key_check:
            return False
        try:
            self._ask(known, None)
        except (ApiError, NetworkError):
            return False
        return True

    def _ask(self, known: Provider, key: Secret | None) -> None:
        """Ask for what only owners of a key are told, or, where nothing of the kind is known, for the models."""
        base = known.base_url
        with closing(self._client(_root(base) if known.key_check else base, key, known)) as client:
            client.ask(known.key_check or "/models")

    def _client(self, url: str, key: Secret | None, known: Provider) -> "Client":
        from deepchat.api.client import Client, Timeouts  # late: requests takes its time
        from deepchat.api.trust import Trust

        trust = Trust(known.ca_bundle, tuple(known.client_cert))
        further, _ = headers(known, self._environ)
        timeouts = Timeouts(**asdict(self._settings.timeouts))
        return Client(url, key, timeouts=timeouts, headers=further, trust=trust)


def _root(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _host(known: Provider) -> str:
    return urlsplit(known.base_url).netloc


def _made_at(known: Provider) -> str:
    return f"A key is made at {known.key_page}." if known.key_page else "Copy it once more."
