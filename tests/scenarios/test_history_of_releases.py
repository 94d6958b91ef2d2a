"""Histories as they really were, replayed as captures; their conflicts, differences and agreements."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from preserve.formats.warc.record import compress_member, make_record, record_bytes
from tests.layout_pages import BODY, HEADER, escaped, wikileaks_page
from tests.shell import Shell


def page(
    name: str, *, released: str = "2010-11-28 18:06", counter: str = "290 / 251,287", body: str = BODY, more: str = ""
) -> bytes:
    made = wikileaks_page(
        boxes=(escaped(HEADER), escaped(body)),
        released=released,
        top=f"<p>Currently released so far... {counter}</p>{more}",
    )
    return made.replace(b"08SAMPLETOWN12", name.encode())


def warc(path: Path, captures: Sequence[tuple[str, str, bytes]], *, first: int = 0) -> Path:
    """A file of replies: address, date, page. Their record ids count from ``first``."""
    records = []
    for number, (uri, date, body) in enumerate(captures, first):
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
        fields = [
            ("WARC-Type", "response"),
            ("WARC-Record-ID", f"<urn:uuid:00000000-0000-4000-8000-{number:012d}>"),
            ("WARC-Date", date),
            ("WARC-Target-URI", uri),
            ("Content-Type", "application/http; msgtype=response"),
        ]
        records.append(compress_member(record_bytes(make_record(fields, head.encode() + body))))
    path.write_bytes(b"".join(records))
    return path


def _held(shell: Shell, tmp_path: Path, *captures: tuple[str, str, bytes]) -> None:
    shell("import", str(warc(tmp_path / "made.warc.gz", captures)), "--into", "held")


def test_claims_that_contradict_one_another_are_listed(shell: Shell, tmp_path: Path) -> None:
    name = "08SAMPLETOWN12"
    _held(
        shell,
        tmp_path,
        ("http://a.example/1", "2010-12-01T00:00:00Z", page(name)),
        (
            "http://a.example/1",
            "2010-12-12T00:00:00Z",
            page(name, counter="1,269 / 251,287", released="2010-12-01 21:09"),
        ),
        ("http://a.example/1", "2010-12-13T00:00:00Z", page(name, counter="1,896 / 251,287")),
        ("http://a.example/1", "2010-12-24T00:00:00Z", page(name, released="2011-01-21 16:04")),
    )
    told = shell.json("history", name)["observations"]
    kinds = [[one["kind"] for one in seen["conflicts"]] for seen in told]
    assert kinds == [
        [],
        ["released date changed"],
        ["released date changed", "counter of a later time than the capture"],
        [
            "released date changed",
            "counter lower than before",
            "claims a date after the capture",
            "released after the time of its counter",
        ],
    ]
    assert [seen["release"] for seen in told] == ["cablegate"] * 4
    assert "conflict     counter lower than before: 1,896 / 251,287 captured 2010-12-13" in shell("history", name)
    report = shell.json("releases")
    assert report["conflict_counts"]["released date changed"] == 3
    assert sum(report["conflict_counts"].values()) == 7
    assert len(shell.json("releases", "cablegate")["conflicts"]) == 7
    assert shell.json("releases", "plusd")["conflicts"] == []


def test_two_captures_are_compared_by_words_and_marks(shell: Shell, tmp_path: Path) -> None:
    name = "08SAMPLETOWN12"
    later = BODY.replace("412 of them", "XXXXXXXXXXXX of them").replace("\nDOE", "\n<b>ROE")
    _held(
        shell,
        tmp_path,
        ("http://a.example/1", "2010-12-01T00:00:00Z", page(name)),
        ("http://a.example/1", "2010-12-02T00:00:00Z", page(name, body=later)),
        ("http://a.example/1", "2010-12-03T00:00:00Z", page(name, body=later, more="<p>news</p>")),
    )
    told = shell.json("diff", name)
    assert (told["difference"], told["before"]["number"], told["after"]["number"]) == ("redaction added", 1, 2)
    assert [mark["text"] for mark in told["marks_added"]] == ["XXXXXXXXXXXX"]
    assert told["marks_removed"] == []
    pieces = [piece for line in told["lines"] for piece in line["pieces"] if piece["kind"] != "same"]
    assert {"kind": "removed", "text": "412"} in pieces
    back = shell.json("diff", name, "2", "1")
    assert (back["difference"], len(back["marks_removed"])) == ("redaction removed", 1)
    assert shell.json("diff", name, "2", "3")["difference"] == "same body"
    assert shell.json("diff", name, "2010-12-02", told["before"]["record_id"])["after"]["number"] == 1
    text = shell("diff", name)
    assert "-412 of them" in text
    assert "+XXXXXXXXXXXX of them" in text.replace("+ ", "+")
    assert "\x1b" not in text
    shell("diff", name, "9", status=3)
    shell("diff", name, "2009", status=3)
    shell("diff", name, "x", status=2)
    out = tmp_path / "d.html"
    shell("diff", name, "--html", str(out))
    made = out.read_text("utf-8")
    assert "&lt;b&gt;" in made
    assert "<b>" not in made
    assert "<script" not in made
    assert "default-src 'none'; style-src 'sha256-" in made
    assert "<ins>XXXXXXXXXXXX</ins>" in made


def test_sources_are_grouped_by_what_they_show(shell: Shell, tmp_path: Path) -> None:
    name = "08SAMPLETOWN12"
    _held(
        shell,
        tmp_path,
        ("http://a.example/1", "2010-12-01T00:00:00Z", page(name, body="UNCLAS\nother")),
        ("http://a.example/1", "2010-12-02T00:00:00Z", page(name)),
        ("http://www.a.example/2", "2010-12-01T00:00:00Z", page(name)),
        ("http://b.example/1", "2010-12-02T00:00:00Z", page(name, more="<p>b</p>")),
        ("http://c.example/1", "2010-12-02T00:00:00Z", page(name, body=BODY.replace("  ", " "))),
        ("http://d.example/1", "2010-12-02T00:00:00Z", page(name, body=BODY.replace("412", "413"))),
    )
    told = shell.json("corroborate", name)
    assert [(one["host"], one["captures"], one["texts"]) for one in told["sources"]] == [
        ("a.example", 3, 2),
        ("b.example", 1, 1),
        ("c.example", 1, 1),
        ("d.example", 1, 1),
    ]
    groups = {level: [one["sources"] for one in groups] for level, groups in told["agreement"].items()}
    assert groups == {"raw": [[1], [2], [3], [4]], "body": [[1, 2], [3], [4]], "comparison": [[1, 2, 3], [4]]}
    assert [one["origins"] for one in told["agreement"]["comparison"]] == [1, 1]
    assert "Agreement is not proof" in shell("corroborate", name)


@pytest.mark.damages
def test_a_capture_that_cannot_be_read_is_named_and_stops_nothing(shell: Shell, tmp_path: Path) -> None:
    name = "08SAMPLETOWN12"
    captures = [("http://a.example/1", f"2010-12-0{day}T00:00:00Z", page(name, more="x" * day)) for day in (1, 2, 3)]
    _held(shell, tmp_path, *captures)
    path = shell.archives / "held" / "archive" / "made.warc.gz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.chmod(0o600)
    path.write_bytes(data)
    told = shell.json("history", name, status=1)
    assert (len(told["observations"]), len(told["unread"])) == (2, 1)
    assert told["unread"][0]["captured"].startswith("2010-12-02")
    assert "not read" in shell("history", name, status=1)
    assert shell.json("diff", name)["difference"] == "same body"


def test_real_histories_replayed_as_captures(shell: Shell, tmp_path: Path, shared_cables: Path) -> None:
    known = json.loads((shared_cables / "release_history.json").read_text("utf-8"))
    counters = {one["commit"]: one["counters_printed"] for one in known["snapshots"]}
    captures = []
    wanted: dict[str, list[tuple[str, str]]] = {}
    for name, seen in known["history"].items():
        for one in sorted(seen, key=lambda item: _utc(item["commit_time"])):
            printed = next(iter(counters.get(one["commit"], [])), ["1 / 251,287"])[0]
            body = f"UNCLAS\nTEXT {one['body_sha1_10']}"
            made = page(name, released=one["released_as_printed"], counter=printed, body=body)
            host = one["mirror"].rpartition("/")[2].lower()
            captures.append((f"http://{host}.example/{name}", _utc(one["commit_time"]), made))
            wanted.setdefault(name, []).append((one["released_as_printed"], one["body_sha1_10"]))
    _held(shell, tmp_path, *captures)
    changed = 0
    for name, history in wanted.items():
        seen = shell.json("history", name)["observations"]
        # All invented pages have one origin, so that the malformed ids are taken for one another's cable.
        told = [one for one in seen if one["published_id"] == name]
        assert [one["released"] for one in told] == [released for released, _body in history]
        for before, after, (one, other) in zip(told, told[1:], pairwise(history), strict=False):
            same = one[1] == other[1]
            assert (after["difference"] in {"same bytes", "same body"}) is same, (before, after)
            moved = "released date changed" in [conflict["kind"] for conflict in after["conflicts"]]
            assert moved is (one[0] != other[0])
            changed += moved
    report = shell.json("releases")
    assert report["conflict_counts"]["released date changed"] == changed > 1
    (used,) = [one["claimed"] for one in report["declared"] if one["name"] == "cablegate"]
    assert (used["captures"], used["cables"]) == (len(captures), len(wanted))
    shell("verify", "held")


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("name", "kind", "released"),
    [
        ("66BUENOSAIRES2481", "same body", True),
        ("08OSLO461", None, False),
        ("09LONDON2121", None, True),
    ],
)
def test_real_pairs_of_versions(
    shell: Shell, tmp_path: Path, shared_cables: Path, name: str, kind: str | None, released: bool
) -> None:
    pages = [(shared_cables / f"{name}.v{version}.html").read_bytes() for version in (1, 2)]
    _held(
        shell,
        tmp_path,
        ("http://a.example/x", "2012-01-01T00:00:00Z", pages[0]),
        ("http://a.example/x", "2012-01-02T00:00:00Z", pages[1]),
    )
    told = shell.json("history", name)["observations"]
    classes = {"same after rules", "redaction added", "redaction removed", "text changed"}
    assert told[1]["difference"] == kind if kind else told[1]["difference"] in classes
    kinds = [conflict["kind"] for conflict in told[1]["conflicts"]]
    assert ("released date changed" in kinds) is released


def _utc(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
