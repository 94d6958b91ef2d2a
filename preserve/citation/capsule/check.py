"""Checks a capsule with this program: what the stand-alone checker checks, and that the text follows from the bytes."""

from collections.abc import Mapping
from contextlib import suppress

from preserve.cables.extract import EXTRACTOR, HIDDEN_UNTIL_OPENED, Extraction
from preserve.cables.message.pagelines import is_break_line
from preserve.cables.page.layouts import Layout
from preserve.citation.capsule import check_capsule, reproduce
from preserve.citation.capsule.check_capsule import FAIL, NOT_CHECKED, PASS, Bad, Verdict
from preserve.citation.passage import Passage
from preserve.citation.quotes import find_passage
from preserve.citation.selectors import selectors
from preserve.errors import FormatError, UsageError
from preserve.expressions import lazy_re
from preserve.formats.tlog.files import parse_checkpoint
from preserve.formats.tlog.note import parse_note
from preserve.formats.warc.members import read_member
from preserve.formats.warc.record import parse_record
from preserve.limits import DEFAULT_LIMITS
from preserve.provenance.describe import read_cables
from preserve.provenance.knownlogs import KnownLog, KnownLogs
from preserve.provenance.receipts import check_signature, read_reply
from preserve.provenance.trust import Trust

_ODD_BLANKS = lazy_re(r"\s\s|[^\S ]")
_CLAIM = "the text follows from the bytes"
_ERRORS = (KeyError, TypeError, ValueError, IndexError, Bad, FormatError, UsageError)


def check(data: bytes, trust: Trust, layouts: Mapping[str, Layout], logs: KnownLogs | None = None) -> list[Verdict]:
    """The verdict for each claim of a capsule, in order. Nothing is believed that is not in ``trust``.

    Where that names no key of a log, what is known of the log (``logs``) says whose it is.

    Raises:
        BrokenStateError: what is known of the log cannot be read.
    """

    def stamped(reply: bytes, note: bytes) -> str:
        try:
            check_signature(reply, note, trust.roots, trust.intermediates)
            return read_reply(reply, note).moment.isoformat()
        except FormatError as error:
            raise Bad(str(error)) from error

    keys = [key.vkey for key in trust.logs if key.vkey.isascii() and _is_log_key(key.vkey)]
    known = _known_log(data, logs) if logs is not None and not trust.logs else None
    if known is not None:
        keys = [key.vkey for key in known.keys]
    told = check_capsule.check(data, keys, stamped if trust.roots else None)
    if known is not None:
        told = [_by_what_is_known(each, data, known) for each in told]
    if len(told) > 1:
        told[-1:-1] = _follows(data, layouts)
    return told


def _known_log(data: bytes, logs: KnownLogs) -> KnownLog | None:
    """What is known of the log that a capsule says that it is of."""
    with suppress(Bad, KeyError):
        note = check_capsule.read_zip(data)["checkpoint"].data
        return logs.log(note.partition(b"\n")[0].decode("utf-8", "replace"))
    return None


def _by_what_is_known(verdict: Verdict, data: bytes, known: KnownLog) -> Verdict:
    """The verdict on the signature in words of what is known; a checkpoint of another history is a fork."""
    if verdict.claim != check_capsule.SIGNED:
        return verdict
    detail = verdict.detail.replace("that you trust", "by which the log is known here")
    detail = detail.replace("which you trust", "by which the log is known here")
    if verdict.verdict == PASS:
        with suppress(FormatError):
            checkpoint = parse_checkpoint(parse_note(check_capsule.read_zip(data)["checkpoint"].data).text)
            root = dict(known.seen).get(checkpoint.size, checkpoint.root)
            if root != checkpoint.root:
                return Verdict(verdict.claim, FAIL, f"at size {checkpoint.size} the log that is known has another root")
    return Verdict(verdict.claim, verdict.verdict, detail)


def _is_log_key(vkey: str) -> bool:
    try:
        check_capsule.parse_key(vkey)
    except Bad:
        return False
    return True


def _follows(data: bytes, layouts: Mapping[str, Layout]) -> list[Verdict]:
    """Whether the text follows from the bytes; and, where it does, what is made from both."""
    files = {name: member.data for name, member in check_capsule.read_zip(data).items()}
    unread = "the text was not read again"
    try:
        said = check_capsule.read_json(files["cable.json"])
        name, _slash, version = str(said["layout"]).rpartition("/")
        layout = layouts.get(name)
        if said["extractor"] != EXTRACTOR or layout is None or str(layout.version) != version:
            why = f"it was read by {said['extractor']} with layout {said['layout']}, not here"
            return [Verdict(_CLAIM, NOT_CHECKED, why), Verdict(reproduce.CLAIM, NOT_CHECKED, unread)]
        extraction, passage = _read_again(files, layout)
    except _ERRORS as error:
        why = str(error) if isinstance(error, Bad) else f"it cannot be read: {error}"
        return [Verdict(_CLAIM, FAIL, why), Verdict(reproduce.CLAIM, NOT_CHECKED, unread)]
    try:
        again = reproduce.compared(files, extraction, passage)
    except _ERRORS as error:
        again = (FAIL, f"it cannot be read: {error}")
    told = f"read again by {EXTRACTOR} with layout {name}/{version}"
    if extraction.hidden_until_opened:
        told += f"; on the page it is {HIDDEN_UNTIL_OPENED}"
    return [Verdict(_CLAIM, PASS, told), Verdict(reproduce.CLAIM, *again)]


def _read_again(files: Mapping[str, bytes], layout: Layout) -> tuple[Extraction, Passage]:
    """The text and the passage from the record's bytes.

    Raises:
        Bad: they are others than the capsule says.
    """
    record = parse_record(read_member(files.get("source.warc.gz", files["record.warc.gz"])))
    text = files["text.txt"].decode("utf-8")
    found = [each for each in read_cables(record, (layout,), DEFAULT_LIMITS).cables if each.body == text]
    if not found:
        raise Bad("the record's bytes give another text")
    told = check_capsule.read_json(files["selector.json"])
    place = told["selector"][0]
    passages = [find_passage(each, chars=(place["start"], place["end"])) for each in found]
    fitting = [n for n, passage in enumerate(passages) if selectors(passage) == told["selector"]]
    if not fitting:
        raise Bad("the quote was read from other bytes")
    amiss = _amiss(told, passages[fitting[0]])
    if amiss:
        raise Bad(f"the selector has another {amiss}")
    return found[fitting[0]], passages[fitting[0]]


def _amiss(told: Mapping[str, object], passage: Passage) -> str:
    """What a selector says of its passage beside its place that is not so; empty where all is.

    How a quote was given (blanks folded, page lines left out) is not in the text: only what cannot be is told.
    """
    lines = [line.strip() for line in passage.exact.split("\n") if is_break_line(line)]
    left_out = told["page_lines"]
    if told["paragraph"] != passage.paragraph:
        return "paragraph"
    if told["portion_mark"] != passage.portion_mark:
        return "portion mark"
    if not isinstance(left_out, list) or any(line not in lines for line in left_out):
        return "page line"
    folds = told["folded_blanks"]
    return "" if folds is False or (folds is True and _ODD_BLANKS.search(passage.exact)) else "word on blanks"
