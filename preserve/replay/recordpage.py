"""The page that one record holds, read: an HTTP reply with its codings removed, or the block of a ``resource``."""

from msgspec import Struct

from preserve.formats.http1.stream import Payload
from preserve.formats.warc.record import WarcRecord, request_method
from preserve.limits import Limits
from preserve.provenance.describe import HTML_TYPES, decoded_content, http_payload, page_type, type_of


class RecordPage(Struct, frozen=True, kw_only=True):
    """The content of a page and how it is read. ``payload`` is None of a ``resource``: no HTTP reply brought it."""

    record: WarcRecord
    payload: Payload | None
    content: bytes

    @property
    def media_type(self) -> str | None:
        """The bare media type that it is read as."""
        if self.payload is not None:
            return type_of(self.payload, self.content).essence
        return (page_type(self.record.header) or "").split(";")[0].strip().lower() or None

    @property
    def content_type(self) -> str | None:
        """The Content-Type that it is read by, with its parameters."""
        if self.payload is None:
            return page_type(self.record.header)
        return type_of(self.payload, self.content).value

    @property
    def is_html(self) -> bool:
        """Whether it is read as a page of HTML."""
        return self.media_type in HTML_TYPES


def page_of_record(record: WarcRecord, limits: Limits) -> RecordPage | None:
    """The page of a record; None where it holds no readable reply, or a coding that cannot be removed."""
    if page_type(record.header) is not None:
        return RecordPage(record=record, payload=None, content=record.block)
    payload = http_payload(record.block, request_method(record.header))
    content = None if payload is None else decoded_content(payload, limits)
    return None if content is None else RecordPage(record=record, payload=payload, content=content)
