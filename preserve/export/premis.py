"""Lineages as PREMIS 3.0 XML: files, captures and texts as objects, what was done to them as events, and its agents.

The order and number of elements is that of the PREMIS 3.0 schema's complex types. It is written as it is made. What a
page claims is no event and no fact; it stands as ``significantProperties`` of the text, named as claims.

Tested by ``tests/scenarios/test_export_provenance.py``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Final

from lxml import etree

from preserve.export.lineage import (
    HeldReceipt,
    Lineage,
    LineageEvent,
    Names,
    names_of,
    plain,
)
from preserve.provenance.describe import BUILT_BY_SCRIPTS, MADE_HERE, page_of_made
from preserve.provenance.statements import CableStatement, MementoStatement, RecordStatement, Sealed

NAMESPACE: Final = "http://www.loc.gov/premis/v3"
MOST: Final = 100_000
"""Captures in one document. It is written as it is made; the lineage is held, about 5 KiB a capture with its text."""
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_PREFIXES: Final = {"premis": NAMESPACE, "xsi": _XSI}
_RULES: Final = {"authority": "eventType", "authorityURI": "http://id.loc.gov/vocabulary/preservation/eventType"}
_TYPES: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "run": ("capture", _RULES),
    "import": ("ingestion", _RULES),
    "cut": ("cut of a torn file", {}),
    "repair": ("recovery", _RULES),
}

Tree = str | Sequence[tuple[str, "Tree"]]


def write_premis(lineages: Sequence[Lineage], out: IO[bytes]) -> None:
    """One PREMIS document in UTF-8. Memory is that of the lineages and one element."""
    out.write(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    pairs = list(zip(lineages, names_of(lineages), strict=True))
    with (
        etree.xmlfile(out, encoding="UTF-8") as file,
        file.element(f"{{{NAMESPACE}}}premis", {"version": "3.0"}, nsmap=_PREFIXES),
    ):
        for part in (_objects, _events, _agents):
            for lineage, named in pairs:
                for element in part(lineage, named):
                    file.write("\n", element)
        file.write("\n")
    out.write(b"\n")


def _element(name: str, tree: Tree, attributes: Mapping[str, str] | None = None) -> etree._Element:
    element = etree.Element(f"{{{NAMESPACE}}}{name}", dict(attributes or {}), nsmap=_PREFIXES)
    if isinstance(tree, str):
        element.text = plain(tree)
    else:
        element.extend(_element(child, content) for child, content in tree)
    return element


def _identifier(name: str, uri: str, *more: tuple[str, Tree]) -> tuple[str, Tree]:
    return name, [(f"{name}Type", "URI"), (f"{name}Value", uri), *more]


def _object(category: str, tree: Sequence[tuple[str, Tree]]) -> etree._Element:
    return _element("object", tree, {f"{{{_XSI}}}type": category})


def _fixity(sha256: str) -> tuple[str, Tree]:
    return "fixity", [("messageDigestAlgorithm", "SHA-256"), ("messageDigest", sha256)]


def _format(name: str, version: str, *notes: str) -> tuple[str, Tree]:
    designation: list[tuple[str, Tree]] = [("formatName", name)]
    if version:
        designation.append(("formatVersion", version))
    return "format", [("formatDesignation", designation), *(("formatNote", note) for note in notes)]


def _property(kind: str, value: str) -> tuple[str, Tree]:
    return "significantProperties", [("significantPropertiesType", kind), ("significantPropertiesValue", value)]


def _relation(kind: str, sub: str, uri: str, event: str | None = None) -> tuple[str, Tree]:
    related: list[tuple[str, Tree]] = [_identifier("relatedObjectIdentifier", uri)]
    if event is not None:
        related.append(_identifier("relatedEventIdentifier", event))
    return "relationship", [("relationshipType", kind), ("relationshipSubType", sub), *related]


def _objects(lineage: Lineage, names: Names) -> Iterator[etree._Element]:
    said = [_identifier("objectIdentifier", names.thing("archive", "0")), _property("ledger origin", lineage.origin)]
    if lineage.checkpoint is not None:
        said.append(_property("checkpoint size", str(lineage.checkpoint.size)))
        said.append(_property("checkpoint root, SHA-256 (RFC 6962)", lineage.checkpoint.root.hex()))
    yield _object("intellectualEntity", [*said, ("originalName", lineage.collection)])
    for event in lineage.events:
        for file in event.files:
            yield _file(file, event, names)
    sealed = {file.name: names.file(file, event) for event in lineage.events for file in event.files}
    mementos: dict[str | None, list[MementoStatement]] = {}
    for _index, memento in lineage.mementos:
        mementos.setdefault(memento.record_id, []).append(memento)
    for index, record in lineage.records:
        yield _record((index, record), lineage, names, sealed, mementos.get(record.record_id, ()))
    for index, text in lineage.texts:
        source = names.record_of_id(text.record_id)
        if source is not None:
            yield _text(index, text, lineage, names, source)


def _file(file: Sealed, event: LineageEvent, names: Names) -> etree._Element:
    is_arc = ".arc" in file.name.lower() and ".warc" not in file.name.lower()
    characteristics: list[tuple[str, Tree]] = [
        _fixity(file.sha256),
        ("size", str(file.size)),
        _format("ARC" if is_arc else "WARC", "", f"{file.records} records; the digest is over the whole file"),
    ]
    return _object(
        "file",
        [
            _identifier("objectIdentifier", names.file(file, event)),
            ("objectCharacteristics", characteristics),
            ("originalName", file.name),
            _relation("structural", "is included in", names.thing("archive", "0")),
            _identifier("linkingEventIdentifier", names.event(event.name)),
        ],
    )


def _record(
    stated: tuple[int, RecordStatement],
    lineage: Lineage,
    names: Names,
    sealed: Mapping[str, str],
    mementos: Sequence[MementoStatement],
) -> etree._Element:
    index, record = stated
    said = [
        ("record id", record.record_id),
        ("record type", record.type),
        ("address", record.uri),
        ("made of the page", page_of_made(record.uri)),
        ("captured" if page_of_made(record.uri) is None else "made", record.date),
        ("HTTP status", None if record.status is None else str(record.status)),
        ("bot wall", record.challenge),
        ("whole", record.whole),
        ("file and ordinal", f"{record.file} {record.ordinal}"),
        ("block digest, SHA-256", record.block_sha256),
        ("payload digest, SHA-256", record.payload_sha256),
        *_stated(index, lineage),
    ]
    characteristics: list[tuple[str, Tree]] = [
        _fixity(record.record_sha256),
        _format("WARC record", "", "the digest is over the header as it stands, its blank line, and the block"),
    ]
    tree = [_identifier("objectIdentifier", names.record(index))]
    tree += [_property(kind, value) for kind, value in said if value is not None]
    tree += [
        _property("claim of a web archive", f"{_title(one)}: {one.uri} at {one.served or 'no date'}")
        for one in mementos
    ]
    tree.append(("objectCharacteristics", characteristics))
    if record.file in sealed:
        tree.append(_relation("structural", "is included in", sealed[record.file]))
    source = None if record.refers_to is None else names.record_of_id(record.refers_to)
    if record.type == "revisit" and source is not None:
        tree.append(_relation("derivation", "is a revisit of", source))
    tree.append(_identifier("linkingEventIdentifier", names.thing("capture", index)))
    return _object("bitstream", tree)


def _title(memento: MementoStatement) -> str:
    """The web archive's name as citations give it, where it has one."""
    return memento.archive_title or memento.archive


