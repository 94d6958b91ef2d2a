"""Checks a capsule with this program: what the stand-alone checker checks, and that the text follows from the bytes.

Tested by ``tests/scenarios/test_capsules.py``.
"""

from collections.abc import Mapping
from contextlib import suppress

from preserve.cables.extract import EXTRACTOR, HIDDEN_UNTIL_OPENED, Extraction
from preserve.cables.message.pagelines import is_break_line
from preserve.cables.page.layouts import Layout
from preserve.cables.page.titles import page_title
from preserve.citation.capsule import check_capsule, reproduce
from preserve.citation.capsule.check_capsule import FAIL, NOT_CHECKED, PASS, Bad, Verdict
from preserve.citation.capsule.reproduce import CitedAgain
from preserve.citation.forgiving import may_be_set_otherwise
from preserve.citation.passage import Passage
from preserve.citation.quotable import QuotableText, of_cable, of_page
from preserve.citation.quotes import find_passage
from preserve.citation.selectors import selectors
from preserve.errors import FormatError, UsageError
from preserve.formats.tlog.files import parse_checkpoint
from preserve.formats.tlog.note import parse_note
from preserve.formats.warc.record import parse_record
from preserve.limits import DEFAULT_LIMITS
from preserve.provenance.describe import read_cables
from preserve.provenance.knownlogs import KnownLog, KnownLogs
from preserve.provenance.receipts import check_signature, read_reply
from preserve.provenance.trust import Trust
from preserve.replay.recordpage import page_of_record

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
        layout: Layout | None = None
        extractor, by = str(check_capsule.read_json(files["selector.json"])["extractor"]), ""
        if "cable.json" in files:
            said = check_capsule.read_json(files["cable.json"])
            name, _slash, version = str(said["layout"]).rpartition("/")
            layout, by = layouts.get(name), f" with layout {said['layout']}"
            if layout is not None and str(layout.version) != version:
                layout = None
        if extractor != EXTRACTOR or (by and layout is None):
            why = f"it was read by {extractor}{by}, not here"
            return [Verdict(_CLAIM, NOT_CHECKED, why), Verdict(reproduce.CLAIM, NOT_CHECKED, unread)]
        cited = _read_again(files, layout)
    except _ERRORS as error:
        why = str(error) if isinstance(error, Bad) else f"it cannot be read: {error}"
        return [Verdict(_CLAIM, FAIL, why), Verdict(reproduce.CLAIM, NOT_CHECKED, unread)]
    try:
        again = reproduce.compared(files, cited)
    except _ERRORS as error:
        again = (FAIL, f"it cannot be read: {error}")
    told = f"read again by {EXTRACTOR}{by}"
    if cited.extraction is not None and cited.extraction.hidden_until_opened:
        told += f"; on the page it is {HIDDEN_UNTIL_OPENED}"
    return [Verdict(_CLAIM, PASS, told), Verdict(reproduce.CLAIM, *again)]


def _read_again(files: Mapping[str, bytes], layout: Layout | None) -> CitedAgain:
    """The text and the passage from the record's bytes; ``layout``: that of the cable, None for another page.

    Raises:
        Bad: they are others than the capsule says.
    """
    name = "source" if "source.json" in files else "record"
    header, block = check_capsule.read_record(dict(files), name)
    record = parse_record(header + block + b"\r\n\r\n")
    text = files["text.txt"].decode("utf-8")
    told = check_capsule.read_json(files["selector.json"])
    found: list[tuple[Extraction | None, QuotableText, str]]
    if layout is not None:
        cables = read_cables(record, (layout,), DEFAULT_LIMITS).cables
        found = [(each, of_cable(each), "") for each in cables if each.body == text]
    else:
        page = page_of_record(record, DEFAULT_LIMITS)
        shown = None if page is None else of_page("the page", page.content, page.content_type)
        title = page_title(page.content, page.content_type) if page is not None and page.is_html else ""
        found = [(None, shown, title)] if shown is not None and shown.body == text else []
    if not found:
        raise Bad("the record's bytes give another text")
    place = told["selector"][0]
    passages = [find_passage(each, chars=(place["start"], place["end"])) for _cable, each, _title in found]
    fitting = [n for n, passage in enumerate(passages) if selectors(passage) == told["selector"]]
    if not fitting:
        raise Bad("the quote was read from other bytes")
    amiss = _amiss(told, passages[fitting[0]])
    if amiss:
        raise Bad(f"the selector has another {amiss}")
    extraction, _text, title = found[fitting[0]]
    return CitedAgain(extraction=extraction, passage=passages[fitting[0]], title=title)


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
    return "" if folds is False or (folds is True and may_be_set_otherwise(passage.exact)) else "word on blanks"
