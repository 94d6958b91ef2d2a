"""Lists of addresses that a site keeps for programs: sitemaps and feeds.

They are read as they are written out there, not as XML has it: with bare ``&``, without namespaces, cut, of any depth
and length, in any encoding that their bytes or their XML declaration name.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from html import unescape
from typing import NamedTuple

from preserve.crawler.links import LinkKind, PageLink, PageLinks, joined
from preserve.expressions import lazy_re
from preserve.formats.charset import decide
from preserve.formats.markup import ATTRIBUTES, attributes
from preserve.formats.urls import Base
from preserve.limits import Limits

_MARKUP = lazy_re(
    r"<(?:!--[^-]*+(?:-(?!->)[^-]*+)*+(?:-->)?+|!\[CDATA\[([^\]]*+(?:\](?!\]>)[^\]]*+)*+)(?:\]\]>)?+|[!?][^>]*+(?:>|\Z)"
    rf"|(/?)(?:([A-Za-z_][^\s/>:]*+):)?([A-Za-z_][^\s/>:]*+)({ATTRIBUTES})(?:>|\Z))"
)
"""A comment, CDATA (its text is a group), an instruction, or a tag: slash, prefix, name and attributes."""
_ENTITY = lazy_re(r"&(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")
_NAMED = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}
_OTHER_ENTITY = lazy_re(r"&[A-Za-z_][A-Za-z0-9._-]*;")
_FEEDS = frozenset({"rss", "feed", "RDF"})
_IMAGES = frozenset({"image", "video"})
"""Prefixes of what a sitemap says of the images and films on a page."""


def sitemap_links(content: bytes, content_type: str | None, url: str, limits: Limits) -> PageLinks:
    """The pages and further sitemaps of a sitemap.

    It may be gzip, once or twice, in a file that says so or not; XML with or without its namespace; a feed; or lines of
    text. What can be read of a broken one is taken. Source: the Sitemaps XML format, "Sitemap protocol".
    """
    defect = ""
    for _twice in range(2):
        if content.startswith(b"\x1f\x8b"):
            content, is_whole = _inflated(content, limits.max_sitemap_bytes)
            defect = defect if is_whole else "cut or damaged gzip"
    if len(content) > limits.max_sitemap_bytes:
        defect = f"read up to byte {limits.max_sitemap_bytes:,}"
    text = decide(content[: limits.max_sitemap_bytes], content_type).text.lstrip()
    if text.startswith("<"):
        finds = _of_xml(text, url, limits)
    else:
        lines = (line for line in text.split() if "://" in line)
        finds = joined(Base(url), lines, LinkKind.LINK, limits)
    return finds._replace(defect=defect or finds.defect)


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


def feed_links(content: bytes, content_type: str | None, url: str, limits: Limits) -> PageLinks:
    """The pages that a feed (RSS, Atom) names."""
    text = decide(content[: limits.max_sitemap_bytes], content_type).text
    finds = _collected(_of_feed(_elements(text, Base(url))), limits)
    if len(content) > limits.max_sitemap_bytes:
        return finds._replace(defect=f"read up to byte {limits.max_sitemap_bytes:,}")
    return finds


class _Element(NamedTuple):
    """A start tag, the text behind it up to the next tag, and what its references are joined to."""

    prefix: str
    name: str
    attributes: str
    text: str
    base: Base


def _of_xml(text: str, url: str, limits: Limits) -> PageLinks:
    root = next((match for match in _MARKUP.finditer(text) if match[4] and not match[2]), None)
    if root is None:
        return PageLinks([], "no XML")
    kind = {"sitemapindex": LinkKind.SITEMAP, "urlset": LinkKind.LINK}.get(root[4])
    if kind is None:
        if root[4] in _FEEDS:
            return _collected(_of_feed(_elements(text, Base(url))), limits)
        return PageLinks([], f"no sitemap but <{root[4][:40]}>")
    locations = (one for one in _elements(text, Base(url)) if one.name == "loc" and one.text.strip())
    return _collected(
        ((one.base.join(one.text), LinkKind.REQUISITE if one.prefix in _IMAGES else kind) for one in locations), limits
    )


def _of_feed(elements: Iterable[_Element]) -> Iterator[tuple[str | None, LinkKind]]:
    for element in elements:
        reference = ""
        if element.name == "link":
            named = attributes(element.attributes)
            reference = named.get("href", element.text) if named.get("rel", "alternate") == "alternate" else ""
        elif element.name == "guid" and attributes(element.attributes).get("ispermalink", "true") == "true":
            reference = element.text if "://" in element.text else ""
        if reference.strip():
            yield element.base.join(reference), LinkKind.LINK


def _collected(found: Iterable[tuple[str | None, LinkKind]], limits: Limits) -> PageLinks:
    """Each address once, up to the bound."""
    links: dict[str, LinkKind] = {}
    for url, kind in found:
        if url is not None:
            links.setdefault(url, kind)
        if len(links) > limits.max_links_per_page:
            links.popitem()
            return PageLinks(
                [PageLink(*one) for one in links.items()], f"more than {limits.max_links_per_page:,} links"
            )
    return PageLinks([PageLink(*one) for one in links.items()])


def _elements(text: str, base: Base) -> Iterator[_Element]:
    """The elements of a text that is meant to be XML. Entities of its own are not expanded: who has one has no text."""
    has_entities = "<!ENTITY" in text
    bases = _Bases(base) if "xml:base" in text else None
    opened: _Element | None = None
    said: list[str] = []
    end = 0
    for match in _MARKUP.finditer(text):
        if opened is not None:
            piece = text[end : match.start()]
            said.append("" if has_entities and _has_other(piece) else _ENTITY.sub(_character, piece))
            said.append(match[1] or "")
        end = match.end()
        if not match[4]:
            continue
        if opened is not None:
            yield opened._replace(text="".join(said))
        said.clear()
        own = base if bases is None else bases.at(match)
        opened = None if match[2] else _Element(match[3] or "", match[4], match[5], "", own)
    if opened is not None:
        # A text that nothing ends is cut: it would be another address.
        yield opened


class _Bases:
    """``xml:base`` of the elements that are open (XML Base, section 4)."""

    def __init__(self, base: Base) -> None:
        self._open: list[tuple[str, Base]] = []
        self._names: Counter[str] = Counter()
        self._base = base

    def at(self, match: re.Match[str]) -> Base:
        """What holds for the element of a tag."""
        name = f"{match[3] or ''}:{match[4]}"
        if match[2]:
            # An end tag that nothing opened ends nothing.
            while self._names[name]:
                closed, self._base = self._open.pop()
                self._names[closed] -= 1
                if closed == name:
                    break
            return self._base
        own = self._base
        if "xml:base" in match[5]:
            own = own.against(attributes(match[5]).get("xml:base", "")) or own
        if not match[5].endswith("/"):
            self._open.append((name, self._base))
            self._names[name] += 1
            self._base = own
        return own


def _has_other(text: str) -> bool:
    return any(match[0] not in _NAMED for match in _OTHER_ENTITY.finditer(text))


def _character(match: re.Match[str]) -> str:
    return _NAMED.get(match[0]) or unescape(match[0])
