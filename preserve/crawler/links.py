"""What a page leads to: links that a reader could follow, requisites that it is made of, sitemaps and feeds."""

import re
import zlib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

from preserve.expressions import lazy_re
from preserve.formats.charset import decide
from preserve.formats.urls import resolve
from preserve.limits import Limits


class LinkKind(StrEnum):
    """How an address was found: it stands in the hop of a target."""

    LINK = "link"
    REQUISITE = "requisite"
    FEED = "feed"
    SITEMAP = "sitemap"


class Link(NamedTuple):
    """One address, absolute and without its fragment."""

    url: str
    kind: LinkKind = LinkKind.LINK


_LINKS = {"a": "href", "area": "href", "frame": "src", "iframe": "src"}
_REQUISITES = {
    "img": ("src",),
    "script": ("src",),
    "input": ("src",),
    "source": ("src",),
    "track": ("src",),
    "audio": ("src",),
    "embed": ("src",),
    "video": ("src", "poster"),
    "object": ("data",),
    "body": ("background",),
    "table": ("background",),
    "td": ("background",),
    "image": ("href", "{http://www.w3.org/1999/xlink}href", "xlink:href"),
}
_SETS = frozenset({"img", "source"})
_REQUISITE_RELS = frozenset({"stylesheet", "icon", "shortcut", "apple-touch-icon", "preload", "manifest", "mask-icon"})
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml"})
_LINK_RELS = frozenset({"next", "prev", "canonical", "alternate", "start", "contents", "index", "up"})
_TAGS = (*_LINKS, *_REQUISITES, "link", "style", "base", "meta")
_SRCSET = lazy_re(r"[\s,]*([^\s,]\S*[^\s,]|[^\s,])(?:\s+[^\s,]+)*\s*(?:,|\Z)")
_CSS_URL = lazy_re(r"""url\(\s*(?:"([^"\n]{1,4000})"|'([^'\n]{1,4000})'|([^\s"'()]{1,4000}))\s*\)""", re.IGNORECASE)
_CSS_IMPORT = lazy_re(r"""@import\s{1,20}(?:"([^"\n]{1,4000})"|'([^'\n]{1,4000})')""", re.IGNORECASE)
_CSS_COMMENT = lazy_re(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_REFRESH = lazy_re(r"\s*\d*\s*[;,]\s*url\s*=\s*['\"]?([^'\"\s>]+)", re.IGNORECASE)


@lru_cache(maxsize=1 << 15)
def _absolute(base: str, reference: str) -> str | None:
    return resolve(base, reference)


def absolute(base: str, reference: str) -> str | None:
    """A reference made absolute. One that begins at the root is the same from every page of an origin."""
    if len(reference) > 10_000:  # noqa: PLR2004 - far above the longest address that is taken
        return None
    if reference.startswith("/") and not reference.startswith("//"):
        base = base[: base.find("/", 8) + 1] or base
    return _absolute(base, reference)


def page_links(content: bytes, content_type: str | None, base: str, limits: Limits) -> list[Link]:
    """The links and requisites of an HTML page in document order, each once, at most ``max_links_per_page``."""
    root = _parse(content, content_type, limits)
    if root is None:
        return []
    found: dict[str, LinkKind] = {}
    for element in root.iter(*_TAGS):
        if element.tag == "base":
            base = resolve(base, element.get("href") or "") or base
            continue
        for reference, kind in _references(element):
            url = absolute(base, reference)
            # What is both shown and linked to is a link: it may lead on.
            if url is not None and (kind is LinkKind.LINK or url not in found):
                found[url] = kind
        if len(found) >= limits.max_links_per_page:
            break
    return [Link(url, kind) for url, kind in found.items()][: limits.max_links_per_page]


def _parse(content: bytes, content_type: str | None, limits: Limits) -> "etree._Element | None":
    data = _as_utf8(content, content_type, limits)
    # NUL ends the parser's input early; the byte form with a declared encoding keeps it from guessing.
    if b"\x00" in data:
        data = data.replace(b"\x00", b"\xef\xbf\xbd")
    if not data.strip():
        return None
    parser = etree.HTMLParser(encoding="utf-8", recover=True, no_network=True, huge_tree=False)
    try:
        return etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError):
        return None


def _as_utf8(content: bytes, content_type: str | None, limits: Limits) -> bytes:
    is_short = len(content) <= limits.max_text_chars
    if is_short and content.isascii() and b"\x1b" not in content and "utf-16" not in (content_type or "").lower():
        # Whatever is declared: without escapes, ASCII is the same in every encoding but UTF-16.
        return content
    decoded = decide(content, content_type)
    if is_short and decoded.encoding == "utf-8" and not decoded.bom_bytes:
        return content
    return decoded.text[: limits.max_text_chars].encode("utf-8", "replace")


def _references(element: "etree._Element") -> Iterable[tuple[str, LinkKind]]:
    attribute = _LINKS.get(str(element.tag))
    if attribute is None:
        return _other_references(element)
    reference = element.get(attribute)
    return ((reference, LinkKind.LINK),) if reference else ()


