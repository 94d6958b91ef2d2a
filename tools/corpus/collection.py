"""The sound collection that the overlays damage: its WARC files, ledger, receipt and index, as paths and bytes.

The ledger's first bundle is full: the founding, and 255 statements about files of which nothing was kept. What is said
of the WARC files stands in the second, so that a damaged statement takes a few kilobytes.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from preserve.cables.page.layouts import Layout, compile_layouts
from preserve.config.folder import load_layouts
from preserve.formats.tlog.files import (
    TILE_WIDTH,
    Checkpoint,
    entries_path,
    format_bundle,
    format_checkpoint,
    tile_path,
)
from preserve.formats.tlog.merkle import leaf_hash, root_of
from preserve.formats.tlog.note import COSIGNATURE, Signer, cosign_note
from preserve.formats.tlog.signing import sign_note
from preserve.formats.warc.containers import Container, identify, records_in
from preserve.integrity.record import RecordQuery, facts_of
from preserve.integrity.stated import statement_of
from preserve.model import RecordPlace
from preserve.provenance.rows import row_of
from preserve.provenance.statements import (
    ArchiveStatement,
    CutStatement,
    ImportStatement,
    KeyStatement,
    RecordStatement,
    RunStatement,
    Sealed,
    Statement,
    encode,
)
from preserve.store.archive import ARCHIVE_FORMAT, marker_bytes
from preserve.store.index import index_line
from tools.corpus.warcs import Form, first_pieces, later_pieces, pack

Files = dict[str, bytes]
ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests" / "vectors"
INPUTS = VECTORS / "inputs"
NAME = "corpus"
_RUN = "00000000-0000-4000-8000-00000000000a"
_PROGRAM = "by hand"
_DATE = "2022-01-01T00:00:00.000000Z"


def _key(first: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes(range(first, first + 32)))


SECRET = bytes(range(128, 160))
"""Of the installation that writes the journals of the vectors."""
ORIGIN = f"preserve/{NAME}/{_key(0).public_key().public_bytes_raw().hex()[:8]}"
SIGNER = Signer(ORIGIN, _key(0))
NEXT_SIGNER = Signer(ORIGIN, _key(32))
"""The key that follows, where there is a change of key."""
STRANGER = Signer(ORIGIN, _key(64))
"""A key under the log's name that is not its own."""
WITNESS = Signer("witness.example.org", _key(96), COSIGNATURE)


@cache
def layouts() -> dict[str, Layout]:
    """The layouts that come with the program."""
    return compile_layouts(load_layouts(ROOT / "config"))


@dataclass(slots=True, kw_only=True)
class Made:
    """A ledger in the making: its entries, and the index lines of the records that they state."""

    entries: list[bytes] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)

    def state(self, *statements: Statement) -> None:
        """Adds statements."""
        self.entries += [encode(statement) for statement in statements]

    def take(self, name: str, data: bytes, *, is_captured: bool = False) -> None:
        """Adds what is to be said of a file: each record, each cable, and the statement that seals it.

        ``is_captured``: it is sealed as a file of our own, else as one that was imported.
        """
        lacks: dict[str, int] = {}
        count = 0
        for place, statement, cable, codes in _read(name, data):
            for code in codes:
                lacks[code] = lacks.get(code, 0) + 1
            if statement is None:
                continue
            count += 1
            self.state(statement)
            if cable is not None:
                self.entries.append(cable)
            row = row_of(statement, place).index_row()
            if row is not None:
                self.lines.append(index_line(row))
        digest = sha256(data).hexdigest()
        if is_captured:
            self.state(_run(Sealed(name=name, size=len(data), sha256=digest, records=count)))
            return
        container = identify(data[:4096], name) or Container.WARC
        self.state(
            ImportStatement(
                file=name,
                size=len(data),
                sha256=digest,
                records=count,
                container=str(container),
                source=name,
                maker="",
                package=None,
                lacks=lacks,
                imported=_DATE,
                program=_PROGRAM,
                run=_RUN,
            )
        )


def _run(file: Sealed) -> RunStatement:
    """The manifest of a run that captured one file."""
    return RunStatement(
        run=_RUN,
        started=_DATE,
        ended=_DATE,
        outcome="done",
        program=_PROGRAM,
        files=(file,),
        counts={},
        refused={},
        first_statement=0,
        last_statement=0,
    )


_Row = tuple[RecordPlace, RecordStatement | None, bytes | None, list[str]]


def _read(name: str, data: bytes) -> Iterator[_Row]:
    """Place, statement and cable of every record of a file, and the codes of what is wrong with it."""
    wanted = RecordQuery(identity=True, statement=True, layouts=tuple(layouts().values()))
    container = identify(data[:4096], name) or Container.WARC
    for ordinal, spot in enumerate(records_in(BytesIO(data), container)):
        place = RecordPlace(file=name, ordinal=ordinal, offset=spot.offset, length=spot.length, inner=spot.inner)
        if spot.raw is None:
            yield place, None, None, ["E-WARC-GZIP" if container is Container.WARC_GZIP else "E-WARC-HEADER"]
            continue
        facts = facts_of(spot.raw, wanted)
        statement = statement_of(facts, name, ordinal, _RUN)
        yield place, statement, facts.cables[0] if facts.cables else None, [code for code, _detail in facts.faults]


