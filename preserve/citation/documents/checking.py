"""The citations of a document against what is held: each claim of each citation with its verdict.

Nothing is asked of the network here. What is held is read from the stored bytes at that moment, checked against the
ledger's hash of the record.

Tested by ``tests/scenarios/test_check_documents.py``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote

from preserve.cables.comparison import comparison_text
from preserve.cables.difference import Difference, classify
from preserve.cables.extract import HIDDEN_UNTIL_OPENED, Extraction
from preserve.citation.documents.citations_found import FEWEST_WORDS, CitedTarget, Mention, bibliography_of, mentions_of
from preserve.citation.documents.document import CitingDocument
from preserve.citation.documents.quote_match import Match, Wording, wording_of
from preserve.citation.documents.titles import is_title, titles_of
from preserve.errors import ArchiveError, FormatError, UsageError
from preserve.expressions import lazy_re
from preserve.findings import Claim, Verdict
from preserve.model import parse_utc, sha256_hex
from preserve.replay.recover import NOT_SIGNED, Capture, CollectionReader, merged, parse_moment, published_as
from preserve.replay.times import Dated, newest

HELD: Final = "a copy is held"
NAMED: Final = "the copy that it names is held"
DIGESTS: Final = "the digests that it names are those of the copy"
QUOTED: Final = "what it quotes stands in the copy"
SIGNED: Final = "the copy stands in the signed log"
UNCHANGED: Final = "the page is as it was when cited"
ORIGINAL: Final = "the page is still there"
_ARCHIVED: Final = lazy_re(r"https?://[^?#]{1,500}?/(\d{14})(?:[a-z]{2}_)?/(https?:/{1,2}.+)", re.IGNORECASE)
_FRAGMENT: Final = lazy_re(r"#(?:.*?)(?::~:(.*))?\Z", re.DOTALL)
_SHOWN_CHARS: Final = 160
_MOST_CAPTURES: Final = 100
_SHOWS_A_PAGE: Final = frozenset({200, 206})
"""Captures of one page that are looked at for a quotation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A capture that is held, and the id of the cable that it is cited for, where it is cited for one."""

    archive: CollectionReader = field(repr=False)
    capture: Capture
    cable_id: str | None

    @property
    def dated(self) -> Dated:
        """What speaks against the capture's date."""
        return self.capture.dated


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationCheck:
    """One citation with its claims. ``cited``: the copy that counts as the one cited; None where none is held."""

    document: str
    place: str
    targets: tuple[str, ...]
    cited: Copy | None
    captures: int
    first: str | None
    last: str | None
    url: str | None
    entry: str | None
    """The key of the entry of a bibliography that it is."""
    text_sha256: str | None
    """The comparison checksum of the copy's text, where it is held and is text."""
    claims: tuple[Claim, ...]

    @property
    def is_good(self) -> bool:
        """True where no claim failed."""
        return all(claim.verdict is not Verdict.FAIL for claim in self.claims)


