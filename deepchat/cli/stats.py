"""`deepchat stats`: what was spent and how fast it went, from the shell."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final, cast

import click

from deepchat import sought
from deepchat.cli.lists import Listed, put
from deepchat.cli.sessions import stored
from deepchat.cli.wishes import Errand, Wishes
from deepchat.config import Settings
from deepchat.conversation import clock_ms
from deepchat.stats import BYS, MONEY, SINCE, SPEED, Answer, By, Sum, row, summed, tables

if TYPE_CHECKING:
    from deepchat.store.sessions import Store

_BOTH: Final[Sequence[By]] = ("day", "model")


@click.command(short_help="Sum up what was spent, and how fast answers came.")
@click.option(
    "--by", type=click.Choice(BYS), help="By this alone; without it, by day and by model."
)
@click.option("--since", metavar="7d|DATE", default=SINCE, show_default=True, help="Since then.")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON array.")
@click.pass_obj
def stats(wishes: Wishes, /, by: str | None, since: str, *, as_json: bool) -> Errand:
    """Money, tokens, speed, the wait for the first token and retries, from the stored chats alone.

    Costs are the servers' own or, with a ~, estimated by the prices of their lists.
    """

    def act(wishes: Wishes) -> int:
        since_ms = sought.only(clock_ms(), since=since).since_ms or 0
        with stored(wishes) as (settings, store):
            found = _answers(store, settings, since_ms)
            chosen = [cast(By, by)] if by else _BOTH
            sums = {one: summed(found, one) for one in chosen}
            if sys.stdout.isatty() and not as_json and found:
                _draw(sums, settings)
            else:
                put(_listed(sums), settings, as_json=as_json)
        return 0

    return Errand(wishes, act)


def _answers(store: "Store", settings: Settings, since_ms: int) -> list[Answer]:
    """Where nothing was ever stored nothing is made."""
    return store.answers(since_ms=since_ms) if settings.paths.database.exists() else []


def _draw(sums: Mapping[By, Sequence[Sum]], settings: Settings) -> None:
    from deepchat.cli.looks import drawing  # late: rich takes its time

    draw, width = drawing(settings), shutil.get_terminal_size().columns
    shown = [draw.table(*table, width) for by, some in sums.items() for table in tables(some, by)]
    sys.stdout.write("\n".join(shown))


def _listed(sums: Mapping[By, Sequence[Sum]]) -> Listed:
    flat = [(by, one) for by, some in sums.items() for one in some]
    return Listed(
        headers=("name", *MONEY, *SPEED),
        rows=[(one.name, *row(one)) for _, one in flat],
        records=[{"by": by, **asdict(one)} for by, one in flat],
        nothing="No answer is stored since then.",
    )
