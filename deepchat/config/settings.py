"""Flags, environment and config.toml put together into frozen `Settings`. What may stand there is in `keys`."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, Literal, cast

from deepchat.budget import Budget
from deepchat.config.credentials import COMMAND, LateKey, find_key
from deepchat.config.file import Values, parse, read, wrong
from deepchat.config.folder import Folder
from deepchat.config.keys import ACTIONS, KEYS, Key, assigned, flat
from deepchat.config.kinds import base_url
from deepchat.config.paths import Paths, paths
from deepchat.config.personas import Personas, from_tables
from deepchat.config.providers import Provider, headers, presets, provider_at, providers
from deepchat.conversation import Json, Parameters, Persona
from deepchat.errors import ConfigError, UsageError
from deepchat.fuzzy import nearest
from deepchat.placeholders import parted, suited
from deepchat.room import Overflow
from deepchat.secret import Secret
from deepchat.text import clean_line, mend

_LONGEST_WARNING: Final = 300

# What sends when nothing else is left to: no hand needs it for anything but a new line.
_SPARE: Final = "alt-enter"

_DEFAULT_PROVIDER: Final = "deepinfra"

# litellm's and langchain's name for it; it moves DeepInfra, and nobody else.
_DEEPINFRA_BASE: Final = "DEEPINFRA_API_BASE"


@dataclass(frozen=True, slots=True)
class Flags:
    """The command line as it was given; None is "not given"."""

    config: Path | None = None
    data_dir: Path | None = None
    provider: str | None = None
    base_url: str | None = None
    model: str | None = None
    system: str | None = None
    persona: str | None = None
    color: str | None = None
    plain: bool | None = None
    auto_title: bool | None = None
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ui:
    """How the chat looks and behaves; each field is the key of the same name under [ui]."""

    theme: str
    color: Literal["auto", "always", "never"]
    plain: bool
    width: int
    editing_mode: Literal["emacs", "vi"]
    think: Literal["show", "fold", "hide"]
    footer: bool
    title: bool
    bell: Literal["never", "long", "always"]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for a server; each field is the key of the same name under [timeouts]."""

    connect: float
    headers: float
    silence: float
    payload: float


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was configured, checked, and where each thing came from.

    `model` and `parameters` are those a new chat starts with, the default persona's included. `key_source` is where the
    key is from, as `find_key` says it. `warnings` are lines for the user. `origins` maps a key to "flag --model", "environment
    DEEPCHAT_MODEL", the name of the file, "persona NAME", "provider NAME" or "default".
    """

    provider: Provider
    key: Secret | None
    key_source: str
    headers: Mapping[str, str | Secret]
    model: str
    persona: Persona | None
    library: Personas
    providers: Mapping[str, Provider]
    parameters: Parameters
    auto_title: bool
    overflow: Overflow
    trash_days: int
    retries: int
    fallback: tuple[str, ...]
    aliases: Mapping[str, str]
    budget: Budget
    timeouts: Timeouts
    ui: Ui
    keys: Mapping[str, tuple[str, ...]]
    paths: Paths
    warnings: tuple[str, ...]
    origins: Mapping[str, str]

    @property
    def personas(self) -> Mapping[str, Persona]:
        """All that there are now, by name."""
        return self.library.all()

    @property
    def templates(self) -> Folder:
        """The user's texts to be sent."""
        return Folder(self.paths.templates_dir, "template")

    def rows(self) -> list[tuple[str, str, str]]:
        """Key, value and origin of everything, for the eye: not yet cleaned. Of the key only whether it is set."""
        values: dict[str, object] = {
            "provider": self.provider.name,
            "base_url": self.provider.base_url,
            "key": self._key_state(),
            "headers": ", ".join(self.headers),
            "model": self.model,
            "persona": self.persona.name or "(from --system)" if self.persona else "",
            "auto_title": self.auto_title,
            "overflow": self.overflow,
            "trash_days": self.trash_days,
            "retries": self.retries,
            "fallback": ", ".join(self.fallback),
            **{f"aliases.{name}": model for name, model in self.aliases.items()},
            **{f"budget.{name}": getattr(self.budget, name) or "none" for name in Budget.__slots__},
            **{f"timeouts.{name}": getattr(self.timeouts, name) for name in Timeouts.__slots__},
            **{f"ui.{name}": getattr(self.ui, name) for name in Ui.__slots__},
            **{f"keys.{name}": ", ".join(keys) for name, keys in self.keys.items()},
            **{f"parameters.{name}": value for name, value in self.parameters.items()},
            "config": self.paths.config_file,
            "data": self.paths.data_dir,
            "cache": self.paths.cache_dir,
            "log": self.paths.log_file,
        }
        hide = self.key.redact if self.key else str
        return [
            (name, hide(_shown(value)), self.origins.get(name, "default"))
            for name, value in values.items()
        ]

    def _key_state(self) -> str:
        if isinstance(self.key, LateKey):
            return f"from {self.key_source}, when it is needed"
        if self.key:
            return f"set, from {self.key_source}"
        wanted = ", ".join((*self.provider.key_variables, str(self.paths.keys_dir)))
        return (
            f"not set; looked for in {wanted}" if self.provider.needs_key else "none, none needed"
        )


