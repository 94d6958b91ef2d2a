"""What statements say that a newer program wrote, as far as a check must know it: which things they name.

What such a statement says of a thing is not known here. Where one names a file, a record or a key, this program cannot
call it unknown, unstated or other than stated; it is passed over, and the report says so.
"""

from preserve.formats.tlog import statements as canonical
from preserve.provenance.statements import UnknownStatement


class Newer:
    """Takes in statements of a newer program, and answers which of them name a thing. A number a text is kept."""

    def __init__(self) -> None:
        self.statements = 0
        self.records = 0
        """Records that were passed over: such a statement names them, and no other states them."""
        self.files = 0
        """Files that were passed over: such a statement may seal them."""
        self._named: dict[int, int] = {}
        """Hash of each text in them, and the newest statement that has it."""

    def take(self, index: int, statement: UnknownStatement, *, is_covered: bool) -> None:
        """One statement. A path names its last part as well.

        One that no checkpoint covers names nothing: whoever can write to the archive can put one into the journal.
        """
        self.statements += 1
        if not is_covered:
            return
        waiting: list[canonical.Json] = [canonical.decode(statement.raw)]
        while waiting:
            value = waiting.pop()
            if isinstance(value, str):
                self._named[hash(value)] = index
                self._named[hash(value.rpartition("/")[2])] = index
            elif isinstance(value, dict):
                waiting += [*value, *value.values()]
            elif isinstance(value, list):
                waiting += value

    def names(self, text: str, *, after: int = -1) -> bool:
        """True where a statement behind the one at ``after`` names this."""
        return self.last_naming(text) > after

    def last_naming(self, text: str) -> int:
        """Index of the newest statement that names this; -1 where none does."""
        return self._named.get(hash(text), -1)
