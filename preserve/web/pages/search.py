"""Search: the query is the address, its result can be counted, drawn, gone through and taken away whole.

Tested by ``tests/scenarios/test_desk.py``.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

from preserve.cables.identity import canonical_id
from preserve.errors import UsageError
from preserve.formats.citations.bibtex import tex
from preserve.formats.citations.data import is_web
from preserve.replay.recover import published_as
from preserve.replay.searching import ORDERS, Order, Question, SearchAnswer, SearchHits, ask
from preserve.replay.searchwords import days
from preserve.store.searchindex import FACET_KINDS, MARKS, RANKED, FacetChoice, Filters
from preserve.text import csv_cell, single_spaced
from preserve.web.library import Shelf
from preserve.web.metadata import coins
from preserve.web.plots import Bar, Plot, bars
from preserve.web.responses import DeskPage, File, path_of
from preserve.web.routing import DeskRequest
from preserve.web.settings import MAX_FILTERS, MAX_QUERY_CHARS, PAGE_SIZES

_VALUES: Final = 12
_MOST_YEARS_BY_MONTH: Final = 4
_MONTH: Final = 7
LABELS: Final[Mapping[str, str]] = {
    "origin": "Origin",
    "class": "Classification",
    "tag": "Tag",
    "year": "Year",
    "source": "Source release",
    "redacted": "Redactions",
    "collection": "Collection",
}
_COLUMNS: Final = (
    "published_id", "canonical_id", "sent", "origin", "classification", "tags", "subject", "source", "redactions",
    "url", "captures", "first_captured", "last_captured", "collection", "record", "statement", "body_sha256", "address",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A query as an address says it. ``text``: the words as typed."""

    text: str
    filters: Filters
    collections: tuple[str, ...]
    without: tuple[str, ...]
    order: Order
    size: int
    after: str

    def query(self, *, after: str = "") -> dict[str, list[str]]:
        """The parameters of the same query, from its first page on, or ``after`` one."""
        found: dict[str, list[str]] = {}
        if self.text:
            found["q"] = [self.text]
        for choice in self.filters.chosen:
            found.setdefault(f"{'-' if choice.is_out else ''}{choice.kind}", []).append(choice.value)
        named = (("collection", self.collections), ("-collection", self.without))
        found.update({key: list(value) for key, value in named if value})
        for key, value in (("from", self.filters.first), ("to", self.filters.last)):
            if value:
                found[key] = [value]
        if self.order != self.default_order:
            found["sort"] = [self.order]
        if self.size != PAGE_SIZES[0]:
            found["size"] = [str(self.size)]
        if after:
            found["after"] = [after]
        return found

    @property
    def default_order(self) -> Order:
        """By rank where words are asked for, else by date."""
        return "rank" if self.text else "newest"


def sought(asked: DeskRequest) -> Sought:
    """The query of a request.

    Raises:
        UsageError: it is too long, has too many filters, or names what is no date or order.
    """
    text = asked.first("q").strip()
    if len(text) > MAX_QUERY_CHARS:
        raise UsageError(f"a search of {len(text):,} characters", next_step=f"At most {MAX_QUERY_CHARS:,} are taken.")
    chosen = tuple(
        FacetChoice(kind, value, is_out)
        for kind in FACET_KINDS
        for is_out in (False, True)
        for value in dict.fromkeys(asked.all(f"{'-' if is_out else ''}{kind}"))
    )
    collections, without = asked.all("collection"), asked.all("-collection")
    if len(chosen) + len(collections) + len(without) > MAX_FILTERS:
        raise UsageError("too many filters", next_step=f"At most {MAX_FILTERS} are taken.")
    order = asked.first("sort") or ("rank" if text else "newest")
    if order not in ORDERS or (order == "rank" and not text):
        order = "rank" if text else "newest"
    size = next((one for one in PAGE_SIZES if str(one) == asked.first("size")), PAGE_SIZES[0])
    first, last = days(asked.first("from"), asked.first("to"))
    return Sought(
        text=text,
        filters=Filters(first=first, last=last, chosen=chosen),
        collections=collections,
        without=without,
        order=next(one for one in get_args(Order) if one == order),
        size=size,
        after=asked.first("after"),
    )


