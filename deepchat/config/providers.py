"""Who is asked: named base URLs, the variables that hold their keys, and which key may go to which host."""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from deepchat.config.file import Values, parse, read
from deepchat.conversation import Dialect, Json
from deepchat.secret import Secret


@dataclass(frozen=True, slots=True)
class Provider:
    """A server, and the environment variables that its key is looked for in, in order.

    `model` is the one to start with; "" is the first of the server's list, None one that is not its own. `headers` may
    name a variable in place of a text, as `$NAME`. `key_check` is the path on its host that only a good key opens.
    """

    name: str
    base_url: str
    key_variables: tuple[str, ...]
    needs_key: bool
    title: str = ""
    key_page: str = ""
    key_check: str = ""
    model: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    key_command: Sequence[str] = ()
    keyring: bool = False
    ca_bundle: str = ""
    client_cert: Sequence[str] = ()
    dialect: Dialect = field(default_factory=Dialect)

    @property
    def login(self) -> str:
        """The command that keeps a key for it."""
        unnamed = self.name == urlsplit(self.base_url).netloc
        return (
            f"deepchat --base-url {self.base_url} login"
            if unnamed
            else f"deepchat login {self.name}"
        )

    @property
    def key_place(self) -> str:
        """Where its key is looked for, and the page on which one is made."""
        return (
            f"{self.key_variables[0]} ({self.key_page})" if self.key_page else self.key_variables[0]
        )


# For a server that nothing is known about.
ANY_KEY: Final = ("DEEPCHAT_API_KEY",)

_PRESETS: Final = Path(__file__).with_name("presets.toml")

# What of a table is a field of the same name.
_SAID: Final = (
    "base_url",
    "title",
    "key_page",
    "model",
    "headers",
    "key_check",
    "key_command",
    "keyring",
)

_HEADER: Final = re.compile(r"[\x20-\x7e]+")
_HERE: Final = "127.0.0.1"
_PORTS: Final = {"http": 80, "https": 443}


@cache
def presets() -> Mapping[str, Provider]:
    """The servers that are known by name."""
    values, _ = parse(read(_PRESETS), _PRESETS.name, under=("providers",))
    return {
        name: _provider(table, Provider(name, str(table["base_url"]), ANY_KEY, needs_key=False))
        for name, table in _tables(values).items()
    }


def providers(values: Values) -> tuple[dict[str, Provider], list[str]]:
    """The presets and those of the file, by name, with a warning for each that has no address."""
    known = dict(presets())
    warnings = []
    for name, table in _tables(values).items():
        url = table.get("base_url") or (name in known and known[name].base_url)
        if url:
            known[name] = _provider(table, _like(name, str(url)))
        else:
            warnings.append(f"providers.{name} was left out: it has no base_url.")
    return known, warnings


def _tables(values: Values) -> dict[str, dict[str, Json]]:
    tables: dict[str, dict[str, Json]] = {}
    for place, value in values.items():
        if place[0] == "providers":
            tables.setdefault(place[1], {})[place[2]] = value
    return tables


def _like(name: str, url: str) -> Provider:
    """What a provider is where its table says nothing: the preset at the same address. Elsewhere one that speaks as the
    preset of its name does, and never with that one's key."""
    named = presets().get(name)
    if named and origin(named.base_url) == origin(url):
        return replace(named, base_url=url)
    there = provider_at(url, presets().values())
    if named and not there.title:
        title, model, dialect = named.title, named.model, named.dialect
        return replace(there, name=name, title=title, model=model, dialect=dialect)
    return replace(there, name=name)


def _provider(table: Mapping[str, Json], like: Provider) -> Provider:
    """What a table says, and otherwise as another one. Whoever names the variable of a key needs one."""
    said: dict[str, Any] = {name: table[name] for name in _SAID if name in table}
    if "key_variable" in table:
        said["key_variables"] = tuple(cast(list[str], table["key_variable"]))
    if "key_variable" in table or "needs_key" in table:
        said["needs_key"] = table.get("needs_key", True)
    spoken: dict[str, Any] = {name: table[name] for name in Dialect.__slots__ if name in table}
    return replace(like, **said, dialect=replace(like.dialect, **spoken))


def provider_at(url: str, known: Iterable[Provider]) -> Provider:
    """The known provider that the base URL belongs to: scheme, host and port are the same. Otherwise one of its own.

    What is at a usual port of this machine may be anything: a preset for it is asked by its name only.
    """
    there = [one for one in known if origin(one.base_url) == origin(url)]
    home = [one for one in there if not is_local(one)]
    for one in home:
        if one.base_url == url:
            return one
    if home:
        return replace(home[0], base_url=url)
    return Provider(urlsplit(url).netloc, url, ANY_KEY, needs_key=False)


def is_local(provider: Provider) -> bool:
    """Whether it is the preset for a server on this machine, at its usual port or where the file has moved it."""
    preset = presets().get(provider.name)
    here = urlsplit(provider.base_url).hostname == _HERE
    return here and preset is not None and not preset.needs_key


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port: whom a key belongs to."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def headers(
    provider: Provider, environ: Mapping[str, str]
) -> tuple[dict[str, str | Secret], list[str]]:
    """The provider's headers, those from the environment as secrets, and a warning for each that cannot be sent."""
    found: dict[str, str | Secret] = {}
    warnings = []
    for name, text in provider.headers.items():
        if not text.startswith("$"):
            found[name] = text
            continue
        value = environ.get(text[1:], "").strip()
        if why := _why_not(value, provider):
            warnings.append(f"The header {name} is not sent to {provider.name}: {why}.")
        else:
            found[name] = Secret(value)
    return found, warnings


def _why_not(value: str, provider: Provider) -> str:
    """Why a header from the environment stays here; "" when it does not."""
    if not value:
        return "its variable is not set"
    if not _HEADER.fullmatch(value):
        return "its variable holds characters that no header has"
    return "it is not https" if in_clear(provider.base_url) else ""


def in_clear(url: str) -> bool:
    """Whether others on the way could read along: http, and not to this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" or host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True
