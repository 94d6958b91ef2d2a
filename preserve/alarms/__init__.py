"""Alarms that are not lost: what is wrong, who was notified, and what is still to be sent."""
