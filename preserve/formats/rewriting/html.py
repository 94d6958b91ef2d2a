"""The references of a page of HTML, XHTML or SVG, with their edits. Source: the HTML Standard, sections 4 and 13.2.5.

Comments stay as they are, those with conditions too: no browser of today reads them. What stands in ``noscript`` is
markup where no script runs. A ``srcdoc`` is a page of its own in an attribute.

Tested by ``tests/unit/formats/test_rewriting.py``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from preserve.expressions import lazy_re
from preserve.formats.markup import Spot, refresh_span, srcset_spans, tag_spots, tags_in, unescaped
from preserve.formats.rewriting.css import style_edits
from preserve.formats.rewriting.edits import Edit, Resolver, Use, for_attribute
from preserve.formats.urls import PLAIN_REFERENCE, Base

_BY_NAME: Final = {
    "action": Use.LINK,
    "formaction": Use.LINK,
    "cite": Use.LINK,
    "longdesc": Use.LINK,
    "background": Use.IMAGE,
    "poster": Use.IMAGE,
    "lowsrc": Use.IMAGE,
    "dynsrc": Use.IMAGE,
    "icon": Use.IMAGE,
    "manifest": Use.OTHER,
    "codebase": Use.OTHER,
}
"""Attributes that are addresses on whatever element they stand."""
_SRC: Final = {
    "script": Use.SCRIPT,
    "iframe": Use.FRAME,
    "frame": Use.FRAME,
    "embed": Use.OBJECT,
    "audio": Use.OBJECT,
    "video": Use.OBJECT,
    "source": Use.OBJECT,
    "track": Use.OBJECT,
}
_HREF: Final = {
    "script": Use.SCRIPT,
    "image": Use.IMAGE,
    "use": Use.IMAGE,
    "feimage": Use.IMAGE,
    "base": Use.OTHER,
}
_LINK_TYPES: Final = {
    "stylesheet": Use.STYLE,
    "icon": Use.IMAGE,
    "apple-touch-icon": Use.IMAGE,
    "modulepreload": Use.SCRIPT,
}
_PAINTED: Final = frozenset(
    {"fill", "stroke", "filter", "mask", "clip-path", "marker", "marker-start", "marker-mid", "marker-end", "cursor"}
)
"""Attributes of SVG that are values of style sheets."""
_ANIMATED: Final = frozenset({"animate", "set"})
"""Elements of SVG that give an attribute other values, without a script."""
_SAYING: Final = _ANIMATED | {"meta", "link"}
"""Elements of which one attribute says what another one is."""
_PINGED: Final = frozenset({"ping", "attributionsrc"})
"""Attributes with several addresses, of whom a browser tells that something was seen or followed."""
_VALUES: Final = lazy_re(r"[^;]++")
_SETS: Final = frozenset({"srcset", "imagesrcset"})
_ADDRESSED: Final = lazy_re(
    r"href|src|style|action|data|poster|background|cite|longdesc|manifest|codebase|icon|ping|content|integrity"
    r"|crossorigin|url|attributename",
    re.IGNORECASE,
)
"""Without one of these in it a tag has nothing that is looked for here."""
_BASE: Final = lazy_re(r"<(?:[a-z0-9_.-]++:)?+base[\t\n\f\r /]", re.IGNORECASE)
_MOST_BASE_CHARS: Final = 4_000
"""With a longer base a page grows beyond measure where each address is written out: it counts for nothing."""
_AFTER_NAME: Final = frozenset("\t\n\f\r /")
_STYLE: Final = lazy_re(r"<(?:[a-z0-9_.-]++:)?+style[\t\n\f\r />]", re.IGNORECASE)
_CDATA: Final = "<![CDATA["
_SHEET: Final = lazy_re(r"""<\?xml-stylesheet\s[^>]*?\bhref\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""")
_WORD: Final = lazy_re(r"[^\t\n\f\r ]++")
_OTHER: Final = r"""(?:[ \n](?:class|dir|id|lang|name|rel|target|title|width)="[^"]*+")*+"""
_WHOLE: Final = r"(https?://[A-Za-z0-9_~=,;+*$!@:/.-]*+(?:\?[A-Za-z0-9_~=,;+*$!@:/.?()%-]*+)?+)"
"""An address that is followed as it is written, unless a segment of its path begins with a dot."""
_IN_SINGLE: Final = PLAIN_REFERENCE.replace("'", "")
_QUICK_LINK: Final = lazy_re(
    rf"""<[aA]{_OTHER}[ \n]href=(?:"(?=[^"&\x00]*+")(?:{_WHOLE}|{PLAIN_REFERENCE})(?:\#[^"]*+)?\""""
    rf"""|'(?=[^'&\x00]*+')(?:{_WHOLE}|{_IN_SINGLE})(?:\#[^']*+)?'){_OTHER}[ \n]?/?>"""
)
_GROUPS: Final = 4
"""Of a quick link in either kind of quotation marks: a whole address, or the three parts of a plain reference."""
_MOST_KEPT: Final = 20_000
_MOST_NESTED: Final = 3
"""Pages in attributes of pages in attributes: beyond this they are left out."""


