"""The archive for programs: ``preserve.open_archive(path)``. ``docs/python.md`` has an example that runs.

Tested by ``tests/scenarios/test_search.py`` and ``tests/docs/test_notebook.py``.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from preserve.cables.extract import Extraction
from preserve.cables.page.fields import FieldValue
from preserve.cables.page.layouts import Layout, compile_layouts
from preserve.config.folder import load_blocked, load_layouts
from preserve.config.place import find_config_dir, user_folder
from preserve.errors import ArchiveError, NotHeldError, UsageError
from preserve.health.collections import CollectionState, StatusReader
from preserve.health.overview import known_collections, state_of_file
from preserve.provenance.knownlogs import KnownLogs
from preserve.replay.blocked import Blocked
from preserve.replay.history import History, history
from preserve.replay.recover import NOT_SIGNED, Capture, find_one, parse_moment
from preserve.replay.recover import CollectionReader as Collection
from preserve.replay.searching import Question, SearchHits, ask, searchable
from preserve.replay.stated_texts import TextSource, read_again
from preserve.store.archive import list_collections
from preserve.store.archive import open_archive as open_collection
from preserve.store.catalogue import ShownCable
from preserve.store.searchindex import Filters
from preserve.text import nearest

if TYPE_CHECKING:
    from preserve.integrity.verify.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksums:
    """64 hexadecimal digits of SHA-256 each: of the payload, of the text, of the text made for comparing sources."""

    raw: str
    body: str
    comparison: str


@dataclass(frozen=True, kw_only=True)
class Cable:
    """A cable as one capture shows it. ``captured`` is when, in UTC; the document's own date is ``sent``."""

    collection: str
    url: str | None
    captured: str
    record_id: str
    extraction: Extraction

    @property
    def published_id(self) -> str:
        """The id that the page prints."""
        return self.extraction.published_id

    @property
    def canonical_id(self) -> str | None:
        """The canonical id; None where it is not known."""
        return self.extraction.canonical_id

    @property
    def text(self) -> str:
        """The text of the message, exactly."""
        return self.extraction.body

    @property
    def fields(self) -> Mapping[str, FieldValue]:
        """The page's fields: each as printed, and what it means."""
        return self.extraction.fields

    @cached_property
    def subject(self) -> str:
        """The message's subject on one line, else the page's title."""
        subject = self.extraction.message.subject
        return self.extraction.title if subject is None else " ".join(subject.text.split())

    @property
    def sent(self) -> FieldValue | None:
        """The document's date, as precisely as it is known."""
        return self.extraction.sent

    @property
    def checksums(self) -> Checksums:
        """The three checksums."""
        text = self.extraction
        return Checksums(raw=text.raw_sha256, body=text.body_sha256, comparison=text.comparison_sha256)


