"""`deepchat doctor`: its flags. What it looks at is in `health`."""

import click

from deepchat.cli.wishes import Errand, Wishes


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON array.")
@click.option("--mend", is_flag=True, help="Save what can be read of a damaged database.")
@click.option(
    "--restore-backup",
    "backup",
    metavar="[NAME]",
    is_flag=False,
    flag_value="",
    default=None,
    help="Put a backup in the place of the database, alone the newest.",
)
@click.pass_obj
def doctor(wishes: Wishes, backup: str | None, *, as_json: bool, mend: bool) -> Errand:
    """Check the installation and the stored chats.

    The database is looked through from end to end, in a copy. Neither --mend nor --restore-backup takes anything away:
    the file whose place another takes lies beside it.
    """

    def act(wishes: Wishes) -> int:
        from deepchat.cli import health  # late: brings the store along

        if backup is not None:
            return health.restore(wishes, backup)
        return health.mend(wishes) if mend else health.report(wishes, as_json=as_json)

    return Errand(wishes, act)
