import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preserve.cables.comparison import comparison_text
from preserve.cables.extract import EXTRACTOR, Extraction, extract
from preserve.cables.page.fields import MAX_FIELD_CHARS, date_time_group, make_field
from preserve.cables.page.layouts import Layout, compile_layouts
from preserve.config.folder import load_layouts
from preserve.limits import DEFAULT_LIMITS
from preserve.model import sha256_hex
from preserve.provenance.describe import describe_cable
from preserve.provenance.statements import encode
from tests.examples import examples
from tests.growth import assert_linear

LAYOUTS: list[Layout] = list(compile_layouts(load_layouts(Path(__file__).parents[3] / "config")).values())
LABELS = "Identifier: 07SAMPLETOWN1<br>Origin: O<br>"
LAST = "Latest source of this page is x, released 2011-10-04"
BOXES = "<title>Cable Viewer</title><h3>Viewing cable 07SAMPLETOWN1, T</h3>"


def test_the_three_checksums() -> None:
    payload = f"{LABELS}<pre>a  b\nNNNN</pre>{LAST}".encode()
    got = extract(payload, None, LAYOUTS)
    assert got is not None
    assert got.raw_sha256 == sha256_hex(payload)
    assert got.body_sha256 == sha256_hex(b"a  b\nNNNN")
    assert got.comparison_sha256 == sha256_hex(b"a b") == sha256_hex(comparison_text(got.body).text.encode())
    assert (got.comparison_rules, got.rules_fired, got.extractor) == ("1", (5, 6), EXTRACTOR)
    assert EXTRACTOR == "preserve-cables/3"


def test_no_layout_no_cable() -> None:
    assert extract(b"x", "text/html", LAYOUTS) is None
    assert extract(f"{LABELS}{LAST}".encode(), None, []) is None


def test_the_first_layout_that_finds_a_cable_counts() -> None:
    payload = f"{BOXES}<pre>{LABELS}</pre>{LABELS}text {LAST}".encode()
    some = [layout for layout in LAYOUTS if layout.name in {"mrkva", "wikileaks-cable"}]
    for layouts in (some, some[::-1]):
        got = extract(payload, None, layouts)
        assert got is not None
        assert got.layout == layouts[0].name


def test_a_page_beyond_the_bound_is_not_read() -> None:
    payload = f"{LABELS}text {LAST}".encode()
    assert extract(payload + b" " * DEFAULT_LIMITS.max_text_chars, None, LAYOUTS) is None


def test_fields_are_short_enough_for_a_statement() -> None:
    wide = "\u20ac\x01" * 5_000
    labels = (
        f"Identifier: {'A' * 99}<br>Origin: {wide}<br>Created: {wide}<br>Classification: {wide}<br>Tags: {wide}<br>"
    )
    payload = f"<meta charset=utf-8>{labels}Redacted: {wide}<br>text<br>{LAST}".encode()
    got = extract(payload, None, LAYOUTS)
    assert got is not None
    said = json.loads(encode(describe_cable("urn:uuid:1", None, got)))
    assert len(json.dumps([said["claims"], said["fields"]], ensure_ascii=False).encode()) < 32_000
    assert len(got.fields["origin"].printed) == MAX_FIELD_CHARS
    assert got.fields["origin"].printed.endswith("\u2026")
    assert set(said["fields"]["origin"]) == {"printed", "value", "precision", "source"}


