"""One invented cable in the true form of every other layout: fields, header, text to the character, and places."""

from pathlib import Path

import pytest

from preserve.cables.extract import Extraction, read_page, read_table
from preserve.cables.layouts import Layout, compile_layouts
from preserve.config.folder import load_layouts
from preserve.findings import Finding
from preserve.model import sha256_hex

LAYOUTS: list[Layout] = list(compile_layouts(load_layouts(Path(__file__).parents[3] / "config")).values())
MESSAGE = (
    "UNCLAS SAMPLETOWN 000042\n\nSIPDIS\n\nE.O. 12958: N/A\nTAGS: PREL, Human Rights\nSUBJECT: THE FERRY IS LATE\n\n"
    "1. (U) The ferry\u2019s bell rang twice.\n\nHOLLOWAY"
)
STAMP = "Sheryl P. Walter Declassified/Released US Department of State EO Systematic Review 20 Mar 2014"
PARTIAL = (
    "This record is a partial extract of the original cable. The full text of the original cable is not available."
)
PGP = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQQBBGBj\n-----END PGP PUBLIC KEY BLOCK-----"


def read(payload: bytes, content_type: str | None = "text/html") -> Extraction:
    found = read_page(payload, content_type, LAYOUTS)
    assert len(found.cables) == 1, found
    check_places(found.cables[0], payload)
    return found.cables[0]


def check_places(cable: Extraction, payload: bytes) -> None:
    """Every line of the text, and every field, leads to its bytes."""
    start = 0
    for line in cable.body.split("\n"):
        first, end = cable.body_map.bytes_of(start, start + len(line))
        written = payload[first:end].decode(cable.body_map.encoding)
        if "&" not in written and "\\" not in written and "<" not in written:
            assert written == line
        start += len(line) + 1
    for name in cable.fields:
        first, end = cable.bytes_of_field(name)
        assert 0 <= first < end <= len(payload), name


def printed(cable: Extraction) -> dict[str, str]:
    return {name: value.printed for name, value in cable.fields.items()}


def plusd(text: str = MESSAGE, ident: str = "09SAMPLETOWN42_a") -> bytes:
    cells = {
        "Date": "2009 February 26, 11:30 (Thursday)",
        "Canonical ID": ident,
        "Original Classification": "UNCLASSIFIED",
        "Current Classification": "UNCLASSIFIED",
        "Handling Restrictions": "-- N/A or Blank --",
        "Character Count": "1200",
        "Executive Order": "-- Not Assigned --",
        "Locator": "-- N/A or Blank --",
        "TAGS": "<a href='/x'>PREL - Political Affairs--External Political Relations</a> | HURI - Human Rights",
        "From": "Sample Republic Sampletown",
        "To": "SECSTATE WASHDC",
    }
    rows = "".join(
        f"<tr><td><div class='s_key'>{key}:</div><div class='s_val'>{value}</div></td></tr>\n"
        for key, value in cells.items()
    )
    return (
        f"<html><head><title>Cable</title></head><body><div id='key'><pre>{PGP}</pre></div>\n"
        f"<table id='synopsis'>\n<tr><td colspan='2'>THE FERRY IS LATE</td></tr>\n{rows}</table>\n"
        f"<div id='tabs'>Content Metadata</div><div id='tagged-text'><pre>\n{text}\n</pre></div></body></html>"
    ).encode()


def test_plusd() -> None:
    got = read(plusd(f"{STAMP}\n{MESSAGE}\n{STAMP}"))
    assert (got.layout, got.published_id, got.title) == ("plusd", "09SAMPLETOWN42_a", "THE FERRY IS LATE")
    assert got.body == MESSAGE
    assert printed(got) | {"tags": "x"} == {
        "identifier": "09SAMPLETOWN42_a",
        "created": "2009 February 26, 11:30 (Thursday)",
        "classification": "UNCLASSIFIED",
        "current_classification": "UNCLASSIFIED",
        "handling": "-- N/A or Blank --",
        "locator": "-- N/A or Blank --",
        "origin": "Sample Republic Sampletown",
        "tags": "x",
    }
    assert printed(got)["tags"].endswith("Relations | HURI - Human Rights")
    assert (got.fields["created"].value, got.fields["created"].precision) == ("2009-02-26T11:30", "minute")
    assert got.canonical_id == "09SAMPLETOWN42"
    assert [tag.text for tag in got.message.tags] == ["PREL", "Human Rights"]
    assert got.findings == ()


def test_plusd_of_the_seventies_has_no_time() -> None:
    got = read(
        plusd(ident="1975SAMPLE00292_b").replace(
            b"2009 February 26, 11:30 (Thursday)", b"1975 January 1, 00:00 (Wednesday)"
        )
    )
    assert (got.fields["created"].value, got.fields["created"].precision) == ("1975-01-01", "day")
    assert (got.published_id, got.canonical_id) == ("1975SAMPLE00292_b", "75SAMPLE292")


