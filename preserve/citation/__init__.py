"""Makes citations from what is held."""
