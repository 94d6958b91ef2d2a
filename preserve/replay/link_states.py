"""The state of every address, carried on from one look to the next: a look costs what was stated since.

What a look came to is kept for the next one: of each address what its state machine must know. It is a function of the
log up to one size, so an older one put back is true of that size still. It counts only with a MAC by the installation's
secret, where the log that lies here begins with the very tree it was made of, and for the same program and layouts.

Where it cannot be carried on, all is gone through (`preserve.replay.link_status_list`): without the secret; where a run
was continued over the last look, a text was read again, or a file of others came in; where dates of such a file lie
ahead of a capture. Memory grows with addresses, not with looks at them.

Tested by ``tests/scenarios/test_links_carried_on.py``.
"""

import hmac
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from preserve import __version__
from preserve.cables.page.layouts import Layout
from preserve.errors import CatalogueDiffersError, EnvironmentFaultError, FormatError, PreserveError
from preserve.model import parse_utc, sha256_hex
from preserve.provenance.installation import Installation
from preserve.provenance.mac import Mac
from preserve.provenance.statements import ListingStatement, RunStatement, decode
from preserve.regular import open_regular
from preserve.replay.link_status import LOST, LinkSignal, LinkState, LinkStatusMachine, LinkTransition, Probe
from preserve.replay.link_status_list import (
    LISTING,
    RUN,
    LinkJudge,
    LinkStatus,
    Runs,
    StatedFailure,
    Told,
    read_run,
    rot_of,
)
from preserve.replay.look import Pages
from preserve.replay.recover import CollectionReader
from preserve.store.durable import make_dir, write_atomic
from preserve.store.layout import CollectionPaths, job_folder

_VERSION = 2
_MAC_BYTES = 32
_SIZE_BYTES = 8
_HEAD_BYTES = _SIZE_BYTES + 2 * _MAC_BYTES
"""The size of what follows, a MAC over that, and one over what follows: no more is read than was once written here."""


class AddressState(msgspec.Struct, array_like=True):
    """One address. ``since``: the date of the look that made the state; ``at_first``: the state at the first look.

    ``first``: the statement of the first good capture, -1 where there is none. ``not_before``: a look with an earlier
    date would not come last; empty where all are this program's own, whose order is the ledger's. ``source``, ``sign``
    and ``reason``: which record's payload was last held against the first one, and what that said. ``why``: the reason
    of the state; ``changes``: each state that it entered, and the date of the look. ``cable`` and ``text``: the id
    published on the first good capture, and the checksum of its text (`preserve.store.catalogue.SeenRow`).
    """

    url: str
    state: LinkState
    since: str
    at_first: LinkState | None
    first: int
    missing_days: int
    unreachable_days: int
    missing_day: str
    unreachable_day: str
    not_before: str
    why: str
    changes: list[tuple[LinkState, str]]
    source: str = ""
    sign: LinkSignal = LinkSignal.NOTHING
    reason: str = ""
    cable: str | None = None
    text: str | None = None

    def machine(self) -> LinkStatusMachine:
        """The state machine, to take the next looks."""
        looks = (Probe(date=date, sign=LinkSignal.NOTHING, reason="", evidence="") for _state, date in self.changes)
        return LinkStatusMachine(
            state=self.state,
            reason=self.why,
            since=self.since,
            transitions=[
                LinkTransition(old=None, new=new, look=look)
                for (new, _date), look in zip(self.changes, looks, strict=True)
            ],
            missing_days=self.missing_days,
            unreachable_days=self.unreachable_days,
            missing_day=self.missing_day,
            unreachable_day=self.unreachable_day,
        )

    @property
    def is_lost(self) -> bool:
        """True where a page that was once captured is not to be had now."""
        return self.first >= 0 and self.state in LOST


class LinkStates(msgspec.Struct, kw_only=True):
    """``size``: of the log; ``first``: size of `AddressState.at_first`; ``rescues``: runs that asked web archives.

    ``runs``: all that are stated below ``size``, or have a reply there.
    """

    version: int
    key: str
    origin: str
    size: int
    root: bytes
    first: int
    rescues: set[str]
    runs: set[str]
    addresses: dict[str, AddressState]


class LinkLook(Struct, frozen=True):
    """The states now, and what those were before the look that are another now, by address in canonical form.

    ``missed``: some bytes were not there to be read; the next look may find more.
    """

    states: LinkStates
    before: dict[str, LinkState | None]
    missed: bool = False


def look_at(
    archive: CollectionReader, place: Path | None, *, first: int | None = None, mark: int | None = None
) -> LinkLook:
    """The states now, carried on from what is kept at ``place``, which is put in its place; None: from nothing.

    ``first``: the size at which `AddressState.at_first` is wanted; by default, whatever is kept. ``mark``: the size at
    the last look, to which ``before`` refers; what is kept must be of it. By default, whatever is kept.

    Raises:
        ArchiveError: the ledger or the catalogue is damaged.
    """
    mac = None if place is None else _mac_of(archive)
    kept = None if mac is None or place is None else _kept(archive, place, mac)
    if kept is not None and (first not in {None, kept.first} or mark not in {None, kept.size}):
        kept = None
    kept_size = None if kept is None else kept.size
    found = None if kept is None else _carried_on(archive, kept)
    if found is None:
        found = _anew(archive, first or 0, mark)
    if mac is not None and place is not None and (found.states is not kept or found.states.size != kept_size):
        _keep_whole(archive, place, found, mac)
    return found


