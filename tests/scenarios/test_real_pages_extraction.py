"""The real pages beside the checkout: what is read on them against what their manifest says of them."""

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from preserve.cables.difference import Difference, classify
from preserve.cables.extract import Extraction, extract
from preserve.cables.page.layouts import Layout, compile_layouts
from preserve.config.folder import load_layouts
from preserve.model import sha256_hex
from preserve.provenance.describe import describe_cable


@pytest.fixture(scope="module")
def layouts() -> list[Layout]:
    return list(compile_layouts(load_layouts(Path(__file__).parents[2] / "config")).values())


@pytest.fixture(scope="module")
def entries(shared_cables: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((shared_cables / "manifest.json").read_text("utf-8"))["entries"]
    return found


@pytest.fixture(scope="module")
def pages(
    shared_cables: Path, entries: list[dict[str, Any]], layouts: list[Layout]
) -> dict[str, tuple[bytes, Extraction, dict[str, Any]]]:
    result: dict[str, tuple[bytes, Extraction, dict[str, Any]]] = {}
    for entry in entries:
        if entry["layout"] == "wikileaks-cable-page":
            payload = (shared_cables / entry["file"]).read_bytes()
            extraction = extract(payload, "text/html", layouts)
            assert extraction is not None, entry["file"]
            result[entry["file"]] = payload, extraction, entry["expected"]
    assert len(result) == 27
    return result


def _printed(extraction: Extraction, name: str) -> str | None:
    return extraction.fields[name].printed if name in extraction.fields else None


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("created", "created_as_printed"),
        ("released", "released_as_printed"),
        ("classification", "classification"),
        ("origin", "origin"),
        ("identifier", "identifier"),
        ("counter", "released_counter"),
    ],
)
def test_fields_are_those_that_the_page_prints(
    pages: dict[str, tuple[bytes, Extraction, dict[str, Any]]], field: str, expected: str
) -> None:
    got = {file: _printed(extraction, field) for file, (_, extraction, _) in pages.items()}
    assert got == {file: facts[expected] for file, (_, _, facts) in pages.items()}


def test_identity_title_and_texts(pages: dict[str, tuple[bytes, Extraction, dict[str, Any]]]) -> None:
    for file, (payload, extraction, expected) in pages.items():
        assert extraction.published_id == expected["identifier"], file
        assert extraction.title == expected["title"], file
        assert extraction.body_sha256 == expected["body_text_sha256"], file
        assert len(extraction.body) == expected["body_chars"], file
        assert extraction.header_text is not None
        assert sha256_hex(extraction.header_text.encode()) == expected["header_text_sha256"], file
        assert ("partial_note" in extraction.fields) is expected["partial"], file
        assert extraction.layout == "wikileaks-cable"
        assert extraction.raw_sha256 == sha256_hex(payload)
        assert extraction.findings == (), file


def test_times_are_known_to_the_hour_that_the_header_confirms(
    pages: dict[str, tuple[bytes, Extraction, dict[str, Any]]],
) -> None:
    groups = 0
    for file, (_, extraction, expected) in pages.items():
        created = extraction.fields["created"]
        assert created.precision == "hour", file
        assert created.value == expected["created_as_printed"].replace(" ", "T")[:13], file
        if expected["dtg_in_header"] is None:
            continue
        groups += 1
        group = extraction.date_time_group
        assert group is not None
        assert group.printed == expected["dtg_in_header"]
        assert group.value is not None
        assert group.value[:13] == created.value, file
        assert group.precision == "minute"
    assert groups > 15


def test_paragraphs_with_the_sites_mark_are_its_anchors(
    pages: dict[str, tuple[bytes, Extraction, dict[str, Any]]],
) -> None:
    for file, (_, extraction, expected) in pages.items():
        marked = [int(p.number.text) for p in extraction.message.paragraphs if extraction.body[p.start] == "¶"]
        anchors = [int(name[3:]) for name in expected["paragraph_anchors"] if name[3:].isdigit()]
        assert marked == anchors, file