def _stated(statement: int, lineage: Lineage) -> list[tuple[str, str | None]]:
    receipt = lineage.receipt_of(statement)
    size = lineage.checkpoint.size if lineage.checkpoint is not None and lineage.covers(statement) else None
    return [
        ("ledger statement", str(statement)),
        ("covered by the checkpoint of size", None if size is None else str(size)),
        ("proven at, as a time authority says", None if receipt is None else f"{receipt.moment} {receipt.authority}"),
    ]


def _text(index: int, text: CableStatement, lineage: Lineage, names: Names, source: str) -> etree._Element:
    said = [
        ("published id", text.published_id),
        ("canonical id", text.canonical_id),
        ("layout", text.layout),
        ("raw digest, SHA-256 over the page", text.raw_sha256),
        (f"comparison digest, SHA-256, rules {text.comparison_rules}", text.comparison_sha256),
        ("read in", BUILT_BY_SCRIPTS if text.read_in == "dom" else None),
        *_stated(index, lineage),
    ]
    tree = [_identifier("objectIdentifier", names.thing("text", index))]
    tree += [_property(kind, value) for kind, value in said if value is not None]
    tree += [_property(f"claim of the page: {name}", field.printed) for name, field in text.fields.items()]
    characteristics: list[tuple[str, Tree]] = [
        _fixity(text.body_sha256),
        _format("plain text", "", "the digest is over the text in UTF-8; the text is read from the record"),
    ]
    event = names.thing("reading", index)
    tree += [
        ("objectCharacteristics", characteristics),
        _relation("derivation", "has source", source, event),
        _identifier("linkingEventIdentifier", event),
    ]
    return _object("bitstream", tree)


