"""Reading a page only to say whether it is an error page, and whether its text has changed."""

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from preserve.errors import ArchiveError
from preserve.formats.errorpage import is_error_page
from preserve.formats.urls import canonical, resolve
from preserve.replay.recover import Capture, CollectionReader
from preserve.store.catalogue import RecordRow

_T = TypeVar("_T")
_MOST_KEPT = 2_048
_ERROR_PAGE = "W-CABLE-ERROR-PAGE"


class PageSummary(Struct, frozen=True, kw_only=True):
    """What a page shows. ``text_sha256`` is the comparison checksum of its text; ``words`` the text in small letters.

    ``words`` is empty where the page is no text.
    """

    text_sha256: str
    is_error: bool
    words: str


class Pages:
    """Reads pages of one archive; what a payload shows is kept for a while, as many addresses share an error page."""

    def __init__(self, archive: CollectionReader) -> None:
        self._archive = archive
        self._kept: dict[str, PageSummary] = {}
        self.missed = False
        """Whether some bytes were not there to be read: what was made without them says nothing of later."""

    def seen(self, row: RecordRow) -> PageSummary | None:
        """What a reply shows; None where its bytes cannot be read, which is no fault of the page."""
        key = row.payload_sha256 or row.record_id
        if key not in self._kept:
            found = self._read(row)
            if found is None:
                return None
            if len(self._kept) >= _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = found
        return self._kept[key]

    def leads_home(self, row: RecordRow) -> bool:
        """True where a reply redirects to the front page of its own host: no page moves there."""
        location = self._read_page(row, lambda archive, capture: archive.redirect_of(capture))
        if location is None or row.uri is None:
            return False
        target = resolve(row.uri, location)
        home = resolve(row.uri, "/")
        return target is not None and home is not None and _same(target, home) and not _same(row.uri, home)

    def _read(self, row: RecordRow) -> PageSummary | None:
        return self._read_page(row, _seen)

    def _read_page(self, row: RecordRow, read: Callable[[CollectionReader, Capture], _T]) -> _T | None:
        try:
            return read(self._archive, self._archive.capture(row))
        except ArchiveError:
            self.missed = self.missed or not self._archive.can_read(row)
            return None


def _seen(archive: CollectionReader, capture: Capture) -> PageSummary:
    page = archive.page(capture)
    reading = archive.read(page)
    plain = archive.plain(page)
    if plain is None:
        return PageSummary(
            text_sha256=capture.source.payload_sha256 or capture.source.record_id, is_error=False, words=""
        )
    is_error = any(f.code == _ERROR_PAGE for f in reading.findings)
    is_error = is_error or (not reading.cables and is_error_page(page.content, plain.text))
    text = reading.cables[0].comparison_sha256 if len(reading.cables) == 1 else plain.comparison_sha256
    return PageSummary(text_sha256=text, is_error=is_error, words=plain.text.lower())


def _same(one: str, other: str) -> bool:
    """True where two addresses differ in their scheme at most."""
    return canonical(one).partition("://")[2] == canonical(other).partition("://")[2]
