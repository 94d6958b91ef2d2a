"""Checks of a collection against its own ledger, and of files by themselves. Only `stating` writes: what was read."""