def _found(shelf: Shelf, wanted: Sought, *, limit: int, after: str = "") -> SearchAnswer:
    opened = [
        one
        for one in shelf.indexes
        if (not wanted.collections or one.name in wanted.collections) and one.name not in wanted.without
    ]
    return ask(
        opened,
        Question(
            words=wanted.text or None,
            filters=wanted.filters,
            order=wanted.order,
            limit=limit,
            after=after,
            with_facets=True,
            most_values=_VALUES,
        ),
        shelf.blocked.has,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetRow:
    """A value of a facet with its count; paths of the query with it, without it, and with the filter taken away."""

    value: str
    label: str
    count: int
    state: str
    with_path: str
    without_path: str
    reset_path: str


def search(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """The hits of a query, a page of them, with counts of facets and by time."""
    wanted = sought(asked)
    answer = _found(shelf, wanted, limit=wanted.size, after=wanted.after)
    direct = _direct(shelf, wanted.text)
    hits = [_hit(item, asked) for item in answer.hits]
    following = _path(wanted.query(after=answer.following)) if answer.following else ""
    return DeskPage(
        template="search.html",
        title=f"Search: {single_spaced(wanted.text)[:80]}" if wanted.text else "All cables",
        data={
            "query": wanted.text,
            "count": answer.count,
            "is_more": answer.is_more,
            "first": answer.first,
            "hits": [{key: value for key, value in hit.items() if key not in {"pieces", "coins"}} for hit in hits],
            "direct": direct,
            "facets": {
                kind: [{"value": value, "count": count} for value, count in said]
                for kind, said in answer.facets.items()
            },
            "months": dict(sorted(answer.months.items())),
            "after": answer.following,
            "next": following,
        },
        context={
            "wanted": wanted,
            "query": wanted.text,
            "answer": answer,
            "hits": hits,
            "direct": direct,
            "ranked": RANKED,
            "facets": [(kind, LABELS[kind], _rows(kind, answer, wanted)) for kind in LABELS],
            "plot": _histogram(shelf, wanted, answer),
            "following": following,
            "first_path": _path(wanted.query()),
            "exports": [(name, _path(wanted.query(), f"search.{ending}")) for name, ending in _EXPORTS],
            "hidden": [
                (key, value) for key, values in wanted.query().items() if key not in _OF_FORM for value in values
            ],
            "sizes": PAGE_SIZES,
            "orders": [(order, label) for order, label in _ORDERS if order != "rank" or wanted.text],
        },
        is_indexed=False,
        twin=_path(wanted.query(after=wanted.after), "search.json"),
    )


_REDACTED: Final = {"yes": "with redaction marks", "no": "without"}
_EXPORTS: Final = (("CSV", "csv"), ("JSON Lines", "jsonl"), ("RIS", "ris"), ("BibTeX", "bib"), ("Atom feed", "atom"))
_OF_FORM: Final = frozenset({"q", "from", "to", "sort", "size"})
_ORDERS: Final[tuple[tuple[Order, str], ...]] = (
    ("rank", "best first"),
    ("newest", "newest first"),
    ("oldest", "oldest first"),
    ("id", "by id"),
)


def _path(query: Mapping[str, Sequence[str]], page: str = "search") -> str:
    said = urlencode([(key, value) for key, values in query.items() for value in values], errors="replace")
    return f"/{page}" + (f"?{said}" if said else "")


def _direct(shelf: Shelf, text: str) -> list[str]:
    """The published ids that a query means, where it is one id in whatever spelling."""
    if not text or len(text) > 60 or (canonical_id(text) is None and " " in text):  # noqa: PLR2004 - no id is so long
        return []
    return [name for name in published_as(shelf.archives, text) if not shelf.blocked.reason(cable=name)]


def _hit(item: SearchHits, asked: DeskRequest) -> dict[str, object]:
    cable = item.hit.cable
    path = path_of("cable", cable.published_id)
    return {
        **_row(item, asked),
        "path": path,
        "passage": single_spaced(item.hit.passage.replace(MARKS[0], "").replace(MARKS[1], "")),
        "pieces": _pieces(item.hit.passage),
        "coins": coins(cable, f"{asked.base}{path}"),
    }


def _pieces(passage: str) -> list[tuple[bool, str]]:
    """A passage in pieces, each with whether it is what was found."""
    flat = " ".join(passage.split())
    parts = flat.replace(MARKS[1], MARKS[0]).split(MARKS[0])
    return [(number % 2 == 1, piece) for number, piece in enumerate(parts) if piece]


def _row(item: SearchHits, asked: DeskRequest) -> dict[str, object]:
    cable = item.hit.cable
    return {
        "published_id": cable.published_id,
        "canonical_id": cable.canonical_id,
        "sent": cable.sent,
        "origin": cable.origin,
        "classification": cable.classification,
        "tags": list(cable.tags),
        "subject": cable.subject,
        "source": cable.source,
        "redactions": cable.redactions,
        "url": cable.uri,
        "captures": cable.captures,
        "first_captured": cable.first_seen,
        "last_captured": cable.last_seen,
        "collection": item.collection,
        "record": cable.record_id,
        "statement": cable.statement,
        "body_sha256": cable.body_sha256,
        "address": f"{asked.base}{path_of('cable', cable.published_id)}",
    }


def _rows(kind: str, answer: SearchAnswer, wanted: Sought) -> list[FacetRow]:
    chosen = {one.value: one.is_out for one in wanted.filters.chosen if one.kind == kind}
    if kind == "collection":
        chosen = {**dict.fromkeys(wanted.collections, False), **dict.fromkeys(wanted.without, True)}
    counts = dict(answer.facets.get(kind, ()))
    values = [*counts, *(value for value in chosen if value not in counts)]
    rows = []
    for value in values:
        state = "" if value not in chosen else ("out" if chosen[value] else "in")
        rows.append(
            FacetRow(
                value=value,
                label=_REDACTED.get(value, value) if kind == "redacted" else value,
                count=counts.get(value, 0),
                state=state,
                with_path=_path(_with(wanted, kind, value)),
                without_path=_path(_with(wanted, f"-{kind}", value)),
                reset_path=_path(_with(wanted, "", value, of=kind)),
            )
        )
    return rows


def _with(wanted: Sought, key: str, value: str, *, of: str = "") -> dict[str, list[str]]:
    """The query with one value more, or (``of``) with the value of a facet taken out."""
    query = wanted.query()
    kind = of or key.removeprefix("-")
    for name in (kind, f"-{kind}"):
        left = [one for one in query.get(name, []) if one != value]
        query.pop(name, None)
        if left:
            query[name] = left
    if key:
        query[key] = [*query.get(key, []), value]
    return query


def _histogram(shelf: Shelf, wanted: Sought, answer: SearchAnswer) -> Plot:
    """Hits by year, or by month where they are of few years; beside each how many are held of that time."""
    years = {month[:4] for month in answer.months if month}
    length = _MONTH if 0 < len(years) <= _MOST_YEARS_BY_MONTH else 4
    counts: dict[str, int] = {}
    for month, count in answer.months.items():
        counts[month[:length]] = counts.get(month[:length], 0) + count
    held: dict[str, int] = {}
    for name in shelf.names:
        overview = shelf.overview(name)
        for month, count in ({} if overview is None else overview.written).items():
            held[month[:length]] = held.get(month[:length], 0) + count
    values = [
        Bar(
            label=period,
            value=counts[period],
            note=_share(counts[period], held.get(period, 0)),
            href=_path({**wanted.query(), "from": [period], "to": [period]}),
        )
        for period in sorted(counts)
        if period
    ]
    if counts.get(""):
        values.append(Bar(label="no date", value=counts[""], note=_share(counts[""], held.get("", 0)), is_apart=True))
    what = "month" if length == _MONTH else "year"
    return bars(values, name="hits", title=f"Hits by {what} of the document", unit="hits", notes="of what is held")


def _share(count: int, held: int) -> str:
    return f"{100 * count / held:.1f} % of {held:,} held" if held else ""


def _exported(shelf: Shelf, asked: DeskRequest) -> tuple[Sought, SearchAnswer]:
    """All hits of a query, up to the bound on what is ranked: exactly those that its pages go through."""
    wanted = sought(asked)
    return wanted, _found(shelf, wanted, limit=RANKED * max(1, len(shelf.names)))


def as_csv(shelf: Shelf, asked: DeskRequest) -> File:
    """All hits as CSV (RFC 4180), in cells of `csv_cell`."""
    _wanted, answer = _exported(shelf, asked)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for item in answer.hits:
        row = _row(item, asked)
        writer.writerow([_cell(row[name]) for name in _COLUMNS])
    return File(body=out.getvalue().encode("utf-8", "replace"), media_type="text/csv; charset=utf-8", name="cables.csv")


def _cell(value: object) -> str:
    return csv_cell(" ".join(value) if isinstance(value, list) else "" if value is None else str(value))


def as_jsonl(shelf: Shelf, asked: DeskRequest) -> File:
    """All hits as JSON, one a line."""
    _wanted, answer = _exported(shelf, asked)
    lines = "".join(json.dumps(_row(item, asked), ensure_ascii=True) + "\n" for item in answer.hits)
    return File(body=lines.encode(), media_type="application/jsonl", name="cables.jsonl")


def as_ris(shelf: Shelf, asked: DeskRequest) -> File:
    """All hits as RIS, each a report."""
    _wanted, answer = _exported(shelf, asked)
    entries = []
    for item in answer.hits:
        cable = item.hit.cable
        day = (cable.sent or "")[:10]
        fields = [
            ("TY", "RPRT"),
            ("TI", cable.subject or cable.published_id),
            ("AU", f"{cable.origin}," if cable.origin else ""),
            ("PB", cable.origin),
            ("PY", day[:4]),
            ("DA", day.replace("-", "/")),
            ("SN", cable.canonical_id or cable.published_id),
            ("M3", "Diplomatic cable"),
            *(("KW", tag) for tag in cable.tags),
            ("DB", item.collection),
            ("UR", f"{asked.base}{path_of('cable', cable.published_id)}"),
            ("N1", f"record {cable.record_id}; SHA-256 of the text {cable.body_sha256}"),
        ]
        entries.append("".join(f"{key}  - {single_spaced(value)}\r\n" for key, value in fields if value) + "ER  - \r\n")
    body = "\r\n".join(entries).encode("utf-8", "replace")
    return File(body=body, media_type="application/x-research-info-systems", name="cables.ris")


def as_bibtex(shelf: Shelf, asked: DeskRequest) -> File:
    """All hits as BibTeX, each a technical report."""
    _wanted, answer = _exported(shelf, asked)
    entries = []
    keys: set[str] = set()
    for number, item in enumerate(answer.hits, 1):
        cable = item.hit.cable
        key = "".join(sign for sign in cable.published_id if sign.isascii() and sign.isalnum()) or "cable"
        # Several collections may hold a cable, and readers take one entry of a key.
        key = f"{key}-{number}" if key in keys else key
        keys.add(key)
        address = f"{asked.base}{path_of('cable', cable.published_id)}"
        fields = [
            ("title", f"{{{tex(cable.subject or cable.published_id)}}}"),
            ("author", f"{{{tex(cable.origin)}}}" if cable.origin else ""),
            ("institution", tex(cable.origin)),
            ("number", tex(cable.canonical_id or cable.published_id)),
            ("type", "Diplomatic cable"),
            ("year", (cable.sent or "")[:4]),
            ("date", (cable.sent or "")[:10]),
            ("keywords", tex(", ".join(tag.replace(",", " ") for tag in cable.tags))),
            ("url", address),
            ("note", f"record {cable.record_id}; SHA-256 of the text {cable.body_sha256}"),
        ]
        entries.append(
            f"@techreport{{{key},\n" + "".join(f"  {name} = {{{value}}},\n" for name, value in fields if value) + "}\n"
        )
    return File(
        body="\n".join(entries).encode("utf-8", "replace"), media_type="application/x-bibtex", name="cables.bib"
    )


def as_atom(shelf: Shelf, asked: DeskRequest) -> File:
    """The cables of a query that were captured last, as a feed (RFC 4287)."""
    wanted, answer = _exported(shelf, asked)
    newest = sorted(answer.hits, key=lambda item: (item.hit.cable.last_seen, item.hit.cable.statement), reverse=True)
    here = f"{asked.base}{_path(wanted.query())}"
    feed = f"{asked.base}{_path(wanted.query(), 'search.atom')}"
    updated = newest[0].hit.cable.last_seen if newest else "1970-01-01T00:00:00Z"
    entries = [_entry(item, asked) for item in newest[: PAGE_SIZES[-1]]]
    text = (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<title>{_xml(wanted.text) or 'All cables'}</title>\n<id>{_xml(here)}</id>\n"
        f'<link rel="self" href={quoteattr(feed)}/>\n'
        f'<link rel="alternate" type="text/html" href={quoteattr(here)}/>\n<updated>{_xml(updated)}</updated>\n'
        "<author><name>preserve</name></author>\n" + "".join(entries) + "</feed>\n"
    )
    return File(body=text.encode("utf-8", "replace"), media_type="application/atom+xml; charset=utf-8")


def _entry(item: SearchHits, asked: DeskRequest) -> str:
    cable = item.hit.cable
    address = f"{asked.base}{path_of('cable', cable.published_id)}"
    source = f'<link rel="via" href={quoteattr(cable.uri)}/>\n' if is_web(cable.uri) and cable.uri.isprintable() else ""
    return (
        f"<entry>\n<title>{_xml(f'{cable.published_id}: {cable.subject}')}</title>\n<id>{_xml(cable.record_id)}</id>\n"
        f'<link rel="alternate" type="text/html" href={quoteattr(address)}/>\n{source}'
        f"<updated>{_xml(cable.last_seen)}</updated>\n<published>{_xml(cable.first_seen)}</published>\n"
        f"<summary>{_xml(item.hit.passage.replace(MARKS[0], '').replace(MARKS[1], ''))}</summary>\n</entry>\n"
    )


def _xml(text: str) -> str:
    """Text for XML 1.0, on one line, without characters that it cannot have."""
    return escape("".join(sign if sign.isprintable() else "\ufffd" for sign in single_spaced(text)))
