"""The records that are damaged or lost, and what was made from them."""

from preserve.integrity.verify.report import MAX_FINDINGS, Touched
from preserve.provenance.statements import RecordStatement


class TouchedRecords:
    """At most as many as there are findings told one by one."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[str, str | None, str, list[str], int]] = {}

    def add(self, statement: RecordStatement) -> bool:
        """Takes in the record of a statement; False where there are too many already."""
        if len(self._held) >= MAX_FINDINGS:
            return False
        self._held[statement.record_id] = (statement.type, statement.uri, statement.date, [], 0)
        return True

    def drop(self, record_id: str) -> None:
        """It is as it was when it was imported."""
        del self._held[record_id]

    def revisited(self, record_id: str) -> None:
        """A revisit refers to this record."""
        if (touched := self._held.get(record_id)) is not None:
            self._held[record_id] = (*touched[:4], touched[4] + 1)

    def cable(self, record_id: str, published_id: str) -> None:
        """A text was read from this record."""
        if (touched := self._held.get(record_id)) is not None:
            touched[3].append(published_id)

    def listed(self) -> tuple[Touched, ...]:
        """All of them, in the order in which they were met."""
        return tuple(
            Touched(record_id, kind, uri, date, tuple(cables), revisits)
            for record_id, (kind, uri, date, cables, revisits) in self._held.items()
        )
