"""What ``preserve cite`` does: citations of cables, pages and collections, in every form, and their capsules.

Tested by ``tests/scenarios/test_cite.py``.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import click
from msgspec import Struct

from preserve.cables.extract import Extraction
from preserve.citation.cite import cite as make_citation
from preserve.citation.forms import MANY_LINES, write
from preserve.citation.passage import Passage
from preserve.citation.quotable import QuotableText, of_cable, of_page
from preserve.citation.quotes import find_passage
from preserve.cli.shared.common import Place, answer_text, json_text, say
from preserve.cli.shared.loading import at_hand, public_names, reading, title_of
from preserve.cli.shared.moments import written_fields
from preserve.cli.shared.output import file_fault
from preserve.errors import NotHeldError, UsageError
from preserve.formats.citations.csl import to_csl_json
from preserve.formats.citations.data import CitationData
from preserve.replay.recover import (
    NOT_SIGNED,
    Capture,
    CollectionReader,
    RecoveredPage,
    find_one,
    is_of_a_page,
    is_text,
    parse_moment,
)
from preserve.replay.since import Later, looks_since
from preserve.store.durable import write_atomic
from preserve.text import clean, terminal_line

# What titles in Persian, Hebrew and Arabic are written with, and no terminal acts upon.
_SHAPING = frozenset("\u200c\u200d\u200e\u200f\u061c")


_JSON_FORMS = frozenset({"csl-json", "annotation"})


_MOST_FOUND = 1000


Span = tuple[int, int]


class _Wanted(Struct, frozen=True, kw_only=True):
    """What is to be cited: a capture, and the name that it was asked for by."""

    archive: CollectionReader
    capture: Capture
    name: str


class _Cited(Struct, frozen=True, kw_only=True):
    """One citation that was made."""

    data: CitationData
    texts: dict[str, str]
    passage: Passage | None
    doubt: str
    later: Later | None


def cite(  # noqa: PLR0913 - one for each option
    place: Place,
    *,
    names: tuple[str, ...],
    forms: tuple[str, ...],
    is_long: bool,
    words: str | None,
    document: Path | None,
    at: str | None,
    collection: tuple[str, ...],
    quote: str | None,
    paragraph: int | None,
    chars: str | None,
    cut: bool,
    accessed: str | None,
    capsule: Path | None,
) -> int:
    """Print citations, and write a capsule where one is asked for."""
    if collection and not (names or words or document):
        return _cite_collections(place, collection, forms, _day(accessed, datetime.now(UTC).date()))
    if (bool(names), words is not None, document is not None).count(True) != 1:
        raise UsageError(
            "nothing is named, or in more than one way",
            next_step="Give ids or addresses, or --search WORDS, or --document FILE, or --collection NAME alone.",
        )
    place = at_hand(place, collection)
    day, span = _day(accessed, datetime.now(UTC).date()), _span(chars)
    has_passage = capsule is not None or (quote, paragraph, span) != (None, None, None)
    if has_passage and len(names) != 1:
        raise UsageError("a passage is one of one page", next_step="Cite the others by a command of their own.")
    if words is not None:
        names = _found(place, collection, words)
    cited: list[_Cited] = []
    with reading(place, collection) as archives:
        if document is not None:
            wanted = list(_of_document(archives, document))
        else:
            moment = None if at is None else parse_moment(at)
            wanted = [_Wanted(archive=a, capture=c, name=n) for n in names for a, c in [find_one(archives, n, moment)]]
        for one in _once(wanted):
            _check(one, cut=cut)
            page = one.archive.page(one.capture)
            extraction = one.archive.cable(page, one.name)
            if extraction is None and not is_of_a_page(one.name):
                raise NotHeldError(
                    f"{one.name} is held, but no cable is recognised on it", next_step="Cite it by its address."
                )
            passage = None
            if has_passage:
                passage = _passage(page, extraction, quote=quote, paragraph=paragraph, span=span)
            base, ark = public_names(place, one.archive.paths.name)
            data = make_citation(
                one.archive, page, extraction, passage, public_url=base, ark=ark, accessed=day, is_long=is_long
            )
            texts = {form: write(data, form, passage, number=len(cited) + 1) for form in forms}
            if capsule is not None and passage is not None:
                _write_capsule(capsule, one, page, extraction, passage=passage, data=data)
            doubt = one.capture.dated.doubt
            later = looks_since(one.archive.catalogue, one.capture.url)
            cited.append(_Cited(data=data, texts=texts, passage=passage, doubt=doubt, later=later))
    for each in cited:
        if each.doubt:
            say(f"preserve: captured {each.data.captured}: {each.doubt}")
        if each.later is not None:
            say(f"preserve: {each.later.url}: later looks: {each.later.words}")
    sys.stdout.write(
        answer_text({"citations": [_answer(each) for each in cited]}) if place.as_json else _printed(cited, forms)
    )
    return 0


def _cite_collections(place: Place, names: Sequence[str], forms: Sequence[str], day: str) -> int:
    """Prints the citations of whole collections, at their newest checkpoints."""
    from preserve.citation.cite import cite_collection  # noqa: PLC0415 - few citations need it
    from preserve.formats.citations.collections import collection_item, write_collection  # noqa: PLC0415 - few citations need it

    with reading(place, names) as archives:
        cited = [
            cite_collection(
                archive,
                title=title_of(place, archive.paths.name),
                public_url=public_names(place, archive.paths.name)[0],
                accessed=day,
            )
            for archive in archives
        ]
    texts = [{form: _safe(form, write_collection(each, form)) for form in forms} for each in cited]
    if place.as_json:
        pairs = zip(cited, texts, strict=True)
        answer = [{"csl": collection_item(each), "forms": said} for each, said in pairs]
        sys.stdout.write(answer_text({"citations": answer}))
    else:
        sys.stdout.write("\n".join(_joined(form, [said[form] for said in texts]) for form in forms))
    return 0


def _found(place: Place, collection: Sequence[str], words: str) -> tuple[str, ...]:
    """The ids of the cables that have some words, the best first."""
    from preserve.cli.shared.search_indexes import asking  # noqa: PLC0415 - few citations need it
    from preserve.replay.searching import Question, ask  # noqa: PLC0415 - few citations need it

    with asking(place, collection) as opened:
        found = ask(opened, Question(words=words, limit=_MOST_FOUND))
    if not found.hits:
        raise NotHeldError("nothing found", next_step="Try fewer words, or the beginning of one: harb*")
    if found.count > len(found.hits):
        say(f"preserve: more than {_MOST_FOUND:,} cables have these words; the best {_MOST_FOUND:,} are cited")
    return tuple(dict.fromkeys(hit.hit.cable.published_id for hit in found.hits))


def _of_document(archives: Sequence[CollectionReader], path: Path) -> Iterator[_Wanted]:
    """The copies that a document cites, in its order. What is not held is told."""
    from preserve.citation.documents.checking import CitationChecker  # noqa: PLC0415 - few citations need it
    from preserve.cli.shared.document_checks import read_document  # noqa: PLC0415 - few citations need it

    _data, read = read_document(path)
    for one in CitationChecker(archives).check({str(path): read}):
        if one.cited is None or not one.cited.capture.is_signed:
            why = "nothing is held of it" if one.cited is None else NOT_SIGNED
            say(f"preserve: {terminal_line(one.place, 80)}: {terminal_line(', '.join(one.targets), 200)}: {why}")
        else:
            copy = one.cited
            yield _Wanted(archive=copy.archive, capture=copy.capture, name=copy.cable_id or copy.capture.url)


def _once(wanted: Sequence[_Wanted]) -> list[_Wanted]:
    """Each capture once, in the order in which it is named first."""
    seen: dict[tuple[str, str, str], _Wanted] = {}
    for one in wanted:
        cable = "" if is_of_a_page(one.name) else one.name
        seen.setdefault((one.capture.collection, one.capture.row.record_id, cable), one)
    return list(seen.values())


def _check(one: _Wanted, *, cut: bool) -> None:
    if not one.capture.is_signed:
        raise NotHeldError(
            f"{one.name} is held and not signed yet: {NOT_SIGNED}",
            next_step="Run a capture to its end first, then cite it.",
        )
    if one.capture.lack and not cut:
        raise UsageError(
            f"{one.name}: {one.capture.lack}; no whole one is held",
            next_step="Capture it again, or give --cut: the citation then says that it is not whole.",
        )


def _passage(
    page: RecoveredPage, extraction: Extraction | None, *, quote: str | None, paragraph: int | None, span: Span | None
) -> Passage:
    """The passage that is meant. Where the quote was written in other signs, what was taken is told."""
    passage = find_passage(_text(page, extraction), quote=quote, paragraph=paragraph, chars=span)
    if quote is not None and passage.exact != quote.strip():
        say(f"preserve: cited as it stands there: “{terminal_line(passage.exact, 2_000)}”")
    return passage


def _text(page: RecoveredPage, extraction: Extraction | None) -> QuotableText:
    """The text that is quoted: the cable's, or what the page shows.

    Raises:
        UsageError: the page is no text.
    """
    if extraction is not None:
        return of_cable(extraction)
    if not is_text(page.media_type):
        raise UsageError(f"a page of the type {page.media_type} is no text to quote from", next_step="Cite it whole.")
    return of_page(page.capture.url, page.content, page.content_type)


def _write_capsule(
    path: Path,
    one: _Wanted,
    page: RecoveredPage,
    extraction: Extraction | None,
    *,
    passage: Passage,
    data: CitationData,
) -> None:
    from preserve.citation.capsule.build import build_capsule, citation_item  # noqa: PLC0415 - few citations need it

    made = build_capsule(
        one.archive,
        one.capture,
        text=_text(page, extraction),
        extraction=extraction,
        passage=passage,
        citation=citation_item(data),
    )
    _write(path, made.data)
    for each in made.left_out:
        click.echo(f"not in the capsule: {terminal_line(each, 300)}", err=True)


def _printed(cited: Sequence[_Cited], forms: Sequence[str]) -> str:
    """The citations, one form after the other: CSL-JSON is one list, entries of several lines stand apart."""
    return "\n".join(_joined(form, [_safe(form, each.texts[form]) for each in cited]) for form in forms)


def _joined(form: str, texts: Sequence[str]) -> str:
    if form == "csl-json":
        return json_text([item for text in texts for item in json.loads(text)])
    return ("\n" if form in MANY_LINES else "").join(texts)


def _answer(cited: _Cited) -> dict[str, object]:
    answer: dict[str, object] = {
        "csl": to_csl_json(cited.data),
        "forms": {form: _safe(form, text) for form, text in cited.texts.items()},
        "later": None if cited.later is None else written_fields(cited.later),
    }
    if cited.passage is not None:
        answer["passage"] = {
            name: getattr(cited.passage, name)
            for name in (
                "exact",
                "start",
                "end",
                "byte_start",
                "byte_end",
                "paragraph",
                "portion_mark",
                "folded_blanks",
                "page_lines",
            )
        }
    return answer


def _safe(form: str, text: str) -> str:
    if form in _JSON_FORMS:
        return json_text(json.loads(text))
    return "".join(sign if sign in _SHAPING else clean(sign) for sign in text)


def _day(accessed: str | None, today: date) -> str:
    if accessed is None:
        return today.isoformat()
    try:
        return datetime.strptime(accessed, "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        raise UsageError(f"{accessed[:80]!r} is no day", next_step="Write --accessed 2026-11-25.") from None


def _span(chars: str | None) -> Span | None:
    if chars is None:
        return None
    first, dash, last = chars.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal() and len(chars) <= 40):  # noqa: PLR2004 - two numbers
        raise UsageError(f"{chars[:80]!r} are no characters", next_step="Write --chars 120-180.")
    return int(first), int(last)


def _write(path: Path, data: bytes) -> None:
    try:
        write_atomic(path, data)
    except OSError as error:
        raise file_fault(path, error) from error
