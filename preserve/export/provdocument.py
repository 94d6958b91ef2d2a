"""Lineages as a W3C PROV document: PROV-JSON, PROV-N, or Turtle in the terms of PROV-O. ``docs/provenance-export.md``.

A page's claims are an entity of their own, and only its attributes name what they are about: no PROV relation leads
from a capture to a release or an office, for nobody here saw that. Every relation has an identifier and everything is
sorted, so that the same archive gives the same bytes.

Tested by ``tests/scenarios/test_export_provenance.py``.
"""

import re
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from preserve.errors import EnvironmentFaultError, install_step
from preserve.export.lineage import (
    THINGS,
    Lineage,
    LineageEvent,
    Names,
    key_of,
    names_of,
    plain,
)
from preserve.model import format_utc, parse_utc
from preserve.provenance.describe import BUILT_BY_SCRIPTS, MADE_HERE, page_of_made
from preserve.provenance.statements import CableStatement, MementoStatement, RecordStatement, ReleaseStatement

TERMS: Final = "urn:x-preserve:term:"
FORMS: Final[Mapping[str, Mapping[str, Any]]] = {
    "json": {"format": "json", "indent": 1, "sort_keys": True},
    "n": {"format": "provn"},
    "turtle": {"format": "rdf", "rdf_format": "turtle"},
}
MOST: Final[Mapping[str, int]] = {"json": 10_000, "n": 10_000, "turtle": 5_000}
"""Captures in one document. The library holds it whole: 50 KiB a capture with its text, in Turtle 180 KiB."""
_FIELD: Final = re.compile(r"[a-z][a-z0-9_]{0,60}\Z")

Attributes = Iterable[tuple[str, object]]


def ni_uri(sha256: str) -> str:
    """A SHA-256 digest as a URI (RFC 6920 section 3): ``ni:///sha-256;`` and base64url without padding."""
    return "ni:///sha-256;" + urlsafe_b64encode(bytes.fromhex(sha256)).decode("ascii").rstrip("=")


def prov_text(lineages: Sequence[Lineage], form: str) -> str:
    """The document in one of `FORMS`. It is held whole.

    Raises:
        EnvironmentFaultError: the library that writes it is not installed.
    """
    model = _library()
    document = model.ProvDocument()
    for lineage, names in zip(lineages, names_of(lineages), strict=True):
        _Writer(model, document, lineage, names).write()
    with warnings.catch_warnings():
        # rdflib warns of a name of its own that the library still uses.
        warnings.simplefilter("ignore", DeprecationWarning)
        text: str = document.serialize(**FORMS[form])
    return text if text.endswith("\n") else text + "\n"


def _library() -> Any:  # noqa: ANN401 - a module without types
    try:
        return import_module("prov.model")
    except ImportError as error:
        raise EnvironmentFaultError(
            "PROV is written with the library prov, which is not installed",
            next_step=install_step("export"),
        ) from error


