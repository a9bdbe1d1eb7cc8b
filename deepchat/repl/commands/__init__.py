"""The slash commands, by topic: each a small function that declares itself in the table."""

from typing import Final

from deepchat.repl.registry import Registry

COMMANDS: Final = Registry(
    "Chat", "Turns", "Context", "Reply", "Attachments", "Model", "Sessions", "deepchat"
)
