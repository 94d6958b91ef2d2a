"""Overlays with damage to the WARC files, the marker, the key, the index and the catalogue."""

import gzip
from collections.abc import Iterator
from dataclasses import replace

from preserve.formats.warc.record import compress_member
from tools.corpus.collection import NAME, ORIGIN, SIGNER, STRANGER
from tools.corpus.kinds import KINDS, chosen, in_page, on_page
from tools.corpus.overlay import Overlay, base, edited, flipped, path_of, without
from tools.corpus.warcs import Form, digested, first_pieces, pack, packed

_PLAIN, _GZIP = Form.PLAIN, Form.GZIP
_FIRST, _LATER = "archive/first", "archive/later"
_INDEX = "indexes/index.cdx"


def overlays() -> Iterator[Overlay]:
    """All of them."""
    yield from _kinds()
    yield from _records()
    yield from _archive()
    yield from _compression()
    yield from _marker_and_key()
    yield from _derived()


def _kinds() -> Iterator[Overlay]:
    for kind in KINDS:
        for form, code in kind.codes.items():
            name = f"archive/{kind.stem}{form.suffix}"
            yield Overlay(
                folder=f"bad/{code}.{kind.slug}.{form}",
                why=kind.words,
                files=edited(name, kind.make(form)),
                kind=kind.number,
                damaged=name,
            )


def _records() -> Iterator[Overlay]:
    makers = {
        "E-WARC-RECORD.version-changed": on_page(lambda p: replace(p, version="WARC/1.0")),
        "E-WARC-RECORD.type-changed": on_page(lambda p: p.put(WARC_Type="resource")),
        "E-WARC-RECORD.field-added": on_page(lambda p: p.put(WARC_Identified_Payload_Type="text/plain")),
        "E-WARC-RECORD.field-removed": on_page(lambda p: p.without("Content-Type")),
        "E-WARC-RECORD.field-in-other-case": in_page(b"WARC-Date", b"WARC-DATE"),
        "E-WARC-RECORD.status-changed": on_page(
            lambda p: digested(p.with_block(p.block.replace(b"200 OK", b"404 OK")))
        ),
        "E-WARC-HEADER.date-removed": on_page(lambda p: p.without("WARC-Date")),
        "E-WARC-HEADER.type-removed": on_page(lambda p: p.without("WARC-Type")),
        "E-WARC-RECORD.date-impossible": on_page(lambda p: p.put(WARC_Date="2020-02-31T00:00:00Z")),
        "E-WARC-HEADER.field-without-colon": in_page(b"WARC-Date:", b"WARC-Date;"),
        "E-WARC-NO-STATEMENT.record-added": lambda form: pack(
            [*first_pieces(form), digested(first_pieces(form)[3].put(WARC_Record_ID="<urn:uuid:1>"))], form
        ),
        "E-WARC-LOST.first-record-removed": chosen(1, 2, 3, 4, 5, 6),
        "E-WARC-LOST.last-record-removed": chosen(0, 1, 2, 3, 4, 5),
        "E-WARC-LOST.id-changed": on_page(lambda p: p.put(WARC_Record_ID="<urn:uuid:1>")),
        "E-WARC-ORDER.two-exchanged": chosen(0, 1, 2, 5, 4, 3, 6),
    }
    for name, make in makers.items():
        for form in Form:
            why = name.partition(".")[2].replace("-", " ")
            yield Overlay(folder=f"bad/{name}.{form}", why=why, files=edited(f"{_FIRST}{form.suffix}", make(form)))


