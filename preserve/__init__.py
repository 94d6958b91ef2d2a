"""Capture web pages as evidence, recover their text, verify the archive and cite it.

The package is laid out in layers, one import direction only; ``docs/path-of-a-page.md`` follows one
page through all of them.
"""

__version__ = "0.1.0"
PROGRAM = f"preserve/{__version__}"
"""How the program names itself in what it writes."""
