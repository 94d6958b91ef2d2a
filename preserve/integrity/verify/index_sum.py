"""The lines of the index as a sum, so that they need not be sorted again, whatever their number."""

from collections.abc import Sequence
from hashlib import sha256

from preserve.integrity.verify.kept_sums import KeptLines, KeptSums, sha256_of
from preserve.regular import open_regular
from preserve.store.catalogue import StatementRow
from preserve.store.index import index_line
from preserve.store.layout import CollectionPaths

_MODULUS = 1 << 256
_MAX_LINE_BYTES = 1 << 20


class IndexSum:
    """A set of lines, with how often each stands there: their number, and the sum of their SHA-256.

    That the file is sorted is seen when it is read.
    """

    def __init__(self, total: int = 0, count: int = 0) -> None:
        self.sum = total
        self.count = count

    def expect(self, row: StatementRow) -> None:
        """Takes in the line of one record, where it has one."""
        found = row.index_row()
        if found is not None:
            self.sum = (self.sum + _number(index_line(found))) % _MODULUS
            self.count += 1

    def expect_sha256(self, lines: Sequence[bytes]) -> None:
        """Takes in lines by the SHA-256 of each."""
        self.sum = (self.sum + sum(map(int.from_bytes, lines))) % _MODULUS
        self.count += len(lines)

    def add(self, other: "IndexSum") -> None:
        """Takes in the lines of another."""
        self.sum = (self.sum + other.sum) % _MODULUS
        self.count += other.count

    def defect(self, paths: CollectionPaths, kept: KeptSums) -> str:
        """What differs; empty where nothing does. ``kept``: what an index of the same bytes was found to be."""
        if not paths.index.is_file():
            return "missing" if self.count else ""
        total, count, last = 0, 0, b""
        try:
            with open_regular(paths.index) as file:
                if kept.lines is not None and sha256_of(file) == kept.lines.sha256:
                    return self._differs(kept.lines.count, int(kept.lines.sum, 16))
                file.seek(0)
                digest = sha256()
                while line := file.readline(_MAX_LINE_BYTES):
                    count += 1
                    if not line.endswith(b"\n"):
                        return f"line {count} has no end"
                    if line < last:
                        return f"line {count} is out of order"
                    total = (total + _number(line)) % _MODULUS
                    digest.update(line)
                    last = line
        except OSError as error:
            return str(error)
        kept.lines = KeptLines(sha256=digest.hexdigest(), count=count, sum=f"{total:064x}")
        return self._differs(count, total)

    def _differs(self, count: int, total: int) -> str:
        if count != self.count:
            return f"{count} lines, {self.count} expected"
        return "" if total == self.sum else "a line differs from the evidence"


def _number(line: bytes) -> int:
    return int.from_bytes(sha256(line).digest())