def _archive() -> Iterator[Overlay]:
    whole = base()
    for form in Form:
        first, later = f"{_FIRST}{form.suffix}", f"{_LATER}{form.suffix}"
        yield Overlay(folder=f"bad/E-WARC-MISSING.deleted.{form}", why="a file deleted", files=without(first))
        moved = without(first) | {f"archive/renamed{form.suffix}": whole[first]}
        yield Overlay(folder=f"bad/E-WARC-UNKNOWN.renamed.{form}", why="a file under another name", files=moved)
        swapped = whole | {first: whole[later], later: whole[first]}
        yield Overlay(
            folder=f"bad/E-WARC-LOST.exchanged.{form}", why="two files under each other's name", files=swapped
        )
        copied = edited(f"archive/copy{form.suffix}", whole[first])
        yield Overlay(folder=f"bad/E-WARC-UNKNOWN.copy.{form}", why="a file twice, under two names", files=copied)
        joined = edited(first, whole[first] + whole[later])
        yield Overlay(folder=f"bad/E-WARC-NO-STATEMENT.joined.{form}", why="two files joined to one", files=joined)
        left = edited(f"archive/new{form.suffix}.open", pack(first_pieces(form)[:2], form))
        yield Overlay(folder=f"warn/W-WARC-OPEN.capture.{form}", why="a file that a capture did not end", files=left)
        half = edited(f"archive/new{form.suffix}.importing", pack(first_pieces(form)[:2], form))
        yield Overlay(folder=f"warn/W-WARC-OPEN.import.{form}", why="a file that an import did not end", files=half)
    stranger = edited("archive/notes.txt", b"no WARC file\n")
    below = edited(f"archive/below/first{_PLAIN.suffix}", whole[f"{_FIRST}{_PLAIN.suffix}"])
    yield Overlay(folder="bad/E-WARC-UNKNOWN.folder.plain", why="a folder among the files", files=below)
    yield Overlay(folder="bad/E-WARC-UNKNOWN.text.plain", why="a file that is no WARC file", files=stranger)


def _compression() -> Iterator[Overlay]:
    name = f"{_FIRST}{_GZIP.suffix}"
    data, raws = base()[name], [piece.raw for piece in first_pieces(_GZIP)]
    two = compress_member(raws[0] + raws[1]) + packed(raws[2:], _GZIP)
    stored = b"".join(gzip.compress(raw, 0, mtime=0) for raw in raws)
    cases = {
        "E-WARC-HASH.compressed-anew": ("the same records, not compressed in gzip's own way", stored),
        "E-WARC-HASH.gzip-time-set": ("a time in the head of a gzip member", data[:4] + b"\x01" + data[5:]),
        "E-WARC-HASH.two-records-in-a-member": ("two records in one gzip member", two),
        "E-WARC-SIZE.empty-member": ("an empty gzip member at the end", data + compress_member(b"")),
        "E-WARC-HASH.uncompressed": ("no longer compressed, and named as if it were", packed(raws, _PLAIN)),
        "E-WARC-GZIP.magic-changed": ("the first byte of the file changed", b"\x00" + data[1:]),
        "E-WARC-GZIP.first-byte-missing": ("the first byte of the file missing", data[1:]),
    }
    for folder, (why, changed) in cases.items():
        yield Overlay(folder=f"bad/{folder}.gzip", why=why, files=edited(name, changed))
    plain = f"{_FIRST}{_PLAIN.suffix}"
    lines = base()[plain].replace(b"\r\n", b"\n")
    yield Overlay(folder="bad/E-WARC-LENGTH.line-ends-changed.plain", why="LF for CR LF", files=edited(plain, lines))
    more = base()[plain] + b"\r\n"
    yield Overlay(folder="bad/E-WARC-SIZE.line-end-more.plain", why="a line end more", files=edited(plain, more))


