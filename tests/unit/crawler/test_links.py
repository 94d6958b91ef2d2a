"""What pages, style sheets, sitemaps and feeds lead to."""

import gzip

import pytest

from preserve.crawler.links import Link, LinkKind, css_links, feed_links, page_links, sitemap_links
from preserve.limits import DEFAULT_LIMITS


def test_links_are_absolute_without_fragment_each_once_in_order() -> None:
    page = (
        b"<a href='b#x'>1</a><a href=' /c '>2</a><a href='b'>3</a><area href='//y.org/d'><iframe src='e'></iframe>"
        b"<a href='mailto:a@b'>m</a><a href='javascript:x()'>j</a><a>none</a><a href='caf\xc3\xa9?q=\xc3\xa9'>u</a>"
    )
    found = [link.url for link in page_links(page, "text/html; charset=utf-8", "http://x.org/a/", DEFAULT_LIMITS)]
    assert found == [
        "http://x.org/a/b",
        "http://x.org/c",
        "http://y.org/d",
        "http://x.org/a/e",
        "http://x.org/a/caf%C3%A9?q=%C3%A9",
    ]


def test_a_base_element_moves_the_links_behind_it() -> None:
    page = b"<base href='http://y.org/z/'><a href='b'>1</a>"
    assert [link.url for link in page_links(page, None, "http://x.org/", DEFAULT_LIMITS)] == ["http://y.org/z/b"]


@pytest.mark.parametrize("page", [b"", b" ", b"\x00", b"<a href=", b"<" * 10_000, "<a href='x'>".encode("utf-16")])
def test_hostile_pages_give_links_or_none(page: bytes) -> None:
    assert isinstance(page_links(page, None, "http://x.org/", DEFAULT_LIMITS), list)


def _found(page: str) -> dict[str, str]:
    links = page_links(page.encode(), "text/html; charset=utf-8", "http://x.org/a/b", DEFAULT_LIMITS)
    return {link.url.removeprefix("http://x.org"): str(link.kind) for link in links}


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
    found = [link.url for link in css_links(sheet, "text/css", "http://x.org/s/m.css", DEFAULT_LIMITS)]
    assert sorted(found) == ["http://x.org/s/a.css", "http://x.org/s/b.css", "http://x.org/s/c.png"]


_ENTRY = "<loc> http://x.org/1 </loc>"
_SITEMAPS = {
    "plain": f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url>{_ENTRY}</url></urlset>',
    "without its namespace": f"<urlset><url>{_ENTRY}</url></urlset>",
    "with a mark of order": f"\ufeff<urlset><url>{_ENTRY}</url></urlset>",
    "blanks before": f"\n \n<urlset><url>{_ENTRY}</url></urlset>",
    "CDATA": "<urlset><url><loc><![CDATA[http://x.org/1]]></loc></url></urlset>",
    "broken at its end": f"<urlset><url>{_ENTRY}</url><url><loc>http://x.o",
    "lines of text": "http://x.org/1\nnot an address\n",
}


@pytest.mark.parametrize("form", _SITEMAPS)
@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_sitemap_is_read_in_every_form_it_is_found_in(form: str, times: int) -> None:
    data = _SITEMAPS[form].encode()
    for _time in range(times):
        data = gzip.compress(data, mtime=0)
    links, _defect = sitemap_links(data, "http://x.org/sitemap.xml", DEFAULT_LIMITS)
    assert Link("http://x.org/1", LinkKind.LINK) in links


def test_an_index_of_sitemaps_leads_to_sitemaps() -> None:
    text = b"<sitemapindex><sitemap><loc>http://x.org/a.xml.gz</loc></sitemap></sitemapindex>"
    assert sitemap_links(text, "http://x.org/", DEFAULT_LIMITS) == (
        [Link("http://x.org/a.xml.gz", LinkKind.SITEMAP)],
        "",
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<",
        b"<html><p>gone</p></html>",
        gzip.compress(b"<urlset>" + b" " * 5000)[:-9],
        b"\x1f\x8brubbish",
        b"\x00" * 99,
    ],
)
def test_a_sitemap_that_is_none_gives_nothing(data: bytes) -> None:
    assert sitemap_links(data, "http://x.org/", DEFAULT_LIMITS)[0] == []


def test_a_cut_sitemap_gives_what_can_be_read_of_it() -> None:
    entries = "".join(f"<url><loc>http://x.org/{n}</loc></url>" for n in range(2000))
    whole = gzip.compress(f"<urlset>{entries}</urlset>".encode())
    assert len(sitemap_links(whole[: len(whole) // 2], "http://x.org/", DEFAULT_LIMITS)[0]) > 100


def test_a_sitemap_with_entities_expands_none() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "http://x.org/a"><!ENTITY b "&a;&a;">]><urlset><loc>&b;</loc></urlset>'
    assert sitemap_links(bomb, "http://x.org/", DEFAULT_LIMITS)[0] == []


@pytest.mark.parametrize(
    "feed",
    [
        b"<rss><link>http://x.org/1</link><item><guid isPermaLink='false'>http://x.org/no</guid></item></rss>",
        b"<feed xmlns='http://www.w3.org/2005/Atom'><link href='/1'/><link rel='self' href='/no'/></feed>",
        b"<rdf:RDF xmlns:rdf='urn:r' xmlns='urn:x'><item><link>http://x.org/1</link></item></rdf:RDF>",
    ],
)
def test_a_feed_leads_to_its_entries(feed: bytes) -> None:
    assert [link.url for link in feed_links(feed, "http://x.org/feed", DEFAULT_LIMITS)] == ["http://x.org/1"]
