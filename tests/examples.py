"""How many examples a property is tried with: few in the fast suite, and all of them in `make test-all`."""

from hypothesis import settings

_USUAL = 100
"""Of a test that says no number, where all are tried."""


def examples(most: int) -> int:
    """So many, or in the fast suite as much fewer as of a test that says no number."""
    usual = settings.default
    return most if usual is None else most * usual.max_examples // _USUAL
