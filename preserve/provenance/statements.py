"""The kinds of ledger statements, and how each is built (``docs/formats/ledger.md``); their check is in `schema`.

Every statement has ``kind`` and ``v``. Values are text, whole numbers, true, false, nothing, lists and groups of these;
there are no floating-point numbers, so that the canonical form has no doubtful case.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from preserve.formats.statements import encode
from preserve.limits import DEFAULT_LIMITS

VERSION = 1
Statement = dict[str, object]


def record_statement(
    *,
    record_id: str,
    type: str,  # noqa: A002 - the field's name in WARC and in the statement
    uri: str | None,
    date: str,
    status: int | None,
    file: str,
    ordinal: int,
    record_sha256: str,
    block_sha256: str,
    payload_sha256: str | None,
    refers_to: str | None,
    mime: str | None,
    challenge: str | None,
    run: str,
) -> Statement:
    """One stored record. ``ordinal`` counts from 0 in its file; digests are 64 hexadecimal digits.

    ``challenge`` names the bot wall whose page a reply was taken for.
    """
    return {
        "kind": "record",
        "v": VERSION,
        "record_id": record_id,
        "type": type,
        "uri": uri,
        "date": date,
        "status": status,
        "file": file,
        "ordinal": ordinal,
        "record_sha256": record_sha256,
        "block_sha256": block_sha256,
        "payload_sha256": payload_sha256,
        "refers_to": refers_to,
        "mime": mime,
        "challenge": challenge,
        "run": run,
    }


def cable_statement(
    *,
    record_id: str,
    extractor: str,
    layout: str,
    published_id: str,
    canonical_id: str | None,
    raw_sha256: str,
    body_sha256: str,
    comparison_sha256: str,
    comparison_rules: str,
    rules_fired: Sequence[int],
    claims: object,
    fields: object,
) -> Statement:
    """One cable as one extractor read it from one record. Never replaced: another extractor states its own."""
    return {
        "kind": "cable",
        "v": VERSION,
        "record_id": record_id,
        "extractor": extractor,
        "layout": layout,
        "published_id": published_id,
        "canonical_id": canonical_id,
        "raw_sha256": raw_sha256,
        "body_sha256": body_sha256,
        "comparison_sha256": comparison_sha256,
        "comparison_rules": comparison_rules,
        "rules_fired": list(rules_fired),
        "claims": claims,
        "fields": fields,
    }


def run_statements(
    *,
    run: str,
    started: str,
    ended: str,
    outcome: str,
    program: str,
    files: Sequence[Mapping[str, object]],
    counts: Mapping[str, int],
    refused: Mapping[str, int],
    first_statement: int,
    last_statement: int,
    urls: Callable[[], Iterable[Mapping[str, object]]],
) -> Iterator[Statement]:
    """The manifest of a run: every address with how it ended, in as many numbered parts as that takes.

    A part stays below the size of a ledger entry. Counts stand in the first part. ``urls`` is gone through twice: once
    to count the parts, once to make them, so that no run is too long for the memory.
    """
    base: Statement = {
        "kind": "run",
        "v": VERSION,
        "run": run,
        "started": started,
        "ended": ended,
        "outcome": outcome,
        "program": program,
        "first_statement": first_statement,
        "last_statement": last_statement,
    }
    file_groups = list(_groups(files))
    count = max(sum(1 for _group in _groups(urls())), len(file_groups))
    url_groups = _groups(urls())
    for part in range(count):
        yield {
            **base,
            "files": file_groups[part] if part < len(file_groups) else [],
            "counts": dict(counts) if part == 0 else {},
            "refused": dict(refused) if part == 0 else {},
            "urls": next(url_groups, []),
            "part": part + 1,
            "parts": count,
        }


def _groups(items: Iterable[Mapping[str, object]]) -> Iterator[list[Mapping[str, object]]]:
    """The items in groups that are each below half of an entry's size; at least one group."""
    room = DEFAULT_LIMITS.max_statement_bytes // 2
    group: list[Mapping[str, object]] = []
    used = 0
    for item in items:
        size = len(encode(item)) + 1
        if group and used + size > room:
            yield group
            group, used = [], 0
        group.append(item)
        used += size
    yield group


def cut_statement(
    *, file: str, size: int, sha256: str, records: int, cut_bytes: int, reason: str, adopted: int
) -> Statement:
    """A file that an unclean stop left open: what was kept of it, and how many bytes of its torn tail were cut.

    ``adopted`` counts the whole records in it that got their statement only now. ``records`` 0: nothing was kept.
    """
    return {
        "kind": "cut",
        "v": VERSION,
        "file": file,
        "size": size,
        "sha256": sha256,
        "records": records,
        "cut_bytes": cut_bytes,
        "reason": reason,
        "adopted": adopted,
    }


