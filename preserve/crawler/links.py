"""What a page leads to: links that a reader could follow, and requisites that it is made of."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from preserve.expressions import lazy_re
from preserve.formats.charset import decide
from preserve.formats.markup import Tag, addressed_tags, read_tag, refresh, srcset, style_references
from preserve.formats.urls import PLAIN_REFERENCE, Base
from preserve.limits import Limits


class LinkKind(StrEnum):
    """How an address was found: it stands in the hop of a target."""

    LINK = "link"
    REQUISITE = "requisite"
    FEED = "feed"
    SITEMAP = "sitemap"


class PageLink(NamedTuple):
    """One address, absolute and without its fragment."""

    url: str
    kind: LinkKind = LinkKind.LINK


class PageLinks(NamedTuple):
    """What was found, in order, each address once; ``defect``: why that is not all of it, or nothing."""

    links: list[PageLink]
    defect: str = ""


_LINKS = {"a": ("href",), "area": ("href",), "frame": ("src",), "iframe": ("src",)}
_REQUISITES = {
    "audio": ("src",),
    "bgsound": ("src",),
    "body": ("background",),
    "embed": ("src",),
    "feimage": ("href",),
    "image": ("href", "src"),
    "img": ("src",),
    "input": ("src",),
    "object": ("data",),
    "script": ("src", "href"),
    "source": ("src",),
    "table": ("background",),
    "td": ("background",),
    "th": ("background",),
    "tr": ("background",),
    "track": ("src",),
    "use": ("href",),
    "video": ("src", "poster"),
}
_PREFIXED = frozenset({"a", "feimage", "image", "script", "use"})
"""Elements of SVG, whose ``href`` may have the prefix of XLink."""
_REQUISITE_RELS = frozenset({"stylesheet", "icon", "shortcut", "apple-touch-icon", "preload", "manifest", "mask-icon"})
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml"})
_LINK_RELS = frozenset({"next", "prev", "canonical", "alternate", "start", "contents", "index", "up"})
_PLAIN_LINK = lazy_re(r"""<[aA][ \n]href=(?:"([^"&\x00]*+)"|'([^'&\x00]*+)')>""")
_QUICK_LINK = lazy_re(rf"""<[aA][ \n]href="(?=[^"&\x00]*+">){PLAIN_REFERENCE}(?:\#[^"]*+)?">""")
"""A link to a plain reference: nearly all are so."""
_DULL = lazy_re(r"<(?:[!?]|(?:title|textarea|xmp|noembed|noframes)(?=[\t\n\f\r />]))", re.IGNORECASE)
"""What is found among the tags because its content is raw: it leads nowhere, but by a style."""
_MAX_REMEMBERED = 1 << 23
"""Characters of tags that are remembered: some 30 MB."""
_NEVER = 1 << 30
_MAX_TAG = 2_000
"""Characters of the longest tag that is remembered."""


class SeenTags:
    """Tags read before, as they were written, by what they stand on: most of a page is the same on the next one.

    Of a tag that was seen in the same folder, at no greater depth, nothing new can come.
    """

    def __init__(self) -> None:
        self._by_place: dict[str, dict[str, int]] = {}
        self._chars = 0

    def new(self, folder: str, depth: int, tags: Iterable[str]) -> list[str]:
        """Those of the tags that were not seen in a folder, or at a greater depth only."""
        seen = self._by_place.get(folder)
        return list(tags) if seen is None else [tag for tag in tags if seen.get(tag, _NEVER) > depth]

    def add(self, folder: str, depth: int, tags: Iterable[str]) -> None:
        """Remembers tags; what was remembered is forgotten where it gets too much."""
        seen = self._by_place.setdefault(folder, {})
        for tag in tags:
            if len(tag) <= _MAX_TAG:
                seen[tag] = depth
                self._chars += len(tag)
        if self._chars > _MAX_REMEMBERED:
            self._by_place.clear()
            self._chars = 0