def base_of(text: str, own: Base, *, xml: bool = False) -> Base:
    """What references on a page are relative to: what its first ``base`` element with one says, else ``own``."""
    reference = _first_base(text, xml=xml)
    named = None if reference is None else own.against(reference)
    return named if named is not None and len(named.href) <= _MOST_BASE_CHARS else own


def _first_base(text: str, *, xml: bool) -> str | None:
    """The reference of the first ``base`` element that has one (HTML Standard, section 2.4.3); None: there is none."""
    if _BASE.search(text) is None:
        return None
    for match in tags_in(text, xml=xml):
        tag = tag_spots(match[0]) if _BASE.match(match[0]) is not None else None
        # A prefix is one where namespaces are read.
        if tag is not None and (xml or match[0][5] in _AFTER_NAME):
            found = next((unescaped(spot.written)[0] for spot in tag[1] if spot.name == "href"), None)
            if found is not None:
                return found
    return None


@dataclass(slots=True)
class PageEdits:
    """Finds the edits of one page, by characters of its text."""

    resolver: Resolver
    of_base: Resolver | None = None
    """Reads the reference of a ``base`` element, which is relative to the page's own address."""
    is_xml: bool = False
    depth: int = 0
    _seen: dict[str, tuple[Edit, ...]] = field(default_factory=dict)

    def edits(self, text: str) -> Iterator[Edit]:
        """The edits, in order."""
        was_style = False
        seen, is_xml = self._seen, self.is_xml
        for match in tags_in(text, xml=is_xml):
            written = match[0]
            if was_style and written.startswith(_CDATA):
                yield from _moved(style_edits(written, self.resolver), match.start())
            if is_xml:
                was_style = _STYLE.match(written) is not None
            found = seen.get(written)
            if found is None:
                if len(seen) >= _MOST_KEPT:
                    seen.clear()
                found = seen[written] = self._of_link(written) or self._of_tag(written)
            if found:
                yield from _moved(found, match.start())

    def _of_link(self, written: str) -> tuple[Edit, ...]:
        """The edit of a link as most are written; nothing, where more has to be looked at."""
        match = _QUICK_LINK.match(written)
        if match is None:
            return ()
        first = 1 if match[1] is not None or match[2] is not None else 1 + _GROUPS
        whole, *parts = match.groups()[first - 1 : first - 1 + _GROUPS]
        if whole is not None:
            at = match.start(first)
            return () if "/." in whole else (Edit(at, at, Use.LINK, whole, ""),)
        found = self.resolver.plain_target(*parts)
        if found is None:
            return ()
        at = match.start(first + 1)
        return (Edit(at, at, Use.LINK, found.url, for_attribute(found.lead)),)

    def _of_tag(self, written: str) -> tuple[Edit, ...]:
        """The edits of one tag, by characters of it."""
        if _ADDRESSED.search(written) is None:
            return ()
        if written[1] in "!?":
            return self._of_instruction(written)
        tag = tag_spots(written)
        if tag is None:
            return ()
        name, spots, end = tag
        found: list[Edit] = []
        said = {spot.name: unescaped(spot.written)[0].strip().lower() for spot in spots} if name in _SAYING else {}
        for spot in spots:
            found += self._of_attribute(name, spot, said)
        found.sort(key=lambda edit: edit.start)
        if name == "style":
            found += _moved(style_edits(written[end:], self.resolver), end)
        return tuple(found)

    def _of_instruction(self, written: str) -> tuple[Edit, ...]:
        """The style sheet that an XML page names before its first element."""
        match = _SHEET.match(written) if self.is_xml else None
        if match is None:
            return ()
        group = match.lastindex or 1
        spot = Spot("href", match.start(group), match.end(group), match[group], is_quoted=True)
        return tuple(self._address(spot, Use.STYLE))

    def _of_attribute(self, tag: str, spot: Spot, said: dict[str, str]) -> Iterator[Edit]:
        prefix, _, local = spot.name.rpartition(":")
        name = local if prefix == "xlink" or (self.is_xml and local == "href") else spot.name
        if name == "href":
            resolver = self.of_base if tag == "base" else None
            yield from self._address(spot, _use_of_href(tag, said), resolver)
        elif name == "src":
            yield from self._address(spot, _SRC.get(tag, Use.IMAGE))
        elif name in _BY_NAME:
            yield from self._address(spot, _BY_NAME[name])
        elif name == "data" and tag == "object":
            yield from self._address(spot, Use.OBJECT)
        elif name in _SETS:
            yield from self._several(spot, list(srcset_spans(unescaped(spot.written)[0])), Use.IMAGE)
        elif name in _PINGED:
            words = [(match.start(), match[0]) for match in _WORD.finditer(unescaped(spot.written)[0])]
            yield from self._several(spot, words, Use.OTHER)
        elif name == "style" or (name in _PAINTED and "url" in spot.written.lower()):
            yield from self._style(spot)
        elif tag in _ANIMATED and said.get("attributename") in {"href", "xlink:href"}:
            yield from self._animated(spot)
        elif name == "content" and tag == "meta":
            yield from self._meta(spot, said.get("http-equiv", ""))
        elif name == "integrity" or (name == "crossorigin" and spot.written.strip().lower() == "use-credentials"):
            # Of bytes that have changed no digest holds; and no answer here is for the bearer of a cookie.
            yield _emptied(spot)
        elif name == "srcdoc":
            yield from self._document(spot)

    def _address(self, spot: Spot, use: Use, resolver: Resolver | None = None) -> Iterator[Edit]:
        resolver = resolver or self.resolver
        target = resolver.target(unescaped(resolver.characters(spot.written))[0])
        if target is None:
            return
        start = spot.start + target.skip
        if target.skip and "&" in spot.written:
            # Blanks may be written as references.
            start = spot.start + (unescaped(spot.written)[1] or ())[target.skip]
        yield Edit(start, spot.end if target.is_whole else start, use, target.url, for_attribute(target.lead))

    def _several(self, spot: Spot, references: list[tuple[int, str]], use: Use) -> Iterator[Edit]:
        """References in one value, given by where each begins in what the value stands for."""
        written_at = unescaped(spot.written)[1]
        for at, reference in references:
            target = self.resolver.target(self.resolver.characters(reference))
            if target is None:
                continue
            first, last = at + target.skip, at + len(reference)
            if written_at is not None:
                first, last = written_at[first], written_at[last]
            # A comma at the end of an address ends it here.
            text = for_attribute(target.lead.replace(",", "%2C") if target.is_whole else target.lead)
            start = spot.start + first
            yield Edit(start, spot.start + last if target.is_whole else start, use, target.url, text)

    def _style(self, spot: Spot) -> Iterator[Edit]:
        value, written_at = unescaped(spot.written)
        yield from _within(spot, written_at, style_edits(value, self.resolver))

    def _meta(self, spot: Spot, kind: str) -> Iterator[Edit]:
        if kind == "refresh":
            found = refresh_span(unescaped(spot.written)[0])
            if found is not None:
                yield from self._several(spot, [found], Use.LINK)
        elif kind in {"content-security-policy", "x-content-security-policy", "x-webkit-csp"}:
            # It names the hosts of the page as it was, and would refuse what is shown of them here.
            yield _emptied(spot)

    def _animated(self, spot: Spot) -> Iterator[Edit]:
        """The addresses that one is replaced by after another (SVG Animations Level 2, section 2.12)."""
        value = unescaped(spot.written)[0]
        if spot.name == "values":
            several = [(match.start(), match[0]) for match in _VALUES.finditer(value)]
        else:
            several = [(0, value)] if spot.name in {"from", "to", "by"} else []
        yield from self._several(spot, several, Use.LINK)

    def _document(self, spot: Spot) -> Iterator[Edit]:
        if self.depth >= _MOST_NESTED:
            yield _emptied(spot)
            return
        value, written_at = unescaped(spot.written)
        outer = self.resolver
        base = base_of(value, outer.base)
        resolver = outer if base is outer.base else Resolver(base, outer.encoding, outer.is_wide)
        yield from _within(spot, written_at, PageEdits(resolver, outer, depth=self.depth + 1).edits(value))


def _use_of_href(tag: str, said: dict[str, str]) -> Use:
    if tag != "link":
        return _HREF.get(tag, Use.LINK)
    types = said.get("rel", "").split()
    return next((_LINK_TYPES[one] for one in types if one in _LINK_TYPES), Use.OTHER)


def _within(spot: Spot, written_at: list[int] | None, edits: Iterator[Edit]) -> Iterator[Edit]:
    """Edits in what an attribute's value stands for, as edits in its tag."""
    for edit in edits:
        first, last = edit.start, edit.end
        if written_at is not None:
            first, last = written_at[first], written_at[last]
        yield Edit(spot.start + first, spot.start + last, edit.use, edit.url, for_attribute(edit.text))


def _emptied(spot: Spot) -> Edit:
    return Edit(spot.start, spot.end, None, None, "" if spot.is_quoted else '""')


def _moved(edits: Iterator[Edit] | tuple[Edit, ...], by: int) -> Iterator[Edit]:
    return (Edit(edit.start + by, edit.end + by, *edit[2:]) for edit in edits)
