"""The whole check of a collection: each claim with its verdict, each fault with its code. Nothing is changed.

One pass over the ledger, and beside it one over each WARC file, with as many processes as there are processors; memory
flat in their size. In it:

1. the format marker, against the ledger's first statement;
2. the checkpoint: readable, signed by the log's key, and its root the root of the entries (RFC 6962 section 2.1);
3. every statement: canonical and of a known kind; every tile, against the entries;
4. every record of every WARC file: against its statement, and by itself (`preserve.integrity.record`);
5. every file, against the statement that sealed it; no file unknown, none missing;
6. every text: extraction run again on the stored bytes, compared with the ``cable`` statement;
7. every revisit: the record it refers to is held;
8. who vouches for the ledger: keys and their changes, witnesses, receipts (`preserve.integrity.verify.attestations`);
9. the log, against what is known of it from outside the archive (`preserve.provenance.knownlogs`);
10. every row of the catalogue and every line of the index, against what steps 3 and 4 read.

What is *not* done here: that the origin really served these bytes can never be proven.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from preserve import __version__
from preserve.cables.page.layouts import Layout
from preserve.errors import UsageError
from preserve.findings import Claim, Verdict
from preserve.formats.tlog.files import Checkpoint
from preserve.integrity.record import RecordQuery
from preserve.integrity.scan import Hashing, Scanner
from preserve.integrity.verify.attestations import Attestations
from preserve.integrity.verify.checkpoint_check import read_checkpoint
from preserve.integrity.verify.derived_checks import CatalogueCheck
from preserve.integrity.verify.foreign import second_claim
from preserve.integrity.verify.ledger_pass import LedgerPass
from preserve.integrity.verify.newer import Newer
from preserve.integrity.verify.report import ORIGIN, Findings, Report, claim, not_checked
from preserve.integrity.verify.resume import Resume
from preserve.integrity.verify.sample import Sample
from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.statements import NEWER
from preserve.provenance.trust import Trust
from preserve.regular import open_regular
from preserve.store.copying import is_part
from preserve.store.layout import IMPORTING_SUFFIX, OPEN_SUFFIX, CollectionPaths
from preserve.store.secondreader import SecondReading, second_reading
from preserve.store.strange import strange_entries

_RECORDS = "every record is the one in the ledger"
_FILES = "every file is the one sealed"
_TREE = "the ledger is complete and in order"
_STATEMENTS = "every statement can be read"
_TEXTS = "every text follows from its bytes"
_INDEX = "index agrees with the evidence"
_CATALOGUE = "catalogue agrees with the evidence"
_ENTRY_CODES = ("E-LEDGER-MISSING", "E-LEDGER-SIZE", "E-LEDGER-ROOT")
_TREE_CODES = (*_ENTRY_CODES, "E-LEDGER-TILE")
_FILE_CODES = ("E-WARC-MISSING", "E-WARC-UNKNOWN", "E-WARC-SIZE", "E-WARC-HASH", "E-FORMAT-MARKER")
_INCOMPLETE = ("E-WARC-MISSING", "E-WARC-LOST", "E-LEDGER-STATEMENT", "E-LEDGER-MISSING", "E-LEDGER-SIZE")
_TRIES = 3
_UNENDED = ("W-WARC-OPEN", "W-LEDGER-PENDING", "E-LEDGER-JOURNAL", "W-LEDGER-JOURNAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How much is read: ``structure`` (files and ledger only), ``full``, or ``sample`` with a percentage of records."""

    name: str = "full"
    percent: float = 100.0

    def __post_init__(self) -> None:
        if not 0 < self.percent <= 100:  # noqa: PLR2004 - per cent
            raise UsageError(f"{self.percent:g} is no percentage of records", next_step="Give one above 0, up to 100.")

    def __str__(self) -> str:
        return f"sample {self.percent:g}%" if self.name == "sample" else self.name


FULL = Level()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions:
    """How a verification is done. ``state``: a folder for the note that lets a stopped one go on; None: no note.

    ``second_reader``: warcio reads every sealed file, too.
    ``logs``: what is known of logs; the one that is verified is noted there, if nothing is wrong with it.
    """

    level: Level = FULL
    trust: Trust = Trust()  # noqa: RUF009 - a frozen value
    logs: KnownLogs | None = None
    limits: Limits = DEFAULT_LIMITS
    processes: int | None = None
    second_reader: bool = False
    state: Path | None = None
    progress: Callable[[int], None] = lambda _done: None


