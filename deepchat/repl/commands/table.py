"""The table with every command in it, in the order of /help."""

from deepchat.repl.commands import (
    COMMANDS,
    attach,
    ledger,
    models,
    program,
    reply,
    sessions,
    talk,
    tree,
)

__all__ = ["COMMANDS", "attach", "ledger", "models", "program", "reply", "sessions", "talk", "tree"]
