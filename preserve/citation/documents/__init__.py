"""Documents that cite: their text in blocks, with links, keys and quotations, and the same with archived copies named.

One module a kind of document. Each reads bytes into a `document.CitingDocument` and never fails for what a writer may
have done; those that can be written back change nothing but what is added.
"""
