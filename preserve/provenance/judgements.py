"""What somebody said of pages: that a loss is known, where they have moved, which are muted. Read from the log."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct, field

from preserve.errors import FormatError
from preserve.formats.urls import canonical
from preserve.provenance.statements import AcceptedStatement, Moved, Muted, decode
from preserve.store.catalogue import Catalogue, key_form


class OtherAddress(Struct, frozen=True, kw_only=True):
    """Another address of a page. ``way``: ``moved to`` or ``moved from``; ``stated``: when somebody said so."""

    way: str
    other: str
    stated: str
    reason: str

    @property
    def words(self) -> str:
        """In a line."""
        return f"{self.way} {self.other}, as stated {self.stated}" + (f": {self.reason}" if self.reason else "")


class Judgements(Struct, frozen=True):
    """``accepted``: of each address in canonical form the last statement that accepts its loss.

    ``moves``: what was said of old and new beginnings of addresses, oldest first.
    """

    accepted: dict[str, int] = field(default_factory=dict)
    moves: tuple[Moved, ...] = ()
    muted: frozenset[str] = frozenset()
    """Addresses in canonical form."""

    @classmethod
    def read(cls, catalogue: Catalogue, entry: Callable[[int], bytes] | None) -> "Judgements":
        """Those that a log states; the catalogue says only where. ``entry`` gives a statement that is proved, as bytes.

        None: nothing is under a checkpoint yet.

        Raises:
            ArchiveError, FormatError: the log is damaged there.
        """
        accepted: dict[str, int] = {}
        moves: list[Moved] = []
        muted: set[str] = set()
        for index in catalogue.judgements() if entry is not None else ():
            match None if entry is None else decode(entry(index)):
                case AcceptedStatement(urls=urls):
                    accepted.update((key, index) for url in urls if (key := key_form(canonical, url)) is not None)
                case Moved() as said:
                    moves.append(said)
                case Muted(urls=urls, muted=is_muted):
                    keys = {key for url in urls if (key := key_form(canonical, url)) is not None}
                    muted = muted | keys if is_muted else muted - keys
        return cls(accepted, tuple(moves), frozenset(muted))

    def is_accepted(self, url: str, last_whole: Callable[[], int]) -> bool:
        """Whether the loss of a page is known, and it did not come whole since.

        ``last_whole`` gives the statement of the last look that found it whole.
        """
        index = self.accepted.get(key_form(canonical, url) or "")
        return index is not None and last_whole() < index

    def homes_of(self, url: str) -> Iterator[str]:
        """Where a page has moved to, by what was said last first."""
        for said in reversed(self.moves):
            if (moved := moved_address(url, said.old, said.new)) is not None:
                yield moved

    def other_addresses(self, url: str) -> list["OtherAddress"]:
        """The addresses that a page has moved to and from, as somebody said; oldest first."""
        found = []
        for said in self.moves:
            now, before = moved_address(url, said.old, said.new), moved_address(url, said.new, said.old)
            if now is not None:
                found.append(OtherAddress(way="moved to", other=now, stated=said.stated, reason=said.reason))
            if before is not None:
                found.append(OtherAddress(way="moved from", other=before, stated=said.stated, reason=said.reason))
        return found

    @property
    def homes(self) -> Sequence[str]:
        """The beginnings of addresses that pages have moved to: they belong to the collection."""
        return [said.new for said in self.moves]


def moved_address(url: str, old: str, new: str) -> str | None:
    """Where a page is now whose beginning is another one; None where it was not below ``old``."""
    try:
        key, begins = canonical(url), canonical(old)
    except FormatError:
        return None
    return new + key.removeprefix(begins) if key.startswith(begins) else None
