"""How deepchat talks to a model: HTTP, server-sent events, the chat completions format."""
