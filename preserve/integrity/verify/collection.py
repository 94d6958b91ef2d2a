"""The whole check of a collection: each claim with its verdict, each fault with its code. Nothing is changed.

One reading of the ledger, and beside it one of each WARC file, with as many processes as there are processors; memory
flat in their size. The checks, in the order in which each takes a statement:

1. the tree: every entry and every tile, against the root that the checkpoint signs (RFC 6962 section 2.1);
2. every record of every WARC file: against its statement, and by itself (`preserve.integrity.record`); every revisit:
   what it refers to is held;
3. every statement: canonical and of a known kind; the format marker, against the first;
4. every file, against the statement that sealed it; no file unknown, none missing;
5. every text: extraction run again on the stored bytes, compared with the ``cable`` statement;
6. the log, against what is known of it from outside the archive (`preserve.provenance.knownlogs`);
7. the signature of the checkpoint: keys and their changes, witnesses (`preserve.integrity.verify.attestations`);
8. receipts of time authorities, and dates against them;
9. what is derived: every line of the index and every row of the catalogue, against what checks 2 and 3 read.

What is *not* done here: that the origin really served these bytes can never be proven.

Tested by ``tests/damage/test_corpus.py``.
"""

import shlex
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from preserve import __version__
from preserve.cables.page.layouts import Layout
from preserve.findings import CODES, Claim, Verdict
from preserve.integrity.record import RecordQuery
from preserve.integrity.scan import FileHashes, Scanner
from preserve.integrity.verify.attestations import Attestations
from preserve.integrity.verify.checkpoint_check import SignedCheckpoint, read_checkpoint
from preserve.integrity.verify.checks import CheckScope, Leaf, StatementCheck, Writing
from preserve.integrity.verify.derived_checks import CatalogueCheck, IndexCheck, Obstacle
from preserve.integrity.verify.earlier import NOTHING, Marking, earlier_check
from preserve.integrity.verify.elsewhere import ElsewhereHashes, FileReadings
from preserve.integrity.verify.fetched import FetchedFiles, FetchedHashes
from preserve.integrity.verify.fixity import passed_over, settled
from preserve.integrity.verify.fixity_check import FixityCheck
from preserve.integrity.verify.held_catalogue import HeldCatalogue
from preserve.integrity.verify.kept_sums import KeptSums
from preserve.integrity.verify.ledger_reading import read_ledger
from preserve.integrity.verify.newer import Newer
from preserve.integrity.verify.record_check import RecordCheck, RecordReading
from preserve.integrity.verify.report import ORIGIN, CheckedLog, Findings, Level, Report
from preserve.integrity.verify.resume import Resume
from preserve.integrity.verify.sample import Sample
from preserve.integrity.verify.seal_check import SealCheck
from preserve.integrity.verify.second_check import SecondReaderCheck
from preserve.integrity.verify.statement_bytes import RECORD
from preserve.integrity.verify.statement_check import ReadableCheck
from preserve.integrity.verify.text_check import TextCheck
from preserve.integrity.verify.tree_check import TreeCheck
from preserve.integrity.verify.vouching_checks import KnownCheck, SignatureCheck, TimeCheck
from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.progress import Tell, untold
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.statements import DerivedSums
from preserve.provenance.trust import Trust
from preserve.regular import FileIdentity, open_regular
from preserve.store.database import log_of
from preserve.store.heldfiles import archive_bytes
from preserve.store.layout import CollectionPaths
from preserve.store.strange import strange_entries

_TRIES = 3
_WHOLE = 100.0
SEALS = "seals"
"""The level of a check that read some files, and of the others their SHA-256: they were read before."""
FULL = Level()


