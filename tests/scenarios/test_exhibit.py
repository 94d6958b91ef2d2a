"""The exhibit room: captured pages as they were, Memento and CDX, over captures of every kind."""

import gzip
import json
import re
import shutil
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.testclient import TestClient

from preserve.formats.cdxserver import parse_cdx
from preserve.formats.timemap import parse_json_timemap, parse_links, parse_timemap
from preserve.web.application import Desk
from preserve.web.exhibit.room import ExhibitRoom
from preserve.web.settings import DeskSettings
from tests.desk import CABLE, DemoFolder, demo
from tests.exhibits import FIRST, PAGE, PNG, SECOND, ZIPPED, Exhibits, exhibits, room
from tests.shell import Shell

__all__ = ["demo", "exhibits", "room"]

B = "http://h.example/a/b.html"
T1, T2, T3 = "20100101000000", "20110601123000", "20121231235959"
NAME = "urn:uuid:00000000-0000-4000-8000-%012x"


@pytest.fixture(autouse=True)
def _on_a_slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is cut short because the machine has other work."""
    monkeypatch.setattr("preserve.web.exhibit.held.QUERY_S", 60.0)
    monkeypatch.setattr("preserve.web.exhibit.cdx._MAX_S", 60.0)


def rels(link: str) -> dict[str, str]:
    found, defects = parse_links(link)
    assert not defects
    return {rel: one.target for one in found for rel in one.rel}


def test_a_page_is_shown_with_its_bytes_and_its_links_in_the_room(room: TestClient) -> None:
    found = room.get(f"/old/{T1}/{PAGE}")
    assert found.status_code == 200
    assert found.content == (
        b"<html><link rel=stylesheet href=/old/20100101000000cs_/http://h.example/s.css>"
        b"<a href='/old/20100101000000/http://h.example/a/b.html'>held</a> "
        b'<a href="/old/20100101000000no_/http://live.example/x">not held</a>'
        b"<img src=/old/20100101000000im_/http://h.example/a/i.png><p>caf\xe9"
    )
    head = found.headers
    assert head["content-type"] == "text/html"
    assert head["memento-datetime"] == "Fri, 01 Jan 2010 00:00:00 GMT"
    assert "vary" not in head
    assert head["x-archive-orig-set-cookie"] == ""
    assert head["x-archive-orig-content-security-policy"] == "default-src *"
    assert head["x-archive-orig-refresh"] == "0"
    assert not {"set-cookie", "refresh"} & set(head)
    assert rels(head["link"]) == {
        "original": PAGE,
        "timegate": f"http://testserver/old/{PAGE}",
        "timemap": f"http://testserver/old/timemap/link/{PAGE}",
        "first": f"http://testserver/old/{T1}/{PAGE}",
        "memento": f"http://testserver/old/{T3}/{PAGE}",
        "next": f"http://testserver/old/{T2}/{PAGE}",
        "last": f"http://testserver/old/{T3}/{PAGE}",
    }
    assert "made by another program" in head["x-archive-second-hand"]


def test_raw_bytes_are_those_that_were_captured(room: TestClient) -> None:
    found = room.get(f"/old/{T1}id_/{PAGE}")
    assert (found.content, found.headers["cache-control"]) == (FIRST, "no-cache")
    revisit = room.get(f"/old/{T3}id_/{PAGE}")
    assert revisit.content == FIRST
    assert revisit.headers["memento-datetime"] == "Mon, 31 Dec 2012 23:59:59 GMT"
    assert room.get(f"/old/{T2}id_/http://h.example/a/i.png").content == PNG
    zipped = room.get(f"/old/{T2}id_/http://h.example/z", headers={"Accept-Encoding": "gzip"})
    assert (zipped.headers["content-encoding"], int(zipped.headers["content-length"])) == ("gzip", len(ZIPPED))
    plain = room.get(f"/old/{T2}id_/http://h.example/z", headers={"Accept-Encoding": "identity"})
    assert (plain.content, "content-encoding" in plain.headers) == (gzip.decompress(ZIPPED), False)
    shown = room.get(f"/old/{T2}/http://h.example/z")
    assert shown.content == f"<p><a href=/old/{T2}no_/http://h.example/b.html>zipped</a>".encode()


POLICY = ("sandbox allow-popups allow-popups-to-escape-sandbox;", "default-src 'none'", "base-uri 'none'")


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/old/",
        "/x/y/z",
        f"/old/{PAGE}",
        f"/old/{T1}/{PAGE}",
        f"/old/{T1}id_/{PAGE}",
        f"/old/{T1}if_/{PAGE}",
        f"/old/{T2}/http://h.example/gone",
        f"/old/{T2}/http://h.example/moved",
        f"/old/{T2}/http://h.example/f.pdf",
        f"/old/{T2}/http://live.example/",
        f"/old/*/{PAGE}",
        f"/old/timemap/link/{PAGE}",
        "/old/cdx?url=" + PAGE,
        "/old/cdx?url=" + PAGE + "&filter=~url:(a",
        "/old/cdx?url=" + PAGE + "&collapse=timestamp:%C2%B2",
        "/old/cdx?url=" + PAGE + "&resumeKey=ayAxIMKy",
        f"/record/{NAME % 1}",
    ],
)
def test_the_policy_stands_on_every_answer(room: TestClient, path: str) -> None:
    for answer in (room.get(path), room.head(path), room.options(path), room.post(path)):
        policy = answer.headers["content-security-policy"]
        assert all(part in policy for part in POLICY)
        assert ("frame-ancestors http://desk.example:8350" in policy) == (
            "if_/" not in path or answer.request.method in {"OPTIONS", "POST"}
        )
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "set-cookie" not in answer.headers
    assert not room.faults  # type: ignore[attr-defined]


# Path, Accept-Datetime or Prefer, status, where it leads, whether it is a memento.
TABLE: list[tuple[str, dict[str, str], int, str, bool]] = [
    (f"/old/{PAGE}", {}, 302, f"/old/{T3}/{PAGE}", False),
    (f"/old/{PAGE}", {"Accept-Datetime": "Fri, 01 Jan 2010 00:00:00 GMT"}, 302, f"/old/{T1}/{PAGE}", False),
    (f"/old/{PAGE}", {"Accept-Datetime": "Thu, 01 Jan 1970 00:00:00 GMT"}, 302, f"/old/{T1}/{PAGE}", False),
    (f"/old/{PAGE}", {"Accept-Datetime": "Sat, 01 Jan 2050 00:00:00 GMT"}, 302, f"/old/{T3}/{PAGE}", False),
    (f"/old/{PAGE}", {"Accept-Datetime": "Sat, 01 Jan 2011 00:00:00 GMT"}, 302, f"/old/{T2}/{PAGE}", False),
    (f"/old/{PAGE}", {"Accept-Datetime": "Tue, 01 Jun 2010 00:00:00 GMT"}, 302, f"/old/{T1}/{PAGE}", False),
    (f"/old/{PAGE}", {"Accept-Datetime": "nonsense"}, 400, "", False),
    (f"/old/{PAGE}", {"Accept-Datetime": ""}, 400, "", False),
    (f"/old/{PAGE}", {"Prefer": "original-content"}, 302, f"/old/{T3}id_/{PAGE}", False),
    (f"/old/{PAGE}", {"Prefer": "raw"}, 302, f"/old/{T3}id_/{PAGE}", False),
    ("/old/http:/h.example/a/page.html", {}, 302, f"/old/{T3}/{PAGE}", False),
    ("/old/h.example/a/page.html", {}, 302, f"/old/{T3}/{PAGE}", False),
    ("/old/HTTP://H.example:80/a/page.html", {}, 302, f"/old/{T3}/{PAGE}", False),
    ("/old/http://live.example/", {}, 404, "", False),
    ("/old/http://live.example/", {"Accept-Datetime": "Fri, 01 Jan 2010 00:00:00 GMT"}, 404, "", False),
    ("/other/http://h.example/", {}, 404, "", False),
    (f"/old/{T1}/{PAGE}", {}, 200, "", True),
    (f"/old/{T1}/{PAGE}", {"Accept-Datetime": "nonsense"}, 200, "", True),
    (f"/old/{T1}/{PAGE}", {"Prefer": "raw"}, 302, f"/old/{T1}id_/{PAGE}", False),
    (f"/old/{T1}/{PAGE}", {"Prefer": "original-content; x=1"}, 302, f"/old/{T1}id_/{PAGE}", False),
    (f"/old/{T1}mp_/{PAGE}", {}, 200, "", True),
    (f"/old/{T1}im_/{PAGE}", {}, 200, "", True),
    (f"/old/{T1}id_/{PAGE}", {"Prefer": "raw"}, 200, "", True),
    (f"/old/{T1}xx_/{PAGE}", {}, 404, "", False),
    (f"/old/2011/{PAGE}", {}, 302, f"/old/{T2}/{PAGE}", False),
    (f"/old/2010id_/{PAGE}", {}, 302, f"/old/{T1}id_/{PAGE}", False),
    (f"/old/201106011230/{PAGE}", {}, 302, f"/old/{T2}/{PAGE}", False),
    (f"/old/20110601123001/{PAGE}", {}, 302, f"/old/{T2}/{PAGE}", False),
    (f"/old/20119901000000/{PAGE}", {}, 400, "", False),
    (f"/old/11/{PAGE}", {}, 400, "", False),
    (f"/old/{T2}/http://live.example/x", {}, 404, "", False),
    (f"/old/{T1}no_/{B}", {}, 302, f"/old/{T2}/{B}", False),
    (f"/old/{T1}no_/http://live.example/x", {}, 404, "", False),
    (f"/old/{T1}no_/ftp://live.example/x", {}, 404, "", False),
    (f"/old/{T2}/http://h.example/gone", {}, 404, "", True),
    (f"/old/{T2}id_/http://h.example/gone", {}, 404, "", True),
    (f"/old/{T2}/http://h.example/moved", {}, 302, f"/old/{T2}/{B}", True),
    (f"/old/{T2}id_/http://h.example/moved", {}, 302, f"/old/{T2}id_/{B}", True),
    (f"/old/{T2}/http://ring.invalid/x", {}, 302, "", True),
    (f"/old/{T2}id_/http://ring.invalid/x", {}, 302, "", True),
    (f"/old/{T2}/http://h.example/away", {}, 301, f"/old/{T2}no_/http://live.example/", True),
    (f"/old/{T2}/http://h.example/odd?a=1&b=%2F//x", {}, 200, "", True),
    (f"/old/{T2}/http://h.example/odd?a=1&b=//x", {}, 404, "", False),
    (f"/record/{NAME % 4}", {}, 200, "", True),
    (f"/old/record/{NAME % 4}", {}, 200, "", True),
    (f"/record/{NAME % 99}", {}, 404, "", False),
    (f"/nothing/record/{NAME % 4}", {}, 404, "", False),
]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("row", range(len(TABLE)))
def test_memento(room: TestClient, row: int) -> None:
    path, headers, status, leads, is_memento = TABLE[row]
    answer = room.get(path, headers=headers)
    assert answer.status_code == status
    assert answer.headers.get("location", "").removeprefix("http://testserver") == leads
    assert ("memento-datetime" in answer.headers) == is_memento
    is_gate = not re.match(r"/old/[0-9]|/record", path)
    said = answer.headers.get("vary", "")
    if status == 302 and "prefer" in map(str.lower, headers):
        assert answer.headers["preference-applied"] == headers["Prefer"].partition(";")[0]
        assert "prefer" in said
    if is_memento:
        assert not said
        assert {"original", "timegate", "timemap", "memento", "first", "last"} <= set(rels(answer.headers["link"]))
    elif is_gate and status == 302:
        assert "accept-datetime" in said
        assert {"original", "timegate", "timemap", "memento"} <= set(rels(answer.headers["link"]))
    elif status == 404 and "live.example" in path:
        assert {"original", "timegate", "timemap"} == set(rels(answer.headers["link"]))
    head = room.head(path, headers=headers)
    assert (head.status_code, head.content) == (status, b"")
    assert dict(head.headers) == dict(answer.headers)


def test_captures_are_listed_for_a_reader(room: TestClient) -> None:
    assert "<p>3 captures.</p>" in room.get(f"/old/*/{PAGE}").text
    assert "<p>1 capture.</p>" in room.get("/old/*/http://h.example/gone").text


def test_two_captures_of_one_second(room: TestClient) -> None:
    assert room.get(f"/old/{T2}id_/{B}").content == b"<p>last of a second"
    found = parse_timemap(room.get(f"/old/timemap/link/{B}").content)
    assert not found.defects
    first, last = (one.uri for one in found.mementos)
    assert (first, last) == (f"http://testserver/record/{(NAME % 4)[9:]}", f"http://testserver/old/{T2}/{B}")
    assert room.get(first).content == b"<p>first of a second"
    assert room.get(f"{first}id_").content == b"<p>first of a second"


def test_timemaps_say_the_same_in_every_form(room: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    times = [T1, T2, T3]
    link = room.get(f"/old/timemap/link/{PAGE}")
    assert link.headers["content-type"] == "application/link-format"
    assert [f"{one.moment:%Y%m%d%H%M%S}" for one in parse_timemap(link.content).mementos] == times
    assert (
        'rel="self"; type="application/link-format"; from="Fri, 01 Jan 2010 00:00:00 GMT"; until="Mon, 31' in link.text
    )
    read = parse_json_timemap(room.get(f"/old/timemap/json/{PAGE}").content)
    assert [one.uri for one in read.mementos] == [one.uri for one in parse_timemap(link.content).mementos]
    lines = room.get(f"/old/timemap/cdxj/{PAGE}").text.splitlines()
    assert [line.split(" ")[0] for line in lines if line[0] != "!"] == times
    assert "second_hand" in lines[-1]
    monkeypatch.setattr("preserve.web.exhibit.memento.PAGE_MEMENTOS", 2)
    first = parse_timemap(room.get(f"/old/timemap/link/{PAGE}").content)
    assert (len(first.mementos), first.further) == (2, (f"http://testserver/old/timemap/link/2/{PAGE}",))
    assert len(parse_timemap(room.get(first.further[0]).content).mementos) == 1
    assert room.get(f"/old/timemap/link/3/{PAGE}").status_code == 404
    empty = room.get("/old/timemap/link/http://live.example/")
    assert (empty.status_code, parse_timemap(empty.content).mementos) == (404, ())


def cdx(room: TestClient, **query: Any) -> list[str]:
    answer = room.get(
        "/old/cdx", params={"match" + "Type" if name == "match" else name: value for name, value in query.items()}
    )
    assert answer.status_code == 200, answer.text
    return answer.text.splitlines()


def test_the_cdx_server(room: TestClient) -> None:
    lines = cdx(room, url=PAGE)
    assert [line.split(" ", 2)[:2] for line in lines] == [["example,h)/a/page.html", one] for one in (T1, T2, T3)]
    assert parse_cdx("\n".join(lines).encode()).rows[0].original == PAGE
    assert json.loads(lines[2].split(" ", 2)[2])["mime"] == "warc/revisit"
    assert len(cdx(room, url=PAGE, **{"from": "2011"})) == 2
    assert len(cdx(room, url=PAGE, to="2011")) == 2
    assert cdx(room, url=PAGE, sort="reverse", limit=1) == lines[2:]
    assert cdx(room, url=PAGE, closest="20110101", limit=1) == lines[1:2]
    assert cdx(room, url=PAGE, output="text", fl="timestamp,original", limit=1) == [f"{T1} {PAGE}"]
    assert [json.loads(one)["timestamp"] for one in cdx(room, url=PAGE, output="json")] == [T1, T2, T3]
    assert len(cdx(room, url="h.example", match="host")) == 16
    assert len(cdx(room, url="example", match="domain")) == 16
    assert len(cdx(room, url="*.h.example")) == 16
    assert len(cdx(room, url="h.example/a/*")) == 6
    assert len(cdx(room, url="h.example/*", filter="=status:404")) == 1
    assert len(cdx(room, url="h.example/*", filter="!=status:200")) == 3
    assert len(cdx(room, url="h.example/*", filter="~mime:image/.*")) == 1
    assert len(cdx(room, url="h.example/a/*", collapse="timestamp:4")) == 5
    assert cdx(room, url=PAGE, output="link")[0].endswith('rel="original",')
    assert cdx(room, url="http://live.example/") == []


def test_the_cdx_server_ends_and_goes_on(room: TestClient) -> None:
    whole = cdx(room, url="h.example/*")
    pages = [cdx(room, url="h.example/*", page=number, pageSize=5) for number in range(6)]
    assert [len(one) for one in pages] == [5, 5, 5, 1, 0, 0]
    assert [line for one in pages for line in one] == whole
    assert json.loads("".join(cdx(room, url="h.example/*", showNumPages="true", pageSize=5))) == {
        "pages": 4,
        "pageSize": 5,
        "blocks": 16,
    }
    found: list[str] = []
    key = ""
    while True:
        *lines, last = cdx(room, url="h.example/*", limit=3, showResumeKey="true", resumeKey=key)
        if lines and lines[-1] == "":
            found += lines[:-1]
            key = last
            continue
        found += [*lines, last]
        break
    assert found == whole


@pytest.mark.parametrize(
    "query",
    ["", "url=", "url=x&matchType=any", "url=x&output=xml", "url=x&limit=-1", "url=x&filter=status", "url=x&from=x",
     "url=x&filter=~url:(a%2B)%2Bb", "url=x&filter=~url:a*b*c*", "url=x&filter=~url:[", "url=x&resumeKey=%25",
     "url=x*&sort=reverse", "url=x&closest=soon", "url=x&closest=20", "url=x&collapse=all", "url=mailto:x"],
)  # fmt: skip
def test_what_the_cdx_server_refuses(room: TestClient, query: str) -> None:
    answer = room.get(f"/old/cdx?{query}")
    assert answer.status_code == (400 if query != "url=mailto:x" else 200)
    assert answer.headers["content-type"].startswith("text/")


def test_the_front_of_a_collection_tells_what_can_be_asked(room: TestClient) -> None:
    for path in ("/old", "/old/"):
        assert "behind /old/ to see its newest capture" in room.get(path).text
    assert room.get("/other/").status_code == 404


def test_what_a_reader_has_is_not_sent_again(room: TestClient) -> None:
    path = f"/old/{T1}id_/{PAGE}"
    tag = room.get(path).headers["etag"]
    asked = {said: room.get(path, headers={"If-None-Match": said}).status_code for said in (tag, f'"x", W/{tag}', "*")}
    assert set(asked.values()) == {304}
    assert room.get(path, headers={"If-None-Match": f'"x{tag[1:]}'}).status_code == 200
    assert room.get(f"/old/{T2}/http://h.example/gone", headers={"If-None-Match": "*"}).status_code == 404


def test_types_that_are_not_shown_are_to_be_saved(room: TestClient) -> None:
    pdf = room.get(f"/old/{T2}/http://h.example/f.pdf")
    assert pdf.headers["content-disposition"] == 'attachment; filename="f.pdf"'
    assert room.get(f"/old/{T2}/http://h.example/evil").headers["content-disposition"].startswith("attachment")
    assert (
        room.get(f"/old/{T2}/http://h.example/odd?a=1&b=%2F//x").headers["content-type"] == "text/html; charset=latin1"
    )
    assert room.get(f"/old/{T2}cs_/http://h.example/plain").headers["content-type"] == "text/css"
    assert room.get(f"/old/{T2}/http://h.example/claims").content == b"<p>no gzip"
    assert not room.faults  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "path",
    ["/old//evil.example/", "/old/" + T1 + "//evil.example/", "/old/%0d%0aSet-Cookie:a=b", "/../../etc/passwd",
     "/old/..%2f..%2fetc/passwd", "/old/http://h.example/%00", "/old/http://[", "/old/" + T1 + "/javascript:alert(1)", "/old/http://h.example/\xff",
     "/record/x", "/record/", "/old/timemap/xml/" + PAGE],
)  # fmt: skip
def test_hostile_targets_are_data(room: TestClient, path: str) -> None:
    answer = room.get(path)
    assert answer.status_code in {302, 400, 404}
    location = answer.headers.get("location", "http://testserver/")
    assert location.startswith("http://testserver/")
    assert "set-cookie" not in answer.headers
    assert "<script" not in answer.text
    assert not room.faults  # type: ignore[attr-defined]


def test_a_page_that_is_not_held_says_so_with_the_address_as_text(room: TestClient) -> None:
    answer = room.get(f"/old/{T1}no_/http://live.example/<b>?q=1&r=2")
    assert "Not held" in answer.text
    assert "<code>http://live.example/%3Cb%3E?q=1&amp;r=2</code>" in answer.text
    assert "href" not in answer.text


def test_one_flipped_byte(exhibits: Exhibits, room: TestClient, tmp_path: Path) -> None:
    assert room.get(f"/old/{T2}/{PAGE}").status_code == 200
    archives = tmp_path / "archives"
    shutil.copytree(exhibits.archives, archives)
    (file,) = (archives / "old" / "archive").iterdir()
    row = json.loads(cdx(room, url=PAGE)[1].split(" ", 2)[2])
    data = bytearray(file.read_bytes())
    data[int(row["offset"]) + int(row["length"]) - 30] ^= 1
    file.chmod(0o600)
    file.write_bytes(data)
    damaged = exhibits.room(archives=archives)
    page = damaged.get(f"/old/{T2}/{PAGE}")
    assert page.status_code == 500
    assert "<h1>FAIL</h1>" in page.text
    assert "memento-datetime" not in page.headers
    raw = damaged.get(f"/old/{T2}id_/{PAGE}")
    assert (raw.status_code, raw.headers["content-type"]) == (500, "text/plain; charset=utf-8")
    assert raw.content.startswith(b"FAIL")
    assert SECOND[-20:] not in page.content + raw.content
    assert damaged.get(f"/old/{T1}/{PAGE}").status_code == 200


def test_what_is_blocked(exhibits: Exhibits, room: TestClient, tmp_path: Path) -> None:
    (tmp_path / "blocked.yaml").write_text(
        f"blocked:\n  - url: {B}\n    reason: by order\n  - record: {NAME % 2}\n    reason: of a court\n",
        encoding="utf-8",
    )
    blocked = exhibits.room(config_dir=tmp_path)
    for path in (
        f"/old/{B}",
        f"/old/{T2}/{B}",
        f"/old/{T2}id_/{B}",
        f"/old/timemap/link/{B}",
        f"/old/*/{B}",
        f"/record/{NAME % 4}",
        f"/record/{NAME % 2}id_",
        f"/old/cdx?url={B}",
    ):
        answer = blocked.get(path)
        assert answer.status_code == 451, path
        assert "of a court" in answer.text or "by order" in answer.text
    assert [one.uri[22:36] for one in parse_timemap(blocked.get(f"/old/timemap/link/{PAGE}").content).mementos] == [
        T1,
        T3,
    ]
    assert blocked.get(f"/old/{T2}/{PAGE}").status_code == 302
    assert len(cdx(blocked, url="h.example/*")) == 13
    assert len(cdx(blocked, url=PAGE)) == 2


def test_of_many_addresses_no_line_is_listed_that_is_not_listed_of_its_own(
    exhibits: Exhibits, demo: DemoFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What repeats a record that is not shown is hidden with it, and so is every page that shows a hidden cable."""
    spelled = CABLE.lower().replace("portsolace", " PortSolace ")
    cases: list[tuple[Exhibits | DemoFolder, str, str, str]] = [
        (exhibits, "old", f"record: {NAME % 1}", "h.example/*"),
        (demo, "demo", f"cable: {spelled}", "127.0.0.1:8342/*"),
    ]
    for number, (folder, name, entry, asked) in enumerate(cases):
        monkeypatch.setenv("XDG_CONFIG_HOME", str(folder.folder / "home"))
        config = tmp_path / str(number)
        config.mkdir()
        before = lines_of_all(room_of(folder, tmp_path), name, asked)
        (config / "blocked.yaml").write_text(f"blocked:\n  - {entry}\n    reason: by order\n", encoding="utf-8")
        client = room_of(folder, config)
        after = lines_of_all(client, name, asked)
        own = {line for url in {line[1] for line in before} for line in lines_of_all(client, name, url)}
        assert after == own
        assert len(before) - len(after) >= 2, name


