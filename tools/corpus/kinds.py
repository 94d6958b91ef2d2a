"""The kinds of damage to a WARC file that no two checkers see alike, each in a plain and in a compressed file.

Every one is done to ``first`` (seven records) or ``later`` (a revisit) of the collection. The code is what verification
against the ledger must find; where it depends on the form, there are two.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from preserve.formats.warc.record import compress_member
from tools.corpus.warcs import (
    Form,
    Piece,
    digested,
    first_pieces,
    later_pieces,
    pack,
    packed,
    reply,
    request,
    response,
    warcinfo,
)

Maker = Callable[[Form], bytes]
_PAGE = 3
"""The second reply among the records."""
_BOTH = (Form.PLAIN, Form.GZIP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of damage. ``codes``: by form; a form that is not in it has no such damage."""

    number: str
    slug: str
    words: str
    codes: dict[Form, str]
    make: Maker
    stem: str = "first"


def _all(code: str) -> dict[Form, str]:
    return dict.fromkeys(_BOTH, code)


def _by_form(plain: str, gzip: str) -> dict[Form, str]:
    return {Form.PLAIN: plain, Form.GZIP: gzip}


def on_page(change: Callable[[Piece], Piece]) -> Maker:
    """Changes the second reply and leaves all else."""

    def make(form: Form) -> bytes:
        pieces = first_pieces(form)
        pieces[_PAGE] = change(pieces[_PAGE])
        return pack(pieces, form)

    return make


def in_page(old: bytes, new: bytes) -> Maker:
    """Puts other bytes into the second reply, once, and leaves all else."""

    def make(form: Form) -> bytes:
        raws = [piece.raw for piece in first_pieces(form)]
        raws[_PAGE] = raws[_PAGE].replace(old, new, 1)
        return packed(raws, form)

    return make


def chosen(*order: int) -> Maker:
    """Records of the file, by number, in this order."""
    return lambda form: pack([first_pieces(form)[number] for number in order], form)


def on_revisit(change: Callable[[Piece], Piece]) -> Maker:
    """Changes the revisit and leaves all else."""

    def make(form: Form) -> bytes:
        pieces = later_pieces(form)
        pieces[1] = change(pieces[1])
        return pack(pieces, form)

    return make


def _changed(piece: Piece) -> Piece:
    return piece.with_block(piece.block.replace(b"little", b"a lot."))


def _longer(piece: Piece) -> Piece:
    return replace(piece, length=len(piece.block) + 5)


def _whole(form: Form) -> bytes:
    return pack(first_pieces(form), form)


def _offset(form: Form, number: int) -> int:
    return len(pack(first_pieces(form)[:number], form))


