"""Where a provider's key comes from, in which order, and where `deepchat login` puts it. Nothing of a key is ever said.

Environment, `key_command`, the system's keyring where that is wanted, a file of its own. What takes its time is asked when
the key is needed first, behind the prompt.
"""

import importlib
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Final
from urllib.parse import quote

from deepchat.config.keycommand import first_line
from deepchat.config.paths import private_dir
from deepchat.config.providers import Provider, in_clear, origin
from deepchat.errors import ConfigError, NoKey, UsageError
from deepchat.secret import Secret
from deepchat.wanted import is_wanted

_KEY: Final = re.compile(r"[\x21-\x7e]+")
_QUOTES: Final = "\"'`“”‘’"

# No key is longer; a file that is was not written by login.
_LONGEST: Final = 8 << 10

# The names under which the key is not known at once.
COMMAND: Final = "key_command"
KEYRING: Final = "the keyring"

_SERVICE: Final = "deepchat"
_LOOK_S: Final = 0.05


class LateKey(Secret):
    """A key that `fetch` gives when it is first needed. Until then nothing can show it, since nobody knows it.

    Whoever needs it while it is being fetched gets what comes of that, a failure as well.
    """

    __slots__ = ("_failure", "_fetch", "_lock", "_refused")

    def __init__(self, fetch: Callable[[], str]) -> None:
        super().__init__("")
        self._fetch = fetch
        self._lock = threading.Lock()
        self._failure: NoKey | None = None
        self._refused: tuple[Secret, ...] = ()

    @property
    def has_failed(self) -> bool:
        """Whether it was asked for, and not given."""
        return self._failure is not None and not self._value

    def reveal(self) -> str:
        """The key. Raises NoKey; may take as long as a person who is asked for a password."""
        before = self._failure
        with self._taken():
            if not self._value:
                if self._failure is not before and self._failure:
                    raise self._failure
                self._value = self._fetched()
            return self._value

    def forget(self) -> None:
        """It was refused: ask for it anew, it may be another one by now. The old one is not shown either."""
        with self._taken():
            self._refused = (*self._refused, Secret(self._value))
            self._value = ""

    def redact(self, text: str) -> str:
        for refused in self._refused:
            text = refused.redact(text)
        return super().redact(text)

    def _fetched(self) -> str:
        try:
            return self._fetch()
        except NoKey as error:
            self._failure = error
            raise

    @contextmanager
    def _taken(self) -> Iterator[None]:
        while not self._lock.acquire(timeout=_LOOK_S):
            if not is_wanted():
                raise NoKey("The key was not waited for.")
        try:
            yield
        finally:
            self._lock.release()


Found = tuple[Secret | None, str, list[str]]


def find_key(provider: Provider, environ: Mapping[str, str], folder: Path) -> Found:
    """The provider's key, where it is from, and warnings. No key and "" when there is none that may be sent.

    Where it is from: the name of a variable, COMMAND, KEYRING or the path of a file in `folder`.
    """
    found = key, _, warnings = _in_environment(provider, environ)
    if key:
        return found
    if in_clear(provider.base_url):
        kept = provider.key_command or provider.keyring
        said = [f"No key is asked for, for {provider.name}: it is not https."] if kept else []
        return None, "", [*warnings, *said]
    if provider.key_command:
        return LateKey(partial(_asked, provider, environ)), COMMAND, warnings
    path = key_file(provider, folder)
    if provider.keyring:
        return LateKey(partial(_in_keyring, provider, path)), KEYRING, warnings
    stored, said = _in_file(path)
    return stored, str(path) if stored else "", [*warnings, *said]


def key_of(text: str) -> Secret | None:
    """The key that somebody typed, pasted or printed: without spaces and quotes around it. None for what cannot be one."""
    bare = text.strip().strip(_QUOTES).strip()
    return Secret(bare) if _KEY.fullmatch(bare) and len(bare) <= _LONGEST else None


def _in_environment(provider: Provider, environ: Mapping[str, str]) -> Found:
    warnings = []
    for variable in provider.key_variables:
        value = environ.get(variable, "")
        if not value.strip().strip(_QUOTES).strip():
            continue
        key = key_of(value)
        if key is None:
            warnings.append(f"{variable} is not used: it holds characters that no key has.")
        elif in_clear(provider.base_url):
            unsent = f"The key in {variable} is not sent to {provider.name}: it is not https."
            return None, "", [unsent]
        else:
            return key, variable, warnings
    return None, "", warnings


