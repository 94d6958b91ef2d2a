"""Files whose records are not read again: they were, the ledger says so, and their bytes are the same (ADR 25).

A ``fixity`` statement stands in for reading a file where all of this holds, and else the file is read:

- it is under a checkpoint that is signed by a key of this installation, or by one that the reader names as trusted;
- it was made by this version of the check (`CHECK`), over a part of the ledger that ends before it;
- the SHA-256 of the file, taken now, is the one in it. The seal is held against the same hash.

What is not the file's is checked as ever: tree, signature, each statement that came since, each line of the index and
each row of the catalogue. Where a record lies is taken from the catalogue, and held against the digest of the places in
the statement. Of statements that the check has read, and rows and lines that follow from them, sums are compared
(`preserve.integrity.verify.settled`). Where anything is found to be wrong, all is read
(`preserve.integrity.verify.collection`).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec
from msgspec import Struct, field

from preserve.errors import FormatError, PreserveError
from preserve.findings import Verdict
from preserve.integrity.scan import FileHashes
from preserve.integrity.verify.checkpoint_check import SignedCheckpoint
from preserve.integrity.verify.checks import CheckScope
from preserve.integrity.verify.held_catalogue import HeldCatalogue
from preserve.integrity.verify.kept_bundles import KeptBundles
from preserve.integrity.verify.report import CHECK
from preserve.integrity.verify.settled import Settled
from preserve.model import RecordPlace
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import FixityStatement, decode
from preserve.provenance.trust import Trust
from preserve.store.heldfiles import archive_bytes

_KIND: Final = b'"kind":"fixity"'
"""As it stands in the canonical form of a ``fixity`` statement, and in that of no other."""
_WHOLE: Final = 100.0


class Places:
    """A digest of where the records of a file lie, taken in the ledger's order.

    SHA-256 over one line of ASCII a record: ordinal, offset, length, and offset inside of what was compressed in one
    piece, in decimal digits with blanks between, and a line feed.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, place: RecordPlace) -> None:
        """Takes in one record."""
        self.add_all(((place.ordinal, place.offset, place.length, place.inner),))

    def add_all(self, places: Iterable[tuple[int, int, int, int]]) -> None:
        """Takes in records: of each ordinal, offset, length and inner offset."""
        self._digest.update(b"".join([b"%d %d %d %d\n" % place for place in places]))

    def hexdigest(self) -> str:
        """64 hexadecimal digits."""
        return self._digest.hexdigest()


class PassedFile(Struct, frozen=True, kw_only=True):
    """A file whose records are not read, and the statement at ``index`` that stands in for it."""

    index: int
    said: FixityStatement


class PassedFiles(Struct):
    """The files that are not read, by name. ``doubt``: why one of the statements cannot be relied on after all."""

    files: Mapping[str, PassedFile] = field(default_factory=dict)
    mark: PassedFile | None = None
    """The newest statement that has sums of what is derived."""
    doubt: str = ""

    def doubted(self, reason: str) -> None:
        """Something contradicts: all files are to be read."""
        self.doubt = self.doubt or reason


def passed_over(
    scope: CheckScope,
    signed: SignedCheckpoint,
    known: KnownLogs | None,
    trust: Trust,
    hashes: FileHashes,
    *,
    deep: float,
    bundles: KeptBundles,
) -> PassedFiles:
    """The files that need not be read. ``deep``: the share of all bytes that is read all the same, in per cent.

    Files that were read longest ago come first in that share.
    """
    if scope.level.name != "full" or deep >= _WHOLE or not _is_ours(signed, known, trust):
        return PassedFiles()
    found, mark = _stated(scope, bundles)
    stated = {name: file for name, file in found.items() if scope.paths.held_file(name).is_file()}
    for name in stated:
        hashes.begin(scope.paths.held_file(name))
    total = archive_bytes(scope.paths)
    wanted = total * deep / 100
    chosen = dict(stated)
    for name in _oldest_first(stated):
        if wanted <= 0:
            break
        wanted -= scope.paths.held_file(name).stat().st_size
        del chosen[name]
    return PassedFiles({name: file for name, file in chosen.items() if _is_same(name, file, hashes)}, mark)


def settled(passed: PassedFiles, catalogue: HeldCatalogue) -> Settled:
    """The statements that are not decoded: none, where the rows that follow from them are not as was stated."""
    mark = passed.mark
    if mark is None or isinstance(mark.said.derived, msgspec.UnsetType) or not passed.files:
        return Settled()
    size, sums = mark.said.size, mark.said.derived
    if not catalogue.pass_over(size, sums.rows_sha256):
        passed.doubted("the rows of the catalogue are not those of the earlier check")
        return Settled()
    names = [name.encode("ascii") for name, file in passed.files.items() if file.said.size <= size]
    return Settled(size, sums, names, catalogue.file_of)


def _is_same(name: str, file: PassedFile, hashes: FileHashes) -> bool:
    try:
        return hashes.of(name).sha256 == file.said.sha256
    except OSError:
        return False


def _oldest_first(stated: Mapping[str, PassedFile]) -> Sequence[str]:
    return sorted(stated, key=lambda name: stated[name].index)


def _is_ours(signed: SignedCheckpoint, known: KnownLogs | None, trust: Trust) -> bool:
    """Whether the checkpoint is signed by a key that the reader trusts, or, where none is named, by our own."""
    if signed.checkpoint is None or signed.claim.verdict is not Verdict.PASS:
        return False
    if trust.logs:
        return signed.vkey in {key.vkey for key in trust.logs}
    if known is None:
        return False
    with suppress(PreserveError):
        log = known.log(signed.checkpoint.origin)
        keys = () if log is None or not log.is_own else log.keys_at(signed.checkpoint.size)
        return bool(keys) and keys[-1].vkey == signed.vkey
    return False


def _stated(scope: CheckScope, bundles: KeptBundles) -> tuple[dict[str, PassedFile], PassedFile | None]:
    """The newest statement of each file by this version of the check, and the newest with sums of what is derived.

    None where the ledger cannot be read.

    Only below the checkpoint that was read: another one may lie there by now, and nobody has seen its signature. Of a
    bundle that is not what was kept, a statement may be missed: its file is read then.
    """
    found: dict[str, PassedFile] = {}
    mark = None
    covered = 0 if scope.checkpoint is None else scope.checkpoint.size
    try:
        for index, said in _fixities(Ledger(scope.paths), bundles):
            if said.check == CHECK and said.size <= index < covered:
                found[said.file] = PassedFile(index=index, said=said)
                mark = mark if said.derived is msgspec.UNSET else found[said.file]
    except (PreserveError, OSError):
        return {}, None
    return found, mark


def _fixities(ledger: Ledger, bundles: KeptBundles) -> Iterator[tuple[int, FixityStatement]]:
    """Every ``fixity`` statement under the checkpoint. The tree over them is checked when the ledger is read."""
    for index, entry in ledger.covered_with(_KIND, without=bundles.has_only_records):
        with suppress(FormatError):
            said = decode(entry)
            if isinstance(said, FixityStatement):
                yield index, said
