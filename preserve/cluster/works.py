"""What a task of a check does with a file.

Tested by ``tests/scenarios/test_verify_on.py``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from preserve.cluster.rows import RECORDS
from preserve.integrity.record import RecordQuery
from preserve.integrity.scan import Scanner
from preserve.integrity.verify.record_check import readable_rows


@dataclass(frozen=True, slots=True)
class RecordWork:
    """What is found of each record. Rows: `RECORDS`."""

    wanted: RecordQuery
    is_hashed: ClassVar[bool] = True

    def rows_in(self, path: Path) -> Iterator[bytes]:
        """See `preserve.cluster.task.Work`."""
        with Scanner(self.wanted, processes=1, total_bytes=0) as scanner:
            yield from map(RECORDS.write, readable_rows(scanner, path))
