"""The links of a page: what a reader could follow."""

from dataclasses import dataclass

from lxml import etree

from preserve.formats.charset import decide
from preserve.formats.urls import resolve
from preserve.limits import Limits

_LINKS = {"a": "href", "area": "href", "frame": "src", "iframe": "src"}


@dataclass(frozen=True, slots=True)
class Link:
    """One link, absolute and without its fragment."""

    url: str


def extract_links(content: bytes, content_type: str | None, base: str, limits: Limits) -> list[Link]:
    """The links of an HTML page in document order, each once, at most ``max_links_per_page``."""
    text = decide(content, content_type).text[: limits.max_text_chars]
    # NUL ends the parser's input early; the byte form with a declared encoding keeps it from guessing.
    data = text.replace("\x00", "\ufffd").encode("utf-8", "replace")
    parser = etree.HTMLParser(encoding="utf-8", recover=True, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser) if data.strip() else None
    except (etree.LxmlError, ValueError):
        return []
    if root is None:
        return []
    found: dict[str, None] = {}
    for element in root.iter("base", *_LINKS):
        if element.tag == "base":
            base = resolve(base, element.get("href") or "") or base
            continue
        reference = element.get(_LINKS[str(element.tag)])
        url = resolve(base, reference) if reference else None
        if url is not None:
            found.setdefault(url)
            if len(found) >= limits.max_links_per_page:
                break
    return [Link(url) for url in found]