def _asked(provider: Provider, environ: Mapping[str, str]) -> str:
    key = key_of(first_line(provider.key_command, environ, whose=provider.name))
    if key is None:
        raise NoKey(
            f"What the key_command of {provider.name} prints is no key: it holds characters that none has.",
            hint="The key has to stand alone on the first line.",
        )
    return key.reveal()


# --- the file --------------------------------------------------------------------------------------------------------


def key_file(provider: Provider, folder: Path) -> Path:
    """The file for a key of this provider: one for each scheme, host and port, so that no other server gets it."""
    return folder / "+".join(quote(str(part), safe="") for part in origin(provider.base_url))


def _in_file(path: Path) -> tuple[Secret | None, list[str]]:
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST + 1).decode("ascii", "replace")
            is_open = os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077
    except FileNotFoundError:
        return None, []
    except OSError as error:
        return None, [f"The key in {path} cannot be read: {error.strerror}."]
    key = key_of(text)
    if key is None:
        return None, [f"{path} is not used: it holds no key. deepchat login writes it anew."]
    return key, [f"Others can read the key in {path}: chmod 600 keeps them out."] if is_open else []


def _write(path: Path, key: Secret) -> None:
    """For the user's eyes only from its first moment, and whole or not at all. OSError."""
    private_dir(path.parent)
    fresh = path.with_name(f".{os.urandom(8).hex()}")
    number = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "w", encoding="ascii") as file:
            file.write(f"{key.reveal()}\n")
            file.flush()
            os.fsync(number)
        fresh.replace(path)
    except BaseException:
        fresh.unlink()
        raise


# --- the keyring -----------------------------------------------------------------------------------------------------


def _in_keyring(provider: Provider, path: Path) -> str:
    """From the keyring, or from the file where that has none. NoKey."""
    with _keyring() as keyring:
        text = keyring.get_password(_SERVICE, path.name)
    key = key_of(text or "") or _in_file(path)[0]
    if key is None:
        raise NoKey(
            f"The keyring has no key for {provider.name}.", hint="deepchat login puts one there."
        )
    return key.reveal()


@contextmanager
def _keyring() -> Iterator[ModuleType]:
    """The package, which takes a tenth of a second to import; what fails with it is NoKey."""
    try:
        keyring = importlib.import_module("keyring")
        errors = importlib.import_module("keyring.errors")
    except ImportError:
        raise NoKey(
            "The keyring cannot be reached: the package keyring is not installed.",
            hint="pip install keyring beside deepchat, or take `keyring` out of config.toml.",
        ) from None
    try:
        yield keyring
    except errors.KeyringError as error:
        raise NoKey(
            f"The system's keyring cannot be used ({type(error).__name__}).",
            hint="Unlock it, or take `keyring` out of config.toml.",
        ) from None


# --- keeping ---------------------------------------------------------------------------------------------------------


def store_key(provider: Provider, key: Secret, folder: Path) -> str:
    """Keep the key, in the keyring where that is wanted, else in a file; where it is now. NoKey, ConfigError, UsageError."""
    if in_clear(provider.base_url):
        raise UsageError(
            f"{provider.name} is not reached by https: a key is never sent there, and not kept."
        )
    path = key_file(provider, folder)
    if provider.keyring:
        with _keyring() as keyring:
            keyring.set_password(_SERVICE, path.name, key.reveal())
        return KEYRING
    try:
        _write(path, key)
    except OSError as error:
        raise ConfigError(f"The key cannot be written to {path}: {error.strerror}.") from error
    return str(path)


def remove_key(provider: Provider, folder: Path) -> list[str]:
    """Forget the kept key; where it was. NoKey, ConfigError."""
    path, places = key_file(provider, folder), []
    if provider.keyring:
        with _keyring() as keyring:
            if keyring.get_password(_SERVICE, path.name):
                keyring.delete_password(_SERVICE, path.name)
                places.append(KEYRING)
    with suppress(FileNotFoundError):
        try:
            path.unlink()
            places.append(str(path))
        except PermissionError as error:
            raise ConfigError(f"{path} cannot be removed: {error.strerror}.") from error
    return places
