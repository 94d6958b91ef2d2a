"""``preserve check`` of documents: what they cite and quote against what is held, and on request against the web.

Tested by ``tests/scenarios/test_check_documents.py``.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from preserve.citation.documents.checking import ORIGINAL, CitationCheck, CitationChecker
from preserve.citation.documents.citations_found import keys_without_entry, names_something
from preserve.citation.documents.document import CitingDocument
from preserve.citation.documents.kinds import READERS
from preserve.citation.documents.pdftext import read_pdf
from preserve.citation.documents.rewriting import rewritten
from preserve.cli.shared.common import Place, counted, say
from preserve.cli.shared.loading import all_layouts, public_url, reading
from preserve.cli.shared.output import file_fault, opened_output
from preserve.cli.shared.tones import toned
from preserve.cli.shared.turns import fleet_turns
from preserve.config.collection import CollectionConfig
from preserve.config.folder import list_collections, load_collection
from preserve.crawler.browser.gates import in_turn
from preserve.crawler.liveness import AddressProber, Asked
from preserve.errors import FormatError, PreserveError, UsageError
from preserve.findings import Claim, Verdict
from preserve.limits import DEFAULT_LIMITS, MIB
from preserve.net.fetch import Fetcher
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.ledger import Ledger
from preserve.provenance.standing import standing
from preserve.provenance.trust import Trust
from preserve.regular import open_regular, read_regular
from preserve.replay.link_status import LOST, LinkSignal, LinkState, LinkStatusMachine, Probe, run_through
from preserve.replay.recover import CollectionReader
from preserve.store.looks import ProbeRow, ProbeTable
from preserve.text import terminal_line

if TYPE_CHECKING:
    from preserve.cli.shared.answers import CheckedDocument

_MOST_BYTES = 128 * MIB
_MOST_TOLD = 200
"""Keys and entries of one document that are told one by one."""
_SIGNED = "the archive's log is one to go by"


def check_documents(
    place: Place,
    files: Sequence[Path],
    *,
    collections: Sequence[str],
    live: bool,
    delay_s: float,
    write: Path | None,
    trust: Trust,
) -> tuple[list[dict[str, object]], list[str], bool]:
    """The citations of documents: what to answer as JSON and to people, and whether all is good.

    Raises:
        UsageError: a file is of no kind that can be read or written back.
    """
    if write is not None and len(files) != 1:
        raise UsageError("one document at a time can be written back", next_step="Give one FILE with --write.")
    before = None if write is None else _state(write)
    documents: dict[str, CitingDocument] = {}
    data: dict[str, bytes] = {}
    for path in files:
        data[str(path)], documents[str(path)] = read_document(path)
    with reading(place, collections) as archives:
        signed = {archive.paths.name: _signature(place, archive, trust) for archive in archives}
        checked = [_with_signature(one, signed) for one in CitationChecker(archives).check(documents)]
        if live:
            checked = _asked(place, archives, checked, delay_s)
        if write is not None:
            name = str(files[0])
            bases = {archive.paths.name: public_url(place, archive.paths.name) for archive in archives}
            try:
                again = rewritten(documents[name].kind, data[name], checked, bases)
            except FormatError as error:
                raise UsageError(f"{name}: {error}", next_step="Write the copies by hand, from this report.") from error
            _write(write, again, before, data[name], files[0])
            if not any(bases.values()):
                say("no collection has a public_url: copies are named by their dates, and not by an address")
    lost = keys_without_entry(documents)
    said: list[dict[str, object]] = [
        dict(_document_json(name, documents[name], checked, lost[name])) for name in documents
    ]
    lines = [line for name in documents for line in _document_lines(name, documents[name], checked, lost[name])]
    return said, lines, all(one.is_good for one in checked)


def _state(path: Path) -> tuple[int, ...] | None:
    """What tells a file from what somebody saves in its place; None where none is there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _write(path: Path, again: bytes, before: tuple[int, ...] | None, data: bytes, source: Path) -> None:
    """Writes a document back, unless what is there was changed while it was checked."""
    with opened_output(path) as out:
        out.write(again)
        same = path.exists() and path.samefile(source)
        if _state(path) != before or (same and read_regular(source, _MOST_BYTES) != data):
            raise UsageError(
                f"{path} was changed while it was checked; nothing is written", next_step="Run the same command again."
            )


