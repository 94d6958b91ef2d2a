import pytest

from preserve.cables.extract import read_page
from preserve.cables.page.fields import FieldValue
from tests.layout_pages import ALL, BODY, HEADER, cablegatesearch_page, check_sums, codes, read


def test_a_whole_page() -> None:
    payload = cablegatesearch_page()
    got = read("cablegatesearch", payload)
    assert got.published_id == got.canonical_id == "08SAMPLETOWN12"
    assert got.title == "THE HARBOUR MASTER\u2019S GULLS"
    assert got.header_text == HEADER
    assert got.body == BODY
    assert got.fields == {
        "identifier": FieldValue(printed="08SAMPLETOWN12"),
        "origin": FieldValue(printed="Embassy Sampletown"),
        "created": FieldValue(printed="Sat, 5 Jan 2008 12:33 UTC", value="2008-01-05T12:33", precision="minute"),
        "classification": FieldValue(printed="UNCLASSIFIED"),
        "history": FieldValue(printed="First published on Thu, 1 Sep 2011 23:24 UTC"),
        "date_time_group": FieldValue(
            printed="051233Z JAN 08", value="2008-01-05T12:33", precision="minute", source="header"
        ),
    }
    assert got.findings == ()
    check_sums(got, payload)


def test_one_byte_of_windows_1252_is_one_character() -> None:
    body = "UNCLAS \n1. The \u201cgulls\u201d cost \u20ac 5 \u2013 `each`; caf\u00e9.\n2. More."
    payload = cablegatesearch_page(body=body)
    got = read("cablegatesearch", payload)
    assert got.body == body
    bytes_of = {"\u201cgulls\u201d": b"\x93gulls\x94", "\u20ac 5 \u2013": b"\x80 5 \x96", "`each`": b"`each`"}
    for said, written in bytes_of.items():
        start = body.index(said)
        first, end = got.body_map.bytes_of(start, start + len(said))
        assert payload[first:end] == written
    start = body.index("2. More.")
    first, end = got.body_map.bytes_of(start, start + 8)
    assert payload[first:end] == b"2. More."
    utf8 = read("cablegatesearch", payload.decode("windows-1252").replace("windows-1252", "utf-8").encode())
    assert utf8.raw_sha256 != got.raw_sha256
    assert (utf8.body_sha256, utf8.comparison_sha256) == (got.body_sha256, got.comparison_sha256)


def test_the_http_field_names_the_encoding_before_the_page() -> None:
    payload = cablegatesearch_page(body="caf\u00e9")
    assert read("cablegatesearch", payload, "text/html; charset=windows-1251").body == "caf\u0439"


@pytest.mark.parametrize("place", ["<div id='cable-header'>", "<div class='cable-body'>"])
def test_the_switch_of_the_header_is_not_the_message(place: str) -> None:
    switch = "<span class='toggleHeader'>Hide header</span>"
    page = cablegatesearch_page().decode("windows-1252").replace(switch, "").replace(place, place + switch + "<br>")
    got = read("cablegatesearch", page.encode("windows-1252"))
    assert got.body == BODY
    assert got.header_text == HEADER


def test_the_other_form_of_the_page() -> None:
    page = cablegatesearch_page().replace(b"<div class='cable-body'>", b"<div id='cable-body'>")
    assert read("cablegatesearch", page).body == BODY


def test_labels_in_a_row_above_their_values() -> None:
    page = cablegatesearch_page().decode("windows-1252")
    start, end = page.index("<tr>"), page.index("</table>")
    rows = (
        "<tr><th>Reference id</th><th>Cable time</th><th>Origin</th></tr>"
        "<tr><td><input id='canonical_id-input' value='08SAMPLETOWN12'></td><td>Sat, 5 Jan 2008 12:33 UTC</td>"
        "<td>Embassy Sampletown</td></tr>"
    )
    got = read("cablegatesearch", (page[:start] + rows + page[end:]).encode("windows-1252"))
    assert got.published_id == "08SAMPLETOWN12"
    assert got.fields["created"].value == "2008-01-05T12:33"
    assert got.fields["origin"].printed == "Embassy Sampletown"


def test_the_sites_own_error_page_is_told() -> None:
    page = b"<html><head><title>Cable not found</title></head><body><p>There is no such cable.</p></body></html>"
    reading = read_page(page, "text/html", ALL)
    assert (reading.layout, reading.cables) == ("cablegatesearch", ())
    assert [finding.code for finding in reading.findings] == ["W-CABLE-ERROR-PAGE"]


def test_an_empty_body_is_told() -> None:
    got = read("cablegatesearch", cablegatesearch_page(body=""))
    assert (got.body, codes(got)) == ("", ["W-CABLE-EMPTY"])
    assert got.header_text == HEADER


def test_a_page_without_table_has_the_identifier_of_its_input() -> None:
    got = read("cablegatesearch", cablegatesearch_page(table=False))
    assert got.published_id == "08SAMPLETOWN12"
    assert codes(got) == ["W-CABLE-NO-TABLE"]
    assert got.body == BODY
