"""The kinds of ledger statements: how each is built, and the check of one that was read (``docs/formats/ledger.md``).

Every statement has ``kind`` and ``v``. Values are text, whole numbers, true, false, nothing, lists and groups of these;
there are no floating-point numbers, so that the canonical form has no doubtful case.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from preserve.errors import FormatError
from preserve.formats.statements import encode
from preserve.limits import DEFAULT_LIMITS
from preserve.model import parse_utc
from preserve.store.layout import check_file_name

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


def _text(value: object) -> bool:
    return isinstance(value, str)


def _text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _count_or_none(value: object) -> bool:
    return value is None or _count(value)


def _sha256(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")  # noqa: PLR2004


def _sha256_or_none(value: object) -> bool:
    return value is None or _sha256(value)


def _sha256_or_empty(value: object) -> bool:
    return value == "" or _sha256(value)


def _group(value: object) -> bool:
    return isinstance(value, dict)


def _group_or_none(value: object) -> bool:
    return value is None or _group(value)


def _list(value: object) -> bool:
    return isinstance(value, list)


def _moment(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(parse_utc(value))
    except FormatError:
        return False


def _file_name(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(check_file_name(value))
    except FormatError:
        return False


def _file_name_or_none(value: object) -> bool:
    return value is None or _file_name(value)


def _path(value: object) -> bool:
    """A path below the collection's folder: plain names with slashes between."""
    return isinstance(value, str) and all(_file_name(part) for part in value.split("/"))


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _files(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, dict)
        and item.keys() == {"name", "size", "sha256", "records"}
        and _file_name(item["name"])
        and _count(item["size"])
        and _sha256(item["sha256"])
        and _count(item["records"])
        for item in value
    )


_Check = Callable[[object], bool]
_SCHEMA: Mapping[str, Mapping[str, _Check]] = {
    "archive": {"collection": _text, "format": _count, "origin": _text, "key": _text, "created": _moment},
    "record": {
        "record_id": _text,
        "type": _text,
        "uri": _text_or_none,
        "date": _moment,
        "status": _count_or_none,
        "file": _file_name,
        "ordinal": _count,
        "record_sha256": _sha256,
        "block_sha256": _sha256,
        "payload_sha256": _sha256_or_none,
        "refers_to": _text_or_none,
        "mime": _text_or_none,
        "challenge": _text_or_none,
        "run": _text,
    },
    "cable": {
        "record_id": _text,
        "extractor": _text,
        "layout": _text,
        "published_id": _text,
        "canonical_id": _text_or_none,
        "raw_sha256": _sha256,
        "body_sha256": _sha256,
        "comparison_sha256": _sha256,
        "comparison_rules": _text,
        "rules_fired": _list,
        "claims": _group,
        "fields": _group,
    },
    "run": {
        "run": _text,
        "started": _moment,
        "ended": _moment,
        "outcome": _text,
        "program": _text,
        "files": _files,
        "counts": _group,
        "refused": _group,
        "first_statement": _count,
        "last_statement": _whole,
        "urls": _list,
        "part": _count,
        "parts": _count,
    },
    "import": {
        "file": _file_name,
        "size": _count,
        "sha256": _sha256,
        "records": _count,
        "container": _text,
        "source": _text,
        "package": _group_or_none,
        "lacks": _group,
        "imported": _moment,
        "program": _text,
        "run": _text,
    },
    "repair": {
        "path": _path,
        "size": _count,
        "sha256": _sha256,
        "records": _count,
        "restored_records": _count,
        "exact": _flag,
        "quarantined": _file_name_or_none,
        "sources": _list,
        "repaired": _moment,
        "program": _text,
    },
    "key": {"old": _text, "new": _text, "changed": _moment, "reason": _text},
    "cut": {
        "file": _file_name,
        "size": _count,
        "sha256": _sha256_or_empty,
        "records": _count,
        "cut_bytes": _count,
        "reason": _text,
        "adopted": _count,
    },
}
"""Kind to fields to check. A statement has these fields, ``kind`` and ``v``, and no others."""


def check_statement(statement: Mapping[str, object]) -> None:
    """Holds a statement against the schema of its kind.

    Raises:
        FormatError: unknown kind or version, a field missing, unknown or of the wrong kind of value.
    """
    kind = statement.get("kind")
    schema = _SCHEMA.get(kind) if isinstance(kind, str) else None
    if schema is None:
        raise FormatError(f"unknown kind of statement {str(kind)[:40]!r}")
    if statement.get("v") != VERSION:
        raise FormatError(f"{kind} statement of version {str(statement.get('v'))[:10]}")
    fields = statement.keys() - {"kind", "v"}
    if fields != schema.keys():
        odd = sorted(fields ^ schema.keys())
        raise FormatError(f"{kind} statement: missing or unknown fields: {', '.join(odd)[:200]}")
    for name, check in schema.items():
        if not check(statement[name]):
            raise FormatError(f"{kind} statement: {name} cannot be {str(statement[name])[:40]!r}")