class VerifyOptions(Struct, frozen=True, kw_only=True):
    """How a verification is done. ``state``: a folder for the note that lets a stopped one go on; None: no note.

    ``deep``: the share of all bytes, in per cent, that is read record by record though the ledger says that it was
    before (`preserve.integrity.verify.fixity`); 100: everything.
    ``fetched``: the files lie in a store, and what is derived does not.
    ``readings``: the files are read by other processes; all are, whatever the ledger says of earlier checks.
    ``second_reader``: warcio reads every sealed file, too.
    ``logs``: what is known of logs; the one that is verified is noted there, if nothing is wrong with it.
    """

    level: Level = FULL
    trust: Trust = Trust()
    logs: KnownLogs | None = None
    limits: Limits = DEFAULT_LIMITS
    processes: int | None = None
    second_reader: bool = False
    deep: float = 0.0
    state: Path | None = None
    fetched: FetchedFiles | None = None
    readings: FileReadings | None = None
    progress: Tell = untold


CollectionCheck = Callable[[CollectionPaths, Mapping[str, Layout], VerifyOptions], Report]
"""`verify`, or what calls it with files that are read elsewhere."""


def verify(paths: CollectionPaths, layouts: Mapping[str, Layout], options: VerifyOptions = VerifyOptions()) -> Report:  # noqa: B008 - frozen
    """Checks one collection; ``options.progress`` is told the number of statements done, and the bytes of files.

    Without ``options.trust``, keys and receipts of the archive are not known to anybody.

    A capture may go on meanwhile. If it sets a checkpoint, what is read of ledger, index and catalogue can be of two
    moments: where that shows as damage, all is read again.

    Raises:
        ArchiveError: the archive is of a newer format. Damage is never an exception.
        EnvironmentFaultError: a process that helped was killed.
    """
    for _try in range(_TRIES - 1):
        before = _moment(paths)
        report = _checked(paths, layouts, options)
        if report.good or _moment(paths) == before:
            return report
    return _checked(paths, layouts, options)


def _checked(paths: CollectionPaths, layouts: Mapping[str, Layout], options: VerifyOptions) -> Report:
    """Reads what must be read; all of it, where something is wrong or an earlier check cannot be relied on."""
    checked = _verified(paths, layouts, options)
    if not checked.has_gone_on or (checked.report.good and checked.is_relied_on):
        return checked.report
    options = replace(options, deep=_WHOLE)
    return _verified(paths, layouts, options, again=checked.read).report


def _moment(paths: CollectionPaths) -> tuple[bytes, int, list[str]]:
    """What a capture changes when it sets a checkpoint or begins a file."""
    try:
        with open_regular(paths.checkpoint) as file:
            note = file.read(DEFAULT_LIMITS.max_note_bytes)
    except OSError:
        note = b""
    catalogue = paths.catalogue.stat().st_mtime_ns if paths.catalogue.is_file() else 0
    return note, catalogue, sorted(path.name for path in paths.archive.glob("*"))


class _Checked(NamedTuple):
    """A report. ``has_gone_on``: it relies on an earlier check; ``is_relied_on``: nothing contradicts what that said.

    ``read``: of a sample the statements whose records were read.
    """

    report: Report
    has_gone_on: bool
    is_relied_on: bool
    read: frozenset[int]


def _verified(
    paths: CollectionPaths,
    layouts: Mapping[str, Layout],
    options: VerifyOptions,
    *,
    again: frozenset[int] | None = None,
) -> _Checked:
    """One check. ``again``: no sample is gone on from, and the records of these statements are read in any case."""
    findings = Findings()
    signed = read_checkpoint(paths, findings)
    is_sample = options.level.name == "sample"
    scope = _scope_of(paths, layouts, options, signed, findings=findings, again=again)
    for strange in strange_entries(paths):
        findings.add(strange.code, strange.where, strange.detail)
    marking = Marking(paths, signed.checkpoint) if is_sample and options.logs is not None else None
    resume = Resume(_note_path(paths, options), _about(paths, layouts, options))
    # A check that reads everything believes nothing that was worked out before.
    is_kept = options.logs is not None and options.fetched is None and options.deep < _WHOLE and not is_sample
    kept = KeptSums(paths.name if is_kept else None)
    catalogue = HeldCatalogue(paths, kept)
    try:
        report, checks, reading = _read(scope, signed, options, catalogue=catalogue, kept=kept, resume=resume)
    finally:
        catalogue.close()
        resume.close()
    resume.forget()
    is_relied_on = not reading.passed.doubt
    earlier = scope.earlier
    if report.level == SEALS and report.good and is_relied_on:
        kept.keep()
    if marking is not None and report.spotless and is_relied_on:
        checks.mark(marking)
    elif marking is not None and not earlier.size and not findings.has("W-WARC-OPEN", "I-WARC-WRITING"):
        # What lasts would be found each time, and all be gone through behind what is new.
        marking.drop()
    return _Checked(
        report=report,
        has_gone_on=report.level == SEALS or earlier.size > 0,
        is_relied_on=is_relied_on and (report.spotless or not earlier.size),
        read=frozenset() if reading.sample is None else frozenset(reading.sample.read),
    )


