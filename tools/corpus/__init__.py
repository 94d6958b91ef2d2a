"""The parts of the corpus of damaged archives; `tools.make_corpus` puts them together."""
