"""Whatever a page holds, reading it gives a cable or none, the same each time, with every place in its bytes."""

import io
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preserve.cables.extract import Extraction, PageReading, plain_text, read_page, read_table
from preserve.model import sha256_hex
from preserve.provenance.describe import describe_cable
from preserve.provenance.statements import encode
from tests.examples import examples, pairs
from tests.growth import assert_linear
from tests.layout_pages import ALL, KEY, LAYOUTS, NOTE, a_page_of_each, check_places

PAGES = a_page_of_each()
CONTENT_TYPES = [
    None,
    "text/html",
    "text/plain",
    "text/html; charset=utf-8",
    "text/html; charset=windows-1252",
    "text/html; charset=utf-16",
    "text/html; charset=utf-16be",
    "x;charset=koi8-r",
]
WIDE = [
    *CONTENT_TYPES,
    "text/html; charset=shift_jis",
    "x;charset=iso-2022-jp",
    "x;charset=gb18030",
    "x;charset=euc-kr",
]
MARKUP = """
< > </ <!-- --> <pre> </pre> <code><pre> </pre></code> <br> <td> <tr> <table> </table> </div> <script> <Israel>
<![CDATA[ = &amp; &#x000A; &# &#xD800; " ' \\ \\" , ", "1","1/5/2008_12:33","08A1",
<div_class='pane_big'> <div_class='cable-body'> <div_id='tagged-text'> <table_class='cable'> <table_id='synopsis'>
<div_class='s_key'> <input_id='canonical_id-input'_value='
<title>Cable_not_found</title> <h3>Viewing_cable_1A2, TAGS:_X Identifier: UNCLAS_X_000012 Document_Number:_1975A1
"""
PIECES = [
    *(piece.replace("_", " ") for piece in MARKUP.split()),
    *("\u00b6", "\u20ac", "\U0001f426", "\x00", "\ufeff", "\r\n", "\r", "\n", " ", "x", NOTE, f"{KEY}\n"),
    *("Message Text\n", "Message Attributes\n", "Latest source of this page is x, released 2011-10-04"),
]
ENCODINGS = ["utf-8", "windows-1252", "utf-16", "utf-16-le", "utf-16-be", "shift_jis", "koi8-r", "gb18030"]


@st.composite
def changed(draw: st.DrawFn, page: bytes) -> bytes:
    """A page after some cuts, changes and insertions anywhere."""
    data = page
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        stop = min(len(data), place + draw(st.one_of(st.integers(0, 3), st.integers(0, 2_000))))
        put = draw(st.one_of(st.just(b""), st.binary(max_size=4), st.sampled_from(PIECES).map(str.encode)))
        data = data[:place] + put + data[stop:]
    return data


def check(payload: bytes, content_type: str | None) -> PageReading:
    reading = read_page(payload, content_type, ALL)
    again = read_page(payload, content_type, ALL)
    assert (reading.layout, reading.findings) == (again.layout, again.findings)
    assert [told(cable) for cable in reading.cables] == [told(cable) for cable in again.cables]
    assert reading.layout in {None, *LAYOUTS}
    for cable in reading.cables:
        check_cable(payload, cable)
        assert cable.layout == reading.layout
    plain = plain_text(payload, content_type)
    assert plain == plain_text(payload, content_type)
    assert plain.raw_sha256 == sha256_hex(payload)
    return reading


def told(cable: Extraction) -> list[object]:
    return [getattr(cable, one.name) for one in fields(cable) if one.compare]


def check_cable(payload: bytes, cable: Extraction) -> None:
    assert cable.published_id
    assert cable.body_sha256 == sha256_hex(cable.body.encode())
    encode(describe_cable("urn:uuid:1", None, cable))
    cable.message.paragraphs  # noqa: B018 - it is taken apart without an error
    for text, places in ((cable.body, cable.body_map), (cable.header_text or "", cable.header_map)):
        first, end = places.bytes_of(0, len(text))
        assert 0 <= first <= end <= len(payload)
    for name in cable.fields:
        first, end = cable.bytes_of_field(name)
        assert 0 <= first <= end <= len(payload)


@pytest.mark.one_in(2)
@settings(max_examples=examples(100))
@pytest.mark.parametrize("name", PAGES)
@given(data=st.data())
def test_a_damaged_page_gives_a_cable_or_none(name: str, data: st.DataObject) -> None:
    page = data.draw(changed(PAGES[name]))
    check(page, data.draw(st.sampled_from(WIDE)))


