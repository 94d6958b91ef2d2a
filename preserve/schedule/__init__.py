"""Captures at their time: due moments, the table of what became of each, and runs."""
