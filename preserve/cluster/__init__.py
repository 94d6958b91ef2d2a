"""Files of an archive read by other processes, of this machine or of a cluster. What they find is judged here."""
