"""CSL-JSON, input of the processors of the Citation Style Language (csl-data.json).

A cable is a ``report``, another page a ``webpage``. There is no field for an archived copy
(citation-style-language/schema issue 387) and none for a capture's date: ``archive`` and ``archive_location`` (the
PWID) name the copy, ``custom`` has the rest. ``issued`` is the document's own date, ``available-date`` the release of
its source, ``accessed`` the day of access.
"""

from preserve.formats.citations.data import (
    KIND,
    CitationData,
    accessed_date,
    document_date,
    note,
    pwid,
    release_date,
)


def to_csl_json(data: CitationData) -> dict[str, object]:
    """One CSL-JSON item. ``URL`` is the archived copy where it is public, else the original."""
    item: dict[str, object] = {
        "id": data.identifier or data.record_id,
        "type": "report" if data.identifier else "webpage",
        "title": data.name,
        "URL": data.address,
        "archive": data.archive,
        "archive_location": pwid(data),
        "note": note(data, (data.address,)),
        "custom": _custom(data),
    }
    if data.identifier:
        item |= {"number": data.identifier, "genre": KIND}
        rows = (("publisher", data.origin), ("publisher-place", data.place), ("keyword", ", ".join(data.tags)))
        item |= {name: value for name, value in rows if value}
    if data.origin:
        item["author"] = [{"literal": data.origin}]
    for name, date in (
        ("issued", document_date(data)),
        ("available-date", release_date(data)),
        ("accessed", accessed_date(data)),
    ):
        if date is not None:
            item[name] = {"date-parts": [list(date)]}
    if data.source:
        item["source"] = data.source
    return item


def _custom(data: CitationData) -> dict[str, object]:
    said: dict[str, object] = {
        "original_url": data.url,
        "archived_url": data.archived_url,
        "moved": [f"{way} {url}" for way, url in data.moved],
        "captured": data.captured,
        "ark": data.ark,
        "ni": list(data.identifiers if data.is_long else data.identifiers[:1]),
    }
    if data.is_long:
        said |= {
            "record_id": data.record_id,
            "record_sha256": data.record_sha256,
            "payload_sha256": data.payload_sha256,
            "body_sha256": data.body_sha256,
            "statement": data.statement,
            "checkpoint_size": data.checkpoint_size,
        }
    said |= {
        "passage": data.passage,
        "quote": data.quote,
        "second_hand": data.second_hand,
        "whole": "" if data.whole == "whole" else data.whole,
        "date_doubt": data.date_doubt,
        "hidden_until_opened": data.hidden_until_opened or "",
    }
    return {name: value for name, value in said.items() if value not in ("", [])}