def _signature(place: Place, archive: CollectionReader, trust: Trust) -> Claim | None:
    """Whether the archive's log is one to go by; None where nothing speaks against it and no key was named."""
    paths, logs = archive.paths, KnownLogs(place.keys)
    seen = None
    try:
        if trust.logs:
            judged = standing(paths, Ledger(paths), logs=logs, trust=trust)
            seen, findings = judged.seen, judged.findings
        else:
            findings = logs.glance(paths, Ledger(paths)).findings
    except (PreserveError, OSError) as error:
        return Claim(name=_SIGNED, verdict=Verdict.FAIL, detail=f"{paths.name}: {error}")
    problems = [f"{finding.code}: {finding.detail}" for finding in findings if finding.is_problem]
    if problems:
        return Claim(name=_SIGNED, verdict=Verdict.FAIL, detail=f"{paths.name}: {problems[0]}")
    if seen is None:
        # No checkpoint, or no key was named: then the claim is not made.
        return None
    return Claim(name=_SIGNED, verdict=Verdict.PASS, detail=f"{paths.name}: signed by {seen.keys[-1].short}")


def _with_signature(one: CitationCheck, signed: Mapping[str, Claim | None]) -> CitationCheck:
    """A citation with what is said of the log of the archive that holds it."""
    claim = None if one.cited is None else signed.get(one.cited.capture.collection)
    return one if claim is None else replace(one, claims=(*one.claims, claim))


def read_document(path: Path) -> tuple[bytes, CitingDocument]:
    """A document's bytes, and what was read of them.

    Raises:
        UsageError: it is of no kind that can be read, or cannot be read.
    """
    ending = path.suffix.lower()
    reader = read_pdf if ending == ".pdf" else READERS.get(ending)
    if reader is None:
        raise UsageError(
            f"{path} is no capsule and no document that can be read",
            next_step=f"The kind of a document is known by its ending: {', '.join(sorted((*READERS, '.pdf')))}.",
        )
    try:
        with open_regular(path) as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise file_fault(path, error, done="read") from error
    if len(data) > _MOST_BYTES:
        raise UsageError(f"{path} has more than {_MOST_BYTES:,} bytes")
    try:
        return data, reader(data)
    except FormatError as error:
        raise UsageError(f"{path}: {error}") from error


def _asked(
    place: Place, archives: Sequence[CollectionReader], checked: Sequence[CitationCheck], delay_s: float
) -> list[CitationCheck]:
    """The citations with a claim on the original of each: one look now, and those of the days before."""
    wanted: dict[str, str | None] = {}
    for one in checked:
        if one.url is not None and one.url.lower().startswith(("http://", "https://")):
            wanted.setdefault(one.url, one.text_sha256)
    config = _configuration(place, archives)
    fetcher = _fetcher(config)
    claims: dict[str, Claim] = {}
    with ProbeTable(place.archives) as looks, closing(fetcher), fleet_turns() as turns:
        looker = AddressProber(
            fetcher=in_turn(fetcher, turns, delay_s),
            layouts=tuple(all_layouts(place).values()),
            limits=DEFAULT_LIMITS,
            delay_s=delay_s,
        )
        for asked in looker.look_at(list(wanted.items())):
            look = asked.look
            looks.add([ProbeRow(asked.url, look.date, str(look.sign), look.reason, look.status)])
            claims[asked.url] = _original(asked, run_through(_look(row) for row in looks.of(asked.url)))
    return [
        one if one.url is None or one.url not in claims else replace(one, claims=(*one.claims, claims[one.url]))
        for one in checked
    ]


def _fetcher(config: CollectionConfig | None) -> Fetcher:
    if config is None:
        raise UsageError(
            "site owners must be able to ask somebody about the requests",
            next_step="Originals are asked for in the name of a collection: write its file, with a contact.",
        )
    return Fetcher(
        user_agent=config.user_agent,
        limits=DEFAULT_LIMITS,
        allow_addresses=config.allow_addresses,
        verify_tls=True,
        proxy=config.proxy,
    )


def _configuration(place: Place, archives: Sequence[CollectionReader]) -> CollectionConfig | None:
    configured = list_collections(place.config_dir)
    for archive in archives:
        if archive.paths.name in configured:
            try:
                return load_collection(place.config_dir, archive.paths.name)
            except PreserveError as error:
                say(str(error))
    return None


def _look(row: ProbeRow) -> Probe:
    return Probe(date=row.date, sign=LinkSignal(row.sign), reason=row.reason, evidence="", status=row.status)


