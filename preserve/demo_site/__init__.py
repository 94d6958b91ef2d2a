"""A mirror of invented cables for `preserve demo`: a real HTTP server in a process of its own, on this machine only."""
