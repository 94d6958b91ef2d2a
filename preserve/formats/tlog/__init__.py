"""Transparency logs: the Merkle tree, signed notes, files of a log, and statements as bytes."""