class _Reader:
    """Reads one page, and the pages that stand in its ``srcdoc`` attributes."""

    def __init__(self, content: bytes, content_type: str | None, seen: SeenTags | None, depth: int) -> None:
        self._content = content
        self._content_type = content_type
        self._seen = seen
        self._depth = depth
        self._encoding: str | None = None
        self._styles = False
        """True where any element may show something by its ``style``."""
        self.inner: deque[tuple[str, Base]] = deque()
        self.found: dict[str, LinkKind] = {}

    def text(self) -> str:
        """The page's text."""
        content = self._content
        if content.isascii() and b"\x1b" not in content and "utf-16" not in (self._content_type or "").lower():
            # Whatever is declared: without escapes, ASCII is the same in every encoding but UTF-16.
            return content.decode("ascii")
        decoded = decide(content, self._content_type)
        self._encoding = decoded.encoding
        return decoded.text

    def read(self, text: str, base: Base, most: int, *, xml: bool) -> bool:
        """Adds what a page leads to; false where there would be more than ``most``."""
        lower = text.lower()
        self._styles = "url(" in lower and "style" in lower
        tags = addressed_tags(text, every=self._styles, xml=xml)
        folder = base.folder
        own = _own_base(tags, base) if "<base" in lower else None
        if own is not None:
            base, folder = own, f"{own.href} {folder}"
        new: Iterable[str] = tags if self._seen is None else self._seen.new(folder, self._depth, tags)
        lasting = [tag for tag in new if len(self.found) <= most and self._read_tag(tag, base)]
        if self._seen is not None:
            self._seen.add(folder, self._depth, lasting)
        return len(self.found) <= most

    def _read_tag(self, written: str, base: Base) -> bool:
        """Adds what a tag leads to; true where it leads to the same from all pages of the folder."""
        quick = _QUICK_LINK.fullmatch(written)
        url = None if quick is None else base.behind(*quick.groups())
        if url is not None:
            self.found[url] = LinkKind.LINK
            return True
        if not self._styles and _DULL.match(written) is not None:
            return False
        plain = _PLAIN_LINK.fullmatch(written)
        if plain is not None:
            return self._add(plain[1] or plain[2] or "", LinkKind.LINK, base)
        tag = read_tag(written)
        lasts = True
        if tag is not None:
            if "srcdoc" in tag.attributes and tag.name == "iframe":
                self.inner.append((tag.attributes["srcdoc"], base))
                lasts = False
            for reference, kind in _references(tag):
                lasts &= self._add(reference, kind, base)
        return lasts

    def _add(self, reference: str, kind: LinkKind, base: Base) -> bool:
        is_ascii = reference.isascii()
        url = base.join(reference) if is_ascii else Base(base.href, self._encoding_of_page()).join(reference)
        # What is both shown and linked to is a link: it may lead on.
        if url is not None and (kind is LinkKind.LINK or url not in self.found):
            self.found[url] = kind
        # What begins with a query is joined to the page, not to its folder.
        return is_ascii and "?" not in reference[:1] and reference[:1] > " "

    def _encoding_of_page(self) -> str:
        if self._encoding is None:
            self._encoding = decide(self._content, self._content_type).encoding
        return self._encoding


def page_links(
    content: bytes,
    content_type: str | None,
    url: str,
    limits: Limits,
    *,
    seen: SeenTags | None = None,
    depth: int = 0,
) -> PageLinks:
    """The links and requisites of an HTML page in document order, at most ``max_links_per_page``.

    With ``seen``, only what tags lead to that were not seen before on a page of no greater ``depth``.
    """
    reader = _Reader(content, content_type, seen, depth)
    text = reader.text()
    defect = "" if len(text) <= limits.max_text_chars else f"read up to character {limits.max_text_chars:,}"
    xml = "xhtml+xml" in (content_type or "").lower()
    reader.inner.append((text[: limits.max_text_chars], Base(url)))
    while reader.inner:
        if not reader.read(*reader.inner.popleft(), limits.max_links_per_page, xml=xml):
            defect = f"more than {limits.max_links_per_page:,} links"
            break
        xml = False
    links = [PageLink(url, kind) for url, kind in reader.found.items()]
    return PageLinks(links[: limits.max_links_per_page], defect)


