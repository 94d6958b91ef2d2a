"""Overlays whose ledger is properly signed and says what is not so: the work of whoever holds the log's key."""

import json
from collections.abc import Iterator

from preserve.formats.statements import encode
from preserve.formats.tlog import TILE_WIDTH
from tools.corpus.collection import (
    Files,
    collection,
    warc_files,
)
from tools.corpus.overlay import (
    Overlay,
    entries_of_base,
    named,
    restated,
)
from tools.corpus.warcs import Form, later_pieces, pack


def _position(kind: str, record_type: str = "") -> int:
    """Where the first statement of a kind stands."""
    for index, entry in enumerate(entries_of_base()[TILE_WIDTH:], TILE_WIDTH):
        statement = json.loads(entry)
        if statement["kind"] == kind and (not record_type or statement["type"] == record_type):
            return index
    raise LookupError(kind)


def _lying(kind: str, record_type: str = "", /, **changed: object) -> Files:
    """A ledger, properly signed, in which one statement says something else."""
    entries = entries_of_base()
    index = _position(kind, record_type)
    entries[index] = encode({**json.loads(entries[index]), **changed})
    return restated(entries)


def overlays() -> Iterator[Overlay]:
    """All of them."""
    entries = entries_of_base()
    record, cable, seal = _position("record", "response"), _position("cable"), _position("import")
    sha = "0" * 64

    def put(entry: bytes) -> Files:
        return restated([*entries[:record], entry, *entries[record + 1 :]])

    spaced = json.dumps(json.loads(entries[record]), sort_keys=True).encode()
    cases: dict[str, tuple[str, Files]] = {
        "E-LEDGER-STATEMENT.not-canonical": ("a statement with blanks", put(spaced)),
        "E-LEDGER-STATEMENT.unknown-kind": ("an unknown kind", _lying("record", kind="recant")),
        "E-LEDGER-STATEMENT.later-version": ("an unknown version", _lying("record", v=2)),
        "E-LEDGER-STATEMENT.field-more": ("a field more", _lying("record", more=1)),
        "E-LEDGER-STATEMENT.date-impossible": ("a date that is none", _lying("record", date="2020-02-31T00:00:00Z")),
        "E-LEDGER-STATEMENT.path-out": ("a file name that leads out", _lying("record", file="../first.warc")),
        "E-LEDGER-STATEMENT.empty": ("a statement that says nothing", put(b"{}")),
        "E-LEDGER-RECORD.other-uri": ("another address", _lying("record", "response", uri="http://example.org/never")),
        "E-LEDGER-RECORD.other-date": ("another date", _lying("record", "response", date="2010-11-28T00:00:00Z")),
        "E-LEDGER-RECORD.other-status": ("another status", _lying("record", "response", status=404)),
        "E-LEDGER-RECORD.other-type": ("another type", _lying("record", "request", type="metadata")),
        "E-LEDGER-RECORD.other-target": (
            "a revisit of another record",
            _lying("record", "revisit", refers_to=_id(entries[record])),
        ),
        "E-WARC-RECORD.other-hash": ("another SHA-256", _lying("record", "response", record_sha256=sha)),
        "E-WARC-ORDER.other-ordinal": ("another number in its file", _lying("record", "response", ordinal=3)),
        "E-WARC-LOST.other-id": ("another record id", _lying("record", "request", record_id="urn:uuid:1")),
        "E-WARC-LOST.statement-twice": ("a statement twice", restated([*entries[:record], *entries[record - 1 :]])),
        "E-WARC-NO-STATEMENT.removed": (
            "a statement left out",
            restated([*entries[: record + 2], *entries[record + 3 :]]),
        ),
        "E-WARC-UNKNOWN.seal-removed": (
            "a file's statements left out",
            restated([e for e in entries if b'"later.warc.gz"' not in e]),
        ),
        "E-WARC-HASH.other-hash": ("another SHA-256 of a file", _lying("import", sha256=sha)),
        "E-WARC-MISSING.never-there": ("a file that was never there", _lying("import", file="never.warc")),
        "E-CABLE-TEXT.other-text": ("another text of a cable", _lying("cable", body_sha256=sha)),
        "E-CABLE-TEXT.other-id": ("another id of a cable", _lying("cable", published_id="06OTHERPOST12")),
        "E-CABLE-TEXT.other-fields": ("other fields of a cable", _lying("cable", fields={})),
        "E-CABLE-SOURCE.never-held": ("a cable of a record that is not held", _lying("cable", record_id="urn:uuid:1")),
        "E-CABLE-SOURCE.before-its-record": (
            "a cable before its record",
            restated([*entries[:record], entries[cable], entries[record], *entries[cable + 1 :]]),
        ),
        "E-FORMAT-MARKER.no-founding": (
            "a ledger that does not begin with its founding",
            restated([*entries[1:], entries[seal]]),
        ),
    }
    yield from named("bad/", "statement", cases)
    warcs = warc_files()
    again = later_pieces(Form.GZIP)
    again[1] = again[1].put(WARC_Refers_To="<urn:uuid:1>")
    warcs["later.warc.gz"] = pack(again, Form.GZIP)
    yield Overlay(
        folder="bad/E-WARC-REVISIT.never-held.statement",
        why="a revisit of a record that is not held, as it was captured",
        files=collection(warcs),
        rebuild=True,
    )


def _id(entry: bytes) -> str:
    return str(json.loads(entry)["record_id"])
