"""Overlays with damage to the ledger: its bundles, tiles, journal and checkpoint."""

from collections.abc import Iterator

from msgspec.structs import replace

from preserve.formats.tlog import statements as canonical
from preserve.formats.tlog.files import TILE_WIDTH, format_bundle, format_checkpoint
from preserve.formats.tlog.signing import sign_note
from tools.corpus.collection import (
    SIGNER,
    STRANGER,
    Files,
    checkpoint,
    founding,
    signed,
)
from tools.corpus.overlay import (
    Overlay,
    base,
    edited,
    entries_of_base,
    flipped,
    journal,
    named,
    other_byte,
    path_of,
    without,
)

_CHECKPOINT, _JOURNAL = "ledger/checkpoint", "ledger/pending.jsonl"
_FULL = "ledger/tile/entries/000"


def overlays() -> Iterator[Overlay]:
    """All of them."""
    yield from _bundles()
    yield from _tiles()
    yield from _journal()
    yield from _checkpoints()


def _bundles() -> Iterator[Overlay]:
    last = path_of("ledger/tile/entries/001.p/")
    entries = entries_of_base()[TILE_WIDTH:]
    full = base()[_FULL]
    changed = [entries[0].replace(b"2020-01-01", b"2010-11-28"), *entries[1:]]
    swapped = [*entries[:2][::-1], *entries[2:]]
    empty = edited(last, b"")
    yield from named(
        "bad/",
        "bundle",
        {
            "E-LEDGER-ROOT.date-changed": ("a date in a statement changed", edited(last, format_bundle(changed))),
            "E-LEDGER-ROOT.order-changed": ("two statements exchanged", edited(last, format_bundle(swapped))),
            "E-LEDGER-ROOT.full-bundle-changed": (
                "a digit in the first bundle changed",
                edited(_FULL, full.replace(b"n7.", b"n8.")),
            ),
            "E-LEDGER-MISSING.statement-removed": ("a statement removed", edited(last, format_bundle(entries[1:]))),
            "E-LEDGER-MISSING.statement-added": (
                "a statement added",
                edited(last, format_bundle([*entries, entries[0]])),
            ),
            "E-LEDGER-MISSING.length-changed": ("the length of an entry changed", flipped(last, 1)),
            "E-LEDGER-MISSING.cut": ("a bundle cut", edited(last, base()[last][:-9])),
            "E-LEDGER-MISSING.emptied": ("no byte left", empty),
            "E-LEDGER-MISSING.deleted": ("a bundle deleted", without(last)),
            "E-LEDGER-MISSING.full-bundle-deleted": ("the first bundle deleted", without(_FULL)),
            "E-LEDGER-STATEMENT.rubbish": (
                "a statement that is no JSON",
                edited(last, format_bundle([b"rubbish", *entries[1:]])),
            ),
        },
    )


def _tiles() -> Iterator[Overlay]:
    full, last, top = "ledger/tile/0/000", path_of("ledger/tile/0/001.p/"), path_of("ledger/tile/1/")
    yield from named(
        "bad/E-LEDGER-TILE.",
        "tile",
        {
            "changed": ("a bit of a full tile changed", flipped(full, 700)),
            "partial-changed": ("a bit of a partial tile changed", flipped(last, 5)),
            "top-changed": ("a bit of the tile of level 1 changed", flipped(top, -1)),
            "deleted": ("a full tile deleted", without(full)),
            "partial-deleted": ("a partial tile deleted", without(last)),
            "top-deleted": ("the tile of level 1 deleted", without(top)),
            "cut": ("a full tile cut", edited(full, base()[full][:-1])),
            "longer": ("a full tile longer by a hash", edited(full, base()[full] + bytes(32))),
            "emptied": ("no byte left", edited(last, b"")),
        },
    )


def _remark(about: str) -> bytes:
    """A statement of a kind that came later."""
    return canonical.encode({"kind": "remark", "v": 1, "about": about})


