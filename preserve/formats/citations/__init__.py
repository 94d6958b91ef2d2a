"""Citation formats: values in, text out. One module for each family; all of them write the same `CitationData`."""
