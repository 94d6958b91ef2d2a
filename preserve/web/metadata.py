"""What the head and the headers of a cable's page say to reference managers, crawlers and resolvers.

The names were chosen by what Zotero's translators make of them: an author with a comma at its end is taken as one name,
and COinS beats every other form, so it stands in lists of hits only.

Tested by ``tests/scenarios/test_desk_machines.py``.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from preserve.formats.citations.data import CitationData, document_date, iso, pwid
from preserve.store.searchindex import HeldCable
from preserve.text import single_spaced
from preserve.web.responses import Link, path_of
from preserve.web.seen import SeenCable

CSL_TYPE = "application/vnd.citationstyles.csl+json"
_ABSTRACT_CHARS = 600


def cable_meta(seen: SeenCable, data: CitationData, base: str) -> list[tuple[str, str]]:
    """Names and contents of ``meta`` elements; what is not known is left out."""
    day = document_date(data)
    origin = single_spaced(data.origin)
    text = single_spaced(seen.extraction.body)
    extra = "\n".join(
        [
            f"Original address: {data.url}",
            f"Captured: {data.captured}",
            f"SHA-256 of the record: {data.record_sha256}",
            f"SHA-256 of the text: {data.body_sha256}",
            *([f"Source stated by the page: {data.source}"] if data.source else []),
        ]
    )
    found = [
        ("citation_title", data.name),
        ("citation_author", f"{origin}," if origin else ""),
        ("citation_publication_date", "" if day is None else iso(day).replace("-", "/")),
        ("citation_technical_report_institution", origin),
        ("citation_technical_report_number", seen.canonical_id),
        ("citation_public_url", f"{base}{fixed_path(seen)}"),
        ("citation_language", "en"),
        ("citation_abstract", text[:_ABSTRACT_CHARS]),
        ("DC.type", "report"),
        ("DC.title", data.name),
        ("DC.creator", f"{origin}," if origin else ""),
        ("DC.date", "" if day is None else iso(day)),
        ("DC.identifier", seen.canonical_id),
        ("DC.coverage", pwid(data)),
        ("DC.source", data.url),
        ("z.itemType", "report"),
        ("z.reportType", "Diplomatic cable"),
        ("z.archive", data.archive),
        ("z.place", origin.removeprefix("Embassy ").removeprefix("Consulate ")),
        ("z.callNumber", f"statement {data.statement}"),
        ("z.extra", extra),
    ]
    return [(name, value) for name, value in found if value]


def cable_structured(seen: SeenCable, data: CitationData, base: str) -> dict[str, object]:
    """The cable as JSON-LD of schema.org."""
    day = document_date(data)
    found: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Report",
        "@id": f"{base}{path_of('cable', seen.published_id)}",
        "name": data.name,
        "reportNumber": seen.canonical_id,
        "identifier": [*data.identifiers, pwid(data)],
        "isBasedOn": data.url,
        "archivedAt": f"{base}{fixed_path(seen)}",
        "genre": "Diplomatic cable",
    }
    if day is not None:
        found["dateCreated"] = iso(day)
    if data.origin:
        found["author"] = {"@type": "Organization", "name": single_spaced(data.origin)}
    return found


def fixed_path(seen: SeenCable) -> str:
    """The page of a cable as this very capture shows it."""
    return path_of("cable", seen.published_id, "at", seen.capture.row.record_id)


def links_back(rel: str, name: str) -> Sequence[Link]:
    """The typed links of a part of a cable, or of what describes it, back to its page and to all links."""
    return (
        Link(rel, path_of("cable", name), "text/html"),
        Link("linkset", path_of("cable", name, "linkset.json"), "application/linkset+json"),
    )


def cable_links(seen: SeenCable) -> Sequence[Link]:
    """The typed links of a cable's page, after the profile of Signposting."""
    name = seen.published_id
    return (
        Link("cite-as", fixed_path(seen)),
        Link("type", "https://schema.org/Report"),
        Link("type", "https://schema.org/AboutPage"),
        Link("describedby", path_of("cable", f"{name}.json"), "application/json"),
        Link("describedby", path_of("cable", name, "cite", "csl-json"), CSL_TYPE),
        Link("describedby", path_of("cable", name, "cite", "ris"), "application/x-research-info-systems"),
        Link("describedby", path_of("cable", name, "cite", "bibtex"), "application/x-bibtex"),
        Link("item", path_of("cable", name, "text"), "text/plain"),
        Link("item", path_of("record", seen.capture.row.record_id), "text/html"),
        Link("collection", path_of("collection", seen.capture.collection), "text/html"),
        Link("linkset", path_of("cable", name, "linkset.json"), "application/linkset+json"),
    )


def coins(cable: HeldCable, address: str) -> str:
    """A cable in a list of hits as a context object (OpenURL, Z39.88-2004), for the title of a ``span``."""
    fields: Mapping[str, str] = {
        "ctx_ver": "Z39.88-2004",
        "rft_val_fmt": "info:ofi/fmt:kev:mtx:dc",
        "rft.type": "report",
        "rft.title": single_spaced(cable.subject) or cable.published_id,
        "rft.creator": cable.origin,
        "rft.date": (cable.sent or "")[:10],
        "rft.identifier": address,
        "rft.source": cable.source,
    }
    return urlencode({name: value for name, value in fields.items() if value}, errors="replace")