def _marker_and_key() -> Iterator[Overlay]:
    marker, key = "preserve.json", "ledger/log.vkey"
    held = base()[marker]
    cases = {
        "rubbish": ("no JSON", b"rubbish"),
        "emptied": ("no byte left", b""),
        "other-collection": ("another collection", held.replace(f'"{NAME}"'.encode(), b'"other"')),
        "other-origin": ("another origin", held.replace(ORIGIN.encode(), ORIGIN.replace("03", "04").encode())),
        "older-format": ("another format", held.replace(b'"format": 2', b'"format": 1')),
        "blank-more": ("a blank more", held + b" "),
        "field-more": ("a field more", held.replace(b'"format"', b'"more": 1, "format"')),
    }
    for name, (why, data) in cases.items():
        yield Overlay(folder=f"bad/E-FORMAT-MARKER.{name}.marker", why=why, files=edited(marker, data))
    yield Overlay(
        folder="warn/W-FORMAT-LINK.elsewhere.file",
        why="a sealed file lies elsewhere",
        files=base(),
        links=(path_of("archive/"),),
    )
    yield Overlay(
        folder="warn/W-FORMAT-NO-FILE.receipt.pipe",
        why="a pipe where a stamped checkpoint may be",
        files=base(),
        pipes=("receipts/1.checkpoint",),
    )
    yield Overlay(folder="bad/E-FORMAT-MARKER.deleted.marker", why="no marker", files=without(marker))
    keys = {
        "rubbish": ("no key", b"rubbish\n"),
        "emptied": ("no byte left", b""),
        "blank-more": ("a blank more", SIGNER.vkey.encode() + b" \n"),
        "two-lines": ("two keys", f"{SIGNER.vkey}\n{STRANGER.vkey}\n".encode()),
    }
    for name, (why, data) in keys.items():
        yield Overlay(folder=f"bad/E-LEDGER-KEY.{name}.key", why=why, files=edited(key, data))
    yield Overlay(folder="bad/E-LEDGER-KEY.deleted.key", why="no key", files=without(key))
    yield Overlay(folder="bad/E-LEDGER-KEY.bit-changed.key", why="a bit changed", files=flipped(key, -4))
    other = edited(key, f"{STRANGER.vkey}\n".encode())
    yield Overlay(folder="bad/E-LEDGER-SIGNATURE.other-key.key", why="another key under the log's name", files=other)


def _derived() -> Iterator[Overlay]:
    index = base()[_INDEX]
    lines = index.splitlines(keepends=True)
    cases = {
        "status-changed": ("a status changed", index.replace(b'"200"', b'"404"', 1)),
        "digest-changed": ("a digest changed", index.replace(b"sha256:", b"sha256:0", 1)),
        "offset-changed": ("an offset changed", index.replace(b'"offset": "', b'"offset": "1', 1)),
        "time-changed": ("a time changed", index.replace(b"20200101", b"20190101")),
        "line-removed": ("a line removed", b"".join(lines[1:])),
        "line-twice": ("a line twice", lines[0] + index),
        "line-added": ("a line added", index + lines[-1].replace(b"org,", b"ort,")),
        "order-changed": ("lines in another order", b"".join(reversed(lines))),
        "cut": ("cut in a line", index[:-9]),
        "last-line-end-missing": ("the last line end missing", index[:-1]),
        "emptied": ("no byte left", b""),
        "blank-line": ("an empty line", b"\n" + index),
    }
    for name, (why, data) in cases.items():
        assert data != index, name
        yield Overlay(folder=f"bad/E-INDEX.{name}.index", why=why, files=edited(_INDEX, data))
    yield Overlay(folder="bad/E-INDEX.deleted.index", why="no index", files=without(_INDEX))
    # Statement 257 is that of the first reply.
    sqls = {
        "uri-changed": "UPDATE records SET uri = 'http://example.org/never' WHERE statement = 257",
        "date-changed": "UPDATE records SET date = '2010-11-28T00:00:00Z' WHERE statement = 257",
        "status-changed": "UPDATE records SET status = 404 WHERE statement = 257",
        "place-changed": "UPDATE records SET offset = offset + 1 WHERE statement = 257",
        "digest-changed": "UPDATE records SET payload_sha256 = '' WHERE statement = 257",
        "run-changed": "UPDATE records SET run = 'another' WHERE statement = 257",
        "record-removed": "DELETE FROM records WHERE statement = 257",
        "records-emptied": "DELETE FROM records",
        "record-moved": "UPDATE records SET statement = 9999 WHERE statement = 257",
        "cable-changed": "UPDATE cables SET published_id = '06OTHERPOST12'",
        "cable-removed": "DELETE FROM cables",
        "size-changed": "UPDATE meta SET value = 256 WHERE name = 'ledger_size'",
        "table-dropped": "DROP TABLE cables",
    }
    for name, sql in sqls.items():
        folder = f"bad/E-CATALOGUE.{name}.catalogue"
        yield Overlay(folder=folder, why=name.replace("-", " "), files=base(), sql=(sql,))
    rubbish = edited("state/catalogue.sqlite", b"no database" * 100)
    yield Overlay(folder="bad/E-CATALOGUE.rubbish.catalogue", why="no database", files=rubbish)