def _own_base(tags: Iterable[str], base: Base) -> Base | None:
    """What the first ``<base>`` with a ``href`` says; None where there is none (HTML Standard, section 4.2.3)."""
    for written in tags:
        if written[:5].lower() == "<base":
            tag = read_tag(written)
            reference = tag.attributes.get("href") if tag is not None and tag.name == "base" else None
            if reference is not None:
                return base.against(reference)
    return None


def _references(tag: Tag) -> Iterator[tuple[str, LinkKind]]:
    attributes = tag.attributes
    if tag.name in _LINKS:
        for name in _LINKS[tag.name]:
            if name in attributes:
                yield attributes[name], LinkKind.LINK
            elif tag.name in _PREFIXED:
                yield from ((value, LinkKind.LINK) for key, value in attributes.items() if key.endswith(":href"))
    elif tag.name == "link":
        yield from _of_link(attributes)
    elif tag.name == "style":
        yield from ((reference, LinkKind.REQUISITE) for reference in style_references(tag.content))
    elif tag.name == "meta":
        reference = refresh(attributes.get("content", "")) if _is_refresh(attributes) else None
        if reference is not None:
            yield reference, LinkKind.LINK
    else:
        yield from ((reference, LinkKind.REQUISITE) for reference in _shown(tag.name, attributes))
    if "url(" in attributes.get("style", "").lower():
        yield from ((reference, LinkKind.REQUISITE) for reference in style_references(attributes["style"]))


def _is_refresh(attributes: dict[str, str]) -> bool:
    """True for a ``meta`` element that stands for a ``Refresh`` field."""
    return attributes.get("http-equiv", "").lower() == "refresh"


def _shown(name: str, attributes: dict[str, str]) -> Iterator[str]:
    """What an element shows or runs. Nothing is fetched for an empty attribute, or for a part of the page itself."""
    for key in _REQUISITES.get(name, ()):
        if key in attributes:
            yield from _elsewhere(attributes[key])
        elif key == "href" and name in _PREFIXED:
            for prefixed, value in attributes.items():
                if prefixed.endswith(":href"):
                    yield from _elsewhere(value)
    if name in {"img", "source"}:
        yield from srcset(attributes.get("srcset", ""))


def _elsewhere(reference: str) -> Iterator[str]:
    if reference.strip() and not reference.lstrip().startswith("#"):
        yield reference


def _of_link(attributes: dict[str, str]) -> Iterator[tuple[str, LinkKind]]:
    reference = attributes.get("href", "")
    rels = attributes.get("rel", "").lower().split()
    if not _REQUISITE_RELS.isdisjoint(rels):
        for candidate in srcset(attributes.get("imagesrcset", "")):
            yield candidate, LinkKind.REQUISITE
    if not reference.strip():
        return
    if "alternate" in rels and attributes.get("type", "").strip().lower() in _FEED_TYPES:
        yield reference, LinkKind.FEED
    elif not _REQUISITE_RELS.isdisjoint(rels):
        yield reference, LinkKind.REQUISITE
    elif not _LINK_RELS.isdisjoint(rels):
        yield reference, LinkKind.LINK


def css_links(content: bytes, content_type: str | None, url: str, limits: Limits) -> PageLinks:
    """What a style sheet imports and shows, each once."""
    text = decide(content, content_type).text
    finds = joined(Base(url), style_references(text[: limits.max_text_chars]), LinkKind.REQUISITE, limits)
    if len(text) > limits.max_text_chars:
        return finds._replace(defect=f"read up to character {limits.max_text_chars:,}")
    return finds


def joined(base: Base, references: Iterable[str], kind: LinkKind, limits: Limits) -> PageLinks:
    """References made absolute, each address once, up to the bound."""
    found: dict[str, None] = {}
    for reference in references:
        url = base.join(reference)
        if url is not None:
            found.setdefault(url)
            if len(found) > limits.max_links_per_page:
                links = [PageLink(url, kind) for url in found][: limits.max_links_per_page]
                return PageLinks(links, f"more than {limits.max_links_per_page:,} links")
    return PageLinks([PageLink(url, kind) for url in found])