def room_of(folder: Exhibits | DemoFolder, config: Path) -> TestClient:
    settings = DeskSettings(
        archives=folder.folder / "archives",
        config_dir=config,
        keys=folder.folder / "home" / "preserve" / "keys",
        hosts=frozenset({"testserver"}),
    )
    return TestClient(ExhibitRoom(settings, Desk(settings).library, print), follow_redirects=False)


def lines_of_all(client: TestClient, name: str, url: str) -> set[tuple[str, str, str, str]]:
    answer = client.get(f"/{name}/cdx", params={"url": url, "output": "json"})
    rows = [] if answer.status_code == 451 else [json.loads(line) for line in answer.text.splitlines()]
    return {(row["timestamp"], row["url"], row["filename"], row["offset"]) for row in rows}


def test_answers_that_are_not_taken_are_bounded_in_sum(exhibits: Exhibits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(exhibits.folder / "home"))
    room = exhibits.room().app
    monkeypatch.setattr("preserve.web.exhibit.room._PIECE_BYTES", 16)
    monkeypatch.setattr("preserve.web.exhibit.room.MAX_BEING_SENT_BYTES", 2 * len(FIRST))
    path = f"/old/{T1}id_/{PAGE}"
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"testserver")],
    }

    async def asked(taken: anyio.Event | None, begun: anyio.Event) -> tuple[dict[bytes, bytes], int, bytes]:
        said: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            said.append(message)
            if message["type"] == "http.response.body":
                begun.set()
                if taken is not None:
                    await taken.wait()

        await room(scope, None, send)  # type: ignore[arg-type]
        body = b"".join(one["body"] for one in said[1:])
        assert all(len(one["body"]) <= 16 for one in said[1:])
        assert [one["more_body"] for one in said[1:]] == [True] * (len(said) - 2) + [False]
        return dict(said[0]["headers"]), said[0]["status"], body

    async def all_of_them() -> None:
        taken, begun = anyio.Event(), [anyio.Event() for _ in range(4)]
        async with anyio.create_task_group() as group:
            for one in begun[:2]:
                group.start_soon(asked, taken, one)
                await one.wait()
            fields, status, _body = await asked(None, begun[2])
            assert (status, fields[b"retry-after"]) == (503, b"10")
            assert b"sandbox" in fields[b"content-security-policy"]
            taken.set()
        _fields, status, body = await asked(None, begun[3])
        assert (status, body) == (200, FIRST)

    anyio.run(all_of_them)


