"""Configuration: what a person edits, read strictly, every mistake reported at once with its file and line.

Owns the folder of configuration (``collections/*.yaml``, ``layouts/*.yaml``) and the models of what stands in it. It
never opens a connection, never writes, and keeps nothing global: who needs a value is given it.
"""
