from dataclasses import dataclass, field
from pathlib import Path

import pytest

from preserve.cables.extract import Extraction, extract, read_page
from preserve.cables.page.fields import FieldValue
from preserve.cables.page.layouts import Layout, compile_layouts
from preserve.config.folder import load_layouts
from tests.layout_pages import ALL, KEY, NOTE, check_sums, codes, wikileaks_page
from tests.layout_pages import HEADER as HEADER_TEXT
from tests.layout_pages import read as found

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


def boxes(header: str, body: str) -> tuple[str, str]:
    return header.replace("\n", "&#x000A;"), body.replace("\n", "&#x000A;")


KEY_IN_SOURCE = KEY.replace("\n", "&#x000A;")
ARTICLES = (
    "<tr>\n<th colspan='5'>Appears in these articles:</th>\n</tr>\n<tr>\n<td colspan='5'>\n"
    "<a href='http://press.example/gulls'>http://press.example/gulls</a>\n</td>\n</tr>\n"
)


@dataclass(frozen=True, kw_only=True)
class Trap:
    """What is odd about a page, and what is read from it all the same; None where nothing is asked."""

    page: bytes
    fields: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    title: str | None = None
    body: str | None = None
    header: str | None = None
    codes: list[str] = field(default_factory=list)


TRAPS = {
    "the minutes are the hour again, on a clock of twelve hours": Trap(
        page=wikileaks_page(created="2008-01-05 18:06", released="2010-12-01 00:12"),
        fields={"created": ("2008-01-05 18:06", "2008-01-05T18"), "released": ("2010-12-01 00:12", "2010-12-01T00")},
    ),
    "the minutes are nought": Trap(
        page=wikileaks_page(created="2008-01-05 14:00", released="2010-12-01 01:00"),
        fields={"created": ("2008-01-05 14:00", "2008-01-05T14"), "released": ("2010-12-01 01:00", "2010-12-01T01")},
    ),
    "the title attribute names another class": Trap(
        page=wikileaks_page(), fields={"classification": ("UNCLASSIFIED", None)}
    ),
    "a tag of two words is two links": Trap(
        page=wikileaks_page(
            boxes=boxes("x", "TAGS: <a href='/tag/FAIR_0.html'>Fair</a> <a href='/tag/WINDS_0.html'>Winds</a> ZZ\nNO")
        ),
        fields={"tags": ("Fair Winds", None)},
        body="TAGS: Fair Winds ZZ\nNO",
    ),
    "a place in angle brackets": Trap(
        page=wikileaks_page(boxes=boxes("x", "to <Israel> and <Sampletown>")),
        body="to <Israel> and <Sampletown>",
        codes=["I-CABLE-TAG"],
    ),
    "an ampersand that nobody escaped": Trap(
        page=wikileaks_page(boxes=boxes("x", "R&D, &ED; and AT&T &amp; Q&A")), body="R&D, &ED; and AT&T & Q&A"
    ),
    "a line break in a message": Trap(
        page=wikileaks_page(boxes=boxes("x", "one <br>two<br/>")), body="one <br>two<br/>", codes=["I-CABLE-TAG"]
    ),
    "the end of a cell in a message": Trap(
        page=wikileaks_page(boxes=boxes("x", "one </td>two")), body="one </td>two", codes=["I-CABLE-TAG"]
    ),
    "the end of a division in a message": Trap(
        page=wikileaks_page(boxes=boxes("x", "one </div></div>two")), body="one </div></div>two", codes=["I-CABLE-TAG"]
    ),
    "the end of a table in a header": Trap(
        page=wikileaks_page(boxes=boxes("x</table></div>", "UNCLAS")), header="x</table></div>", body="UNCLAS"
    ),
    "a comment that never ends in a message": Trap(
        page=wikileaks_page(boxes=boxes("x", "one <!-- two")), body="one <!-- two", codes=["I-CABLE-TAG"]
    ),
    "a script in a message": Trap(
        page=wikileaks_page(boxes=boxes("x", "one <script> two")), body="one <script> two", codes=["I-CABLE-TAG"]
    ),
    "the partial sentence in the first box": Trap(
        page=wikileaks_page(boxes=boxes(NOTE, "UNCLAS")),
        fields={"partial_note": (NOTE, None)},
        header=NOTE,
        body="UNCLAS",
    ),
    "an empty title": Trap(page=wikileaks_page(heading="08SAMPLETOWN12, "), title=""),
    "a title without a comma before it": Trap(page=wikileaks_page(heading="08SAMPLETOWN12"), title=""),
    "a title of the first line of the subject": Trap(
        page=wikileaks_page(
            boxes=boxes("x", "SUBJECT: THE HARBOUR MASTER COUNTS\nHIS GULLS"),
            heading="08SAMPLETOWN12, THE HARBOUR MASTER COUNTS",
        ),
        title="THE HARBOUR MASTER COUNTS",
        body="SUBJECT: THE HARBOUR MASTER COUNTS\nHIS GULLS",
    ),
    "a title that lost a bracket": Trap(
        page=wikileaks_page(heading="08SAMPLETOWN12, GULLS) OF THE HARBOUR (2"), title="GULLS) OF THE HARBOUR (2"
    ),
    "a row of articles": Trap(
        page=wikileaks_page(rows=ARTICLES),
        fields={"origin": ("Embassy Sampletown", None), "identifier": ("08SAMPLETOWN12", None)},
    ),
    "a mark at every paragraph": Trap(
        page=wikileaks_page(
            boxes=boxes("x", "<a id='par1' href='#par1'>¶</a>1. Gulls.\n<a id='par2' href='#par2'>¶</a>2. More.")
        ),
        body="¶1. Gulls.\n¶2. More.",
    ),
    "line ends that are references": Trap(
        page=wikileaks_page(boxes=("x", "1 &#x000A;&#x000A;2&#x000A;")), body="1 \n\n2\n"
    ),
    "a later page without counter, its key at the top": Trap(
        page=wikileaks_page(top=f"<pre>{KEY}</pre><p>Text search the cables at cablegatesearch.example</p>"),
        header=HEADER_TEXT,
    ),
    "the key in a box in front of both": Trap(
        page=wikileaks_page(boxes=(KEY_IN_SOURCE, "VZCZ", "UNCLAS&#x000A;")), header="VZCZ", body="UNCLAS\n"
    ),
    "the key in front of both, in a box without code": Trap(
        page=wikileaks_page(before_boxes=f"<pre>{KEY}</pre>", boxes=("VZCZ", "UNCLAS")), header="VZCZ", body="UNCLAS"
    ),
    "the key at the top of the text": Trap(
        page=wikileaks_page(boxes=("VZCZ", f"{KEY_IN_SOURCE}&#x000A;&#x000A;UNCLAS &#x000A;X&#x000A;")),
        header="VZCZ",
        body="UNCLAS \nX\n",
    ),
    "only one box": Trap(page=wikileaks_page(boxes=("UNCLAS",)), body="UNCLAS"),
    "no box": Trap(page=wikileaks_page(boxes=()), body="", codes=["W-CABLE-EMPTY"]),
    "an empty second box": Trap(
        page=wikileaks_page(boxes=("VZCZ", "")), header="VZCZ", body="", codes=["W-CABLE-EMPTY"]
    ),
    "no table": Trap(
        page=wikileaks_page(table=""),
        fields={"identifier": ("08SAMPLETOWN12", None), "counter": ("12 / 251,287", "12")},
        title="THE HARBOUR MASTER COUNTS HIS GULLS",
        codes=["W-CABLE-NO-TABLE"],
    ),
}