@pytest.mark.parametrize(
    ("name", "printed", "value", "precision"),
    [
        ("created", "2005-01-31 08:10:00", "2005-01-31T08:10", "minute"),
        ("created", "2005-01-31 08:10:07", "2005-01-31T08:10:07", "second"),
        ("created", "2005-01-31", "2005-01-31", "day"),
        ("created", "2005-02-30 08:10:00", None, None),
        ("created", "31 January 2005", "2005-01-31", "day"),
        ("created", "12/28/1966 18:48", "1966-12-28T18:48", "minute"),
        ("created", "2010 February 26, 11:30 (Friday)", "2010-02-26T11:30", "minute"),
        ("created", "1975 January 1, 00:00 (Wednesday)", "1975-01-01", "day"),
        ("created", "Fri Dec 20 00:01:00 +0100 2002", "2002-12-20T00:01", "minute"),
        ("created", "Thu, 1 Jan 2009 12:00 UTC", "2009-01-01T12:00", "minute"),
        ("created", "28 APR 1975", "1975-04-28", "day"),
        ("created", "28 MAI 1975", None, None),
        ("created", "1/32/2005 1:00", None, None),
        ("created", "the end of January 2005", None, None),
        ("source_released", "2011-10-04", "2011-10-04", "day"),
        ("counter", "6,693 / 251,287", "6693", None),
        ("counter", "none", None, None),
        ("origin", "2005-01-31", None, None),
    ],
)
def test_values_of_fields(name: str, printed: str, value: str | None, precision: str | None) -> None:
    field = make_field(name, f" {printed}\n", source="field")
    assert (field.printed, field.value, field.precision) == (printed, value, precision)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("P R 281848Z DEC 66", "1966-12-28T18:48"),
        ("X\nR 051233Z JAN 10 ZDK", "2010-01-05T12:33"),
        ("R 311233Z FEB 10", None),
        ("R 051233Z JXN 10", None),
    ],
)
def test_date_time_groups(header: str, value: str | None) -> None:
    group = date_time_group(header)
    assert group is not None
    assert group.value == value
    assert date_time_group(None) is None
    assert date_time_group("DE RUEHXX #0355/01 1611342") is None


def check(payload: bytes, got: Extraction | None) -> None:
    if got is None:
        return
    assert got.published_id
    assert got.body_sha256 == sha256_hex(got.body.encode("utf-8"))
    first, end = got.body_map.bytes_of(0, len(got.body))
    assert 0 <= first <= end <= len(payload)
    encode(describe_cable("urn:uuid:1", None, got))


PIECES = [
    LABELS,
    LAST,
    BOXES,
    "<div class='pane big'>",
    "<code><pre>",
    "</pre></code>",
    "<table class='cable'><tr><th>Reference ID",
    "<td>",
    "<tr>",
    "Tags:",
    "<b>Tags</b>",
    "<dl><dt>",
    "<dd>",
    "</",
    "<",
    ">",
    "<!--",
    "-->",
    "&#",
    "&amp;",
    "&#xD800;",
    "\n",
    " ",
    "<br>",
    "\r\n",
    "x",
    "</div>",
    "<pre>",
    "</pre>",
    "<script>",
    "\x00",
    "\u00b61. (U) ",
    "NNNN",
    "\ud7ff",
    '="',
    "<Israel>",
]
CONTENT_TYPES = [
    None,
    "text/html",
    "text/html; charset=utf-8",
    "text/html; charset=utf-16",
    "x;charset=shift_jis",
    "text/html; charset=iso-2022-jp",
    "text/html; charset=replacement",
    "text/html; charset=latin1",
]


@settings(deadline=None, max_examples=examples(300))
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.sampled_from(CONTENT_TYPES))
def test_broken_pages_give_a_cable_or_none(page: str, content_type: str | None) -> None:
    payload = page.encode()
    check(payload, extract(payload, content_type, LAYOUTS))


@settings(deadline=None, max_examples=examples(200))
@given(st.binary(max_size=300), st.binary(max_size=300), st.sampled_from(CONTENT_TYPES))
def test_random_bytes_give_a_cable_or_none(one: bytes, two: bytes, content_type: str | None) -> None:
    for payload in (one, BOXES.encode() + one, LABELS.encode() + one + LAST.encode() + two):
        check(payload, extract(payload, content_type, LAYOUTS))


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<td>",
        "<b>Tags</b> ",
        "Tags: ",
        "Identifier:\n",
        "<table><td>",
        "<dl><dt>Tags",
        "<span>",
        "&amp;",
        "\n ",
        "<br>\n",
        LAST,
        "<pre>",
        "<code><pre>",
        "<div>",
        "<!-- --> ",
        "<svg>",
        "This record is ",
        "\xff",
        "<a href='/tag/x'>",
        "&#x000A;",
    ],
)
def test_hostile_repetition_is_read_in_linear_time(piece: str) -> None:
    def read(size: int) -> None:
        for before, after in ((LABELS, LAST), (BOXES + "<code><pre>", "</pre></code>"), (BOXES, "")):
            payload = (before + piece * size + after).encode("latin-1")
            check(payload, extract(payload, None, LAYOUTS))

    assert_linear(read, 8_000)
