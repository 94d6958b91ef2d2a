"""What stands in for reading files, held against the ledger that is read; and since when their bytes are known."""

from preserve.findings import Claim
from preserve.integrity.verify.checks import Leaf, Said, StatementCheck
from preserve.integrity.verify.fixity import PassedFiles
from preserve.integrity.verify.report import claim


class FixityCheck(StatementCheck):
    """The statements that were relied on are met where they were found, under the root that is checked."""

    def __init__(self, passed: PassedFiles) -> None:
        self._passed = passed
        relied_on = [*passed.files.values(), *([passed.mark] if passed.mark is not None else [])]
        self._missing = {file.index: file.said for file in relied_on}

    def take(self, index: int, statement: Said, leaf: Leaf) -> None:
        """Takes one statement."""
        if self._missing and self._missing.get(index) == statement:
            del self._missing[index]

    def end(self) -> None:
        """Doubts what was not met."""
        if self._missing:
            self._passed.doubted("a statement of an earlier check is not where it was found")

    @property
    def has_passed(self) -> bool:
        """False where every file was read, and there is nothing to say."""
        return bool(self._passed.files)

    def finish(self) -> Claim:
        """Since when the bytes are known: by the oldest of the statements."""
        files = self._passed.files.values()
        oldest = min(files, key=lambda file: (file.said.checked, file.index))
        said = oldest.said
        name = (
            f"bytes unchanged since every record was checked on {said.checked[:10]} by {said.program} "
            f"(statement {oldest.index})"
        )
        records = sum(file.said.records for file in files)
        return claim(name, good=not self._passed.doubt, detail=f"{records} records; --deep reads them again")
