"""Where everything of one collection lies (``docs/formats/archive.md``).

Tested by ``tests/scenarios/test_hostile_folders.py``.
"""

from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.model import check_collection_name

OPEN_SUFFIX = ".open"
"""Of a file that a capture is writing: ``NAME.TOKEN.open``, the token made by the secret of who writes it."""
IMPORTING_SUFFIX = ".importing"
"""Of a file that an import has copied whole, and not yet stated to its end: ``NAME.TOKEN.importing``."""
WARC_SUFFIX = ".warc.gz"
_SAFE_NAME = lazy_re(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}\Z")


class CollectionPaths(Struct, frozen=True):
    """The paths of one collection: ``root`` is the folder of archives, ``name`` a checked collection name."""

    root: Path
    name: str

    @property
    def folder(self) -> Path:
        """The collection's own folder; pywb takes it as a collection."""
        return self.root / self.name

    @property
    def marker(self) -> Path:
        """The format marker: what this folder is, and in which format."""
        return self.folder / "preserve.json"

    @property
    def archive(self) -> Path:
        """The WARC files."""
        return self.folder / "archive"

    def held_file(self, name: str) -> Path:
        """Where a file of the archive is: sealed, or else still open or being imported."""
        sealed = self.archive / name
        if not sealed.exists():
            for suffix in (OPEN_SUFFIX, IMPORTING_SUFFIX):
                for path in sorted(self.archive.glob(f"{name}.*{suffix}")):
                    if name_when_sealed(path.name) == name and path.is_file():
                        return path
        return sealed

    def open_file(self, name: str, token: str) -> Path:
        """Where a file is while it is being written."""
        return self.archive / f"{name}.{token}{OPEN_SUFFIX}"

    def importing_file(self, name: str, token: str) -> Path:
        """Where a file is while an import states it."""
        return self.archive / f"{name}.{token}{IMPORTING_SUFFIX}"

    @property
    def indexes(self) -> Path:
        """The CDXJ indexes. Derived."""
        return self.folder / "indexes"

    @property
    def index(self) -> Path:
        """The CDXJ index of all files. Derived."""
        return self.indexes / "index.cdx"

    @property
    def ledger(self) -> Path:
        """The ledger: checkpoint, tiles, entry bundles, journal."""
        return self.folder / "ledger"

    @property
    def pending(self) -> Path:
        """Statements that no checkpoint covers yet, one JSON line each."""
        return self.ledger / "pending.jsonl"

    @property
    def checkpoint(self) -> Path:
        """The newest signed checkpoint."""
        return self.ledger / "checkpoint"

    @property
    def vkey(self) -> Path:
        """The log's public key, as a C2SP verifier key."""
        return self.ledger / "log.vkey"

    @property
    def receipts(self) -> Path:
        """RFC 3161 replies for checkpoints."""
        return self.folder / "receipts"

    def kept_checkpoint(self, size: int) -> Path:
        """A checkpoint that others vouch for, or that a change of key was signed with, as it was."""
        return self.receipts / f"{size}.checkpoint"

    def receipt(self, size: int, authority: str, kind: str) -> Path:
        """Of a time authority: ``tsq`` the request, ``tsr`` the reply, ``failed`` why there is none."""
        return self.receipts / f"{size}.{authority}.{kind}"

    @property
    def ledgers_before(self) -> Path:
        """Logs that were given up for others that follow them."""
        return self.folder / "ledger-before"

    def ledger_before(self, following: str) -> "CollectionPaths":
        """A log that was given up, as a collection of its own without evidence; ``following`` names the next one."""
        return CollectionPaths(self.ledgers_before, following)

    @property
    def quarantine(self) -> Path:
        """Damaged files that a repair moved out of the way."""
        return self.folder / "quarantine"

    @property
    def state(self) -> Path:
        """Databases. Derived or disposable."""
        return self.folder / "state"

    @property
    def catalogue(self) -> Path:
        """The catalogue. Derived."""
        return self.state / "catalogue.sqlite"

    @property
    def search(self) -> Path:
        """The search index. Derived; filled as texts are stated, and by searches."""
        return self.state / "search.sqlite"

    @property
    def readmarks(self) -> Path:
        """By which extractor and layouts each WARC file was read. Derived."""
        return self.state / "readmarks.json"

    @property
    def misplaced(self) -> Path:
        """Of an archive that lies elsewhere: files whose records were not where the catalogue has them."""
        return self.state / "misplaced"

    @property
    def frontier(self) -> Path:
        """The frontier: which addresses a run has done and which wait. Disposable between runs."""
        return self.state / "frontier.sqlite"

    @property
    def lock(self) -> Path:
        """The lock of whoever writes to the collection."""
        return self.state / "lock"


def schedule_folder(archives: Path) -> Path:
    """Where schedules, alarms and dates of checks are kept, beside the collections. No evidence."""
    return archives / ".schedule"


def job_folder(archives: Path, collection: str) -> Path:
    """What is kept there of one collection.

    Raises:
        UsageError: the name cannot be a collection's.
    """
    return schedule_folder(archives) / check_collection_name(collection)


def warc_name(collection: str, start: datetime, serial: int) -> str:
    """``demo-20261123075800123456-00001.warc.gz``: collection, UTC start with microseconds, serial."""
    return f"{collection}-{start.astimezone(UTC):%Y%m%d%H%M%S%f}-{serial:05d}{WARC_SUFFIX}"


def name_when_sealed(name: str) -> str:
    """The name that a file of the archive has once it is sealed; one that is being written or imported has more."""
    for suffix in (OPEN_SUFFIX, IMPORTING_SUFFIX):
        if name.endswith(suffix):
            return name.removesuffix(suffix).rpartition(".")[0] or name
    return name


def check_file_name(name: str) -> str:
    """The name itself, if it is a plain file name: no folder in it, nothing hidden.

    Raises:
        FormatError: it is not; names in the ledger never lead out of the archive.
    """
    if _SAFE_NAME.match(name) is None:
        raise FormatError(f"not a plain file name: {name[:60]!r}")
    return name
