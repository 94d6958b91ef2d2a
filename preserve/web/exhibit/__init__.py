"""The exhibit room: captured pages as they were, on an address of their own, for browsers and for Memento's clients.

No byte goes out that was not held against its leaf in the ledger, and none may run, ask or leave (`policy`).
"""
