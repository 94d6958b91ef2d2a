"""Overlays that concern who vouches for the ledger: keys, witnesses, receipts; and the sound ones."""

from collections.abc import Iterator

from preserve.formats.tlog import statements as canonical
from preserve.formats.tlog.files import TILE_WIDTH, format_checkpoint
from preserve.formats.tlog.signing import sign_note
from preserve.provenance.statements import encode
from tools.corpus.collection import (
    NEXT_SIGNER,
    ORIGIN,
    SIGNER,
    STRANGER,
    WITNESS,
    Files,
    change_of_key,
    checkpoint,
    collection,
    founding,
    signed,
    warc_files,
    witnessed,
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
    restated,
    without,
)

_CHECKPOINT, _JOURNAL = "ledger/checkpoint", "ledger/pending.jsonl"
_REQUEST = f"receipts/{TILE_WIDTH}.one.tsq"
_KEPT, _REPLY = f"receipts/{TILE_WIDTH}.checkpoint", f"receipts/{TILE_WIDTH}.one.tsr"


def overlays() -> Iterator[Overlay]:
    """All of them."""
    yield from _keys()
    yield from _receipts()
    yield from _sound()


def _key_changed(entry: bytes) -> Files:
    entries = [*entries_of_base(), entry]
    note = signed(entries, SIGNER, NEXT_SIGNER)
    files = restated(entries) | {_CHECKPOINT: note, f"receipts/{len(entries)}.checkpoint": note}
    return files | {"ledger/log.vkey": f"{NEXT_SIGNER.vkey}\n".encode()}


def _keys() -> Iterator[Overlay]:
    entries = entries_of_base()
    yield Overlay(
        folder="bad/E-LEDGER-CHANGE.of-another-key.key",
        why="a change from a key that was never the log's",
        files=_key_changed(encode(change_of_key(STRANGER, NEXT_SIGNER))),
    )
    stolen = edited(_CHECKPOINT, signed(entries, STRANGER)) | {"ledger/log.vkey": f"{STRANGER.vkey}\n".encode()}
    yield Overlay(
        folder="bad/E-LEDGER-KEY.not-the-ledgers.key",
        why="signed with a key that lies beside it, and is not the one that the ledger names",
        files=stolen,
    )
    yield Overlay(
        folder="bad/E-LEDGER-TRUST.another-is-trusted.key",
        why="the reader trusts another key for this log",
        files=base(),
        trust=("trust/another.vkey",),
    )
    note = base()[_CHECKPOINT]
    yield Overlay(
        folder="bad/E-LEDGER-WITNESS.signature-changed.key",
        why="the signature of a witness whom the reader trusts does not fit",
        files=edited(_CHECKPOINT, witnessed(note, good=False)),
        trust=("trust/log.vkey", "trust/witness.vkey"),
    )


