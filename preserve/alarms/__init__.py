"""Alarms that are not lost: what is wrong, whom it was told, what is still to be told, and the telling."""