def import_statement(
    *,
    file: str,
    size: int,
    sha256: str,
    records: int,
    container: str,
    source: str,
    package: Mapping[str, object] | None,
    lacks: Mapping[str, int],
    imported: str,
    program: str,
    run: str,
) -> Statement:
    """A file made by another program, taken in without changing a byte.

    ``source`` is the name it came under; ``package`` the WACZ it was taken out of: ``name``, ``size``, ``sha256``,
    ``datapackage_sha256``. ``lacks`` counts the findings of the check at import, by code.
    """
    return {
        "kind": "import",
        "v": VERSION,
        "file": file,
        "size": size,
        "sha256": sha256,
        "records": records,
        "container": container,
        "source": source,
        "package": None if package is None else dict(package),
        "lacks": dict(lacks),
        "imported": imported,
        "program": program,
        "run": run,
    }


def release_statement(
    *,
    release: str,
    title: str,
    publisher: str,
    released: str | None,
    counter: int | None,
    sources: Sequence[str],
    known_from: Sequence[str],
    note: str,
    dump: Mapping[str, object] | None,
    stated: str,
    program: str,
) -> Statement:
    """A release of a source, as it is declared. ``released`` is a date of UTC no longer than its precision.

    ``dump`` is the file of it that was taken in row by row: ``name``, ``size``, ``sha256``, the WARC ``file`` that
    holds it, and the numbers of its ``rows``, of those that are ``unreadable``, and of ``cables`` read.
    """
    return {
        "kind": "release",
        "v": VERSION,
        "release": release,
        "title": title,
        "publisher": publisher,
        "released": released,
        "counter": counter,
        "sources": list(sources),
        "known_from": list(known_from),
        "note": note,
        "dump": None if dump is None else dict(dump),
        "stated": stated,
        "program": program,
    }


def repair_statement(
    *,
    path: str,
    size: int,
    sha256: str,
    records: int,
    restored_records: int,
    exact: bool,
    quarantined: str | None,
    sources: Sequence[str],
    repaired: str,
    program: str,
) -> Statement:
    """A file put back from copies that nobody has to trust: every byte in it is named by the ledger.

    ``path`` is relative to the collection's folder. ``exact``: the file is the one that was sealed, byte for byte;
    otherwise every record is, and the compression around them is another. ``quarantined`` is the name under
    ``quarantine/`` of the damaged file, or None where there was none.
    """
    return {
        "kind": "repair",
        "v": VERSION,
        "path": path,
        "size": size,
        "sha256": sha256,
        "records": records,
        "restored_records": restored_records,
        "exact": exact,
        "quarantined": quarantined,
        "sources": list(sources),
        "repaired": repaired,
        "program": program,
    }


def listing_statement(
    *,
    run: str,
    archive: str,
    uri: str,
    asked: str,
    answer: str,
    complete: bool,
    mementos: int,
    records: Sequence[str],
    reasons: Sequence[str],
) -> Statement:
    """What a web archive said that it holds of an address: ``held``, ``none``, or ``failed``: no usable answer."""
    return {
        "kind": "listing",
        "v": VERSION,
        "run": run,
        "archive": archive,
        "uri": uri,
        "asked": asked,
        "answer": answer,
        "complete": complete,
        "mementos": mementos,
        "records": list(records),
        "reasons": list(reasons),
    }


def memento_statement(
    *,
    run: str,
    archive: str,
    archive_title: str,
    uri: str,
    memento: str,
    requested: str,
    served: str | None,
    record_id: str | None,
    status: int | None,
    verdict: str,
    reasons: Sequence[str],
    claimed_digest: str | None,
    digest: str,
    held: str,
) -> Statement:
    """One memento that was asked for, as another archive served it: the link from an address to second-hand bytes."""
    return {
        "kind": "memento",
        "v": VERSION,
        "run": run,
        "archive": archive,
        "archive_title": archive_title,
        "uri": uri,
        "memento": memento,
        "requested": requested,
        "served": served,
        "record_id": record_id,
        "status": status,
        "verdict": verdict,
        "reasons": list(reasons),
        "claimed_digest": claimed_digest,
        "digest": digest,
        "held": held,
    }


def archive_statement(*, collection: str, format: int, origin: str, key: str, created: str) -> Statement:  # noqa: A002
    """The first statement of every ledger: which archive this is, and the key of its log."""
    return {
        "kind": "archive",
        "v": VERSION,
        "collection": collection,
        "format": format,
        "origin": origin,
        "key": key,
        "created": created,
    }


def key_statement(*, old: str, new: str, changed: str, reason: str) -> Statement:
    """From the next checkpoint on the log is signed with another key: verifier keys, moment, and why."""
    return {"kind": "key", "v": VERSION, "old": old, "new": new, "changed": changed, "reason": reason}
