import pytest

from preserve.cables.extract import read_page
from preserve.cables.page.fields import FieldValue
from tests.growth import assert_linear
from tests.layout_pages import ALL, BODY, KEY, check_sums, codes, plusd_page, read

STAMP = "Margaret P. Grafeld Declassified/Released US Department of State EO Systematic Review 05 JUL 2006"


def test_a_whole_page() -> None:
    payload = plusd_page()
    got = read("plusd", payload)
    assert got.published_id == "08SAMPLETOWN12_a"
    assert got.title == "THE HARBOUR MASTER COUNTS HIS GULLS"
    assert got.header_text is None
    assert got.body == BODY
    assert got.fields == {
        "identifier": FieldValue(printed="08SAMPLETOWN12_a"),
        "origin": FieldValue(printed="Sampletown"),
        "created": FieldValue(printed="2008 January 5, 12:33 (Saturday)", value="2008-01-05T12:33", precision="minute"),
        "tags": FieldValue(printed="PREL - Political Affairs | ZZ - Nowhere (Mainland)"),
        "classification": FieldValue(printed="UNCLASSIFIED"),
        "current_classification": FieldValue(printed="UNCLASSIFIED"),
        "handling": FieldValue(printed="-- N/A or Blank --"),
        "locator": FieldValue(printed="TEXT ON MICROFILM,TEXT ONLINE"),
    }
    assert got.findings == ()
    check_sums(got, payload)


def test_places_lead_to_the_bytes() -> None:
    payload = plusd_page()
    got = read("plusd", payload)
    start = got.body.index("again & report")
    first, end = got.body_map.bytes_of(start, start + 14)
    assert payload[first:end] == b"again &amp; report"
    first, end = got.bytes_of_field("created")
    assert payload[first:end] == b"2008 January 5, 12:33 (Saturday)"


@pytest.mark.parametrize(
    "body",
    [
        f"{STAMP}\n{BODY}\n{STAMP}",
        f"{STAMP}\n\n{BODY}\n\n{STAMP}\n",
        f"{KEY}\n{BODY}",
        f"\n{BODY}\n\n{STAMP.replace('Margaret P. Grafeld', 'Sheryl P. Walter')}\n",
        BODY + "\n" + STAMP.replace(" ", "\n", 3),
    ],
    ids=["stamps", "stamps and empty lines", "a key", "another name", "a stamp over several lines"],
)
def test_what_the_review_and_the_site_added_is_not_the_message(body: str) -> None:
    got = read("plusd", plusd_page(body=body))
    assert got.body == BODY
    assert got.body_sha256 == read("plusd", plusd_page()).body_sha256


def test_a_stamp_inside_a_sentence_is_the_message() -> None:
    body = f"1. The words {STAMP} were read aloud."
    assert read("plusd", plusd_page(body=body)).body == body


@pytest.mark.parametrize("marks", ["<pre class='text'>{}</pre>", "<div class='text'>{}</div>", "<pre>{}</pre>"])
def test_other_elements_of_the_text(marks: str) -> None:
    page = plusd_page().decode()
    start, end = page.index("<div id='tagged-text'>"), page.index("<div id='footer'>")
    got = read("plusd", (page[:start] + marks.format("UNCLAS \n1. Gulls.") + page[end:]).encode())
    assert got.body == "UNCLAS \n1. Gulls."


def test_an_empty_title_is_not_the_next_row() -> None:
    assert read("plusd", plusd_page(title="")).title == ""


def test_an_empty_body_is_told() -> None:
    got = read("plusd", plusd_page(body=""))
    assert (got.body, codes(got)) == ("", ["W-CABLE-EMPTY"])


def test_a_page_without_table_names_no_cable() -> None:
    reading = read_page(plusd_page(table=False), "text/html", ALL)
    assert (reading.layout, reading.cables) == ("plusd", ())
    assert [finding.code for finding in reading.findings] == ["W-CABLE-UNREADABLE"]


def test_midnight_is_no_time() -> None:
    payload = plusd_page().replace(b"2008 January 5, 12:33 (Saturday)", b"1975 January 5, 00:00 (Sunday)")
    created = read("plusd", payload).fields["created"]
    assert (created.value, created.precision) == ("1975-01-05", "day")


@pytest.mark.parametrize("identifier", ["1975SAMPLE00012_b", "1977SAMPLE00012_c", "1973ECSAM05221", "08SAMPLETOWN12"])
def test_the_identifier_is_kept_as_it_is_printed(identifier: str) -> None:
    payload = plusd_page().replace(b"'s_val'>08SAMPLETOWN12_a<", f"'s_val'>{identifier}<".encode())
    assert read("plusd", payload).published_id == identifier


def test_a_hostile_run_of_keys_is_read_in_linear_time() -> None:
    def read_keys(size: int) -> None:
        body = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n" * size
        assert read("plusd", plusd_page(body=body)).body == body.rstrip("\n")

    assert_linear(read_keys, 10_000)


def without_colons(*keys: str) -> bytes:
    payload = plusd_page()
    for key in keys:
        payload = payload.replace(f"{key}:</div>".encode(), f"{key}</div>".encode())
    return payload


@pytest.mark.parametrize(
    "keys",
    [
        ("Canonical ID", "From", "Date", "TAGS", "Original Classification", "Handling Restrictions", "Locator"),
        ("Executive Order", "Enclosure"),
        ("From", "Executive Order"),
        ("Canonical ID",),
    ],
    ids=["known ones", "unknown ones", "some", "the identifier"],
)
def test_keys_without_colon_end_the_value_before_them(keys: tuple[str, ...]) -> None:
    got = read("plusd", without_colons(*keys))
    assert got.fields == read("plusd", plusd_page()).fields


def test_a_key_without_value_takes_none_of_the_next_cell() -> None:
    payload = without_colons("From", "Date").replace(b"<a href='/plusd/?qfrom=x'>Sampletown</a>", b"")
    got = read("plusd", payload)
    assert "origin" not in got.fields
    assert got.fields["created"].printed == "2008 January 5, 12:33 (Saturday)"


def test_keys_without_colon_and_without_cells() -> None:
    payload = without_colons("From", "Date", "TAGS")
    for tag in (b"<tr>", b"</tr>", b"<td>", b"<td colspan='2'>", b"</td>"):
        payload = payload.replace(tag, b"")
    fields = read("plusd", payload).fields
    assert fields == read("plusd", plusd_page()).fields


def test_a_value_over_several_lines_of_its_cell_is_read_whole() -> None:
    payload = without_colons("Locator").replace(b"TEXT ON MICROFILM,TEXT ONLINE", b"TEXT ON MICROFILM,<br>TEXT ONLINE")
    assert read("plusd", payload).fields["locator"].printed == "TEXT ON MICROFILM, TEXT ONLINE"


def test_a_label_inside_a_value_is_none() -> None:
    payload = plusd_page().replace(b"-- N/A or Blank --", b"Date of Locator")
    assert read("plusd", payload).fields["handling"].printed == "Date of Locator"
