"""Who is asked: named base URLs, the variables that hold their keys, and which key may go to which host; pure."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, cast
from urllib.parse import urlsplit

from deepchat.config.file import Values
from deepchat.secret import Secret


@dataclass(frozen=True, slots=True)
class Provider:
    """A server, and the environment variables that its key is looked for in, in order."""

    name: str
    base_url: str
    key_variables: tuple[str, ...]
    needs_key: bool


PRESETS: Final = {
    "deepinfra": Provider(
        "deepinfra",
        "https://api.deepinfra.com/v1/openai",
        ("DEEPINFRA_TOKEN", "DEEPINFRA_API_KEY", "DEEPINFRA_API_TOKEN"),
        needs_key=True,
    ),
}

# For a server that nothing is known about.
ANY_KEY: Final = ("DEEPCHAT_API_KEY",)

_KEY: Final = re.compile(r"[\x21-\x7e]+")
_QUOTES: Final = "\"'`“”‘’"
_PORTS: Final = {"http": 80, "https": 443}


def providers(values: Values) -> tuple[dict[str, Provider], list[str]]:
    """The presets and those of the file, by name, with a warning for each that has no address."""
    names = dict.fromkeys((*PRESETS, *(place[1] for place in values if place[0] == "providers")))
    known: dict[str, Provider] = {}
    warnings = []
    for name in names:
        preset = PRESETS.get(name)
        url = values.get(("providers", name, "base_url"), preset and preset.base_url)
        if not url:
            warnings.append(f"providers.{name} was left out: it has no base_url.")
            continue
        known[name] = _provider(name, str(url), values.get(("providers", name, "key_variable")))
    return known, warnings


def _provider(name: str, url: str, variables: object) -> Provider:
    """Variables that are not given are those of the preset at the same address, never those of the same name."""
    if variables:
        return Provider(name, url, tuple(cast(list[str], variables)), needs_key=True)
    return replace(provider_at(url, PRESETS.values()), name=name)


def provider_at(url: str, known: Iterable[Provider]) -> Provider:
    """The known provider that the base URL belongs to: scheme, host and port are the same. Otherwise one of its own."""
    home = [one for one in known if _origin(one.base_url) == _origin(url)]
    for one in home:
        if one.base_url == url:
            return one
    if home:
        return replace(home[0], base_url=url)
    return Provider(urlsplit(url).netloc, url, ANY_KEY, needs_key=False)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def find_key(
    provider: Provider, environ: Mapping[str, str]
) -> tuple[Secret | None, str, list[str]]:
    """The provider's key, the variable it is in, and warnings. No key and "" when there is none that may be sent."""
    warnings = []
    for variable in provider.key_variables:
        value = environ.get(variable, "").strip().strip(_QUOTES).strip()
        if not value:
            continue
        if not _KEY.fullmatch(value):
            warnings.append(f"{variable} is not used: it holds characters that no key has.")
            continue
        if _in_clear(provider.base_url):
            return (
                None,
                "",
                [f"The key in {variable} is not sent to {provider.name}: it is not https."],
            )
        return Secret(value), variable, warnings
    return None, "", warnings


def _in_clear(url: str) -> bool:
    """Whether others on the way could read along: http, and not to this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" or host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True
