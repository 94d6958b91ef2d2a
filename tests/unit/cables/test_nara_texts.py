import pytest

from preserve.cables.page.fields import FieldValue
from tests.layout_pages import BODY, check_sums, codes, escaped, nara_text, printed, read

STAMPS = [
    "Margaret P. Grafeld Declassified/Released US Department of State EO Systematic Review 30 JUN 2005",
    "Margaret P. Grafeld Declassified/Released US Department of State EO Systematic Review 22 May 2009",
    "Sheryl P. Walter Declassified/Released US Department of State EO Systematic Review 20 Mar 2014",
    "Declassified/Released US Department of State EO Systematic Review 06 JUL 2006",
    "Margaret P. Grafeld\nDeclassified/Released\nUS Department of State\nEO Systematic Review\n05 JUL 2006",
    "  *** Current Handling Restrictions *** EXDIS, STADIS",
    "*** Current Classification *** LIMITED OFFICIAL USE",
    "<< END OF DOCUMENT >>",
]


@pytest.mark.parametrize("content_type", ["text/plain", None, "text/html"])
def test_a_whole_text(content_type: str | None) -> None:
    payload = nara_text()
    got = read("nara-aad", payload, content_type)
    assert got.published_id == "1975SAMPLE00012"
    assert got.title == "THE HARBOUR MASTER COUNTS HIS GULLS"
    assert got.header_text is None
    assert got.body == BODY
    assert got.fields == {
        "identifier": FieldValue(printed="1975SAMPLE00012"),
        "origin": FieldValue(printed="SAMPLETOWN"),
        "created": FieldValue(printed="05 JAN 1975", value="1975-01-05", precision="day"),
        "classification": FieldValue(printed="UNCLASSIFIED"),
        "current_classification": FieldValue(printed="UNCLASSIFIED"),
        "handling": FieldValue(printed="n/a"),
        "tags": FieldValue(printed="PREL, ZZ"),
        "locator": FieldValue(printed="TEXT ON-LINE"),
    }
    assert got.findings == ()
    check_sums(got, payload)


def test_places_lead_to_the_bytes() -> None:
    payload = nara_text()
    got = read("nara-aad", payload)
    start = got.body.index("2. (U) Post")
    first, end = got.body_map.bytes_of(start, start + 11)
    assert payload[first:end] == b"2. (U) Post"
    first, end = got.bytes_of_field("title")
    assert payload[first:end] == b"THE HARBOUR MASTER COUNTS\nHIS GULLS"


@pytest.mark.parametrize("stamp", STAMPS)
def test_lines_of_the_review_are_not_the_message(stamp: str) -> None:
    got = read("nara-aad", nara_text(body=f"{stamp}\n{BODY}\n\n{stamp}\n"))
    assert got.body == BODY
    between = read("nara-aad", nara_text(body=f"UNCLAS\n{stamp}\n1. Gulls."))
    assert between.body == "UNCLAS\n1. Gulls."


@pytest.mark.parametrize("end", ["NNN", "NNNN", "NNNNMAFVVZCZ"])
def test_end_marks_are_the_message(end: str) -> None:
    assert read("nara-aad", nara_text(body=f"UNCLAS\n{end}")).body == f"UNCLAS\n{end}"


def test_the_page_may_be_html() -> None:
    payload = f"<html><body><pre>{escaped(nara_text().decode())}</pre></body></html>".encode()
    got = read("nara-aad", payload)
    assert got.body == BODY
    assert printed(got) == printed(read("nara-aad", nara_text()))


def test_unknown_attributes_may_go_over_several_lines() -> None:
    lines = b"Concepts: GULLS, HARBOURS,\nCOUNTING\n"
    more = b"Concepts: GULLS,\nHARBOURS,\n\nSecure: OPEN\nExecutive Order: GS\nReference: 75 HERE 1,\n75 THERE 22\n"
    wanted = read("nara-aad", nara_text())
    got = read("nara-aad", nara_text().replace(lines, more))
    assert printed(got) == printed(wanted)
    assert got.body == BODY


def test_known_attributes_may_go_over_several_lines() -> None:
    got = read("nara-aad", nara_text().replace(b"TAGS: PREL, ZZ\n", b"TAGS: PREL, ZZ,\nSCUL,\n XX\n"))
    assert got.fields["tags"].printed == "PREL, ZZ, SCUL, XX"


def test_labels_in_the_message_are_the_message() -> None:
    body = "UNCLAS\nFrom: NOBODY\nTAGS: NONE\nDocument Number: 1975OTHER00001\nSubject: NOTHING"
    got = read("nara-aad", nara_text(body=body))
    assert got.body == body
    assert (got.published_id, got.fields["origin"].printed) == ("1975SAMPLE00012", "SAMPLETOWN")
    assert got.fields["tags"].printed == "PREL, ZZ"


def test_attributes_may_stand_before_the_text() -> None:
    text, attributes = nara_text().decode().split("Message Attributes\n")
    got = read("nara-aad", f"Message Attributes\n{attributes}{text}".encode())
    assert got.published_id == "1975SAMPLE00012"
    assert got.body == BODY


@pytest.mark.parametrize("locator", ["TEXT ON MICROFILM", "TEXT NOT AVAILABLE", "n/a"])
def test_a_record_whose_text_is_not_there(locator: str) -> None:
    got = read("nara-aad", nara_text(body="", around=False, locator=locator))
    assert (got.body, codes(got)) == ("", ["W-CABLE-EMPTY"])
    assert got.fields["locator"].printed == locator
    assert got.published_id == "1975SAMPLE00012"


def test_stamps_alone_are_no_text() -> None:
    assert codes(read("nara-aad", nara_text(body=""))) == ["W-CABLE-EMPTY"]
