"""Checks of an archive against its own ledger. Nothing here changes an archive."""