def _other_references(element: "etree._Element") -> Iterator[tuple[str, LinkKind]]:
    tag = str(element.tag)
    if tag == "link":
        yield from _of_link(element)
    elif tag == "style":
        yield from ((reference, LinkKind.REQUISITE) for reference in _in_css(element.text or ""))
    elif tag == "meta":
        match = _REFRESH.match(element.get("content") or "")
        if match is not None and (element.get("http-equiv") or "").lower() == "refresh":
            yield match.group(1), LinkKind.LINK
    else:
        for name in _REQUISITES[tag]:
            reference = element.get(name)
            if reference:
                yield reference, LinkKind.REQUISITE
        if tag in _SETS:
            for match in _SRCSET.finditer((element.get("srcset") or "")[:100_000]):
                yield match.group(1), LinkKind.REQUISITE


def _of_link(element: "etree._Element") -> Iterator[tuple[str, LinkKind]]:
    reference = element.get("href")
    rels = (element.get("rel") or "").lower().split()
    if not reference:
        return
    if "alternate" in rels and (element.get("type") or "").strip().lower() in _FEED_TYPES:
        yield reference, LinkKind.FEED
    elif not _REQUISITE_RELS.isdisjoint(rels):
        yield reference, LinkKind.REQUISITE
    elif not _LINK_RELS.isdisjoint(rels):
        yield reference, LinkKind.LINK


def _in_css(text: str) -> Iterator[str]:
    text = _CSS_COMMENT.sub(" ", text)
    for pattern in (_CSS_IMPORT, _CSS_URL):
        for match in pattern.finditer(text):
            yield next(group for group in match.groups() if group)


def css_links(content: bytes, content_type: str | None, base: str, limits: Limits) -> list[Link]:
    """What a style sheet imports and shows, each once."""
    text = decide(content, content_type).text[: limits.max_text_chars]
    return _all(base, _in_css(text), LinkKind.REQUISITE, limits)


def sitemap_links(content: bytes, base: str, limits: Limits) -> tuple[list[Link], str]:
    """The pages and further sitemaps of a sitemap, and what is wrong with it, or nothing.

    It may be gzip, once or twice, in a file that says so or not; XML with or without its namespace; or lines of text.
    What can be read of a broken one is taken. Source: the Sitemaps XML format, "Sitemap protocol".
    """
    defect = ""
    for _twice in range(2):
        if content.startswith(b"\x1f\x8b"):
            content, is_whole = _inflated(content, limits.max_sitemap_bytes)
            defect = defect if is_whole else "cut or damaged gzip"
    content = content[: limits.max_sitemap_bytes].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not content.startswith(b"<"):
        lines = content.decode("utf-8", "replace").split()
        return _all(base, (line for line in lines if "://" in line), LinkKind.LINK, limits), defect
    root = _xml(content)
    if root is None:
        return [], "no XML"
    kind = {"sitemapindex": LinkKind.SITEMAP, "urlset": LinkKind.LINK}.get(_local(root))
    if kind is None:
        return [], f"no sitemap but <{_local(root)[:40]}>"
    # An entity is not expanded: an element that has one has no text.
    texts = (str(element.text) for element in root.iter("{*}loc") if element.text and not len(element))
    return _all(base, texts, kind, limits), defect


def _inflated(content: bytes, max_bytes: int) -> tuple[bytes, bool]:
    """What can be read of a gzip member, and whether it was all."""
    inflater = zlib.decompressobj(wbits=31)
    plain = bytearray()
    try:
        # Piece by piece: what came before a damage counts.
        for start in range(0, len(content), 1 << 14):
            plain += inflater.decompress(content[start : start + (1 << 14)], max_bytes - len(plain) + 1)
            if inflater.eof or len(plain) > max_bytes:
                break
    except zlib.error:
        return bytes(plain), False
    return bytes(plain[:max_bytes]), inflater.eof


def feed_links(content: bytes, base: str, limits: Limits) -> list[Link]:
    """The pages that a feed (RSS, Atom) names."""
    root = _xml(content[: limits.max_sitemap_bytes].lstrip())
    if root is None:
        return []
    references: list[str] = []
    for element in root.iter("{*}link", "{*}guid"):
        attributes = element.attrib
        if "href" in attributes:
            if attributes.get("rel", "alternate") == "alternate":
                references.append(str(attributes["href"]))
        elif attributes.get("isPermaLink", "true") == "true" and element.text and "://" in element.text:
            references.append(element.text)
    return _all(base, references, LinkKind.LINK, limits)


def _xml(content: bytes) -> "etree._Element | None":
    parser = etree.XMLParser(
        recover=True, no_network=True, huge_tree=False, resolve_entities=False, load_dtd=False, remove_comments=True
    )
    try:
        return etree.fromstring(content, parser)
    except (etree.LxmlError, ValueError):
        return None


def _local(element: "etree._Element") -> str:
    return etree.QName(element).localname


def _all(base: str, references: Iterable[str], kind: LinkKind, limits: Limits) -> list[Link]:
    found: dict[str, None] = {}
    for reference in references:
        url = absolute(base, reference.strip())
        if url is not None:
            found.setdefault(url)
            if len(found) >= limits.max_links_per_page:
                break
    return [Link(url, kind) for url in found]