def _cut_in_last_header(form: Form) -> bytes:
    data, start = _whole(form), _offset(form, 6)
    return data[: (start + len(data)) // 2]


def _cut_in_body(form: Form) -> bytes:
    start, end = _offset(form, 5), _offset(form, 6)
    return _whole(form)[: end - (end - start) // 8]


def _zero_tail(form: Form) -> bytes:
    return _whole(form)[:-120] + b"\x00" * 120


def _another(form: Form) -> bytes:
    uri = "http://example.org/three"
    return pack([warcinfo(300), response(301, uri, reply(b"<p>Elsewhere.</p>")), request(302, uri, 301)], form)


def _crc(form: Form) -> bytes:
    return _flipped(_whole(form), _offset(form, _PAGE + 1) - 8)


def _deflate(form: Form) -> bytes:
    return _flipped(_whole(form), (_offset(form, _PAGE) + _offset(form, _PAGE + 1)) // 2)


def _flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 0x10]) + data[position + 1 :]


_NO_DIGESTS = ("WARC-Block-Digest", "WARC-Payload-Digest")
KINDS = (
    Kind(
        number="1",
        slug="payload-changed",
        words="a byte of a payload changed",
        codes=_all("E-WARC-PAYLOAD-DIGEST"),
        make=on_page(_changed),
    ),
    Kind(
        number="2",
        slug="payload-changed-digests-made-anew",
        words="a payload changed, both digests made anew",
        codes=_all("E-WARC-RECORD"),
        make=on_page(lambda p: digested(_changed(p))),
    ),
    Kind(
        number="3",
        slug="payload-changed-digests-removed",
        words="a payload changed, both digests removed",
        codes=_all("E-WARC-RECORD"),
        make=on_page(lambda p: _changed(p).without(*_NO_DIGESTS)),
    ),
    Kind(
        number="4",
        slug="exchange-removed",
        words="a response and its request removed",
        codes=_all("E-WARC-LOST"),
        make=chosen(0, 1, 2, 5, 6),
    ),
    Kind(
        number="5",
        slug="response-removed",
        words="a response removed; its request still names it",
        codes=_all("E-WARC-LOST"),
        make=chosen(0, 1, 2, 4, 5, 6),
    ),
    Kind(
        number="6",
        slug="reordered",
        words="records in another order",
        codes=_all("E-WARC-ORDER"),
        make=chosen(0, 3, 4, 1, 2, 5, 6),
    ),
    Kind(
        number="7",
        slug="record-twice",
        words="a record twice",
        codes=_all("E-WARC-NO-STATEMENT"),
        make=chosen(0, 1, 2, 3, 3, 4, 5, 6),
    ),
    Kind(
        number="8",
        slug="cut-between-records",
        words="cut between two records",
        codes=_all("E-WARC-LOST"),
        make=chosen(0, 1, 2, 3, 4),
    ),
    Kind(
        number="9",
        slug="cut-in-last-block",
        words="cut in the block of the last record",
        codes=_by_form("E-WARC-LENGTH", "E-WARC-GZIP"),
        make=lambda form: _whole(form)[:-12],
    ),
    Kind(
        number="9b",
        slug="cut-in-last-header",
        words="cut in the header of the last record",
        codes=_by_form("E-WARC-HEADER", "E-WARC-GZIP"),
        make=_cut_in_last_header,
    ),
    Kind(
        number="10",
        slug="cut-in-body",
        words="cut in the body of a response",
        codes=_by_form("E-WARC-LENGTH", "E-WARC-GZIP"),
        make=_cut_in_body,
    ),
    Kind(
        number="11",
        slug="date-changed",
        words="WARC-Date changed",
        codes=_all("E-WARC-RECORD"),
        make=on_page(lambda p: p.put(WARC_Date="2010-11-28T00:00:00Z")),
    ),
    Kind(
        number="11b",
        slug="truncated-added",
        words="WARC-Truncated added: a whole page called cut",
        codes=_all("E-WARC-RECORD"),
        make=on_page(lambda p: p.put(WARC_Truncated="disconnect")),
    ),
    Kind(
        number="12",
        slug="uri-changed",
        words="WARC-Target-URI changed",
        codes=_all("E-WARC-RECORD"),
        make=on_page(lambda p: p.put(WARC_Target_URI="http://example.org/three")),
    ),
    Kind(
        number="13",
        slug="http-header-changed",
        words="a field of the HTTP head changed",
        codes=_all("E-WARC-BLOCK-DIGEST"),
        make=on_page(lambda p: p.with_block(p.block.replace(b"utf-8", b"utf-9"))),
    ),
    Kind(
        number="14",
        slug="garbage-appended",
        words="garbage appended",
        codes=_by_form("E-WARC-HEADER", "E-WARC-GZIP"),
        make=lambda form: _whole(form) + b"garbage " * 8,
    ),
    Kind(number="15", slug="emptied", words="no byte left", codes=_all("E-WARC-LOST"), make=lambda _form: b""),
    Kind(
        number="16",
        slug="revisit-digest-changed",
        words="a revisit with another payload digest",
        codes=_all("E-WARC-RECORD"),
        make=on_revisit(lambda p: digested(p, payload=b"another")),
        stem="later",
    ),
    Kind(
        number="17",
        slug="revisit-of-another-uri",
        words="a revisit that names an address that was never captured",
        codes=_all("E-WARC-RECORD"),
        make=on_revisit(lambda p: p.put(WARC_Refers_To_Target_URI="http://example.org/never")),
        stem="later",
    ),
    Kind(
        number="18",
        slug="digest-of-unknown-algorithm",
        words="a digest with the label of an unknown algorithm",
        codes=_all("E-WARC-RECORD"),
        make=on_page(lambda p: p.put(WARC_Block_Digest="unknown:abc")),
    ),
    Kind(
        number="19",
        slug="record-id-removed",
        words="WARC-Record-ID removed",
        codes=_all("E-WARC-HEADER"),
        make=on_page(lambda p: p.without("WARC-Record-ID")),
    ),
    Kind(
        number="20",
        slug="tail-zeroed",
        words="the last bytes are zeros",
        codes=_by_form("E-WARC-HEADER", "E-WARC-GZIP"),
        make=_zero_tail,
    ),
    Kind(
        number="20b",
        slug="zeros-appended",
        words="zeros appended",
        codes=_by_form("E-WARC-HEADER", "E-WARC-GZIP"),
        make=lambda form: _whole(form) + b"\x00" * 512,
    ),
    Kind(
        number="21",
        slug="another-file",
        words="another sound WARC file in its place",
        codes=_all("E-WARC-LOST"),
        make=_another,
    ),
    Kind(
        number="22",
        slug="crc-changed",
        words="the CRC of a gzip member changed",
        codes={Form.GZIP: "E-WARC-GZIP"},
        make=_crc,
    ),
    Kind(
        number="23",
        slug="deflate-changed",
        words="compressed data changed",
        codes={Form.GZIP: "E-WARC-GZIP"},
        make=_deflate,
    ),
    Kind(
        number="24",
        slug="one-member",
        words="one gzip member for the whole file",
        codes={Form.GZIP: "E-WARC-HASH"},
        make=lambda _form: compress_member(packed([p.raw for p in first_pieces(Form.GZIP)], Form.PLAIN)),
    ),
    Kind(
        number="25",
        slug="trailer-cut",
        words="four bytes of the last gzip member cut",
        codes={Form.GZIP: "E-WARC-GZIP"},
        make=lambda form: _whole(form)[:-4],
    ),
    Kind(
        number="26",
        slug="length-too-great",
        words="Content-Length greater by 5",
        codes=_all("E-WARC-LENGTH"),
        make=on_page(_longer),
    ),
)
"""Numbers as in the list that this corpus follows; 9b and 20b were added."""
