"""The cables in files of whatever origin: one line each, pages that are none, what is told, and the same by helpers."""

import gzip
import json
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from preserve.cables.page.layouts import Layout, compile_layouts
from preserve.cli.main import main
from preserve.config.folder import load_layouts
from preserve.demo_site.cables import ALMONDS, BRIDGE
from preserve.demo_site.pages import replies
from preserve.findings import Finding
from preserve.model import sha256_hex
from preserve.readers import segments
from preserve.readers.extract import Extracted, ExtractedPart, ExtractOptions, cables_of, extract_files, extracted_parts
from preserve.readers.hashing import MOST_TOLD
from preserve.readers.segments import SegmentReader
from tests.warcs import arc, chunked, gz, record, reply, zst

HTML = "Content-Type: text/html; charset=utf-8"
LAYOUTS: tuple[Layout, ...] = tuple(compile_layouts(load_layouts(Path(__file__).parents[3] / "config")).values())
PAGES = replies(1)
BRIDGE_PAGE, ALMONDS_PAGE = PAGES["/cable.php?id=103"].body, PAGES["/cable/2006/03/06VELDORA42.html"].body
EMPTY_PAGE = ALMONDS_PAGE[: ALMONDS_PAGE.rindex(b"<pre>") + 5] + b"</pre></code></div></body></html>"
NAMELESS_PAGE = BRIDGE_PAGE.replace(BRIDGE.identifier.encode(), b"?")
RECORDS = [
    record(0, b"software: x\r\n", kind="warcinfo", content_type="application/warc-fields"),
    record(1, reply(BRIDGE_PAGE, HTML)),
    record(2, b"GET / HTTP/1.1\r\n\r\n", kind="request", content_type="application/http; msgtype=request"),
    record(3, chunked(ALMONDS_PAGE, HTML)),
    record(4, reply(BRIDGE_PAGE, HTML, status="404 Not Found")),
    record(5, b"<p>nothing <b>of</b> ours", kind="resource", content_type="text/html"),
    record(6, reply(b"GIF89a", "Content-Type: image/gif")),
    record(7, ALMONDS_PAGE, kind="resource", content_type="text/html; charset=utf-8"),
    record(8, reply(EMPTY_PAGE, HTML)),
    record(9, reply(NAMELESS_PAGE, HTML)),
    record(10, b"no reply"),
]
DUMP = (
    '"7","3/2/2006 16:20","06VELDORA42","Consulate Veldora","UNCLASSIFIED","05VELDORA7","","UNCLAS VELDORA 000042\n\n'
    'THE \\"ALMONDS\\" ARE RIPE"\n'
    '"8","1/12/2009 8:15","09VELDORA7","Consulate Veldora","UNCLASSIFIED","","P 120815Z JAN 09","UNCLAS"\n'
    '"9","1/12/2009 8:16","09VELDORA8"\n'
)


def extract(path: Path, *, processes: int = 1, **wished: Any) -> tuple[list[dict[str, Any]], Extracted]:
    lines = BytesIO()
    wish = ExtractOptions(layouts=LAYOUTS, **wished)
    with SegmentReader(partial(cables_of, wish), processes=processes, total_bytes=0) as reading:
        (told,) = extract_files([path], partial(extracted_parts, reading, wish), lines.write)
    return [json.loads(line) for line in lines.getvalue().splitlines()], told


def test_a_line_for_each_cable_and_for_each_page_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gz(*RECORDS))
    lines, told = extract(path)
    assert [(line["kind"], line["from"]["uri"][-1], line.get("published_id")) for line in lines] == [
        ("cable", "1", BRIDGE.identifier),
        ("cable", "3", ALMONDS.identifier),
        ("page", "5", None),
        ("cable", "7", ALMONDS.identifier),
        ("cable", "8", ALMONDS.identifier),
        ("page", "9", None),
    ]
    assert (told.cables, told.unknown, told.faults) == (4, 2, [])
    assert [(where, finding.code) for where, finding in told.findings] == [
        ("http://example.org/8", "W-CABLE-EMPTY"),
        ("http://example.org/9", "W-CABLE-UNREADABLE"),
    ]
    bridge, plain = lines[0], lines[2]
    assert bridge["body"] == BRIDGE.message.rstrip("\n")
    assert bridge["sha256"]["raw"] == sha256_hex(BRIDGE_PAGE)
    assert bridge["sha256"]["body"] == sha256_hex(bridge["body"].encode())
    assert bridge["fields"]["created"] == {
        "printed": BRIDGE.created,
        "value": "2003-11-20T11:05",
        "precision": "minute",
        "source": "field",
    }
    assert (bridge["layout"], bridge["canonical_id"], bridge["findings"]) == ("mrkva/1", BRIDGE.identifier, [])
    assert (plain["layout"], plain["body"]) == (None, "nothing of ours")
    assert plain["sha256"]["body"] == sha256_hex(b"nothing of ours")


def test_pages_that_are_no_cables_are_counted_where_they_are_not_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(b"".join(RECORDS))
    lines, told = extract(path, only_cables=True)
    assert {line["kind"] for line in lines} == {"cable"}
    assert told.unknown == 2


