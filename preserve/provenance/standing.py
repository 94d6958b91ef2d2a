"""Whether the log of an archive is one to go by: held against what is known of it and the keys that the reader names.

For commands that take something from one archive for another, or answer out of one. That its entries give the root of
its checkpoint is for `preserve verify`.
"""

from dataclasses import dataclass

from preserve.findings import Finding
from preserve.formats.tlog.note import parse_vkey
from preserve.provenance.keychain import vouched_by
from preserve.provenance.knownlogs import Compared, KnownLogs, SeenLog, opened, read_log
from preserve.provenance.ledger import Ledger
from preserve.provenance.trust import Trust
from preserve.store.layout import CollectionPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerStanding:
    """A log as it lies there (None: no checkpoint), what came of comparing it, and all that speaks against it."""

    seen: SeenLog | None
    compared: Compared
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """Those of the findings that are more than information."""
        return tuple(finding for finding in self.findings if finding.is_problem)


def standing(paths: CollectionPaths, ledger: Ledger, *, logs: KnownLogs, trust: Trust) -> LedgerStanding:
    """Judges the log of an archive.

    Raises:
        ArchiveError, FormatError: the ledger is too damaged to be read.
    """
    seen = read_log(paths, ledger, logs)
    compared = logs.compare(paths.folder, seen)
    findings = list(compared.findings)
    if seen is not None and compared.good:
        if not seen.keys or opened(seen.note, parse_vkey(seen.keys[-1].vkey)) is None:
            findings.append(Finding(code="E-LEDGER-SIGNATURE", where="checkpoint", detail="not by the log's own key"))
        elif trust.logs:
            trusted = {key.vkey for key in trust.logs}
            if vouched_by(seen.keys, trusted, seen.notes, seen.begins_with) is None:
                detail = f"signed by {seen.keys[-1].short}"
                findings.append(Finding(code="E-LEDGER-TRUST", where="checkpoint", detail=detail))
    return LedgerStanding(seen=seen, compared=compared, findings=tuple(findings))