def states_file(archives: Path, name: str) -> Path:
    """Where the states lie that `status` goes on from."""
    return job_folder(archives, name) / "status.links"


def keep_states(paths: CollectionPaths, layouts: Mapping[str, Layout], *, own_from: int) -> None:
    """Makes, or carries on, what the next `status` goes on from; whatever fails is left to that.

    The caller holds the lock, and has itself made each row of the catalogue from the statement ``own_from`` on, from
    statements under the checkpoint: they are held against nothing again. Everything is gone through only where half of
    the log is new, so that of many small imports not each pays for all that was there before.
    """
    place = states_file(paths.folder.parent, paths.name)
    with (
        suppress(PreserveError, sqlite3.Error, OSError),
        closing(CollectionReader(paths, layouts, own_from=own_from)) as archive,
    ):
        mac = _mac_of(archive)
        kept = None if mac is None else _kept(archive, place, mac)
        found = None if kept is None else _carried_on(archive, kept)
        if mac is not None and found is None and 2 * own_from <= archive.catalogue.ledger_size:
            found = _anew(archive, 0, None)
        if mac is not None and found is not None:
            _keep_whole(archive, place, found, mac)


def _keep_whole(archive: CollectionReader, place: Path, found: LinkLook, mac: Mac) -> None:
    """Keeps what was made of all that is stated, where all of that is signed and could be read."""
    if 0 < found.states.size == archive.log.signed and not found.missed:
        _keep(place, found.states, mac)


def _mac_of(archive: CollectionReader) -> Mac | None:
    secret = Installation.of_user(archive.paths.name).readers_secret()
    return None if secret is None else Mac(Mac(secret).digest(b"preserve: states of links"))


def _key_of(archive: CollectionReader) -> str:
    """Program and layouts: what a page shows depends on them."""
    readers = archive.readers
    return sha256_hex("\0".join([__version__, readers.extractor, *sorted(readers.layouts)]).encode("ascii", "replace"))


def _kept(archive: CollectionReader, place: Path, mac: Mac) -> LinkStates | None:
    body = _read(place, mac)
    if body is None:
        return None
    with suppress(msgspec.MsgspecError, ValueError, RecursionError):
        states = msgspec.msgpack.decode(body, type=LinkStates)
        is_of_now = (states.version, states.key) == (_VERSION, _key_of(archive))
        is_of_here = states.origin == archive.log.origin and archive.log.begins_with(states.size, states.root)
        return states if is_of_now and is_of_here else None
    return None


def _read(place: Path, mac: Mac) -> bytes | None:
    """What was kept; None where it is not what this installation wrote."""
    with suppress(OSError), open_regular(place) as file:
        head = file.read(_HEAD_BYTES)
        size, of_size, of_body = head[:_SIZE_BYTES], head[_SIZE_BYTES:-_MAC_BYTES], head[-_MAC_BYTES:]
        if len(head) == _HEAD_BYTES and hmac.compare_digest(of_size, mac.digest(b"size" + size)):
            body = file.read(int.from_bytes(size))
            return body if hmac.compare_digest(of_body, mac.digest(body)) else None
    return None


def _keep(place: Path, states: LinkStates, mac: Mac) -> None:
    """That it cannot be kept costs the next look its time."""
    body = msgspec.msgpack.encode(states)
    with suppress(OSError, EnvironmentFaultError):
        make_dir(place.parent)
        size = len(body).to_bytes(_SIZE_BYTES)
        write_atomic(place, size + mac.digest(b"size" + size) + mac.digest(body) + body)


def _anew(archive: CollectionReader, first: int, mark: int | None) -> LinkLook:
    """Goes through everything."""
    size, sizes = archive.catalogue.ledger_size, (first, first if mark is None else mark)
    runs, pages = Runs(), Pages(archive)
    states = LinkStates(
        version=_VERSION,
        key=_key_of(archive),
        origin=archive.log.origin,
        size=size,
        root=archive.log.root if size == archive.log.signed else b"",
        first=first,
        rescues=runs.rescues,
        runs=runs.begun,
        addresses={},
    )
    before: dict[str, LinkState | None] = {}
    for rot in rot_of(archive, sizes, runs, pages):
        states.addresses[rot.key] = address = _address(rot)
        if rot.earlier[1] is not address.state:
            before[rot.key] = rot.earlier[1]
    return LinkLook(states, before, pages.missed)


