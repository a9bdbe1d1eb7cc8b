"""The built-in offline model: a real HTTP server on loopback that answers from the manual."""
