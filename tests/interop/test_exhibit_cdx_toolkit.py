"""cdx_toolkit goes through our CDX server page by page, and comes to its end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exhibits import made
from tests.serving import announced
from tests.shell import Shell
from tests.tools import oracle_python
from tests.warcs import gz, reply

_ROOT = Path(__file__).parents[2]
_CAPTURES = 130
_ASK = """
import json, sys
import cdx_toolkit
from cdx_toolkit import myrequests
myrequests.retry_info["default"]["minimum_interval"] = 0
source = cdx_toolkit.CDXFetcher(source=sys.argv[1])
told = {
    "paged": [dict(one) for one in source.iter("http://h.example/*", pageSize="50")],
    "limited": [dict(one) for one in source.iter("http://h.example/*", limit=7)],
    "exact": [dict(one) for one in source.iter("http://h.example/p3")],
    "filtered": [dict(one) for one in source.iter("h.example/*", filter="=status:404")],
    "none": [dict(one) for one in source.iter("http://nowhere.example/*")],
    "got": [dict(one) for one in source.get("http://h.example/p3")],
}
print(json.dumps(told))
"""


@pytest.mark.slow
@pytest.mark.interop
def test_cdx_toolkit_iterates_and_ends(shell: Shell, tmp_path: Path) -> None:
    python = oracle_python("cdx_toolkit")
    records = [
        made(
            number,
            f"2010-01-01T00:{number // 60:02d}:{number % 60:02d}Z",
            f"http://h.example/p{number}",
            reply(b"<p>%d" % number, "Content-Type: text/html", status="404 No" if number % 10 == 0 else "200 OK"),
        )
        for number in range(_CAPTURES)
    ]
    (tmp_path / "old.warc.gz").write_bytes(gz(*records))
    (shell.config / "collections").mkdir(parents=True)
    shell("import", str(tmp_path / "old.warc.gz"), "--into", "old")
    words = ["--desk", "127.0.0.1:0", "--replay", "127.0.0.1:0", "--json"]
    where = ["--archives", str(shell.archives), "--config", str(shell.config)]
    with subprocess.Popen(
        [sys.executable, "-m", "preserve", "serve", *words, *where],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    ) as serving:
        try:
            server = f"{announced(serving)['replay']}old/cdx"
            done = subprocess.run([python, "-c", _ASK, server], capture_output=True, check=False, timeout=600)
            assert done.returncode == 0, done.stderr.decode()
        finally:
            serving.terminate()
    told = json.loads(done.stdout)
    addresses = sorted(f"http://h.example/p{number}" for number in range(_CAPTURES))
    assert sorted(one["url"] for one in told["paged"]) == addresses
    assert {one["timestamp"][:12] for one in told["paged"]} == {"201001010000", "201001010001", "201001010002"}
    assert len(told["limited"]) == 7
    assert [one["url"] for one in told["exact"]] == [one["url"] for one in told["got"]] == ["http://h.example/p3"]
    missing = sorted(f"http://h.example/p{number}" for number in range(0, _CAPTURES, 10))
    assert sorted(one["url"] for one in told["filtered"]) == missing
    assert told["none"] == []