def _receipts() -> Iterator[Overlay]:
    whole = base()
    reply, kept = whole[_REPLY], whole[_KEPT]
    other = sign_note(format_checkpoint(checkpoint(entries_of_base()[:255])), [SIGNER])
    imprint = reply.replace(b"\x04\x20", b"\x04\x20\x00", 1)
    yield from named(
        "bad/",
        "receipt",
        {
            "E-RECEIPT-BAD.emptied": ("no byte left", edited(_REPLY, b"")),
            "E-RECEIPT-BAD.rubbish": ("no reply", edited(_REPLY, b"rubbish")),
            "E-RECEIPT-BAD.cut": ("a reply cut", edited(_REPLY, reply[:-9])),
            "E-RECEIPT-BAD.imprint-changed": ("a reply for other bytes", edited(_REPLY, imprint[: len(reply)])),
            "E-RECEIPT-BAD.checkpoint-changed": (
                "the stamped checkpoint changed",
                edited(_KEPT, other_byte(kept, -9)),
            ),
            "E-RECEIPT-BAD.checkpoint-deleted": ("the stamped checkpoint deleted", without(_KEPT)),
            "E-RECEIPT-BAD.of-another-checkpoint": ("another checkpoint in its place", edited(_KEPT, other)),
        },
    )
    request = whole[_REQUEST]
    yield from named(
        "bad/E-RECEIPT-BAD.",
        "request",
        {
            "deleted": ("a request deleted", without(_REQUEST)),
            "emptied": ("no byte left", edited(_REQUEST, b"")),
            "digest-changed": ("a request for other bytes", flipped(_REQUEST, len(request) // 2)),
            "nonce-changed": ("a request with another nonce", flipped(_REQUEST, -5)),
        },
    )
    earlier = founding().entries
    earlier[7] = earlier[7].replace(b'"cut_bytes":7', b'"cut_bytes":8')
    renamed = without(_KEPT, _REPLY, _REQUEST) | {
        "receipts/255.one.tsq": request,
        "receipts/255.checkpoint": kept,
        "receipts/255.one.tsr": reply,
    }
    yield from named(
        "bad/E-RECEIPT-ROOT.",
        "receipt",
        {
            "history-changed": (
                "a statement changed after the stamp",
                restated([*earlier, *entries_of_base()[TILE_WIDTH:]]),
            ),
            "other-size": ("a receipt under another size", renamed),
        },
    )
    failed = edited("receipts/282.two.failed", b"no answer\n")
    yield Overlay(folder="warn/W-RECEIPT-FAILED.no-answer.receipt", why="an authority gave none", files=failed)
    trust = ("inputs/other-root.pem",)
    why = "the reader does not trust the authority's root"
    yield Overlay(folder="warn/W-RECEIPT-CHAIN.other-root.receipt", why=why, files=base(), trust=trust)
    late = reply[:-9] + bytes([reply[-9] ^ 1]) + reply[-8:]
    yield Overlay(
        folder="warn/W-RECEIPT-CHAIN.signature-changed.receipt",
        why="a byte of the reply's signature changed",
        files=edited(_REPLY, late),
        trust=("inputs/root.pem",),
    )


def _sound() -> Iterator[Overlay]:
    whole = base()
    size, cut = len(entries_of_base()), entries_of_base()[-1]
    yield Overlay(folder="good/collection.untouched", why="the base itself", files=whole)
    trust = ("trust/log.vkey", "trust/witness.vkey", "inputs/root.pem")
    noted = edited(_CHECKPOINT, witnessed(whole[_CHECKPOINT]))
    yield Overlay(folder="good/collection.trusted", why="key, witness and authority trusted", files=noted, trust=trust)
    changed = _key_changed(encode(change_of_key(SIGNER, NEXT_SIGNER)))
    yield Overlay(
        folder="good/collection.key-changed",
        why="a change of key, both keys known by the first",
        files=changed,
        trust=("trust/log.vkey",),
        rebuild=True,
    )
    yield Overlay(folder="good/collection.no-journal", why="no journal is an empty one", files=without(_JOURNAL))
    kept = edited(_JOURNAL, journal(cut, size=size - 1))
    yield Overlay(folder="good/collection.journal-kept", why="a journal not yet emptied", files=kept)
    change = {"kind": "key", "v": 3, "from": SIGNER.vkey, "to": NEXT_SIGNER.vkey}
    yield Overlay(
        folder="good/collection.newer-change-of-key",
        why="a change of key, stated by a newer program",
        files=_key_changed(canonical.encode(change)),
    )
    yield Overlay(
        folder="bad/E-LEDGER-KEY.newer-change-not-signed.key",
        why="a change of key as a newer program may state one, and the old key has not signed it",
        files=restated([*entries_of_base(), canonical.encode(change)], NEXT_SIGNER)
        | {"ledger/log.vkey": f"{NEXT_SIGNER.vkey}\n".encode()},
    )
    warcs = warc_files()
    warcs["torn.warc.gz"] = warcs["later.warc.gz"][:-4]
    del warcs["later.warc.gz"]
    why = "a file that was taken in damaged, and is as it was"
    yield Overlay(folder="good/collection.damaged-at-import", why=why, files=collection(warcs), rebuild=True)


def trust_files() -> Iterator[tuple[str, bytes]]:
    """The keys that readers of these vectors trust."""
    for name, signer in (("log", SIGNER), ("another", STRANGER), ("witness", WITNESS)):
        yield f"trust/{name}.vkey", f"# a key of the test vectors under {ORIGIN}\n{signer.vkey}\n".encode()
