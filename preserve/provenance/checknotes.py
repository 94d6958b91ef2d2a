"""The notes of verifications, with the MAC of this installation: see `preserve.store.checks`."""

from pathlib import Path

from preserve.provenance.installation import Installation
from preserve.store.checks import Check, CheckNotes, append_check, read_checks


def note_check(archives: Path, collection: str, check: Check) -> None:
    """Appends a check, durably.

    Raises:
        OSError, EnvironmentFaultError: it cannot be written.
    """
    append_check(archives, collection, check, Installation.of_user(collection).mac_of_check())


def noted_checks(archives: Path, collection: str) -> CheckNotes:
    """The checks noted, as far as this installation has made those that are good. Without a secret all of them.

    Raises:
        OSError: they cannot be read.
        UsageError: the name cannot be a collection's.
    """
    return read_checks(archives, collection, Installation.of_user(collection).mac_of_check())
