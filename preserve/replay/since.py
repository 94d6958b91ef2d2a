"""What is known of an address beside its captures: looks after the last whole one, and where its page has moved."""

from msgspec import Struct

from preserve.model import NOT_WHOLE
from preserve.provenance.judgements import Judgements, OtherAddress
from preserve.provenance.statements import IMPORT_RUN
from preserve.replay.comparing import LOST, Seen
from preserve.replay.recover import CollectionReader
from preserve.store.catalogue import Catalogue, RecordRow

_DAY = len("2026-01-02")


class Later(Struct, frozen=True, kw_only=True):
    """Looks after the last whole one. ``reason``: of the last; ``looks``: how many runs looked.

    ``since`` and ``last``: dates of the first and the last of them.
    """

    url: str
    reason: str
    since: str
    last: str
    looks: int

    @property
    def words(self) -> str:
        """In a few words."""
        number = f"{self.looks:,} look{'s' if self.looks != 1 else ''}"
        return f"{self.reason} since {self.since[:_DAY]}, {number}"


def looks_since(catalogue: Catalogue, url: str) -> Later | None:
    """What was seen of an address since its page came whole; None where nothing was, or it never came whole."""
    whole = catalogue.last_whole(url, "")
    if whole < 0:
        return None
    seen: dict[str, tuple[str, str]] = {}
    for row in catalogue.captures_of_url(url):
        if row.statement_index > whole and not row.run.startswith(IMPORT_RUN):
            seen[row.run] = (row.date, _reason(row))
    for look in catalogue.looks_of(url, whole + 1):
        if look.seen in LOST or look.outcome == "failed":
            date = seen.get(look.run, (look.ended, ""))[0]
            seen[look.run] = (date, f"{look.seen} ({look.reason})" if look.seen == Seen.SOFT_GONE else look.reason)
    if not seen:
        return None
    dates = [date for date, _reason in seen.values()]
    return Later(url=url, reason=list(seen.values())[-1][1], since=dates[0], last=dates[-1], looks=len(seen))


def other_addresses(archive: CollectionReader, url: str) -> list[OtherAddress]:
    """The addresses that the page at an address has moved to and from, as the ledger states."""
    return Judgements.read(archive.catalogue, archive.log.entry).other_addresses(url)


def _reason(row: RecordRow) -> str:
    if row.challenge is not None:
        return f"challenge {row.challenge}"
    if row.status is None:
        return "malformed-reply"
    return f"{row.whole}-capture" if row.whole in NOT_WHOLE else f"http-{row.status:03d}"
