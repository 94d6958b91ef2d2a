"""Overlays whose ledger is properly signed and says what is not so: the work of whoever holds the log's key."""

import json
from collections.abc import Iterator
from dataclasses import replace

from preserve.formats.tlog.files import TILE_WIDTH
from preserve.formats.tlog.statements import encode
from tools.corpus.collection import (
    Files,
    collection,
    warc_files,
    whole_ledger,
)
from tools.corpus.overlay import (
    Overlay,
    entries_of_base,
    named,
    restated,
)
from tools.corpus.warcs import Form, later_pieces, pack

_Cases = dict[str, tuple[str, Files]]
_SHA256 = "0" * 64


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
    yield from named("bad/", "statement", _unreadable() | _of_records() | _of_order() | _of_files() | _of_cables())
    for overlay in named("warn/", "statement", _of_time()):
        # What was stated has its rows in the catalogue.
        yield replace(overlay, rebuild=True)
    yield from named("good/", "newer", _newer())
    yield _revisit_of_nothing()
    yield _revisits_elsewhere()


def _run(started: str, ended: str) -> bytes:
    """The statement of a run that captured nothing."""
    return encode(
        {
            "kind": "run",
            "v": 2,
            "run": f"urn:uuid:00000000-0000-4000-8000-{started[:10].replace('-', ''):0>12}",
            "started": f"{started}.000000Z",
            "ended": f"{ended}.000000Z",
            "outcome": "complete",
            "program": "preserve/0",
            "files": [],
            "counts": {},
            "refused": {},
            "first_statement": 0,
            "last_statement": -1,
            "urls": [],
            "part": 1,
            "parts": 1,
        }
    )


def _of_time() -> _Cases:
    """Times that contradict the order of the ledger, now, or one another."""
    entries = entries_of_base()
    hour, later = _run("2021-01-01T00:00:00", "2021-01-01T01:00:00"), _run("2021-03-01T00:00:00", "2021-03-01T01:00:00")
    ahead = _run("2999-01-01T00:00:00", "2999-01-01T01:00:00")
    return {
        "W-CLOCK-AHEAD.run": ("a run that ended after now", restated([*entries, hour, ahead])),
        "W-CLOCK-ORDER.back": (
            "a run with the clock behind, between two",
            restated([*entries, hour, _run("2019-01-01T00:00:00", "2019-01-01T01:00:00"), later]),
        ),
        "W-CLOCK-ORDER.inside": (
            "a run that ended before it began",
            restated([*entries, hour, _run("2021-02-02T00:00:00", "2021-02-01T00:00:00"), later]),
        ),
        "W-DATE.imported": (
            "a file of records that are younger than its import",
            _lying("import", imported="2011-01-01T00:00:00.000000Z"),
        ),
    }


def _put(index: int, entry: bytes) -> Files:
    """A ledger with another entry in the place of one."""
    entries = entries_of_base()
    return restated([*entries[:index], entry, *entries[index + 1 :]])


def _unreadable() -> _Cases:
    index = _position("record", "response")
    spaced = json.dumps(json.loads(entries_of_base()[index]), sort_keys=True).encode()
    return {
        "E-LEDGER-STATEMENT.not-canonical": ("a statement with blanks", _put(index, spaced)),
        "E-LEDGER-STATEMENT.no-json": ("an entry that is no statement", _put(index, b"rubbish")),
        "E-LEDGER-STATEMENT.empty": ("a statement that says nothing", _put(index, b"{}")),
        "E-LEDGER-STATEMENT.no-kind": ("a kind that is none", _lying("record", kind="Record")),
        "E-LEDGER-STATEMENT.no-version": ("a version that is none", _lying("record", v="2")),
        "E-LEDGER-STATEMENT.earlier-version": ("a version that never was", _lying("record", v=1)),
        "E-LEDGER-STATEMENT.field-more": ("a field more", _lying("record", more=1)),
        "E-LEDGER-STATEMENT.date-impossible": ("a date that is none", _lying("record", date="2020-02-31T00:00:00Z")),
        "E-LEDGER-STATEMENT.path-out": ("a file name that leads out", _lying("record", file="../first.warc")),
    }


def _newer() -> _Cases:
    """No lies: statements of a newer program, which are no damage."""
    remark = encode({"kind": "remark", "v": 1, "about": "first.warc", "text": "as it was found"})
    return {
        "collection.other-kind": ("a kind of statement that came later", restated([*entries_of_base(), remark])),
        "collection.kind-of-record": ("a record stated as a later kind", _lying("record", "response", kind="capture")),
        "collection.later-record": ("a record stated in a later form", _lying("record", "response", v=3, more=[1])),
        "collection.later-import": ("a file sealed in a later form", _lying("import", v=3)),
    }


