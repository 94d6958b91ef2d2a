"""Provenance as PROV, PREMIS and RO-Crate, read back by other libraries."""

import gzip
import hashlib
import io
import json
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import prov.model
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st
from rocrate.rocrate import ROCrate

from preserve.demo_site.pages import replies
from preserve.export.lineage import Lineage
from preserve.export.premis import write_premis
from preserve.export.provdocument import ni_uri, prov_text
from preserve.formats.tlog.files import Checkpoint
from preserve.formats.warc.record import parse_record
from preserve.provenance.statements import CableStatement, MementoStatement, PrintedFields, RecordStatement
from tests.kept import Beginning, beginning, served, site
from tests.readers import assert_others_read
from tests.scenarios.test_history_of_releases import page, warc
from tests.scenarios.test_rescue import LOST, MIDDLE, WebArchive
from tests.shell import Shell
from tests.site import Site
from tests.tsa import OPENSSL
from tests.unit.export.premis_rules import NS, check_premis

__all__ = ["beginning", "served", "site"]

_ID = "05PORTSOLACE117"


@pytest.fixture
def held(shell: Shell, site: Site, beginning: Beginning) -> Any:
    """The mirror captured three times, with a change between the first two."""

    def make() -> None:
        for phase in (1, 2, 2):
            site.replies.update({path: reply.wire() for path, reply in replies(phase).items()})
            if not shell.archives.exists():
                shell.site_collection("demo", site, "/")
                shell("init", "demo")
            shell("capture", "demo", status=None)

    beginning(shell, make, site)
    return shell


def _document(text: str) -> Any:
    return prov.model.ProvDocument.deserialize(content=text, format="json")


def _of(document: Any, kind: str) -> list[Any]:
    return [record for record in document.get_records() if _type(record) == kind]


def _type(record: Any) -> str:
    return next((str(value).removeprefix("pv:") for value in record.get_attribute("prov:type")), "")


def _said(record: Any, name: str) -> list[Any]:
    return sorted(record.get_attribute(f"pv:{name}"), key=str)


def test_every_form_is_read_back_as_the_same_document(held: Any) -> None:
    document = _document(held("export", "prov", _ID))
    in_n = prov.model.ProvDocument.deserialize(content=held("export", "prov", _ID, "--format", "n"), format="provn")
    assert in_n == document
    turtle = held("export", "prov", _ID, "--format", "turtle")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert prov.model.ProvDocument.deserialize(content=turtle, format="rdf", rdf_format="turtle") == document
    graph = rdflib.Graph().parse(data=turtle, format="turtle")
    asked = "SELECT ?d WHERE { ?r a <urn:x-preserve:term:WarcRecord> ; <urn:x-preserve:term:captured> ?d }"
    assert len(list(graph.query(asked))) == 3


@pytest.mark.one_in(4)
@pytest.mark.parametrize("words", ["prov --format json", "prov --format n", "prov --format turtle", "premis"])
def test_the_same_archive_gives_the_same_bytes(held: Any, words: str) -> None:
    assert held("export", *words.split(), "-c", "demo") == held("export", *words.split(), "-c", "demo", "-c", "demo")