def verify(paths: CollectionPaths, layouts: Mapping[str, Layout], manner: VerifyOptions = VerifyOptions()) -> Report:
    """Checks one collection; ``manner.progress`` is told the number of statements done.

    Without ``manner.trust``, keys and receipts of the archive are not known to anybody.

    A capture may go on meanwhile. If it sets a checkpoint, what is read of ledger, index and catalogue can be of two
    moments: where that shows as damage, all is read again.

    Raises:
        ArchiveError: the archive is of a newer format. Damage is never an exception.
        EnvironmentFaultError: a process that helped was killed.
    """
    for _try in range(_TRIES - 1):
        before = _moment(paths)
        report = _verified(paths, layouts, manner)
        if report.good or _moment(paths) == before:
            return report
    return _verified(paths, layouts, manner)


def _moment(paths: CollectionPaths) -> tuple[bytes, int, list[str]]:
    """What a capture changes when it sets a checkpoint or begins a file."""
    try:
        with open_regular(paths.checkpoint) as file:
            note = file.read(DEFAULT_LIMITS.max_note_bytes)
    except OSError:
        note = b""
    catalogue = paths.catalogue.stat().st_mtime_ns if paths.catalogue.is_file() else 0
    return note, catalogue, sorted(path.name for path in paths.archive.glob("*"))


def _verified(paths: CollectionPaths, layouts: Mapping[str, Layout], manner: VerifyOptions) -> Report:
    findings = Findings()
    newer = Newer()
    signed = read_checkpoint(paths, findings)
    checkpoint = signed.checkpoint
    vouching = Attestations(paths, signed, manner.trust, manner.logs, found=findings.add, newer=newer)
    catalogue = CatalogueCheck(paths)
    wanted = RecordQuery(identity=True, layouts=tuple(layouts.values()), limits=manner.limits)
    for strange in strange_entries(paths):
        findings.add(strange.code, strange.where, strange.detail)
    held = sorted(paths.archive.iterdir()) if paths.archive.is_dir() else []
    files = [path for path in held if path.is_file()]
    strangers = [path.name for path in held if not path.is_file()]
    resume = Resume(_note_path(paths, manner), _about(paths, layouts, manner))
    try:
        with Scanner(
            wanted, processes=manner.processes, total_bytes=sum(path.stat().st_size for path in files)
        ) as scanner:
            hashes: dict[str, Hashing] = {}

            def met(path: Path) -> None:
                # Now, while what is read for its records is in the memory of the machine.
                hashes[path.name] = scanner.hashed(path)

            walk = LedgerPass(
                paths,
                findings=findings,
                checkpoint=checkpoint,
                vouching=vouching,
                newer=newer,
                layouts=layouts,
                limits=manner.limits,
                scanner=scanner if manner.level.name == "full" else None,
                sample=Sample(paths, manner.level.percent, wanted, findings) if manner.level.name == "sample" else None,
                resume=resume,
                catalogue=catalogue,
                met=met,
                progress=manner.progress,
            )
            walk.run()
            for path in files:
                if path.name not in hashes:
                    met(path)
            bytes_read = _file_hashes(walk, hashes, strangers, findings, newer)
        second = _read_again(files, walk, findings) if manner.second_reader else []
        ending = _Ending(paths, manner, findings, walk, vouching, newer, catalogue, checkpoint, second)
        report = ending.report(bytes_read)
    finally:
        catalogue.close()
    resume.forget()
    return report


def _note_path(paths: CollectionPaths, manner: VerifyOptions) -> Path | None:
    if manner.state is None or manner.level.name != "full":
        return None
    return manner.state / f"{sha256(str(paths.folder.absolute()).encode()).hexdigest()[:32]}.json"


def _about(paths: CollectionPaths, layouts: Mapping[str, Layout], manner: VerifyOptions) -> str:
    """All that the outcome for a file depends on beside the file."""
    digest = sha256(f"{__version__} {sorted(layouts)} {manner.limits}".encode())
    for path in (paths.checkpoint, paths.catalogue):
        found = path.stat() if path.is_file() else None
        digest.update(f" {found and (found.st_size, found.st_mtime_ns, found.st_ino)}".encode())
    for layout in layouts.values():
        digest.update(repr(layout).encode())
    return digest.hexdigest()


