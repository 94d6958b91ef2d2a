"""The keeper's desk: how collections and the machine are doing."""