@pytest.mark.parametrize("name", TRAPS)
def test_traps(name: str) -> None:
    trap = TRAPS[name]
    got = found("wikileaks-cable", trap.page)
    assert got.published_id == "08SAMPLETOWN12"
    for key, (said, value) in trap.fields.items():
        assert (got.fields[key].printed, got.fields[key].value) == (said, value)
    assert trap.title is None or got.title == trap.title
    assert trap.body is None or got.body == trap.body
    assert trap.header is None or got.header_text == trap.header
    assert codes(got) == trap.codes
    assert KEY not in got.body + (got.header_text or "")


def test_what_a_trap_does_not_have_is_no_field() -> None:
    assert "counter" not in found("wikileaks-cable", wikileaks_page(top="")).fields
    assert found("wikileaks-cable", wikileaks_page(boxes=("UNCLAS",))).header_text is None
    assert "tags" not in found("wikileaks-cable", wikileaks_page(boxes=("x", "TAGS: PREL"))).fields


def test_the_time_of_a_header_gives_the_minutes_that_the_field_lacks() -> None:
    got = found("wikileaks-cable", wikileaks_page(created="2008-01-05 12:12"))
    assert got.sent is not None
    assert (got.sent.printed, got.sent.value) == ("051233Z JAN 08", "2008-01-05T12:33")
    other = found("wikileaks-cable", wikileaks_page(created="2008-01-06 12:12"))
    assert other.sent == other.fields["created"]


