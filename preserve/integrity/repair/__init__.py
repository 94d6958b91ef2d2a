"""Damaged collections made whole again from copies that nobody has to trust."""
