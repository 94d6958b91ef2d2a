"""What ``preserve show`` does: gives a page or a cable back.

Tested by ``tests/scenarios/test_show_for_reading.py``.
"""

import sys
from collections.abc import Sequence
from datetime import datetime

import msgspec

from preserve.cables.extract import HIDDEN_UNTIL_OPENED, Extraction, PlainText
from preserve.cli.shared.common import Place
from preserve.cli.shared.loading import reading
from preserve.cli.shared.moments import written_fields
from preserve.cli.shared.secondhand import second_hand
from preserve.errors import NotHeldError
from preserve.provenance.describe import describe_cable
from preserve.replay.readings import ShownReading, shown_reading
from preserve.replay.recover import (
    NOT_SIGNED,
    CollectionReader,
    RecoveredPage,
    find_one,
    parse_moment,
    published_as,
    record_facts,
)
from preserve.replay.since import Later, looks_since
from preserve.text import clean, terminal_line

_ORDER = (
    ("created", "created"),
    ("origin", "origin"),
    ("classification", "classification"),
    ("released", "released"),
    ("redacted_note", "redaction"),
    ("partial_note", "note"),
)


def show(place: Place, *, cable_or_url: str, form: str, at: str | None, collection: tuple[str, ...]) -> int:
    """Give back a captured cable (by its id) or page (by its address)."""
    moment: datetime | None = None if at is None else parse_moment(at)
    with reading(place, collection) as archives:
        archive, capture = find_one(archives, cable_or_url, moment)
        page = archive.page(capture)
        if form == "raw":
            sys.stdout.buffer.write(page.record.block)
        elif form == "html":
            sys.stdout.buffer.write(page.content)
        else:
            extraction = archive.cable(page, cable_or_url)
            plain = None if extraction is not None else archive.plain(page)
            if extraction is None and plain is None and form in {"text", "reading"} and not place.as_json:
                raise NotHeldError(
                    f"{cable_or_url} is held; it is no cable, and is no text",
                    next_step="Use --as html or --as raw for its bytes.",
                )
            data = facts(archive, page, extraction, plain)
            later = looks_since(archive.catalogue, capture.url)
            data["later"] = None if later is None else written_fields(later)
            others: list[str] = []
            if extraction is not None:
                names = published_as(archives, extraction.published_id)
                others = [name for name in names if name != extraction.published_id]
                data["also_published_as"] = others
            if form == "json" or place.as_json:
                Place(archives=place.archives, config_dir=place.config_dir, keys=place.keys, as_json=True).emit(
                    data, ""
                )
            elif extraction is not None and form == "reading":
                place.emit(data, _reading(extraction))
            elif extraction is not None:
                place.emit(data, _text(page, extraction, others, (shown_reading(archive, capture, extraction), later)))
            elif plain is not None:
                place.emit(data, _plain(page, plain, later))
    return 0


def facts(
    archive: CollectionReader, page: RecoveredPage, extraction: Extraction | None, plain: PlainText | None = None
) -> dict[str, object]:
    """Everything about one capture, ready for JSON."""
    capture = page.capture
    data: dict[str, object] = {
        "collection": archive.paths.name,
        "url": capture.url,
        "second_hand": second_hand(capture),
        "captured": capture.row.date,
        "date_doubt": capture.dated.doubt or None,
        "signed": capture.is_signed,
        "status": capture.source.status,
        "challenge": capture.source.challenge,
        "whole": capture.source.whole,
        "notes": [{"code": code, "detail": detail} for code, detail in page.notes],
        "record": record_facts(capture),
    }
    if extraction is not None:
        cable = describe_cable(capture.source.record_id, capture.source.uri, extraction)
        said = msgspec.to_builtins(cable)
        data["cable"] = {k: v for k, v in said.items() if k not in {"kind", "v", "record_id"}}
        data["reading"] = written_fields(shown_reading(archive, capture, extraction))
        data["text"] = extraction.body
        data["findings"] = [{"code": finding.code, "detail": finding.detail} for finding in extraction.findings]
        data["hidden_until_opened"] = extraction.hidden_until_opened
    elif plain is not None:
        data["text"] = plain.text
        data["hidden_characters"] = plain.unseen.characters
        data["sha256"] = {
            "raw": plain.raw_sha256,
            "body": plain.body_sha256,
            "comparison": plain.comparison_sha256,
        }
    return data


def _plain(page: RecoveredPage, plain: PlainText, later: Later | None) -> str:
    lines = [
        "not recognised as a cable; what the page shows:",
        *_captured(page, later),
        f"{'sha256 of text':<15} {plain.body_sha256}",
    ]
    if plain.unseen.characters:
        lines.append(f"{'left out':<15} {plain.unseen.characters} characters that a browser never shows")
    return "\n".join(lines) + "\n\n" + clean(plain.text) + "\n"


