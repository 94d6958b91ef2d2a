"""What ``preserve ledger`` does: what is in a collection's log, proofs out of it, and who else vouches for it.

Tested by ``tests/scenarios/test_ledger_commands.py``.
"""

import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

import click
import msgspec

from preserve.cli.shared.common import Place, counted, say
from preserve.cli.shared.output import file_fault
from preserve.cli.shared.tables import TableShape, write_rows
from preserve.cli.shared.tones import toned
from preserve.cli.shared.trusting import read_trust
from preserve.config.folder import load_collection
from preserve.crawler.stamping import stamp as ask_for_stamps
from preserve.errors import ArchiveError, FormatError, NotHeldError, UsageError
from preserve.formats.tlog.files import Checkpoint, Proof, format_proof, parse_checkpoint
from preserve.formats.tlog.note import (
    COSIGNATURE,
    Signer,
    UnknownKeyError,
    cosign_note,
    open_note,
    parse_note,
    parse_vkey,
)
from preserve.limits import DEFAULT_LIMITS
from preserve.provenance.accept import accept_lost
from preserve.provenance.check import check_extends, check_proof, index_of_record
from preserve.provenance.keys import make_key, passphrase, read_key
from preserve.provenance.knownlogs import KnownLogs, LogNotAsKnownError, read_log
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import (
    NEWER,
    AcceptedStatement,
    ArchiveStatement,
    CableStatement,
    CutStatement,
    FixityStatement,
    ImportStatement,
    KeyStatement,
    Known,
    ListingStatement,
    MementoStatement,
    Moved,
    Muted,
    RecordStatement,
    ReleaseStatement,
    RepairStatement,
    RunStatement,
    Statement,
    UnknownStatement,
    WaczKey,
    decode,
    kind_of,
)
from preserve.provenance.trust import Trust
from preserve.regular import open_regular, read_regular
from preserve.store.archive import open_archive
from preserve.store.durable import Lock, make_dir, write_atomic
from preserve.store.layout import CollectionPaths
from preserve.text import terminal_line

_MAX_INPUT_BYTES = 1 << 20

ABOUT: Final[Mapping[type[Known], tuple[str, ...]]] = {
    ArchiveStatement: ("origin",),
    RecordStatement: ("type", "date", "uri"),
    CableStatement: ("published_id", "layout"),
    RunStatement: ("outcome", "started", "run"),
    ImportStatement: ("file", "source", "imported"),
    ReleaseStatement: ("release", "title", "released"),
    RepairStatement: ("path", "repaired"),
    ListingStatement: ("archive", "answer", "uri"),
    MementoStatement: ("archive", "verdict", "uri"),
    KeyStatement: ("changed", "new"),
    CutStatement: ("file", "reason"),
    FixityStatement: ("file", "checked"),
    AcceptedStatement: ("urls", "reason"),
    Moved: ("old", "new", "reason"),
    Muted: ("urls", "reason"),
    WaczKey: ("since", "reason"),
}
"""The fields of each kind of statement that its line in the list shows; what is empty is left out."""


def log(place: Place, *, collection: str, first: int, count: int | None, shape: TableShape) -> int:
    """List the statements of COLLECTION: number, kind, and what each is about."""
    log_of = Ledger.of_user(open_archive(place.archives, collection))
    entries = islice(log_of.raw(first), count)
    if place.as_json:
        for _index, entry in entries:
            click.echo(entry)
    else:
        write_rows(shape, (_row(index, decode(entry)) for index, entry in entries))
    return 0


def _row(index: int, statement: Statement) -> dict[str, object]:
    return {"statement": index, "kind": kind_of(statement), "about": "  ".join(_about(statement))}


def _summary(statement: Statement) -> str:
    return terminal_line("  ".join([f"{kind_of(statement):<8}", *_about(statement)]), 160)


def _about(statement: Statement) -> Iterator[str]:
    """What a line says of a statement behind its kind."""
    if isinstance(statement, UnknownStatement):
        yield f"version {statement.v}, {NEWER}: its content is not read"
        return
    for name in ABOUT[type(statement)]:
        value = getattr(statement, name)
        yield from value if isinstance(value, tuple) else [str(value)] * bool(value)
    if isinstance(statement, CableStatement) and statement.read_in == "dom":
        yield "read in what scripts built"
    if isinstance(statement, Muted) and not statement.muted:
        yield "raises alarms again"


