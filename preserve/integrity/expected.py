"""What ledger, catalogue and index must have of a record, worked out by whoever read it (`preserve.integrity.scan`).

A statement that is these very bytes says what is in the record, and is canonical and of its schema: it need not be
decoded, encoded again and compared value by value. That is done by helpers, and the one process that goes through the
ledger compares bytes. Where they differ, the statement is decoded, and what differs is told.

Records of a file differ in few values as a rule. What lies between these is made once (`_Form`), by whoever makes
statements and lines, with signs in the place of the values; texts that JSON writes otherwise than they are go the long
way.

Tested by ``tests/unit/integrity/test_expected.py``.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET, Struct

from preserve.errors import FormatError
from preserve.integrity.facts import RecordFacts
from preserve.integrity.stated import facts_in, statement_of
from preserve.model import RecordPlace, whole_date
from preserve.provenance.rows import around_ordinal, row_of
from preserve.provenance.statements import FileName, RecordStatement, Whole, decode, encode_unchecked
from preserve.store.catalogue import IndexRow
from preserve.store.index import index_line

_ORDINAL: Final = b'"ordinal":0,'
_RUN: Final = b'"run":""'
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_WHERE_KEY: Final = 4
"""Where the key of the index stands in a row of ``records``."""
_MOST_PLAIN: Final = 8192
"""Characters of a statement that is shorter than the bound for certain, with whatever ordinal and run."""
_IN_STATEMENT: Final = ("\x01block", "\x01date", "\x01payload", "\x01id", "\x01record", "\x01uri")
"""Signs in the place of values, in the order in which canonical JSON has them."""
_IN_LINE: Final = ("\x01key", "\x01uri", "\x01payload")
_DATE_IN_LINE: Final = ("9876-12-31T23:59:58Z", "98761231235958")
_LENGTH_IN_LINE, _OFFSET_IN_LINE = 987654321012, 987654321013


class ExpectedRecord(NamedTuple):
    """All but what only the ledger says: ordinal and run.

    ``entry``: the statement's bytes before its ordinal, between that and the text of its run, and behind that.
    ``row``: the values of its row before the ordinal, and between that and the run, behind which there is none: each
    as MessagePack writes it. ``line``: SHA-256 of its line in the index; None: it has none. ``date``: as the statement
    has it.
    """

    record_id: str
    type: str
    entry: tuple[bytes, bytes, bytes]
    row: tuple[bytes, bytes]
    line: bytes | None
    date: str

    def is_entry(self, entry: bytes, ordinal: int, run: bytes) -> bool:
        """Whether a statement is the one of this record. ``run`` as it stands in JSON, with its quotation marks."""
        before, between, behind = self.entry
        return entry == b"%b%d%b%b%b" % (before, ordinal, between, run, behind)

    def row_bytes(self, index: int, ordinal: int, run: bytes) -> bytes:
        """The row of the statement at an index, as MessagePack writes it, and ``run`` too."""
        before, between = self.row
        return b"\xdc\x00\x14%b%b%b%b%b" % (_ENCODE(index), before, _ENCODE(ordinal), between, run)

    def facts(self) -> RecordFacts:
        """What was found of the record: as much of it as a statement says."""
        before, between, behind = self.entry
        said = decode(b'%b0%b""%b' % (before, between, behind))
        if not isinstance(said, RecordStatement):
            raise TypeError(said)
        return facts_in(said)


def expected_of(facts: RecordFacts, file: str, offset: int, length: int, inner: int) -> ExpectedRecord | None:
    """What is expected of a record in a file, read with ``identity``; None where it is to be looked at value by value.

    That is so of damage, of what was not held in memory, of a revisit (its reply is not read), of a reply to another
    method than GET, and of one that was taken for a bot wall, which a check does not judge.
    """
    date = whole_date(facts.date)
    if facts.type == "revisit" or date is None or facts.record_sha256 is None or facts.block_sha256 is None:
        return None
    if facts.method is not UNSET or not _is_name(file):
        return None
    if facts.faults and any(code.startswith("E-") for code, _detail in facts.faults):
        return None
    facts = facts if date == facts.date else facts._replace(date=date)
    try:
        entry = _plain_entry(facts, file)
        if entry is None:
            entry = _parted(encode_unchecked(statement_of(facts, file, 0, "")))
        before, between = around_ordinal(facts, file, offset, length, inner)
        key = before[_WHERE_KEY]
        line = None if key is None else _line(facts, str(key), file, (offset, length, inner))
        # A row has fewer than 16 values on each side: the sign that it is a list takes one byte.
        row = _ENCODE(before)[1:], _ENCODE(between)[1:]
    except (FormatError, UnicodeEncodeError):
        return None
    return ExpectedRecord(facts.record_id, facts.type, entry, row, line, date)


def _parted(entry: bytes) -> tuple[bytes, bytes, bytes]:
    # No value looks like these: a quotation mark in one has a backslash before it.
    before, _ordinal, rest = entry.partition(_ORDINAL)
    between, _run, behind = rest.partition(_RUN)
    return before + _ORDINAL[:-2], _ORDINAL[-1:] + between + _RUN[:-2], behind


def _is_verbatim(text: str) -> bool:
    """Whether JSON writes a text as it is."""
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


class _Form(Struct, frozen=True):
    """The bytes of a statement as `_parted` gives them, as texts to be filled in."""

    before: str
    between: str
    behind: str


def _plain_entry(facts: RecordFacts, file: str) -> tuple[bytes, bytes, bytes] | None:
    """The parts of a statement whose texts JSON writes as they are; None of another."""
    uri, payload = facts.uri, facts.payload_sha256
    if facts.refers_to is not None or not _is_verbatim(facts.record_id):
        return None
    if uri is not None and not _is_verbatim(uri):
        return None
    lacks = uri is None, payload is None
    form = _form(file, facts.type, facts.mime, (facts.status, facts.whole, facts.challenge), lacks)
    if form is None:
        return None
    said = (facts.record_id, facts.record_sha256)
    before = form.before % (facts.block_sha256, facts.date)
    between = form.between % (said if payload is None else (payload, *said))
    behind = form.behind if uri is None else form.behind % uri
    if len(before) + len(between) + len(behind) > _MOST_PLAIN:
        return None
    return before.encode(), between.encode(), behind.encode()


@lru_cache(maxsize=256)
def _form(
    file: str,
    kind: str,
    mime: str | None,
    seen: tuple[int | None, Whole | None, str | None],
    lacks: tuple[bool, bool],
) -> _Form | None:
    """The form of statements that have these values; None where JSON writes one of them otherwise than it is.

    ``seen``: status, whether it is whole, and the bot wall. ``lacks``: whether there is no address, and no payload.
    """
    if not all(map(_is_verbatim, filter(None, (kind, mime, seen[2])))):
        return None
    block, date, payload, record_id, record, uri = _IN_STATEMENT
    facts = RecordFacts(
        record_id=record_id,
        type=kind,
        uri=None if lacks[0] else uri,
        date=date,
        record_sha256=record,
        block_sha256=block,
        payload_sha256=None if lacks[1] else payload,
        status=seen[0],
        mime=mime,
        challenge=seen[2],
        whole=seen[1],
    )
    entry = encode_unchecked(statement_of(facts, file, 0, ""))
    signs = [sign.replace("\x01", "\\u0001") for sign in _IN_STATEMENT]
    return _Form(*(_with_places(part.decode(), signs) for part in _parted(entry)))


def _with_places(text: str, signs: Sequence[str]) -> str:
    """A text to be filled in where the signs stand in it."""
    text = text.replace("%", "%%")
    for sign in signs:
        text = text.replace(sign, "%s")
    return text


def _line(facts: RecordFacts, key: str, file: str, where: tuple[int, int, int]) -> bytes | None:
    """SHA-256 of the line of the index; None where there is none. ``where``: offset, length and inner offset."""
    uri, payload = facts.uri, facts.payload_sha256
    offset, length, inner = where
    is_usual = uri is not None and payload is not None and _is_verbatim(uri) and facts.date.isascii()
    is_usual = is_usual and " " not in key and not inner and length > 0
    form = _line_form(file, facts.type, facts.status, facts.mime) if is_usual else None
    if form is None:
        place = RecordPlace(file=file, ordinal=0, offset=offset, length=length, inner=inner)
        found = row_of(statement_of(facts, file, 0, ""), place).index_row(place)
        return None if found is None else sha256(index_line(found)).digest()
    date = facts.date
    digits = f"{date[:4]}{date[5:7]}{date[8:10]}{date[11:13]}{date[14:16]}{date[17:19]}"
    return sha256((form % (key, digits, uri, payload, length, offset)).encode()).digest()


@lru_cache(maxsize=256)
def _line_form(file: str, kind: str, status: int | None, mime: str | None) -> str | None:
    """The line of captures that have these values, to be filled in: key, time, address, digest, length, offset.

    None where a value looks like a sign: a name of a file may be any digits.
    """
    key, uri, payload = _IN_LINE
    place = RecordPlace(file=file, ordinal=0, offset=_OFFSET_IN_LINE, length=_LENGTH_IN_LINE)
    date, digits = _DATE_IN_LINE
    row = IndexRow(
        surt=key, date=date, uri=uri, type=kind, status=status, mime=mime, payload_sha256=payload, place=place
    )
    line = index_line(row).decode()
    quoted = [sign.replace("\x01", "\\u0001") for sign in (uri, payload)]
    signs = (key, digits, *quoted, str(_LENGTH_IN_LINE), str(_OFFSET_IN_LINE))
    return _with_places(line, signs) if all(line.count(sign) == 1 for sign in signs) else None


@lru_cache(maxsize=16)
def _is_name(file: str) -> bool:
    """Whether a statement can have this name of a file."""
    try:
        msgspec.convert(file, FileName)
    except msgspec.ValidationError:
        return False
    return True
