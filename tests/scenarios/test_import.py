"""Files of other programs, taken in as evidence; and files checked by themselves."""

import base64
import gzip
import json
import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from preserve.citation.capsule import check_capsule
from preserve.citation.capsule.build import pack
from preserve.citation.forms import FORMS
from preserve.formats.warc.members import iter_members
from preserve.integrity.importing import files as importing
from preserve.integrity.scan import Scanner
from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.model import format_utc
from preserve.provenance import session
from preserve.provenance.session import WritingSession
from preserve.store.layout import CollectionPaths
from tests.dying import die_at
from tests.scenarios.test_damage import PAGE
from tests.shell import Shell
from tests.unit.formats.test_wacz import DIGEST, MEMBERS, TEXT, digest_of, listing, package
from tests.unit.formats.test_waczsignature import LEAF, MIDDLE, ROOT, certificate, pem
from tests.warcs import gz, page, record, reply

# warcio leaves the files open that it takes digests with.
pytestmark = [
    pytest.mark.damages,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def _warc(path: Path, *, compress: bool = True, pages: int = 3, software: str = "a test") -> Path:
    """A file as warcio writes it: warcinfo, and a response and a request for each page; the first shows a cable."""
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=compress)
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": software}))
        for number in range(pages):
            url = f"http://pages.example/{number}"
            body = PAGE.encode() if number == 0 else b"<p>page %d</p>" % number
            head = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
            reply = writer.create_warc_record(url, "response", payload=BytesIO(body), http_headers=head)
            asked = StatusAndHeaders("GET / HTTP/1.1", [("Host", "pages.example")], is_http_request=True)
            request = writer.create_warc_record(url, "request", http_headers=asked)
            writer.write_request_response_pair(request, reply)
    return path


@pytest.mark.parametrize("compress", [True, False], ids=["gzip", "plain"])
def test_a_file_is_taken_in_to_the_byte_and_its_cable_shown(shell: Shell, tmp_path: Path, compress: bool) -> None:
    path = _warc(tmp_path / ("x.warc.gz" if compress else "x.warc"), compress=compress)
    (item,) = shell.json("import", str(path), "--into", "old")["files"]
    assert (item["outcome"], item["records"], item["cables"]) == ("imported", 7, 1)
    held = shell.archives / "old" / "archive" / path.name
    assert held.read_bytes() == path.read_bytes()
    assert "Nothing happened." in shell("show", "06TESTPOST12")
    shell("verify", "old")
    shell("rebuild", "old")
    shell("verify", "old")
    index = (shell.archives / "old" / "indexes" / "index.cdx").read_text()
    assert len(index.splitlines()) == 3


def test_the_same_bytes_are_taken_in_once(shell: Shell, tmp_path: Path) -> None:
    path = _warc(tmp_path / "x.warc.gz")
    shell("import", str(path), "--into", "old")
    renamed = path.rename(tmp_path / "y.warc.gz")
    (item,) = shell.json("import", str(renamed))["files"]
    assert (item["outcome"], item["file"]) == ("held", "x.warc.gz")
    other = _warc(tmp_path / "x.warc.gz", pages=1)
    (item,) = shell.json("import", str(other))["files"]
    assert (item["outcome"], item["file"]) == ("imported", "2-x.warc.gz")
    shell("verify", "old")


def test_names_that_lead_out_or_hide_are_made_plain(shell: Shell, tmp_path: Path) -> None:
    path = _warc(tmp_path / ".. -ä b.warc.gz")
    (item,) = shell.json("import", str(path), "--into", "old")["files"]
    assert item["file"] == "b.warc.gz"
    assert item["source"] == path.name
    shell("verify", "old")


def test_a_package_is_taken_in_file_by_file(shell: Shell, tmp_path: Path) -> None:
    warc = _warc(tmp_path / "data.warc.gz")
    crawl = tmp_path / "crawl.wacz"
    crawl.write_bytes(package({"archive/data.warc.gz": warc.read_bytes()}))
    shell("verify", str(crawl), status=None)
    (item,) = shell.json("import", str(crawl), "--into", "old")["files"]
    assert (item["outcome"], item["source"]) == ("imported", "crawl.wacz/archive/data.warc.gz")
    assert (shell.archives / "old" / "archive" / "data.warc.gz").read_bytes() == warc.read_bytes()
    assert '"name":"crawl.wacz"' in shell("ledger", "log", "old", "--json").replace(": ", ":")
    shell("verify", "old")


