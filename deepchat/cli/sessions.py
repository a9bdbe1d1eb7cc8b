"""`deepchat sessions`: the stored chats, from the shell."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

import click

from deepchat import figures
from deepchat.cli.entry import settings_of
from deepchat.cli.lists import Listed, put
from deepchat.cli.wishes import Errand, Wishes
from deepchat.config import Settings
from deepchat.conversation import SessionSummary, clock_ms

if TYPE_CHECKING:
    from deepchat.store.sessions import Store

# So many characters of an id are shown, its last: they name a session.
NAMING: Final = 6


@contextmanager
def stored(wishes: Wishes) -> Iterator[tuple[Settings, "Store"]]:
    """The settings and the sessions, until they are closed. Where nothing was ever stored nothing is made."""
    from deepchat.store.sessions import Store  # late: other commands do without

    with settings_of(wishes) as settings, closing(Store(settings.paths.database)) as store:
        yield settings, store


@click.group(invoke_without_command=True)
@click.pass_context
def sessions(context: click.Context) -> Errand | None:
    """The stored chats: list them."""
    return None if context.invoked_subcommand else context.invoke(list_)


@sessions.command("list")
@click.option("-n", "--limit", metavar="N", default=50, show_default=True, help="So many at most.")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON array.")
@click.pass_obj
def list_(wishes: Wishes, limit: int, *, as_json: bool) -> Errand:
    """List the chats, the most recently used first."""

    def act(wishes: Wishes) -> int:
        with stored(wishes) as (settings, store):
            found = store.find(limit=limit) if settings.paths.database.exists() else []
            put(_listed(found), settings, as_json=as_json)
        return 0

    return Errand(wishes, act)


def _listed(found: list[SessionSummary]) -> Listed:
    now_ms = clock_ms()
    return Listed(
        headers=("id", "title", "used", "turns", "model", "cost"),
        rows=[_row(session, now_ms) for session in found],
        records=[_record(session) for session in found],
        nothing="No chat is stored yet.",
    )


def _row(session: SessionSummary, now_ms: int) -> tuple[str, ...]:
    return (
        session.id[-NAMING:],
        session.title,
        figures.age(session.updated_ms, now_ms),
        str(session.turns),
        session.model,
        "" if session.cost is None else figures.money(session.cost),
    )


def _record(session: SessionSummary) -> dict[str, str | int | float | None]:
    return {
        "id": session.id,
        "title": session.title,
        "updated_ms": session.updated_ms,
        "turns": session.turns,
        "model": session.model,
        "cost": session.cost,
    }
