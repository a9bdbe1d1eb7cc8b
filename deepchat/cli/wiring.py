"""The rooms wired together: what both the terminal session and the one-shot need."""

import gc
import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deepchat.budget import Purse
from deepchat.chat import Chat, Library
from deepchat.cli.saying import say
from deepchat.cli.wishes import Wishes
from deepchat.config import (
    ACTIONS,
    COMMAND,
    KEYS,
    PARAMETERS,
    LateKey,
    Settings,
    assigned,
    parse_parameter,
    private_dir,
)
from deepchat.conversation import (
    Event,
    Json,
    ModelInfo,
    Persona,
    Request,
    Session,
    Usage,
    clock_ms,
)
from deepchat.errors import AccessError, ConfigError, DeepchatError, UsageError
from deepchat.files import append
from deepchat.turn import Stop
from deepchat.wanted import wanted_while

UNAUTHORIZED: Final = 401

# While somebody types, how often the connection is looked at.
LOOK_S: Final = 10.0

if TYPE_CHECKING:
    from deepchat.api.client import Client
    from deepchat.api.exchange import Exchange
    from deepchat.store.sessions import Store


class Provider:
    """The server, reached by a client that is imported behind the prompt: requests takes a tenth of a second."""

    def __init__(
        self, settings: Settings, *, log: Path | None = None, tell: Callable[[str], None] = say
    ) -> None:
        """`log` is a file to which every exchange is added; `tell` says that it cannot be. `once_ready` is called on a thread
        of its own when a first connection was made, or could not be."""
        self.once_ready: Callable[[], None] = lambda: None
        self._settings = settings
        self._log = log
        self._tell = tell
        self._last: Exchange | None = None
        self._lock = threading.Lock()
        self._made: Client | None = None
        self._look_again = 0.0

    def _client(self) -> "Client":
        from deepchat.api.client import Client, Timeouts  # late, see above
        from deepchat.api.trust import Trust

        if key := self._settings.key:
            key.reveal()  # first: a key_command may take its time, and nobody else should wait for it here
        with self._lock:
            if self._made is None:
                asked = self._settings.provider
                self._made = Client(
                    asked.base_url,
                    self._settings.key,
                    timeouts=Timeouts(**asdict(self._settings.timeouts)),
                    watch=self._note,
                    dialect=asked.dialect,
                    headers=self._settings.headers,
                    trust=Trust(asked.ca_bundle, tuple(asked.client_cert)),
                )
            return self._made

    def stream(self, request: Request, stop: Stop) -> Iterator[Event]:
        """A reply as it arrives, as `turn.Model` says."""
        try:
            with wanted_while(lambda: not stop.asked):
                client = self._client()
            yield from client.stream(request, stop)
        except AccessError as error:
            if error.status == UNAUTHORIZED:
                error.hint = self._other_key()
            raise

    def _other_key(self) -> str:
        """What to do about a key that was refused, or is wanted."""
        key, source = self._settings.key, self._settings.key_source
        if isinstance(key, LateKey):
            key.forget()
        if source in self._settings.provider.key_variables:
            return f"Put a valid key into {source} and start again."
        if source == COMMAND:
            return f"{source} gave it, and is asked anew the next time."
        return f"{self._settings.provider.login} keeps one, and so does /login in a chat."

    def models(self) -> list[ModelInfo]:
        """What the server offers."""
        return self._client().models()

    def move(self, settings: Settings) -> None:
        """Ask another server, or with another key, from the next request on. One that is under way goes on where it is."""
        with self._lock:
            self._settings = settings
            left, self._made = self._made, None
            self._look_again = 0.0
        if left:
            left.close()

    def get_ready(self) -> None:
        """Import the client and make the connection, on a thread of its own. Called for each key: it looks now and then."""
        if time.monotonic() < self._look_again:
            return
        self._look_again = time.monotonic() + LOOK_S
        threading.Thread(target=self._warm, name="ready", daemon=True).start()

    def _warm(self) -> None:
        first, key = self._made is None, self._settings.key
        if isinstance(key, LateKey) and key.has_failed:
            return  # whoever is asked for a password is not asked for it again at each key
        with suppress(DeepchatError):  # the first question says it
            self._client().warm()
        if not first:
            return
        self.once_ready()
        # What is imported stays. Looking through it for garbage would hold a key, or a request, up by 20 ms now and then.
        gc.freeze()

    @property
    def last_exchange(self) -> str:
        """The last request that was not only to make a connection ready, and what came of it, in a few lines."""
        return self._last.told(brief=True) if self._last else ""

    def _note(self, exchange: "Exchange") -> None:
        if exchange.method != "HEAD":
            self._last = exchange
        if self._log and exchange.is_over:
            self._write_down(self._log, exchange.told())

    def _write_down(self, log: Path, told: str) -> None:
        """A log that cannot be written ends no chat."""
        try:
            append(log, f"{told}\n")
        except OSError as error:
            self._tell(f"{log} cannot be written: {error.strerror}.")
            self._log = None

    def close(self) -> None:
        """Close what was opened."""
        if self._made:
            self._made.close()


