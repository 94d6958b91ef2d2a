"""What a check says at its end: claims with their verdicts, findings, and what the damage touches.

Tested by ``tests/damage/test_corpus.py``.
"""

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct, field

from preserve.errors import UsageError
from preserve.findings import Claim, Finding, Verdict
from preserve.provenance.statements import DerivedSums

if TYPE_CHECKING:
    from preserve.formats.waczsignature import PackageSignature

CHECK: Final = 1
"""Version of the rules by which files are read: raised when what was good by the old ones can be bad by the new."""
MAX_FINDINGS = 10_000
"""Findings that are told one by one; those beyond are counted. A hostile file has millions."""


class Level(Struct, frozen=True, kw_only=True):
    """How much is read: ``structure`` (files and ledger only), ``full``, or ``sample`` with a percentage of records."""

    name: str = "full"
    percent: float = 100.0

    def __post_init__(self) -> None:
        if not 0 < self.percent <= 100:  # noqa: PLR2004 - per cent
            raise UsageError(f"{self.percent:g} is no percentage of records", next_step="Give one above 0, up to 100.")

    def __str__(self) -> str:
        return f"sample {self.percent:g}%" if self.name == "sample" else self.name


class Touched(NamedTuple):
    """A record that is damaged or lost, and what was made from it. ``type``: WARC-Type; ``cables``: published ids."""

    record_id: str
    type: str
    uri: str | None
    date: str
    cables: tuple[str, ...]
    revisits: int

    @property
    def is_cited(self) -> bool:
        """Whether it is a page or has cables: what somebody may cite. Requests and metadata are named by nobody."""
        return bool(self.cables) or self.type in {"response", "resource", "revisit"}


class CheckedFile(NamedTuple):
    """A file that was read record by record, and of which nothing is to be said: see `FixityStatement`."""

    file: str
    sha256: str
    records: int
    texts: int
    texts_unread: int
    places_sha256: str


class CheckedLog(NamedTuple):
    """The log that was checked: number of statements under its checkpoint, and their root."""

    size: int
    root: bytes


class Report(Struct, frozen=True, kw_only=True):
    """The outcome of one verification: of a collection, or of one file.

    ``is_file``: of a file by itself, of whatever origin. ``notes`` counts what is odd and no damage, by code.
    ``untold`` counts the findings beyond the first ten thousand. ``signature``: of a package.
    """

    subject: str
    claims: tuple[Claim, ...]
    findings: tuple[Finding, ...]
    records: int
    bytes_read: int
    statements: int | None = None
    level: str = "full"
    notes: tuple[tuple[str, int], ...] = ()
    untold: int = 0
    touched: tuple[Touched, ...] = ()
    repair: str = ""
    is_file: bool = False
    signature: "PackageSignature | None" = None
    checked: tuple[CheckedFile, ...] = ()
    """Files of which a ``fixity`` statement can be made, with ``log``."""
    log: CheckedLog | None = None
    derived: DerivedSums | None = None
    """Of catalogue and index, where they are good and have nothing but what ``log`` states."""

    @property
    def good(self) -> bool:
        """True where no claim failed and no MUST is broken."""
        return not any(c.verdict is Verdict.FAIL for c in self.claims) and not any(f.is_error for f in self.findings)

    @property
    def spotless(self) -> bool:
        """True where nothing is wrong at all."""
        return self.good and not any(f.code.startswith("W-") for f in self.findings)


class Findings(Struct):
    """Takes in what is found. Information about what is no damage is only counted."""

    listed: list[Finding] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    untold: int = 0

    def add(self, code: str, where: str, detail: str = "") -> None:
        """One finding."""
        self.codes[code] += 1
        if code.startswith("I-"):
            return
        if len(self.listed) < MAX_FINDINGS:
            self.listed.append(Finding(code=code, where=where, detail=detail))
        else:
            self.untold += 1

    def join(self, other: "Findings") -> None:
        """Takes in all that another was given."""
        self.codes += other.codes
        room = MAX_FINDINGS - len(self.listed)
        self.listed += other.listed[:room]
        self.untold += other.untold + len(other.listed[room:])

    def has(self, *codes: str) -> bool:
        """True where one of these codes was found."""
        return any(self.codes[code] for code in codes)

    @property
    def notes(self) -> tuple[tuple[str, int], ...]:
        """How often each piece of information was met."""
        return tuple(sorted((code, count) for code, count in self.codes.items() if code.startswith("I-")))


def claim(name: str, *, good: bool, detail: str = "") -> Claim:
    """A claim that was checked."""
    return Claim(name=name, verdict=Verdict.PASS if good else Verdict.FAIL, detail=detail)


def not_checked(name: str, why: str) -> Claim:
    """A claim that was not."""
    return Claim(name=name, verdict=Verdict.NOT_CHECKED, detail=why)


def not_proven(name: str, why: str) -> Claim:
    """A claim that nothing at hand can prove."""
    return Claim(name=name, verdict=Verdict.NOT_PROVEN, detail=why)


ORIGIN = not_proven("the origin really served this", "no capture can prove it; compare independent mirrors")
