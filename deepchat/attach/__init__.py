"""From what a user names to what goes along with a message: files found, read safely, and compared with what was sent."""
