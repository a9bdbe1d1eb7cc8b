"""What deepchat looks like: replies as markdown, notices, tables. Text in, ANSI out; no terminal is touched here."""
