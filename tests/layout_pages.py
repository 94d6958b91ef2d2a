"""Invented cables on pages of every layout that comes along, and what holds for whatever is read from any page."""

import html
from pathlib import Path

from preserve.cables.comparison import comparison_text
from preserve.cables.extract import Extraction, extract
from preserve.cables.page.layouts import Layout, compile_layouts
from preserve.cables.page.offsets import BodyMap
from preserve.config.folder import load_layouts
from preserve.formats.charset import decode_piece
from preserve.model import sha256_hex

LAYOUTS: dict[str, Layout] = compile_layouts(load_layouts(Path(__file__).parents[1] / "config"))
ALL: list[Layout] = list(LAYOUTS.values())

NOTE = "This record is a partial extract of the original cable. The full text of the original cable is not available."
KEY = (
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: Made-Up 1-0\n\nbm90IGEga2V5LCBidXQgaXQgbG9va3M=\n=abcd\n"
    "-----END PGP PUBLIC KEY BLOCK-----"
)
HEADER = (
    "VZCZCXYZ0000\nRR RUEHXX\nDE RUEHZZ #0012 0051233\nR 051233Z JAN 08\nFM AMEMBASSY SAMPLETOWN\nTO RUEHC/NOWHERE 0001"
)
BODY = (
    "UNCLAS SAMPLETOWN 000012 \n \nSIPDIS \n \nE.O. 12958: N/A \nTAGS: PREL, Fair Winds, ZZ \n"
    "SUBJECT: THE HARBOUR MASTER COUNTS HIS GULLS \n \n1. (U) The gulls of Sampletown were counted.  There are \n"
    "412 of them. \n \n2. (U) Post will count again & report. \n \nDOE \n \nNNNN"
)


def escaped(text: str) -> str:
    return html.escape(text, quote=False)


def read(name: str, payload: bytes, content_type: str | None = "text/html") -> Extraction:
    """The cable on a page, found among all layouts; its layout must be the one named."""
    got = extract(payload, content_type, ALL)
    assert got is not None
    assert got.layout == name
    check_places(payload, got)
    return got


def codes(got: Extraction) -> list[str]:
    return [finding.code for finding in got.findings]


def printed(got: Extraction) -> dict[str, str]:
    return {name: field.printed for name, field in got.fields.items()}


def check_sums(got: Extraction, raw: bytes) -> None:
    assert got.raw_sha256 == sha256_hex(raw)
    assert got.body_sha256 == sha256_hex(got.body.encode())
    assert got.comparison_sha256 == sha256_hex(comparison_text(got.body).text.encode())


def check_places(payload: bytes, got: Extraction) -> None:
    """Every place lies in the payload, in order, and copied runs of the text are the payload's own bytes."""
    for text, places in ((got.body, got.body_map), (got.header_text or "", got.header_map)):
        check_map(payload, text, places)
    for name in got.fields:
        first, end = got.bytes_of_field(name)
        assert 0 <= first <= end <= len(payload)


def check_map(payload: bytes, text: str, places: BodyMap) -> None:
    assert places.body == text
    spans = list(zip(places.byte_starts, places.byte_ends, strict=True))
    edges = [place for span in spans for place in span]
    assert edges == sorted(edges)
    assert not edges or (edges[0] >= 0 and edges[-1] <= len(payload))
    stops = [*places.starts[1:], len(text)]
    assert not text or places.starts[0] == 0
    for start, stop, (first, end), copied in zip(places.starts, stops, spans, places.copied, strict=False):
        if copied:
            assert decode_piece(payload[first:end], places.encoding) == text[start:stop]