def _scope_of(
    paths: CollectionPaths,
    layouts: Mapping[str, Layout],
    options: VerifyOptions,
    signed: SignedCheckpoint,
    *,
    findings: Findings,
    again: frozenset[int] | None,
) -> CheckScope:
    """What every check of this collection knows. ``again``: as `_verified` has it."""
    goes_on = options.level.name == "sample" and again is None and options.logs is not None
    earlier = earlier_check(paths, signed.checkpoint, options.level.percent) if goes_on else NOTHING
    return CheckScope(
        paths=paths,
        layouts=layouts,
        limits=options.limits,
        level=options.level,
        checkpoint=signed.checkpoint,
        findings=findings,
        newer=Newer(),
        writing=Writing(paths.lock),
        underived="" if options.fetched is None else "in object storage there is none: it is made from the rest",
        earlier=replace(earlier, again=again or frozenset()),
    )


def _read(
    scope: CheckScope,
    signed: SignedCheckpoint,
    options: VerifyOptions,
    *,
    catalogue: HeldCatalogue,
    kept: KeptSums,
    resume: Resume,
) -> "tuple[Report, _Checks, RecordReading]":
    """Goes through ledger and files; the report, the checks behind it, and what they were read by."""
    paths, earlier = scope.paths, scope.earlier
    is_full, is_sample = options.level.name == "full", options.level.name == "sample"
    held = _Held.of(paths)
    if options.fetched is not None:
        held = replace(held, strangers=options.fetched.strange)
    wanted = RecordQuery(
        identity=True,
        expected=options.readings is None,
        layouts=tuple(scope.layouts.values()),
        limits=options.limits,
    )
    processes = options.processes if options.readings is None else 1
    with Scanner(wanted, processes=processes, total_bytes=archive_bytes(paths)) as scanner:
        hashes = _hashes(scanner, options)
        if options.readings is not None:
            options.readings.expect(held.files, wanted if is_full else None)
        reading = RecordReading(
            scanner=scanner if is_full else None,
            sample=Sample(paths, options.level.percent, wanted, scope.findings, earlier) if is_sample else None,
            catalogue=catalogue,
            resume=resume,
            hashes=hashes,
            kept=kept,
            passed=passed_over(
                scope, signed, options.logs, options.trust, hashes, deep=options.deep, bundles=kept.bundles
            ),
        )
        reading = replace(reading, settled=settled(reading.passed, catalogue))
        checks = _Checks(scope, signed, options, held, reading)
        if reading.scanner is not None and type(hashes) is FileHashes:
            passed = reading.passed.files
            scanner.expect(p for p in held.files if p.name not in passed and resume.tally_of(p) is None)
        if earlier.size:
            catalogue.begin_at(earlier.size)
        told = _with_bytes(options.progress, hashes)
        read_ledger(
            paths,
            checks.tree,
            checks.all,
            reading.settled,
            told,
            bundles=kept.bundles,
            taken=checks.take_expected,
            earlier=earlier,
        )
        for path in held.files:
            if path.name not in earlier.unhashed:
                hashes.begin(path)
        return checks.report(), checks, reading


def _hashes(scanner: Scanner, options: VerifyOptions) -> FileHashes:
    """What takes the hash of each file, wherever that is read."""
    if options.readings is not None:
        return ElsewhereHashes(scanner, options.readings, options.fetched)
    if options.fetched is not None:
        return FetchedHashes(scanner, options.fetched, keeps=options.level.name == "full")
    return FileHashes(scanner)


