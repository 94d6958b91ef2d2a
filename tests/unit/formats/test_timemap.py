"""TimeMaps: the examples of RFC 7089 and RFC 6690, JSON, and what is no TimeMap."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.timemap import http_date, parse_json_timemap, parse_links, parse_timemap
from tests.growth import assert_linear

# RFC 7089 section 5, figure 28.
_RFC7089 = b"""<http://a.example.org>;rel="original",
<http://arxiv.example.net/timemap/http://a.example.org>
  ; rel="self";type="application/link-format"
  ; from="Tue, 20 Jun 2000 18:02:59 GMT"
  ; until="Wed, 09 Apr 2008 20:30:51 GMT",
<http://arxiv.example.net/timegate/http://a.example.org>
  ; rel="timegate",
<http://arxiv.example.net/web/20000620180259/http://a.example.org>
  ; rel="first memento";datetime="Tue, 20 Jun 2000 18:02:59 GMT"
  ; license="http://creativecommons.org/publicdomain/zero/1.0/",
<http://arxiv.example.net/web/20091027204954/http://a.example.org>
   ; rel="last memento";datetime="Tue, 27 Oct 2009 20:49:54 GMT"
   ; license="http://creativecommons.org/publicdomain/zero/1.0/",
<http://arxiv.example.net/web/20000621011731/http://a.example.org>
  ; rel="memento";datetime="Wed, 21 Jun 2000 01:17:31 GMT"
  ; license="http://creativecommons.org/publicdomain/zero/1.0/"
"""
# RFC 7089 section 5.1.1: an index of TimeMaps.
_PAGED = b"""<http://a.example.org>;rel="original",
<http://arxiv.example.net/timegate/http://a.example.org>; rel="timegate",
<http://arxiv.example.net/timemap/1/http://a.example.org>
  ; rel="self";type="application/link-format"; from="Tue, 20 Jun 2000 18:02:59 GMT",
<http://arxiv.example.net/timemap/2/http://a.example.org>
  ; rel="timemap";type="application/link-format"
  ; from="Thu, 10 Apr 2008 20:30:51 GMT"; until="Tue, 27 Oct 2009 20:49:54 GMT",
<http://arxiv.example.net/web/20000620180259/http://a.example.org>
  ; rel="first memento";datetime="Tue, 20 Jun 2000 18:02:59 GMT"
