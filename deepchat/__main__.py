"""`python -m deepchat`, and the `deepchat` command."""

import sys

from deepchat import __version__


def main() -> None:
    """Run deepchat and leave with its exit code. `--version` is answered before anything heavy is imported."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"deepchat {__version__}\n")
        return
    from deepchat.cli import run  # late, so that --version costs nothing

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