def prove(place: Place, *, collection: str, record: str, out: Path | None, entry_to: Path | None) -> int:
    """Write a proof (c2sp.org/tlog-proof@v1) that the statement of RECORD is under the newest checkpoint."""
    paths = open_archive(place.archives, collection)
    log_of = Ledger(paths)
    note = log_of.note()
    index = int(record) if record.isascii() and record.isdigit() else index_of_record(paths, record)
    if note is None or index >= log_of.covered:
        raise NotHeldError(f"statement {index} is under no checkpoint yet", next_step="Run a capture to its end first.")
    proof = Proof(index=index, hashes=log_of.inclusion_proof(index, log_of.covered), checkpoint=note)
    entry = next(data for _index, data in log_of.raw(index))
    if entry_to is not None:
        _write(entry_to, entry)
    if out is not None:
        _write(out, format_proof(proof))
    told = {"index": index, "size": log_of.covered, "hashes": len(proof.hashes), "entry": msgspec.json.decode(entry)}
    if out is not None or place.as_json:
        place.emit(told, f"statement {index} of {log_of.covered}: {_summary(decode(entry))}\n")
    else:
        click.echo(format_proof(proof), nl=False)
    return 0


def check(place: Place, *, collection: str, older: Path, entry: Path | None, trust: tuple[Path, ...]) -> int:
    """Prove that the log of COLLECTION is what it was at an older checkpoint, with more behind it."""
    paths = open_archive(place.archives, collection)
    data = _read(older)
    try:
        lines = check_proof(data, None if entry is None else _read(entry))
        note, who = _opened(lines.checkpoint, paths, read_trust(place, trust), KnownLogs(place.keys))
        held = check_extends(Ledger(paths), note)
    except FormatError as error:
        place.emit({"good": False, "reason": str(error)}, f"{toned('FAIL')}  {error}\n")
        return 1
    told = [f"{toned('PASS')}  the older checkpoint is signed {who}"]
    if lines.is_proved:
        told.append(f"{toned('PASS')}  statement {lines.index} was under it")
    told.append(f"{toned('PASS')}  the {note.size} statements under it are the first of the {held} there are now")
    place.emit({"good": True, "older": note.size, "held": held, "signed": who}, "\n".join(told) + "\n")
    return 0


def _opened(data: bytes, paths: CollectionPaths, trust: Trust, logs: KnownLogs) -> tuple[Checkpoint, str]:
    """The older checkpoint, and by whose key: one that is named; where none is, of the log that is known; else its own.

    Raises:
        FormatError: it is signed by none of these.
    """
    known = logs.of_archive(paths)
    if trust.logs:
        candidates, who = list(trust.logs), "by a key that you trust"
    elif known is not None:
        candidates, who = [parse_vkey(key.vkey) for key in known.keys], "by a key by which the log is known here"
    else:
        candidates = [parse_vkey(read_regular(paths.vkey).decode("ascii", errors="replace").strip())]
        who = "by the archive's own key, not known to you"
    try:
        return parse_checkpoint(open_note(data, candidates).text), who
    except UnknownKeyError:
        raise FormatError(f"the older checkpoint is not signed {who}") from None


