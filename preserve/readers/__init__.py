"""Files of whatever origin, read in segments by as many processes as there are processors. No checks."""
