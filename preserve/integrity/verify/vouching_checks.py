"""Three checks of who vouches for the log: what is known of it, the key that signs it, the time that it is older than.

They ask one `Attestations`, in this order: what is known of the log says whose key it is, and the key decides which
receipts count.
"""

from preserve.findings import Claim
from preserve.integrity.verify.attestations import Attestations
from preserve.integrity.verify.checks import Leaf, Said, StatementCheck, Unreadable
from preserve.integrity.verify.date_check import DateCheck
from preserve.integrity.verify.report import Findings
from preserve.integrity.verify.tree_check import TreeCheck
from preserve.provenance.knownlogs import Compared
from preserve.provenance.statements import CableStatement, RecordStatement, UnknownStatement


class KnownCheck(StatementCheck):
    """The log, against what is known of it from outside the archive (`preserve.provenance.knownlogs`)."""

    def __init__(self, tree: TreeCheck, attestations: Attestations, since: int) -> None:
        """``since``: the index from which on statements are taken; what those before it name is known."""
        self._tree = tree
        self._attestations = attestations
        self._since = since
        self._claim: Claim
        self.compared = Compared()
        tree.want(attestations.wanted, attestations.grown)

    def take(self, index: int, statement: Said, leaf: Leaf) -> None:
        """Takes in the keys that statements name."""
        if index < self._since:
            return
        if not isinstance(statement, RecordStatement | CableStatement | UnknownStatement | Unreadable):
            self._attestations.stated(index, statement)

    def end(self) -> None:
        """Compares."""
        self._claim, self.compared = self._attestations.known(whole=self._tree.gives_the_root)

    def finish(self) -> Claim:
        """Whether it is the log known here."""
        return self._claim


class SignatureCheck(StatementCheck):
    """The checkpoint's signature: by the key that the ledger names, which the reader trusts or knows."""

    def __init__(self, known: KnownCheck, attestations: Attestations) -> None:
        self._known = known
        self._attestations = attestations
        self._claim: Claim

    def end(self) -> None:
        """Judges it."""
        self._claim = self._attestations.signature(self._known.compared)

    def finish(self) -> Claim:
        """Whose signature it is."""
        return self._claim


class TimeCheck(StatementCheck):
    """Receipts of time authorities, and the dates of runs against them."""

    def __init__(self, findings: Findings, tree: TreeCheck, attestations: Attestations, dates: DateCheck) -> None:
        self._findings = findings
        self._tree = tree
        self._attestations = attestations
        self._dates = dates
        self._claim: Claim

    def end(self) -> None:
        """Judges the receipts."""
        self._claim = self._attestations.time(self._tree.statements)
        self._dates.stamped(self._findings, self._attestations.stamped)

    def finish(self) -> Claim:
        """Before which time the log existed."""
        return self._claim