def test_the_xml_declaration_gives_the_encoding() -> None:
    page = wikileaks_page(boxes=("x", "caf\u00e9")).decode().replace("utf-8", "iso-8859-1").encode("latin-1")
    got = found("wikileaks-cable", page, "text/html")
    assert got.body == "caf\u00e9"
    start, end = got.body_map.bytes_of(3, 4)
    assert page[start:end] == b"\xe9"


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (wikileaks_page(heading=",", table=""), ["W-CABLE-UNREADABLE"]),
        (b"<html><head><title>Cable Viewer</title></head><body><h1>404 Not found</h1></body></html>", []),
    ],
    ids=["the heading names no cable", "an error page"],
)
def test_pages_without_a_cable(page: bytes, told: list[str]) -> None:
    reading = read_page(page, "text/html", ALL)
    assert reading.cables == ()
    assert [finding.code for finding in reading.findings] == told


VARIANTS = {
    "the message as it was sent": "UNCLAS SECTION 01 OF 02 SAMPLETOWN 000123 \n \nSIPDIS \n \n1. Gulls.",
    "a newspaper's time first": "Friday, 08 May 2009, 15:04\nUNCLAS SAMPLETOWN 000123\nEO 12958 N/A\nTAGS PREL, ZZ\n1.",
    "a record with labels": (
        "id: 144459\ndate: 3/5/2008 21:06\nrefid: 08SAMPLETOWN12\norigin: Embassy Sampletown\n"
        "classification: UNCLASSIFIED\n"
        "destination: 08ELSEWHERE9\nheader:\nVZCZCXYZ0000\n\n----------------- header ends ----------------\n\nUNCLAS"
    ),
    "a row of the dump": (
        '242660,1/6/2010 17:47,08SAMPLETOWN12,"Embassy Sampletown",UNCLASSIFIED,10HERE9,"VZCZ\nRR","UNCLAS \\"x\\""'
    ),
    "a row of tabs and backslashes": "2007-12-17 16:51:00\t08SAMPLETOWN12\tEmbassy Sampletown\tUNCLAS\\\nGulls.\\\n",
    "the first line breaks lost": "Cable dated:2009-11-23T14:44:00UNCLAS SECTION 01 OF 04 SAMPLETOWN 000123SENSITIVE\n",
    "sentence case": "Unclas sampletown 000123\nSipdis / Sensitive\nE.o. 12958: n/a\nTags: prel, zz\nSubject: gulls",
    "another id": "UNCLAS SECTION 01 OF 02 OTHERTOWN 000999\n\nRef: a. Elsewhere 12\n",
    "the page's own labels": "Reference ID: 09OTHER1\nOrigin: Elsewhere\nViewing cable 09OTHER1, X\n",
}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_body_is_the_second_box_whatever_stands_in_it(name: str) -> None:
    got = found("wikileaks-cable", wikileaks_page(boxes=boxes("VZCZ", VARIANTS[name])))
    assert got.body == VARIANTS[name]
    assert (got.published_id, got.fields["origin"].printed) == ("08SAMPLETOWN12", "Embassy Sampletown")
    assert codes(got) == []
    check_sums(got, wikileaks_page(boxes=boxes("VZCZ", VARIANTS[name])))
    got.message  # noqa: B018 - it is taken apart without an error


@pytest.mark.parametrize("hiding", ["<div hidden>{}</div>", "<div style='display:none'>{}</div>"])
def test_a_text_in_a_hidden_element_that_the_layout_selects_is_told(layout: Layout, hiding: str) -> None:
    plain = page().decode()
    start, end = plain.index("<code>"), plain.index("</div></div>")
    got = read(layout, (plain[:start] + hiding.format(plain[start:end]) + plain[end:]).encode())
    assert got.body == BODY_TEXT
    assert got.hidden_until_opened
    assert "I-CABLE-OPENED" in codes(got)
    assert not read(layout, page()).hidden_until_opened


@pytest.mark.parametrize(
    "markup",
    [
        "<a hidden>THE SECRET</a>",
        "<span style='display:none'>THE <b>SECRET</b></span>",
        "<my-own hidden>THE SECRET</my-own>",
        "<template>THE SECRET</template>",
    ],
)
def test_what_is_hidden_within_a_box_is_left_out_whatever_its_tag(layout: Layout, markup: str) -> None:
    got = read(layout, page(body=BODY.replace("It rained", f"{markup}It rained")))
    assert got.body == BODY_TEXT
    assert [each.detail for each in got.findings if each.code == "I-CABLE-HIDDEN"] == [
        "9 characters; elements that hide what is in them: 1"
    ]
    start = got.body.index("It rained")
    begin, end = got.body_map.bytes_of(start, start + 9)
    assert page(body=BODY.replace("It rained", f"{markup}It rained"))[begin:end] == b"It rained"


def test_a_claim_in_a_hidden_element_is_none(layout: Layout) -> None:
    plain = page(body=None).decode()
    hidden = plain.replace("<div>help</div>", "<div hidden>NO SUCH SOURCE</div>")
    assert read(layout, hidden.encode()).fields == read(layout, plain.encode()).fields
