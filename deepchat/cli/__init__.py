"""The command line: flags into settings, settings into a chat, whatever happens into an exit code.

The one room that knows all the others. Rooms with heavy libraries are imported where they are first needed; this is the
only place where imports may be late.
"""

from deepchat.cli.command import run

__all__ = ["run"]