def _shown(value: object) -> str:
    if isinstance(value, str | Path):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


class _Rank(IntEnum):
    """Who decided; the smaller beats the greater."""

    FLAG = 0
    ENVIRONMENT = 1
    FILE = 2
    DEFAULT = 3


@dataclass(frozen=True, slots=True)
class _Chosen:
    value: Json
    rank: _Rank
    origin: str


def load(flags: Flags, environ: Mapping[str, str]) -> Settings:
    """Everything that is configured: flags beat the environment, which beats the file, which beats the defaults.

    What is wrong in the environment or the file becomes a warning, and the next in line is used. Raises UsageError for
    a flag that cannot be, ConfigError for a file that was named and cannot be read.
    """
    where, values, warnings = _file(flags, environ)
    source = where.config_file.name
    chosen = _choices(flags, environ, values, source, warnings)
    origins = _named(flags, environ) | {name: one.origin for name, one in chosen.items()}

    provider, known = _provider(chosen, environ, values, origins, warnings)
    key, key_source, key_warnings = find_key(provider, environ, where.keys_dir)
    further, header_warnings = headers(provider, environ)
    origins["key"] = _origin_of(key_source, provider)

    aliases = {place[1]: str(value) for place, value in values.items() if place[0] == "aliases"}
    library = Personas(Folder(where.personas_dir, "persona"), from_tables(values), aliases)
    everyone, persona_warnings = library.read()
    persona = _persona(flags, chosen["persona"], everyone, origins, warnings)
    model = _model(chosen["model"], persona, provider, values, origins)
    parameters = _parameters(flags, values, persona, source, origins)

    limits = {name: chosen[f"budget.{name}"].value for name in Budget.__slots__}
    timeouts = {name: chosen[f"timeouts.{name}"].value for name in Timeouts.__slots__}
    ui = {name: chosen[f"ui.{name}"].value for name in Ui.__slots__}
    keys = _keys(chosen, warnings)
    said = [*warnings, *key_warnings, *header_warnings, *persona_warnings]
    return Settings(
        provider=provider,
        key=key,
        key_source=key_source,
        headers=further,
        model=aliases.get(model, model),
        persona=persona,
        library=library,
        providers=known,
        parameters=parameters,
        auto_title=cast(bool, chosen["auto_title"].value),
        overflow=cast(Overflow, chosen["overflow"].value),
        trash_days=cast(int, chosen["trash_days"].value),
        retries=cast(int, chosen["retries"].value),
        fallback=tuple(aliases.get(name, name) for name in _texts(chosen["fallback"].value)),
        aliases=aliases,
        budget=Budget(**cast(dict[str, Any], limits)),
        timeouts=Timeouts(**cast(dict[str, Any], timeouts)),
        ui=Ui(**cast(dict[str, Any], ui)),
        keys=keys,
        paths=where,
        warnings=tuple(_line(warning, key) for warning in said),
        origins=origins,
    )


