"""The flags: how the command line is read, and the help it has. What they set going is not known here."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from deepchat import __version__
from deepchat.cli.wishes import Wishes

EPILOG: Final = (
    "Without a key (deepchat login, or DEEPINFRA_TOKEN) a built-in demo answers, offline. "
    "Exit codes: 0 ok, 1 usage or configuration, 2 the server refused, 3 no key or no access, "
    "4 network, 5 over budget, 130 interrupted."
)


class _Flags(click.Group):
    """What stands behind the flags is a command, or, with -t, the words for the template."""

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if context.params.get("template") is None:
            return super().resolve_command(context, args)
        return None, _words, args


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def _words(wishes: Wishes, /, words: tuple[str, ...]) -> Wishes:
    return replace(wishes, template=" ".join((wishes.template or "", *words)))


@click.group(
    cls=_Flags,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND]",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
@click.option("-c", "--continue", "continue_", is_flag=True, help="Go on with the last chat.")
@click.option(
    "-r",
    "--resume",
    metavar="[QUERY]",
    is_flag=False,
    flag_value="",
    default=None,
    help="Go on with the chat of this id, title or words; alone, list the chats.",
)
@click.option("-p", "--print", "question", metavar="QUESTION", help="Print one reply, and leave.")
@click.option(
    "-t",
    "--template",
    metavar="NAME [WORDS]…",
    help="Send the template of this name; all that stands behind the flags is for it.",
)
@click.option("-m", "--model", metavar="NAME", help="The model that answers.")
@click.option("-s", "--system", metavar="TEXT", help="Who the model should be.")
@click.option(
    "--persona", metavar="NAME", help="A persona, and its variables: 'translator language=French'."
)
@click.option(
    "--set",
    "parameters",
    metavar="NAME=VALUE",
    multiple=True,
    help="A parameter, such as temperature=0.2; may be given several times.",
)
@click.option("--auto-title", is_flag=True, help="Ask the model for the title of the chat.")
@click.option(
    "--save",
    metavar="[TITLE]",
    is_flag=False,
    flag_value="",
    default=None,
    help="With -p: keep question and reply as a chat.",
)
@click.option("--private", is_flag=True, help="Keep nothing of this chat, anywhere.")
@click.option("--demo", is_flag=True, help="Talk to the built-in demo: offline, nothing to pay.")
@click.option(
    "--provider",
    metavar="NAME",
    help="Who is asked: deepinfra, ollama, … or one from the configuration.",
)
@click.option("--base-url", metavar="URL", help="Any server with an OpenAI-compatible API.")
@click.option("--color", metavar="WHEN", help="auto, always or never.")
@click.option("--plain", is_flag=True, help="Only append: no cursor movement, no box drawing.")
@click.option("--raw", is_flag=True, help="With -p: the markdown as it comes, not rendered.")
@click.option("--config", metavar="PATH", type=click.Path(path_type=Path), help="The file to read.")
@click.option(
    "--data-dir", metavar="PATH", type=click.Path(path_type=Path), help="Where chats are kept."
)
@click.option(
    "--debug",
    is_flag=True,
    help="Show each request and its answer, and a traceback when deepchat itself breaks.",
)
@click.option(
    "--log",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Add each request and its answer to this file.",
)
@click.version_option(__version__, message="deepchat %(version)s")
@click.pass_context
def deepchat(context: click.Context, /, **flags: object) -> Wishes:
    """Chat with a language model in the terminal.

    Type a message and press Enter; /help lists what else can be typed.
    """
    context.obj = Wishes(**flags)  # type: ignore[arg-type]  # click checked them
    if context.invoked_subcommand and context.obj.asks:
        raise click.UsageError(f"{context.obj.asks} does not go with a command.")
    return context.obj  # type: ignore[no-any-return]  # what was just put there
