"""Pages that are lost, asked of web archives, kept as second-hand evidence and linked to what they stand for."""
