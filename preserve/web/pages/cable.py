"""A cable to read, as the newest capture or a chosen one shows it; its graph; and pages that are no cable.

Tested by ``tests/scenarios/test_desk.py``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import msgspec

from preserve.cables.difference import redaction_marks
from preserve.cables.extract import HIDDEN_UNTIL_OPENED, Extraction
from preserve.cables.identity import cable_key, canonical_id
from preserve.cables.message.readingview import reading_view
from preserve.citation.cite import cable_title
from preserve.citation.cite import cite as citation_of
from preserve.citation.forms import write
from preserve.errors import FormatError, NotHeldError, PreserveError, UsageError
from preserve.formats.citations.data import is_web
from preserve.provenance.describe import describe_cable
from preserve.replay.graph import Edge, Graph, Node, read_graph
from preserve.replay.made import Made, made_of
from preserve.replay.readings import shown_reading
from preserve.replay.recover import (
    Capture,
    CollectionReader,
    captures_found,
    find_one,
    merged,
    parse_moment,
    published_as,
    record_facts,
)
from preserve.replay.since import looks_since
from preserve.text import single_spaced
from preserve.web.glossary import caption_meaning, tag_meaning
from preserve.web.library import Shelf
from preserve.web.links import link_line
from preserve.web.metadata import cable_links, cable_meta, cable_structured, links_back
from preserve.web.pages.records import shown_pictures
from preserve.web.plots import EgoNode, ego
from preserve.web.responses import DeskPage, File, path_of
from preserve.web.routing import DeskRequest
from preserve.web.seen import SeenCable, verdicts

_RECORD = "urn:uuid:"
_MOST_CAPTURES = 200


def find_cable(shelf: Shelf, name: str, at: str | None) -> SeenCable:
    """A cable by any of its ids; ``at``: a time, or the id of a record that shows it.

    Raises:
        BlockedError: it is not shown here.
        NotHeldError: nothing is held under that name, or nothing as early.
        UsageError: ``at`` is no time.
        ArchiveError, CatalogueDiffersError: it is not what the ledger names.
    """
    if "://" in name:
        raise NotHeldError("A cable is named by its id; a page by its address is under /page.")
    shelf.blocked.check(cable=name)
    if at is not None and at.startswith(_RECORD):
        archive, capture = by_record(shelf.archives, at)
    else:
        archive, capture = find_one(shelf.archives, name, None if at is None else parse_moment(at))
    shelf.blocked.check_capture(capture)
    page = archive.page(capture)
    extraction = archive.cable(page, name)
    if extraction is None:
        raise NotHeldError(
            f"{name} is held, but no cable is recognised on its page now",
            next_step=f"See the page itself: /page?url={capture.url}",
        )
    shelf.blocked.check(cable=extraction.published_id, canonical=extraction.canonical_id)
    return SeenCable(
        asked=name,
        archive=archive,
        capture=capture,
        page=page,
        extraction=extraction,
        reading=shown_reading(archive, capture, extraction),
        is_fixed=at is not None,
    )


def by_record(archives: Sequence[CollectionReader], record_id: str) -> tuple[CollectionReader, Capture]:
    """The capture that a record is.

    Raises:
        NotHeldError: it is none that is held.
    """
    for archive in archives:
        capture = archive.capture_of_record(record_id)
        if capture is not None:
            return archive, capture
    raise NotHeldError(f"no record {record_id} is held here")


def by_address(archives: Sequence[CollectionReader], url: str, at: str) -> tuple[CollectionReader, Capture]:
    """The capture of an address: the newest, or that of a time or a record (``at``).

    Raises:
        NotHeldError: there is none that is held.
        UsageError: ``at`` is no moment.
    """
    if at.startswith(_RECORD):
        return by_record(archives, at)
    return find_one(archives, url, parse_moment(at) if at else None)


def cable(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """The newest good capture of a cable."""
    return _page(shelf, asked, find_cable(shelf, asked.rest[0], None))


def fixed(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """A cable as it was at a time, or as one record shows it: what a citation names."""
    return _page(shelf, asked, find_cable(shelf, asked.rest[0], asked.rest[1]))


def text(shelf: Shelf, asked: DeskRequest) -> File:
    """The text as it stands on the page, to compute with and to cite from."""
    seen = find_cable(shelf, asked.rest[0], asked.first("at") or None)
    return File(
        body=seen.extraction.body.encode("utf-8", "replace"),
        media_type="text/plain; charset=utf-8",
        links=links_back("collection", seen.published_id),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraphed:
    """A piece of the reading view. ``anchor``: the id of the paragraph that begins here, or empty; ``number``: its."""

    kind: str
    text: str
    anchor: str = ""
    number: str = ""


def pieces_of(extraction: Extraction) -> list[Paragraphed]:
    """The message to read, each numbered paragraph with an address of its own."""
    starts = {paragraph.start: paragraph.number.text for paragraph in extraction.message.paragraphs}
    used: dict[str, int] = {}
    found = []
    for piece in reading_view(extraction.body, extraction.message):
        inside = [start for start in starts if piece.start <= start < max(piece.end, piece.start + 1)]
        number = starts[inside[0]] if inside else ""
        anchor = ""
        if number:
            used[number] = used.get(number, 0) + 1
            anchor = f"p{number}" if used[number] == 1 else f"p{number}-{used[number]}"
        found.append(Paragraphed(kind=piece.kind, text=piece.text, anchor=anchor, number=number))
    return found


def _page(shelf: Shelf, asked: DeskRequest, seen: SeenCable) -> DeskPage:
    extraction, capture = seen.extraction, seen.capture
    data = citation_of(
        seen.archive,
        seen.page,
        extraction,
        public_url=shelf.settings.replay_urls.get(capture.collection, ""),
        ark=shelf.settings.arks.get(capture.collection, ""),
    )
    captures = _captures(shelf, seen)
    graph_of = _graph(shelf, cable_key(seen.canonical_id))
    others = [name for name in published_as(shelf.archives, extraction.published_id) if name != extraction.published_id]
    later = looks_since(seen.archive.catalogue, capture.url)
    words = verdicts(seen)
    is_text = asked.first("view") == "text"
    name = seen.published_id
    here = path_of("cable", name, *(("at", asked.rest[1]) if seen.is_fixed else ()))
    return DeskPage(
        template="cable.html",
        title=f"{name}: {single_spaced(cable_title(extraction))}",
        data={
            **_facts(seen),
            "verdicts": [asdict(one) for one in words],
            "captures": captures,
            "also_published_as": others,
            "later": None if later is None else msgspec.to_builtins(later),
            **_graph_data(graph_of, seen.canonical_id),
        },
        context={
            "seen": seen,
            "cable": extraction,
            "name": name,
            "heading": single_spaced(cable_title(extraction)) or name,
            "capture": capture,
            "fields": _fields(seen),
            "facts": _facts_line(seen),
            "dates": _dates(seen),
            "tags": [(tag.meant, tag_meaning(tag.meant), tag.certain) for tag in extraction.message.meant_tags],
            "captions": [(one.text, caption_meaning(one.text)) for one in extraction.message.captions],
            "pieces": [] if is_text else pieces_of(extraction),
            "is_text": is_text,
            "verdicts": words,
            "captures": captures[-_MOST_CAPTURES:],
            "others": others,
            "later": later,
            "refs": _refs(extraction, graph_of),
            "cited_by": _cited_by(shelf, graph_of, seen.canonical_id),
            "redactions": redaction_marks(extraction.body),
            "hidden": HIDDEN_UNTIL_OPENED if extraction.hidden_until_opened else "",
            "citation": write(data, "text").strip() if capture.is_signed else "",
            "here_path": here,
            "is_web": is_web(capture.url),
        },
        links=cable_links(seen),
        meta=cable_meta(seen, data, asked.base),
        structured=cable_structured(seen, data, asked.base),
        twin=f"{here}.json",
    )


def _facts(seen: SeenCable) -> dict[str, object]:
    """Everything about one capture of a cable, for programs."""
    capture, extraction = seen.capture, seen.extraction
    said = msgspec.to_builtins(describe_cable(capture.source.record_id, capture.source.uri, extraction))
    return {
        "collection": capture.collection,
        "published_id": extraction.published_id,
        "canonical_id": extraction.canonical_id,
        "url": capture.url,
        "captured": capture.row.date,
        "second_hand": capture.second_hand or None,
        "date_doubt": capture.dated.doubt or None,
        "signed": capture.is_signed,
        "record": record_facts(seen.page.capture),
        "cable": {key: value for key, value in said.items() if key not in {"kind", "v", "record_id"}},
        "reading": msgspec.to_builtins(seen.reading),
        "text": extraction.body,
        "findings": [{"code": finding.code, "detail": finding.detail} for finding in extraction.findings],
        "redactions": redaction_marks(extraction.body),
    }


def _captures(shelf: Shelf, seen: SeenCable) -> list[dict[str, object]]:
    found = []
    for _archive, one in merged(captures_found(shelf.archives, seen.published_id)):
        if shelf.blocked.reason(url=one.url, record=one.row.record_id):
            continue
        found.append(
            {
                "collection": one.collection,
                "captured": one.moment,
                "record": one.row.record_id,
                "url": one.url,
                "is_revisit": one.is_revisit,
                "second_hand": one.second_hand,
                "status": one.source.status,
                "lack": one.lack,
                "doubt": one.dated.doubt,
                "is_shown": one.row.record_id == seen.capture.row.record_id,
            }
        )
    return found


def _facts_line(seen: SeenCable) -> list[str]:
    """Origin, classification and date, as far as they are known: what stands under a title."""
    fields, sent = seen.extraction.fields, seen.extraction.sent
    said = [fields[name].printed for name in ("origin", "classification") if name in fields]
    if sent is not None:
        said.append((sent.value or sent.printed).replace("T", " "))
    return [one for one in said if one]


def _fields(seen: SeenCable) -> list[tuple[str, str, str]]:
    """Rows of the header: label, as printed, and what that means."""
    extraction = seen.extraction
    message, fields = extraction.message, extraction.fields
    rows: list[tuple[str, str, str]] = []
    for name, label in _LABELS:
        field = fields.get(name)
        if field is not None and field.printed:
            meant = (field.value or "").replace("T", " ")
            if field.precision == "hour":
                meant += " (known to the hour)"
            rows.append((label, field.printed, "" if meant == field.printed else meant))
    reading = extraction.id_reading
    if reading is not None and reading.id != extraction.published_id:
        doubt = "" if reading.certain else ", in doubt"
        rows.insert(0, ("Canonical id", extraction.published_id, f"{reading.id} ({reading.rule}{doubt})"))
    line = message.classification_line
    if line is not None:
        part = "" if line.section is None else f", section {line.section} of {line.sections or '?'}"
        rows.append(("Classification line", line.text, f"{line.level}{part}"))
    header = message.header
    if header is not None:
        post = header.sent_from_post
        if header.sent_from is not None:
            rows.append(("From", header.sent_from.text, "" if post is None else post.station))
        for label, addressees in (("To", header.to), ("Info", header.info)):
            names = [single_spaced(extraction_text(one)) for one in addressees]
            if names:
                rows.append((label, "; ".join(names), ""))
        if header.date_time_group is not None:
            rows.append(
                ("Date-time group", header.date_time_group.text, f"{(header.date_time or '').replace('T', ' ')} UTC")
            )
    for label, value in (
        ("E.O.", message.eo),
        ("Declassify on", message.declassify_on),
        ("Classified by", message.classified_by),
    ):
        if value is not None:
            rows.append((label, value.text, getattr(value, "date", None) or ""))
    return rows


def extraction_text(one: object) -> str:
    """An addressee as printed."""
    return str(getattr(one, "text", one))


_LABELS = (
    ("origin", "Origin"),
    ("classification", "Classification"),
    ("redacted_note", "Note on redaction"),
    ("partial_note", "Note"),
    ("counter", "Counter on the page"),
)


def _dates(seen: SeenCable) -> list[tuple[str, str, str]]:
    """The dates that are told apart: what each is of, the date, and what is to be said of it."""
    fields, capture = seen.extraction.fields, seen.capture
    sent = seen.extraction.sent
    rows = []
    if sent is not None:
        value = (sent.value or sent.printed).replace("T", " ")
        rows.append(("Written", value, f"known to the {sent.precision}" if sent.precision else "as printed"))
    for name, label in (("source_released", "Released by its source"), ("released", "Put on the page")):
        field = fields.get(name)
        if field is not None and field.printed:
            source = fields.get("source")
            by = (
                f"claimed by the page: {source.printed}"
                if source is not None and name == "source_released"
                else "claimed by the page"
            )
            rows.append((label, (field.value or field.printed).replace("T", " "), by))
    doubt = capture.dated.doubt or ("a web archive's claim" if capture.memento is not None else "by this archive")
    rows.append(("Captured", f"{capture.moment[:19].replace('T', ' ')} UTC", doubt))
    return rows


def _graph(shelf: Shelf, key: str) -> Graph | None:
    """Who cites whom around one cable; None where no index tells."""
    try:
        return read_graph(shelf.indexes, key)
    except PreserveError:
        return None


def _refs(extraction: Extraction, graph_of: Graph | None) -> list[dict[str, object]]:
    """The entries of the list of references, each with the cables that it means."""
    nodes = {} if graph_of is None else {node.id: node for node in graph_of.nodes}
    found: list[dict[str, object]] = []
    for entry, cited in zip(extraction.message.refs, extraction.cited, strict=True):
        means: list[dict[str, object]] = []
        for one in cited:
            node = nodes.get(one.id)
            means.append(
                {
                    "id": one.id,
                    "held": node is not None and bool(node.held_as),
                    "subject": "" if node is None else node.subject,
                    "certain": one.certain,
                    "rules": ", ".join(one.rules),
                }
            )
        found.append({"enumerator": entry.enumerator, "printed": entry.text, "means": means})
    return found


def _cited_by(shelf: Shelf, graph_of: Graph | None, name: str) -> list[Node]:
    if graph_of is None:
        return []
    nodes = {node.id: node for node in graph_of.nodes}
    citing = dict.fromkeys(edge.citing for edge in graph_of.edges if _is(edge.cited, name))
    return [nodes[one] for one in citing if not shelf.blocked.reason(cable=one)]


def _is(one: str, other: str) -> bool:
    return cable_key(one) == cable_key(other)


def _graph_data(graph_of: Graph | None, name: str) -> dict[str, object]:
    if graph_of is None:
        return {"cites": None, "cited_by": None}
    held = {node.id for node in graph_of.nodes if node.held_as}
    return {
        "cites": [_edge(edge, held) for edge in graph_of.edges if _is(edge.citing, name)],
        "cited_by": [_edge(edge, held) for edge in graph_of.edges if _is(edge.cited, name)],
    }


def _edge(edge: Edge, held: set[str]) -> Mapping[str, object]:
    return {
        "citing": edge.citing,
        "cited": edge.cited,
        "held": edge.cited in held,
        "certain": edge.citation.certain,
        "printed": edge.citation.printed,
        "rules": edge.citation.rules,
        "collection": edge.collection,
        "statement": edge.statement,
    }


def graph(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """What a cable cites and what cites it, drawn and as a table; it need not be held."""
    name = asked.rest[0]
    shelf.blocked.check(cable=name)
    key = cable_key(canonical_id(name) or name.strip().upper())
    found = read_graph(shelf.indexes, key)
    if not found.nodes:
        raise NotHeldError(f"{name} is neither held nor cited here")
    nodes = {node.id: node for node in found.nodes if not shelf.blocked.reason(cable=node.id)}
    centre = next((node for node in nodes.values() if cable_key(node.id) == key), None)
    if centre is None:
        raise NotHeldError(f"{name} is neither held nor cited here")
    edges = [edge for edge in found.edges if edge.citing in nodes and edge.cited in nodes]
    cites = [edge for edge in edges if edge.citing == centre.id]
    cited_by = [edge for edge in edges if edge.cited == centre.id]
    plot = ego(
        _ego(centre),
        list(_unique(nodes[edge.citing] for edge in cited_by)),
        list(_unique(nodes[edge.cited] for edge in cites)),
    )
    held = {node.id for node in nodes.values() if node.held_as}
    rows = [(edge, nodes[edge.cited], "cites") for edge in cites]
    rows += [(edge, nodes[edge.citing], "cited by") for edge in cited_by]
    return DeskPage(
        template="graph.html",
        title=f"{centre.id}: references",
        data={
            "cable": centre.id,
            "held_as": list(centre.held_as),
            "cites": [_edge(edge, held) for edge in cites],
            "cited_by": [_edge(edge, held) for edge in cited_by],
        },
        context={"centre": centre, "plot": plot, "rows": rows},
        is_indexed=False,
        twin=path_of("graph", f"{name}.json"),
    )


def _unique(nodes: Iterator[Node]) -> Iterator[EgoNode]:
    for node in dict.fromkeys(nodes):
        yield _ego(node)


def _ego(node: Node) -> EgoNode:
    return EgoNode(
        id=node.id,
        href=path_of("cable", node.held_as[0]) if node.held_as else path_of("graph", node.id),
        is_held=bool(node.held_as),
        subject=node.subject,
        detail=node.subject if node.held_as else "not held",
    )


def _made(archive: CollectionReader, capture: Capture, captures: Sequence[Capture]) -> tuple[Made | None, str]:
    """What a browser made of a capture, and the browser of the capture before, where that was another one."""
    made = made_of(archive, capture, captures)
    before = [one for one in captures if one.collection == capture.collection and one.moment < capture.moment]
    if made is None or not before:
        return made, ""
    earlier = made_of(archive, before[-1], captures)
    return made, earlier.browser if earlier is not None and earlier.browser != made.browser else ""


def plain(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """A page that is no cable, as the text that it shows: by its address, the newest or at a time."""
    url = asked.first("url").strip()
    if not url:
        raise UsageError("no address is given", next_step="Write /page?url=https://...")
    if "://" not in url:
        raise UsageError("this is no address", next_step="Give it whole, with https://, as it was captured.")
    shelf.blocked.check(url=url)
    at = asked.first("at")
    archive, capture = by_address(shelf.archives, url, at)
    shelf.blocked.check_capture(capture)
    page = archive.page(capture)
    cables = archive.read(page).cables
    shelf.blocked.check_cables(cables)
    shown = archive.plain(page)
    captures = [one for reader in shelf.archives for one in reader.captures_of(url)]
    try:
        redirect = archive.redirect_of(capture)
    except FormatError:
        redirect = None
    link = link_line(archive, capture.url)
    made, other = _made(archive, capture, captures)
    pictures = shown_pictures(shelf, archive, made)
    return DeskPage(
        template="page.html",
        title=f"Page {capture.url}",
        data={
            "url": capture.url,
            "collection": capture.collection,
            "captured": capture.row.date,
            "record": capture.row.record_id,
            "status": capture.source.status,
            "media_type": page.media_type,
            "redirect": redirect,
            "link": None if link is None else asdict(link),
            "cables": [one.published_id for one in cables],
            "text": None if shown is None else shown.text,
            "pictures": {kind: row.record_id for kind, row in pictures.items()},
            "pictures_by": None if made is None else made.browser,
            "captures": [{"captured": one.moment, "record": one.row.record_id} for one in captures],
        },
        context={
            "made": made,
            "pictures": pictures,
            "other_browser": other,
            "link": link,
            "capture": capture,
            "page_seen": page,
            "cables": cables,
            "text": None if shown is None else shown.text,
            "captures": captures[-_MOST_CAPTURES:],
            "redirect": redirect,
            "is_web": is_web(capture.url),
        },
        is_indexed=False,
        twin=path_of("page.json", url=url, **({"at": at} if at else {})),
    )
