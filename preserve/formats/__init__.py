"""Codecs: bytes or text in, values out. No file, socket, clock, chance or log; only `FormatError` is raised."""