@pytest.mark.parametrize("form", ["ids", "classes"])
def test_cablegatesearch(form: str) -> None:
    body = MESSAGE.replace("\n", "\r\n")
    header, text, ident = (
        (
            '<div id="cable-header">',
            '<div id="cable-body"><span class="toggleHeader">Hide header</span>',
            "09SAMPLETOWN42",
        )
        if form == "ids"
        else (
            '<div class="cable-content"><div id="cable-header">',
            '<div class="cable-body">',
            '<input id="canonical_id-input" type="text" value="09SAMPLETOWN42">',
        )
    )
    page = (
        "<!DOCTYPE HTML><html><head><title>Cable reference id: #09SAMPLETOWN42</title></head><body><!-- cable -->\n"
        '<table id="cable-summary" cellspacing="0">\n'
        '<tr><td>Subject<td style="x"><div class="cartToggler"></div>THE FERRY IS LATE\n'
        "<tr><td>Origin<td>Embassy Sampletown\n"
        '<tr><td>Cable time<td>Thu, 26 Feb 2009 11:30 UTC\n<tr><td>Classification<td class="cl-c">CONFIDENTIAL\n'
        f"<tr><td>Reference id<td>{ident}\n<tr><td>Source<td>x\n<tr><td>Release time<td>Thu, 2 Dec 2010 21:00 UTC\n"
        "<tr><td>History<td><a>First published on Thu, 2 Dec 2010</a><br><a>Modified on Fri, 3 Dec 2010</a>\n</table>\n"
        f"<div><!-- cable content -->{header}<!-- header -->VZCZCXYZ0000\nP 261130Z FEB 09\nFM AMEMBASSY SAMPLETOWN"
        "</div>"
        f"{text}{body}</div></div></body></html>"
    )
    got = read(page.encode("windows-1252"), "text/html; charset=windows-1252")
    assert (got.layout, got.published_id, got.title) == ("cablegatesearch", "09SAMPLETOWN42", "THE FERRY IS LATE")
    assert got.body == MESSAGE
    assert got.header_text == "VZCZCXYZ0000\nP 261130Z FEB 09\nFM AMEMBASSY SAMPLETOWN"
    assert printed(got) == {
        "identifier": "09SAMPLETOWN42",
        "origin": "Embassy Sampletown",
        "created": "Thu, 26 Feb 2009 11:30 UTC",
        "classification": "CONFIDENTIAL",
        "released": "Thu, 2 Dec 2010 21:00 UTC",
        "history": "First published on Thu, 2 Dec 2010 Modified on Fri, 3 Dec 2010",
        "date_time_group": "261130Z FEB 09",
    }
    assert got.fields["created"].value == "2009-02-26T11:30"
    assert got.findings == ()


def test_cablegatesearch_says_that_a_cable_is_not_there() -> None:
    found = read_page(b"<title>Cable not found</title><h1>Cable not found</h1>", "text/html", LAYOUTS)
    assert (found.layout, found.cables) == ("cablegatesearch", ())
    assert [finding.code for finding in found.findings] == ["W-CABLE-ERROR-PAGE"]


NARA = f"""\
Message Text

{STAMP}
{MESSAGE}
{STAMP}

*** Current Handling Restrictions *** n/a

<< END OF DOCUMENT >>

Message Attributes

Automatic Decaptioning: X
Capture Date: 01 JAN 1994
Channel Indicators: n/a
Current Classification: UNCLASSIFIED
Concepts: FERRIES, BELLS
Document Number: 1975SAMPLE00292
Draft Date: 28 APR 1975
From: SAMPLETOWN
Locator: TEXT ON-LINE
Original Classification: LIMITED OFFICIAL USE
Original Handling Restrictions: n/a
Subject: THE FERRY
  IS LATE
TAGS: PFOR, ECON,
  ZZ
To: STATE
Type: TE
"""


@pytest.mark.parametrize("content_type", ["text/plain; charset=utf-8", "text/html; charset=utf-8"])
def test_nara_texts(content_type: str) -> None:
    got = read(NARA.encode(), content_type)
    assert (got.layout, got.published_id, got.canonical_id) == ("nara-aad", "1975SAMPLE00292", "75SAMPLE292")
    assert got.title == "THE FERRY IS LATE"
    assert got.body == MESSAGE
    assert printed(got) == {
        "identifier": "1975SAMPLE00292",
        "origin": "SAMPLETOWN",
        "created": "28 APR 1975",
        "classification": "LIMITED OFFICIAL USE",
        "current_classification": "UNCLASSIFIED",
        "handling": "n/a",
        "tags": "PFOR, ECON, ZZ",
        "locator": "TEXT ON-LINE",
    }
    assert (got.fields["created"].value, got.fields["created"].precision) == ("1975-04-28", "day")


def test_a_nara_record_whose_text_is_not_on_line_has_none() -> None:
    text = NARA[: NARA.index("UNCLAS")] + NARA[NARA.index("\n*** Current") :].replace(
        "TEXT ON-LINE", "TEXT ON MICROFILM"
    )
    got = read(text.encode(), "text/plain")
    assert got.body == ""
    assert [finding.code for finding in got.findings] == ["W-CABLE-EMPTY"]


