"""What sitemaps and feeds lead to."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from preserve.crawler.links import LinkKind, PageLink, PageLinks
from preserve.crawler.listings import feed_links, sitemap_links
from preserve.limits import DEFAULT_LIMITS

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
    links, _defect = sitemap_links(data, None, "http://x.org/sitemap.xml", DEFAULT_LIMITS)
    assert PageLink("http://x.org/1", LinkKind.LINK) in links


def test_an_index_of_sitemaps_leads_to_sitemaps() -> None:
    text = b"<sitemapindex><sitemap><loc>http://x.org/a.xml.gz</loc></sitemap></sitemapindex>"
    assert sitemap_links(text, None, "http://x.org/", DEFAULT_LIMITS) == (
        [PageLink("http://x.org/a.xml.gz", LinkKind.SITEMAP)],
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
    assert sitemap_links(data, None, "http://x.org/", DEFAULT_LIMITS)[0] == []


def test_a_cut_sitemap_gives_what_can_be_read_of_it() -> None:
    entries = "".join(f"<url><loc>http://x.org/{n}</loc></url>" for n in range(2000))
    whole = gzip.compress(f"<urlset>{entries}</urlset>".encode())
    assert len(sitemap_links(whole[: len(whole) // 2], None, "http://x.org/", DEFAULT_LIMITS)[0]) > 100


def test_a_sitemap_with_entities_expands_none() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "http://x.org/a"><!ENTITY b "&a;&a;">]><urlset><loc>&b;</loc></urlset>'
    assert sitemap_links(bomb, None, "http://x.org/", DEFAULT_LIMITS)[0] == []


@pytest.mark.parametrize(
    "feed",
    [
        b"<rss><link>http://x.org/1</link><item><guid isPermaLink='false'>http://x.org/no</guid></item></rss>",
        b"<feed xmlns='http://www.w3.org/2005/Atom'><link href='/1'/><link rel='self' href='/no'/></feed>",
        b"<rdf:RDF xmlns:rdf='urn:r' xmlns='urn:x'><item><link>http://x.org/1</link></item></rdf:RDF>",
    ],
)
def test_a_feed_leads_to_its_entries(feed: bytes) -> None:
    assert [link.url for link in feed_links(feed, None, "http://x.org/feed", DEFAULT_LIMITS).links] == [
        "http://x.org/1"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<urlset><url><loc>http://x.org/c?a=1&b=2&amp;c=3&#38;d&copy=4</loc></url></urlset>",
        "<urlset><loc>http://x.org/c?a=1&b=2&amp;c=3&amp;d&copy=4<!-- & --></loc></urlset>",
        "<urlset><loc>http://x.org/<![CDATA[c?a=1&b=2&c=3&d]]>&copy=4</loc></urlset>",
        "<s:urlset><s:loc x='>'>\n http://x.org/c?a=1&b=2&c=3&d&copy=4 </s:loc",
    ],
)
def test_a_bare_ampersand_stands_for_itself(text: str) -> None:
    links = sitemap_links(text.encode(), None, "http://x.org/", DEFAULT_LIMITS).links
    assert links == [PageLink("http://x.org/c?a=1&b=2&c=3&d&copy=4")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "iso-8859-1"])
def test_a_sitemap_is_read_in_the_encoding_that_it_names(encoding: str) -> None:
    name = "UTF-16" if "16" in encoding else encoding
    text = f"<?xml version='1.0' encoding='{name}'?><urlset><url><loc>http://x.org/é</loc></url></urlset>"
    links = sitemap_links(text.encode(encoding), "application/xml", "http://x.org/", DEFAULT_LIMITS).links
    assert links == [PageLink("http://x.org/%C3%A9")]


def test_a_feed_may_be_a_sitemap_and_images_are_requisites() -> None:
    feed = b"<rss><channel><link>http://x.org/</link><item><link>http://x.org/1?a&b</link></item></channel></rss>"
    assert [link.url for link in sitemap_links(feed, None, "http://x.org/", DEFAULT_LIMITS).links] == [
        "http://x.org/",
        "http://x.org/1?a&b",
    ]
    pictures = b"<urlset><loc>http://x.org/1</loc><image:loc>http://x.org/1.png</image:loc></urlset>"
    assert sitemap_links(pictures, None, "http://x.org/", DEFAULT_LIMITS).links == [
        PageLink("http://x.org/1"),
        PageLink("http://x.org/1.png", LinkKind.REQUISITE),
    ]


def test_what_cannot_be_read_of_a_list_is_told() -> None:
    def defect(content: bytes, **bounds: int) -> str:
        return sitemap_links(content, None, "http://x.org/", replace(DEFAULT_LIMITS, **bounds)).defect

    whole = b"<urlset><loc>http://x.org/1</loc><loc>http://x.org/2</loc></urlset>"
    assert defect(whole) == ""
    assert defect(b"<html><p>gone") == "no sitemap but <html>"
    assert defect(b"<") == "no XML"
    assert defect(gzip.compress(whole)[:-9]) == "cut or damaged gzip"
    assert defect(whole, max_sitemap_bytes=40) == "read up to byte 40"
    assert defect(whole, max_links_per_page=1) == "more than 1 links"
    assert feed_links(whole, None, "http://x.org/", replace(DEFAULT_LIMITS, max_sitemap_bytes=9)).defect


def test_references_of_a_feed_stand_on_its_xml_base() -> None:
    feed = """<feed xml:base='/b/'><link href='1'/><entry xml:base="c/"><link href='2'/><x:link xml:base='/d/' href='3'>
    </x:link></nothing></entry><link href='4' rel='alternate'/></feed><link>5</link>"""
    found = feed_links(feed.encode(), "application/atom+xml", "http://x.org/feed", DEFAULT_LIMITS).links
    assert [link.url.removeprefix("http://x.org") for link in found] == ["/b/1", "/b/c/2", "/d/3", "/b/4", "/5"]


def test_a_list_may_be_nested_deeply_and_be_long() -> None:
    deep = "<urlset>" + "<x>" * 50_000 + "<loc>http://x.org/1</loc>" + " " * 11_000_000 + "<loc>http://x.org/2</loc>"
    assert len(sitemap_links(deep.encode(), None, "http://x.org/", DEFAULT_LIMITS).links) == 2
    based = "<feed xml:base='/b/'>" + "<x><y>" * 50_000 + "</z></x>" * 50_000 + "<link href='1'/>"
    assert len(feed_links(based.encode(), None, "http://x.org/", DEFAULT_LIMITS).links) == 1


@given(st.text("<loc>urset/![CDATA]-&;'\"= ", max_size=200))
def test_any_list_gives_finds(text: str) -> None:
    for content in (text.encode(), b"<urlset>" + text.encode(), b"<feed xml:base='x'>" + text.encode()):
        assert isinstance(sitemap_links(content, None, "http://x.org/", DEFAULT_LIMITS), PageLinks)
        assert isinstance(feed_links(content, None, "http://x.org/", DEFAULT_LIMITS), PageLinks)
