from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.cables.page.offsets import BodyMap, body_map
from preserve.cables.page.texts import TextBuilder, decode_reference, decode_references
from preserve.formats.charset import decide


def built(payload: bytes, content_type: str | None, *, unify: bool = False) -> tuple[str, BodyMap]:
    decoded = decide(payload, content_type)
    builder = TextBuilder(decoded.text)
    builder.copy(0, len(decoded.text), unify_line_ends=unify)
    body = builder.text()
    return body, body_map(body, builder.segments(0, builder.length), payload, decoded)


def pieces(payload: bytes, body: str, mapping: BodyMap) -> Iterable[tuple[str, bytes]]:
    for number, character in enumerate(body):
        start, end = mapping.bytes_of(number, number + 1)
        yield character, payload[start:end]


def test_utf8_with_references() -> None:
    payload = "aé€😀&amp;&#x000A;z".encode()
    body, mapping = built(payload, "text/html; charset=utf-8")
    assert body == "aé€😀&\nz"
    assert [piece for _, piece in pieces(payload, body, mapping)] == [
        b"a",
        "é".encode(),
        "€".encode(),
        "😀".encode(),
        b"&amp;",
        b"&#x000A;",
        b"z",
    ]
    assert mapping.bytes_of(0, len(body)) == (0, len(payload))


def test_utf8_with_bad_bytes_stays_exact() -> None:
    payload = b"a\xffb\xe2\x82c\xef\xbf\xbdd\xf0\x9f\x98"
    body, mapping = built(payload, "text/html; charset=utf-8")
    assert body == "a\ufffdb\ufffdc\ufffdd\ufffd"
    assert [piece for _, piece in pieces(payload, body, mapping)] == [
        b"a",
        b"\xff",
        b"b",
        b"\xe2\x82",
        b"c",
        b"\xef\xbf\xbd",
        b"d",
        b"\xf0\x9f\x98",
    ]


@pytest.mark.parametrize(
    ("payload", "content_type", "expected"),
    [
        (b"caf\xe9&lt;", "text/html; charset=latin1", [b"c", b"a", b"f", b"\xe9", b"&lt;"]),
        (b"\xef\xbb\xbfa\xc3\xa9", None, [b"a", b"\xc3\xa9"]),
        (b"\xff\xfea\x00=\xd8\x00\xde", None, [b"a\x00", b"=\xd8\x00\xde"]),
        ("日x".encode("shift_jis"), "text/html; charset=shift_jis", ["日".encode("shift_jis"), b"x"]),
    ],
)
def test_other_encodings(payload: bytes, content_type: str | None, expected: list[bytes]) -> None:
    body, mapping = built(payload, content_type)
    assert [piece for _, piece in pieces(payload, body, mapping)] == expected


def test_line_ends_are_unified_only_on_request() -> None:
    body, mapping = built(b"a\r\nb\rc", None, unify=True)
    assert body == "a\nb\nc"
    assert mapping.bytes_of(1, 2) == (1, 3)
    assert built(b"a\r\nb\rc", None)[0] == "a\r\nb\rc"


def test_spans_outside_the_text_are_taken_to_its_ends() -> None:
    _, mapping = built(b"abc", None)
    assert mapping.bytes_of(-5, 99) == (0, 3)
    assert mapping.bytes_of(2, 1) == (2, 2)
    assert mapping.bytes_of(3, 3) == (3, 3)
    assert built(b"", None)[1].bytes_of(0, 9) == (0, 0)


def test_long_texts_are_mapped_in_bounded_runs() -> None:
    payload = ("é" * 10_000).encode()
    body, mapping = built(payload, "text/html; charset=utf-8")
    assert mapping.bytes_of(9_998, 9_999) == (19_996, 19_998)
    assert len(mapping.starts) == 3
    assert len(body) == 10_000


@given(st.lists(st.sampled_from([b"a", b"\xc3\xa9", b"\xff", b"\xe2\x82", b"&amp;", b"\r\n", b"\xf0\x9f\x98\x80"])))
def test_the_map_covers_utf8_payloads_in_order(parts: list[bytes]) -> None:
    payload = b"".join(parts)
    body, mapping = built(payload, "text/html; charset=utf-8", unify=True)
    assert b"".join(piece for _, piece in pieces(payload, body, mapping)) == payload


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("&#x000A;", "\n"),
        ("&amp;", "&"),
        ("&ED;", "&ED;"),
        ("&#0;", "\ufffd"),
        ("&#xD800;", "\ufffd"),
        ("&#x80;", "€"),
        ("&#" + "9" * 6_000 + ";", "\ufffd"),
        ("&#" + "0" * 6_000 + "65;", "A"),
    ],
)
def test_references(written: str, said: str) -> None:
    assert decode_reference(written) == said
    assert decode_references(f"x{written}y") == f"x{said}y"


@pytest.mark.parametrize("encoding", ["gb18030", "shift_jis", "iso-2022-jp", "big5", "euc-kr"])
def test_places_of_bad_bytes_in_wide_encodings_stay_in_the_payload(encoding: str) -> None:
    payload = b"a\x80b&amp;\xff\xffc" * 3
    body, mapping = built(payload, f"text/html; charset={encoding}")
    assert mapping.bytes_of(0, len(body)) == (0, len(payload))
    last = 0
    for number in range(len(body)):
        first, end = mapping.bytes_of(number, number + 1)
        assert last <= first <= end <= len(payload)
        last = first