@dataclass(slots=True)
class CitationChecker:
    """Looks up what documents cite, in collections that are open for reading."""

    archives: Sequence[CollectionReader]
    _held: dict[CitedTarget, list[Copy]] = field(default_factory=dict)

    def check(self, documents: Mapping[str, CitingDocument]) -> Iterator[CitationCheck]:
        """Every citation of the documents, by their names, in their order.

        An entry of a bibliography that another of the documents cites by its key is checked where it is cited.
        """
        entries = bibliography_of(list(documents.values()), self._means)
        cited = {
            key.key
            for document in documents.values()
            for block in document.blocks
            for key in block.keys
            if key.key in entries
        }
        for name, document in documents.items():
            blocks = tuple(block for block in document.blocks if block.entry is None or block.entry not in cited)
            for mention in mentions_of(replace(document, blocks=blocks), self._means, entries):
                yield self._checked(name, mention)

    def copies(self, target: CitedTarget) -> list[Copy]:
        """What is held of a target, oldest first."""
        if target not in self._held:
            self._held[target] = self._find(target)
        return self._held[target]

    def _means(self, target: CitedTarget) -> frozenset[str]:
        return frozenset(copy.capture.row.record_id for copy in self.copies(target))

    def _find(self, target: CitedTarget) -> list[Copy]:
        found: list[Copy] = []
        if target.kind == "url":
            for url in _addresses(target):
                found = [
                    Copy(archive=archive, capture=capture, cable_id=None)
                    for archive in self.archives
                    for capture in _captures_of(archive, url)
                ]
                if found:
                    break
        elif target.kind == "cable":
            names = published_as(self.archives, target.value)
            found = [
                Copy(archive=archive, capture=capture, cable_id=name)
                for archive in self.archives
                for name in names
                for capture in archive.captures_as(name)
            ]
        elif target.kind == "record":
            for archive in self.archives:
                capture = archive.capture_of_record(target.value.lower())
                if capture is not None:
                    found.append(Copy(archive=archive, capture=capture, cable_id=None))
        once = {_record(one.capture): one for one in found}
        order = merged((one.archive, one.capture) for one in once.values())
        place = {_record(capture): number for number, (_archive, capture) in enumerate(order)}
        return sorted(found, key=lambda one: place[_record(one.capture)])

    def _checked(self, document: str, mention: Mention) -> CitationCheck:
        copies = self._copies_of(mention)
        url = next((target.value for target in mention.targets if target.kind == "url"), None)
        said = tuple(target.value for target in mention.targets)
        quotes = (*mention.quotes, *_fragment_quotes(url))
        if not copies:
            lost = any(target.kind == "record" for target in mention.targets)
            verdict = Verdict.FAIL if lost else Verdict.NOT_CHECKED
            claims = [Claim(name=NAMED if lost else HELD, verdict=verdict, detail="nothing is held of it")]
            claims += [Claim(name=QUOTED, verdict=Verdict.NOT_CHECKED, detail=_short(quote)) for quote in quotes]
            return CitationCheck(
                document=document, place=mention.place, targets=said, cited=None, captures=0, first=None, last=None,
                url=url, entry=mention.entry, text_sha256=None, claims=tuple(claims),
            )  # fmt: skip
        cited = self._cited(mention, copies)
        if url is None:
            url = cited.capture.url
        reader = _Reader()
        titles = reader.titles(cited)
        quotes = (*(quote for quote in mention.quotes if not is_title(quote, titles)), *_fragment_quotes(url))
        matches = tuple((quote, reader.best(quote, cited, copies)) for quote in quotes)
        claims = [
            _held_claim(mention, cited, copies),
            *self._digest_claims(mention, cited, reader),
            *(_quote_claim(quote, match, where, cited, reader) for quote, (match, where) in matches),
            _unchanged(cited, copies, reader),
            *_signed_claims(cited, [where for _quote, (_match, where) in matches if where is not None]),
        ]
        return CitationCheck(
            document=document,
            place=mention.place,
            targets=said,
            cited=cited,
            captures=len(copies),
            first=copies[0].capture.moment,
            last=(newest(copies) or copies[-1]).capture.moment,
            url=url,
            entry=mention.entry,
            text_sha256=reader.comparison_sha256(cited),
            claims=tuple(claims),
        )

    def _copies_of(self, mention: Mention) -> list[Copy]:
        """What is held of all that a mention names: where several agree, what they have in common."""
        per_target = [found for target in mention.targets if (found := self.copies(target))]
        if not per_target:
            return []
        cable = next((copy.cable_id for found in per_target for copy in found if copy.cable_id is not None), None)
        common = set.intersection(*({copy.capture.row.record_id for copy in found} for found in per_target))
        widest = max(per_target, key=len)
        narrow = [copy for found in per_target for copy in found if copy.capture.row.record_id in common]
        if not narrow:
            return widest
        # All captures of the page are looked at; which of them is cited, the narrowest target says.
        return [replace(copy, cable_id=copy.cable_id or cable) for copy in widest]

    def _cited(self, mention: Mention, copies: Sequence[Copy]) -> Copy:
        """The copy that counts as the one cited: the record named, else the newest when seen, else the newest."""
        for target in mention.targets:
            if target.kind == "record":
                named = {copy.capture.row.record_id for copy in self.copies(target)}
                for copy in copies:
                    if copy.capture.row.record_id in named:
                        return copy
        seen = mention.seen or next((stamp for target in mention.targets if (stamp := _stamp(target))), None)
        good = [copy for copy in copies if copy.capture.is_full] or list(copies)
        if seen is not None:
            try:
                moment = parse_moment(seen)
            except UsageError:
                return newest(good) or good[-1]
            before = [copy for copy in good if parse_utc(copy.capture.moment) <= moment]
            return newest(before) or good[0]
        return newest(good) or good[-1]

    def _digest_claims(self, mention: Mention, cited: Copy, reader: "_Reader") -> Iterator[Claim]:
        named = [target.value for target in mention.targets if target.kind == "digest"]
        if not named:
            return
        known = reader.digests(cited)
        wrong = [digest for digest in named if digest not in known]
        yield Claim(
            name=DIGESTS,
            verdict=Verdict.FAIL if wrong else Verdict.PASS,
            detail=f"not of it: {', '.join(wrong)}"
            if wrong
            else ", ".join(sorted({known[digest] for digest in named})),
        )


