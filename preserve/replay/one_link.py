"""The state of one address, as `preserve.replay.link_status_list` gives it of all: for a page that is about it.

It is worked out from the rows of that address and the statements of the runs that failed to reach it, within bounds: a
page is made while its reader waits. Beyond them nothing is said, rather than something near it.

Tested by ``tests/scenarios/test_link_rot.py``.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from preserve.errors import FormatError
from preserve.formats.urls import canonical, host_name
from preserve.provenance.statements import RunStatement, decode
from preserve.replay.comparing import Seen
from preserve.replay.link_status import LinkStatusMachine
from preserve.replay.link_status_list import LinkJudge, Runs, StatedFailure, Told, read_run
from preserve.replay.look import Pages, PageSummary
from preserve.replay.recover import CollectionReader
from preserve.replay.times import Dated, in_order
from preserve.store.catalogue import LookRow, RecordRow

_MOST_LOOKS: Final = 1_000
_MOST_RUNS_READ: Final = 100
"""Statements of runs that are read to see whether other hosts answered."""
_MOST_PAGES_READ: Final = 30


class LinkTooLongError(Exception):
    """There is more to read of an address than a page has time for."""


def link_of(archive: CollectionReader, url: str) -> LinkStatusMachine | None:
    """The state machine of an address after all looks at it; None where there are none, or none that count.

    Raises:
        ArchiveError, CatalogueDiffersError: what it rests on is damaged.
        LinkTooLongError: more is to be read than a page has time for.
    """
    key = _key(url)
    if not key or key.endswith("/robots.txt"):
        return None
    if archive.catalogue.looks_told_of(url) > _MOST_LOOKS:
        raise LinkTooLongError
    replies = archive.catalogue.replies_of(url)
    failed = [_failure(look) for look in archive.catalogue.looks_of(url) if _speaks(look)]
    runs = Runs(
        # A run that brought what web archives served asked them, and not the site.
        rescues={one.run for one in replies if archive.catalogue.memento_in(one.row.record_id) is not None}
    )
    _read_answered(archive, key, failed, runs)
    items: list[tuple[Dated, Told]] = [
        (archive.times.of(date=one.row.date, run=one.run, statement=one.row.statement_index), one) for one in replies
    ]
    items += [(Dated(date=one.date, statement=one.statement), one) for one in failed]
    machine = LinkStatusMachine()
    judge = LinkJudge(key, runs, _FewPages(archive))
    for look in judge.looks(what for _moment, (_dated, what) in in_order(items, lambda item: item[0])):
        machine.take(look)
    return machine if machine.looks else None


def _key(url: str) -> str:
    with suppress(FormatError):
        return canonical(url)
    return ""


def _speaks(look: LookRow) -> bool:
    return look.outcome == "failed" or look.seen in {Seen.SOFT_GONE, Seen.NOT_REACHED}


def _failure(look: LookRow) -> StatedFailure:
    reason = str(look.seen) if look.seen == Seen.SOFT_GONE else look.reason
    return StatedFailure(look.ended, look.run, look.statement, reason)


def _read_answered(archive: CollectionReader, key: str, failed: Sequence[StatedFailure], runs: Runs) -> None:
    """Fills in which hosts answered in the runs that failed here, as far as that counts."""
    host = host_name(key)
    names = {one.run for one in failed if one.reason != Seen.SOFT_GONE}
    if not names:
        return
    left = _MOST_RUNS_READ
    for statement, run, _started, _ended in archive.catalogue.runs():
        if run not in names or runs.answered.get(run, set()) - {host}:
            continue
        if not left:
            raise LinkTooLongError
        left -= 1
        said = decode(archive.log.entry(statement))
        if isinstance(said, RunStatement):
            read_run(statement, said, runs)


class _FewPages(Pages):
    """Pages that are read for one address: so many, and no more."""

    def __init__(self, archive: CollectionReader) -> None:
        super().__init__(archive)
        self._left = _MOST_PAGES_READ

    def _read(self, row: RecordRow) -> PageSummary | None:
        if not self._left:
            raise LinkTooLongError
        self._left -= 1
        return super()._read(row)
