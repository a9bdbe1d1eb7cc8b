"""Whether everything is as it should be, and what can be done where it is not: what `deepchat doctor` does."""

import platform
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deepchat import __version__, figures
from deepchat.cli.entry import settings_of
from deepchat.cli.lists import Listed, put
from deepchat.cli.saying import say
from deepchat.cli.wishes import Wishes
from deepchat.config import Settings
from deepchat.errors import NoKey, StoreError, UsageError
from deepchat.repl.words import count
from deepchat.store.sessions import Store
from deepchat.store.upkeep import SQLITE, Upkeep

# Less room than this is worth a word.
_LITTLE: Final = 100_000_000

_MENDING: Final = "deepchat doctor --mend saves what can be read into a new one."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, in words; whether it is `well`."""

    what: str
    state: str
    well: bool = True


def report(wishes: Wishes, *, as_json: bool) -> int:
    """Say how everything is; the exit code is 1 where something is not well."""
    with _upkeep(wishes) as (settings, upkeep):
        findings = list(_findings(settings, upkeep))
        put(_listed(findings), settings, as_json=as_json)
    return 0 if all(finding.well for finding in findings) else 1


def restore(wishes: Wishes, name: str) -> int:
    """Put the newest backup of this name in the place of the database."""
    with _upkeep(wishes) as (_, upkeep):
        found = [copy for copy in upkeep.backups() if name in copy.name]
        if not found:
            raise UsageError(
                f"There is no backup called {name}." if name else "There is no backup yet.",
                hint="deepchat doctor lists them.",
            )
        before = upkeep.restore(found[0])
    say(f"{found[0].name} is in place." + (f" What was there is {before}." if before else ""))
    return 0


def mend(wishes: Wishes) -> int:
    """Save what can be read of the database into a new one, where it is damaged."""
    with _upkeep(wishes) as (_, upkeep):
        if wrong := upkeep.wrong():
            upkeep.mend(wrong)
        else:
            say("The session database is sound.")
    return 0


@contextmanager
def _upkeep(wishes: Wishes) -> Iterator[tuple[Settings, Upkeep]]:
    with (
        settings_of(wishes) as settings,
        closing(Store(settings.paths.database, tell=say)) as store,
    ):
        yield settings, Upkeep(store.database)


def _findings(settings: Settings, upkeep: Upkeep) -> Iterator[Finding]:
    yield Finding("deepchat", _versions())
    yield from _configured(settings)
    yield from _stored(settings.paths.database, upkeep)
    yield _room(settings.paths.data_dir)


def _versions() -> str:
    system = f"{platform.system()} {platform.release()}"
    return f"{__version__}, Python {platform.python_version()}, SQLite {SQLITE}, {system}"


def _configured(settings: Settings) -> Iterator[Finding]:
    file = settings.paths.config_file
    yield Finding("configuration", str(file) if file.exists() else f"{file} (none: defaults)")
    for warning in settings.warnings:
        yield Finding("configuration", warning, well=False)
    yield Finding("server", f"{settings.provider.name}, {settings.provider.base_url}")
    yield _key(settings)


def _key(settings: Settings) -> Finding:
    """Where it is from; a program that has it is asked."""
    if settings.key:
        try:
            settings.key.reveal()
        except NoKey as error:
            return Finding("key", f"{error} {error.hint}", well=False)
        return Finding("key", f"from {settings.key_source}")
    if settings.provider.needs_key:
        names = " or ".join(settings.provider.key_variables)
        return Finding(
            "key",
            f"none in {names}: the demo answers. {settings.provider.login} keeps one",
            well=False,
        )
    return Finding("key", "none, and none is needed")


def _stored(path: Path, upkeep: Upkeep) -> Iterator[Finding]:
    if not path.exists():
        yield Finding("chats", f"{path} (none yet)")
    else:
        yield from _checked(upkeep)
    for copy in upkeep.backups():
        yield Finding("backup", f"{copy} ({figures.size(copy.stat().st_size)})")
    for aside in upkeep.set_aside():
        yield Finding("set aside", f"{aside} ({figures.size(aside.stat().st_size)})")


def _checked(upkeep: Upkeep) -> Iterator[Finding]:
    try:
        found = upkeep.checkup()
    except StoreError as error:
        yield Finding("chats", f"{error} {error.hint}", well=False)
        return
    held = f"{count(found.sessions, 'chat')}, {count(found.messages, 'message')}"
    in_trash = f", {found.trashed} in the trash" if found.trashed else ""
    yield Finding("chats", f"{found.path} ({figures.size(found.size)}, version {found.version})")
    yield Finding("chats", f"{held}{in_trash}")
    if found.wrong:
        yield Finding("chats", f"damaged: {found.wrong}. {_MENDING}", well=False)
    else:
        yield Finding("chats", "sound: pages, references and full-text index are as they should be")


def _room(folder: Path) -> Finding:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    return Finding("disk", f"{figures.size(free)} free at {there}", well=free > _LITTLE)


def _listed(findings: list[Finding]) -> Listed:
    return Listed(
        headers=("what", "how it is"),
        rows=[(f.what if f.well else f"{f.what} !", f.state) for f in findings],
        records=[{"what": f.what, "state": f.state, "well": f.well} for f in findings],
        nothing="",
    )