def _texts(value: Json) -> list[str]:
    given = value if isinstance(value, list) else [value]
    return [str(one) for one in given if one]


def asking(settings: Settings, provider: Provider, environ: Mapping[str, str]) -> Settings:
    """The same with another provider, its key, its headers and the model it starts with ("": none is known); `warnings`
    are about those only."""
    key, key_source, warnings = find_key(provider, environ, settings.paths.keys_dir)
    further, header_warnings = headers(provider, environ)
    named = dict.fromkeys(("base_url", "model"), f"provider {provider.name}")
    return replace(
        settings,
        provider=provider,
        key=key,
        key_source=key_source,
        headers=further,
        model=settings.aliases.get(provider.model or "", provider.model or ""),
        warnings=tuple(_line(warning, key) for warning in (*warnings, *header_warnings)),
        origins={
            **settings.origins,
            "provider": "command /provider",
            **named,
            "key": _origin_of(key_source, provider),
        },
    )


def _origin_of(key_source: str, provider: Provider) -> str:
    if key_source in provider.key_variables:
        return f"environment {key_source}"
    if key_source == COMMAND:
        return f"provider {provider.name}"
    return "login" if key_source else "default"


def _line(warning: str, key: Secret | None) -> str:
    """One line that does not hold the key, even where it was pasted into the file."""
    return clean_line(key.redact(warning) if key else warning, _LONGEST_WARNING)


