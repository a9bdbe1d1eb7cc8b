"""The terminal session: the composer, slash commands, the loop."""
