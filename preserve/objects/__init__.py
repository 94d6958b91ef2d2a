"""Objects under keys, in a folder or in object storage: five verbs, and nothing is ever overwritten or deleted."""
