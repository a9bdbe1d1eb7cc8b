"""The flags, and the one boundary where a failure becomes a line on stderr and an exit code."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from deepchat import __version__
from deepchat.cli import entry
from deepchat.cli.bugs import Bug
from deepchat.cli.wishes import Wishes
from deepchat.errors import DeepchatError

INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141

EPILOG: Final = (
    "Without a key in DEEPINFRA_TOKEN a built-in demo answers, offline. "
    "Exit codes: 0 ok, 1 usage or configuration, 2 the server refused, 3 no key or no access, "
    "4 network, 130 interrupted."
)


@click.command(
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
@click.option("-m", "--model", metavar="NAME", help="The model that answers.")
@click.option("-s", "--system", metavar="TEXT", help="Who the model should be.")
@click.option("--persona", metavar="NAME", help="A persona from the configuration.")
@click.option("--demo", is_flag=True, help="Talk to the built-in demo: offline, nothing to pay.")
@click.option("--base-url", metavar="URL", help="Any server with an OpenAI-compatible API.")
@click.option("--plain", is_flag=True, help="Only append: no cursor movement, no box drawing.")
@click.option("--config", metavar="PATH", type=click.Path(path_type=Path), help="The file to read.")
@click.option(
    "--data-dir", metavar="PATH", type=click.Path(path_type=Path), help="Where chats are kept."
)
@click.option("--debug", is_flag=True, help="Show a traceback when deepchat itself breaks.")
@click.version_option(__version__, message="deepchat %(version)s")
def deepchat(**flags: object) -> int:
    """Chat with a language model in the terminal.

    Type a message and press Enter; /help lists what else can be typed.
    """
    return entry.start(Wishes(**flags))  # type: ignore[arg-type]  # click checked them


def run(arguments: Sequence[str]) -> int:
    """Run with these arguments; the exit code. Nothing is raised."""
    debug = "--debug" in arguments
    try:
        return int(deepchat.main(list(arguments), "deepchat", standalone_mode=False) or 0)
    except click.ClickException as error:
        return _say(error.format_message(), "deepchat --help lists the flags.", 1)
    except DeepchatError as error:
        if debug and isinstance(error, Bug):
            sys.stderr.write(error.traceback)
        return _say(error.sentence, error.hint, error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return BROKEN_PIPE
    except Exception as error:  # noqa: BLE001  the one boundary: a bug is logged and said in one line
        bug = Bug.of(error)
        if debug:
            sys.stderr.write(bug.traceback)
        return _say(bug.sentence, bug.hint, bug.exit_code)


def _say(sentence: str, hint: str, code: int) -> int:
    from deepchat.text import clean_line

    said = clean_line(f"{sentence} {hint}".strip(), 1_000)
    sys.stderr.write(f"deepchat: {said}\n")
    return code


def _silence_stdout() -> None:
    """Whoever read stdout is gone; Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