def _with_bytes(progress: Tell, hashes: FileHashes) -> Tell:
    """Tells of the files, too: how many bytes those have whose records are looked at."""

    def told(subject: str, done: int, /, *, done_bytes: int | None = None, total: int | None = None) -> None:
        progress(subject, done, done_bytes=hashes.begun_bytes if done_bytes is None else done_bytes, total=total)

    return told


class _Held(Struct, frozen=True):
    """What lies in the archive's folder: files, and names of what is none."""

    files: Sequence[Path]
    strangers: Sequence[str]

    @classmethod
    def of(cls, paths: CollectionPaths) -> "_Held":
        held = sorted(paths.archive.iterdir()) if paths.archive.is_dir() else []
        return cls([path for path in held if path.is_file()], [path.name for path in held if not path.is_file()])


def _note_path(paths: CollectionPaths, options: VerifyOptions) -> Path | None:
    if options.state is None or options.level.name != "full":
        return None
    return options.state / f"{sha256(str(paths.folder.absolute()).encode()).hexdigest()[:32]}.json"


def _about(paths: CollectionPaths, layouts: Mapping[str, Layout], options: VerifyOptions) -> str:
    """All that the outcome for a file depends on beside the file."""
    digest = sha256(f"{__version__} {sorted(layouts)} {options.limits}".encode())
    for path in (paths.checkpoint, paths.catalogue, log_of(paths.catalogue)):
        found = FileIdentity.of(path)
        # Whoever reads a database may leave an empty log behind.
        is_there = found is not None and found.size > 0
        digest.update(f" {tuple(found) if found is not None and is_there else None}".encode())
    for layout in layouts.values():
        digest.update(repr(layout).encode())
    return digest.hexdigest()


