"""`deepchat sessions`: the stored chats, from the shell."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from deepchat import context, figures, sought
from deepchat.cli.entry import settings_of
from deepchat.cli.lists import Listed, put
from deepchat.cli.saying import say
from deepchat.cli.wishes import Errand, Wishes
from deepchat.config import Settings, private_dir
from deepchat.conversation import SessionSummary, clock_ms
from deepchat.sought import NAMING

if TYPE_CHECKING:
    from deepchat.store.sessions import Store


@contextmanager
def stored(wishes: Wishes) -> Iterator[tuple[Settings, "Store"]]:
    """The settings and the sessions, until they are closed. Where nothing was ever stored nothing is made."""
    from deepchat.store.sessions import Store  # late: other commands do without

    with (
        settings_of(wishes) as settings,
        closing(Store(settings.paths.database, tell=say)) as store,
    ):
        yield settings, store


F = TypeVar("F", bound=Callable[..., Any])

_TYPED: Final = click.core.ParameterSource.COMMANDLINE


def _filters(command: F) -> F:
    """The options that narrow a list down; what they say is understood by `sought.only`."""
    for option in (
        click.option("--archived", is_flag=True, help="Those in the archive."),
        click.option("--star", "starred", is_flag=True, help="Those with a star."),
        click.option("--tag", metavar="WORD", help="Those with this tag."),
        click.option(
            "--cost", metavar=">0.10", help="Those that cost more, or less, in US dollars."
        ),
        click.option("--since", metavar="7d|DATE", help="Those used since then."),
        click.option("--persona", metavar="NAME", help="Those with this persona."),
        click.option("--model", metavar="NAME", help="Those with this model."),
        click.option("--json", "as_json", is_flag=True, help="For programs: one JSON array."),
        click.option(
            "-n", "--limit", metavar="N", default=50, show_default=True, help="So many at most."
        ),
    ):
        command = option(command)
    return command


@click.group(invoke_without_command=True)
@_filters
@click.pass_context
def sessions(context: click.Context, /, **options: Any) -> Errand | None:
    """The stored chats: list, find, show and keep them in order."""
    if not context.invoked_subcommand:
        listing: Errand = context.invoke(list_, **options)
        return listing
    given = (name for name in options if context.get_parameter_source(name) is _TYPED)
    if stray := next(given, None):
        raise click.UsageError(f"{_flag(context, stray)} stands behind the command.")
    return None


def _flag(context: click.Context, name: str) -> str:
    return next(option.opts[-1] for option in context.command.params if option.name == name)


@sessions.command("list")
@_filters
@click.pass_obj
def list_(wishes: Wishes, /, limit: int, *, as_json: bool, **filters: Any) -> Errand:
    """List the chats, the most recently used first."""

    def act(wishes: Wishes) -> int:
        only = sought.only(clock_ms(), **filters)
        with stored(wishes) as (settings, store):
            found = store.find(limit=limit, only=only) if settings.paths.database.exists() else []
            put(_listed(found), settings, as_json=as_json)
        return 0

    return Errand(wishes, act)


def _listed(found: list[SessionSummary]) -> Listed:
    now_ms = clock_ms()
    return Listed(
        headers=("id", "title", "used", "turns", "model", "cost", "marks"),
        rows=[_row(session, now_ms) for session in found],
        records=[_record(session) for session in found],
        nothing="No chat is stored yet, or none fits.",
    )


def _row(session: SessionSummary, now_ms: int) -> tuple[str, ...]:
    return (
        session.id[-NAMING:],
        session.title,
        figures.age(session.updated_ms, now_ms),
        str(session.turns),
        session.model,
        context.price(session),
        sought.marks(session),
    )


def _record(session: SessionSummary) -> dict[str, object]:
    return {
        "id": session.id,
        "title": session.title,
        "updated_ms": session.updated_ms,
        "turns": session.turns,
        "model": session.model,
        "cost": session.cost,
        "cost_estimated": session.estimated,
        "starred": session.starred,
        "archived": session.archived,
        "tags": session.tags,
    }


@sessions.command("search")
@click.argument("words", nargs=-1, required=True)
@_filters
@click.pass_obj
def search(
    wishes: Wishes, /, words: tuple[str, ...], limit: int, *, as_json: bool, **filters: Any
) -> Errand:
    """Find what was said in any chat: the best first, or, of many places, the newest.

    All words have to be in one message, or in the title; the last one may be unfinished.
    """

    def act(wishes: Wishes) -> int:
        from deepchat.cli import keeping  # late: it draws

        only = sought.only(clock_ms(), **filters)
        with stored(wishes) as (settings, store):
            there = settings.paths.database.exists()
            hits = store.places(" ".join(words), limit=limit, only=only) if there else []
            keeping.put_hits(hits, settings, as_json=as_json)
        return 0

    return Errand(wishes, act)


@sessions.command("show")
@click.argument("words", nargs=-1, required=True, metavar="ID | WORDS…")
@click.pass_obj
def show(wishes: Wishes, words: tuple[str, ...]) -> Errand:
    """Show a chat: drawn on a terminal, in a pipe as markdown."""

    def act(wishes: Wishes) -> int:
        from deepchat.cli import keeping  # late, see above

        with stored(wishes) as (settings, store):
            keeping.show(keeping.meant(settings, store, " ".join(words)), settings, store)
        return 0

    return Errand(wishes, act)


@sessions.command("rename")
@click.argument("which", metavar="ID")
@click.argument("title", nargs=-1, required=True, metavar="TITLE…")
@click.pass_obj
def rename(wishes: Wishes, which: str, title: tuple[str, ...]) -> Errand:
    """Give a chat another title."""
    return _change(wishes, which, "rename", " ".join(title))


@sessions.command("delete")
@click.argument("which", nargs=-1, required=True, metavar="ID | WORDS…")
@click.pass_obj
def delete(wishes: Wishes, which: tuple[str, ...]) -> Errand:
    """Put a chat into the trash, for thirty days."""
    return _change(wishes, " ".join(which), "delete")


@sessions.command("restore")
@click.argument("which", nargs=-1, required=True, metavar="ID | WORDS…")
@click.pass_obj
def restore(wishes: Wishes, which: tuple[str, ...]) -> Errand:
    """Take a chat out of the trash."""
    return _change(wishes, " ".join(which), "restore")


@sessions.command("archive")
@click.argument("which", nargs=-1, required=True, metavar="ID | WORDS…")
@click.option("--undo", is_flag=True, help="Put it into the list again.")
@click.pass_obj
def archive(wishes: Wishes, which: tuple[str, ...], *, undo: bool) -> Errand:
    """Take a chat out of the list; it is found all the same."""
    return _change(wishes, " ".join(which), "unarchive" if undo else "archive")


@sessions.command("star")
@click.argument("which", nargs=-1, required=True, metavar="ID | WORDS…")
@click.option("--undo", is_flag=True, help="Take its star away.")
@click.pass_obj
def star(wishes: Wishes, which: tuple[str, ...], *, undo: bool) -> Errand:
    """Give a chat a star."""
    return _change(wishes, " ".join(which), "unstar" if undo else "star")


@sessions.command("tag")
@click.argument("which", metavar="ID")
@click.argument("tags", nargs=-1, required=True, metavar="TAG…")
@click.option("--undo", is_flag=True, help="Take them off.")
@click.pass_obj
def tag(wishes: Wishes, which: str, tags: tuple[str, ...], *, undo: bool) -> Errand:
    """Put tags on a chat."""
    return _change(wishes, which, "untag" if undo else "tag", " ".join(tags))


def _change(wishes: Wishes, which: str, what: str, to: str = "") -> Errand:
    def act(wishes: Wishes) -> int:
        from deepchat.cli import keeping  # late, see above

        with stored(wishes) as (settings, store):
            keeping.CHANGES[what](settings, store, which, to)
        return 0

    return Errand(wishes, act)


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
