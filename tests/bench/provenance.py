"""How long provenance takes in each form, and how much memory: ``python -m tests.bench.provenance [CAPTURES]``.

Each form runs in a process of its own. There is no peer that writes these forms of a web archive.
"""

import resource
import subprocess
import sys
import time
from dataclasses import replace
from io import BytesIO

import msgspec

from preserve.export.lineage import Lineage
from preserve.export.premis import write_premis
from preserve.export.provdocument import prov_text
from tests.scenarios.test_export_provenance import made_lineage


def _lineage(captures: int) -> Lineage:
    one = made_lineage("http://pages.example/")
    ids = [f"urn:uuid:00000000-0000-4000-8000-{number:012x}" for number in range(captures)]
    records = [
        (2 * number, msgspec.structs.replace(one.records[0][1], record_id=name, uri=f"http://pages.example/{number}"))
        for number, name in enumerate(ids)
    ]
    shown = one.texts[0][1]
    texts = [(2 * number + 1, msgspec.structs.replace(shown, record_id=name)) for number, name in enumerate(ids)]
    return replace(one, records=tuple(records), texts=tuple(texts), mementos=())


def _measure(form: str, captures: int) -> None:
    lineage = _lineage(captures)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    if form == "premis":
        out = BytesIO()
        write_premis([lineage], out)
        size = out.tell()
    else:
        size = len(prov_text([lineage], form))
    spent, grown = time.monotonic() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    rate, each, whole = captures / spent, grown / captures, size / captures
    print(f"{form:8} {rate:8.0f} captures/s {each:8.1f} KiB of memory each {whole:8.0f} bytes each")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        _measure(sys.argv[2], int(sys.argv[1]))
    else:
        for name in ("json", "n", "turtle", "premis"):
            count = sys.argv[1] if len(sys.argv) > 1 else "2000"
            subprocess.run([sys.executable, "-m", "tests.bench.provenance", count, name], check=True)
