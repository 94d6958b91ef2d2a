"""Lost pages, fetched from web archives, kept as second-hand evidence and linked to the pages they stand for."""
