"""Where things came from: statements about the evidence, the ledger that holds them, and the key that signs it."""
