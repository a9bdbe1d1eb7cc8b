"""The one boundary, where a failure becomes a line on stderr and an exit code."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import click

from deepchat.cli.bugs import Bug
from deepchat.cli.doctor import doctor
from deepchat.cli.ending import orderly
from deepchat.cli.entry import start
from deepchat.cli.flags import deepchat
from deepchat.cli.login import login, logout
from deepchat.cli.models import models
from deepchat.cli.personas import personas
from deepchat.cli.sessions import sessions
from deepchat.cli.stats import stats
from deepchat.cli.wishes import Errand, Wishes
from deepchat.errors import DeepchatError, NotWritten
from deepchat.text import clean_line

INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141

for command in (sessions, models, personas, stats, login, logout, doctor):
    deepchat.add_command(command)


def run(arguments: Sequence[str]) -> int:
    """Run with these arguments; the exit code. Nothing is raised but SystemExit, by a signal that ends the program."""
    _open_missing_streams()
    try:
        wanted = deepchat.main(list(arguments), "deepchat", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        return _say(error.format_message(), "deepchat --help lists flags and commands.", 1)
    except click.Abort:
        return INTERRUPTED
    except BrokenPipeError:
        return BROKEN_PIPE
    except OSError as error:
        return _say(f"stdout cannot be written: {error.strerror}.", "", 1)
    if isinstance(wanted, Wishes):
        return _guarded(Errand(wanted, start))
    return _guarded(wanted) if isinstance(wanted, Errand) else 0


def _guarded(errand: Errand) -> int:
    try:
        with orderly():
            return errand.act(errand.wishes)
    except NotWritten as error:
        _silence_stdout()
        return _say(error.sentence, error.hint, error.exit_code)
    except Bug as bug:
        return _say_bug(bug, errand)
    except DeepchatError as error:
        return _say(error.sentence, error.remedy(), error.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return BROKEN_PIPE
    except Exception as error:  # noqa: BLE001  the one boundary: a bug is logged and said in one line
        return _say_bug(Bug.of(error), errand)


def _say_bug(bug: Bug, errand: Errand) -> int:
    if errand.wishes.debug:
        sys.stderr.write(bug.traceback)
    return _say(bug.sentence, bug.hint, bug.exit_code)


def _say(sentence: str, hint: str, code: int) -> int:
    said = clean_line(f"{sentence} {hint}".strip(), 1_000)
    with suppress(OSError):  # nobody can be told that nobody can be told
        sys.stderr.write(f"deepchat: {said}\n")
        sys.stderr.flush()
    return code


def _open_missing_streams() -> None:
    """Daemons are started without some of the three."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def _silence_stdout() -> None:
    """Whoever read stdout is gone; Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