def test_the_same_archive_gives_the_same_crate(held: Any, tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        held("export", "ro-crate", "-c", "demo", "-o", str(tmp_path / name))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_every_entity_has_a_generation_or_is_marked_external(held: Any) -> None:
    document = _document(held("export", "prov", "-c", "demo"))
    generated = {str(one.args[0]) for one in document.get_records(prov.model.ProvGeneration)}
    for entity in document.get_records(prov.model.ProvEntity):
        assert str(entity.identifier) in generated or _said(entity, "external") == [True], entity
    for relation in document.get_records(prov.model.ProvRelation):
        assert all(document.get_record(name) for name in relation.args[:2] if name is not None), relation


def test_a_revisit_is_derived_from_the_record_that_it_found_unchanged(held: Any) -> None:
    document = _document(held("export", "prov", _ID))
    records = {str(one.identifier): _said(one, "recordType") for one in _of(document, "WarcRecord")}
    (derivation,) = _of(document, "Revisit")
    made, of = (records[str(one)] for one in derivation.args[:2])
    assert (made, of) == (["revisit"], ["response"])


def test_what_a_page_printed_is_in_its_claims_and_nowhere_else(held: Any) -> None:
    document = _document(held("export", "prov", _ID))
    claims = _of(document, "Claims")
    assert sorted(_said(one, "claimedSourceReleased") for one in claims) == [["2011-10-04"], ["2012-06-30"]]
    assert {value for one in claims for value in _said(one, "claimedCreated")} == {"2005-03-14 09:35:00"}
    for record in document.get_records():
        printed = [str(key) for key, _value in record.attributes if str(key).startswith("pv:claimed")]
        assert not printed or _type(record) == "Claims"
    # No relation leads to what a claim names: it is named by the attributes of the claim only.
    named = {str(one.identifier) for kind in ("Document", "NamedRelease", "NamedOrigin") for one in _of(document, kind)}
    assert len(named) == 3
    for relation in document.get_records(prov.model.ProvRelation):
        assert not named & {str(one) for one in relation.args}


@pytest.mark.skipif(OPENSSL is None, reason="needs openssl")
def test_the_four_dates_are_four_properties(shell: Shell, site: Site, time_authority: Any, tmp_path: Path) -> None:
    site.replies.update({path: reply.wire() for path, reply in replies(1).items()})
    shell.site_collection("demo", site, "/")
    config = shell.config / "collections" / "demo.yaml"
    config.write_text(config.read_text("utf-8") + f"time_authorities:\n  one: {time_authority().url}\n", "utf-8")
    shell("init", "demo")
    shell("capture", "demo", status=None)
    document = _document(shell("export", "prov", _ID))
    (claims,), (record,), (receipt,) = (_of(document, kind) for kind in ("Claims", "WarcRecord", "Receipt"))
    created, released = _said(claims, "claimedCreatedValue"), _said(claims, "claimedSourceReleased")
    captured, proven = _said(record, "captured"), _said(receipt, "proven")
    assert (created, released) == (["2005-03-14T09:35"], ["2011-10-04"])
    assert len(captured) == len(proven) == 1
    assert captured[0].year > 2025
    assert _said(record, "provenBy") == [receipt.identifier]
    holders = {
        "claimedCreatedValue": "Claims",
        "claimedSourceReleased": "Claims",
        "captured": "WarcRecord",
        "proven": "Receipt",
    }
    for name, kind in holders.items():
        assert {_type(one) for one in document.get_records() if _said(one, name)} == {kind}
    root = check_premis(shell("export", "premis", _ID).encode())
    assert "time stamp (RFC 3161)" in [one.text for one in root.iter(f"{NS}eventType")]
    shell("export", "ro-crate", _ID, "-o", str(tmp_path / "crate"))
    assert len(list((tmp_path / "crate" / "demo" / "receipts").iterdir())) == 2


def test_premis_follows_the_rules_of_its_schema(held: Any, tmp_path: Path) -> None:
    root = check_premis(held("export", "premis", "-c", "demo").encode())
    kinds = {one.text for one in root.iter(f"{NS}eventType")}
    assert kinds == {"capture", "text extraction"}
    digests = {one.text for one in root.iter(f"{NS}messageDigest")}
    for path in (held.archives / "demo" / "archive").iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() in digests
    made = held.json("export", "premis", _ID, "-o", str(tmp_path / "p.xml"))
    assert (made["captures"], made["texts"]) == (3, 2)
    check_premis((tmp_path / "p.xml").read_bytes())


def test_two_files_of_one_import_are_two_events(shell: Shell, tmp_path: Path) -> None:
    one, two = (("http://a.example/1", f"201{n}-12-01T00:00:00.123456789Z", page("08SAMPLETOWN12")) for n in (0, 1))
    paths = [warc(tmp_path / "one.warc.gz", [one]), warc(tmp_path / "two.warc.gz", [two], first=5)]
    shell("import", *map(str, paths), "--into", "held")
    document = _document(shell("export", "prov", "08SAMPLETOWN12"))
    assert len(_of(document, "Import")) == 2
    assert [one.microsecond for record in _of(document, "WarcRecord") for one in _said(record, "captured")] == [
        123456
    ] * 2
    check_premis(shell("export", "premis", "08SAMPLETOWN12").encode())


def test_a_release_that_is_declared_stands_beside_the_claims_that_name_it(held: Any) -> None:
    words = ("--title", "A browser", "--known-from", "a test", "--released", "2011-10")
    held("release", "add", "browser", *words, "--source", "cablebrowser-2", "--into", "demo")
    held("release", "add", "gulls", "--title", "Gulls", "--known-from", "a test", "--into", "demo")
    document = _document(held("export", "prov", _ID))
    (release,) = _of(document, "DeclaredRelease")
    assert (_said(release, "declaredName"), _said(release, "declaredReleased")) == (["browser"], ["2011-10"])
    assert [_said(one, "declaredAs") for one in _of(document, "Claims")] == [[release.identifier]] * 2
    assert len(_of(_document(held("export", "prov", "-c", "demo")), "DeclaredRelease")) == 2


def test_imports_are_events_and_their_captures_are_of_nobody_known(shell: Shell, tmp_path: Path) -> None:
    capture = ("http://a.example/1", "2010-12-01T00:00:00Z", page("08SAMPLETOWN12"))
    shell("import", str(warc(tmp_path / "made.warc.gz", [capture])), "--into", "held")
    document = _document(shell("export", "prov", "-c", "held"))
    (event,) = _of(document, "Import")
    assert "made.warc.gz" in _said(event, "detail")[0]
    (record,) = _of(document, "WarcRecord")
    assert _said(record, "external") == [True]
    (made,) = [one for one in document.get_records(prov.model.ProvGeneration) if one.args[0] == record.identifier]
    assert made.args[1] is None
    root = check_premis(shell("export", "premis", "-c", "held").encode())
    assert "ingestion" in [one.text for one in root.iter(f"{NS}eventType")]


def test_the_same_capture_in_two_collections_is_two_records_of_two_ledgers(shell: Shell, tmp_path: Path) -> None:
    capture = ("http://a.example/1", "2010-12-01T00:00:00Z", page("08SAMPLETOWN12"))
    path = warc(tmp_path / "made.warc.gz", [capture])
    for name in ("one", "two"):
        shell("import", str(path), "--into", name)
    document = _document(shell("export", "prov", "08SAMPLETOWN12"))
    ledgers = [_said(one, "ledger") for one in _of(document, "WarcRecord")]
    assert sorted(one[0].split("/")[1] for one in ledgers) == ["one", "two"]
    assert len(_of(document, "Text")) == 2
    check_premis(shell("export", "premis", "08SAMPLETOWN12").encode())
    shell("export", "ro-crate", "08SAMPLETOWN12", "-o", str(tmp_path / "crate"))
    ROCrate(tmp_path / "crate")
    assert shell("export", "premis", "http://a.example/1", "-c", "two").count("ledger origin") == 1


def test_a_second_hand_capture_is_one_of_the_web_archive_and_the_rest_its_claim(
    shell: Shell, site: Site, tmp_path: Path
) -> None:
    archive = WebArchive(shell, site)
    archive.rows(MIDDLE)
    archive.memento(MIDDLE)
    shell("rescue", LOST, "--into", "demo", status=None)
    document = _document(shell("export", "prov", LOST))
    (record,), (claims,) = _of(document, "WarcRecord"), _of(document, "MementoClaims")
    assert _said(record, "url")[0].uri.startswith(site.url("/web/"))
    assert _said(claims, "webArchive") == ["The Test Archive"]
    assert str(_said(claims, "claimedServed")[0]) == "2011-10-04 01:02:03+00:00"
    about = document.get_record(_said(claims, "about")[0])[0]
    assert _said(about, "url")[0].uri == LOST
    for relation in document.get_records(prov.model.ProvRelation):
        assert about.identifier not in relation.args
    root = check_premis(shell("export", "premis", LOST).encode())
    said = [one.text for one in root.iter(f"{NS}significantPropertiesValue")]
    assert f"The Test Archive: {LOST} at 2011-10-04T01:02:03.000000Z" in said
    shell("export", "ro-crate", LOST, "-o", str(tmp_path / "crate"))
    kinds = [
        json.loads(path.read_bytes())["kind"] for path in (tmp_path / "crate" / "demo" / "statements").glob("*.json")
    ]
    assert sorted(kinds) == ["cable", "memento", "record"]


@pytest.mark.damages
def test_repairs_are_events_and_what_is_damaged_is_left_out_of_a_crate(held: Any, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    held("replicate", str(copies))
    first = min((held.archives / "demo" / "archive").iterdir())
    first.chmod(0o644)
    first.write_bytes(b"")
    held("export", "ro-crate", _ID, "-o", str(tmp_path / "part"), status=1)
    assert "could not be read again" in held.errors
    assert "preserve verify" in held.errors
    ROCrate(tmp_path / "part")
    held("repair", "demo", "--from", str(copies), "--apply")
    document = _document(held("export", "prov", _ID))
    (event,) = _of(document, "Repair")
    assert _said(event, "outcome") == ["exact"]
    assert "recovery" in [
        one.text for one in check_premis(held("export", "premis", _ID).encode()).iter(f"{NS}eventType")
    ]


def test_a_crate_is_read_by_another_library_and_its_records_are_the_ones_that_were_stated(
    held: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "crate"
    told = held.json("export", "ro-crate", _ID, "-o", str(folder))
    crate = ROCrate(folder)
    assert told["files"] == len([path for path in folder.rglob("*") if path.is_file()])
    assert crate.root_dataset["license"]["name"] == "not stated"
    files = [entity for entity in crate.data_entities if entity.type == "File"]
    for entity in files:
        data = (folder / entity.id).read_bytes()
        assert (entity["sha256"], entity["contentSize"]) == (hashlib.sha256(data).hexdigest(), str(len(data)))
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        "ro-crate-metadata.json",
        *(entity.id for entity in files),
    }
    for path in sorted((folder / "demo" / "records").iterdir()):
        record = parse_record(gzip.decompress(path.read_bytes()))
        number = path.name.split(".")[0]
        stated = json.loads((folder / "demo" / "statements" / f"{number}.json").read_bytes())
        digest = hashlib.sha256(record.header.raw + record.block).hexdigest()
        assert_others_read(path)
        assert (record.header.record_id, digest) == (stated["record_id"], stated["record_sha256"])
    (one, _two) = sorted((folder / "demo" / "texts").iterdir())
    stated = json.loads((folder / "demo" / "statements" / f"{one.name.split('-')[0]}.json").read_bytes())
    assert hashlib.sha256(one.read_bytes()).hexdigest() == stated["body_sha256"]
    check_premis((folder / "premis.xml").read_bytes())


def test_a_packed_crate_is_read_too(held: Any, tmp_path: Path) -> None:
    held("export", "ro-crate", "-c", "demo", "-o", str(tmp_path / "crate.zip"))
    with zipfile.ZipFile(tmp_path / "crate.zip") as package:
        assert package.testzip() is None
    assert len(ROCrate(tmp_path / "crate.zip").data_entities) > 50


def test_mistakes_are_told_with_a_next_step(held: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held("export", "prov", status=2)
    assert "-c NAME" in held.errors
    held("export", "premis", "99NOWHERE1", status=3)
    assert "as the page prints it" in held.errors
    held("export", "prov", _ID, "--json", status=2)
    held("export", "ro-crate", _ID, "-o", str(tmp_path), status=2)
    assert "does not exist yet" in held.errors
    held("export", "ro-crate", _ID, "-o", str(tmp_path / "no" / "crate"), status=2)
    monkeypatch.setitem(sys.modules, "prov.model", None)
    held("export", "prov", _ID, status=7)
    assert "`preserve docs install`" in held.errors
    check_premis(held("export", "premis", _ID).encode())


def test_more_captures_than_one_document_holds_are_refused(held: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preserve.export.provdocument.MOST", {"json": 5})
    held("export", "prov", "-c", "demo", status=2)
    assert "more than 5 captures" in held.errors
    assert _of(_document(held("export", "prov", _ID)), "WarcRecord")


def test_a_digest_is_the_uri_of_rfc_6920() -> None:
    # The example of section 8.1.
    digest = hashlib.sha256(b"Hello World!").hexdigest()
    assert ni_uri(digest) == "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk"


def made_lineage(text: str) -> Lineage:
    digest = "ab" * 32
    record = RecordStatement(
        record_id=text,
        type="response",
        uri=text,
        date="2026-01-02T03:04:05Z",
        status=200,
        mime=text,
        challenge=text,
        whole="whole",
        file=text,
        ordinal=0,
        record_sha256=digest,
        block_sha256=digest,
        payload_sha256=None,
        refers_to=None,
        run=text,
    )
    shown = CableStatement(
        record_id=text,
        published_id=text,
        canonical_id=None,
        extractor=text,
        layout=text,
        raw_sha256=digest,
        body_sha256=digest,
        comparison_sha256=digest,
        comparison_rules="1",
        rules_fired=(),
        claims={},
        fields={
            "a b": PrintedFields(printed=text, value=None, precision=None, source="field"),
            "origin": PrintedFields(printed=text, value=text, precision=None, source="field"),
            "source": PrintedFields(printed=text, value=None, precision=None, source="field"),
        },
    )
    memento = MementoStatement(
        record_id=text,
        archive=text,
        archive_title="",
        uri=text,
        memento=text,
        requested="2026-01-01T00:00:00Z",
        served=None,
        status=200,
        verdict="page",
        reasons=(),
        claimed_digest=None,
        digest="unclaimed",
        held="nothing",
        run=text,
    )
    return Lineage(
        collection="demo",
        origin=text,
        created="2026-01-01T00:00:00Z",
        records=((1, record),),
        texts=((2, shown),),
        mementos=((0, memento),),
        imports=frozenset(),
        events=(),
        releases=(),
        checkpoint=Checkpoint(origin="preserve/demo/00000000", size=3, root=bytes(32)),
        receipts=(),
    )


@given(st.text(st.characters(), min_size=1, max_size=40))
def test_no_text_breaks_a_form(text: str) -> None:
    lineage = made_lineage(text)
    out = io.BytesIO()
    write_premis([lineage], out)
    check_premis(out.getvalue())
    document = _document(prov_text([lineage], "json"))
    in_n = prov.model.ProvDocument.deserialize(content=prov_text([lineage], "n"), format="provn")
    assert in_n == document
    assert len(rdflib.Graph().parse(data=prov_text([lineage], "turtle"), format="turtle")) > 20
