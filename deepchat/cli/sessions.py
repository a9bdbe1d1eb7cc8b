"""`deepchat sessions`: the stored chats, from the shell."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from deepchat import figures
from deepchat.cli.entry import settings_of
from deepchat.cli.lists import Listed, put
from deepchat.cli.wishes import Errand, Wishes
from deepchat.config import Settings, private_dir
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


@sessions.command("export")
@click.argument("words", nargs=-1, required=True, metavar="[ID | WORDS…] FILE")
@click.option("--all", "every", is_flag=True, help="All chats, into .json or .jsonl.")
@click.option("--last", "newest", metavar="N", type=click.IntRange(1), help="The last N turns.")
@click.option("--turns", metavar="A-B", help="Only these turns.")
@click.option("--code", is_flag=True, help="Only the code blocks of the replies.")
@click.option("--reasoning", is_flag=True, help="The reasoning, too.")
@click.option("--redact", is_flag=True, help="Keys and tokens masked.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@click.pass_obj
def export(wishes: Wishes, /, words: tuple[str, ...], **options: Any) -> Errand:
    """Write a chat, the last one or the one that is named, to a file: .md, .txt, .html, .json or .jsonl.

    FILE may be - for stdout, as .jsonl with --all, else as .md. JSON has all branches, and what is attached.
    """

    def act(wishes: Wishes) -> int:
        from deepchat.cli import moving  # late: it brings the formats along

        with stored(wishes) as (settings, store):
            return moving.export(settings, store, list(words), moving.Export(**options))

    return Errand(wishes, act)


@sessions.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@click.pass_obj
def import_(wishes: Wishes, files: tuple[Path, ...]) -> Errand:
    """Take in chats: deepchat's .json and .jsonl, conversations.json of ChatGPT and Claude (or the .zip with it), llm's
    logs.db, aichat's session files or the folder of them.

    What is here already stays as it is; what is new is added. So two machines merge by exchanging their exports.
    """

    def act(wishes: Wishes) -> int:
        from deepchat.cli import moving  # late, see above

        with stored(wishes) as (settings, store):
            private_dir(settings.paths.data_dir)
            return moving.take_in(store, files)

    return Errand(wishes, act)
