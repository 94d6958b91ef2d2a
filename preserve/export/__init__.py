"""What is recovered, in the forms of other programs."""