class Archive:
    """Collections, open for reading. Close it, or use it in a ``with``."""

    def __init__(self, archives: Path, names: list[str], layouts: Mapping[str, Layout], blocked: Blocked) -> None:
        self._archives = archives
        self._blocked = blocked
        self._layouts = layouts
        self._collections: list[Collection] = []
        try:
            for name in names:
                self._collections.append(Collection(open_collection(archives, name), layouts))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes every collection."""
        for collection in self._collections:
            collection.close()
        self._collections.clear()

    @property
    def collections(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(one.paths.name for one in self._collections)

    @property
    def newer_statements(self) -> int:
        """Statements that a newer program wrote: nothing that they say is shown here."""
        return sum(one.catalogue.newer_statements for one in self._collections)

    def cable(self, cable_id_or_url: str, *, at: str | None = None) -> Cable:
        """The cable of an id or at an address: its newest capture, or the newest at or before ``at`` (UTC).

        Raises:
            NotHeldError: there is none.
            UsageError: ``at`` is no time.
            ArchiveError: the stored bytes are not those that the ledger names.
        """
        moment = None if at is None else parse_moment(at)
        collection, capture = find_one(self._collections, cable_id_or_url, moment)
        text = collection.cable(collection.page(capture), cable_id_or_url)
        if text is None:
            raise _no_cable(cable_id_or_url)
        return _cable(capture, text)

    def payload(self, cable: Cable) -> bytes:
        """The bytes of the page that a cable was read from, its content coding removed.

        Raises:
            NotHeldError: the cable is of another archive.
            ArchiveError: the stored bytes are not those that the ledger names.
        """
        for collection in self._collections:
            if collection.paths.name == cable.collection:
                row = collection.catalogue.record(cable.record_id)
                if row is not None:
                    return collection.page(collection.capture(row)).content
        raise NotHeldError(f"record {cable.record_id} is not held here")

    def cables(self) -> Iterator[Cable]:
        """Every text that the ledgers name, in their order. Memory stays flat.

        Raises:
            ArchiveError: a record no longer gives the text that the ledger names.
        """
        for collection in self._collections:
            source = TextSource.of(collection.paths, self._layouts)
            collection.log.require_whole()
            # Texts stay in this process: they keep what they were read from, which is not sent through a pipe.
            for shown, text in read_again(source, collection.catalogue.shown_cables(), _whole, expected=0):
                if text is None:
                    raise ArchiveError(
                        f"record {shown.record.record_id} does not give the text of {shown.published_id}",
                        next_step=f"Run `preserve verify {collection.paths.name}` to see what is damaged.",
                    )
                record = shown.record
                yield Cable(
                    collection=collection.paths.name,
                    url=record.uri,
                    captured=record.date,
                    record_id=record.record_id,
                    extraction=text,
                )

    def history(self, cable_id: str) -> History:
        """Every capture of a cable, oldest first, with how its text differs from the one before; and what is unread.

        Raises:
            NotHeldError: no capture shows it.
        """
        return history(self._collections, cable_id)

    def search(self, words: str, filters: Filters | None = None, *, limit: int = 20) -> list[SearchHits]:
        """The best hits, as ``preserve search`` finds them; the search index is made or brought up to date first.

        Raises:
            UsageError: nothing can be searched for with these words.
            LockedError, EnvironmentFaultError: there is no index yet, and none can be made.
        """
        with searchable(self._archives, self.collections, lambda: self._layouts) as opened:
            return ask(opened, Question(words=words, filters=filters or Filters(), limit=limit)).hits

    def cite(
        self, cable_id: str, form: str = "text", *, quote: str | None = None, at: str | None = None, accessed: str = ""
    ) -> str:
        """The citation of a cable, as ``preserve cite`` prints it. ``form``: of ``docs/citing.md``, or ``csl:STYLE``.

        ``quote``: a passage of its text, which must stand there once. ``accessed``: a day (``2026-11-29``); today, if
        empty.

        Raises:
            NotHeldError: there is no such cable, its capture is not signed yet, or the quote is not in it.
            UsageError: there is no such form, or the quote stands there more than once.
        """
        from preserve.citation.cite import cite  # noqa: PLC0415 - it brings the citation processor
        from preserve.citation.forms import FORMS, write  # noqa: PLC0415
        from preserve.citation.quotable import of_cable  # noqa: PLC0415
        from preserve.citation.quotes import find_passage  # noqa: PLC0415
        from preserve.citation.rendered import is_style  # noqa: PLC0415

        if form not in FORMS and not is_style(form):
            raise UsageError(f"no form is called {form!r}", next_step=nearest(form, FORMS).capitalize())
        moment = None if at is None else parse_moment(at)
        collection, capture = find_one(self._collections, cable_id, moment)
        if not capture.is_signed:
            raise NotHeldError(f"{cable_id} is held and not signed yet: {NOT_SIGNED}")
        page = collection.page(capture)
        text = collection.cable(page, cable_id)
        if text is None:
            raise _no_cable(cable_id)
        passage = None if quote is None else find_passage(of_cable(text), quote=quote, paragraph=None, chars=None)
        day = accessed or datetime.now(UTC).date().isoformat()
        data = cite(collection, page, text, passage, public_url="", ark="", accessed=day, is_long=False)
        return write(data, form, passage)

    def verify(self, *collections: str, processes: int | None = None) -> tuple["Report", ...]:
        """Checks collections (all that are open, if none is named) against their ledgers, a report each.

        Nothing is noted of it: ``preserve status`` does not know of this check. ``processes`` None: as many as there
        are processors.
        """
        from preserve.integrity.verify.collection import VerifyOptions, verify  # noqa: PLC0415 - it brings all checks

        chosen = [one for one in self._collections if not collections or one.paths.name in collections]
        return tuple(verify(one.paths, self._layouts, VerifyOptions(processes=processes)) for one in chosen)

    def rows(self, table: Literal["texts", "references", "index"] = "texts") -> Iterator[dict[str, Any]]:
        """The rows of a table of ``docs/export.md``, as they are read: of texts, references or captures.

        Memory stays flat. What ``blocked.yaml`` of the configuration names is left out.

        Raises:
            ArchiveError: a record no longer gives the text that the ledger names.
        """
        from preserve.export.tables import table_rows  # noqa: PLC0415 - few programs want tables

        for collection in self._collections:

            def unread(cable: ShownCable, name: str = collection.paths.name) -> None:
                raise ArchiveError(
                    f"record {cable.record.record_id} does not give the text of {cable.published_id}",
                    next_step=f"Run `preserve verify {name}` to see what is damaged.",
                )

            source = TextSource.of(collection.paths, self._layouts)
            yield from table_rows(
                source,
                collection.catalogue,
                unread,
                table,
                hidden=self._blocked.hidden_in(collection),
                size=collection.log.signed,
            )

    def export(
        self,
        path: str | Path,
        form: Literal["csv", "jsonl", "parquet"] = "csv",
        *,
        table: Literal["texts", "references", "index"] = "texts",
    ) -> int:
        """Writes a table to a file, as ``preserve export`` does; returns the number of rows.

        Raises:
            ArchiveError: a record no longer gives the text that the ledger names.
            EnvironmentFaultError: the form needs a library that is not installed.
        """
        from preserve.export.tables import TABLES, WRITERS  # noqa: PLC0415 - few programs want tables

        with Path(path).open("wb") as out:
            return WRITERS[form](self.rows(table), out, TABLES[table])


def open_archive(path: str | Path, *, config: str | Path | None = None) -> Archive:
    """Opens a collection's folder (``archives/demo``), or all collections of a folder of archives.

    ``config`` is the folder of the user's own layouts and of what is not shown, as for ``--config``.

    Raises:
        NotHeldError: there is no archive.
        ArchiveError, NewerFormatError, ConfigError: it, or the configuration, cannot be read.
    """
    folder = Path(path).absolute()
    config_dir = find_config_dir(None if config is None else Path(config))
    layouts, blocked = compile_layouts(load_layouts(config_dir)), Blocked.of(load_blocked(config_dir))
    if (folder / "preserve.json").is_file():
        return Archive(folder.parent, [folder.name], layouts, blocked)
    names = list_collections(folder)
    if not names:
        raise NotHeldError(f"no archive is held under {folder}", next_step="Name the folder of a collection.")
    return Archive(folder, names, layouts, blocked)


def status(
    archives: str | Path, *, config: str | Path | None = None, with_links: bool = True
) -> tuple[CollectionState, ...]:
    """How every collection that you configured or that is held is doing, by name, as ``preserve status`` shows it.

    A collection that cannot be read is there all the same, and its ``wrong`` says why. Times are seconds since 1970.
    ``with_links`` False leaves link rot out: it takes seconds where a large archive has grown.

    Raises:
        ConfigError: the folder of the configuration, or a layout in it, cannot be read.
    """
    folder = Path(archives).absolute()
    config_dir = find_config_dir(None if config is None else Path(config))
    logs = KnownLogs(user_folder("config") / "preserve" / "keys")
    desk = StatusReader(folder, logs, int(time.time()), cache(lambda: compile_layouts(load_layouts(config_dir))))
    names = known_collections(folder, config_dir)
    return tuple(state_of_file(desk, config_dir, name, with_links=with_links) for name in names)


def _whole(_cable: ShownCable, text: Extraction) -> Extraction:
    return text


def _no_cable(name: str) -> NotHeldError:
    return NotHeldError(
        f"{name} is held; it is no cable", next_step="`preserve show` gives its text, `preserve cite` its citation."
    )


def _cable(capture: Capture, text: Extraction) -> Cable:
    return Cable(
        collection=capture.collection,
        url=capture.row.uri,
        captured=capture.row.date,
        record_id=capture.source.record_id,
        extraction=text,
    )