def wikileaks_page(
    *,
    boxes: tuple[str, ...] | None = None,
    heading: str = "08SAMPLETOWN12, THE HARBOUR MASTER COUNTS HIS GULLS",
    created: str = "2008-01-05 12:12",
    released: str = "2010-12-01 21:09",
    rows: str = "",
    table: str | None = None,
    top: str = "<p>Currently released so far... 12 / 251,287</p>",
    before_boxes: str = "",
) -> bytes:
    if boxes is None:
        body = escaped(BODY).replace(",", "").replace("1. (U)", "<a id='par1' href='#par1'>¶</a>1. (U)")
        body = body.replace("PREL", "<a href='/tag/PREL_0.html'>PREL</a>")
        boxes = (HEADER.replace("\n", "&#x000A;"), body.replace("\n", "&#x000A;"))
    if table is None:
        table = (
            "<table class='cable'>\n<tr>\n<th>Reference ID</th>\n<th>Created</th>\n<th>Released</th>\n"
            "<th>Classification</th>\n<th>Origin</th>\n</tr>\n<tr>\n<td>\n<a href='/cable/2008/01/08SAMPLETOWN12.html' "
            f"title='08SAMPLETOWN12'>08SAMPLETOWN12</a>\n</td>\n<td>\n<a href='/date/2008-01_0.html'>{created}</a>\n"
            f"</td>\n<td>\n<a href='/reldate/2010-12-01_0.html'>{released}</a>\n</td>\n<td>\n"
            "<a href='/classification/1_0.html' title='unclassified//fouo'>UNCLASSIFIED</a>\n</td>\n<td>\n"
            f"<a href='/origin/70_0.html' title='embassy sampletown'>Embassy Sampletown</a>\n</td>\n</tr>\n"
            f"{rows}</table>"
        )
    shown = "\n".join(f"<code><pre>{box}</pre></code>" for box in boxes)
    return (
        "<?xml version='1.0' encoding='utf-8' ?>\n<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0 Transitional//EN' "
        "'http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd'>\n<html xmlns='http://www.w3.org/1999/xhtml'>\n"
        f"<head>\n<title>Cable Viewer</title>\n</head>\n<body>\n<div class='main'>\n<div class='pane small'>\n{top}\n"
        "<a href='/origin/70_0.html'>Embassy Sampletown</a>\n</div>\n<div class='pane big'>\n"
        f"<h3>Viewing cable {heading}</h3>\n<div id='help_1' style='display:none'>Reference ID: what it is</div>\n"
        f"<div id='help_2'>Origin: where from</div>\n{table}\n{before_boxes}{shown}\n</div>\n</div>\n</body>\n</html>\n"
    ).encode()


def plusd_page(*, title: str = "THE HARBOUR MASTER COUNTS HIS GULLS", body: str = BODY, table: bool = True) -> bytes:
    said = {
        "Canonical ID:": "08SAMPLETOWN12_a",
        "From:": "<a href='/plusd/?qfrom=x'>Sampletown</a>",
        "Date:": "2008 January 5, 12:33 (Saturday)",
        "TAGS:": "<a href='#'>PREL - Political Affairs</a> | <a href='#'>ZZ - Nowhere (Mainland)</a>",
        "Original Classification:": "UNCLASSIFIED",
        "Current Classification:": "UNCLASSIFIED",
        "Handling Restrictions:": "-- N/A or Blank --",
        "Executive Order:": "-- Not Assigned --",
        "Locator:": "TEXT ON MICROFILM,TEXT ONLINE",
        "Enclosure:": "-- N/A or Blank --",
    }
    cells = "".join(
        f"<tr><td>\n<div class='s_key'>{key}</div>\n<div class='s_val'>{value}</div>\n</td></tr>\n"
        for key, value in said.items()
    )
    synopsis = f"<table id='synopsis'>\n<tr><td colspan='2'>{title}</td></tr>\n{cells}</table>\n" if table else ""
    return (
        "<!DOCTYPE html><html><head><meta charset='utf-8'><title>Cable: 08SAMPLETOWN12_a</title>"
        "<style>.s_key {color: black}</style></head><body>"
        "<div id='nav'>synopsis, s_key, Canonical ID: see the help</div>\n"
        f"{synopsis}<div id='tagged-text'><pre>{escaped(body)}</pre></div>\n"
        "<div id='footer'>Use of this page</div></body></html>\n"
    ).encode()


