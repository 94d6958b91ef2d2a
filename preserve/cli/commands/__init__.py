"""What may be typed: one file a command, named as it is typed, with its options and its help."""
