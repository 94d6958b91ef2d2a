"""Index and catalogue held against ones made again from the evidence."""

import sqlite3
from collections.abc import Iterator

from preserve.errors import PreserveError
from preserve.findings import Finding
from preserve.store.catalogue import Catalogue
from preserve.store.index import index_lines
from preserve.store.layout import CollectionPaths


def derived_findings(paths: CollectionPaths, again: Catalogue, *, has_records: bool) -> Iterator[Finding]:
    """What differs between the held catalogue and index, and ``again``, a catalogue made again from the evidence."""
    yield from _catalogue(paths, again, has_records=has_records)
    yield from _index(paths, again)


def _catalogue(paths: CollectionPaths, again: Catalogue, *, has_records: bool) -> Iterator[Finding]:
    name = paths.catalogue.name
    if not paths.catalogue.is_file():
        if has_records:
            yield Finding(code="E-CATALOGUE", where=name, detail="missing")
        return
    try:
        with Catalogue.open(paths, read_only=True) as held:
            if held.content_digest() != again.content_digest():
                yield Finding(code="E-CATALOGUE", where=name, detail="content differs")
    except (PreserveError, sqlite3.DatabaseError) as error:
        yield Finding(code="E-CATALOGUE", where=name, detail=str(error))


def _index(paths: CollectionPaths, again: Catalogue) -> Iterator[Finding]:
    name = paths.index.name
    lines = index_lines(again)
    if not paths.index.is_file():
        if next(lines, None) is not None:
            yield Finding(code="E-INDEX", where=name, detail="missing")
        return
    try:
        with paths.index.open("rb") as file:
            number = 0
            for number, line in enumerate(lines, 1):
                if file.read(len(line)) != line:
                    yield Finding(code="E-INDEX", where=name, detail=f"differs in line {number}")
                    return
            if file.read(1):
                yield Finding(code="E-INDEX", where=name, detail=f"goes on behind line {number}")
    except OSError as error:
        yield Finding(code="E-INDEX", where=name, detail=str(error))
