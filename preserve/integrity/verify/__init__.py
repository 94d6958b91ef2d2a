"""Checks of a collection against its own ledger, and of files by themselves. Nothing here changes an archive."""