def _unsealed(walk: LedgerPass, name: str) -> tuple[str, str, str]:
    """The finding of a file that no statement seals."""
    if is_part(name):
        return "W-WARC-OPEN", name, ""
    if name.endswith((OPEN_SUFFIX, IMPORTING_SUFFIX)):
        if walk.began(name):
            return "W-WARC-OPEN", name, ""
        return "E-WARC-UNKNOWN", name, "no run of this installation began it"
    if walk.names(name):
        return "W-WARC-OPEN", name, "its statements are held, the statement that seals it is not"
    return "E-WARC-UNKNOWN", name, ""


def _file_hashes(
    walk: LedgerPass, hashes: Mapping[str, Hashing], strangers: Sequence[str], findings: Findings, newer: Newer
) -> int:
    """Every file against the statement that sealed it; returns the bytes read. ``strangers``: what is no file."""
    total = 0
    for name, seals in walk.sealed.items():
        hashing = hashes.get(name)
        if hashing is None:
            if not walk.names(name):
                findings.add("E-WARC-MISSING", name)
            continue
        try:
            found = hashing()
        except OSError as error:
            findings.add("E-WARC-UNREADABLE", name, error.strerror or str(error))
            continue
        total += found.size
        if (found.size, found.sha256) in {(sealed.size, sealed.sha256) for sealed in seals}:
            continue
        if newer.names(name, after=walk.sealed_by[name]):
            # It may have been sealed again, as a repair does.
            newer.files += 1
            continue
        if found.size != seals[-1].size:
            findings.add("E-WARC-SIZE", name, f"{found.size} bytes, {seals[-1].size} stated")
        if found.sha256 not in {sealed.sha256 for sealed in seals}:
            findings.add("E-WARC-HASH", name, f"SHA-256 is {found.sha256}")
    for name in sorted(hashes.keys() - walk.sealed.keys()):
        if newer.names(name):
            newer.files += 1
        else:
            findings.add(*_unsealed(walk, name))
    for name in strangers:
        findings.add("E-WARC-UNKNOWN", name, "no file")
    return total


def _read_again(files: Sequence[Path], walk: LedgerPass, findings: Findings) -> list[SecondReading]:
    """Every sealed file, read by warcio."""
    readings = []
    for path in files:
        if path.name not in walk.sealed:
            continue
        try:
            readings.append(second_reading(path))
        except OSError as error:
            readings.append(SecondReading(reason=f"{path.name}: {error.strerror or error}"))
        for code, detail in readings[-1].faults:
            findings.add(code, path.name, detail)
    return readings


