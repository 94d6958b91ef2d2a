"""What pages and style sheets lead to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from preserve.crawler import links
from preserve.crawler.links import PageLinks, SeenTags, css_links, page_links
from preserve.formats.markup import refresh
from preserve.limits import DEFAULT_LIMITS
from tests.growth import assert_linear


def test_links_are_absolute_without_fragment_each_once_in_order() -> None:
    page = (
        b"<a href='b#x'>1</a><a href=' /c '>2</a><a href='b'>3</a><area href='//y.org/d'><iframe src='e'></iframe>"
        b"<a href='mailto:a@b'>m</a><a href='javascript:x()'>j</a><a>none</a><a href='caf\xc3\xa9?q=\xc3\xa9'>u</a>"
    )
    found = [link.url for link in page_links(page, "text/html; charset=utf-8", "http://x.org/a/", DEFAULT_LIMITS).links]
    assert found == [
        "http://x.org/a/b",
        "http://x.org/c",
        "http://y.org/d",
        "http://x.org/a/e",
        "http://x.org/a/caf%C3%A9?q=%C3%A9",
    ]


def test_a_base_element_moves_the_links_behind_it() -> None:
    page = b"<base href='http://y.org/z/'><a href='b'>1</a>"
    assert [link.url for link in page_links(page, None, "http://x.org/", DEFAULT_LIMITS).links] == ["http://y.org/z/b"]


@pytest.mark.parametrize("page", [b"", b" ", b"\x00", b"<a href=", b"<" * 10_000, "<a href='x'>".encode("utf-16")])
def test_hostile_pages_give_links_or_none(page: bytes) -> None:
    assert isinstance(page_links(page, None, "http://x.org/", DEFAULT_LIMITS), PageLinks)


def _found(page: str) -> dict[str, str]:
    links = page_links(page.encode(), "text/html; charset=utf-8", "http://x.org/a/b", DEFAULT_LIMITS)
    return {link.url.removeprefix("http://x.org"): str(link.kind) for link in links.links}


def test_what_a_page_is_made_of_is_told_from_what_it_links_to() -> None:
    page = """<link rel=stylesheet href=s.css><link rel="shortcut icon" href=/i.ico><link rel=next href=n>
    <link rel=alternate type=application/rss+xml href=/feed><link rel=dns-prefetch href=//y.org/>
    <style>/* url(no) */ @import "t.css"; p { background: url( 'p.png' ) }</style>
    <script src=s.js></script><img src=1.png srcset="2.png 1x, 3.png 2x"><video poster=v.jpg src=v.mp4></video>
    <object data=o.svg></object><table background=bg.gif></table><a href=n2>x</a><img src=n2>
    <meta http-equiv=Refresh content="5; url='/moved'">"""
    assert _found(page) == {
        "/a/s.css": "requisite",
        "/i.ico": "requisite",
        "/a/n": "link",
        "/feed": "feed",
        "/a/t.css": "requisite",
        "/a/p.png": "requisite",
        "/a/s.js": "requisite",
        "/a/1.png": "requisite",
        "/a/2.png": "requisite",
        "/a/3.png": "requisite",
        "/a/v.jpg": "requisite",
        "/a/v.mp4": "requisite",
        "/a/o.svg": "requisite",
        "/a/bg.gif": "requisite",
        "/a/n2": "link",
        "/moved": "link",
    }


def test_a_style_sheet_leads_to_what_it_imports_and_shows() -> None:
    sheet = (
        b"@import url(\"a.css\");@import 'b.css';p{background:URL(data:x),url(c.png)}/* url(no.png) */x{y:url(c.png)}"
    )
    found = [link.url for link in css_links(sheet, "text/css", "http://x.org/s/m.css", DEFAULT_LIMITS).links]
    assert sorted(found) == ["http://x.org/s/a.css", "http://x.org/s/b.css", "http://x.org/s/c.png"]


def _urls(page: str | bytes, content_type: str = "text/html; charset=utf-8", **more: object) -> list[str]:
    content = page.encode() if isinstance(page, str) else page
    finds = page_links(content, content_type, "http://x.org/a/b", DEFAULT_LIMITS, **more)  # type: ignore[arg-type]
    return [link.url.removeprefix("http://x.org") for link in finds.links]


@pytest.mark.parametrize(
    ("page", "urls"),
    [
        ("<base href='/d1/'><base href='/d2/'><a href=c>", ["/d1/c"]),
        ("<a href=c><base target=x><BASE HREF=/d1/>", ["/d1/c"]),
        ("<base href='data:x,y'><a href=c>", ["/a/c"]),
        ("<base href='http://['><a href=c>", ["/a/c"]),
        ("<base href='file:///d/'><a href=c><a href=http://x.org/e>", ["/e"]),
        ("<base href='/d1/?q'><a href='?r'><a href=''>", ["/d1/?r", "/d1/?q"]),
        ("<!-- <base href=/no/> --><a href=c>", ["/a/c"]),
        ("<!-- <a href=no> --><a href=c><!--><a href=d><!-- <a href=no>", ["/a/c", "/a/d"]),
        ("<script>x = '<a href=no>'</script><a href=c>", ["/a/c"]),
        ("<script><!-- w('<script src=no></script>') --></script><a href=c>", ["/a/c"]),
        ("<title><a href=no></title><textarea><a href=no></textarea><xmp><a href=no></xmp><a href=c>", ["/a/c"]),
        ("<p title=\"<a href='no'>\"><a href=c>", ["/a/c"]),
        ("<noscript><a href=c></noscript>", ["/a/c"]),
        ("<plaintext><a href=no>", []),
        ("<a href='c'<a href=d>", ["/a/c"]),
        ('<a href="c>d</a> <a href=e>', ["/a/%22c", "/a/e"]),
        ("<a href=c href=d>", ["/a/c"]),
        ("<a class=x\nHREF = 'c'>", ["/a/c"]),
        ("<a/href=c>", ["/a/c"]),
        ("<a href='?a=1&amp;b=2&copy=3&eacute;&#233;&#xE9;&eacute'>", ["/a/b?a=1&b=2&copy=3" + "%C3%A9" * 4]),
        ("<a href='c&#" + "9" * 9999 + ";'>", ["/a/c%EF%BF%BD"]),
        ("<a href='c&#0000000000065;\x00'>", ["/a/cA%EF%BF%BD"]),
        ("<svg><a xlink:href='c'/><a href='d'/><image xlink:href='e.png'/><use href='#f'/><use href='g.svg#h'/></svg>",
         ["/a/c", "/a/d", "/a/e.png", "/a/g.svg"]),
        ("<img srcset='1.png, 2.png 2x,3.png (a,b) 3x'><link rel=preload imagesrcset='4.png 1x' href=5.png>",
         ["/a/1.png", "/a/2.png", "/a/3.png", "/a/4.png", "/a/5.png"]),
        ("<p style='background: URL(1.png)'><div style=\"x:url('2.png')\">", ["/a/1.png", "/a/2.png"]),
        ("<img src=''><img src='#x'><script src=' '></script>", []),
        ("<iframe src=c srcdoc='&lt;base href=/d/>&lt;a href=e>&lt;iframe srcdoc=\"&amp;lt;a href=f>\">'>",
         ["/a/c", "/d/e", "/d/f"]),
        ("<meta http-equiv=refresh content='5;/c'><meta http-equiv=refresh content='0.5;url=d'>", ["/c", "/a/d"]),
        ("<meta http-equiv=refresh content='soon;/c'><meta name=refresh content='1;/c'>", []),
        ("<a href=c", []),
    ],
)  # fmt: skip
def test_a_page_is_read_as_a_browser_reads_it(page: str, urls: list[str]) -> None:
    assert _urls(page) == urls


@pytest.mark.parametrize(
    ("value", "reference"),
    [
        ("5;/bare", "/bare"),
        ("5 ; URL = 'a b' c", "a b"),
        (".5,url=a", "a"),
        ("5 a", "a"),
        ("5;urla", "urla"),
        ("5;u", "u"),
        ('5;"q\'r"s', "q'r"),
        ("5", None),
        ("5;", None),
        ("5url=x", None),
        ("", None),
    ],
)
def test_a_refresh_is_read_by_the_steps_of_the_html_standard(value: str, reference: str | None) -> None:
    assert refresh(value) == reference


def test_queries_are_in_the_encoding_of_the_page() -> None:
    page = "<a href='?n=André'>1</a><a href='/André'>2</a>".encode("windows-1252")
    assert _urls(page, "text/html; charset=windows-1252") == ["/a/b?n=Andr%E9", "/Andr%C3%A9"]
    assert _urls(b"<meta charset=latin1><a href='?n=&eacute;'>", "text/html") == ["/a/b?n=%E9"]
    assert _urls("<a href='?n=é'>".encode("utf-16"), "text/html") == ["/a/b?n=%C3%A9"]


def test_an_xhtml_page_sent_as_xml_has_empty_scripts_and_prefixes() -> None:
    page = "<h:title/><script src='s.js'/><![CDATA[<a href='no'/>]]><h:a href='c'/><style>x{y:url(d.png)}</style>"
    assert _urls(page, "application/xhtml+xml") == ["/a/s.js", "/a/c", "/a/d.png"]


@pytest.mark.parametrize("depth", [300, 30_000])
def test_no_nesting_is_too_deep(depth: int) -> None:
    page = "".join(f"<font><a href='{n}'>x</a>" for n in range(depth))
    assert len(_urls(page)) == depth


def test_no_text_and_no_attribute_is_too_long() -> None:
    long = "w" * 6_000_000
    assert _urls(f"<pre title='{long}'>{long}</pre><a href=c data-x='{long}'>") == ["/a/c"]


def test_a_bound_that_is_met_is_told() -> None:
    page = b"<a href=1><a href=2><a href=3>"
    finds = page_links(page, None, "http://x.org/", replace(DEFAULT_LIMITS, max_links_per_page=2))
    assert len(finds.links) == 2
    assert finds.defect == "more than 2 links"
    finds = page_links(page, None, "http://x.org/", replace(DEFAULT_LIMITS, max_text_chars=12))
    assert len(finds.links) == 1
    assert finds.defect == "read up to character 12"
    assert css_links(b"url(a) url(b)", None, "http://x.org/", replace(DEFAULT_LIMITS, max_text_chars=8)).defect
    assert page_links(page, None, "http://x.org/", DEFAULT_LIMITS).defect == ""


def test_of_tags_seen_before_in_the_folder_nothing_comes_again() -> None:
    seen = SeenTags()
    page = b"<a href=c><a href='?q'><a href=/d>"

    def found(url: str, depth: int = 2) -> list[str]:
        finds = page_links(page, None, url, DEFAULT_LIMITS, seen=seen, depth=depth)
        return [link.url.removeprefix("http://x.org") for link in finds.links]

    assert found("http://x.org/a/1") == ["/a/c", "/a/1?q", "/d"]
    # A query is put behind the page's own path.
    assert found("http://x.org/a/2") == ["/a/2?q"]
    assert found("http://x.org/b/1") == ["/b/c", "/b/1?q", "/d"]
    assert found("http://x.org/a/1", depth=3) == ["/a/1?q"]
    assert found("http://x.org/a/1", depth=1) == ["/a/c", "/a/1?q", "/d"]
    other = page_links(b"<base href=/e/>" + page, None, "http://x.org/a/3", DEFAULT_LIMITS, seen=seen, depth=2)
    assert [link.url for link in other.links] == ["http://x.org/e/c", "http://x.org/e/?q", "http://x.org/d"]


def test_what_is_remembered_of_tags_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "_MAX_REMEMBERED", 1000)
    seen = SeenTags()
    for number in range(200):
        page_links(f"<a href={number}>".encode(), None, "http://x.org/", DEFAULT_LIMITS, seen=seen)
        assert sum(len(tag) for tags in seen._by_place.values() for tag in tags) <= 1000
    page_links(b"<a href=" + b"x" * 9000 + b">", None, "http://x.org/", DEFAULT_LIMITS, seen=seen)
    assert sum(len(tag) for tags in seen._by_place.values() for tag in tags) <= 1000


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "piece",
    ["<", "<a ", "<a b='", '<a b="x>', "<!-", "<!--", "<script>", "<script><!--<script>", "<style>url(", "<a b='&amp"],
)
def test_any_page_is_read_in_linear_time(piece: str) -> None:
    def read(size: int) -> None:
        for end in ("", ">", "'>", '">'):
            page_links(piece.encode() * (size // len(piece)) + end.encode(), None, "http://x.org/", DEFAULT_LIMITS)

    assert_linear(read, 150_000)


@given(st.text("<a href='\"=>&#;!-/scriptyle \t\n", max_size=200))
def test_any_page_gives_finds(page: str) -> None:
    assert page_links(page.encode(), None, "http://x.org/", DEFAULT_LIMITS).defect == ""
    assert page_links(page.encode(), "application/xhtml+xml", "http://x.org/", DEFAULT_LIMITS).defect == ""