def _of_records() -> _Cases:
    entries = entries_of_base()
    page = str(json.loads(entries[_position("record", "response")])["record_id"])
    return {
        "E-LEDGER-RECORD.other-uri": ("another address", _lying("record", "response", uri="http://example.org/never")),
        "E-LEDGER-RECORD.other-date": ("another date", _lying("record", "response", date="2010-11-28T00:00:00Z")),
        "E-LEDGER-RECORD.other-status": ("another status", _lying("record", "response", status=404)),
        "E-LEDGER-RECORD.other-wholeness": ("a whole page called cut", _lying("record", "response", whole="cut")),
        "E-LEDGER-RECORD.other-type": ("another type", _lying("record", "request", type="metadata")),
        "E-LEDGER-RECORD.other-target": ("a revisit of another record", _lying("record", "revisit", refers_to=page)),
        "E-LEDGER-RECORD.other-block": (
            "another SHA-256 of a block",
            _lying("record", "response", block_sha256=_SHA256),
        ),
        "E-LEDGER-RECORD.other-payload": (
            "another SHA-256 of a payload",
            _lying("record", "response", payload_sha256=_SHA256),
        ),
        "E-LEDGER-RECORD.no-payload": ("no SHA-256 of a payload", _lying("record", "response", payload_sha256=None)),
        "E-WARC-RECORD.other-hash": ("another SHA-256", _lying("record", "response", record_sha256=_SHA256)),
        "E-WARC-ORDER.other-ordinal": ("another number in its file", _lying("record", "response", ordinal=3)),
        "E-WARC-LOST.other-id": ("another record id", _lying("record", "request", record_id="urn:uuid:1")),
    }


def _of_order() -> _Cases:
    entries = entries_of_base()
    record = _position("record", "response")
    swapped = [*entries[:record], *entries[record : record + 2][::-1], *entries[record + 2 :]]
    return {
        "E-WARC-LOST.statement-twice": ("a statement twice", restated([*entries[:record], *entries[record - 1 :]])),
        "E-WARC-NO-STATEMENT.removed": (
            "a statement left out",
            restated([*entries[: record + 2], *entries[record + 3 :]]),
        ),
        "E-CABLE-SOURCE.before-its-record": ("a cable before its record", restated(swapped)),
        "E-FORMAT-MARKER.no-founding": ("a ledger that does not begin with its founding", restated(entries[1:])),
        "E-LEDGER-STATEMENT.founded-twice": ("a second founding", restated([*entries, entries[0]])),
    }


def _of_files() -> _Cases:
    entries = entries_of_base()
    left = [entry for entry in entries if b'"later.warc.gz"' not in entry]
    return {
        "E-WARC-UNKNOWN.nothing-said": ("a file's statements left out", restated(left)),
        "E-WARC-HASH.other-hash": ("another SHA-256 of a file", _lying("import", sha256=_SHA256)),
        "E-WARC-SIZE.other-size": ("another size of a file", _lying("import", size=1)),
        "E-LEDGER-STATEMENT.other-count": ("another number of records in a file", _lying("import", records=1)),
        "E-WARC-MISSING.never-there": ("a file that was never there", _lying("import", file="never.warc")),
    }


def _of_cables() -> _Cases:
    return {
        "E-CABLE-TEXT.other-text": ("another text of a cable", _lying("cable", body_sha256=_SHA256)),
        "E-CABLE-TEXT.other-id": ("another id of a cable", _lying("cable", published_id="06OTHERPOST12")),
        "E-CABLE-TEXT.other-fields": ("other fields of a cable", _lying("cable", fields={})),
        "E-CABLE-SOURCE.never-held": ("a cable of a record that is not held", _lying("cable", record_id="urn:uuid:1")),
    }


def _revisit_of_nothing() -> Overlay:
    warcs = warc_files()
    again = later_pieces(Form.GZIP)
    again[1] = again[1].put(WARC_Refers_To="<urn:uuid:1>")
    warcs["later.warc.gz"] = pack(again, Form.GZIP)
    return Overlay(
        folder="bad/E-WARC-REVISIT.never-held.statement",
        why="a revisit of a record that is not held, in a file of our own",
        files=collection(warcs, whole_ledger(warcs, captured=["later.warc.gz"])),
        rebuild=True,
    )


def _revisits_elsewhere() -> Overlay:
    """What other crawlers write: an original in a file that is not here, and one that is named by its address."""
    warcs = warc_files()
    again = later_pieces(Form.GZIP)
    again[1] = again[1].put(WARC_Refers_To="<urn:uuid:1>")
    warcs["later.warc.gz"] = pack(again, Form.GZIP)
    plain = later_pieces(Form.PLAIN)
    plain[1] = plain[1].without("WARC-Refers-To")
    warcs["later.warc"] = pack(plain, Form.PLAIN)
    return Overlay(
        folder="good/imported-revisits-of-what-is-not-held.statement",
        why="imported revisits whose originals are not held",
        files=collection(warcs),
        rebuild=True,
    )
