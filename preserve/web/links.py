"""What became of an address since it was captured, for the pages about it: `preserve rot` of that address alone.

Tested by ``tests/scenarios/test_desk.py``.
"""

from dataclasses import dataclass

from preserve.errors import ArchiveError
from preserve.formats.citations.data import is_web
from preserve.replay.one_link import LinkTooLongError, link_of
from preserve.replay.recover import CollectionReader


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLine:
    """``state`` (docs/link-rot.md) since a date, by the reason of the last look that says so, at ``last``.

    ``state`` is empty where it is not worked out on a page: ``reason`` says why.
    """

    state: str
    since: str
    reason: str
    last: str
    looks: int


def link_line(archive: CollectionReader, url: str | None) -> LinkLine | None:
    """The state of an address; None of what is none, or of what nobody has looked at."""
    if url is None or not is_web(url):
        return None
    try:
        machine = link_of(archive, url)
    except LinkTooLongError:
        return _not_told("it was looked at too often to be worked out here")
    except ArchiveError:
        return _not_told("some of what it rests on is damaged")
    if machine is None or machine.state is None or machine.last is None:
        return None
    return LinkLine(
        state=str(machine.state),
        since=machine.since,
        reason=machine.reason,
        last=machine.last.date,
        looks=machine.looks,
    )


def _not_told(reason: str) -> LinkLine:
    return LinkLine(state="", since="", reason=reason, last="", looks=0)
