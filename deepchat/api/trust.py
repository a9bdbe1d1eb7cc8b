"""Whose certificate a server may have, and which one of ours it is shown: what a provider's settings say about TLS."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deepchat.errors import ConfigError, DeepchatError, TlsFailed
from deepchat.text import clean_line


@dataclass(frozen=True, slots=True)
class Trust:
    """`bundle` is a file or folder of certificates that count in place of the usual ones, `shown` the file of our own, and
    that of its key where it is another one. Empty: as the environment has it, and none."""

    bundle: str = ""
    shown: tuple[str, ...] = ()

    def options(self) -> dict[str, Any]:
        """What requests is told. ConfigError when a file is not there, or is not what it should be.

        requests would say so as an OSError at the first request, and OpenSSL ask on the terminal for the password of a key.
        """
        options: dict[str, Any] = {}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.bundle:
            bundle = Path(self.bundle).expanduser()
            with _said("ca_bundle", self.bundle):
                _load(context, bundle)
            options["verify"] = str(bundle)
        if self.shown:
            shown = [str(Path(name).expanduser()) for name in self.shown]
            with _said("client_cert", " and ".join(self.shown)):
                context.load_cert_chain(shown[0], shown[1] if shown[1:] else None, lambda: b"")
            options["cert"] = tuple(shown) if shown[1:] else shown[0]
        return options

    def named(self, error: DeepchatError) -> DeepchatError:
        """The error, and for one of TLS which files were used."""
        if not isinstance(error, TlsFailed):
            return error
        hint = f"ca_bundle is {clean_line(self.bundle)}." if self.bundle else error.hint
        shown = f"client_cert is {clean_line(' and '.join(self.shown))}." if self.shown else ""
        error.hint = f"{hint} {shown}".strip()
        return error


USUAL: Final = Trust()


def _load(context: ssl.SSLContext, bundle: Path) -> None:
    if bundle.is_dir():
        context.load_verify_locations(capath=bundle)
    else:
        context.load_verify_locations(cafile=bundle)


@contextmanager
def _said(setting: str, names: str) -> Iterator[None]:
    """ConfigError for what keeps these files from being used."""
    try:
        yield
    except ssl.SSLError as error:
        why = (error.reason or "it is none").replace("_", " ").lower()
        raise _unusable(setting, names, f"no certificate, or no key to it ({why})") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is none"
        raise _unusable(setting, names, why.lower()) from error


def _unusable(setting: str, names: str, why: str) -> ConfigError:
    return ConfigError(
        f"{setting} cannot be used, {clean_line(names)}: {why}.",
        hint=f"Look at {setting} under [providers] in config.toml; a key there has no password.",
    )
