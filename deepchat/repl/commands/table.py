"""The table with every command in it, in the order of /help."""

from deepchat.repl.commands import COMMANDS, models, program, reply, sessions, talk

__all__ = ["COMMANDS", "models", "program", "reply", "sessions", "talk"]
