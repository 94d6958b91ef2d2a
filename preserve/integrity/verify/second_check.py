"""Every sealed file, read by a second reader."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from preserve.findings import Claim
from preserve.integrity.verify.checks import CheckScope, StatementCheck
from preserve.integrity.verify.seal_check import SealCheck

if TYPE_CHECKING:
    from preserve.store.secondreader import SecondReading


class SecondReaderCheck(StatementCheck):
    """Reads the files once the ledger has said which are sealed."""

    def __init__(self, scope: CheckScope, files: SealCheck, held: Sequence[Path]) -> None:
        self._scope = scope
        self._files = files
        self._held = held
        self._readings: list[SecondReading] = []

    def end(self) -> None:
        """Reads them."""
        if not self._held:
            return
        from preserve.store.secondreader import SecondReading, second_reading  # noqa: PLC0415 - seldom asked for

        for path in self._held:
            if path.name not in self._files.sealed:
                continue
            try:
                self._readings.append(second_reading(path))
            except OSError as error:
                self._readings.append(SecondReading(reason=f"{path.name}: {error.strerror or error}"))
            for code, detail in self._readings[-1].faults:
                self._scope.findings.add(code, path.name, detail)

    @property
    def has_read(self) -> bool:
        """False where there was nothing to read, and so nothing to say."""
        return bool(self._readings)

    def finish(self) -> Claim:
        """Whether it reads the same."""
        from preserve.integrity.verify.foreign import second_claim  # noqa: PLC0415 - as above

        return second_claim(self._readings)
