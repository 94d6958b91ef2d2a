"""An archive and its ledger held against each other: checked, imported into, repaired, copied, and read again."""
