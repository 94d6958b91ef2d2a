"""Which encoding a payload is in: the order of browsers, the prescan of the HTML Standard, and hostile bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.formats.charset import LATE_BYTES, PRESCAN_BYTES, Decoded, beginning, decide, lookup

LATE = b" " * PRESCAN_BYTES


def found(payload: bytes, content_type: str | None = None) -> tuple[str, str]:
    decoded = decide(payload, content_type)
    return decoded.encoding, decoded.source


@pytest.mark.parametrize(
    ("payload", "encoding", "bom_bytes"),
    [
        (b"\xef\xbb\xbfcable", "utf-8", 3),
        (b"\xff\xfe" + "cable".encode("utf-16-le"), "utf-16le", 2),
        (b"\xfe\xff" + "cable".encode("utf-16-be"), "utf-16be", 2),
    ],
)
def test_a_byte_order_mark_beats_every_label_and_is_not_text(payload: bytes, encoding: str, bom_bytes: int) -> None:
    assert decide(payload, "text/html; charset=windows-1251") == Decoded(
        encoding=encoding, source="bom", text="cable", bom_bytes=bom_bytes
    )


def test_only_the_first_byte_order_mark_is_taken_off() -> None:
    assert decide(b"\xef\xbb\xbf\xef\xbb\xbfx", None).text == "\ufeffx"


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/html; charset=latin1", ("windows-1252", "http")),
        ("text/html;charset=UTF-8", ("utf-8", "http")),
        ('text/html; charset="Shift_JIS"', ("shift_jis", "http")),
        ("text/html; charset='koi8-r'", ("koi8-r", "http")),
        ("text/html; CHARSET = gb2312 ", ("gbk", "http")),
        ("text/html; level=1; charset=cp1251", ("windows-1251", "http")),
        ("text/html; charset=; charset=euc-kr", ("euc-kr", "http")),
        ("text/html; charset=ISO-8559-1", ("utf-8", "default")),
        ("text/html; charset=iso-2022-kr", ("utf-8", "default")),
        ("text/html; charset=utf-7", ("utf-8", "default")),
        ("text/html; xcharset=koi8-r", ("utf-8", "default")),
        ('text/html; charset="koi8-r', ("koi8-r", "http")),
        ("text/html; charset=utf\u20118", ("utf-8", "default")),
        ("", ("utf-8", "default")),
        (None, ("utf-8", "default")),
    ],
)
def test_the_http_field(content_type: str | None, expected: tuple[str, str]) -> None:
    assert found(b"cable", content_type) == expected


def test_http_beats_meta_and_an_unknown_http_label_leaves_the_word_to_meta() -> None:
    page = b"<meta charset=koi8-r>"
    assert found(page, "text/html; charset=utf-8") == ("utf-8", "http")
    assert found(page, "text/html; charset=ISO-8559-1") == ("koi8-r", "meta")


@pytest.mark.parametrize(
    ("page", "encoding"),
    [
        (b"<meta charset=koi8-r>", "koi8-r"),
        (b"<META CHARSET='KOI8-R'>", "koi8-r"),
        (b'<meta/charset="koi8-r"/>', "koi8-r"),
        (b"<meta\ncharset = koi8-r >", "koi8-r"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">', "koi8-r"),
        (b'<meta content="text/html; charset=koi8-r" http-equiv=content-type>', "koi8-r"),
        (b"<meta http-equiv=content-type content=\"text/html; charset='koi8-r'\">", "koi8-r"),
        (b'<meta http-equiv=content-type content="charset charset = koi8-r;x">', "koi8-r"),
        (b"<meta charset=utf-16>", "utf-8"),
        (b"<meta charset=utf-16be>", "utf-8"),
        (b"<meta charset=x-user-defined>", "windows-1252"),
        (b"<!-- <meta charset=euc-kr> --><meta charset=koi8-r>", "koi8-r"),
        (b"<!--><meta charset=koi8-r>", "koi8-r"),
        (b"<!DOCTYPE html><html><head><title a='>'>t</title><meta charset=koi8-r>", "koi8-r"),
        (b"<a title='<meta charset=euc-kr>'><meta charset=koi8-r>", "koi8-r"),
        (b"</a href=x><?php <meta charset=euc-kr ?><meta charset=koi8-r>", "koi8-r"),
        (b"1 < 2 <meta name=x><meta charset=nothing><meta charset=koi8-r>", "koi8-r"),
        (b"<meta charset=koi8-r charset=euc-kr>", "koi8-r"),
        (b"<metadata charset=euc-kr><meta charset=koi8-r>", "koi8-r"),
        (b"<meta =charset=x charset=koi8-r>", "koi8-r"),
        (b'<?xml version="1.0" encoding="koi8-r"?><p/>', "koi8-r"),
        (b"<?xml version='1.0' encoding = 'koi8-r' ?><p/>", "koi8-r"),
        (b'<?xml version="1.0" encoding="utf-16"?><p/>', "utf-8"),
        (b'<?xml encoding="euc-kr"?><meta charset=koi8-r>', "koi8-r"),
        ("<?xml?>".encode("utf-16-le"), "utf-16le"),
        ("<?xml?>".encode("utf-16-be"), "utf-16be"),
    ],
)
def test_a_declaration_in_the_page(page: bytes, encoding: str) -> None:
    assert found(page) == (encoding, "meta")


@pytest.mark.parametrize(
    "page",
    [
        b'<meta content="text/html; charset=koi8-r">',
        b'<meta http-equiv=refresh content="text/html; charset=koi8-r">',
        b'<meta http-equiv=content-type content="text/html; charset=\'koi8-r">',
        b"<meta http-equiv=content-type content=text/html>",
        b"<meta charset=koi8-r",
        b"<meta charset",
        b"<meta charset=",
        b"<meta charset='koi8-r",
        b"<meta ",
        b"<meta charset=\xff>",
        b"<!-- <meta charset=koi8-r>",
        b"<!doctype <meta charset=koi8-r",
        b"<abc",
        b"<?xml version='1.0'?>",
        b"<?xml encoding=koi8-r?>",
        b"<?xml encoding='koi8-r?>",
        b"<?xml ?> encoding='koi8-r'",
        b"<?xml encoding='nothing'?>",
        b"x <?xml encoding='koi8-r'?>",
        b" " * LATE_BYTES + b"<meta charset=koi8-r>",
        LATE + b"<script>'<meta charset=koi8-r>'</script>",
        LATE + b"<style><meta charset=koi8-r>",
        LATE + b"<textarea><meta charset=koi8-r></textarea>",
        LATE + b"<plaintext></plaintext><meta charset=koi8-r>",
        LATE + b"<!-- <meta charset=koi8-r> -->",
        LATE + b"<meta charset=nothing>",
    ],
)
def test_no_declaration(page: bytes) -> None:
    assert decide(page, None).source == "default"


@pytest.mark.parametrize(
    "page",
    [
        LATE + b"<meta charset=koi8-r>",
        b" " * (PRESCAN_BYTES - 10) + b"<meta charset=koi8-r>",
        b"<!-- " + LATE + b" --><META\nhttp-equiv=Content-Type content='text/html; charset=koi8-r'>",
        LATE + b"<script>'<meta charset=utf-8>'</script><body><meta charset=koi8-r><meta charset=utf-8>",
        LATE + b"<meta name=x><meta charset=nothing><meta charset=koi8-r>",
    ],
)
def test_a_declaration_far_down_counts_as_in_browsers(page: bytes) -> None:
    assert found(page, "text/html") == ("koi8-r", "meta")
    assert found(page, "text/html; charset=utf-8") == ("utf-8", "http")


def test_plain_text_declares_nothing_inside_itself() -> None:
    assert found(b"<meta charset=koi8-r>", "text/plain") == ("utf-8", "default")


def test_the_default_is_utf_8_where_the_bytes_are_and_windows_1252_otherwise() -> None:
    assert decide("café".encode(), None) == Decoded(encoding="utf-8", source="default", text="café", bom_bytes=0)
    assert decide(b"caf\xe9 \x93", None) == Decoded(
        encoding="windows-1252", source="default", text="café \u201c", bom_bytes=0
    )


def test_bytes_that_the_encoding_does_not_have_become_the_replacement_character() -> None:
    assert decide(b"a\xffb", "text/html; charset=utf-8").text == "a\ufffdb"


def test_an_empty_payload() -> None:
    assert decide(b"", None) == Decoded(encoding="utf-8", source="default", text="", bom_bytes=0)


@pytest.mark.parametrize(
    ("label", "name"),
    [(" Latin1\t", "windows-1252"), ("unicode", "utf-16le"), ("hz-gb-2312", None), ("", None), ("\u212aoi8-r", None)],
)
def test_labels(label: str, name: str | None) -> None:
    assert lookup(label) == name


_PIECES = st.sampled_from(
    [
        b"<",
        b"<meta ",
        b"charset",
        b"=",
        b"'",
        b'"',
        b">",
        b"/",
        b"<!--",
        b"-->",
        b"<?xml ",
        b"encoding",
        b"http-equiv",
        b"content-type",
        b"content",
        b" ",
        b"\n",
        b"koi8-r",
        b"utf-16",
        b"x-user-defined",
        b"\xff\xfe",
        b"\x00",
        b"<b",
    ]
)
_LABELS = st.sampled_from(["utf-8", "utf-16", "iso-2022-jp", "gb18030", "big5", "euc-jp", "x-user-defined", "ibm866"])


@given(st.lists(st.one_of(_PIECES, st.binary(max_size=8)), max_size=60).map(b"".join))
def test_any_payload_gives_a_value_that_can_be_stored_as_utf_8(payload: bytes) -> None:
    decoded = decide(payload, None)
    assert lookup(decoded.encoding) == decoded.encoding
    decoded.text.encode("utf-8")
    assert decoded.bom_bytes in (0, 2, 3)


@given(st.binary(max_size=200), _LABELS)
def test_any_payload_in_any_encoding_gives_a_value(payload: bytes, label: str) -> None:
    decide(payload, f"text/html; charset={label}").text.encode("utf-8")


@given(st.text())
def test_any_content_type_gives_a_value(content_type: str) -> None:
    assert decide(b"cable", content_type).text


@given(st.text())
def test_utf_8_text_is_given_back(text: str) -> None:
    payload = text.encode()
    decoded = decide(payload, "text/html; charset=utf-8")
    assert decoded.text.encode() == payload[decoded.bom_bytes :]


_BEGINNINGS = [
    b"cable",
    b"\xff\xd8",
    "ca\u00e9\u4e16".encode(),
    b"\x1b$B",
    b"\x1b(B",
    b"\x81",
    b"\0",
    b"<meta charset=koi8-r>",
    b"\r\n",
]
_SAID = [None, "text/plain", *(f"text/html; charset={name}" for name in ("utf-8", "gb18030", "iso-2022-jp", "utf-16"))]


@given(
    bom=st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"]),
    pieces=st.lists(st.sampled_from(_BEGINNINGS), max_size=12),
    content_type=st.sampled_from(_SAID),
    characters=st.integers(0, 30),
)
def test_the_beginning_is_that_of_the_text(
    bom: bytes, pieces: list[bytes], content_type: str | None, characters: int
) -> None:
    payload = bom + b"".join(pieces)
    assert beginning(payload, content_type, characters) == decide(payload, content_type).text[:characters]