def witness(place: Place, *, collection: str, name: str) -> int:
    """Sign the newest checkpoint as a witness, after proving that the log only grew since the last time."""
    paths = open_archive(place.archives, collection)
    secret = passphrase(os.environ)
    folder = place.keys / "witness"
    path, seen = folder / "witness.key", folder / f"{collection}.checkpoint"
    if not path.exists():
        make_key(path, secret)
    signer = Signer(name, read_key(path, secret), COSIGNATURE)
    logs = KnownLogs(place.keys)
    with Lock(paths.lock, f"preserve ledger witness {collection}"):
        log_of = Ledger(paths)
        compared = logs.meet(paths.folder, read_log(paths, log_of, logs))
        if not compared.good:
            raise LogNotAsKnownError.of(paths, compared.findings)
        own = parse_vkey(read_regular(paths.vkey).decode("ascii", errors="replace").strip())
        note = log_of.note()
        if note is None:
            raise NotHeldError("there is no checkpoint yet", next_step="Run a capture to its end first.")
        try:
            checkpoint = parse_checkpoint(open_note(note, [own]).text)
            if seen.is_file():
                check_extends(log_of, parse_checkpoint(parse_note(_read(seen)).text))
        except FormatError as error:
            raise ArchiveError(
                f"not signed: {error}", next_step="The log is not what it was: keep both copies, and ask its operator."
            ) from error
        if not any((s.name, s.key_id) == (signer.name, signer.key_id) for s in parse_note(note).signatures):
            log_of.replace_note(cosign_note(note, signer, time=int(time.time())))
        make_dir(folder)
        write_atomic(seen, note)
    place.emit(
        {"size": checkpoint.size, "witness": signer.vkey},
        f"signed   {checkpoint.size} statements\nwitness  {signer.vkey}\n",
    )
    return 0


def stamp(place: Place, *, collection: str) -> int:
    """Ask the collection's time authorities for receipts of the newest checkpoint, as a capture does at its end."""
    config = load_collection(place.config_dir, collection)
    paths = open_archive(place.archives, config.name)
    if not config.time_authorities:
        raise UsageError(
            f"collection {config.name} names no time authority", next_step="Add `time_authorities` to its file."
        )
    with Lock(paths.lock, f"preserve ledger stamp {collection}"):
        told = ask_for_stamps(paths, config.time_authorities, limits=DEFAULT_LIMITS, proxy=config.proxy)
    lines = [f"{t.authority}: {t.reason or 'receipt kept'}" for t in told] or ["receipts of all authorities are held"]
    place.emit({"stamped": [{"authority": t.authority, "reason": t.reason} for t in told]}, "\n".join(lines) + "\n")
    return 1 if any(t.reason for t in told) else 0


def accept(place: Place, *, collection: str, lost: bool, replaced: bool) -> int:
    """Go on with COLLECTION although its log is not what is known of it."""
    if lost == replaced:
        raise UsageError("say what is to be accepted", next_step="Give --lost or --replaced; --help tells them apart.")
    paths = open_archive(place.archives, collection)
    if replaced:
        return _replaced(place, paths)
    done = accept_lost(paths, place.keys, secret=passphrase(os.environ), clock=lambda: datetime.now(UTC))
    lines = [
        f"log      {done.signer.name}, which follows {done.follows.origin}",
        f"key      {done.signer.vkey}",
        f"carried  {counted(done.carried, 'statement')}; lost: {done.lost:,}",
        f"before   {done.before}",
        *(f"moved to quarantine/: {terminal_line(name, 160)}" for name in done.quarantined),
    ]
    place.emit(
        {
            "log": done.signer.name,
            "key": done.signer.vkey,
            "follows": {"origin": done.follows.origin, "size": done.follows.size, "root": done.follows.root},
            "carried": done.carried,
            "lost": done.lost,
            "before": str(done.before),
            "quarantined": list(done.quarantined),
        },
        "\n".join(lines) + "\n",
    )
    say("Keep a copy of the new key, and tell those who trust the old one. Copies of the old log are copies of another")
    say("log now: make new ones with `preserve replicate`, in a new folder.")
    return 0


def _replaced(place: Place, paths: CollectionPaths) -> int:
    logs = KnownLogs(place.keys)
    seen = read_log(paths, Ledger(paths), logs)
    if seen is None:
        raise NotHeldError("there is no checkpoint", next_step="Restore the archive from a copy first.")
    logs.forget_place(paths.folder)
    compared = logs.meet(paths.folder, seen)
    if not compared.good:
        raise LogNotAsKnownError.of(paths, compared.findings)
    behind = f", {compared.behind} statements behind" if compared.behind else ""
    place.emit(
        {"log": seen.origin, "size": seen.size, "behind": compared.behind},
        f"known    {seen.origin}, {seen.size} statements{behind}\n",
    )
    return 0


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(_MAX_INPUT_BYTES)
    except OSError as error:
        raise file_fault(path, error, done="read") from error


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise file_fault(path, error) from error