def _journal() -> Iterator[Overlay]:
    cut = founding().entries[1]
    whole = journal(cut)
    start, line, commit = whole.splitlines(keepends=True)
    yield from named(
        "bad/",
        "journal",
        {
            "E-LEDGER-JOURNAL.plain-line": (
                "a statement that nothing proves",
                edited(_JOURNAL, whole + b'{"index":%d,"statement":%s}\n' % (len(entries_of_base()) + 1, cut)),
            ),
            "E-LEDGER-JOURNAL.first-line": (
                "a statement that nothing proves, and nothing else",
                edited(_JOURNAL, b'{"index":%d,"statement":%s}\n' % (len(entries_of_base()), cut)),
            ),
            "E-LEDGER-JOURNAL.other-secret": ("by another secret", edited(_JOURNAL, journal(cut, secret=bytes(32)))),
            "E-LEDGER-JOURNAL.line-twice": ("a line stands twice", edited(_JOURNAL, start + line + line + commit)),
            "E-LEDGER-JOURNAL.line-out": ("a line is left out", edited(_JOURNAL, start + commit)),
            "E-LEDGER-JOURNAL.begun-twice": ("another journal behind it", edited(_JOURNAL, whole + whole)),
            "E-LEDGER-JOURNAL.rubbish": ("a line that is no statement", edited(_JOURNAL, whole + b"rubbish\n")),
            "E-LEDGER-STATEMENT.not-canonical": (
                "a statement with a blank",
                edited(_JOURNAL, journal(cut.replace(b",", b", "))),
            ),
            "E-WARC-UNKNOWN.named-by-no-signed-statement": (
                "a file that nobody stated, named by what a newer program may have stated, under no checkpoint",
                edited(_JOURNAL, journal(_remark("stray.warc"))) | {"archive/stray.warc": b"WARC/1.1"},
            ),
            "E-LEDGER-STATEMENT.no-kind": (
                "a kind that is none",
                edited(_JOURNAL, journal(cut.replace(b'"kind":"cut"', b'"kind":"C U"'))),
            ),
        },
    )
    yield from named(
        "warn/",
        "journal",
        {
            "W-LEDGER-PENDING.statement": ("a statement under no checkpoint", edited(_JOURNAL, whole)),
            "W-LEDGER-PENDING.newer-kind": (
                "a statement of a newer program, under no checkpoint",
                edited(_JOURNAL, journal(cut.replace(b'"kind":"cut"', b'"kind":"cup"'))),
            ),
            "W-LEDGER-TORN.line": ("a group without its end", edited(_JOURNAL, whole[:-20])),
            "W-LEDGER-TORN.line-behind-another": ("a line without its end", edited(_JOURNAL, whole + whole[:9])),
            "W-LEDGER-JOURNAL.no-secret": ("a journal, read without its secret", edited(_JOURNAL, whole)),
        },
    )


def _checkpoints() -> Iterator[Overlay]:
    entries = entries_of_base()
    held = base()[_CHECKPOINT]
    true = checkpoint(entries)

    def of(**changed: object) -> Files:
        text = format_checkpoint(replace(true, **changed))
        return edited(_CHECKPOINT, sign_note(text, [SIGNER]))

    size = str(len(entries)).encode()
    rolled_back = signed(founding().entries)
    yield from named(
        "bad/",
        "checkpoint",
        {
            "E-LEDGER-MISSING.deleted": ("no checkpoint", without(_CHECKPOINT)),
            "E-LEDGER-SIGNATURE.emptied": ("no byte left", edited(_CHECKPOINT, b"")),
            "E-LEDGER-SIGNATURE.rubbish": ("no signed note", edited(_CHECKPOINT, b"rubbish\n")),
            "E-LEDGER-SIGNATURE.cut": ("cut in the signature", edited(_CHECKPOINT, held[:-9])),
            "E-LEDGER-SIGNATURE.not-signed": ("no signature", edited(_CHECKPOINT, held[: held.index(b"\n\n") + 2])),
            "E-LEDGER-SIGNATURE.signature-changed": (
                "a byte of the signature changed",
                edited(_CHECKPOINT, other_byte(held, -9)),
            ),
            "E-LEDGER-SIGNATURE.root-changed": (
                "the root changed",
                edited(_CHECKPOINT, other_byte(held, held.index(size) + 10)),
            ),
            "E-LEDGER-SIGNATURE.size-changed": (
                "the size changed",
                edited(_CHECKPOINT, held.replace(b"\n" + size, b"\n281")),
            ),
            "E-LEDGER-SIGNATURE.other-key": ("signed with another key", edited(_CHECKPOINT, signed(entries, STRANGER))),
            "E-LEDGER-SIGNATURE.other-origin": (
                "another origin, signed with the log's key",
                of(origin="preserve/other/00000000"),
            ),
            "E-LEDGER-ROOT.other-root": ("another root, signed with the log's key", of(root=bytes(32))),
            "E-LEDGER-SIZE.greater": ("a greater size, signed with the log's key", of(size=true.size + 1)),
            "E-LEDGER-SIZE.one-bundle-more": (
                "a size of one bundle more, signed with the log's key",
                of(size=true.size + TILE_WIDTH),
            ),
            "E-LEDGER-ROOT.smaller": ("a smaller size, signed with the log's key", of(size=true.size - 1)),
            "E-WARC-UNKNOWN.rolled-back": ("an earlier checkpoint in its place", edited(_CHECKPOINT, rolled_back)),
        },
    )