def test_tags(pages: dict[str, tuple[bytes, Extraction, dict[str, Any]]]) -> None:
    for file, (_, extraction, expected) in pages.items():
        links = expected["tag_links"]
        assert (_printed(extraction, "tags") or "").split() == links, file
        if links:
            tags = extraction.message.tags
            assert [tag.text for tag in tags] == links[: len(tags)], file
            assert len(tags) in {len(links), len(links) // 2}, file


def test_malformed_ids_stand_beside_canonical_ones(
    pages: dict[str, tuple[bytes, Extraction, dict[str, Any]]],
) -> None:
    other = {
        extraction.published_id: extraction.canonical_id
        for _, extraction, _ in pages.values()
        if extraction.canonical_id != extraction.published_id
    }
    assert other == {"09SECTION01OF03SANJOSE525": "09SANJOSE525", "10EFTOLONDON16": "10LONDON16"}


def test_places_in_the_text_lead_to_their_bytes(pages: dict[str, tuple[bytes, Extraction, dict[str, Any]]]) -> None:
    for file, (payload, extraction, _) in pages.items():
        last = 0
        for line in extraction.body.split("\n"):
            start = extraction.body.index(line, last)
            last = start + len(line)
            first, end = extraction.body_map.bytes_of(start, last)
            if "<" not in (written := payload[first:end].decode("utf-8")) and "&" not in written:
                assert written == line, file
        first, end = extraction.body_map.bytes_of(0, len(extraction.body))
        assert b"<pre>" not in payload[first:end]
        assert payload[end : end + 6] == b"</pre>", file


def test_two_snapshots_of_one_cable(pages: dict[str, tuple[bytes, Extraction, dict[str, Any]]]) -> None:
    def compared(name: str) -> Difference:
        return classify(pages[f"{name}.v1.html"][1], pages[f"{name}.v2.html"][1])

    assert compared("66BUENOSAIRES2481") is Difference.SAME_BODY
    # One has a newspaper's time line first and no blank lines, the other the signature on a line of its own: no rule
    # joins lines or drops words, so both are changes.
    assert compared("09LONDON2121") is Difference.TEXT_CHANGED
    assert compared("08OSLO461") is Difference.TEXT_CHANGED


def _page(inner: str, head: str) -> bytes:
    return f"<!DOCTYPE html>\n<html><head><title>{head}</title></head>\n<body>\n{inner}\n</body></html>\n".encode()


def _table(fields: list[tuple[str, str]]) -> str:
    rows = "".join(f"  <tr>\n    <td>{k}:</td>\n    <td>{v}</td>\n  </tr>\n" for k, v in fields)
    return f"<table>\n{rows}</table>\n"


SHAPES: dict[str, Callable[[str, str, list[tuple[str, str]], str, str, str], str]] = {
    "table": lambda before, title, fields, note, body, after: (
        f"<p>{before}</p><h2>{title}</h2>\n{_table(fields)}<p>{note}</p>\n"
        f"<div>{body.replace(chr(10), '<br />' + chr(10))}</div>\n<p>{after}</p>"
    ),
    "dl": lambda before, title, fields, note, body, after: (
        f"<p>{before}</p><h1>{title}</h1><dl>{''.join(f'<dt>{k}</dt><dd>{v}</dd>' for k, v in fields)}</dl>"
        f"<p>{note}</p><pre>{body}</pre><p>{after}</p>"
    ),
    "divs": lambda before, title, fields, note, body, after: (
        f"<div>{before}</div><div>{title}</div>{''.join(f'<div><b>{k}:</b> {v}</div>{chr(10)}' for k, v in fields)}"
        f"<div>{note}</div>{''.join(f'<div>{line}</div>' for line in body.split(chr(10)))}<div>{after}</div>"
    ),
    "spans": lambda before, title, fields, note, body, after: (
        f"<i>{before}</i><br><br><b>{title}</b><br>"
        f"{''.join(f'<span>{k}:</span> <span>{v}</span> ' for k, v in fields)}<span>{note}</span><br><br>"
        f"{body.replace(chr(10), '<br>')}<br><br><i>{after}</i>"
    ),
    "br": lambda before, title, fields, note, body, after: (
        f"{before}<br><br>{title}<br>\n<br>\n{''.join(f'{k}: {v}<br>{chr(10)}' for k, v in fields)}{note}<br>\n<br>\n"
        f"{body.replace(chr(10), '<br />' + chr(10))}<br />\n<br />\n{after}"
    ),
    "pre": lambda before, title, fields, note, body, after: (
        f"<pre>{before}\n\n{title}\n\n{''.join(f'{k}: {v}{chr(10)}' for k, v in fields)}"
        f"{note}\n\n{body}\n\n{after}\n</pre>"
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_seed_page_in_every_form(
    shape: str, shared_cables: Path, entries: list[dict[str, Any]], layouts: list[Layout]
) -> None:
    entry = next(entry for entry in entries if entry["layout"] == "mrkva-text-dump")
    expected = entry["expected"]
    text = html.escape((shared_cables / entry["file"]).read_text("utf-8"), quote=False)
    head, _, rest = text.partition("\n\nUNCLAS")
    body = "UNCLAS" + rest[: rest.index("\n\nLatest source")]
    after = rest[rest.index("Latest source") :].strip()
    lines = head.split("\n")
    first = next(number for number, line in enumerate(lines) if line.startswith("Identifier:"))
    fields = [(key, value) for key, _, value in (line.partition(": ") for line in lines[first:-1])]
    inner = SHAPES[shape](lines[2], lines[first - 2], fields, lines[-1], body, after)

    got = extract(_page(inner, lines[0]), "text/html; charset=utf-8", layouts)

    assert got is not None
    assert got.body == html.unescape(body)
    assert got.message.subject is not None
    assert got.title == got.message.subject.text == expected["title"]
    assert got.published_id == got.canonical_id == expected["identifier"]
    assert _printed(got, "created") == expected["created"]
    assert (got.fields["created"].value, got.fields["created"].precision) == ("2005-01-31T08:10", "minute")
    assert _printed(got, "origin") == expected["origin"]
    assert _printed(got, "classification") == expected["classification"]
    assert _printed(got, "tags") == " ".join(expected["tags"])
    assert [tag.text for tag in got.message.tags] == expected["tags"]
    assert [int(paragraph.number.text) for paragraph in got.message.paragraphs] == list(
        range(1, expected["paragraphs"] + 1)
    )
    assert {paragraph.mark.text for paragraph in got.message.paragraphs if paragraph.mark} == {"SBU"}
    assert got.message.signature is not None
    assert got.message.end_mark is not None
    assert got.message.signature.text == expected["signature"]
    assert got.message.end_mark.text == expected["end_marker"]
    assert [ref.text for ref in got.message.refs] == expected["refs"]
    claims = describe_cable("urn:uuid:1", None, got).claims
    assert claims["redacted_note"].printed == expected["redacted_note"]
    assert claims["partial_note"].printed.startswith("This record is a partial extract")
    assert claims["source"].printed == expected["source"]
    assert claims["source_released"].value == expected["source_released"]
    assert got.findings == ()
