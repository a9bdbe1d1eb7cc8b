"""The slash commands, by topic."""
