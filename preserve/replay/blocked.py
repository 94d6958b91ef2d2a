"""What the operator does not show, looked up: by cable, address and record (``config/blocked.yaml``)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from preserve.cables.identity import cable_key, canonical_id
from preserve.config.blocked import BlockedConfig
from preserve.errors import FormatError, PreserveError
from preserve.formats.urls import canonical
from preserve.provenance.describe import page_of_dom
from preserve.replay.recover import Capture, CollectionReader
from preserve.store.searchindex import HeldCable


class NamedCable(Protocol):
    """What has the ids of a cable."""

    @property
    def published_id(self) -> str:
        """As it is published."""
        ...

    @property
    def canonical_id(self) -> str | None:
        """In its canonical spelling, where it has one."""
        ...


class BlockedError(PreserveError):
    """What is asked for is held, and not shown here: the reason is the operator's."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """The operator's list, as it is looked up."""

    config: BlockedConfig
    cables: Mapping[str, str] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, config: BlockedConfig) -> "Blocked":
        """The list of a configuration."""
        return cls(
            config,
            {_key(one.cable): one.reason for one in config.blocked if one.cable is not None},
            {_address(one.url): one.reason for one in config.blocked if one.url is not None},
            {one.record: one.reason for one in config.blocked if one.record is not None},
        )

    def reason(self, *, cable: str = "", canonical: str | None = None, url: str = "", record: str = "") -> str:
        """Why something is not shown; empty where it is."""
        if not self.config.blocked:
            return ""
        of_cable = self.cables.get(_key(cable), "") if cable else ""
        of_cable = of_cable or (self.cables.get(_key(canonical), "") if canonical else "")
        return of_cable or (self.urls.get(_address(url), "") if url else "") or self.records.get(record, "")

    def check(self, *, cable: str = "", canonical: str | None = None, url: str = "", record: str = "") -> None:
        """Raises `BlockedError` where something is not shown."""
        reason = self.reason(cable=cable, canonical=canonical, url=url, record=record)
        if reason:
            raise BlockedError(reason)

    def has(self, cable: HeldCable) -> bool:
        """Whether a cable that is found is not shown."""
        return bool(
            self.config.blocked
            and self.reason(
                cable=cable.published_id, canonical=cable.canonical_id, url=cable.uri, record=cable.record_id
            )
        )

    def check_cables(self, cables: Iterable[NamedCable]) -> None:
        """Raises `BlockedError` where one of the cables on a page is not shown."""
        for one in cables:
            self.check(cable=one.published_id, canonical=one.canonical_id)

    def check_capture(self, capture: Capture) -> None:
        """Raises `BlockedError` where the page of a capture is not shown, by address or record."""
        for row in (capture.row, capture.source):
            self.check(url=row.uri or "", record=row.record_id)
        self.check(url=capture.url)

    def check_shown(self, archive: CollectionReader, capture: Capture) -> None:
        """Raises `BlockedError` where a capture is not shown, by itself, by the record it repeats, or by its cables.

        `hidden_records` says the same of everything at once.
        """
        if self.config.blocked:
            self.check_capture(capture)
            self.check_cables(archive.catalogue.readings_of(capture.source.record_id))

    def is_shown(self, archive: CollectionReader, capture: Capture) -> bool:
        """The same as a question."""
        try:
            self.check_shown(archive, capture)
        except BlockedError:
            return False
        return True

    def hidden_records(self, archive: CollectionReader) -> frozenset[str]:
        """The records of one collection that are not shown by themselves or by their cables.

        What repeats one of them, or names one as that which it repeats, is not shown either.
        """
        catalogue = archive.catalogue
        hidden = set(self.records)
        for url in self.urls:
            hidden.update(row.record_id for row in catalogue.captures_of_url(url))
            hidden.update(one.record_id for one in catalogue.mementos_of(url) if one.record_id is not None)
        if self.cables:
            hidden.update(
                record_id
                for record_id, published_id, known_as in catalogue.names_of_texts()
                if self.reason(cable=published_id, canonical=known_as)
            )
        return frozenset(hidden)

    def hidden_in(self, archive: CollectionReader) -> "HiddenRecords":
        """What of one collection is not shown, to be asked record by record."""
        return HiddenRecords(self, self.hidden_records(archive) if self.config.blocked else frozenset())


@dataclass(frozen=True, slots=True)
class HiddenRecords:
    """What of one collection is not shown; ``records`` as `Blocked.hidden_records` gives them."""

    blocked: Blocked
    records: frozenset[str]

    def has(self, *, record_id: str, refers_to: str | None, url: str | None) -> bool:
        """Whether a record is of a page that is not shown: by itself, by its cable, or as a copy of such a page.

        A request has an address too, and so has a document that a page's scripts made.
        """
        return (
            record_id in self.records
            or refers_to in self.records
            or bool(self.blocked.reason(url=page_of_dom(url) or url or ""))
        )


def _key(cable: str) -> str:
    return cable_key(canonical_id(cable) or cable.strip().upper())


def _address(url: str) -> str:
    try:
        return canonical(url)
    except FormatError:
        return url
