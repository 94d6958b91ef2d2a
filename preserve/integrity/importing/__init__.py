"""Files of other programs, and dumps, taken into a collection as evidence."""
