import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.cables.page.fields import FieldValue
from tests.layout_pages import BODY, HEADER, NOTE, alx_text, check_sums, codes, read


def test_a_whole_text() -> None:
    payload = alx_text()
    got = read("alx-text", payload, "text/plain")
    assert got.published_id == got.canonical_id == "02SAMPLETOWN12"
    assert got.title == "THE HARBOUR MASTER COUNTS HIS GULLS"
    assert got.header_text == HEADER
    assert got.body == BODY
    assert got.fields == {
        "identifier": FieldValue(printed="02SAMPLETOWN12"),
        "created": FieldValue(printed="Fri Dec 20 00:00:00 +0100 2002", value="2002-12-20", precision="day"),
        "classification": FieldValue(printed="UNCLASSIFIED"),
        "origin": FieldValue(printed="Embassy Sampletown"),
        "date_time_group": FieldValue(
            printed="051233Z JAN 08", value="2008-01-05T12:33", precision="minute", source="header"
        ),
    }
    assert got.findings == ()
    check_sums(got, payload)


def test_midnight_of_another_zone_is_never_the_day_before() -> None:
    created = read("alx-text", alx_text(message="UNCLAS")).fields["created"]
    assert (created.value, created.precision) == ("2002-12-20", "day")
    later = alx_text().replace(b"00:00:00 +0100", b"23:59:59 -0500")
    assert read("alx-text", later).fields["created"].value == "2002-12-20"


@pytest.mark.parametrize(
    "message",
    [NOTE + BODY, f"\n{NOTE}{BODY}", NOTE.replace(" The", "\nThe") + BODY],
    ids=["run together", "behind an empty line", "in two lines"],
)
def test_the_partial_sentence_stands_in_place_of_the_header(message: str) -> None:
    got = read("alx-text", alx_text(message=message))
    assert got.body == BODY
    assert " ".join((got.header_text or "").split()) == NOTE
    assert got.fields["partial_note"] == FieldValue(printed=NOTE, source="header")


@pytest.mark.parametrize(
    "first",
    [
        "UNCLAS SAMPLETOWN 000012 ",
        "UNCLAS  SAMPLETOWN 000012 ",
        "UNCLASSIFIED SAMPLETOWN 000012 ",
        "UNCLAS SECTION 01 OF 02 SAMPLETOWN 000012 ",
        "UNCLAS E F T O SECTION 01 OF 02 SAMPLE TOWN 000012 ",
        "C O N F I D E N T I A L SAMPLETOWN 000012 ",
        "C O N F I D E N T I A L SECTION 01 OF 03 SAMPLETOWN 000012 ",
        "LIMITED OFFICIAL USE SAMPLETOWN 00012 ",
    ],
)
@pytest.mark.parametrize("between", ["", "\n", " \n \n"])
def test_header_and_text_are_told_apart(first: str, between: str) -> None:
    header, body = HEADER + between, f"{first}\n \nSIPDIS \n \n1. (U) Gulls."
    payload = alx_text(message=header + body)
    got = read("alx-text", payload)
    assert (got.header_text, got.body) == (header, body)
    start, end = got.body_map.bytes_of(0, len(first))
    assert payload[start:end] == first.encode()
    start, end = got.header_map.bytes_of(0, 12)
    assert payload[start:end] == b"VZCZCXYZ0000"


def test_no_text_is_no_header() -> None:
    got = read("alx-text", alx_text(message=BODY))
    assert (got.header_text, got.body) == (None, BODY)


@pytest.mark.parametrize("message", ["", "\n", " \n"])
def test_an_empty_body_is_told(message: str) -> None:
    got = read("alx-text", alx_text(message=message))
    assert got.body == message
    assert codes(got) == ["W-CABLE-EMPTY"]


def test_an_empty_title_is_none() -> None:
    got = read("alx-text", alx_text(title=""))
    assert got.title == ""
    assert got.fields["origin"].printed == "Embassy Sampletown"


def test_line_ends_of_another_system_stay_in_the_text() -> None:
    payload = alx_text(message=BODY).replace(b"\n", b"\r\n")
    got = read("alx-text", payload)
    assert got.body == BODY.replace("\n", "\r\n")
    assert got.comparison_sha256 == read("alx-text", alx_text(message=BODY)).comparison_sha256
    assert got.fields["classification"].printed == "UNCLASSIFIED"


def test_markup_in_a_text_is_text() -> None:
    body = "UNCLAS SAMPLETOWN 000012 \n1. <b>AT&amp;T</b> and <Israel>"
    assert read("alx-text", alx_text(message=body), "text/html").body == body


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_header_and_body_are_all_of_the_message(message: str) -> None:
    got = read("alx-text", alx_text(message=message), "text/plain; charset=utf-8")
    assert (got.header_text or "") + got.body == message
