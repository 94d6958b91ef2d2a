"""Pages that a browser loads: the page's exchanges come through the recording proxy, and its pictures are made here.

``driver`` runs in a process of its own, with Playwright; nothing else of the program imports that.
"""