def test_no_capture_is_given_out_as_a_service_worker(room: TestClient) -> None:
    for path in (f"/old/{T1}id_/{PAGE}", f"/old/{T1}js_/{PAGE}", f"/record/{NAME % 1}id_"):
        assert room.get(path, headers={"Service-Worker": "script"}).status_code == 403


def test_names_that_the_room_does_not_have(room: TestClient) -> None:
    assert room.get(f"/old/{PAGE}", headers={"Host": "evil.example"}).status_code == 400
    assert (
        room.get(
            f"/old/{T1}/{PAGE}", headers={"If-None-Match": room.get(f"/old/{T1}/{PAGE}").headers["etag"]}
        ).status_code
        == 304
    )
    assert room.get("/old/http://h.example/" + "x" * 9_000).status_code == 414


@pytest.mark.parametrize(
    "words",
    [
        ["--replay", "127.0.0.1:8350"],
        ["--replay", "localhost:8350"],
        ["--replay", "0.0.0.0:8350"],
        ["--replay", "8351"],
        ["--replay-url", "https://r.example.org"],
        ["--replay", "127.0.0.1:1", "--replay-url", "https://a.example/r", "--public-url", "https://A.example:443/d"],
    ],
)
def test_the_room_is_not_where_the_desk_is(shell: Shell, words: list[str]) -> None:
    shell("serve", *words, status=2)


def test_the_desk_frames_a_page_beside_its_text(exhibits: Exhibits, room: TestClient) -> None:
    assert exhibits.desk("").get(f"/replay?url={PAGE}").status_code == 404
    desk = exhibits.desk("http://r.example:8351")
    newest = desk.get(f"/replay?url={PAGE}")
    assert newest.status_code == 200
    assert newest.headers["content-security-policy"].endswith("frame-src http://r.example:8351")
    assert f'<iframe src="http://r.example:8351/record/{(NAME % 3)[9:]}"' in newest.text
    assert 'rel="prev"' in newest.text
    assert 'rel="next"' not in newest.text
    middle = desk.get("/replay.json", params={"url": PAGE, "at": NAME % 2}).json()
    assert middle["replay"] == f"http://r.example:8351/record/{(NAME % 2)[9:]}"
    assert [one["record"] for one in middle["captures"]] == [NAME % number for number in (1, 2, 3)]
    anywhere = exhibits.desk("http://0.0.0.0:8351").get(f"/replay?url={PAGE}")
    assert '<iframe src="http://testserver:8351/record/' in anywhere.text
    assert "As it was" not in desk.get(f"/replay?url={PAGE}x").text
    assert "frame-src" not in desk.get("/about").headers["content-security-policy"]
