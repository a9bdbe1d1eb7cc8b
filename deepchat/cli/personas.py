"""`deepchat personas`: the library of personas, from the shell."""

import shutil
import sys
from typing import Final

import click

from deepchat import context
from deepchat.cli.entry import settings_of
from deepchat.cli.lists import Listed, put, put_json
from deepchat.cli.wishes import Errand, Wishes
from deepchat.config import Settings
from deepchat.conversation import Persona
from deepchat.errors import UsageError
from deepchat.fuzzy import nearest
from deepchat.placeholders import variables
from deepchat.text import clean_line

_AS_JSON: Final = click.option("--json", "as_json", is_flag=True, help="For programs: JSON.")


@click.group(invoke_without_command=True, short_help="List and show the personas.")
@_AS_JSON
@click.pass_context
def personas(context: click.Context, /, *, as_json: bool) -> Errand | None:
    """The library of personas: list them, show one, say where the files are."""
    if not context.invoked_subcommand:
        listing: Errand = context.invoke(list_, as_json=as_json)
        return listing
    if as_json:
        raise click.UsageError("--json stands behind the command.")
    return None


@personas.command("list")
@_AS_JSON
@click.pass_obj
def list_(wishes: Wishes, /, *, as_json: bool) -> Errand:
    """List them: what each is, which variables it wants, which model it is meant for, where it is from."""

    def act(wishes: Wishes) -> int:
        with settings_of(wishes) as settings:
            found = settings.personas.values()
            listed = Listed(
                headers=("name", "about", "wants", "model", "from"),
                rows=[_row(one) for one in found],
                records=[_record(one) for one in found],
                nothing="There are no personas.",
            )
            put(listed, settings, as_json=as_json)
        return 0

    return Errand(wishes, act)


def _row(persona: Persona) -> tuple[str, ...]:
    return (
        persona.name,
        context.title_of(persona.text),
        " ".join(variables(persona)),
        persona.model,
        persona.origin,
    )


def _record(persona: Persona) -> dict[str, object]:
    return {
        "name": persona.name,
        "text": persona.text,
        "variables": variables(persona),
        "model": persona.model,
        "parameters": persona.parameters,
        "from": persona.origin,
    }


@personas.command("show")
@click.argument("name")
@_AS_JSON
@click.pass_obj
def show(wishes: Wishes, /, name: str, *, as_json: bool) -> Errand:
    """Print one; in a pipe exactly as its file is, to be shared."""

    def act(wishes: Wishes) -> int:
        with settings_of(wishes) as settings:
            _show(settings, name, as_json=as_json)
        return 0

    return Errand(wishes, act)


def _show(settings: Settings, name: str, *, as_json: bool) -> None:
    known = settings.personas
    if name not in known:
        near = nearest(name, known)
        raise UsageError(
            f"There is no persona {clean_line(name, 40)}.",
            hint=f"Did you mean {near[0]}?" if near else "deepchat personas lists them.",
        )
    if as_json:
        put_json(_record(known[name]))
    elif sys.stdout.isatty():
        from deepchat.cli.looks import drawing  # late: rich takes its time

        width = shutil.get_terminal_size().columns
        sys.stdout.write(drawing(settings).notice(settings.library.source(name), width))
    else:
        sys.stdout.write(settings.library.source(name))


@personas.command("path")
@_AS_JSON
@click.pass_obj
def path(wishes: Wishes, /, *, as_json: bool) -> Errand:
    """Print the folder in which your own are, one file each."""

    def act(wishes: Wishes) -> int:
        with settings_of(wishes) as settings:
            folder = str(settings.paths.personas_dir)
            if as_json:
                put_json({"path": folder})
            else:
                sys.stdout.write(f"{folder}\n")
        return 0

    return Errand(wishes, act)
