"""Which server is asked, as the commands see it: all that can be, and how another one takes its place."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from deepchat.cli.wiring import Provider
from deepchat.config import Settings, asking
from deepchat.config.credentials import find_key
from deepchat.config.providers import Provider as Known
from deepchat.errors import NoKey, NotAnAnswer, UsageError
from deepchat.repl.needs import Choice, Server
from deepchat.repl.words import meant
from deepchat.text import clean_line

_LONGEST: Final = 40


class Servers:
    """Those that deepchat knows, those of the configuration, and the one it has begun with. It satisfies
    `repl.needs.Servers`; `take` lets another one be asked. `home` is what was configured, where the demo answers."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        take: Callable[[Settings], None],
        *,
        home: Settings | None = None,
    ) -> None:
        firsts = [replace(one.provider, model=one.model) for one in (settings, home) if one]
        ours = {first.name: first for first in firsts}
        self._known = {**ours, **settings.providers, **ours}
        self._settings = settings
        self._environ = environ
        self._take = take

    @property
    def now(self) -> str:
        """The name of the one that is asked."""
        return self._settings.provider.name

    def renew(self) -> None:
        """Ask the same one with the key that there is now, or without one."""
        now = self._settings
        self._ask(replace(asking(now, now.provider, self._environ), model=now.model))

    def choices(self) -> Sequence[Choice]:
        """All of them, with where they are and what there is of a key."""
        return [
            Choice(known.name, known.name, " · ".join(filter(None, self._about(known))))
            for known in self._known.values()
        ]

    def _about(self, known: Known) -> tuple[str, str, str]:
        key, source, _ = find_key(known, self._environ, self._settings.paths.keys_dir)
        if key:
            state = f"key from {source}"
        else:
            state = f"no key in {known.key_place}" if known.needs_key else "needs no key"
        return known.title, urlsplit(known.base_url).netloc, state

    def find(self, name: str) -> Server:
        """The one of this name, with the model that would answer; nothing is changed by that. May ask it for its models.

        Raises UsageError when there is none of this name, NoKey, ApiError, NetworkError.
        """
        known = self._known.get(name)
        if known is None:
            raise UsageError(
                f"There is no provider {clean_line(name, _LONGEST)}.",
                hint=meant(name, self._known, "/provider alone lists them."),
            )
        settings = asking(self._settings, known, self._environ)
        if known.needs_key and settings.key is None:
            raise NoKey(
                f"No key for {known.name} is set.",
                hint=" ".join(
                    (
                        *settings.warnings,
                        f"/login {known.name} keeps one; or set {known.key_place}, and start again.",
                    )
                ),
            )
        settings = with_model(settings, self._settings.model)
        return Server(
            name, known.base_url, settings.model, settings.warnings, partial(self._ask, settings)
        )

    def _ask(self, settings: Settings) -> None:
        self._take(settings)
        self._settings = settings


def with_model(settings: Settings, lately: str = "") -> Settings:
    """With a model, where none is configured: the one that has answered `lately` if the server has it, else the first of
    its list. Raises ApiError, NetworkError, and UsageError when there is none."""
    if settings.model:
        return settings
    with closing(Provider(settings)) as provider:
        try:
            offered = [model.id for model in provider.models()]
        except NotAnAnswer:  # it tells nobody what it has
            offered = [lately] if lately else []
    if not offered:
        raise UsageError(
            f"{settings.provider.name} lists no models.",
            hint="-m NAME says which one is to answer.",
        )
    return replace(settings, model=lately if lately in offered else offered[0])
