"""What a document cites, and what it quotes from it: addresses, cables, records and texts, with the words quoted.

A quotation is told by its marks (“…”, "…", «…», „…“, 「…」) or by a block of its own; one of fewer words than
`FEWEST_WORDS` is a manner of speaking. It belongs to the citation that follows it in its paragraph, else to the one
before it; but where the next one stands in a later sentence, and one stands before it in its own, to that one. A
quoted block to the citation in it, else to the one that the next block begins with, else to the last of the block
before it. An address of the web is a citation wherever it stands; an id of a cable, a record's id and a text's digest
are citations of archives.

Tested by ``tests/interop/test_documents_pandoc.py``.
"""

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from preserve.citation.documents.document import Block, CitingDocument
from preserve.config.arks import ARK, record_of_ark
from preserve.expressions import lazy_re
from preserve.text import MONTHS

FEWEST_WORDS: Final = 3
_MOST_QUOTE_CHARS: Final = 20_000
_CABLE: Final = lazy_re(r"(?<![\w/=.-])(?:19|20)?\d{2} ?[A-Z](?:[A-Z.' -]{2,20}[A-Z.]) ?\d{1,7}(?![\w-])")
_RECORD: Final = lazy_re(r"urn:uuid:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DIGEST: Final = lazy_re(r"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])")
_CONTENT_NAME: Final = lazy_re(r"ni:///sha-256;([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])")
_PWID: Final = lazy_re(r"urn:pwid:[^\s:]{1,200}:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ):")
_QUOTED: Final = (
    lazy_re(r"[\u201c\u201e]([^\u201c\u201d\u201e]{1,20000})[\u201d\u201c]"),
    lazy_re(r"\u300c([^\u300c\u300d]{1,20000})\u300d"),
    lazy_re(r"\u300e([^\u300e\u300f]{1,20000})\u300f"),
    lazy_re(r"\u00ab\s?([^\u00ab\u00bb]{1,20000}?)\s?\u00bb"),
    lazy_re(r'(?<![\w"])"(?=[^\s"])([^"]{1,20000})(?<=[^\s"])"(?![\w"])'),
)
_UNSPACED: Final = lazy_re(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Letters of scripts that put no blanks between words: two count as a word."""
_NEW_SENTENCE: Final = lazy_re(
    r"\w[\w)\]\"'\u2019\u201d\u00bb][.!?][)\]\"'\u2019\u201d\u00bb]{0,3}\s+[(\"'\u201c\u00ab]{0,2}[A-Z]"
)
"""Where a sentence ends, in front of one with a word in it; no abbreviation of one letter."""
_END_CHARS: Final = 6
_SEEN: Final = lazy_re(
    r"(captured|archived|accessed|retrieved|visited|consulted|seen)\b[^\n]{0,40}?(\d{4}-\d{2}-\d{2}(?:T[\d:.]+Z)?)",
    re.IGNORECASE,
)
_SEEN_IN_WORDS: Final = lazy_re(
    r"(accessed|retrieved|visited|consulted|seen|archived|captured)\b[\s:,]{1,3}(?:on )?"
    r"(?:(\d{1,2}) ([A-Z][a-z]{2,8})\.?,? (\d{4})|([A-Z][a-z]{2,8})\.? (\d{1,2}), (\d{4}))",
    re.IGNORECASE,
)

Kind = Literal["url", "cable", "record", "digest"]


_NAMES: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (("cable", _CABLE), ("record", _RECORD), ("digest", _DIGEST))


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedTarget:
    """What is cited. ``value``: the address, the id as written, the record's id, or a SHA-256 of
    a record or a text.

    ``longer`` is the address that it may be where a line end cuts it.
    """

    kind: Kind
    value: str
    longer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A place of a document that cites. ``seen``: when the writer says to have seen it, a date or a capture's date.

    Its targets stand so near to one another that they may be ways to say the same: a page, its cable, its record.
    """

    place: str
    starts: tuple[int, ...]
    """Where in its block it is named, in order."""
    targets: tuple[CitedTarget, ...]
    quotes: tuple[str, ...] = ()
    seen: str | None = None
    entry: str | None = None
    """The key of the entry of a bibliography that it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quote:
    start: int
    end: int
    text: str


Resolve = Callable[[CitedTarget], frozenset[str]]
"""What a target means in the archives: the ids of the records that are held of it; empty where nothing is."""


def mentions_of(
    document: CitingDocument, resolve: Resolve, bibliography: Mapping[str, Sequence[Mention]] | None = None
) -> list[Mention]:
    """Every citation in a document, in its order, with what is quoted from it.

    ``bibliography``: what the keys that it cites stand for (`bibliography_of`).
    """
    per_block = [_in_block(block, resolve, bibliography or {}) for block in document.blocks]
    for number, block in enumerate(document.blocks):
        for quote in _quotes(block):
            if per_block[number]:
                unknown = [key.start for key in block.keys if key.key != "*" and not (bibliography or {}).get(key.key)]
                _give(per_block[number], _nearest(block.text, per_block[number], quote, unknown), quote.text)
            elif block.is_quotation:
                following = per_block[number + 1] if number + 1 < len(per_block) else []
                before = per_block[number - 1] if number else []
                _give(following or before, 0 if following else len(before) - 1, quote.text)
    return [mention for found in per_block for mention in found]


def bibliography_of(documents: Sequence[CitingDocument], resolve: Resolve) -> dict[str, list[Mention]]:
    """What the entries of bibliographies cite, by key; the first of a key counts."""
    found: dict[str, list[Mention]] = {}
    for block in (block for document in documents for block in document.blocks if block.entry is not None):
        found.setdefault(str(block.entry), _in_block(block, resolve, {}))
    return found


def names_something(block: Block) -> bool:
    """Whether a block names a page, a cable, a record or a text at all."""
    return next(_targets(block), None) is not None


def keys_without_entry(documents: Mapping[str, CitingDocument]) -> dict[str, list[tuple[str, str]]]:
    """By document the keys that it cites and that no entry of the documents has, each once, with where it is cited."""
    known = {block.entry for document in documents.values() for block in document.blocks if block.entry is not None}
    return {
        name: list(
            {
                key.key: (key.key, block.place_at(key.start))
                for block in reversed(document.blocks)
                for key in reversed(block.keys)
                if key.key not in known and key.key != "*"
            }.values()
        )[::-1]
        for name, document in documents.items()
    }


def _in_block(block: Block, resolve: Resolve, bibliography: Mapping[str, Sequence[Mention]]) -> list[Mention]:
    """The citations of a block, in their order. What means the same records is one, however often it is named."""
    groups: list[tuple[list[int], list[CitedTarget], frozenset[str]]] = []
    for start, target in sorted(_targets(block), key=lambda pair: pair[0]):
        means = resolve(target) or frozenset({target.value})
        known = next((n for n, group in enumerate(groups) if group[2] & means), None)
        if known is None and target.kind == "digest" and groups:
            # A digest is of what stands before it.
            known = 0 if block.entry is not None else len(groups) - 1
        if known is None:
            groups.append(([start], [target], means))
        else:
            starts, targets, before = groups[known]
            # A record says which of a page's captures is meant.
            groups[known] = ([*starts, start], [*targets, target], before & means or before)
    seen = _seen(block)
    own = [
        Mention(
            place=block.place_at(starts[0]),
            starts=tuple(starts),
            targets=tuple(dict.fromkeys(targets)),
            seen=_near(seen, starts[0], len(groups)),
            entry=block.entry,
        )
        for starts, targets, _means in groups
    ]
    cited = [
        replace(mention, place=f"{block.place_at(key.start)}, {key.key}", starts=(key.start,))
        for key in block.keys
        for mention in bibliography.get(key.key, ())
    ]
    return sorted([*own, *cited], key=lambda mention: mention.starts)


def _targets(block: Block) -> Iterator[tuple[int, CitedTarget]]:
    for link in block.links:
        yield link.start, CitedTarget(kind="url", value=link.url, longer=link.longer)
    # What stands in an address is part of it.
    inside = [(link.start, link.end) for link in block.links if block.text[link.start : link.end].startswith("http")]
    for kind, expression in _NAMES:
        for match in expression.finditer(block.text):
            if not any(start <= match.start() < end for start, end in inside):
                yield match.start(), CitedTarget(kind=kind, value=match[0])
    for match in ARK.finditer(block.text):
        record_id = record_of_ark(match[0])
        if record_id is not None and not any(start <= match.start() < end for start, end in inside):
            yield match.start(), CitedTarget(kind="record", value=record_id)
    for match in _CONTENT_NAME.finditer(block.text):
        # Four digits of base64 are three bytes; the last two bits of the name are none (RFC 6920, section 3).
        yield match.start(), CitedTarget(kind="digest", value=base64.urlsafe_b64decode(match[1] + "=").hex())


def _quotes(block: Block) -> list[_Quote]:
    if block.is_quotation:
        text = block.text.strip()
        for expression in _QUOTED:
            whole = expression.match(text)
            if whole is not None and block.links:
                return [_Quote(start=0, end=whole.end(), text=whole[1])]
        first = min((link.start for link in block.links), default=len(block.text))
        return [_Quote(start=0, end=first, text=block.text[:first].strip(" \t\r\n(\u2014-"))] if text else []
    found: list[_Quote] = []
    for expression in _QUOTED:
        for match in expression.finditer(block.text):
            if _words(match[1]) >= FEWEST_WORDS and not any(q.start <= match.start() < q.end for q in found):
                found.append(_Quote(start=match.start(), end=match.end(), text=match[1][:_MOST_QUOTE_CHARS]))
    return sorted(found, key=lambda quote: quote.start)


def _words(text: str) -> int:
    return len(text.split()) + len(_UNSPACED.findall(text)) // 2


def _nearest(text: str, found: Sequence[Mention], quote: _Quote, unknown: Sequence[int]) -> int:
    """The citation that follows a quotation, else the one before it; before a later sentence that of its own.

    ``unknown``: where keys are cited that name no page, or have no entry. -1: the quotation belongs to one of them.
    """
    places = [(start, n) for n, mention in enumerate(found) for start in mention.starts]
    places += [(start, -1) for start in unknown]
    behind = [place for place in places if place[0] >= quote.start]
    if not behind:
        return max(places)[1]
    # A sentence can end within the marks.
    is_later = _NEW_SENTENCE.search(text, max(quote.start, quote.end - _END_CHARS), min(behind)[0]) is not None
    before = [place for place in places if place[0] < quote.start] if is_later else []
    if before and _NEW_SENTENCE.search(text, max(before)[0], quote.start) is None:
        return max(before)[1]
    return min(behind)[1]


def _give(found: list[Mention], number: int, quote: str) -> None:
    if 0 <= number < len(found):
        found[number] = replace(found[number], quotes=(*found[number].quotes, quote))


def _seen(block: Block) -> list[tuple[int, str]]:
    """Dates at which the writer says to have seen something, and where they stand; a capture's date counts first."""
    if block.accessed is not None:
        captured = [match[2] for match in _SEEN.finditer(block.text) if match[1].lower() == "captured"]
        return [(0, captured[0] if captured else block.accessed)]
    found = [(match.start(), match[2]) for match in _SEEN.finditer(block.text)]
    found += [(match.start(), match[1]) for match in _PWID.finditer(block.text)]
    for match in _SEEN_IN_WORDS.finditer(block.text):
        day, month, year = match[2] or match[6], match[3] or match[5], match[4] or match[7]
        number = next((n for n, name in enumerate(MONTHS, 1) if month.upper().startswith(name)), None)
        if number is not None and 1 <= int(day) <= 31:  # noqa: PLR2004 - the calendar
            found.append((match.start(), f"{year}-{number:02}-{int(day):02}"))
    return sorted(found)


def _near(seen: Sequence[tuple[int, str]], start: int, groups: int) -> str | None:
    """The date that goes with a citation: the next one behind it, or the block's only one."""
    if groups == 1 and seen:
        return seen[0][1]
    return next((date for place, date in seen if place >= start), None)
