"""The held pages that a run looks at again, whether or not anything links to them still.

They come from the catalogue as rows, by longest not looked at, and go into the frontier in batches: memory stays flat,
whatever is held. How a page was found and how deep is read from the metadata record of its last whole capture.

Tested by ``tests/scenarios/test_held.py``.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from preserve.crawler.frontier import FoundAddress
from preserve.crawler.outcomes import NOT_DUE
from preserve.crawler.scope import HELD, Scope
from preserve.errors import ArchiveError, FormatError
from preserve.formats.urls import canonical
from preserve.model import RecordPlace, parse_utc
from preserve.store.catalogue import Catalogue, HeldRow
from preserve.store.layout import CollectionPaths
from preserve.store.warcfile import read_record

SAMPLE: Final = 20
"""Held pages that are looked at behind the seeds and before anything that was found: a dead site is told early."""
REQUISITE: Final = "requisite"
MAX_RECHECK: Final = "max-recheck"
"""Why a page waits for the next run: this one looked at as many as it may."""
_DRAWN: Final = 200
_BATCH: Final = 1_000
_REQUISITES_AGAIN: Final = timedelta(days=30)
_NO_PAGE: Final = frozenset({"robots", "listing", "memento"})


@dataclass(frozen=True, slots=True)
class _Facts:
    """How a page was found (``hopsFromSeed``), and its depth; as deep as may be where that is not known."""

    hop: str
    depth: int


@dataclass(slots=True, kw_only=True)
class HeldPages:
    """What of the held pages of a collection a run looks at. ``left`` counts those that it does not, by reason.

    ``interval``: what was looked at within it is not looked at again. ``most``: pages taken beside the sample, None:
    all. ``is_due`` says of an address whether it is due, where that is asked.
    """

    catalogue: Catalogue
    paths: CollectionPaths
    scope: Scope
    max_depth: int
    run: str
    began: datetime
    imported: bool
    interval: timedelta
    most: int | None
    is_due: Callable[[str], bool] | None = None
    left: Counter[str] = field(default_factory=Counter)

    def sample(self) -> list[FoundAddress]:
        """Some held pages, spread over hosts and first folders; the same for the same run."""
        chance = random.Random(self.run)  # noqa: S311 - a draw, no secret
        size = self.catalogue.ledger_size
        places: dict[tuple[str, str], dict[str, HeldRow]] = {}
        for _draw in range(_DRAWN if size else 0):
            row = self.catalogue.held_from(chance.randrange(size), imported=self.imported)
            if row is not None:
                parts = urlsplit(row.url)
                place = (parts.netloc, parts.path.split("/", 2)[1] if parts.path.count("/") > 1 else "")
                places.setdefault(place, {}).setdefault(row.url, row)
        queues = [list(rows.values()) for rows in places.values()]
        chance.shuffle(queues)
        taken: list[FoundAddress] = []
        while queues and len(taken) < SAMPLE:
            for queue in queues:
                found = self._judged(queue.pop())
                if isinstance(found, FoundAddress) and len(taken) < SAMPLE:
                    taken.append(found)
            queues = [queue for queue in queues if queue]
        return taken

    def rest(self, is_known: Callable[[str], bool]) -> Iterator[list[FoundAddress]]:
        """Every other held page that is to be looked at, longest not looked at first, in batches.

        ``is_known``: whether the run has an address (by its key) already.
        """
        batch: list[FoundAddress] = []
        taken = 0
        for row in self.catalogue.held_pages(not_of=self.run, imported=self.imported):
            with suppress(FormatError):
                if is_known(FoundAddress.of(row.url, via=None, depth=0, hop=HELD).key):
                    continue
            if self.most is not None and taken >= self.most:
                self.left[MAX_RECHECK] += 1
                continue
            found = self._judged(row)
            if isinstance(found, str):
                self.left[found] += 1
                continue
            if found is None:
                continue
            taken += 1
            batch.append(found)
            if len(batch) == _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def _judged(self, row: HeldRow) -> FoundAddress | str | None:
        """A page to be looked at; or why not, by its reason; or None: it is no page of the site."""
        if canonical(row.url).endswith("/robots.txt"):
            return None
        age = self.began - parse_utc(row.last_date)
        if timedelta() <= age < self.interval:
            return NOT_DUE
        facts = self._facts(row)
        if facts.hop in _NO_PAGE:
            return None
        if facts.hop.startswith(REQUISITE) and timedelta() <= age < _REQUISITES_AGAIN:
            return REQUISITE
        reason = self.scope.refusal(row.url, depth=facts.depth, hop=HELD)
        if reason is not None:
            return reason
        if self.is_due is not None and not self.is_due(row.url):
            return NOT_DUE
        try:
            return FoundAddress.of(row.url, via=None, depth=facts.depth, hop=HELD)
        except FormatError:
            return None

    def _facts(self, row: HeldRow) -> _Facts:
        for where in self.catalogue.metadata_behind(row.statement):
            if where.file == row.file and (block := self._fields(where)) is not None:
                return _read_facts(block, self.max_depth)
        return _Facts("", self.max_depth)

    def _fields(self, where: RecordPlace) -> bytes | None:
        try:
            record = read_record(self.paths, where)
        except ArchiveError:
            return None
        return record.block if record.header.get("Content-Type") == "application/warc-fields" else None


def _read_facts(block: bytes, max_depth: int) -> _Facts:
    lines = (line.partition(": ") for line in block[:4_096].decode("utf-8", "replace").splitlines())
    said = {name: value for name, _mark, value in lines}
    depth = said.get("depth", "")
    is_known = depth.isascii() and depth.isdigit() and len(depth) < 4  # noqa: PLR2004 - none is deeper than 100
    return _Facts(said.get("hopsFromSeed", ""), int(depth) if is_known else max_depth)