class Options:
    """The settings, as the commands see them; `chosen` may be others from now on."""

    def __init__(self, settings: Settings) -> None:
        self.chosen = settings

    @property
    def aliases(self) -> Mapping[str, str]:
        return self.chosen.aliases

    @property
    def keys(self) -> Sequence[tuple[str, str]]:
        keymap = self.chosen.keys
        return [(", ".join(keymap[name]), help_) for name, _, help_ in ACTIONS if keymap[name]]

    @property
    def settings(self) -> Sequence[tuple[str, str]]:
        kept = (key for key in KEYS if not key.name.startswith(("keys.", "personas.*.parameters.")))
        return [(key.name, key.help) for key in kept]

    @property
    def parameters(self) -> Sequence[tuple[str, str]]:
        return [(parameter.name, parameter.help) for parameter in PARAMETERS]

    def values(self, name: str) -> Sequence[str]:
        """All values of a parameter, where they are few."""
        return next((one.kind.choices for one in PARAMETERS if one.name == name), ())

    def parse(self, name: str, text: str) -> Json:
        """The value of a parameter as typed. UsageError when it cannot be one."""
        return parse_parameter(name, text)

    def is_key_in(self, text: str) -> bool:
        """Whether the user's key stands in it."""
        key = self.chosen.key
        return key is not None and key.redact(text) != text

    def rows(self) -> Sequence[tuple[str, str, str]]:
        return self.chosen.rows()


def first_session(settings: Settings) -> Session:
    """What a new session starts from."""
    persona = settings.persona or Persona("", "")
    return Session(
        id="",
        model=settings.model,
        provider=settings.provider.name,
        persona=persona.text,
        persona_name=persona.name,
        parameters=dict(settings.parameters),
    )


def purse(settings: Settings, store: "Store", *, asks: bool = True) -> Purse:
    """The budget that is configured, against what all stored replies have cost. Where nothing is stored nothing is made."""

    def spent(since_ms: int) -> Usage:
        found = store.spent(since_ms=since_ms) if settings.paths.database.exists() else []
        cost = math.fsum(one.cost for one in found)
        return Usage(cost=cost, estimated=any(one.estimated for one in found))

    return Purse(settings.budget, spent, clock_ms, asks=asks)


def models_cache(settings: Settings, *, private: bool) -> Path:
    """One file a provider, in a folder for it: their lists have nothing to do with each other."""
    if not private:
        with suppress(ConfigError):  # without a cache each list is asked for anew
            private_dir(settings.paths.cache_dir)
    name = re.sub(r"[^A-Za-z0-9.-]", "_", settings.provider.name)
    return settings.paths.models_cache.with_name(f"models-{name}.json")


def resume(chat: Chat, library: Library, wishes: Wishes, settings: Settings) -> bool:
    """Go on with the session that -c or -r names; whether there is one. UsageError when -r finds none.

    What a flag names, a model, a persona or parameters, takes the place of the session's own.
    """
    query = wishes.resume or ""
    if not (wishes.continue_ or query):
        return False
    found = library.find(query, limit=1)
    if not found:
        if query:
            raise UsageError(f"No chat fits “{query}”.", hint="-r alone lists the chats.")
        return False
    chat.resume(*library.load(found[0].id))
    if chat.elsewhere:  # as it is there
        return True
    if wishes.persona and settings.persona:
        chat.take_persona(settings.persona)
    if wishes.system is not None:
        chat.set_persona(wishes.system)
    if wishes.model:
        chat.set_model(settings.model)
    for name, value in assigned(wishes.parameters).items():
        chat.set_parameter(name, value)
    return True
