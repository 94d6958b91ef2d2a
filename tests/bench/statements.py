"""What a statement costs to write and to read: ``python -m tests.bench.statements``.

A ``record`` statement as a capture makes it, and the ``cable`` statement of a page with a dozen fields.
"""

import time
import timeit
from collections.abc import Callable

from preserve.provenance.statements import CableStatement, Claimed, PrintedFields, RecordStatement, decode, encode

_HASH = "0123456789abcdef" * 4
_FIELDS = (
    "classification", "counter", "created", "history", "origin", "redacted_note", "reference_id", "released", "source",
    "source_released", "subject", "tags",
)  # fmt: skip
_CLAIMS = ("counter", "history", "redacted_note", "released", "source", "source_released")


def _record() -> RecordStatement:
    return RecordStatement(
        record_id="urn:uuid:00000000-0000-4000-8000-00000000000a",
        type="response",
        uri="http://x.org/cable/12345.html",
        date="2026-01-02T03:04:05.678901Z",
        status=200,
        file="bench-1.warc.gz",
        ordinal=4711,
        record_sha256=_HASH,
        block_sha256=_HASH,
        payload_sha256=_HASH,
        refers_to=None,
        mime="text/html",
        challenge=None,
        whole=None,
        run="urn:uuid:00000000-0000-4000-8000-00000000000b",
    )


def _cable() -> CableStatement:
    value = "2005-01-31T08:10"
    return CableStatement(
        record_id="urn:uuid:00000000-0000-4000-8000-00000000000a",
        extractor="preserve-cables/2",
        layout="mrkva/1",
        published_id="05ALMATY342",
        canonical_id="05ALMATY342",
        raw_sha256=_HASH,
        body_sha256=_HASH,
        comparison_sha256=_HASH,
        comparison_rules="1",
        rules_fired=(1, 4, 7),
        claims={name: Claimed(printed="2005-01-31 08:10", value=value) for name in _CLAIMS},
        fields={
            name: PrintedFields(printed="2005-01-31 08:10", value=value, precision="minute", source="field")
            for name in _FIELDS
        },
    )


def _measure(name: str, work: Callable[[], object]) -> None:
    count = 20_000
    each = min(timeit.repeat(work, timer=time.process_time, number=count, repeat=5)) / count
    print(f"{name:<24} {each * 1e6:7.2f} us {1 / each:10,.0f} a second")


if __name__ == "__main__":
    for make in (_record, _cable):
        kind = make.__name__.removeprefix("_")
        entry = encode(make())
        _measure(f"make and encode {kind}", lambda make=make: encode(make()))  # type: ignore[misc]
        _measure(f"decode {kind}", lambda entry=entry: decode(entry))  # type: ignore[misc]