def _file(flags: Flags, environ: Mapping[str, str]) -> tuple[Paths, Values, list[str]]:
    named = flags.config or (
        Path(environ["DEEPCHAT_CONFIG"]) if environ.get("DEEPCHAT_CONFIG") else None
    )
    where = paths(data_dir=flags.data_dir, config=named)
    try:
        values, warnings = parse(read(where.config_file), where.config_file.name)
    except FileNotFoundError:
        if not named:
            return where, {}, []
        raise _unreadable(where.config_file, "there is no such file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        if named:
            raise _unreadable(where.config_file, reason) from error
        return where, {}, [f"{where.config_file} was left out: {reason}."]
    return where, values, warnings


def _named(flags: Flags, environ: Mapping[str, str]) -> dict[str, str]:
    """The origins of places that are not the user's own."""
    named = {"config": "flag --config"} if flags.config else {}
    if environ.get("DEEPCHAT_CONFIG") and not flags.config:
        named = {"config": "environment DEEPCHAT_CONFIG"}
    return named | ({"data": "flag --data-dir"} if flags.data_dir else {})


def _unreadable(path: Path, reason: str) -> ConfigError:
    return ConfigError(
        f"The configuration {clean_line(str(path))} cannot be read: {reason}.",
        hint="Without --config, deepchat reads the one in your configuration folder, if there is one.",
    )


# --- one value -------------------------------------------------------------------------------------------------------


def _choices(
    flags: Flags, environ: Mapping[str, str], values: Values, source: str, warnings: list[str]
) -> dict[str, _Chosen]:
    """Every key that is neither a parameter nor of a named table."""
    chosen = {}
    for key in KEYS:
        if "*" in key.name or key.name.startswith("parameters."):
            continue
        place = tuple(key.name.split("."))
        chosen[key.name] = (
            _from_flag(key, flags)
            or _from_environment(key, environ, warnings)
            or (_Chosen(values[place], _Rank.FILE, source) if place in values else None)
            or _Chosen(key.default, _Rank.DEFAULT, "default")
        )
    return chosen


def _from_flag(key: Key, flags: Flags) -> _Chosen | None:
    given = getattr(flags, key.flag) if key.flag else None
    if given is None:
        return None
    flag = f"--{key.flag.replace('_', '-')}"
    try:
        value = key.kind.take(mend(given) if isinstance(given, str) else given)
    except ValueError:
        raise UsageError(f"{flag} must be {key.kind.expected}.") from None
    return _Chosen(value, _Rank.FLAG, f"flag {flag}")


def _from_environment(key: Key, environ: Mapping[str, str], warnings: list[str]) -> _Chosen | None:
    if key.switch and environ.get(key.switch[0]):
        variable, value = key.switch
        return _Chosen(value, _Rank.ENVIRONMENT, f"environment {variable}")
    text = mend(environ.get(key.variable, "")).strip()
    if not text:
        return None
    try:
        value = key.kind.take(key.kind.read(text))
    except ValueError:
        warnings.append(f"{key.variable} {wrong(key, text)}.")
        return None
    return _Chosen(value, _Rank.ENVIRONMENT, f"environment {key.variable}")


# --- the parts that depend on one another ----------------------------------------------------------------------------


def _provider(
    chosen: Mapping[str, _Chosen],
    environ: Mapping[str, str],
    values: Values,
    origins: dict[str, str],
    warnings: list[str],
) -> tuple[Provider, dict[str, Provider]]:
    """Who is asked, and who could be. A base URL beats a name that was given in the same place."""
    known, left_out = providers(values)
    warnings += left_out
    address, name = chosen["base_url"], chosen["provider"]
    if address.value and address.rank <= name.rank:
        origins["provider"] = address.origin
        return provider_at(str(address.value), (*known.values(), *presets().values())), known
    provider = known.get(str(name.value))
    if provider is None:
        _not_there("provider", name, list(known), warnings)
        provider = known[_DEFAULT_PROVIDER]
        origins["provider"] = "default"
    origins["base_url"] = f"provider {provider.name}"
    moved = environ.get(_DEEPINFRA_BASE)
    if provider.name != "deepinfra" or not moved:
        return provider, known
    try:
        provider = provider_at(base_url(moved), (*known.values(), *presets().values()))
        origins["base_url"] = f"environment {_DEEPINFRA_BASE}"
    except ValueError:
        warnings.append(f"{_DEEPINFRA_BASE} is ignored: it is not an address like https://host/v1.")
    return provider, known


def _not_there(what: str, name: _Chosen, known: list[str], warnings: list[str]) -> None:
    """UsageError for a flag that names nothing known, otherwise a warning."""
    asked = clean_line(str(name.value), 40)
    near = nearest(asked, known)
    if name.rank == _Rank.FLAG:
        raise UsageError(
            f"There is no {what} “{asked}”.",
            hint=f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known) or 'none'}.",
        )
    hint = f"; the nearest is {near[0]}" if near else ""
    warnings.append(f'{name.origin}: no {what} has this name{hint}: "{name.value}".')


def _persona(
    flags: Flags,
    name: _Chosen,
    everyone: Mapping[str, Persona],
    origins: dict[str, str],
    warnings: list[str],
) -> Persona | None:
    """`--system` is a persona without a name; with `--persona`, that one's model and parameters with another text."""
    named, given = parted(mend(str(name.value)))
    persona = everyone.get(named)
    if named and persona is None:
        _not_there("persona", replace(name, value=named), list(everyone), warnings)
        origins["persona"] = "default"
    if flags.system is None:
        return persona and _suited(persona, given, name, origins, warnings)
    origins["persona"] = "flag --system"
    meant = persona if persona and flags.persona else Persona("", "")
    return replace(meant, name="", text=mend(flags.system))


