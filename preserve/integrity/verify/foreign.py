"""WARC, ARC and WACZ files of whatever origin, checked by themselves: without a ledger, as far as that goes.

What no file can show by itself is said so: that nothing was taken out, no date and no address changed.

Tested by ``tests/damage/test_corpus.py``.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from preserve.errors import EnvironmentFaultError, FormatError
from preserve.findings import Claim, Verdict
from preserve.formats.warc.containers import Container
from preserve.integrity.duplicate_ids import References
from preserve.integrity.scan import ScannedRecord, Scanner
from preserve.integrity.verify.file_records import RECORDS_TOGETHER, FileRecords, file_records
from preserve.integrity.verify.report import ORIGIN, Findings, Report, claim, not_checked, not_proven
from preserve.limits import MIB
from preserve.progress import Tell, untold
from preserve.regular import open_regular
from preserve.store.durable import free_bytes
from preserve.store.warcfile import container_of

if TYPE_CHECKING:
    from preserve.formats.wacz import Package
    from preserve.formats.waczsignature import Authorities, PackageSignature
    from preserve.integrity.verify.package_check import Believed
    from preserve.store.secondreader import SecondReading

    _Reader = tuple[Authorities | None, Believed | None]

_READABLE = "every record can be read"
_DIGESTS = "every declared digest fits"
_REFERENCES = "every record that others refer to is there"
_ONCE = "no record stands twice"
_SECOND = "a second reader reads the same"
_PACKAGE = "the package is the one that its list names"
_SIGNED = "who signed the package"
_COMPLETE = "nothing was changed, added or taken out"
_UNREADABLE = ("E-WARC-UNREADABLE", "E-WARC-EMPTY", "E-WARC-GZIP", "E-WARC-HEADER", "E-WARC-LENGTH")
_MISMATCH = ("E-WARC-BLOCK-DIGEST", "E-WARC-PAYLOAD-DIGEST")


@dataclass(slots=True)
class FileCheck:
    """What one file gave."""

    path: Path
    findings: Findings = field(default_factory=Findings)
    records: int = 0
    size: int = 0
    container: Container | None = None
    second: "list[SecondReading]" = field(default_factory=list)
    signature: "PackageSignature | None" = None
    """Of a package."""
    package_claims: list[Claim] = field(default_factory=list)
    """What its index says, and what its ledger proves, where it carries one."""
    has_ledger: bool = False

    @property
    def damaged(self) -> bool:
        """True where a record cannot be read, or a digest does not fit."""
        return any(code.startswith("E-") for code in self.findings.codes)


def verify_files(
    paths: Sequence[Path],
    scanner: Scanner,
    *,
    authorities: "Authorities | None" = None,
    believed: "Believed | None" = None,
    digests: bool = True,
    second_reader: bool = False,
    progress: Tell = untold,
) -> list[Report]:
    """Checks files together: a record may refer to one in another of them. One report for each.

    ``authorities``: the time, and the roots that the reader trusts, for the signatures of packages; without them no
    package is read. ``believed``: whose ledgers in packages the reader believes.
    ``digests`` says whether ``scanner`` looks at them. ``second_reader``: warcio reads each file too.
    ``progress`` is told the number of records read, and of the bytes before them.

    Raises:
        EnvironmentFaultError: a helping process was killed, or there is no room to take a package apart.
    """
    done: list[FileCheck] = []
    told = before = 0
    with (
        tempfile.TemporaryDirectory(prefix="preserve-verify-") as scratch,
        closing(References(Path(scratch) / "references.sqlite")) as references,
    ):
        for number, path in enumerate(paths):
            checked = FileCheck(path)
            done.append(checked)
            rows = _rows(checked, scanner, Path(scratch), (authorities, believed), second_reader=second_reader)
            for some in rows:
                _take(checked, some, number, references)
                told += some.rows
                if told // RECORDS_TOGETHER > (told - some.rows) // RECORDS_TOGETHER:
                    progress(path.name, told, done_bytes=before + some.offset)
            before += path.stat().st_size
            if checked.findings.has("I-WARC-MEMBERS"):
                checked.findings.add("W-WARC-MEMBERS", path.name)
        progress("files", told, done_bytes=before)
        for number, code, where, detail in references.faults():
            done[number].findings.add(code, f"{done[number].path.name} {where}", detail)
    return [_report(checked, digests=digests) for checked in done]


def is_package(path: Path) -> bool:
    """Whether a file is a WACZ package; one that cannot be read is none."""
    with suppress(OSError):
        return container_of(path) is Container.WACZ
    return False


def _take(checked: FileCheck, some: FileRecords, number: int, references: References) -> None:
    checked.records += some.records
    for code, where, detail in some.faults:
        checked.findings.add(code, f"{checked.path.name} {where}", detail)
    references.take(number, some.ids)


def _rows(
    checked: FileCheck, scanner: Scanner, scratch: Path, reader: "_Reader", *, second_reader: bool
) -> Iterator[FileRecords]:
    path, findings = checked.path, checked.findings
    try:
        checked.size = path.stat().st_size
        checked.container = container_of(path)
        if not checked.size:
            findings.add("E-WARC-EMPTY", path.name)
        elif checked.container is None:
            findings.add("E-WARC-UNREADABLE", path.name, "it is no WARC, ARC or WACZ file")
        elif checked.container is Container.WACZ:
            yield from _package_rows(checked, scanner, scratch, reader, second_reader=second_reader)
        else:
            any_record = False
            for some in scanner.gathered(path, checked.container, file_records):
                any_record = True
                yield some
            if not any_record:
                findings.add("E-WARC-EMPTY", path.name)
            if second_reader:
                _read_again(checked, path, checked.container, path.name)
    except OSError as error:
        findings.add("E-WARC-UNREADABLE", path.name, error.strerror or str(error))


def _read_again(checked: FileCheck, path: Path, container: Container, where: str) -> None:
    from preserve.store.secondreader import second_reading  # noqa: PLC0415 - it is seldom asked for

    reading = second_reading(path, container=container)
    checked.second.append(reading)
    for code, detail in reading.faults:
        checked.findings.add(code, where, detail)


def _package_rows(
    checked: FileCheck, scanner: Scanner, scratch: Path, reader: "_Reader", *, second_reader: bool
) -> Iterator[FileRecords]:
    # What checks packages brings certificates.
    from preserve.formats.wacz import open_package, package_defects, package_signature  # noqa: PLC0415
    from preserve.integrity.verify.package_check import Believed, PackageCheck  # noqa: PLC0415
    from preserve.provenance.trust import Trust  # noqa: PLC0415

    authorities, believed = reader
    if authorities is None:
        checked.findings.add("E-WACZ-PACKAGE", checked.path.name, "packages are not read here")
        return
    whose = believed or Believed(trust=Trust(), logs=None)
    with open_regular(checked.path) as stream, tempfile.TemporaryDirectory(dir=scratch) as folder:
        try:
            package = open_package(stream)
        except FormatError as error:
            checked.findings.add("E-WACZ-PACKAGE", checked.path.name, str(error))
            return
        checked.signature = package_signature(package, authorities)
        for code, where, detail in package_defects(package, checked.signature):
            checked.findings.add(code, f"{checked.path.name} {where}", detail)
        with closing(PackageCheck(package, checked.path.name, checked.findings, Path(folder), whose)) as held:
            for name in package.warc_names:
                for row in _member_rows(checked, package, name, scanner, scratch, second_reader=second_reader):
                    held.take(name, row)
                    # One by one: what the package's ledger says of a record is told beside what is wrong with it.
                    yield from file_records(name, [row])
            checked.has_ledger = held.is_ours
            checked.package_claims = held.finish(checked.signature)


def _member_rows(
    checked: FileCheck, package: "Package", name: str, scanner: Scanner, scratch: Path, *, second_reader: bool
) -> Iterator[ScannedRecord]:
    taken = take_out(package, name, scratch)
    if isinstance(taken, str):
        checked.findings.add("E-WACZ-PACKAGE", f"{checked.path.name} {name}", taken)
        return
    try:
        container = container_of(taken)
        if container is None or container is Container.WACZ:
            checked.findings.add("E-WARC-UNREADABLE", f"{checked.path.name} {name}", "no WARC or ARC file")
        else:
            yield from scanner.rows(taken, container)
            if second_reader:
                _read_again(checked, taken, container, f"{checked.path.name} {name}")
    finally:
        taken.unlink()


def take_out(package: "Package", name: str, folder: Path) -> Path | str:
    """Copies one file of a package into a folder, under a name of our own; what is wrong where that fails.

    Raises:
        EnvironmentFaultError: there is no room for it.
    """
    size = package.members[name].file_size
    if free_bytes(folder) < size + MIB:
        raise EnvironmentFaultError(
            f"{folder} has no room for {size} bytes of a package", next_step="Set TMPDIR to a folder with more room."
        )
    suffix = "".join(Path(name).suffixes[-2:])
    path = folder / f"member{suffix}"
    try:
        with package.open(name) as member, path.open("wb") as file:
            _copy(member, file, size)
    except FormatError as error:
        with suppress(OSError):
            path.unlink()
        return str(error)
    return path


def _copy(member: BinaryIO, file: BinaryIO, size: int) -> None:
    left = size + 1
    while left and (chunk := member.read(min(MIB, left))):
        file.write(chunk)
        left -= len(chunk)
    if not left:
        raise FormatError(f"more than the {size} bytes that the ZIP's directory gives")


def _report(checked: FileCheck, *, digests: bool) -> Report:
    findings = checked.findings
    claims = [
        claim(_READABLE, good=not findings.has(*_UNREADABLE), detail=f"{checked.records} records"),
        _digests(checked, digests=digests),
        claim(_ONCE, good=not findings.has("E-WARC-DUPLICATE")),
        _references(findings),
    ]
    if checked.container is Container.WACZ:
        broken = any(code.startswith("E-WACZ") for code in findings.codes)
        claims.append(claim(_PACKAGE, good=not broken))
        told = {one.name for one in checked.package_claims}
        if checked.signature is not None and _SIGNED not in told:
            claims.append(_signed_claim(checked.signature, broken=broken))
        claims += checked.package_claims
    if checked.second:
        claims.append(second_claim(checked.second))
    if not any(one.name == _COMPLETE for one in claims):
        why = "the ledger in it does not hold" if checked.has_ledger else "no ledger is at hand"
        claims.append(not_proven(_COMPLETE, f"{why}: a file by itself cannot show what it lacks"))
    claims.append(ORIGIN)
    return Report(
        subject=str(checked.path),
        is_file=True,
        claims=tuple(claims),
        findings=tuple(findings.listed),
        records=checked.records,
        bytes_read=checked.size,
        level="full" if digests else "structure",
        notes=findings.notes,
        signature=checked.signature,
        untold=findings.untold,
    )


def _signed_claim(signature: "PackageSignature", *, broken: bool) -> Claim:
    """Who signed. Of a package that is not the one of its list, nobody is shown to have signed it."""
    verdict, detail = signature.verdict, signature.detail
    if broken and verdict is Verdict.PASS:
        verdict, detail = Verdict.NOT_PROVEN, f"its list only, and the package is another: {detail}"
    return Claim(name=_SIGNED, verdict=verdict, detail=detail)


def second_claim(readings: "Sequence[SecondReading]") -> Claim:
    """What a second reader makes of some files."""
    records = sum(reading.records for reading in readings)
    from preserve.store.secondreader import READER  # noqa: PLC0415 - as above

    detail = f"{records} records by {READER}"
    if any(reading.verdict is Verdict.FAIL for reading in readings):
        return claim(_SECOND, good=False, detail=detail)
    reasons = sorted({reading.reason for reading in readings if reading.reason})
    if reasons:
        return not_checked(_SECOND, "; ".join([detail, *reasons[:3]]))
    return claim(_SECOND, good=True, detail=detail)


def _references(findings: Findings) -> Claim:
    outside = findings.codes["W-WARC-REFERENCE"] + findings.codes["I-WARC-REFERENCE"]
    if not outside:
        return claim(_REFERENCES, good=True)
    return not_proven(_REFERENCES, f"{outside} refer to records outside of these files")


def _digests(checked: FileCheck, *, digests: bool) -> Claim:
    findings, records = checked.findings, checked.records
    if findings.has(*_MISMATCH):
        return claim(_DIGESTS, good=False)
    if not digests:
        return not_checked(_DIGESTS, "only the structure was")
    without, unknown = findings.codes["I-WARC-NO-DIGEST"], findings.codes["I-WARC-DIGEST-UNKNOWN"]
    if unknown:
        return not_checked(_DIGESTS, f"{unknown} are of an unknown algorithm")
    if without >= records:
        return not_checked(_DIGESTS, "no record declares one")
    return claim(_DIGESTS, good=True, detail=f"{without} of {records} records declare none" if without else "")
