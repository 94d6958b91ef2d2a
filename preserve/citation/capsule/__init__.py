"""Citation capsules: made, checked, and their pages made again."""