@pytest.mark.one_in(2)
@settings(max_examples=examples(50))
@pytest.mark.parametrize("name", PAGES)
@given(data=st.data())
def test_copied_runs_of_a_damaged_page_are_its_bytes(name: str, data: st.DataObject) -> None:
    page = data.draw(changed(PAGES[name]))
    # A table is taken apart before it is decoded: encodings in which a comma may be another byte are none of it.
    content_types = [None, "text/csv; charset=utf-8", "x;charset=koi8-r"] if name == "cables-csv" else CONTENT_TYPES
    for cable in read_page(page, data.draw(st.sampled_from(content_types)), ALL).cables:
        check_places(page, cable)


@settings(max_examples=examples(200))
@given(
    st.lists(st.sampled_from([*PIECES, *(page.decode("windows-1252") for page in PAGES.values())]), max_size=30).map(
        "".join
    ),
    st.sampled_from(ENCODINGS),
    st.sampled_from(WIDE),
)
def test_any_mixture_gives_a_cable_or_none(page: str, encoding: str, content_type: str | None) -> None:
    check(page.encode(encoding, "replace"), content_type)


@settings(max_examples=examples(100))
@given(st.binary(max_size=400), st.sampled_from(WIDE))
def test_bytes_without_the_texts_of_a_layout_are_no_cable(payload: bytes, content_type: str | None) -> None:
    assert check(payload, content_type).cables == ()


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", PAGES)
@given(data=st.data())
def test_a_page_that_no_layout_recognises_is_never_a_cable(name: str, data: st.DataObject) -> None:
    """No page holds the words that its layout asks for, or it begins in another way."""
    page = data.draw(changed(PAGES[name]))
    words = {word for layout in ALL for known in layout.recognise[:1] for word in known.words}
    for word in words:
        page = page.replace(word, b"?" * len(word))
    reading = check(b"? " + page, data.draw(st.sampled_from(CONTENT_TYPES)))
    assert reading.cables == ()
    assert {finding.code for finding in reading.findings} <= {"W-CABLE-ERROR-PAGE"}


@pytest.mark.parametrize("name", [name for name in PAGES if name != "cables-csv"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_every_encoding_gives_the_same_text(name: str, encoding: str) -> None:
    source = "windows-1252" if name == "cablegatesearch" else "utf-8"
    text = PAGES[name].decode(source).replace("windows-1252", encoding).replace("\u00b6", "")
    text = text.replace("encoding='utf-8'", "").replace("charset='utf-8'", "")
    (wanted,) = read_page(PAGES[name], None, ALL).cables
    (got,) = check(text.encode(encoding), None).cables
    assert (got.layout, got.published_id, got.fields) == (name, wanted.published_id, wanted.fields)
    assert got.body == wanted.body.replace("\u00b6", "")


@settings(max_examples=examples(100))
@given(data=st.data())
def test_a_table_of_any_bytes_gives_cables_and_findings(data: st.DataObject) -> None:
    table = data.draw(changed(PAGES["cables-csv"]))
    found = list(read_table(io.BytesIO(table).read, LAYOUTS["cables-csv"]))
    for one in found:
        if isinstance(one, Extraction):
            check_cable(table, one)
            check_places(table, one)
        else:
            assert one.code == "W-CABLE-ROW"


REPEATED = """
< <td> <b>From:</b> <pre> <div> <br> &amp; x <script> </div> <tr><td>
<table_id='synopsis'> <input_id='canonical_id-input'> <span_class='toggleHeader'> <div_class='cable-body'>
<div_class='s_key'>From:</div> <a_href='/tag/'>x</a> Viewing_cable_
Declassified/Released_US_Department_of_State_EO_Systematic_Review_ UNCLAS_X_ SECRET_A_A_A_A_A_A_A_A_A_A_A_A_A_
051233Z_JAN_08_ Latest_source_of_this_page_is_x Currently_released_so_far..._ "," <!--_-->_
"""
LINES = [
    "From:",
    "Message Text",
    "Message Attributes",
    "",
    " ",
    "TAGS: X",
    '"',
    KEY,
    KEY[:36],
    "*** Current Classification *** x",
]
HOSTILE = [
    *(piece.replace("_", " ") for piece in REPEATED.split()),
    *(f"{line}\n" for line in LINES),
    NOTE,
    "\r",
    "\u00b6",
]


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("name", "piece"), pairs(PAGES, HOSTILE))
def test_hostile_repetition_is_read_once(name: str, piece: str) -> None:
    page = PAGES[name]

    def read(size: int) -> None:
        for place in (0, page.find(b"SIPDIS"), len(page)):
            hostile = page[:place] + piece.encode() * size + page[place:]
            reading = read_page(hostile, None, ALL)
            for cable in reading.cables:
                check_cable(hostile, cable)

    assert_linear(read, 4_000)
