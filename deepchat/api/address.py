"""Where requests go, and the key that may go there and nowhere else."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from deepchat.errors import AccessError, ConfigError
from deepchat.secret import Secret
from deepchat.text import clean_line


@dataclass(frozen=True, slots=True)
class Address:
    """Where a key belongs: it is sent nowhere else."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Address":
        parts = urlsplit(url)
        default = 443 if parts.scheme == "https" else 80
        return cls(parts.scheme, parts.hostname or "", parts.port or default)

    @property
    def shown(self) -> str:
        """The host as a person knows it, with the port where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == (443 if self.scheme == "https" else 80)
        return host if usual else f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def proxies(self) -> dict[str, str] | None:
        """What is on this machine is reached directly, whatever the environment says; None is what it says."""
        return {"no_proxy": self.host} if self.is_loopback else None


def address_of(base_url: str) -> Address:
    """The address a base URL leads to, as requests will write it. Raises ConfigError when it is none."""
    if re.search(r"//[^/]*@|[?#]", base_url):
        raise ConfigError(
            "The base URL must hold no user name, password or query.",
            hint="A key has a place of its own, in the environment.",
        )
    try:
        address = Address.of(requests.Request("GET", base_url).prepare().url or "")
        address.host.encode("idna")
    except ValueError:  # requests' errors about addresses are ValueErrors too
        address = Address("", "", 0)
    if address.scheme not in ("http", "https") or not address.host:
        raise ConfigError(
            f"This base URL leads nowhere: {clean_line(base_url)}",
            hint="It should look like https://api.deepinfra.com/v1/openai.",
        )
    return address


def require_sendable(key: Secret | None, address: Address) -> None:
    """A key must not break a header (requests would show it in its error), nor cross a network in clear. Raises AccessError."""
    if key is None:
        return
    if not re.fullmatch(r"[\x21-\x7e]+", key.reveal()):
        raise AccessError(
            "The key is empty, or holds a character that no key has.",
            hint="Copy it once more; a space or a curly quote may have come along.",
        )
    if address.scheme == "http" and not address.is_loopback:
        raise AccessError(
            f"The key would go to {address.host} unencrypted, so it is not sent.",
            hint="Let the base URL begin with https://.",
        )


class Bearer(AuthBase):
    """Sets the key in the header. As `auth=`, and set even without a key, it keeps .netrc from putting its own there."""

    def __init__(self, key: Secret | None, address: Address) -> None:
        self._key = key
        self._address = address

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key and Address.of(request.url or "") == self._address:
            request.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        return request
