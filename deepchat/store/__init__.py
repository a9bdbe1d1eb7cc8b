"""Where sessions are kept: one SQLite database in the per-user data folder."""
