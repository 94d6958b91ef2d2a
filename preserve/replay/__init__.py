"""Gives back what was captured: record, reply, page, cable, text; by id, address and time."""