def _events(lineage: Lineage, names: Names) -> Iterator[etree._Element]:
    for event in lineage.events:
        yield _event(event, names)
    programs = {
        event.name: names.agent(event.program, "Program")
        for event in lineage.events
        if event.kind == "run" and event.program is not None
    }
    for index, record in lineage.records:
        is_own = record.run not in lineage.imports
        is_made = page_of_made(record.uri) is not None
        own = f"{MADE_HERE}; run {record.run}" if is_made else f"exchange of the run {record.run}"
        yield _made(
            names.thing("capture", index),
            ("creation" if is_made else "capture", _RULES),
            record.date,
            detail=own if is_own else "made by another program, and imported",
            agent=programs.get(record.run),
            made=names.record(index),
        )
    for index, text in lineage.texts:
        if names.record_of_id(text.record_id) is not None:
            yield _made(
                names.thing("reading", index),
                ("text extraction", {}),
                "unknown",
                detail=f"read with the layout {text.layout}; when is not stated, it was after the capture",
                agent=names.agent(text.extractor, "Program"),
                made=names.thing("text", index),
            )
    for receipt in lineage.receipts:
        yield _stamped(receipt, names)


def _event(event: LineageEvent, names: Names) -> etree._Element:
    kind, attributes = _TYPES[event.kind]
    tree: list[etree._Element] = [
        _element(*_identifier("eventIdentifier", names.event(event.name))),
        _element("eventType", kind, attributes),
        _element("eventDateTime", event.ended or "unknown"),
    ]
    began = "" if event.started is None else f", begun {event.started}"
    about = f"{event.kind} {event.name}{began}, ledger statement {event.statement}"
    tree.append(_element("eventDetailInformation", [("eventDetail", f"{about}. {event.detail}".rstrip(". "))]))
    if event.outcome:
        tree.append(_element("eventOutcomeInformation", [("eventOutcome", event.outcome)]))
    if event.program is not None:
        tree.append(_element(*_agent_link(names.agent(event.program, "Program"))))
    tree += [
        _element(*_identifier("linkingObjectIdentifier", names.file(file, event), ("linkingObjectRole", "outcome")))
        for file in event.files
    ]
    return _joined("event", tree)


def _made(
    uri: str, kind: tuple[str, Mapping[str, str]], moment: str, *, detail: str, agent: str | None, made: str
) -> etree._Element:
    tree = [
        _element(*_identifier("eventIdentifier", uri)),
        _element("eventType", *kind),
        _element("eventDateTime", moment),
        _element("eventDetailInformation", [("eventDetail", detail)]),
    ]
    if agent is not None:
        tree.append(_element(*_agent_link(agent)))
    tree.append(_element(*_identifier("linkingObjectIdentifier", made, ("linkingObjectRole", "outcome"))))
    return _joined("event", tree)


def _stamped(receipt: HeldReceipt, names: Names) -> etree._Element:
    return _joined(
        "event",
        [
            _element(*_identifier("eventIdentifier", names.thing("receipt", f"{receipt.size}-{receipt.authority}"))),
            _element("eventType", "time stamp (RFC 3161)"),
            _element("eventDateTime", receipt.moment),
            _element(
                "eventDetailInformation",
                [
                    (
                        "eventDetail",
                        f"over the checkpoint of size {receipt.size}; serial {receipt.serial}; not verified here",
                    )
                ],
            ),
            _element(*_agent_link(names.agent(receipt.authority, "TimeAuthority"), "authorizer")),
            _element(
                *_identifier("linkingObjectIdentifier", names.thing("archive", "0"), ("linkingObjectRole", "source"))
            ),
        ],
    )


def _agent_link(uri: str, role: str = "executing program") -> tuple[str, Tree]:
    return _identifier("linkingAgentIdentifier", uri, ("linkingAgentRole", role))


def _joined(name: str, children: Sequence[etree._Element]) -> etree._Element:
    element = _element(name, [])
    element.extend(children)
    return element


def _agents(lineage: Lineage, names: Names) -> Iterator[etree._Element]:
    programs = {event.program for event in lineage.events if event.program}
    programs |= {text.extractor for _index, text in lineage.texts}
    for program in sorted(programs):
        name, _slash, version = program.partition("/")
        tree = [_identifier("agentIdentifier", names.agent(program, "Program")), ("agentName", name or program)]
        yield _element("agent", [*tree, ("agentType", "software"), ("agentVersion", version or "not stated")])
    for authority in sorted({receipt.authority for receipt in lineage.receipts}):
        tree = [_identifier("agentIdentifier", names.agent(authority, "TimeAuthority")), ("agentName", authority)]
        yield _element("agent", [*tree, ("agentType", "organization")])