@pytest.mark.parametrize("kind", ["plain", "gzip", "zstandard"])
def test_the_same_comes_out_of_every_compression(tmp_path: Path, kind: str) -> None:
    written = {"plain": b"".join(RECORDS), "gzip": gz(*RECORDS), "zstandard": zst(RECORDS)}[kind]
    path = tmp_path / {"plain": "a.warc", "gzip": "a.warc.gz", "zstandard": "a.warc.zst"}[kind]
    path.write_bytes(written)
    lines, _told = extract(path)
    assert [line.get("published_id") for line in lines if line["kind"] == "cable"] == [
        BRIDGE.identifier,
        ALMONDS.identifier,
        ALMONDS.identifier,
        ALMONDS.identifier,
    ]


def test_helpers_give_what_one_process_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gz(*(record(n, reply(BRIDGE_PAGE if n % 3 else ALMONDS_PAGE, HTML)) for n in range(200))))
    alone, _told = extract(path)
    monkeypatch.setattr(segments, "STRETCH_BYTES", 7_000)
    shared, told = extract(path, processes=2)
    assert shared == alone
    assert told.cables == 200


def test_damage_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    pieces = [gz(one) for one in RECORDS[:4]]
    pieces[1] = pieces[1][:-30] + b"\0" * 30
    path.write_bytes(b"".join(pieces))
    lines, told = extract(path)
    assert [line["published_id"] for line in lines] == [ALMONDS.identifier]
    assert [code for _offset, (code, _detail) in told.faults] == ["E-WARC-GZIP"]


def test_arc_files(tmp_path: Path) -> None:
    path = tmp_path / "a.arc.gz"
    path.write_bytes(b"".join(gzip.compress(one) for one in arc(1, reply(BRIDGE_PAGE, HTML))))
    lines, told = extract(path)
    assert told.faults == []
    assert [line["published_id"] for line in lines] == [BRIDGE.identifier]


def test_a_saved_page_and_a_table(tmp_path: Path) -> None:
    saved, dump = tmp_path / "saved.html", tmp_path / "cables.csv"
    saved.write_bytes(BRIDGE_PAGE)
    dump.write_text(DUMP, "utf-8")
    (line,), _told = extract(saved)
    assert (line["from"], line["published_id"]) == ({"file": "saved.html"}, BRIDGE.identifier)
    rows, told = extract(dump)
    assert [(row["published_id"], row["sent"]["value"]) for row in rows] == [
        ("06VELDORA42", "2006-03-02T16:20"),
        ("09VELDORA7", "2009-01-12T08:15"),
    ]
    assert rows[0]["body"] == 'UNCLAS VELDORA 000042\n\nTHE "ALMONDS" ARE RIPE'
    assert [finding.code for _where, finding in told.findings] == ["W-CABLE-ROW"]


def test_a_message_taken_apart_leads_to_the_bytes_of_the_file(tmp_path: Path) -> None:
    dump = tmp_path / "cables.csv"
    dump.write_text("\ufeff" + DUMP, "utf-8")
    rows, _told = extract(dump, message=True)
    whole = dump.read_bytes()
    first, end = rows[1]["bytes"]["origin"]
    assert whole[first:end] == b"Consulate Veldora"
    first, end = rows[1]["bytes"]["date_time_group"]
    assert whole[first:end] == b"120815Z JAN 09"
    assert rows[1]["message"]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "a.warc.gz", tmp_path / "out.jsonl"
    path.write_bytes(gz(*RECORDS))
    assert main(["extract", str(path), "-o", str(out), "--processes", "1"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "http://example.org/9: W-CABLE-UNREADABLE" in told.err
    assert told.err.endswith("4 cables; 2 pages not recognised\n")
    assert len(out.read_text("utf-8").splitlines()) == 6
    path.write_bytes(gz(*RECORDS[:4]))
    assert main(["extract", str(path), "--layout", "mrkva"]) == 0
    told = capsys.readouterr()
    assert [json.loads(line)["kind"] for line in told.out.splitlines()] == ["cable", "page"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["nowhere.html"], 3, "there is no file nowhere.html"),
        (["here.html", "-o", "here.html"], 2, "not to be written over"),
        (["here.html", "--layout", "mrkwa"], 2, "no layout is called 'mrkwa'"),
        (["a.wacz"], 1, "a package; import it"),
    ],
    ids=["no-file", "over-itself", "no-layout", "a-package"],
)
def test_mistakes_are_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    status: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here.html").write_bytes(b"<p>here")
    Path("a.wacz").write_bytes(b"PK\x03\x04" + bytes(30))
    assert main(["extract", *words]) == status
    assert said in capsys.readouterr().err


def test_of_many_findings_some_are_told_and_all_counted() -> None:
    told = Extracted(Path("a.warc.gz"))
    finding = Finding(code="I-WARC-MEMBERS", where="here")
    for _number in range(7):
        told.take(ExtractedPart(b"", 9, 0, [("there", finding)] * 9, [(0, ("E-WARC-GZIP", ""))] * 8))
    assert (told.finding_count, len(told.findings)) == (63, MOST_TOLD)
    assert (told.fault_count, len(told.faults)) == (56, MOST_TOLD)
