"""Of a host name: under which suffix names are registered, and the name that was registered (publicsuffix.org).

The list is that of the package ``publicsuffixlist``, of which `Suffixes.version` says which.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Final, NamedTuple

from preserve.errors import UsageError, install_step

_PACKAGE: Final = "publicsuffixlist"


class Registered(NamedTuple):
    """What the list says of a host: a suffix, and the name one level below it. None where it says nothing.

    ``private_*`` count the suffixes of those who let others register below their own names, too (``blogspot.com``).
    """

    suffix: str | None
    domain: str | None
    private_suffix: str | None
    private_domain: str | None


@cache
def _asked() -> Callable[[str], Registered]:
    """What answers for a host: the list is loaded once a process."""
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - an optional extra

    everybody = PublicSuffixList(accept_unknown=False)
    registries = PublicSuffixList(accept_unknown=False, only_icann=True)

    @lru_cache(maxsize=1 << 12)
    def of(host: str) -> Registered:
        return Registered(
            registries.publicsuffix(host),
            registries.privatesuffix(host),
            everybody.publicsuffix(host),
            everybody.privatesuffix(host),
        )

    return of


class Suffixes:
    """The list of public suffixes."""

    def __init__(self) -> None:
        """Loads the list.

        Raises:
            UsageError: it is not installed.
        """
        try:
            self._of = _asked()
        except ImportError as error:
            raise UsageError(
                f"the table of the index needs {_PACKAGE}, which is not installed",
                next_step=install_step("export"),
            ) from error
        self.version = version(_PACKAGE)
        """The version of the package, which names the day of its list."""

    def of(self, host: str) -> Registered:
        """What the list says of a host name, in ASCII and small letters, without a dot at its end."""
        return self._of(host)
