import io
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preserve.cables.extract import Extraction, read_page, read_table
from preserve.cables.page import rows
from preserve.cables.page.fields import FieldValue
from preserve.findings import Finding
from tests.examples import examples, pairs
from tests.growth import assert_linear
from tests.layout_pages import ALL, BODY, HEADER, LAYOUTS, NOTE, check_places, check_sums, codes, csv_row

TABLE = LAYOUTS["cables-csv"]


def table(data: bytes) -> list[Extraction | Finding]:
    found = list(read_table(io.BytesIO(data).read, TABLE))
    for one in found:
        if isinstance(one, Extraction):
            check_places(data, one)
    return found


def cables(data: bytes) -> list[Extraction]:
    found = table(data)
    assert all(isinstance(one, Extraction) for one in found), found
    return [one for one in found if isinstance(one, Extraction)]


def told(data: bytes) -> list[str]:
    """Each cable's identifier, and of each row that cannot be read where it is and why."""
    return [
        one.published_id if isinstance(one, Extraction) else f"{one.code} {one.where} {one.detail}"
        for one in table(data)
    ]


def pieces(data: bytes, sizes: Iterable[int]) -> Callable[[int], bytes]:
    """A source that gives fewer bytes than it is asked for."""
    file, left = io.BytesIO(data), iter(sizes)
    return lambda wanted: file.read(min(wanted, next(left, wanted)))


def test_a_whole_row() -> None:
    payload = csv_row().encode()
    (got,) = cables(payload)
    assert got.published_id == got.canonical_id == "08SAMPLETOWN12"
    assert got.title == ""
    assert got.header_text == HEADER
    assert got.body == BODY
    assert got.fields == {
        "number": FieldValue(printed="1"),
        "created": FieldValue(printed="1/5/2008 12:33", value="2008-01-05T12:33", precision="minute"),
        "identifier": FieldValue(printed="08SAMPLETOWN12"),
        "origin": FieldValue(printed="Embassy Sampletown"),
        "classification": FieldValue(printed="UNCLASSIFIED"),
        "references": FieldValue(printed="07HERE1|06THERE22"),
        "date_time_group": FieldValue(
            printed="051233Z JAN 08", value="2008-01-05T12:33", precision="minute", source="header"
        ),
    }
    assert got.findings == ()
    check_sums(got, payload)


def test_a_page_may_be_a_table() -> None:
    lines = [csv_row(number, identifier=f"08SAMPLETOWN{number}").encode() for number in (1, 2, 3)]
    reading = read_page(b"\n".join(lines), "text/csv", ALL)
    assert reading.layout == "cables-csv"
    assert [cable.published_id for cable in reading.cables] == ["08SAMPLETOWN1", "08SAMPLETOWN2", "08SAMPLETOWN3"]
    for cable, line in zip(reading.cables, lines, strict=True):
        check_sums(cable, line)
        check_places(b"\n".join(lines), cable)


@pytest.mark.parametrize(
    "text",
    [
        'He said "gulls", twice.',
        '"',
        '","',
        '",\n',
        "\\",
        '\\"',
        "a \\ b \\\\ c",
        "1. One.\r\n\r\n2. Two.\n3. Three.\n",
        "a,b,,c",
        '2,"1/5/2008 12:33","08OTHER1"',
        "\u00b6 \u20ac \U0001f426",
        "",
    ],
)
def test_texts_come_back_as_they_were(text: str) -> None:
    first, second = cables(f"{csv_row(1, body=text)}\n{csv_row(2, header=text)}".encode())
    assert first.body == text
    assert (second.header_text or "") == text
    assert codes(first) == ([] if text else ["W-CABLE-EMPTY"])


def test_other_backslashes_and_unescaped_quotation_marks_are_text() -> None:
    payload = csv_row(body="@").replace("@", 'C:\\new "gulls" and \\"gulls\\" \\\\').encode()
    (got,) = cables(payload)
    assert got.body == 'C:\\new "gulls" and "gulls" \\'
    start = got.body.index('"gulls" \\')
    first, end = got.body_map.bytes_of(start, start + 9)
    assert payload[first:end] == b'\\"gulls\\" \\\\'


