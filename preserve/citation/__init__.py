"""Citations of what is held: their forms, capsules that prove them, and documents that cite."""
