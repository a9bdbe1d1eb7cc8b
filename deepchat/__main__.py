"""`python -m deepchat`, and the `deepchat` command."""

import os
import sys

from deepchat import __version__

NOT_WRITTEN = 1
INTERRUPTED = 130


def main() -> None:
    """Run deepchat and leave with its exit code."""
    try:
        code = _run(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    except OSError:
        code = NOT_WRITTEN
    _leave(code)


def _run(arguments: list[str]) -> int:
    """`--version` is answered before anything heavy is imported."""
    if arguments == ["--version"]:
        print(f"deepchat {__version__}")  # noqa: T201  where there is no stdout, it says nothing
        return 0
    from deepchat.cli import run  # late, see above

    return run(arguments)


def _leave(code: int) -> None:
    """At once: while Python tidied up, keys meant for the shell would be echoed, and Ctrl-C would show where it is."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # a daemon has none
        try:
            stream.flush()
        except OSError:
            code = code or NOT_WRITTEN
    os._exit(code)


if __name__ == "__main__":
    main()