class _Reader:
    """Texts of copies, each read once."""

    def __init__(self) -> None:
        self._texts: dict[str, tuple[Extraction | None, str] | str] = {}
        self._titles: dict[str, tuple[str, ...]] = {}

    def read(self, copy: Copy) -> tuple[Extraction | None, str] | str:
        """The cable on a copy, and its text, or the page's; or why there is none."""
        key = copy.capture.row.record_id
        if key not in self._texts:
            self._texts[key] = self._read(copy)
        return self._texts[key]

    def titles(self, copy: Copy) -> tuple[str, ...]:
        """The titles of a copy, that citations print in quotation marks; none where it cannot be read."""
        self.read(copy)
        return self._titles.get(copy.capture.row.record_id, ())

    def best(self, quote: str, cited: Copy, copies: Sequence[Copy]) -> tuple[Match, Copy | None]:
        """How a quotation stands in the copy cited; where it does not, in another one."""
        found: list[tuple[Match, Copy | None]] = []
        others = [copy for copy in copies if copy is not cited][-_MOST_CAPTURES:]
        for copy in (cited, *reversed(others)):
            read = self.read(copy)
            if isinstance(read, str):
                continue
            match = wording_of(quote, read[1])
            found.append((match, copy))
            if match.is_found:
                return match, copy
        if not found:
            return Match(wording=Wording.NONE), None
        return found[0]

    def digests(self, copy: Copy) -> dict[str, str]:
        """The digests by which a citation may name a copy, and what each is of."""
        row, source = copy.capture.row, copy.capture.source
        known = {source.record_sha256: "record referred to", row.record_sha256: "record"}
        if row.payload_sha256 is not None:
            known[row.payload_sha256] = "payload"
        read = self.read(copy)
        if not isinstance(read, str):
            cable, text = read
            known[sha256_hex(text.encode("utf-8", "replace"))] = "text"
            if cable is not None:
                known |= {
                    cable.body_sha256: "text",
                    cable.raw_sha256: "page",
                    cable.comparison_sha256: "comparison text",
                }
        return known

    def comparison_sha256(self, copy: Copy) -> str | None:
        """The comparison checksum of a copy's text; None where it has none."""
        read = self.read(copy)
        if isinstance(read, str):
            return None
        cable, text = read
        if cable is not None:
            return cable.comparison_sha256
        return sha256_hex(comparison_text(text).text.encode("utf-8", "replace"))

    def _read(self, copy: Copy) -> tuple[Extraction | None, str] | str:
        try:
            page = copy.archive.page(copy.capture)
        except (ArchiveError, FormatError) as error:
            return str(error)
        cable = copy.archive.cable(page, copy.cable_id or "")
        self._titles[copy.capture.row.record_id] = titles_of(page, cable)
        if cable is not None:
            return cable, cable.body
        plain = copy.archive.plain(page)
        return "it holds no text" if plain is None else (None, plain.text)


def _held_claim(mention: Mention, cited: Copy, copies: Sequence[Copy]) -> Claim:
    row = cited.capture.row
    named = any(target.kind == "record" for target in mention.targets)
    hand = f", second hand {cited.capture.second_hand}" if cited.capture.second_hand else ""
    doubt = f" ({cited.dated.doubt})" if cited.dated.doubt else ""
    what = f"captured {row.date}{doubt}{hand}, record {row.record_id}, collection {cited.capture.collection}"
    lack = cited.capture.lack
    if lack and cited.capture.source.status in _SHOWS_A_PAGE and cited.capture.source.challenge is None:
        return Claim(name=NAMED if named else HELD, verdict=Verdict.PASS, detail=f"{what}; {lack}")
    if not cited.capture.is_full:
        return Claim(name=HELD, verdict=Verdict.FAIL, detail=f"only error pages or challenges are held: {what}")
    more = "" if len(copies) == 1 else f"; {len(copies)} captures from {copies[0].capture.moment}"
    return Claim(name=NAMED if named else HELD, verdict=Verdict.PASS, detail=what + more)