def cablegatesearch_page(*, header: str = HEADER, body: str = BODY, table: bool = True) -> bytes:
    summary = (
        "<table id='cable-summary'>\n<tr><th>Reference id</th><td><input id='canonical_id-input' type='text' "
        "value='08SAMPLETOWN12' readonly></td></tr>\n<tr><th>Subject</th><td>THE HARBOUR MASTER\u2019S GULLS</td>"
        "</tr>\n"
        "<tr><th>Origin</th><td><a href='search.php?q=x'>Embassy Sampletown</a></td></tr>\n"
        "<tr><th>Cable time</th><td>Sat, 5 Jan 2008 12:33 UTC</td></tr>\n"
        "<tr><th>Classification</th><td class='cl-u'>UNCLASSIFIED</td></tr>\n"
        "<tr><th>Source</th><td><a href='http://pages.example/08SAMPLETOWN12.html'>pages.example</a></td></tr>\n"
        "<tr><th>History</th><td>First published on Thu, 1 Sep 2011 23:24 UTC</td></tr>\n"
        "<tr><th>Media</th><td>None</td></tr>\n<tr><th>Comments</th><td>None</td></tr>\n</table>\n"
    )
    no_table = (
        "<p>cable-summary of Reference id and Cable time: none</p>"
        "<input id='canonical_id-input' value='08SAMPLETOWN12'>"
    )
    return (
        "<html><head><meta http-equiv='Content-Type' content='text/html; charset=windows-1252'>"
        "<title>Cable reference id: #08SAMPLETOWN12</title></head><body>\n"
        f"{summary if table else no_table}<div class='cable-content'>\n"
        "<span class='toggleHeader'>Hide header</span>\n"
        f"<div id='cable-header'>{escaped(header).replace(chr(10), '<br>')}</div>\n"
        f"<div class='cable-body'>{escaped(body).replace(chr(10), '<br>')}</div>\n</div>\n<p>About</p></body></html>"
    ).encode("windows-1252")


def nara_text(*, body: str = BODY, locator: str = "TEXT ON-LINE", around: bool = True) -> bytes:
    stamp = "Margaret P. Grafeld Declassified/Released US Department of State EO Systematic Review 04 MAY 2006\n"
    marks = "*** Current Handling Restrictions *** n/a\n*** Current Classification *** UNCLASSIFIED\n"
    text = f"{stamp}{body}\n{stamp}{marks}"
    return (
        f"Message Text\n\n{text if around else body}\nMessage Attributes\n\n"
        "Automatic Decaptioning: X\nCapture Date: 01 JAN 1994\nChannel Indicators: n/a\n"
        "Current Classification: UNCLASSIFIED\nConcepts: GULLS, HARBOURS,\nCOUNTING\nDocument Number: 1975SAMPLE00012\n"
        "Draft Date: 05 JAN 1975\nDrafter: n/a\nFilm Number: D750001-0001\nFrom: SAMPLETOWN\n"
        f"Legacy Key: link1975/newtext/x.tel\nLine Count: '17'\nLocator: {locator}\n"
        "Office: ACTION NOBODY\nOriginal Classification: UNCLASSIFIED\nOriginal Handling Restrictions: n/a\n"
        "Subject: THE HARBOUR MASTER COUNTS\nHIS GULLS\nTAGS: PREL, ZZ\nTo: NOWHERE\nType: TE\n"
    ).encode()


def alx_text(*, title: str = "THE HARBOUR MASTER COUNTS HIS GULLS", message: str = HEADER + BODY) -> bytes:
    return (
        f"02SAMPLETOWN12\n{title}\nFri Dec 20 00:00:00 +0100 2002\nUNCLASSIFIED\nEmbassy Sampletown\n{message}".encode()
    )


def csv_field(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def csv_row(number: int = 1, *, identifier: str = "08SAMPLETOWN12", header: str = HEADER, body: str = BODY) -> str:
    fields = (str(number), "1/5/2008 12:33", identifier, "Embassy Sampletown", "UNCLASSIFIED", "07HERE1|06THERE22")
    return ",".join(csv_field(text) for text in (*fields, header, body))


def mrkva_page() -> bytes:
    return (
        "<!DOCTYPE html><html><head><title>x</title></head><body><h1>THE HARBOUR MASTER COUNTS HIS GULLS</h1><table>"
        "<tr><td>Identifier:</td><td>08SAMPLETOWN12</td></tr><tr><td>Origin:</td><td>Embassy Sampletown</td></tr>"
        "<tr><td>Created:</td><td>2008-01-05 12:33:00</td></tr><tr><td>Classification:</td><td>UNCLASSIFIED</td></tr>"
        f"<tr><td>Tags:</td><td>PREL ZZ</td></tr></table><p>{NOTE}</p><pre>{escaped(BODY)}</pre>"
        "<p>Latest source of this page is samplebrowser-1, released 2011-10-04</p></body></html>"
    ).encode()


def a_page_of_each() -> dict[str, bytes]:
    """A page of every layout, by the layout's name."""
    return {
        "alx-text": alx_text(),
        "cablegatesearch": cablegatesearch_page(),
        "cables-csv": "\n".join(csv_row(number) for number in (1, 2, 3)).encode(),
        "mrkva": mrkva_page(),
        "nara-aad": nara_text(),
        "plusd": plusd_page(),
        "wikileaks-cable": wikileaks_page(),
    }