class _Checks:
    """The checks, in the order in which each takes a statement and ends; and the report, in the order of its claims."""

    def __init__(
        self,
        scope: CheckScope,
        signed: SignedCheckpoint,
        options: VerifyOptions,
        held: _Held,
        reading: RecordReading,
    ) -> None:
        vouching = Attestations(
            scope.paths,
            signed,
            options.trust,
            options.logs,
            found=scope.findings.add,
            newer=scope.newer,
            earlier=scope.earlier,
        )
        self._scope = scope
        self._vouching = vouching
        obstacle = Obstacle(scope, reading.hashes)
        self.tree = TreeCheck(scope)
        self.records = RecordCheck(scope, self.tree, reading)
        self.statements = ReadableCheck(scope)
        self.files = SealCheck(scope, self.tree, self.records, reading.hashes, held.strangers)
        self.second = SecondReaderCheck(scope, self.files, held.files if options.second_reader else ())
        self.texts = TextCheck(scope, self.records, reading)
        self.fixity = FixityCheck(reading.passed)
        self.known = KnownCheck(self.tree, vouching, scope.earlier.size)
        self.signature = SignatureCheck(self.known, vouching)
        self.time = TimeCheck(scope.findings, self.tree, vouching, self.statements.dates)
        self.index = IndexCheck(scope, self.records, reading, obstacle)
        self._reading = reading
        for run, file, first, last in reading.catalogue.dates(reading.settled.size) if reading.settled.size else ():
            self.statements.dates.between(run, file, first, last)
        self.catalogue = CatalogueCheck(scope, self.tree, self.records, reading, obstacle)
        self.all: tuple[StatementCheck, ...] = (
            self.tree,
            self.records,
            self.statements,
            self.files,
            self.second,
            self.texts,
            self.fixity,
            self.known,
            self.signature,
            self.time,
            self.index,
            self.catalogue,
        )

    def take_expected(self, statements: Sequence[tuple[int, Leaf]], place: int) -> int:
        """Takes statements of records for all checks, from a place on, as far as each is the one, byte for byte, that
        follows from its record; how many.
        """
        taken = self.records.take_expected(statements, place) if RECORD in statements[place][1].entry else None
        if taken is None:
            return 0
        self.statements.take_records(taken.first + len(taken.rows), taken.run, taken.file, taken.dates)
        self.catalogue.take_records(taken.first, taken.rows)
        return len(taken.rows)

    def report(self) -> Report:
        """Ends every check, and tells what they found."""
        for check in self.all:
            check.end()
        findings = self._scope.findings
        told = (
            self.records,
            *([self.fixity] if self.fixity.has_passed else []),
            self.files,
            self.tree,
            self.signature,
            self.known,
            self.statements,
            self.texts,
            self.index,
            self.catalogue,
            self.time,
            *([self.second] if self.second.has_read else []),
        )
        claims = (*(self._claim(check) for check in told), ORIGIN)
        log = self._log()
        return Report(
            subject=self._scope.paths.name,
            claims=claims,
            findings=tuple(findings.listed),
            records=self.records.count,
            statements=self.tree.statements,
            bytes_read=self.files.bytes_read,
            level=SEALS if self.fixity.has_passed else str(self._scope.level),
            notes=findings.notes,
            untold=findings.untold,
            touched=self.records.touched.listed(),
            repair=self._repair(),
            checked=() if log is None else tuple(self.records.read_whole(self.files.sealed_by, log.size)),
            log=log,
            derived=None if log is None else self._derived(log),
        )

    def mark(self, marking: Marking) -> None:
        """Keeps what the next sampled check goes on from, where the log is signed, and all that it names is sealed."""
        sealed, scope = self.files.sealed, self._scope
        is_ended = self.tree.statements == marking.size and sealed.keys() >= self.records.files.keys()
        if not is_ended or scope.newer.statements or self.signature.finish().verdict is not Verdict.PASS:
            return
        marking.write(
            since=scope.earlier.since,
            records=self.records.count,
            keys=self._vouching.keys,
            runs=self.statements.dates.runs,
            sealed={name: (seals, self.files.sealed_by[name]) for name, seals in sealed.items()},
        )

    def _derived(self, log: CheckedLog) -> DerivedSums | None:
        """The sums of catalogue and index, where both are good and have nothing but what the log states."""
        is_good = all(check.finish().verdict is Verdict.PASS for check in (self.index, self.catalogue))
        # Rows and lines of a file that a stopped check had read were compared then, not now.
        is_resumed = any(file.is_done for file in self.records.files.values())
        if not is_good or is_resumed or self.tree.statements != log.size:
            return None
        return DerivedSums(
            rows_sha256=self._reading.catalogue.sum_of_rows(),
            lines=self.index.sum.count,
            lines_sum=f"{self.index.sum.sum:064x}",
            texts=self.texts.stray.texts,
            texts_unread=self.texts.stray.texts_not_read,
        )

    def _log(self) -> CheckedLog | None:
        """The log, where nothing is wrong with it or what it names, and all of it is known."""
        scope, checkpoint = self._scope, self._scope.checkpoint
        is_wrong = scope.newer.statements or any(code.startswith("E-") for code in scope.findings.codes)
        if checkpoint is None or is_wrong or scope.level.name != "full":
            return None
        return CheckedLog(checkpoint.size, checkpoint.root)

    def _claim(self, check: StatementCheck) -> Claim:
        """A log that nothing is wrong with is noted, so that it is known from now on."""
        made = check.finish()
        is_bad = made.verdict is Verdict.FAIL or self.signature.finish().verdict is not Verdict.PASS
        if check is not self.known or is_bad or not self.tree.gives_the_root:
            return made
        reason = self._vouching.note()
        return replace(made, detail=f"{made.detail}; it cannot be noted: {reason}") if reason else made

    def _repair(self) -> str:
        """The command that mends what was found; empty where none does."""
        name, listed = self._scope.paths.name, self._scope.findings.listed
        wrong = {f.code for f in listed if f.is_error}
        if not any(CODES[code].has_command for code in wrong):
            return ""
        if wrong <= {"E-INDEX", "E-CATALOGUE"}:
            return f"preserve rebuild {name}"
        # A file that was renamed is whole: it is its own copy.
        source = shlex.quote(str(self._scope.paths.archive)) if self.files.has_renamed else "COPY"
        return f"preserve repair {name} --from {source}"
