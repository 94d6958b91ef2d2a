"""Capture web pages as evidence, recover their text, verify the archive and cite it.

The package is laid out in layers, one import direction only; ``docs/path-of-a-page.md`` follows one
page through all of them. `open_archive` and `status` are for programs (`preserve.api`, imported when one is asked for).
"""

from typing import Any

__version__ = "0.1.0"
PROGRAM = f"preserve/{__version__}"
"""How the program names itself in what it writes."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 - what a module gives by name
    if name in ("open_archive", "status"):
        from importlib import import_module  # noqa: PLC0415 - importing the package stays light

        return getattr(import_module("preserve.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
