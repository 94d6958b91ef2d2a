"""Link rot as a state machine: what the looks at one address say of it, in order of time. Pure.

The states, and the rules by which a look changes them, are normative in ``docs/link-rot.md``. After a look that did not
see the page (our own network, robots.txt, a pause) it is not known; one that is gone stays so.
"""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct, field

from preserve.formats.http1.message import MISSING

MISSING_DAYS = 2
"""Different days (UTC) with 404, 410 or 451 for an answer, and no better answer between, after which a page is gone."""
UNREACHABLE_DAYS = 3
"""The same for hosts that give no answer at all, while others do: more, because networks fail more than pages do."""
MAX_TRANSITIONS = 100
"""Transitions kept of one address: the first half and the last."""
_DAY = len("2026-01-02")


class LinkState(StrEnum):
    """What is known of an address now."""

    ALIVE = "alive"
    MOVED = "moved"
    CHANGED = "changed"
    SOFT_404 = "soft-404"
    GONE = "gone"
    UNKNOWN = "unknown"


LOST = frozenset({LinkState.GONE, LinkState.SOFT_404})
"""The states in which the page is not to be had from its address."""


class LinkSignal(StrEnum):
    """What one look says."""

    SAME = "same"
    """The page, with the text of its first good capture."""
    OTHER = "other"
    """The page, with another text."""
    ERROR_PAGE = "error-page"
    """An error page that is said to be good, or the way to the front page."""
    MOVED = "moved"
    MISSING = "missing"
    """404, 410 or 451."""
    UNREACHABLE = "unreachable"
    """No answer, while the same run had answers from other hosts."""
    DOUBTFUL = "doubtful"
    """A bot wall, a login, trouble of the server: the page may be there."""
    UNSEEN = "unseen"
    """Nothing of the page, which was asked for or was to be: our own network, robots.txt, a pause of the host."""
    NOTHING = "nothing"
    """Nothing that speaks against the page: what came of it is cut."""


class Probe(Struct, frozen=True, kw_only=True):
    """One look at an address. ``date`` is a WARC-Date, or the end of the run that has no record of it.

    ``evidence``: the record id, or the run's id where there is no record. ``reason``: an outcome's code, or more exact.
    ``statement``: the index in the ledger of what states it.
    """

    date: str
    sign: LinkSignal
    reason: str
    evidence: str
    status: int | None = None
    statement: int = 0


class LinkTransition(Struct, frozen=True, kw_only=True):
    """A change of state, and the look that made it. ``old`` is None for the first."""

    old: LinkState | None
    new: LinkState
    look: Probe


class LinkStatusMachine(Struct):
    """Takes the looks at one address in order of time."""

    state: LinkState | None = None
    reason: str = ""
    since: str = ""
    last: Probe | None = None
    looks: int = 0
    transitions: list[LinkTransition] = field(default_factory=list)
    left_out: int = 0
    """Transitions that are not kept."""
    missing_days: int = 0
    unreachable_days: int = 0
    missing_day: str = ""
    unreachable_day: str = ""
    """The last day that was counted in each."""

    def take(self, look: Probe) -> None:
        """Takes in one look."""
        self.looks += 1
        self.last = look
        if look.sign in {LinkSignal.NOTHING, LinkSignal.UNSEEN}:
            is_known = self.state in {LinkState.ALIVE, LinkState.CHANGED, LinkState.MOVED}
            if self.state is None or (is_known and look.sign is LinkSignal.UNSEEN):
                self._enter(LinkState.UNKNOWN, look)
            return
        self._count(look)
        new = self._next(look)
        if new is not self.state:
            self._enter(new, look)
        self.reason = look.reason

    def _count(self, look: Probe) -> None:
        day = look.date[:_DAY]
        match look.sign:
            case LinkSignal.SAME | LinkSignal.OTHER | LinkSignal.ERROR_PAGE | LinkSignal.MOVED:
                self.missing_days = self.unreachable_days = 0
                self.missing_day = self.unreachable_day = ""
            case LinkSignal.MISSING if day != self.missing_day:
                self.missing_days += 1
                self.missing_day = day
            case LinkSignal.UNREACHABLE if day != self.unreachable_day:
                self.unreachable_days += 1
                self.unreachable_day = day

    def _next(self, look: Probe) -> LinkState:
        known = _CERTAIN.get(look.sign)
        if known is not None:
            return known
        dead = self.missing_days >= MISSING_DAYS or self.unreachable_days >= UNREACHABLE_DAYS
        if dead:
            return LinkState.GONE
        # A page that is lost is not brought back by a doubt.
        return self.state if self.state in LOST else LinkState.UNKNOWN

    def _enter(self, new: LinkState, look: Probe) -> None:
        if len(self.transitions) == MAX_TRANSITIONS:
            del self.transitions[MAX_TRANSITIONS // 2]
            self.left_out += 1
        self.transitions.append(LinkTransition(old=self.state, new=new, look=look))
        self.state, self.since, self.reason = new, look.date, look.reason


_CERTAIN = {
    LinkSignal.SAME: LinkState.ALIVE,
    LinkSignal.OTHER: LinkState.CHANGED,
    LinkSignal.ERROR_PAGE: LinkState.SOFT_404,
    LinkSignal.MOVED: LinkState.MOVED,
}


def run_through(looks: Iterable[Probe]) -> LinkStatusMachine:
    """The machine after all looks, which are in order of time."""
    machine = LinkStatusMachine()
    for look in looks:
        machine.take(look)
    return machine


_MOVED = frozenset(range(300, 400)) - {304}
"""Not 304, which no request asked for: what it says has not changed is not known."""
_GOOD = frozenset({200, 206})
"""Of others of their class a page is not known to be what they bring. What is partial is a cut capture."""
_OURS = frozenset({"dns", "connect", "connect-timeout", "timeout", "disconnect"})
"""Failures of the way to a host: the page's or ours, as the other hosts of the run tell."""


def sign_of_status(status: int | None, challenge: str | None) -> tuple[LinkSignal, str]:
    """Sign and reason of a reply; `LinkSignal.SAME` for a good one, whose text is still to be compared."""
    if challenge is not None:
        return LinkSignal.DOUBTFUL, f"challenge {challenge}"
    if status is None:
        return LinkSignal.DOUBTFUL, "malformed-reply"
    reason = f"http-{status:03d}"
    if status in _GOOD:
        return LinkSignal.SAME, reason
    if status in _MOVED:
        return LinkSignal.MOVED, reason
    return (LinkSignal.MISSING if status in MISSING else LinkSignal.DOUBTFUL), reason


def sign_of_failure(reason: str, *, others_answered: bool) -> LinkSignal:
    """Sign of an address that got no reply. ``others_answered``: another host did answer in the same run."""
    return LinkSignal.UNREACHABLE if reason in _OURS and others_answered else LinkSignal.UNSEEN
