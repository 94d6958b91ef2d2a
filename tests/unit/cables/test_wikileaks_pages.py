from pathlib import Path

import pytest

from preserve.cables.extract import Extraction, extract
from preserve.cables.fields import FieldValue
from preserve.cables.layouts import Layout, compile_layouts
from preserve.config.folder import load_layouts

HEADER = "VZCZCXYZ0000&#x000A;DE RUEHZZ #0012 0051233&#x000A;R 051233Z JAN 08&#x000A;FM AMEMBASSY SAMPLETOWN"
BODY = (
    "UNCLAS SAMPLETOWN 000012 &#x000A;&#x000A;TAGS: <a href='/tag/PREL_0.html'>PREL</a> <a href='/tag/ZZ_0.html'>ZZ</a>"
    "&#x000A;SUBJECT: A MADE-UP MATTER &#x000A; &#x000A;<a id='par1' href='#par1'>¶</a>1. (U) It rained &amp; rained."
    "&#x000A;&#x000A;DOE"
)
BODY_TEXT = (
    "UNCLAS SAMPLETOWN 000012 \n\nTAGS: PREL ZZ\nSUBJECT: A MADE-UP MATTER \n \n¶1. (U) It rained & rained.\n\nDOE"
)
TABLE = """<table class='cable'>
<tr><th>Reference ID</th><th>Created</th><th>Released</th><th>Classification</th><th>Origin</th></tr>
<tr><td><a href='/x'>08SAMPLETOWN12</a></td><td><a>2008-01-05 12:12</a></td><td>2010-12-01 21:09</td>
<td><a title='secret'>UNCLASSIFIED</a></td><td>Embassy
 Sampletown</td></tr>
</table>"""


@pytest.fixture(scope="module")
def layout() -> Layout:
    return compile_layouts(load_layouts(Path(__file__).parents[3] / "config"))["wikileaks-cable"]


def page(
    *,
    header: str | None = HEADER,
    body: str | None = BODY,
    table: str = TABLE,
    heading: str = "08SAMPLETOWN12, A MATTER",
) -> bytes:
    boxes = "\n".join(f"<code><pre>{box}</pre></code>" for box in (header, body) if box is not None)
    return (
        "<?xml version='1.0' encoding='utf-8' ?>\n<html><head><title>Cable Viewer</title></head><body>"
        "<div class='main'><div class='pane small'><p>Currently released so far... 12 / 251,287</p></div>"
        f"<div class='big pane'><h3>Viewing cable {heading}</h3><div>help</div>{table}{boxes}</div></div>"
        "<code><pre>not this</pre></code></body></html>"
    ).encode()


def read(layout: Layout, payload: bytes) -> Extraction:
    extraction = extract(payload, "text/html", [layout])
    assert extraction is not None
    return extraction


def test_a_whole_page(layout: Layout) -> None:
    got = read(layout, page())
    assert got.published_id == got.canonical_id == "08SAMPLETOWN12"
    assert got.title == "A MATTER"
    assert got.body == BODY_TEXT
    assert got.header_text == HEADER.replace("&#x000A;", "\n")
    assert got.fields == {
        "identifier": FieldValue(printed="08SAMPLETOWN12"),
        "created": FieldValue(printed="2008-01-05 12:12", value="2008-01-05T12", precision="hour"),
        "released": FieldValue(printed="2010-12-01 21:09", value="2010-12-01T21", precision="hour"),
        "classification": FieldValue(printed="UNCLASSIFIED"),
        "origin": FieldValue(printed="Embassy Sampletown"),
        "counter": FieldValue(printed="12 / 251,287", value="12", source="sentence"),
        "tags": FieldValue(printed="PREL ZZ", source="body"),
        "date_time_group": FieldValue(
            printed="051233Z JAN 08", value="2008-01-05T12:33", precision="minute", source="header"
        ),
    }
    assert got.date_time_group == got.sent == got.fields["date_time_group"]
    assert got.findings == ()
    assert (got.layout, got.layout_version) == ("wikileaks-cable", 1)


def test_unescaped_text_is_kept_and_reported(layout: Layout) -> None:
    got = read(layout, page(body="UNCLAS &#x000A;to <Israel>, <br>&ED; AT&T </td> <!-- ! --> &lt;b&gt;"))
    assert got.body == "UNCLAS \nto <Israel>, <br>&ED; AT&T </td> <!-- ! --> <b>"
    assert [(finding.code, finding.detail) for finding in got.findings] == [
        ("I-CABLE-TAG", "4: <Israel>, <br>, </td>, <!--")
    ]


def test_the_header_box_may_hold_the_sentence(layout: Layout) -> None:
    sentence = (
        "This record is a partial extract of the original cable. The full text of the original cable is not available."
    )
    got = read(layout, page(header=sentence))
    assert got.fields["partial_note"] == FieldValue(printed=sentence, source="header")
    assert "partial_note" not in read(layout, page(body=sentence)).fields


@pytest.mark.parametrize("body", [None, "", " &#x000A; "])
def test_a_page_without_text(layout: Layout, body: str | None) -> None:
    got = read(layout, page(header=None, body=body))
    assert [finding.code for finding in got.findings] == ["W-CABLE-EMPTY"]
    assert got.header_text is None


def test_a_page_without_table_has_the_id_of_its_heading(layout: Layout) -> None:
    got = read(layout, page(table=""))
    assert got.published_id == "08SAMPLETOWN12"
    assert got.fields["identifier"].source == "sentence"
    assert [finding.code for finding in got.findings] == ["W-CABLE-NO-TABLE"]


def test_a_page_that_names_no_cable_is_none(layout: Layout) -> None:
    assert extract(page(table="", heading=", "), "text/html", [layout]) is None
    assert extract(b"<title>Cable Viewer</title>", "text/html", [layout]) is None


def test_labels_before_their_values(layout: Layout) -> None:
    table = (
        "<table class='cable'><tr><th>Reference ID:</th><td>08SAMPLETOWN12</td></tr>"
        "<tr><th>Origin</th><td>Embassy Sampletown<tr><th>Odd</th><td>1</td></table>"
    )
    got = read(layout, page(table=table))
    assert got.fields["origin"].printed == "Embassy Sampletown"


def test_the_title_may_be_empty_or_hold_commas(layout: Layout) -> None:
    assert read(layout, page(heading="08SAMPLETOWN12,")).title == ""
    assert read(layout, page(heading="08SAMPLETOWN12, A, B &amp; C")).title == "A, B & C"


def test_tag_links_are_all_links_to_tags_of_the_text(layout: Layout) -> None:
    assert read(layout, page()).fields["tags"] == FieldValue(printed="PREL ZZ", source="body")


def test_places_lead_to_the_bytes(layout: Layout) -> None:
    payload = page()
    got = read(layout, payload)
    start = got.body.index("rained & rained")
    first, end = got.body_map.bytes_of(start, start + 15)
    assert payload[first:end] == b"rained &amp; rained"
    mark = got.message.paragraphs[0].start
    first, end = got.body_map.bytes_of(mark, mark + 1)
    assert payload[first:end].decode() == "¶"


def test_a_cut_page_gives_what_is_there(layout: Layout) -> None:
    payload = page()
    whole = read(layout, payload).body
    cut = read(layout, payload[: payload.index(b"It rained") + 9])
    assert whole.startswith(cut.body)
    assert cut.body.endswith("It rained")
