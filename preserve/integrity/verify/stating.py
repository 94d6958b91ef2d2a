"""States which files were read record by record and found whole, so that a later check need not read them again."""

from datetime import datetime

import msgspec

from preserve import PROGRAM
from preserve.errors import ArchiveError, EnvironmentFaultError
from preserve.integrity.verify.report import CHECK, Report
from preserve.model import format_utc
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import FixityStatement
from preserve.store.layout import CollectionPaths


def state_fixity(paths: CollectionPaths, writer: Writer, report: Report, *, checked: datetime) -> int:
    """One ``fixity`` statement for each file that the check read; returns how many.

    The report speaks of the log as it was when it was read. It may have grown since; it must begin with what was read.

    Raises:
        LockedError: another process writes to the collection.
        EnvironmentFaultError: the key is not at hand, and what nobody signs stands in for nothing.
        ArchiveError: the ledger is not the one that was checked.
    """
    if not report.checked or report.log is None or not report.good:
        return 0
    if writer.signer is None:
        raise EnvironmentFaultError(
            f"the signing key of {paths.name} is not at hand", next_step="Run it where the key is, or without --state."
        )
    size, root = report.log
    command = f"verify {paths.name} --state"
    with WritingSession(paths, writer, command=command, kinds=(FixityStatement,), is_brief=True) as session:
        if session.ledger.covered < size or session.ledger.root_at(size) != root:
            raise ArchiveError(
                f"{paths.ledger} is not the one that was checked; nothing was stated",
                next_step=f"Run `preserve verify {paths.name}` again.",
            )
        said = [
            FixityStatement(**file._asdict(), size=size, check=CHECK, checked=format_utc(checked), program=PROGRAM)
            for file in report.checked
        ]
        if report.derived is not None:
            said[-1] = msgspec.structs.replace(said[-1], derived=report.derived)
        session.state(said)
        session.finish()
    return len(report.checked)