def founding() -> Made:
    """The first full bundle."""
    made = Made()
    made.state(
        ArchiveStatement(
            collection=NAME,
            format=ARCHIVE_FORMAT,
            origin=ORIGIN,
            key=SIGNER.vkey,
            created="2022-01-01T00:00:00.000000Z",
        )
    )
    for number in range(1, TILE_WIDTH):
        made.state(
            CutStatement(
                file=f"n{number}.warc.gz",
                size=0,
                sha256="",
                records=0,
                cut_bytes=number,
                reason="cut",
                quarantined=None,
            )
        )
    return made


def warc_files() -> Files:
    """The files of the archive, by name."""
    files: Files = {}
    for form in Form:
        files[f"first{form.suffix}"] = pack(first_pieces(form), form)
    for form in Form:
        files[f"later{form.suffix}"] = pack(later_pieces(form), form)
    return files


def whole_ledger(warcs: Mapping[str, bytes] | None = None, *, captured: Sequence[str] = ()) -> Made:
    """The founding, and what is to be said of these files (if none are given, of those of the base).

    ``captured``: the names of those that are of our own.
    """
    made = founding()
    for name, data in (warc_files() if warcs is None else warcs).items():
        made.take(name, data, is_captured=name in captured)
    return made


def checkpoint(entries: Sequence[bytes]) -> Checkpoint:
    """The checkpoint over these entries."""
    return Checkpoint(origin=ORIGIN, size=len(entries), root=root_of([leaf_hash(entry) for entry in entries]))


def signed(entries: Sequence[bytes], *signers: Signer) -> bytes:
    """The note over them, signed by the log's key if by no other."""
    return sign_note(format_checkpoint(checkpoint(entries)), signers or [SIGNER])


def ledger_files(entries: Sequence[bytes], *signers: Signer) -> Files:
    """Bundles, tiles and checkpoint over these entries, by their paths in the collection."""
    files: Files = {"ledger/checkpoint": signed(entries, *signers)}
    for number, group in _groups(entries):
        files[f"ledger/{entries_path(number, len(group))}"] = format_bundle(group)
    hashes = [leaf_hash(entry) for entry in entries]
    level = 0
    while hashes:
        above = []
        for number, tile in _groups(hashes):
            files[f"ledger/{tile_path(level, number, len(tile))}"] = b"".join(tile)
            if len(tile) == TILE_WIDTH:
                above.append(root_of(tile))
        hashes, level = above, level + 1
    return files


def _groups(items: Sequence[bytes]) -> Iterator[tuple[int, Sequence[bytes]]]:
    for start in range(0, len(items), TILE_WIDTH):
        yield start // TILE_WIDTH, items[start : start + TILE_WIDTH]


def index_of(made: Made) -> bytes:
    """The index's bytes."""
    return b"".join(sorted(made.lines))


def receipt_files() -> Files:
    """The checkpoint at size 256, and the receipt that a time authority gave for it once."""
    return {
        f"receipts/{TILE_WIDTH}.checkpoint": signed(founding().entries),
        f"receipts/{TILE_WIDTH}.one.tsq": (INPUTS / "request.tsq").read_bytes(),
        f"receipts/{TILE_WIDTH}.one.tsr": (INPUTS / "reply.tsr").read_bytes(),
    }


def collection(warcs: Mapping[str, bytes] | None = None, made: Made | None = None) -> Files:
    """The whole collection, by path; of these files and this ledger where they are given."""
    held = warc_files() if warcs is None else dict(warcs)
    ledger = whole_ledger(held) if made is None else made
    return {
        "preserve.json": marker_bytes(NAME, ORIGIN),
        **{f"archive/{name}": data for name, data in held.items()},
        "indexes/index.cdx": index_of(ledger),
        "ledger/log.vkey": f"{SIGNER.vkey}\n".encode(),
        "ledger/pending.jsonl": b"",
        **ledger_files(ledger.entries),
        **receipt_files(),
    }


def change_of_key(old: Signer, new: Signer) -> KeyStatement:
    """The statement of a change of key."""
    return KeyStatement(old=old.vkey, new=new.vkey, changed=_DATE, reason="")


def witnessed(note: bytes, *, good: bool = True) -> bytes:
    """A note with the line of a witness, which fits or does not."""
    made = cosign_note(note, WITNESS, time=1_640_995_200)
    if good:
        return made
    start = made[:-1].rindex(b" ") + 1
    value = bytearray(base64.b64decode(made[start:]))
    value[-1] ^= 1
    return made[:start] + base64.b64encode(value) + b"\n"