def _captured(page: RecoveredPage, later: Later | None) -> list[str]:
    capture = page.capture
    lines = [f"{'captured':<15} {capture.row.date}  {terminal_line(capture.url, 200)}"]
    if capture.dated.doubt:
        lines.append(f"{'date in doubt':<15} {capture.dated.doubt}")
    if capture.second_hand:
        lines.append(f"{'second hand':<15} {terminal_line(capture.second_hand, 200)}")
    if not capture.is_signed:
        lines.append(f"{'not signed yet':<15} {NOT_SIGNED}")
    if capture.lack:
        lines.append(f"{'not whole':<15} {capture.lack}")
    elif capture.in_its_place:
        lines.append(f"{'answered':<15} {capture.in_its_place}")
    lines += [f"{'note':<15} {terminal_line(detail, 200)}" for _code, detail in page.notes]
    if later is not None:
        lines.append(f"{'later looks':<15} {terminal_line(later.words)}")
    return lines


def _reading(extraction: Extraction) -> str:
    """The message in flowing paragraphs, without page lines: a guess, made for reading alone."""
    from preserve.cables.message.readingview import reading_view  # noqa: PLC0415 - only one form needs it

    said = "".join(f"{clean(piece.text)}\n\n" for piece in reading_view(extraction.body, extraction.message))
    return (
        f"{extraction.published_id}, for reading: lines are joined, page lines left out. Cite from --as text.\n\n{said}"
    )


def _doubt(rules: Sequence[str], *, certain: bool) -> str:
    """The rules of a reading, where they leave a doubt."""
    said = [rule for rule in rules if rule != "year of the citing cable"]
    return "" if certain else f" ({', '.join(said)}?)"


def _text(
    page: RecoveredPage, extraction: Extraction, others: Sequence[str], told: tuple[ShownReading, Later | None]
) -> str:
    read_by, later = told
    subject = extraction.message.subject
    title = extraction.title if subject is None else subject.text
    lines = [f"{extraction.published_id}  {terminal_line(title, 200)}"]
    reading = extraction.id_reading
    if reading is not None and reading.id != extraction.published_id:
        lines.append(f"canonical id    {reading.id}{_doubt((reading.rule,), certain=reading.certain)}")
    if others:
        lines.append(f"{'also held as':<15} {', '.join(terminal_line(name) for name in others)}")
    sent = extraction.sent
    for name, label in _ORDER:
        field = extraction.fields.get(name)
        if field is not None and field.printed:
            precision = f"  (known to the {field.precision})" if field.precision == "hour" else ""
            lines.append(f"{label:<15} {terminal_line(field.printed, 200)}{precision}")
        if name == "created" and sent is not None and sent is not field and sent.value is not None:
            lines.append(f"{'sent':<15} {sent.value.replace('T', ' ')} UTC  ({terminal_line(sent.printed)})")
    if extraction.message.tags:
        lines.append(f"{'tags':<15} {', '.join(terminal_line(tag.text) for tag in extraction.message.tags)}")
    meant = [
        f"{terminal_line(tag.meant)}{_doubt((tag.rule,), certain=tag.certain)}" for tag in extraction.message.meant_tags
    ]
    if [tag.meant for tag in extraction.message.meant_tags] != [tag.text for tag in extraction.message.tags]:
        lines.append(f"{'tags meant':<15} {', '.join(meant)}")
    cited = [f"{one.id}{_doubt(one.rules, certain=one.certain)}" for entry in extraction.cited for one in entry]
    if cited:
        lines.append(f"{'cites':<15} {terminal_line(', '.join(cited), 300)}")
    source = extraction.fields.get("source")
    if source is not None:
        released = extraction.fields.get("source_released")
        when = f", released {released.printed}" if released is not None else ""
        lines.append(f"{'stated source':<15} {terminal_line(source.printed)}{terminal_line(when)}")
    lines += _captured(page, later)
    if extraction.hidden_until_opened:
        lines.append(f"{'shown':<15} {HIDDEN_UNTIL_OPENED}")
    hidden = next((finding.detail for finding in extraction.findings if finding.code == "I-CABLE-HIDDEN"), "")
    if hidden:
        lines.append(f"{'left out':<15} {hidden}")
    lines.append(f"{'read by':<15} {terminal_line(read_by.words, 200)}")
    lines.append(f"{'sha256 of text':<15} {extraction.body_sha256}")
    return "\n".join(lines) + "\n\n" + clean(extraction.body) + "\n"