def _suited(
    persona: Persona,
    given: Mapping[str, str],
    name: _Chosen,
    origins: dict[str, str],
    warnings: list[str],
) -> Persona | None:
    """With its variables filled in. UsageError for a flag where that cannot be, otherwise a warning and none."""
    try:
        return suited(persona, given)
    except UsageError as error:
        if name.rank == _Rank.FLAG:
            raise
        warnings.append(f"{name.origin}: {error} {error.hint}")
        origins["persona"] = "default"
        return None


def _model(
    asked: _Chosen,
    persona: Persona | None,
    provider: Provider,
    values: Values,
    origins: dict[str, str],
) -> str:
    """A flag or the environment, else what the persona is meant for, what the provider starts with, the file's."""
    if asked.rank <= _Rank.ENVIRONMENT:
        return str(asked.value)
    if persona and persona.model:
        origins["model"] = f"persona {persona.name}".strip()
        return persona.model
    # The file's own model is meant for the file's own provider.
    elsewhere = provider.name != values.get(("provider",), _DEFAULT_PROVIDER)
    starts_with_its_own = ("providers", provider.name, "model") in values
    if provider.model is not None and (
        starts_with_its_own or elsewhere or asked.rank is _Rank.DEFAULT
    ):
        origins["model"] = f"provider {provider.name}"
        return provider.model
    return str(asked.value)


def _parameters(
    flags: Flags,
    values: Values,
    persona: Persona | None,
    source: str,
    origins: dict[str, str],
) -> dict[str, Json]:
    """The file's, over them the persona's, and over those the flags'."""
    general = flat({place[1]: value for place, value in values.items() if place[0] == "parameters"})
    meant = persona.parameters if persona else {}
    given = assigned(map(mend, flags.parameters))
    origins |= {f"parameters.{name}": source for name in general}
    if persona:
        origins |= {f"parameters.{name}": f"persona {persona.name}".strip() for name in meant}
    origins |= {f"parameters.{name}": "flag --set" for name in given}
    return {**general, **meant, **given}


def _keys(chosen: Mapping[str, _Chosen], warnings: list[str]) -> dict[str, tuple[str, ...]]:
    """The keys for each action. What was configured takes a key from the action that has it by default.

    Alt is Esc and a key for a terminal, and in vi mode Esc is a key of its own, which any may follow but Enter.
    """
    vi = chosen["ui.editing_mode"].value == "vi"
    keys: dict[str, tuple[str, ...]] = {}
    taken: dict[str, str] = {}
    named = [(name, chosen[f"keys.{name}"]) for name, _, _ in ACTIONS]
    for name, one in sorted(named, key=lambda pair: pair[1].rank):
        named_keys = cast(list[str], one.value)
        wanted = [key for key in named_keys if not (vi and _is_esc_and_another(key))]
        if one.rank is not _Rank.DEFAULT:
            unheard = (key for key in named_keys if key not in wanted)
            warnings += [f"keys.{name}: there is no {key} in vi mode." for key in unheard]
            rivals = [(key, rival) for key in wanted if (rival := _rival(key, taken))]
            warnings += [
                f"keys.{name}: {key} {'is' if key == rival else 'begins as'} keys.{taken[rival]} already."
                for key, rival in rivals
            ]
        keys[name] = tuple(key for key in wanted if not _rival(key, taken))
        taken |= dict.fromkeys(keys[name], name)
    if not keys["send"]:
        warnings.append(f"keys.send: no key was left to send with; {_SPARE} does it.")
        keys = {name: tuple(key for key in own if key != _SPARE) for name, own in keys.items()}
        keys["send"] = (_SPARE,)
    return {name: keys[name] for name, _, _ in ACTIONS}


def _is_esc_and_another(key: str) -> bool:
    return key.startswith("alt-") and key != "alt-enter"


def _rival(key: str, taken: Iterable[str]) -> str:
    """Which of these keys is this one, or would wait for it, or be waited for by it; "" for none."""
    for one in taken:
        if f"{one} ".startswith(f"{key} ") or f"{key} ".startswith(f"{one} "):
            return one
    return ""