class _Writer:
    """Puts one lineage into a document, in a fixed order."""

    def __init__(self, model: Any, document: Any, lineage: Lineage, names: Names) -> None:  # noqa: ANN401 - of a library without types
        self._model = model
        self._document = document
        self._lineage = lineage
        self._terms = document.add_namespace("pv", TERMS)
        self._things = document.add_namespace("x", THINGS)
        self._uuids = document.add_namespace("uuid", "urn:uuid:")
        self._names = names
        self._made: set[str] = set()
        self._sources = {source: (index, one) for index, one in lineage.releases for source in one.sources}

    def write(self) -> None:
        """Everything of the lineage."""
        checkpoint = self._checkpoint()
        for event in self._lineage.events:
            self._event(event)
        for index, release in self._lineage.releases:
            self._declared(index, release)
        for index, record in self._lineage.records:
            self._record(index, record, checkpoint)
        for index, memento in self._lineage.mementos:
            self._memento(index, memento)
        for index, text in self._lineage.texts:
            self._text(index, text, checkpoint)

    def _thing(self, kind: str, key: object) -> Any:  # noqa: ANN401
        return self._named(self._names.thing(kind, key))

    def _named(self, uri: str) -> Any:  # noqa: ANN401
        """One of our identifiers as a qualified name."""
        is_thing = uri.startswith(THINGS)
        return self._things[uri[len(THINGS) :]] if is_thing else self._uuids[uri.removeprefix("urn:uuid:")]

    def _attributes(self, kind: str, attributes: Attributes) -> list[tuple[Any, Any]]:
        found = [(self._model.PROV["type"], self._terms[kind])]
        for name, value in attributes:
            if value is not None:
                key = self._model.PROV[name] if name == "label" else self._terms[name]
                found.append((key, plain(value) if isinstance(value, str) else value))
        return found

    def _uri(self, text: str) -> Any:  # noqa: ANN401
        return self._model.Literal(plain(text), self._model.XSD_ANYURI)

    def _digest(self, sha256: str | None) -> Any:  # noqa: ANN401
        return None if sha256 is None else self._uri(ni_uri(sha256))

    def _moment(self, text: str) -> Any:  # noqa: ANN401
        return self._model.Literal(format_utc(parse_utc(text)), self._model.XSD_DATETIME)

    def _once(self, make: Callable[..., Any], name: Any, kind: str, attributes: Attributes) -> Any:  # noqa: ANN401
        """A node of the document, made where it is not there yet."""
        if str(name) not in self._made:
            self._made.add(str(name))
            make(name, other_attributes=self._attributes(kind, attributes))
        return name

    def _agent(self, name: str, kind: str) -> Any:  # noqa: ANN401
        return self._once(self._document.agent, self._named(self._names.agent(name, kind)), kind, [("label", name)])

    def _external(self, key: str, kind: str, attributes: Attributes) -> Any:  # noqa: ANN401
        """An entity that came about outside of this archive."""
        return self._once(
            self._document.entity, self._thing(kind.lower(), key), kind, [("external", True), *attributes]
        )

    def _checkpoint(self) -> Any:  # noqa: ANN401
        """The newest checkpoint, and what time authorities say of it and of older ones."""
        held = self._lineage.checkpoint
        if held is None:
            return None
        name = self._thing("checkpoint", held.size)
        said = [("external", True), ("origin", held.origin), ("size", held.size), ("rootSha256", held.root.hex())]
        self._once(self._document.entity, name, "Checkpoint", said)
        for receipt in self._lineage.receipts:
            key = f"{receipt.size}-{receipt.authority}"
            attributes = [
                ("external", True),
                ("proven", self._moment(receipt.moment)),
                ("size", receipt.size),
                ("serial", receipt.serial),
                ("replySha256", self._digest(receipt.sha256)),
                ("verified", "no: whether its signature holds is for a reader to see, with roots of their own"),
            ]
            entity = self._thing("receipt", key)
            self._once(self._document.entity, entity, "Receipt", attributes)
            stamped = self._external(f"{receipt.size}", "Checkpoint", [("size", receipt.size)])
            self._derived(entity, stamped, f"receipt-{key}", "TimeStamp")
            authority = self._agent(receipt.authority, "TimeAuthority")
            self._document.wasAttributedTo(entity, authority, identifier=self._thing("attribution", f"receipt-{key}"))
        return name

    def _derived(self, made: Any, of: Any, key: str, kind: str) -> None:  # noqa: ANN401
        self._document.wasDerivedFrom(
            made,
            of,
            identifier=self._thing("derivation", key),
            other_attributes=[(self._model.PROV["type"], self._terms[kind])],
        )

    def _generated(self, made: Any, activity: Any, key: str, moment: str | None) -> None:  # noqa: ANN401
        time = None if moment is None else parse_utc(moment)
        self._document.wasGeneratedBy(made, activity, time, identifier=self._thing("generation", key))

    def _event(self, event: LineageEvent) -> None:
        name = self._named(self._names.event(event.name))
        said: list[tuple[str, object]] = [
            ("label", event.name),
            ("statement", event.statement),
            ("outcome", event.outcome or None),
            ("detail", event.detail or None),
        ]
        start, end = (None if text is None else parse_utc(text) for text in (event.started, event.ended))
        self._made.add(str(name))
        self._document.activity(name, start, end, self._attributes(event.kind.capitalize(), said))
        if event.program is not None:
            agent = self._agent(event.program, "Program")
            key = f"event-{event.statement}"
            self._document.wasAssociatedWith(name, agent, identifier=self._thing("association", key))
        for file in event.files:
            entity = self._named(self._names.file(file, event))
            attributes = [
                ("label", file.name),
                ("size", file.size),
                ("records", file.records),
                ("fileSha256", self._digest(file.sha256)),
            ]
            self._once(self._document.entity, entity, "SealedFile", attributes)
            self._generated(entity, name, f"file-{key_of(file.name)[:16]}-{event.statement}", event.ended)

    def _declared(self, index: int, release: ReleaseStatement) -> Any:  # noqa: ANN401
        said = [
            ("label", release.title or release.release),
            ("declaredName", release.release),
            ("declaredPublisher", release.publisher or None),
            ("declaredReleased", release.released),
            ("dumpFile", None if release.dump is None else release.dump.file),
            ("statement", index),
        ]
        entity = self._thing("release", index)
        self._once(self._document.entity, entity, "DeclaredRelease", said)
        self._generated(entity, None, f"release-{index}", release.stated)
        return entity

    def _record(self, index: int, record: RecordStatement, checkpoint: Any) -> None:  # noqa: ANN401
        name = self._named(self._names.record(index))
        is_own = record.run not in self._lineage.imports
        made_of = page_of_made(record.uri)
        said: list[tuple[str, object]] = [
            ("recordId", record.record_id),
            ("recordType", record.type),
            ("url", None if record.uri is None else self._uri(record.uri)),
            ("madeBy", None if made_of is None or not is_own else MADE_HERE),
            ("captured" if made_of is None else "made", self._moment(record.date)),
            ("status", record.status),
            ("mediaType", record.mime),
            ("challenge", record.challenge),
            ("whole", record.whole),
            ("file", record.file),
            ("ordinal", record.ordinal),
            ("recordSha256", self._digest(record.record_sha256)),
            ("blockSha256", self._digest(record.block_sha256)),
            ("payloadSha256", self._digest(record.payload_sha256)),
            ("external", None if is_own else True),
            *self._stated(index, checkpoint),
        ]
        self._once(self._document.entity, name, "WarcRecord", said)
        key = f"record-{index}"
        activity = None
        if is_own:
            run = self._named(self._names.event(record.run))
            activity = self._once(self._document.activity, run, "Run", [("label", record.run)])
        self._generated(name, activity, key, record.date)
        if record.uri is not None:
            address = made_of or record.uri
            page = self._external(key_of(address), "Page", [("url", self._uri(address))])
            self._derived(name, page, f"{key}-page", "Capture" if made_of is None else "Making")
        if record.type == "revisit" and record.refers_to is not None:
            held = self._names.record_of_id(record.refers_to)
            if held is not None:
                source = self._named(held)
            else:
                source = self._external(key_of(record.refers_to), "Record", [("recordId", record.refers_to)])
            self._derived(name, source, f"{key}-source", "Revisit")

    def _memento(self, index: int, memento: MementoStatement) -> None:
        """What a web archive claims of the record: an entity of its own, as the claims of a page are."""
        held = None if memento.record_id is None else self._names.record_of_id(memento.record_id)
        if held is None:
            return
        key = f"memento-{index}"
        page = self._external(key_of(memento.uri), "Page", [("url", self._uri(memento.uri))])
        said = [
            ("about", page),
            ("claimStatus", "what a web archive said when it served this record"),
            ("webArchive", memento.archive_title or memento.archive),
            ("claimedServed", None if memento.served is None else self._moment(memento.served)),
            ("claimedDigestFits", memento.digest),
            ("againstHeld", memento.held),
            ("statement", index),
        ]
        entity = self._thing("memento", index)
        self._once(self._document.entity, entity, "MementoClaims", said)
        run = self._once(
            self._document.activity, self._named(self._names.event(memento.run)), "Run", [("label", memento.run)]
        )
        self._generated(entity, run, key, None)
        self._derived(entity, self._named(held), key, "Reading")

    def _stated(self, statement: int, checkpoint: Any) -> list[tuple[str, object]]:  # noqa: ANN401
        """Where a statement stands in the ledger, and what it is under."""
        receipt = self._lineage.receipt_of(statement)
        return [
            ("ledger", self._lineage.origin),
            ("statement", statement),
            ("coveredBy", checkpoint if self._lineage.covers(statement) else None),
            ("provenBy", None if receipt is None else self._thing("receipt", f"{receipt.size}-{receipt.authority}")),
        ]

    def _text(self, index: int, text: CableStatement, checkpoint: Any) -> None:  # noqa: ANN401
        held = self._names.record_of_id(text.record_id)
        if held is None:
            return
        source = self._named(held)
        key = f"text-{index}"
        reading = self._thing("reading", index)
        self._document.activity(
            reading, None, None, self._attributes("Reading", [("layout", text.layout), ("statement", index)])
        )
        self._document.used(reading, source, identifier=self._thing("usage", key))
        extractor = self._agent(text.extractor, "Program")
        self._document.wasAssociatedWith(reading, extractor, identifier=self._thing("association", key))
        entity = self._thing("text", index)
        digests = [
            ("rawSha256", self._digest(text.raw_sha256)),
            ("bodySha256", self._digest(text.body_sha256)),
            ("comparisonSha256", self._digest(text.comparison_sha256)),
            ("comparisonRules", text.comparison_rules),
        ]
        read_in = BUILT_BY_SCRIPTS if text.read_in == "dom" else None
        said = [("publishedId", text.published_id), ("canonicalId", text.canonical_id), ("readIn", read_in), *digests]
        self._once(self._document.entity, entity, "Text", [*said, *self._stated(index, checkpoint)])
        self._generated(entity, reading, key, None)
        self._derived(entity, source, key, "Reading")
        claims = self._thing("claims", index)
        self._once(self._document.entity, claims, "Claims", self._claimed(text))
        self._generated(claims, reading, f"claims-{index}", None)
        self._derived(claims, source, f"claims-{index}", "Reading")

    def _claimed(self, text: CableStatement) -> Attributes:
        """What the page printed, and the nodes that it names by that."""
        document = self._external(
            key_of(text.canonical_id or text.published_id),
            "Document",
            [("label", text.canonical_id or text.published_id)],
        )
        said: list[tuple[str, object]] = [("about", document), ("claimStatus", "what the page printed at this capture")]
        for name, field in text.fields.items():
            if _FIELD.match(name) is None:
                continue
            term = "claimed" + "".join(part.capitalize() for part in name.split("_"))
            said += [(term, field.printed), (f"{term}Precision", field.precision)]
            if field.value != field.printed:
                said.append((f"{term}Value", field.value))
        origin = text.fields.get("origin")
        if origin is not None:
            said.append(("namesOrigin", self._agent(origin.printed, "NamedOrigin")))
        source = text.fields.get("source")
        if source is not None:
            release = self._external(key_of(source.printed), "NamedRelease", [("label", source.printed)])
            said.append(("namesRelease", release))
            declared = self._sources.get(source.printed)
            if declared is not None:
                said.append(("declaredAs", self._thing("release", declared[0])))
        return said