def test_a_damaged_file_is_refused_or_taken_in_as_it_is(shell: Shell, tmp_path: Path) -> None:
    path = _warc(tmp_path / "x.warc.gz")
    with path.open("rb") as file:
        third = list(iter_members(file))[2]
    data = bytearray(path.read_bytes())
    data[third.offset + third.length // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    (item,) = shell.json("import", str(path), "--into", "old", status=1)["files"]
    assert item["outcome"] == "refused"
    assert "E-WARC-GZIP" in item["lacks"]
    assert list((shell.archives / "old" / "archive").iterdir()) == []
    (item,) = shell.json("import", str(path), "--damaged")["files"]
    assert (item["outcome"], item["records"]) == ("imported", 6)
    # What was known when it was taken in is no news.
    shell("verify", "old")
    held = shell.archives / "old" / "archive" / "x.warc.gz"
    held.chmod(0o644)
    held.write_bytes(held.read_bytes()[:-5])
    assert "E-WARC" in shell("verify", "old", status=1)


def test_records_that_stand_twice_are_refused_and_references_that_lead_nowhere_are_counted(
    shell: Shell, tmp_path: Path
) -> None:
    path = _warc(tmp_path / "x.warc.gz")
    with path.open("rb") as file:
        members = [(member.offset, member.length) for member in iter_members(file)]
    data = path.read_bytes()
    offset, length = members[2]
    path.write_bytes(data + data[offset : offset + length])
    (item,) = shell.json("import", str(path), "--into", "old", status=1)["files"]
    assert (item["outcome"], item["lacks"]["E-WARC-DUPLICATE"]) == ("refused", 1)
    shell("import", str(path), "--damaged")
    shell("verify", "old")
    offset, length = members[1]
    path.write_bytes(data[:offset] + data[offset + length :])
    (item,) = shell.json("import", str(path))["files"]
    assert (item["outcome"], item["lacks"]["W-WARC-REFERENCE"]) == ("imported", 1)
    shell("verify", "old")


def test_files_that_hold_no_records_are_refused(shell: Shell, tmp_path: Path) -> None:
    for name, data in {"a.txt": b"text", "b.warc.gz": b"", "c.wacz": b"PK\x03\x04rubbish"}.items():
        path = tmp_path / name
        path.write_bytes(data)
        (item,) = shell.json("import", str(path), "--into", "old", status=1)["files"]
        assert (name, item["outcome"]) == (name, "refused")
        shell("verify", str(path), status=1)
    shell("import", str(tmp_path / "absent.warc"), "--into", "old", status=3)
    shell("verify", "old")


@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.slow)])
def test_an_import_that_dies_at_any_step_is_finished_by_the_next(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    path = _warc(tmp_path / "x.warc.gz", pages=5)
    first = _warc(tmp_path / "first.warc.gz", pages=1)
    steps = [*((importing, name) for name in ("copy_to_part", "seal_part", "sync_dir")), (WritingSession, "take")]
    steps += [(WritingSession, "finish"), (session, "write_index"), (session, "catch_up")]
    for stop in range(1, 100, every):
        name = f"old{stop}"
        shell("import", str(first), "--into", name)
        with monkeypatch.context() as patch:
            patch.setattr(importing, "_BATCH", 2)
            calls = die_at(patch, steps, stop)
            shell("import", str(path), "--into", name, status=None)
        paths = CollectionPaths(shell.archives, name)
        assert verify(paths, {}, VerifyOptions(processes=1)).good, stop
        shell("import", "--into", name)
        shell("import", str(path), "--into", name)
        report = verify(paths, {}, VerifyOptions(processes=1))
        assert report.spotless, (stop, report.findings)
        assert report.records == 3 + 11
        assert sorted(p.name for p in paths.archive.iterdir()) == ["first.warc.gz", "x.warc.gz"]
        if calls[0] < stop:
            assert stop > 12
            return
    pytest.fail("the import never came to its end")


def test_a_file_compressed_as_a_whole_can_be_read_and_repaired(shell: Shell, tmp_path: Path) -> None:
    plain = _warc(tmp_path / "p.warc", compress=False)
    path = tmp_path / "whole.warc.gz"
    path.write_bytes(gzip.compress(plain.read_bytes()))
    assert "W-WARC-MEMBERS" in shell("verify", str(path), status=1)
    (item,) = shell.json("import", str(path), "--into", "old")["files"]
    assert (item["outcome"], item["records"]) == ("imported", 7)
    assert "Nothing happened." in shell("show", "06TESTPOST12")
    shell("verify", "old")


def test_the_report_is_one_page_of_html_and_holds_no_markup_of_the_archive(shell: Shell, tmp_path: Path) -> None:
    path = _warc(tmp_path / "x.warc.gz")
    data = gzip.decompress(path.read_bytes()).replace(b"http://pages.example/1", b"http://a/<script>alert")
    data = data.replace(b"<p>page 1</p>", b"<p>page X</p>")
    broken = tmp_path / "broken.warc"
    broken.write_bytes(data)
    report = tmp_path / "report.html"
    shell("verify", str(broken), "--report", str(report), status=1)
    text = report.read_text("utf-8")
    assert "<script>" not in text
    assert 'http-equiv="Content-Security-Policy"' in text
    assert "DAMAGED" in text


def test_a_packages_signer_is_held_against_the_roots_that_the_reader_names(shell: Shell, tmp_path: Path) -> None:
    root, wrong, crawl = tmp_path / "root.pem", tmp_path / "wrong.pem", tmp_path / "crawl.wacz"
    began = datetime.now(UTC) - timedelta(days=1)
    dates: dict[str, Any] = {"begins": began, "ends": began + timedelta(days=30)}
    authority = certificate(ROOT, "Root", "Root", ROOT, is_ca=True, **dates)
    root.write_text(pem(authority))
    wrong.write_text(pem(certificate(MIDDLE, "Root", "Root", MIDDLE, is_ca=True, **dates)))
    leaf = certificate(LEAF, "leaf", "Root", ROOT, names=["*.example.org"], **dates)
    value = LEAF.sign(TEXT, ECDSA(SHA256()))
    signed = {"hash": TEXT.decode(), "signature": base64.b64encode(value).decode(), "created": format_utc(began)}
    signed |= {"domain": "signer.example.org", "domainCert": pem(leaf)}

    def said(*trust: str) -> tuple[str, Any]:
        (report,) = shell.json("verify", str(crawl), *trust, status=None)["files"]
        (claim,) = [claim for claim in report["claims"] if claim["claim"] == "who signed the package"]
        assert claim["detail"] == report["signature"]["detail"] or "its list only" in claim["detail"]
        return claim["verdict"], report["signature"]

    crawl.write_bytes(package(others={DIGEST: digest_of(listing(MEMBERS), signedData=signed)}))
    verdict, signature = said("--trust", str(root))
    assert (verdict, signature["domain"]) == ("PASS", "signer.example.org")
    assert signature["certificate"]["names"] == ["*.example.org"]
    assert said("--trust", str(wrong))[0] == "NOT PROVEN"
    assert said()[0] == "NOT CHECKED"
    assert "a root that you trust leads to it now" in shell("verify", str(crawl), "--trust", str(root), status=None)
    # A list that was signed is no package that was.
    other = {DIGEST: digest_of(listing(MEMBERS), signedData=signed), "pages/pages.jsonl": b"{}"}
    crawl.write_bytes(package(others=other))
    assert said("--trust", str(root))[0] == "NOT PROVEN"
    crawl.write_bytes(package(others={DIGEST: digest_of(listing(MEMBERS, title="another"), signedData=signed)}))
    assert said("--trust", str(root))[0] == "NOT PROVEN"
    listed = listing(MEMBERS, title="another")
    crawl.write_bytes(package(listed=listed, others={DIGEST: digest_of(listed, signedData=signed)}))
    assert said("--trust", str(root))[0] == "FAIL"


def test_levels_read_as_much_as_they_say(shell: Shell, tmp_path: Path) -> None:
    shell("import", str(_warc(tmp_path / "x.warc.gz")), "--into", "old")
    for words, verdict in (
        (("--structure",), "NOT CHECKED"),
        (("--sample", "100"), "PASS"),
        ((), "PASS"),
    ):
        (report,) = shell.json("verify", "old", *words)["collections"]
        verdicts = {claim["claim"]: claim["verdict"] for claim in report["claims"]}
        assert verdicts["every record is the one in the ledger"] == verdict
        assert verdicts["every file is the one sealed"] == "PASS"
    shell("verify", "old", "--sample", "0", status=2)
    shell("verify", "old", "--sample", "5", "--structure", status=2)
    shell("verify", str(tmp_path), status=2)
    shell("verify", "absent.warc.gz", status=3)
    (report,) = shell.json("verify", str(tmp_path / "x.warc.gz"), "--structure")["files"]
    assert report["level"] == "structure"


def test_a_stopped_verification_goes_on_behind_the_files_that_it_found_whole(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        shell("import", str(_warc(tmp_path / f"{number}.warc.gz", pages=number + 1)), "--into", "old")
    paths = CollectionPaths(shell.archives, "old")
    state = tmp_path / "state"
    read: list[str] = []
    rows = Scanner.rows

    def counted(self: Any, path: Path, container: Any) -> Any:
        read.append(path.name)
        if len(read) == 3:
            raise KeyboardInterrupt
        return rows(self, path, container)

    monkeypatch.setattr(Scanner, "rows", counted)
    with pytest.raises(KeyboardInterrupt):
        verify(paths, {}, VerifyOptions(processes=1, state=state))
    assert read == ["0.warc.gz", "1.warc.gz", "2.warc.gz"]
    assert len(list(state.iterdir())) == 1
    again = verify(paths, {}, VerifyOptions(processes=1, state=state))
    assert read[3:] == ["2.warc.gz"]
    assert (again.spotless, again.records) == (True, 3 + 5 + 7)
    assert list(state.iterdir()) == []


def _number(number: int) -> str:
    return f"urn:uuid:00000000-0000-4000-8000-{number:012x}"


ORIGINAL = record(1, reply(b"<p>the page</p>", "Content-Type: text/html"), uri="http://h.example/p")
BY_ADDRESS = (
    ("WARC-Profile", "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"),
    ("WARC-Refers-To-Target-URI", "http://h.example/p"),
    ("WARC-Refers-To-Date", "2026-01-02T03:04:05Z"),
)
REVISITS = {
    "by address, in the same file": ([ORIGINAL], BY_ADDRESS, True),
    "by address, not held": ([], BY_ADDRESS, False),
    "by id, not held": ([], (("WARC-Refers-To", f"<{_number(99)}>"),), False),
    "by id that is not held, and by address": ([ORIGINAL], (("WARC-Refers-To", f"<{_number(99)}>"), *BY_ADDRESS), True),
    "itself": ([ORIGINAL], (("WARC-Refers-To", f"<{_number(7)}>"),), False),
    "nothing": ([], (), False),
}


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("before", "fields", "is_held"), REVISITS.values(), ids=REVISITS)
def test_revisits_of_others_never_damage_a_collection(
    shell: Shell, tmp_path: Path, before: list[bytes], fields: tuple[tuple[str, str], ...], is_held: bool
) -> None:
    revisit = record(7, b"", *fields, kind="revisit", uri="http://h.example/rv")
    path = tmp_path / "x.warc.gz"
    path.write_bytes(gz(*before, revisit))
    assert shell.json("import", str(path), "--into", "old")["files"][0]["outcome"] == "imported"
    for _time in range(2):
        report = shell.json("verify", "old")["collections"][0]
        assert report["good"], report
        assert report["claims"][0]["verdict"] == "PASS"
        shell("rebuild", "old")
    if is_held:
        assert "the page" in shell("show", "http://h.example/rv")
    else:
        shell("show", "http://h.example/rv", status=None)
        assert "is not held" in shell.errors
        # What is held of the same address is shown all the same.
        path.write_bytes(gz(record(8, reply(b"<p>another</p>", "Content-Type: text/html"), uri="http://h.example/rv")))
        shell("import", str(path), "--into", "old")
        assert "another" in shell("show", "http://h.example/rv")


def test_an_original_may_lie_in_a_file_that_was_taken_in_before(shell: Shell, tmp_path: Path) -> None:
    for name, data in (("a.warc", ORIGINAL), ("b.warc", record(7, b"", *BY_ADDRESS, kind="revisit"))):
        (tmp_path / name).write_bytes(data)
        shell("import", str(tmp_path / name), "--into", "old")
    assert "the page" in shell("show", "http://example.org/7")
    shell("verify", "old")


HABITS = {
    "folded": ORIGINAL.replace(b"WARC-Date: ", b"WARC-Date:\r\n "),
    "LF": ORIGINAL.replace(b"\r\n", b"\n", ORIGINAL.split(b"HTTP")[0].count(b"\r\n")),
    "one line end": ORIGINAL.removesuffix(b"\r\n"),
    "no line end": ORIGINAL.removesuffix(b"\r\n\r\n"),
    "small letters": ORIGINAL.replace(b"WARC/1.1", b"warc/1.0"),
    "impossible date": ORIGINAL.replace(b"2026-01-02T", b"2026-02-31T"),
    "leap second": ORIGINAL.replace(b"2026-01-02T03:04:05Z", b"2016-12-31T23:59:60Z"),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("pack", [gz, b"".join], ids=["gzip", "plain"])
@pytest.mark.parametrize("habit", HABITS)
def test_habits_of_other_writers_are_taken_in_and_stay_good(
    shell: Shell, tmp_path: Path, pack: Any, habit: str
) -> None:
    records = [HABITS[habit], page(2)]
    path = tmp_path / "x.warc"
    path.write_bytes(pack(*records) if pack is gz else pack(records))
    assert shell.json("import", str(path), "--into", "old")["files"][0]["records"] == 2
    assert "the page" in shell("show", "http://h.example/p")
    assert shell.json("verify", "old")["collections"][0]["findings"] == []
    shell("rebuild", "old")
    shell("verify", "old")


def test_the_program_that_made_a_file_is_named_in_the_words_of_the_file(shell: Shell, tmp_path: Path) -> None:
    path = _warc(tmp_path / "x.warc.gz", software="Wget/1.21.3\x1b[31m (linux-gnu)")
    shell("import", str(path), "--into", "old")
    made = "made by Wget/1.21.3 [31m (linux-gnu), taken in on "
    assert made in shell("history", "06TESTPOST12")
    assert made in " ".join(shell("cite", "06TESTPOST12").split())
    assert shell.json("show", "06TESTPOST12")["second_hand"]["maker"] == "Wget/1.21.3 [31m (linux-gnu)"
    shell("verify", "old")


HAND = r"second hand, from x\.warc\.gz, made by a test, taken in on \d{4}-\d{2}-\d{2}"


def test_a_page_out_of_an_imported_file_is_second_hand_wherever_it_is_told(shell: Shell, tmp_path: Path) -> None:
    shell("import", str(_warc(tmp_path / "x.warc.gz")), "--into", "old")
    for words in (["show", "06TESTPOST12"], ["history", "06TESTPOST12"]):
        assert re.search(r"second hand +from x\.warc\.gz, made by a test, taken in on ", shell(*words))
    for form in FORMS:
        if form not in {"pwid", "ni", "text-fragment", "ark", "permalink"}:
            said = shell("cite", "06TESTPOST12", "--format", form)
            flat = re.sub(r"\\[-_]|\{\}|&#\d+;|\s+", " ", said.replace("\\", ""))
            assert re.search(HAND, flat, re.IGNORECASE) or re.search("[Ss]econd hand", flat), (form, said)
    path = tmp_path / "one.capsule"
    shell("cite", "06TESTPOST12", "--chars", "0-12", "--capsule", str(path))
    vkey = shell.archives / "old" / "ledger" / "log.vkey"
    assert re.search("; second hand: from x.warc.gz", shell("check", str(path), "--trust", str(vkey)))
    files = {name: member.data for name, member in check_capsule.read_zip(path.read_bytes()).items()}
    del files[check_capsule.MANIFEST]
    assert b"SECOND HAND: from x.warc.gz" in files["readme.txt"]
    key = vkey.read_text().strip()
    assert check_capsule.is_good(check_capsule.check(pack(files), [key]))
    silent = json.loads(files["citation.json"])
    del silent["custom"]["second_hand"]
    without = {name: data for name, data in files.items() if not name.startswith("import.")}
    for forged in (
        without,
        {**without, "citation.json": check_capsule.canonical(silent)},
        {**files, "citation.json": check_capsule.canonical(silent)},
        {**files, "import.json": files["import.json"].replace(b"x.warc.gz", b"y.warc.gz")},
    ):
        assert not check_capsule.is_good(check_capsule.check(pack(forged), [key]))


def test_a_password_in_an_imported_address_is_not_cited(shell: Shell, tmp_path: Path) -> None:
    path = _warc(tmp_path / "x.warc.gz", compress=False)
    data = path.read_bytes().replace(b"http://pages.example/0", b"http://u:hunter-of-gulls@p.example/0")
    path.write_bytes(re.sub(rb"WARC-(Block|Payload)-Digest: [^\r]*\r\n", b"", data))
    plain = tmp_path / "y.warc.gz"
    plain.write_bytes(
        b"".join(gzip.compress(record) for record in re.split(rb"(?=WARC/1)", path.read_bytes()) if record)
    )
    shell("import", str(plain), "--into", "old", status=None)
    for form in FORMS:
        if form not in {"text-fragment", "ark", "permalink"}:
            assert "hunter-of-gulls" not in shell("cite", "06TESTPOST12", "--format", form)
    capsule = tmp_path / "one.capsule"
    shell("cite", "06TESTPOST12", "--chars", "0-12", "--capsule", str(capsule))
    files = check_capsule.read_zip(capsule.read_bytes())
    for name in ("citation.json", "selector.json", "readme.txt"):
        assert b"hunter-of-gulls" not in files[name].data
        assert b"http://p.example/0" in files[name].data
    shell("check", str(capsule), "--trust", str(shell.archives / "old" / "ledger" / "log.vkey"))