@dataclass(frozen=True, slots=True)
class _Ending:
    """From what was found to the claims."""

    paths: CollectionPaths
    manner: VerifyOptions
    findings: Findings
    walk: LedgerPass
    vouching: Attestations
    newer: Newer
    catalogue: CatalogueCheck
    checkpoint: Checkpoint | None
    second: Sequence[SecondReading]

    def report(self, bytes_read: int) -> Report:
        """The whole report."""
        findings, walk = self.findings, self.walk
        known, compared = self.vouching.known(whole=not findings.has(*_ENTRY_CODES))
        signature = self.vouching.signature(compared)
        timed = self.vouching.time(walk.statements)
        walk.dates.stamped(findings, self.vouching.stamped)
        index, catalogue = self._derived()
        claims = (
            self._records(),
            self._sealed(bytes_read),
            self._tree(),
            signature,
            self._noted(known, signature),
            self._statements(),
            self._texts(),
            index,
            catalogue,
            timed,
            *([second_claim(self.second)] if self.second else []),
            ORIGIN,
        )
        return Report(
            subject=self.paths.name,
            claims=claims,
            findings=tuple(findings.listed),
            records=walk.records,
            statements=walk.statements,
            bytes_read=bytes_read,
            level=str(self.manner.level),
            notes=findings.notes,
            untold=findings.untold,
            touched=walk.touched,
            repair="" if not any(f.is_error for f in findings.listed) else self._repair(),
        )

    def _noted(self, known: Claim, signature: Claim) -> Claim:
        """Notes a log that nothing is wrong with, so that it is known from now on."""
        if self.findings.has(*_ENTRY_CODES) or known.verdict is Verdict.FAIL or signature.verdict is not Verdict.PASS:
            return known
        reason = self.vouching.note()
        return replace(known, detail=f"{known.detail}; it cannot be noted: {reason}") if reason else known

    def _repair(self) -> str:
        derived = {"E-INDEX", "E-CATALOGUE"}
        if {f.code for f in self.findings.listed if f.is_error} <= derived:
            return f"preserve rebuild {self.paths.name}"
        return f"preserve repair {self.paths.name} --from COPY"

    def _records(self) -> Claim:
        codes = [code for code in self.findings.codes if code.startswith("E-WARC") or code == "E-LEDGER-RECORD"]
        count = self.walk.records
        if codes:
            return Claim(name=_RECORDS, verdict=Verdict.FAIL, detail=f"{count} records")
        if self.newer.records:
            return not_checked(_RECORDS, f"{self.newer.records} records named by statements {NEWER}")
        if self.manner.level.name == "structure":
            return not_checked(_RECORDS, f"{count} records; only their files were read")
        if self.manner.level.name == "sample":
            if self.catalogue.defect:
                return not_checked(_RECORDS, f"the catalogue, which says where they lie: {self.catalogue.defect}")
            detail = f"{self.walk.sampled} of {count} records, chosen by chance"
            return claim(_RECORDS, good=True, detail=detail) if self.walk.sampled else not_checked(_RECORDS, detail)
        return claim(_RECORDS, good=True, detail=f"{count} records")

    def _sealed(self, bytes_read: int) -> Claim:
        good = not self.findings.has(*_FILE_CODES)
        if good and self.newer.files:
            return not_checked(_FILES, f"{_count(self.newer.files)} named by statements {NEWER}")
        return claim(_FILES, good=good, detail=f"{_count(len(self.walk.sealed))}, {bytes_read} bytes")

    def _tree(self) -> Claim:
        failed = self.findings.has(*_TREE_CODES)
        if self.checkpoint is None:
            verdict = Verdict.FAIL if failed else Verdict.NOT_CHECKED
            return Claim(name=_TREE, verdict=verdict, detail="no readable checkpoint")
        return claim(_TREE, good=not failed, detail=f"{self.checkpoint.size} statements under the checkpoint")

    def _statements(self) -> Claim:
        count = self.walk.statements
        if self.newer.statements and not self.findings.has("E-LEDGER-STATEMENT"):
            return not_checked(_STATEMENTS, f"{self.newer.statements} of {count} statements, {NEWER}")
        return claim(_STATEMENTS, good=not self.findings.has("E-LEDGER-STATEMENT"), detail=f"{count} statements")

    def _texts(self) -> Claim:
        read, not_read = self.walk.texts
        if self.findings.has("E-CABLE-TEXT", "E-CABLE-SOURCE"):
            return Claim(name=_TEXTS, verdict=Verdict.FAIL, detail=f"{read} texts")
        if self.manner.level.name == "structure":
            return not_checked(_TEXTS, "no record was read")
        if not_read:
            return not_checked(_TEXTS, f"{not_read} of {read + not_read} texts not extracted again")
        return claim(_TEXTS, good=True, detail=f"{read} texts extracted again")

    def _derived(self) -> tuple[Claim, Claim]:
        """Index and catalogue. What is derived from damaged evidence cannot be held against it."""
        obstacle = ""
        if self.manner.level.name != "full":
            obstacle = "not every record was read"
        elif self.newer.statements:
            obstacle = f"what follows from statements {NEWER} is not known"
        elif self.findings.has(*_INCOMPLETE):
            obstacle = "the evidence is not whole"
        elif self.findings.has(*_UNENDED):
            obstacle = "a capture did not end; the next one brings them up to date"
        if obstacle:
            return not_checked(_INDEX, obstacle), not_checked(_CATALOGUE, obstacle)
        self.catalogue.finish(self.walk.statements)
        defect = self.walk.index.defect(self.paths)
        if defect:
            self.findings.add("E-INDEX", self.paths.index.name, defect)
        missing = not self.catalogue.is_held and not self.walk.records
        if self.catalogue.defect and not missing:
            self.findings.add("E-CATALOGUE", self.paths.catalogue.name, self.catalogue.defect)
        return (
            claim(_INDEX, good=not defect),
            claim(_CATALOGUE, good=missing or not self.catalogue.defect),
        )


def _count(files: int) -> str:
    return f"{files} file{'s' if files != 1 else ''}"