def _original(asked: Asked, machine: LinkStatusMachine) -> Claim:
    """What the looks at a page say of it. One failure is no death."""
    state = machine.state or LinkState.UNKNOWN
    when = f"looked at {asked.look.date[:19]}Z"
    if machine.looks > 1:
        when += f", {counted(machine.looks, 'look')}, so since {machine.since[:10]}"
    detail = f"{state}: {asked.look.reason}; {when}"
    if state in LOST:
        return Claim(name=ORIGINAL, verdict=Verdict.FAIL, detail=detail)
    if state is LinkState.UNKNOWN:
        return Claim(name=ORIGINAL, verdict=Verdict.NOT_PROVEN, detail=f"{detail}; look again on another day")
    if state is LinkState.CHANGED:
        return Claim(name=ORIGINAL, verdict=Verdict.FAIL, detail=f"different from the copy; {when}")
    return Claim(name=ORIGINAL, verdict=Verdict.PASS, detail=detail)


Keys = Sequence[tuple[str, str]]
"""Keys that are cited and have no entry, each with its place."""


def _document_json(
    name: str, document: CitingDocument, checked: Sequence[CitationCheck], lost: Keys
) -> "CheckedDocument":
    return {
        "file": name,
        "kind": document.kind,
        "entries": _entries(document),
        "unread": list(document.unread),
        "keys_without_entry": [{"key": key, "place": place} for key, place in lost],
        "citations": [
            {
                "place": one.place,
                "names": list(one.targets),
                "url": one.url,
                "captures": one.captures,
                "first": one.first,
                "last": one.last,
                "signed": None if one.cited is None else one.cited.capture.is_signed,
                "record_id": None if one.cited is None else one.cited.capture.row.record_id,
                "collection": None if one.cited is None else one.cited.capture.collection,
                "claims": [
                    {"claim": claim.name, "verdict": claim.verdict, "detail": claim.detail} for claim in one.claims
                ],
            }
            for one in checked
            if one.document == name
        ],
    }


def _entries(document: CitingDocument) -> dict[str, int]:
    """How many entries of a bibliography name a page, name none (by their types), and are unreadable."""
    entries = [block for block in document.blocks if block.entry is not None]
    if not entries and not document.unread:
        return {}
    bare = Counter(block.entry_type or "entry" for block in entries if not names_something(block))
    counts = {"page": len(entries) - sum(bare.values()), **bare, "unreadable": len(document.unread)}
    return {word: number for word, number in counts.items() if number}


def _entry_line(document: CitingDocument) -> str:
    counts = _entries(document)
    pages = counted(counts.pop("page"), "page") if "page" in counts else ""
    others = [f"{number} {terminal_line(word, 40)}" for word, number in counts.items()]
    total = sum(block.entry is not None for block in document.blocks) + len(document.unread)
    return f"  {total} {'entry' if total == 1 else 'entries'}: {', '.join([*([pages] if pages else []), *others])}"


def _document_lines(name: str, document: CitingDocument, checked: Sequence[CitationCheck], lost: Keys) -> list[str]:
    mine = [one for one in checked if one.document == name]
    lines = [terminal_line(name, 200)]
    for one in mine:
        lines.append(f"  {terminal_line(one.place)}: {terminal_line(', '.join(one.targets), 200)}")
        lines += [
            f"    {toned(f'{claim.verdict:<12}')}{claim.name}: {terminal_line(claim.detail, 400)}"
            for claim in one.claims
        ]
    lines += [f"  cannot be read: {terminal_line(each, 200)}" for each in document.unread[:_MOST_TOLD]]
    lines += [
        f"  cited without an entry: {terminal_line(key, 100)} ({terminal_line(place, 80)})"
        for key, place in lost[:_MOST_TOLD]
    ]
    if _entries(document):
        lines.append(_entry_line(document))
    counts = Counter(_word(one) for one in mine)
    told = ", ".join(f"{number} {word}" for word, number in sorted(counts.items())) or "nothing is cited"
    if not mine and any(one.entry is not None for one in checked):
        told = "each of its entries is checked where another of the documents cites it"
    lines.append(f"  {counted(len(mine), 'citation')}: {told}" if mine else f"  {told}")
    return lines


def _word(one: CitationCheck) -> str:
    if not one.is_good:
        return "with something wrong"
    return "not held" if one.cited is None else "good"
