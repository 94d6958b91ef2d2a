"""The rules of Signposting, level 2 (signposting.org/FAIR), over the answers of a site: what is wrong, in words.

The page names its links in its Link header; all of them stand in a set of links (RFC 9264), too; and what the page is
made of or described by names the page in turn.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

Get = Callable[[str], tuple[int, Mapping[str, str], bytes]]
"""Status, fields by lower-case name, and body for an address."""
_LINK = re.compile(r'\s*<(?P<href>[^<>\s]*)>(?P<parts>(?:\s*;\s*[a-z*]+="[^"]*")*)\s*(?:,|\Z)')
_PART = re.compile(r';\s*([a-z*]+)="([^"]*)"')
_BACK = {"item": "collection", "describedby": "describes"}
_ABOUT = "https://schema.org/AboutPage"
_SET = "application/linkset+json"


class TypedLink(NamedTuple):
    rel: str
    href: str
    type: str


def typed_links(field: str) -> list[TypedLink]:
    """The links of a Link field (RFC 8288); an error where some of it is no link."""
    found, at = [], 0
    while at < len(field):
        match = _LINK.match(field, at)
        if match is None:
            raise ValueError(field[at : at + 80])
        parts = dict(_PART.findall(match["parts"]))
        found += [TypedLink(rel, match["href"], parts.get("type", "")) for rel in parts.get("rel", "").split()]
        at = match.end()
    return found


def faults(get: Get, page: str) -> list[str]:
    """What is wrong with the links of one page."""
    return list(_faults(get, page))


def _faults(get: Get, page: str) -> Iterator[str]:
    status, fields, _body = get(page)
    if status != 200:
        yield f"{page}: status {status}"
        return
    links = typed_links(fields.get("link", ""))
    by_rel: dict[str, list[TypedLink]] = {}
    for link in links:
        by_rel.setdefault(link.rel, []).append(link)
        if not link.href.startswith(("http://", "https://")):
            yield f"{link.rel}: {link.href} is not absolute"
    for rel in ("cite-as", "linkset"):
        if len(by_rel.get(rel, ())) != 1:
            yield f"not one {rel}"
    types = [link.href for link in by_rel.get("type", ())]
    if _ABOUT not in types or len(types) != 2:
        yield f"types {types}"
    for rel, back in _BACK.items():
        if not by_rel.get(rel):
            yield f"no {rel}"
        for link in by_rel.get(rel, ()):
            yield from _part_faults(get, page, link, back)
    for link in by_rel.get("linkset", ()):
        yield from _set_faults(get, page, link, [one for one in links if one.rel != "alternate"])


def _part_faults(get: Get, page: str, link: TypedLink, back: str) -> Iterator[str]:
    status, fields, _body = get(link.href)
    if status != 200:
        yield f"{link.href}: status {status}"
        return
    if fields["content-type"].partition(";")[0] != link.type:
        yield f"{link.href} is {fields['content-type']}, and said to be {link.type!r}"
    own = typed_links(fields.get("link", ""))
    if (back, page) not in {(one.rel, one.href) for one in own}:
        yield f"{link.href} has no {back} back to {page}"
    if any(one.rel == "cite-as" for one in own):
        yield f"{link.href} has a name of its own"


def _set_faults(get: Get, page: str, link: TypedLink, links: list[TypedLink]) -> Iterator[str]:
    status, fields, body = get(link.href)
    if status != 200 or link.type != _SET or fields["content-type"] != _SET:
        yield f"{link.href}: status {status}, type {fields.get('content-type')}"
        return
    document: Any = json.loads(body)
    if set(document) != {"linkset"}:
        yield f"a set of links with {sorted(document)}"
    contexts: dict[str, set[TypedLink]] = {}
    for one in document["linkset"]:
        anchor = one.pop("anchor")
        if anchor in contexts:
            yield f"{anchor} stands there twice"
        for rel, targets in one.items():
            for target in targets:
                if set(target) - {"href", "type"}:
                    yield f"{anchor}: {sorted(target)}"
                contexts.setdefault(anchor, set()).add(TypedLink(rel, target["href"], target.get("type", "")))
    if contexts.get(page) != set(links):
        yield f"the set has other links of {page}"
    for one in links:
        back = _BACK.get(one.rel)
        if back and TypedLink(back, page, "text/html") not in contexts.get(one.href, set()):
            yield f"the set has no {back} of {one.href}"