"""


def test_the_timemap_of_the_standard() -> None:
    found = parse_timemap(_RFC7089)
    assert found.original == "http://a.example.org"
    assert [m.uri[29:37] for m in found.mementos] == ["20000620", "20091027", "20000621"]
    assert found.mementos[0].moment == datetime(2000, 6, 20, 18, 2, 59, tzinfo=UTC)
    assert (found.further, found.defects) == ((), ())


def test_a_timemap_in_parts_names_the_next() -> None:
    found = parse_timemap(_PAGED)
    assert found.further == ("http://arxiv.example.net/timemap/2/http://a.example.org",)
    assert len(found.mementos) == 1


@pytest.mark.parametrize(
    ("text", "links"),
    [
        # RFC 6690 section 5.
        ('</sensors>;ct=40;title="Sensor Index"', [("/sensors", {"ct": "40", "title": "Sensor Index"})]),
        (
            '</sensors/temp>;rt="temperature-c";if="sensor",\n</sensors/light>;rt="light-lux";if="sensor"',
            [
                ("/sensors/temp", {"rt": "temperature-c", "if": "sensor"}),
                ("/sensors/light", {"rt": "light-lux", "if": "sensor"}),
            ],
        ),
        (
            '<http://www.example.com/sensors/t123>;anchor="/sensors/temp";rel="describedby"',
            [("http://www.example.com/sensors/t123", {"anchor": "/sensors/temp", "rel": "describedby"})],
        ),
        ('</firmware/v2.1>;rt="firmware";sz=262144', [("/firmware/v2.1", {"rt": "firmware", "sz": "262144"})]),
        # A comma in a URI, a comma and a quote in a text, an attribute without a value, a trailing comma.
        ("<http://x.org/a,b;c>;rel=memento;obs,", [("http://x.org/a,b;c", {"rel": "memento", "obs": ""})]),
        (r'</a>;title="one, \"two\"; three"', [("/a", {"title": 'one, "two"; three'})]),
        ("", []),
    ],
)
def test_links_of_the_standards(text: str, links: list[tuple[str, dict[str, str]]]) -> None:
    found, defects = parse_links(text)
    assert [(link.target, dict(link.params)) for link in found] == links
    assert defects == []


def test_what_is_no_link_is_told_and_the_next_is_read() -> None:
    found, defects = parse_links('rubbish, <http://x.org/>;rel="a" ???, <http://y.org/>;rel="b"')
    assert [link.target for link in found] == ["http://y.org/"]
    assert len(defects) == 2


@pytest.mark.parametrize(
    "data", [b"<html><body>Error</body></html>", b"", b"503", b"{}", b'<http://x.org/>;rel="next"']
)
def test_what_is_no_timemap(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_timemap(data)


def test_a_memento_without_a_date_is_a_defect() -> None:
    found = parse_timemap(b'<http://x.org/>;rel="original",<http://y.org/>;rel="memento";datetime="never"')
    assert found.mementos == ()
    assert found.defects == ("a memento without a date: http://y.org/",)


def test_json() -> None:
    found = parse_json_timemap(
        b'{"original_uri":"http://x.org/","mementos":{"list":[{"datetime":"2011-10-04T01:02:03Z","uri":"http://y.org/1"},'
        b'{"datetime":"soon","uri":"http://y.org/2"}]},"timemap_index":[{"uri":"http://y.org/map/2"}]}'
    )
    assert [(m.uri, m.moment) for m in found.mementos] == [
        ("http://y.org/1", datetime(2011, 10, 4, 1, 2, 3, tzinfo=UTC))
    ]
    assert found.further == ("http://y.org/map/2",)
    assert len(found.defects) == 1


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"mementos":', b"[" * 100_000, b"\xff"])
def test_what_is_no_json_timemap(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_json_timemap(data)


@pytest.mark.parametrize("text", ["", "yesterday", "Tue, 99 Foo 2000 18:02:59 GMT", "9" * 5000])
def test_no_date(text: str) -> None:
    assert http_date(text) is None


@given(st.binary(max_size=400))
def test_anything_is_read_or_refused(data: bytes) -> None:
    for parse in (parse_timemap, parse_json_timemap):
        try:
            parse(data)
        except FormatError:
            continue


@given(st.text(alphabet='<>;,="\\ ab\n', max_size=300))
def test_links_of_any_text(text: str) -> None:
    found, _defects = parse_links(text)
    assert all(f"<{link.target}>" in text for link in found)


def test_long_rubbish_takes_linear_time() -> None:
    def read(size: int) -> None:
        for piece in ("<", '<a>;x="', "<a>;", ",", '<a>;rel="memento" x,', ";a=", '"\\'):
            parse_links(piece * size)

    assert_linear(read, 30_000)


@pytest.mark.parametrize(
    ("own", "other", "continues"),
    [
        ("application/link-format", "application/cdxj+ors", False),
        ("application/link-format", "application/json", False),
        ("application/link-format", "Application/Link-Format; charset=utf-8", True),
        ("application/link-format", "", True),
        ("text/plain", "text/plain", True),
        ("text/plain", "application/link-format", True),
    ],
)
def test_a_list_in_another_form_is_no_further_part(own: str, other: str, *, continues: bool) -> None:
    listed = f'<http://x.org/>;rel="original",<http://y.org/1>;rel="self";type="{own}",<http://y.org/2>;rel="timemap"'
    found = parse_timemap((listed + (f';type="{other}"' if other else "")).encode())
    assert (found.further, found.defects) == (("http://y.org/2",) if continues else (), ())
