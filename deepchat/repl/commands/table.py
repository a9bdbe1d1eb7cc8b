"""The table with every command in it, in the order of /help."""

from deepchat.repl.commands import (
    COMMANDS,
    attach,
    comparing,
    export,
    fitting,
    ledger,
    login,
    models,
    order,
    program,
    reply,
    search,
    sessions,
    talk,
    tree,
    turns,
)

__all__ = [
    "COMMANDS",
    "attach",
    "comparing",
    "export",
    "fitting",
    "ledger",
    "login",
    "models",
    "order",
    "program",
    "reply",
    "search",
    "sessions",
    "talk",
    "tree",
    "turns",
]