ALX = "02SAMPLETOWN7\nTHE FERRY IS\nFri Dec 20 00:00:00 +0100 2002\nUNCLASSIFIED\nConsulate Sampletown\n"
HEADER = "VZCZCXYZ0000\nP 201130Z DEC 02\nFM AMCONSUL SAMPLETOWN\nTO RUEHC/SECSTATE WASHDC 1234"


@pytest.mark.parametrize(
    ("before", "header"),
    [("", None), (PARTIAL, PARTIAL), (HEADER, HEADER), (f"{HEADER}\n", f"{HEADER}\n")],
    ids=["no header", "the partial sentence", "run together", "with a line end between"],
)
def test_alx_texts(before: str, header: str | None) -> None:
    got = read(f"{ALX}{before}{MESSAGE}".encode(), "text/plain; charset=utf-8")
    assert (got.layout, got.published_id, got.title) == ("alx-text", "02SAMPLETOWN7", "THE FERRY IS")
    assert (got.body, got.header_text) == (MESSAGE, header)
    assert printed(got)["created"] == "Fri Dec 20 00:00:00 +0100 2002"
    assert (got.fields["created"].value, got.fields["created"].precision) == ("2002-12-20", "day")
    assert ("partial_note" in got.fields) == (before == PARTIAL)


def test_an_alx_text_without_a_message() -> None:
    got = read(ALX.encode(), "text/plain")
    assert got.body == ""
    assert [finding.code for finding in got.findings] == ["W-CABLE-EMPTY"]


def row(number: int, ident: str, body: str, header: str = "") -> str:
    def quoted(text: str) -> str:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'

    fields = (str(number), "12/28/2009 18:48", ident, "Embassy Sampletown", "UNCLASSIFIED", "08A1|08B2", header, body)
    return ",".join(map(quoted, fields)) + "\n"


def table(payload: bytes, piece: int = 1 << 20) -> list[Extraction | Finding]:
    position = 0

    def more(size: int) -> bytes:
        nonlocal position
        taken = payload[position : position + min(size, piece)]
        position += len(taken)
        return taken

    (layout,) = (layout for layout in LAYOUTS if layout.name == "cables-csv")
    return list(read_table(more, layout))


LONG = 'He said "no\\", twice, "\nand\r\nleft. ' * 3_000
ROWS = [row(1, "09SAMPLETOWN1", MESSAGE, HEADER), row(2, "09SAMPLETOWN2", LONG), row(3, "09SAMPLETOWN3", "")]


def test_rows_of_the_dump() -> None:
    payload = "".join(ROWS).encode()
    found = read_page(payload, "text/csv", LAYOUTS)
    first, second, third = found.cables
    assert [cable.published_id for cable in found.cables] == ["09SAMPLETOWN1", "09SAMPLETOWN2", "09SAMPLETOWN3"]
    assert (first.body, first.header_text) == (MESSAGE, HEADER)
    assert len(second.body) > 65_536
    assert (second.body, second.header_text) == (LONG, None)
    assert [finding.code for finding in third.findings] == ["W-CABLE-EMPTY"]
    assert first.raw_sha256 == sha256_hex(ROWS[0].rstrip("\n").encode())
    assert (first.fields["created"].value, first.fields["created"].precision) == ("2009-12-28T18:48", "minute")
    assert printed(first)["references"] == "08A1|08B2"
    for cable in found.cables:
        check_places(cable, payload)
    start = second.body.index("\\")
    first_byte, end = second.body_map.bytes_of(start, start + 1)
    assert payload[first_byte:end] == b"\\\\"


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64, 1_000])
def test_rows_are_the_same_in_pieces_of_any_size(piece: int) -> None:
    payload = "".join([ROWS[0], row(2, "09SAMPLETOWN2", LONG[:300]), ROWS[2]]).encode()
    assert table(payload, piece) == table(payload)


def test_rows_that_cannot_be_read_are_told_and_the_others_are_read() -> None:
    broken = '"4","12/28/2009 18:48","09SAMPLETOWN4"\n'
    cut = ROWS[0][:200]
    found = table(("\ufeff" + ROWS[0].replace("\n", "\r\n") + broken + 'garbage, "x\n' + ROWS[2] + cut).encode())
    assert [one.code if isinstance(one, Finding) else one.published_id for one in found] == [
        "09SAMPLETOWN1",
        "W-CABLE-ROW",
        "09SAMPLETOWN3",
        "W-CABLE-ROW",
    ]


def test_a_row_in_another_encoding_is_read_by_itself() -> None:
    latin = row(5, "09SAMPLETOWN5", "caf\u00e9").encode("windows-1252")
    one, other = table(ROWS[0].encode() + latin)
    assert isinstance(one, Extraction)
    assert isinstance(other, Extraction)
    assert (one.body, other.body) == (MESSAGE, "caf\u00e9")
