"""From an address to durable evidence: frontier, politeness, the recording transport, records, group commit."""
