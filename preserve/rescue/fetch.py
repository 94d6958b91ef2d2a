"""Fetching one memento: the archive's own redirects followed, the last reply judged, and compared with what is held.

Tested by ``tests/scenarios/test_rescue.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from preserve.cables.extract import NOTHING_READ, PageReading, plain_text
from preserve.cables.page.layouts import Layout
from preserve.errors import ArchiveError, FormatError
from preserve.findings import Finding
from preserve.formats.urls import resolve
from preserve.limits import Limits
from preserve.model import sha256_hex
from preserve.net.addresses import split_url
from preserve.net.exchange import ExchangeError
from preserve.provenance.describe import HTML_TYPES, cables_in, decoded_content, http_payload, read_cables, type_of
from preserve.provenance.statements import ComparedAs
from preserve.rescue.ask import ArchiveReply, Asker
from preserve.rescue.judge import OTHER, PAGE, MementoVerdict, is_own_redirect, judge
from preserve.rescue.listing import Candidate
from preserve.rescue.record import RescueRecorder
from preserve.store.catalogue import Catalogue
from preserve.store.layout import CollectionPaths
from preserve.store.warcfile import read_record

_MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedMemento:
    """What was got: ``address`` is where the last reply came from, ``held`` how it compares with what we hold."""

    address: str
    record_id: str | None
    status: int | None
    verdict: MementoVerdict
    held: ComparedAs
    cables: tuple[str, ...]


class KnownMemento:
    """What the collection holds of an address from its own captures."""

    def __init__(self, paths: CollectionPaths, catalogue: Catalogue, layouts: Sequence[Layout], limits: Limits) -> None:
        self._paths = paths
        self._catalogue = catalogue
        self._layouts = layouts
        self._limits = limits

    def compared(self, url: str, reply: ArchiveReply, text_sha256: str) -> ComparedAs:
        """``same-payload``, ``same-text``, ``other-text``; ``nothing`` is held, or ``unknown`` (it cannot be read)."""
        row = self._catalogue.newest_response(url)
        if row is None or reply.payload is None:
            return "nothing"
        if row.payload_sha256 == sha256_hex(reply.payload.payload):
            return "same-payload"
        try:
            record = read_record(self._paths, row.place)
        except (ArchiveError, FormatError, OSError):
            return "unknown"
        payload = http_payload(record.block)
        content = None if payload is None else decoded_content(payload, self._limits)
        if payload is None or content is None:
            return "unknown"
        ours = _text_of(read_cables(record, self._layouts, self._limits), content, type_of(payload, content).value)
        return "same-text" if ours == text_sha256 else "other-text"


def fetch_memento(
    asker: Asker,
    candidate: Candidate,
    url: str,
    recorder: RescueRecorder,
    held: KnownMemento,
    *,
    layouts: Sequence[Layout],
) -> FetchedMemento:
    """Fetches a memento and keeps whatever came. Its cables are stated only where it is the page.

    Raises:
        NotAskedError: it was not asked for.
    """
    address = candidate.url
    origin = split_url(address)[0]
    seen: set[str] = set()
    while True:
        *earlier, reply = asker.ask(address)
        for one in earlier:
            recorder.keep(one, via=url, hop="memento")
        seen.add(address)
        target = resolve(address, reply.location) if is_own_redirect(reply) else None
        if target is None or target in seen or len(seen) > _MAX_REDIRECTS:
            break
        if not _is_of(target, origin):
            return _elsewhere(reply, candidate, url, recorder, target)
        recorder.keep(reply, via=url, hop="memento")
        address = target
    read = cables_in(reply.payload, reply.content, layouts) if reply.payload is not None else NOTHING_READ
    shown = "" if read.cables else _shown(reply)
    verdict = judge(reply, candidate, url, shown=shown)
    is_page = verdict.kind == PAGE
    record_id = recorder.keep(reply, via=url, hop="memento", read=read if is_page else NOTHING_READ)
    text = _text_of(read, reply.content or b"", reply.read_as.value)
    return FetchedMemento(
        address=address,
        record_id=record_id,
        status=reply.status,
        verdict=verdict,
        held=held.compared(url, reply, text) if is_page else "unknown",
        cables=tuple(cable.published_id for cable in read.cables) if is_page else (),
    )


def _elsewhere(
    reply: ArchiveReply, candidate: Candidate, url: str, recorder: RescueRecorder, target: str
) -> FetchedMemento:
    finding = Finding(code="E-RESCUE-OTHER-URL", where=candidate.url, detail=f"leads to {target}"[:300])
    return FetchedMemento(
        address=candidate.url,
        record_id=recorder.keep(reply, via=url, hop="memento"),
        status=reply.status,
        verdict=MementoVerdict(kind=OTHER, served=None, digest="unknown", findings=(finding,)),
        held="unknown",
        cables=(),
    )


def _text_of(read: PageReading, content: bytes, content_type: str) -> str:
    if len(read.cables) == 1:
        return read.cables[0].comparison_sha256
    return plain_text(content, content_type).comparison_sha256


def _shown(reply: ArchiveReply) -> str:
    read_as = reply.read_as
    if read_as.essence not in HTML_TYPES and not read_as.essence.startswith("text/"):
        return ""
    return plain_text(reply.content or b"", read_as.value).text


def _is_of(url: str, origin: object) -> bool:
    try:
        return split_url(url)[0] == origin
    except ExchangeError:
        return False