def _address(rot: LinkStatus) -> AddressState:
    machine = rot.machine
    return AddressState(
        url=rot.url,
        state=rot.state,
        since=machine.since,
        at_first=rot.earlier[0],
        first=-1 if rot.first is None else rot.first.row.statement_index,
        missing_days=machine.missing_days,
        unreachable_days=machine.unreachable_days,
        missing_day=machine.missing_day,
        unreachable_day=machine.unreachable_day,
        not_before=rot.not_before,
        why=machine.reason,
        changes=[(one.new, one.look.date) for one in machine.transitions],
        cable=None if rot.first is None else rot.first.cable,
        text=None if rot.first is None else rot.first.text_sha256,
    )


def _carried_on(archive: CollectionReader, kept: LinkStates) -> LinkLook | None:
    """What was stated since is taken in; None where that is not all there is to do."""
    mark, catalogue = kept.size, archive.catalogue
    size = catalogue.ledger_size
    if size == mark:
        return LinkLook(kept, {})
    found = _stated(archive, mark, kept)
    if found is None:
        return None
    runs, new = found
    replies = catalogue.replies_from(mark)
    # The rows from the mark on are held against their statements by now, and no others.
    if catalogue.texts_of_older(mark):
        return None
    for seen in replies:
        kept.runs.add(seen.run)
        if catalogue.imported(seen.run) is not None:
            return None
        new.setdefault(seen.canonical, []).append(seen)
    pages = Pages(archive)
    before: dict[str, LinkState | None] = {}
    for key, items in new.items():
        if key.endswith("/robots.txt"):
            continue
        held = kept.addresses.get(key)
        if held is not None and not all(_comes_last(held, item) for item in items):
            return None
        address = _taken(archive, LinkJudge(key, runs, pages), held, items)
        if address is None:
            continue
        if held is None or held.state is not address.state:
            before[key] = None if held is None else held.state
        kept.addresses[key] = address
    kept.runs |= runs.begun
    kept.size, kept.root = size, archive.log.root if size == archive.log.signed else b""
    return LinkLook(kept, before, pages.missed)


def _stated(archive: CollectionReader, mark: int, kept: LinkStates) -> tuple[Runs, dict[str, list[Told]]] | None:
    """What runs state since ``mark``: None where one of them had begun before it."""
    runs, rescues = Runs(rescues=kept.rescues), kept.rescues
    new: dict[str, list[Told]] = {}
    for index, entry in archive.ledger.raw(mark):
        if RUN not in entry and LISTING not in entry:
            continue
        match decode(entry):
            case RunStatement() as said:
                if said.run in kept.runs:
                    return None
                for key, failure in read_run(index, said, runs):
                    new.setdefault(key, []).append(failure)
            case ListingStatement(run=run):
                if run not in rescues and run in kept.runs:
                    return None
                rescues.add(run)
    return runs, new


def _comes_last(held: AddressState, item: Told) -> bool:
    """Whether a look stands behind all that are known of its address."""
    if not held.not_before:
        return True
    date = item.date if isinstance(item, StatedFailure) else item.row.date
    with suppress(FormatError):
        return parse_utc(date) >= parse_utc(held.not_before)
    return False


def _taken(
    archive: CollectionReader, judge: LinkJudge, held: AddressState | None, items: Sequence[Told]
) -> AddressState | None:
    machine = LinkStatusMachine()
    if held is not None:
        judge.url = held.url
        if held.first >= 0:
            first = archive.catalogue.seen_at(held.first)
            if first is None:
                raise CatalogueDiffersError.of(archive.paths.name, f"it has no row of statement {held.first}")
            # That a text has a row here is proved of those since the mark only.
            judge.first = first._replace(cable=held.cable, text_sha256=held.text)
        judge.shown = judge.told = held.source, held.sign, held.reason
        machine = held.machine()
    for look in judge.looks(_in_order(items)):
        machine.take(look)
    if not machine.looks:
        return None
    dates = [held.not_before] if held is not None and held.not_before else []
    if dates:
        # A look that is told by a run is of the run's end.
        dates += [item.date if isinstance(item, StatedFailure) else item.row.date for item in items]
    source, sign, reason = judge.told
    return AddressState(
        url=judge.url,
        state=machine.state or LinkState.UNKNOWN,
        since=machine.since,
        at_first=None if held is None else held.at_first,
        first=-1 if judge.first is None else judge.first.row.statement_index,
        missing_days=machine.missing_days,
        unreachable_days=machine.unreachable_days,
        missing_day=machine.missing_day,
        unreachable_day=machine.unreachable_day,
        not_before=max(dates, key=parse_utc) if dates else "",
        why=machine.reason,
        changes=[(one.new, one.look.date) for one in machine.transitions],
        source=source,
        sign=sign,
        reason=reason,
        cable=None if judge.first is None else judge.first.cable,
        text=None if judge.first is None else judge.first.text_sha256,
    )


def _in_order(items: Sequence[Told]) -> Iterator[Told]:
    yield from sorted(
        items, key=lambda item: item.statement if isinstance(item, StatedFailure) else item.row.statement_index
    )