def test_fields_may_have_no_quotation_marks() -> None:
    (got,) = cables(b'7,1/5/2008 12:33,08SAMPLETOWN12,"Embassy Sampletown",UNCLASSIFIED,,"VZCZ","UNCLAS"\n')
    assert (got.fields["number"].printed, got.body) == ("7", "UNCLAS")
    assert "references" not in got.fields


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\n\n", "\r\n\r\n"])
@pytest.mark.parametrize("last", ["", "\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_ends_between_rows(line_end: str, last: str, bom: str) -> None:
    data = (bom + line_end.join(csv_row(number) for number in (1, 2, 3)) + last).encode()
    found = cables(data)
    assert [one.fields["number"].printed for one in found] == ["1", "2", "3"]
    assert [one.body for one in found] == [BODY] * 3
    for one in found:
        check_sums(one, csv_row(int(one.fields["number"].printed)).encode())
        start = one.body.index("412")
        first, end = one.body_map.bytes_of(start, start + 3)
        assert data[first:end] == b"412"


def test_places_are_those_of_the_whole_file() -> None:
    data = "\n".join(csv_row(number, body=f"Gull {number}") for number in range(1, 50)).encode()
    for number, got in enumerate(cables(data), 1):
        first, end = got.body_map.bytes_of(0, len(got.body))
        assert data[first:end] == f"Gull {number}".encode()
        first, end = got.bytes_of_field("number")
        assert data[first:end] == str(number).encode()
        first, end = got.header_map.bytes_of(0, 4)
        assert data[first:end] == b"VZCZ"


def test_a_long_body() -> None:
    body = "1. A gull, and another \u201cgull\u201d.\n" * 5_000
    data = f"{csv_row(1, body=body)}\n{csv_row(2)}".encode()
    first, second = cables(data)
    assert len(body) > 2 * 65_536
    assert (first.body, second.body) == (body, BODY)


def test_a_row_of_another_encoding() -> None:
    odd = csv_row(2, body="\u201ccaf\u00e9\u201d, two").encode("windows-1252")
    data = b"\n".join([csv_row(1, body="caf\u00e9").encode(), odd, csv_row(3, body="\u20ac").encode()])
    found = cables(data)
    assert [one.body for one in found] == ["caf\u00e9", "\u201ccaf\u00e9\u201d, two", "\u20ac"]
    first, end = found[1].body_map.bytes_of(0, 6)
    assert data[first:end] == b"\x93caf\xe9\x94"


def test_an_empty_header() -> None:
    (got,) = cables(csv_row(header="").encode())
    assert got.header_text is None
    assert got.body == BODY


def test_the_partial_sentence_stands_in_place_of_the_header() -> None:
    payload = csv_row(header=NOTE + "\n").encode()
    (got,) = cables(payload)
    assert got.fields["partial_note"] == FieldValue(printed=NOTE, source="header")
    first, end = got.bytes_of_field("partial_note")
    assert payload[first:end] == NOTE.encode()


def test_a_row_that_is_cut_at_the_end() -> None:
    whole, cut = csv_row(1), csv_row(2)[:-20]
    data = f"{whole}\n{cut}".encode()
    assert told(data) == ["08SAMPLETOWN12", f"W-CABLE-ROW cables-csv, row at byte {len(whole) + 1} it has no end"]


def test_a_row_that_lost_a_column() -> None:
    bad = csv_row(2).replace('"UNCLASSIFIED",', "")
    data = f"{csv_row(1)}\n{bad}\n{csv_row(3)}".encode()
    where = f"cables-csv, row at byte {len(csv_row(1)) + 1}"
    assert told(data) == ["08SAMPLETOWN12", f"W-CABLE-ROW {where} 7 fields, not 8", "08SAMPLETOWN12"]


def test_a_row_with_a_column_too_many() -> None:
    data = f"{csv_row(1)},9\n{csv_row(2)}".encode()
    assert told(data) == ["W-CABLE-ROW cables-csv, row at byte 0 more than 8 fields", "08SAMPLETOWN12"]


def test_a_row_that_lost_its_last_quotation_mark_does_not_swallow_the_next() -> None:
    data = f"{csv_row(1)[:-1]}\n{csv_row(2)}\n{csv_row(3)}".encode()
    assert told(data)[1:] == ["08SAMPLETOWN12", "08SAMPLETOWN12"]
    assert told(data)[0].startswith("W-CABLE-ROW cables-csv, row at byte 0 ")


@pytest.mark.parametrize("garbage", ["garbage", 'more "garbage"\n\nand more', "\x00\xff", "\u00b6,", '"'])
def test_garbage_between_rows(garbage: str) -> None:
    data = f"{csv_row(1)}\n{garbage}\n{csv_row(2)}\n".encode()
    found = told(data)
    assert (found[0], found[-1]) == ("08SAMPLETOWN12", "08SAMPLETOWN12")
    assert [line.split()[0] for line in found[1:-1]] == ["W-CABLE-ROW"]


def test_a_row_with_columns_named_first() -> None:
    data = f"id,date,name,origin,class,refs,header,body\n{csv_row(1)}".encode()
    assert told(data) == ["W-CABLE-ROW cables-csv, row at byte 0 it does not begin as rows do", "08SAMPLETOWN12"]


def test_a_byte_order_mark_between_rows_moves_no_place() -> None:
    data = f"{csv_row(1)}\n\ufeff{csv_row(2)}".encode()
    assert [one.body for one in cables(data)] == [BODY, BODY]


def test_a_row_longer_than_the_bound_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_ROW_BYTES", 10_000)
    data = f"{csv_row(1, body='gull ' * 5_000)}\n{csv_row(2)}".encode()
    assert told(data)[-1] == "08SAMPLETOWN12"
    wanted = all_rows(data, len(data))
    assert [row.raw for row in wanted][-1] == csv_row(2).encode()
    assert {row.defect for row in wanted[:-1]} <= {"it has no end", "it does not begin as rows do"}
    assert all(len(row.raw) <= 10_000 for row in wanted)
    for size in (1_000, 9_999, 12_345):
        assert all_rows(data, size) == wanted


def all_rows(data: bytes, piece_bytes: int) -> list[rows.TableRow]:
    return list(rows.iter_rows(io.BytesIO(data).read, TABLE, piece_bytes=piece_bytes))


SAMPLES = {
    "good rows": "\r\n".join([csv_row(1, body='say \\ "x", \n y'), csv_row(2, body="\u00e9"), csv_row(3)]),
    "odd rows": "\n".join([csv_row(1)[:-1], "garbage", csv_row(2) + ",1", "", csv_row(3), csv_row(4)[:200]]),
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_pieces_of_every_size_give_the_same_rows(name: str, bom: bytes) -> None:
    data = bom + SAMPLES[name].encode()
    wanted = all_rows(data, len(data) + 1)
    for size in range(1, 201):
        assert all_rows(data, size) == wanted


PARTS = [
    '"',
    ",",
    "\n",
    "\r\n",
    "\\",
    '\\"',
    "1",
    '"1"',
    "08A1",
    "\u00e9",
    csv_row(body="x"),
    csv_row(body="x") + "\n",
    "a",
]


@settings(max_examples=examples(200))
@given(
    st.lists(st.sampled_from(PARTS), max_size=20).map("".join),
    st.lists(st.integers(1, 200), max_size=20),
    st.integers(1, 200),
)
def test_any_file_in_any_pieces_gives_the_same_rows(text: str, sizes: list[int], piece_bytes: int) -> None:
    data = text.encode()
    wanted = all_rows(data, len(data) + 1)
    assert list(rows.iter_rows(pieces(data, sizes), TABLE, piece_bytes=piece_bytes)) == wanted
    position = 0
    for row in wanted:
        assert position <= row.start
        assert not data[position : row.start].strip()
        assert data[row.start : row.start + len(row.raw)] == row.raw
        position = row.start + len(row.raw)
    assert not data[position:].strip()
    table(data)


@settings(max_examples=examples(200))
@given(st.text(st.characters(codec="utf-8"), max_size=60), st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_comes_back(header: str, body: str) -> None:
    (got,) = cables(csv_row(header=header, body=body).encode())
    assert got.body == body
    assert got.header_text == (header if header.strip() else None)


_REPEATED = [
    *(
        '"',
        '",',
        ",",
        '"\n',
        "\n",
        "\r",
        "\\",
        '\\"',
        "a,",
        '1,"1/1/2008 1:00",08A1,"a\n',
        "1,1/1/2008 1:00,08A1,x\n",
    ),
    *('1,1/1/2008 1:00,08A1,"a\n', '"a",', "a\n", csv_row(header="", body="x") + "\n"),
]


@pytest.mark.one_in(4)
@pytest.mark.parametrize(("piece", "end"), pairs(_REPEATED, ["", '",', ',"x",' * 50]))
def test_hostile_repetition_is_read_in_linear_time(piece: str, end: str) -> None:
    def read(size: int) -> None:
        data = (piece * size + end).encode()
        assert sum(len(row.raw) for row in all_rows(data, 1 << 16)) <= len(data)

    assert_linear(read, 8_000)
