"""Addresses in captured pages are led elsewhere, every other byte stays, and no page gets out of an attribute."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from preserve.formats.markup import refresh
from preserve.formats.rewriting.content import MAX_BYTES, rewritable
from preserve.formats.rewriting.edits import Use
from tests.examples import examples
from tests.growth import assert_linear

PAGE = "http://h.example/a/b/p.php?id=1"
HERE = "/c/2011"
MANY = 60


def prefix(use: Use, url: str | None) -> str:
    if url is None:
        return f"{HERE}no_/"
    return f"{HERE}/" if use is Use.LINK else f"{HERE}{use.value}/"


def rewritten(content: bytes, media_type: str = "text/html", content_type: str | None = None, url: str = PAGE) -> bytes:
    found = rewritable(content, url, media_type, content_type)
    assert found is not None
    return b"".join(found.pieces(prefix))


A = f"{HERE}/http://h.example"
VECTORS = {
    # What a reader follows: relative in every way, of other hosts, and written oddly.
    '<a href="x.html">': f'<a href="{A}/a/b/x.html">',
    "<a href=x.html>": f"<a href={A}/a/b/x.html>",
    "<a href='/x'>": f"<a href='{A}/x'>",
    '<a href="//o.example/x">': f'<a href="{HERE}/http://o.example/x">',
    '<a href="https://o.example/?q=1&amp;r=2#f">': f'<a href="{HERE}/https://o.example/?q=1&amp;r=2#f">',
    '<A HREF="HTTP://O.example/x">': f'<A HREF="{HERE}/HTTP://O.example/x">',
    '<a href="?b=1">': f'<a href="{A}/a/b/p.php?b=1">',
    '<a class="k" href="../x" title="t">': f'<a class="k" href="{A}/a/b/../x" title="t">',
    '<a href="../../../x#f">': f'<a href="{A}/x#f">',
    '<a href="..">': f'<a href="{A}/a/">',
    '<a href="%2e%2E/x">': f'<a href="{A}/a/x">',
    '<a href="http:foo">': f'<a href="{A}/a/b/foo">',
    '<a href="http://h.example/../../x">': f'<a href="{A}/x">',
    '<a href="#a">': '<a href="#a">',
    '<a href="">': '<a href="">',
    "<a href>": "<a href>",
    '<a href=" &#104;ttp://o.example/">': f'<a href=" {HERE}/&#104;ttp://o.example/">',
    '<a href="&#10;&#x20;//o.example/">': f'<a href="&#10;&#x20;{HERE}/http://o.example/">',
    '<a href="ht\ntp://o.example/x">': f'<a href="{HERE}/ht\ntp://o.example/x">',
    r'<a href="\\o.example\x">': rf'<a href="{HERE}/http:\\o.example\x">',
    '<a href="javascript:go()">': '<a href="javascript:go()">',
    '<a href="mailto:a@b.example">': '<a href="mailto:a@b.example">',
    '<a href="ftp://o.example/">': f'<a href="{HERE}no_/ftp://o.example/">',
    '<a href="http://o.example/" href="http://live.example/">': f'<a href="{HERE}/http://o.example/" href="http://live.example/">',
    '<form action="/s"><button formaction=t>': f'<form action="{A}/s"><button formaction={A}/a/b/t>',
    '<a ping="http://o.example/ /b" href=c>': f'<a ping="{HERE}/http://o.example/ {A}/b" href={A}/a/b/c>',
    "<a attributionsrc='http://o.example/ b'>": f"<a attributionsrc='{HERE}/http://o.example/ {A}/a/b/b'>",
    '<area href=x><q cite="y">': f'<area href={A}/a/b/x><q cite="{A}/a/b/y">',
    # What a browser asks for by itself.
    '<img src="data:image/gif;base64,R0lG">': '<img src="data:image/gif;base64,R0lG">',
    "<img srcset='a.png 1x, http://o.example/b.png 2x,'>": (
        f"<img srcset='{HERE}im_/http://h.example/a/b/a.png 1x, {HERE}im_/http://o.example/b.png 2x,'>"
    ),
    '<link rel=preload imagesrcset="/a&amp;b 1x">': f'<link rel=preload imagesrcset="{HERE}im_/http://h.example/a&amp;b 1x">',  # noqa: E501
    "<body background=/b.gif>": f"<body background={HERE}im_/http://h.example/b.gif>",
    "<video poster=p src=v><track src=t>": (
        f"<video poster={HERE}im_/http://h.example/a/b/p src={HERE}oe_/http://h.example/a/b/v>"
        f"<track src={HERE}oe_/http://h.example/a/b/t>"
    ),
    "<iframe src=/i></iframe><frame src=/f>": f"<iframe src={HERE}if_/http://h.example/i></iframe><frame src={HERE}if_/http://h.example/f>",
    "<object data=/o codebase=/c/>": f"<object data={HERE}oe_/http://h.example/o codebase={A}/c/>",
    '<script src=/s>"<a href=b>"</script>': f'<script src={HERE}js_/http://h.example/s>"<a href=b>"</script>',
    '<link rel="Stylesheet" href=/s.css integrity="sha256-x" crossorigin=use-credentials>': (
        f'<link rel="Stylesheet" href={HERE}cs_/http://h.example/s.css integrity="" crossorigin="">'
    ),
    "<script integrity=sha256-x></script>": '<script integrity=""></script>',
    '<meta http-equiv=refresh content="5; url=http://o.example/">': f'<meta http-equiv=refresh content="5; url={HERE}/http://o.example/">',
    "<meta http-equiv=Refresh content=\"0;URL='../x'\">": f"<meta http-equiv=Refresh content=\"0;URL='{A}/a/b/../x'\">",
    '<meta name=description content="0; url=/x">': '<meta name=description content="0; url=/x">',
    '<meta http-equiv="Content-Security-Policy" content="img-src o.example">': '<meta http-equiv="Content-Security-Policy" content="">',  # noqa: E501
    '<base href="http://o.example/q/"><a href=x>': f'<base href="{HERE}/http://o.example/q/"><a href={HERE}/http://o.example/q/x>',
    '<base href="q/"><a href=x>': f'<base href="{A}/a/b/q/"><a href={A}/a/b/q/x>',
    "<svg><image xlink:href=x /><a xlink:href=y></a><use href='#s'/></svg>": (
        f"<svg><image xlink:href={HERE}im_/http://h.example/a/b/x /><a xlink:href={A}/a/b/y></a><use href='#s'/></svg>"
    ),
    '<rect fill="url(http://o.example/#a)" mask="url(#m)">': f'<rect fill="url({HERE}im_/http://o.example/#a)" mask="url(#m)">',  # noqa: E501
    '<base href="data:,q"><a href=x>': f'<base href="data:,q"><a href={A}/a/b/x>',
    '<base href="javascript:1"><a href=x>': f'<base href="javascript:1"><a href={A}/a/b/x>',
    "<l:base href=/q/><a href=x>": f"<l:base href=/q/><a href={A}/a/b/x>",
    '<meta http-equiv="re&#102;resh" content="0;url=x">': f'<meta http-equiv="re&#102;resh" content="0;url={A}/a/b/x">',
    '<meta http-equiv="Content&#45;Security-Policy" content="img-src o.example">': '<meta http-equiv="Content&#45;Security-Policy" content="">',  # noqa: E501  # noqa: E501
    '<animate attributeName=href values="x; http://o.example/" to=y>': (
        f'<animate attributeName=href values="{A}/a/b/x; {HERE}/http://o.example/" to={A}/a/b/y>'
    ),
    "<set attributeName=xlink:href to=http://o.example/>": f"<set attributeName=xlink:href to={HERE}/http://o.example/>",
    '<animate attributeName=width values="1;2" to=3>': '<animate attributeName=width values="1;2" to=3>',
    # Style.
    '<p style="background:url(&quot;/b.png&quot;)">': f'<p style="background:url(&quot;{HERE}im_/http://h.example/b.png&quot;)">',
    '<style>@import "a.css"; b{background:url( c.png )} /* url(x) */</style>': (
        f'<style>@import "{HERE}cs_/http://h.example/a/b/a.css"; b{{background:url( {HERE}im_/http://h.example/a/b/c.png )}} /* url(x) */</style>'  # noqa: E501
    ),
    # A page in an attribute.
    '<iframe srcdoc="&lt;a href=&quot;x&amp;amp;y&quot;&gt;">': f'<iframe srcdoc="&lt;a href=&quot;{A}/a/b/x&amp;amp;y&quot;&gt;">',  # noqa: E501
    "<base href=/q/><iframe srcdoc='<base href=z/><a href=x>'>": (
        f"<base href={A}/q/><iframe srcdoc='<base href={A}/q/z/><a href={A}/q/z/x>'>"
    ),
    # What is no markup.
    '<!--[if IE]><a href="x"><![endif]-->': '<!--[if IE]><a href="x"><![endif]-->',
    "<textarea><a href=b></textarea>": "<textarea><a href=b></textarea>",
    '<p title="<a href=x>">': '<p title="<a href=x>">',
    "<noscript><img src=x></noscript>": f"<noscript><img src={HERE}im_/http://h.example/a/b/x></noscript>",
    "a < b <a href=": "a < b <a href=",
}
STYLES = {
    "@import url(d.css) screen;": f"@import url({HERE}cs_/http://h.example/a/b/d.css) screen;",
    "@import /* a */ 'd.css';": f"@import /* a */ '{HERE}cs_/http://h.example/a/b/d.css';",
    'a{b:URL("x y.png")}': f'a{{b:URL("{HERE}im_/http://h.example/a/b/x y.png")}}',
    r"a{b:url(x\29.png)}": rf"a{{b:url({HERE}im_/http://h.example/a/b/x\29.png)}}",
    r"a{b:url(\2f\2f o.example/x)}": rf"a{{b:url({HERE}im_/http:\2f\2f o.example/x)}}",
    "a{content:'url(x)'}": "a{content:'url(x)'}",
    "a{b:url('x\\\r\ny');c:url(z)}": (
        f"a{{b:url('{HERE}im_/http://h.example/a/b/x\\\r\ny');c:url({HERE}im_/http://h.example/a/b/z)}}"
    ),
    "a{b:'x\r;c:url(z)}": f"a{{b:'x\r;c:url({HERE}im_/http://h.example/a/b/z)}}",
    "a{b:url(x\\61\r\ny)}": f"a{{b:url({HERE}im_/http://h.example/a/b/x\\61\r\ny)}}",
    "a{b:url(../../../à.png)}": f"a{{b:url({HERE}im_/http://h.example/%C3%A0.png)}}",
    "a{b:image-set('a.png' 1x, \"b.png\" type('image/png'));content:'c'}": (
        f"a{{b:image-set('{HERE}im_/http://h.example/a/b/a.png' 1x, \"{HERE}im_/http://h.example/a/b/b.png\" type('image/png'));content:'c'}}"  # noqa: E501
    ),
    "a{b:url(data:image/gif;base64,R0lG)} b{c:url(#x)}": "a{b:url(data:image/gif;base64,R0lG)} b{c:url(#x)}",
}


@pytest.mark.parametrize("written", VECTORS)
def test_a_page(written: str) -> None:
    assert rewritten(written.encode()).decode() == VECTORS[written]


@pytest.mark.parametrize("written", STYLES)
def test_a_style_sheet(written: str) -> None:
    assert rewritten(written.encode(), "text/css").decode() == STYLES[written]


def test_signs_of_the_page_s_own_folder_are_escaped_where_they_stand() -> None:
    odd = "http://h.example/(a)'&copy/p.html"
    folder = f"{HERE}im_/http://h.example/"
    assert rewritten(b"<img src=x>", url=odd).decode() == f"<img src={folder}(a)&#39;&amp;copy/x>"
    assert rewritten(b"a{b:url(x)}", "text/css", url=odd).decode() == rf"a{{b:url({folder}\(a\)\'&copy/x)}}"


def test_a_page_of_xml() -> None:
    page = (
        b'<?xml-stylesheet type="text/css" href="s.css"?><svg xmlns:l="x"><style><![CDATA[a{b:url(x)}]]></style>'
        b'<title><a href="y"/></title></svg>'
    )
    assert rewritten(page, "image/svg+xml").decode() == (
        f'<?xml-stylesheet type="text/css" href="{HERE}cs_/http://h.example/a/b/s.css"?><svg xmlns:l="x"><style>'
        f'<![CDATA[a{{b:url({HERE}im_/http://h.example/a/b/x)}}]]></style><title><a href="{A}/a/b/y"/></title></svg>'
    )


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252", "utf-16-le", "utf-16-be", "shift_jis", "iso-2022-jp"])
def test_every_byte_stays_in_its_encoding(encoding: str) -> None:
    text = "日本語" if encoding in {"shift_jis", "iso-2022-jp"} else "é\u00bb"
    if encoding.startswith("utf"):
        text += "\U0001f40e"
    page = f'{text}<a href="x">{text}</a><a href="y?q={text}">'
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    declared = f"text/html; charset={encoding}" if not mark else None
    found = rewritten(mark + page.encode(encoding), content_type=declared)
    assert found == mark + page.replace('href="', f'href="{A}/a/b/').encode(encoding)
    wrong = mark + b"\x80\x81\xd8\xdf" + page.encode(encoding)
    assert rewritten(wrong, content_type=declared).replace(f"{A}/a/b/".encode(encoding), b"") == wrong


def test_a_query_is_in_the_encoding_of_the_page() -> None:
    found = rewritable(b"<a href='x?q=\xe9'><a href='z&eacute;'>", PAGE, "text/html", "text/html; charset=latin1")
    assert found is not None
    assert found.links == {"http://h.example/a/b/x?q=%E9", "http://h.example/a/b/z%C3%A9"}


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("shift_jis", "表"), ("shift_jis", "\uff76"), ("big5", "功"), ("gbk", "俓"), ("gb18030", "乗")],
)
def test_a_second_byte_that_looks_like_a_backslash_is_none(encoding: str, text: str) -> None:
    sheet = f"a{{font-family:'{text}';b:url(/x)}} c{{b:url(\"{text}.png\")}}"
    led = sheet.replace("/x", f"{HERE}im_/http://h.example/x").replace(
        f'"{text}', f'"{HERE}im_/http://h.example/a/b/{text}'
    )
    for content, content_type in (
        (sheet.encode(encoding), f"text/css; charset={encoding}"),
        (f'@charset "{encoding}";{sheet}'.encode(encoding), "text/css"),
    ):
        found = rewritten(content, "text/css", content_type)
        assert found.removeprefix(f'@charset "{encoding}";'.encode()) == led.encode(encoding)
    page = f'<p style="{sheet[2:].replace(chr(34), "")}">'.encode(encoding)
    assert rewritten(page, content_type=f"text/html; charset={encoding}").count(b"/c/2011im_/") == 2


def test_names_of_xml_have_prefixes() -> None:
    page = (
        b'<h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:base href="/q/"/><h:style>a{b:url(x)}</h:style>'
        b'<h:style><![CDATA[a{b:url(y)}]]></h:style><s:image xmlns:l="l" l:href="z"/></h:html>'
    )
    found = rewritable(page, PAGE, "application/xhtml+xml", None)
    assert found is not None
    assert [edit.url for edit in found.edits[1:]] == [f"http://h.example/q/{name}" for name in "xyz"]


@pytest.mark.parametrize(
    "reference",
    ["x", "../x?a=(b)", "/x#f", "?q", "../../../x", "x'y", "http://o.example", "https://o.example:8/x?y=%41/.#z",
     "http://", "http://o.example/./x", "http://o.example/.x", "http://u@o.example/x", "http:/x", "HTTP://o.example/",
     "http://o.example/x%2e", "http://o.example/x y", "http://o.example/?a=b\\c", "httpx://o.example/", "x'title='y",
     "#f", "", "./x", "//o.example/"],
)  # fmt: skip
def test_the_short_way_leads_where_the_long_one_does(reference: str) -> None:
    for quote in ('"', "'") if "'" not in reference else ('"',):
        short, long = (
            rewritable(f"<a href={quote}{reference}{quote}{more}>".encode(), PAGE, "text/html", None)
            for more in ("", " data-long=1")
        )
        assert short is not None
        assert long is not None
        assert short.edits == long.edits


def test_a_quotation_mark_ends_a_reference() -> None:
    page = "<a href='x'title='y'><a href='x' title=\"y\"><a href=\"x'y\">"
    assert rewritten(page.encode()).decode() == page.replace("href='", f"href='{A}/a/b/").replace(
        'href="', f'href="{A}/a/b/'
    )


def test_what_is_left_as_it_is() -> None:
    assert rewritable(b"a.href = '/x'", PAGE, "text/javascript", None) is None
    assert rewritable(b"<a href=x>", PAGE, "text/plain", None) is None
    assert rewritable(b" " * (MAX_BYTES + 1), PAGE, "text/html", None) is None
    assert rewritable(b"<a href=x>", "urn:x", "text/html", None) is None or rewritten(b"<a href=x>", url="urn:x")


_PLAIN = st.sampled_from(
    [
        "x",
        "x.html#f",
        "d/x?q=1&amp;r=%C3%A9",
        "/x",
        "/d/x.png",
        "?b=1",
        "../x",
        "http://o.example/x",
        "https://o.example:8080",
    ]
)
_WORDS = (
    "<a href=",
    "<img src=",
    "<p style='b:url(",
    "<!--",
    "-->",
    "'",
    '"',
    ">",
    "=",
    " ",
    "http://l.example/",
    "../",
    "&quot;",
    "&#62;",
    "\\",
    "<script>",
    "</script>",
    "<style>",
    "</style>",
    "<iframe srcdoc=",
    "<meta http-equiv=refresh content='0;url=",
    "srcset=",
    ",",
    "\n",
    "\t",
    "\0",
    "//",
    "#",
    "é",
    ")",
    "(",
)
_HOSTILE = st.lists(st.sampled_from(_WORDS) | st.text(max_size=3), max_size=40).map("".join)


@settings(max_examples=examples(MANY), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["<a href={}>", "<img alt=x src='{}'>", '<b style="c:url({})">', "<style>d{{e:url({})}}</style>"]
            ),
            _PLAIN,
        ),
        max_size=8,
    )
)
def test_without_what_was_put_before_them_it_is_the_page_again(parts: list[tuple[str, str]]) -> None:
    page = "".join(form.format(url) for form, url in parts).encode()
    found = rewritten(page)
    put = re.compile(rb"/c/2011[a-z]{0,2}_?/(?:http://h\.example(?:/a/b/(?:p\.php(?=\?))?)?)?")
    assert put.sub(b"", found) == page


@settings(max_examples=examples(MANY), deadline=None)
@given(_HOSTILE)
def test_a_hostile_page_has_the_same_tags_and_no_live_address_to_follow(text: str) -> None:
    page = text.encode("utf-8", "replace")
    found = rewritten(page, content_type="text/html; charset=utf-8")
    before, after = elements(page), elements(found)
    assert [(one.tag, sorted(one.attrib)) for one in before] == [(one.tag, sorted(one.attrib)) for one in after]
    for one in after:
        value = {"a": one.get("href"), "img": one.get("src")}.get(one.tag) or ""
        value = value.strip(EDGES).translate(dict.fromkeys(map(ord, "\t\n\r")))
        assert not re.match(r"https?:|[/\\]{2}", value), found


EDGES = "".join(map(chr, range(0x21)))


def elements(page: bytes) -> list[Any]:
    root = etree.fromstring(b"<!doctype html><body>" + page, etree.HTMLParser(encoding="utf-8", huge_tree=True))
    return [] if root is None else [one for one in root.iter() if isinstance(one.tag, str)]


@pytest.mark.parametrize(
    "piece",
    [
        "<a href=",
        "<style>",
        "<a href='x' ",
        "url(",
        "<!--",
        "&amp;",
        "<p style='",
        "<iframe srcdoc='&lt;",
        "\\'",
        "image-set(",
        "@import/*",
        "<svg ",
        '="',
        "../",
    ],
)
@pytest.mark.parametrize("media_type", ["text/html", "text/css", "image/svg+xml"])
def test_work_is_linear(piece: str, media_type: str) -> None:
    """Were it not, this would take hours."""
    content = b"<a href='" + piece.encode() * (2_000_000 // len(piece) // 10)
    found = rewritable(content, PAGE, media_type, None)
    assert found is not None
    assert sum(map(len, found.pieces(prefix))) >= len(content)


def test_a_long_base_is_no_base() -> None:
    page = b'<base href="http://x.org/' + b"a" * 20_000 + b'/">' + b"<a href=b>" * 2_000
    assert len(rewritten(page)) < 10 * len(page)


def test_what_a_page_becomes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preserve.formats.rewriting.content.MAX_REWRITTEN_BYTES", 40_000)
    page = b'<base href="http://x.org/' + b"a" * 1_000 + b'/">' + b"<a href=b>" * 50
    assert rewritable(page, PAGE, "text/html", None) is None
    found = rewritable(b"<a href=b>" * 500, PAGE, "text/html", None)
    assert found is not None
    assert found.rewritten(prefix) is not None
    assert found.rewritten(lambda _use, _url: "/" + "a" * 100) is None


def test_a_page_of_addresses_alone_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preserve.formats.rewriting.content._MOST_EDITS", 1_000)
    addresses = [b'<img srcset="' + b"a, " * number + b'">' for number in (1_000, 1_001)]
    few, many = (rewritable(page, PAGE, "text/html", None) for page in addresses)
    assert (few is None, many) == (False, None)


def test_digits_of_a_refresh_are_read_once() -> None:
    assert_linear(lambda size: refresh("1" * size), 4_000_000)
    assert refresh("1.5; url=next") == "next"
    assert refresh("12") is None