def _signed_claims(cited: Copy, quoted: Sequence[Copy]) -> list[Claim]:
    """Said of copies that are under no checkpoint, which nobody else can check: the one cited, and those quoted."""
    bare = {one.capture.moment: None for one in (cited, *quoted) if not one.capture.is_signed}
    if not bare:
        return []
    return [
        Claim(
            name=SIGNED, verdict=Verdict.NOT_PROVEN, detail=f"the capture of {', '.join(bare)}, not yet: {NOT_SIGNED}"
        )
    ]


def _quote_claim(quote: str, match: Match, where: Copy | None, cited: Copy, reader: "_Reader") -> Claim:
    words = f"“{_short(quote)}”"
    if where is None:
        return Claim(name=QUOTED, verdict=Verdict.NOT_CHECKED, detail=f"{words}: the copy's text cannot be read")
    detail = f"{words}: {match.wording}"
    if match.is_found:
        detail += f", in the capture of {where.capture.moment}"
        if where is not cited:
            detail += f" and not in that of {cited.capture.moment}"
        read = reader.read(where)
        if not isinstance(read, str) and read[0] is not None and read[0].hidden_until_opened:
            detail += f"; on the page it is {HIDDEN_UNTIL_OPENED}"
        return Claim(name=QUOTED, verdict=Verdict.PASS, detail=detail)
    if match.nearest:
        detail += f"; the nearest words are “{_short(match.nearest)}”"
    return Claim(name=QUOTED, verdict=Verdict.FAIL, detail=detail)


def _unchanged(cited: Copy, copies: Sequence[Copy], reader: _Reader) -> Claim:
    """Whether the newest capture shows the text that the cited one shows."""
    at = copies.index(cited)
    same = [copy for copy in copies[at:] if copy.capture.is_full and copy.capture.url == cited.capture.url]
    last = newest(same) or cited
    if cited.capture.lack:
        return Claim(name=UNCHANGED, verdict=Verdict.NOT_CHECKED, detail=f"the copy cited is a {cited.capture.lack}")
    if last is cited:
        return Claim(name=UNCHANGED, verdict=Verdict.NOT_CHECKED, detail="no later capture is held")
    old, new = reader.read(cited), reader.read(last)
    when = f"against the capture of {last.capture.moment}"
    if isinstance(old, str) or isinstance(new, str):
        return Claim(name=UNCHANGED, verdict=Verdict.NOT_CHECKED, detail="a copy's text cannot be read")
    if old[0] is not None and new[0] is not None:
        difference = classify(old[0], new[0])
        same_text = difference in {Difference.SAME_BYTES, Difference.SAME_BODY, Difference.SAME_AFTER_RULES}
        verdict = Verdict.PASS if same_text else Verdict.FAIL
        return Claim(name=UNCHANGED, verdict=verdict, detail=f"{difference}, {when}")
    verdict = Verdict.PASS if old[1] == new[1] else Verdict.FAIL
    return Claim(name=UNCHANGED, verdict=verdict, detail=f"{'same' if old[1] == new[1] else 'another'} text, {when}")


def _addresses(target: CitedTarget) -> Iterator[str]:
    """The addresses that a target may mean: its own, that behind an archive's; and both where a line end cut it."""
    for written in (target.value, target.longer):
        if written is not None:
            url = _FRAGMENT.sub("", written)
            yield url
            archived = _ARCHIVED.match(url)
            if archived is not None:
                yield re.sub(r"\A(https?:)/+", r"\1//", archived[2])


def is_archived(url: str) -> bool:
    """Whether an address is that of a page in a web archive, by its form."""
    return _ARCHIVED.match(url) is not None


def _stamp(target: CitedTarget) -> str | None:
    """The time in the address of an archived page."""
    archived = _ARCHIVED.match(target.value) if target.kind == "url" else None
    return None if archived is None else archived[1]


def _captures_of(archive: CollectionReader, url: str) -> list[Capture]:
    try:
        return archive.captures_of(url)
    except ArchiveError:
        return []


def _fragment_quotes(url: str | None) -> Iterator[str]:
    """The words that a text fragment of an address points to (WICG, Scroll to Text Fragment)."""
    directives = None if url is None else _FRAGMENT.search(url)
    for directive in ((directives and directives[1]) or "").split("&"):
        name, _equals, value = directive.partition("=")
        parts = [part for part in value.split(",") if part and not part.endswith("-") and not part.startswith("-")]
        if name == "text" and parts:
            words = " … ".join(unquote(part) for part in parts)
            if len(words.split()) >= FEWEST_WORDS or len(parts) == 1:
                yield words


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN_CHARS else flat[: _SHOWN_CHARS - 1] + "…"


def _record(capture: Capture) -> tuple[str, str]:
    return capture.collection, capture.row.record_id
