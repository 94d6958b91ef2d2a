"""How collections and the machine are doing, for `preserve status`, `preserve doctor` and metrics."""
