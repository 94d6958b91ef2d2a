"""A document written back with its archived copies named: Robust Links in HTML and Markdown, fields in a bibliography.

Only links and entries whose copy is held are touched; every other byte stays.
"""

import html
from collections.abc import Mapping, Sequence

from preserve.citation.documents import bibtex, markdown
from preserve.citation.documents import html as pages
from preserve.citation.documents.checking import CitationCheck, Copy
from preserve.errors import UsageError
from preserve.formats.citations.data import ni_name
from preserve.model import timestamp14


def rewritten(kind: str, data: bytes, checked: Sequence[CitationCheck], public_urls: Mapping[str, str]) -> bytes:
    """The document with its copies named, but for those that are not signed yet.

    ``public_urls``: where the replay of a collection begins, by its name.

    Raises:
        UsageError: this kind of document cannot be written back.
    """
    copies = {
        target: one.cited
        for one in checked
        if one.cited is not None and one.cited.capture.is_full and one.cited.capture.is_signed
        for target in one.targets
    }
    if kind == "html":
        return pages.with_robust_links(data, lambda url: _attributes(url, copies.get(url), public_urls))
    if kind == "markdown":
        return markdown.with_robust_links(data, lambda url, shown: _anchor(url, shown, copies.get(url), public_urls))
    if kind == "bibtex":
        entries = {
            entry: one.cited
            for one in checked
            if one.cited is not None and one.cited.capture.is_signed and (entry := one.entry) is not None
        }
        return bibtex.with_fields(data, {entry: _fields(copy, public_urls) for entry, copy in entries.items()})
    raise UsageError(
        f"a document of the kind {kind} cannot be written back",
        next_step="HTML, Markdown and BibTeX can; convert it to one of these.",
    )


def _archived(copy: Copy, public_urls: Mapping[str, str]) -> str:
    base = public_urls.get(copy.capture.collection, "")
    return f"{base.rstrip('/')}/{timestamp14(copy.capture.moment)}/{copy.capture.url}" if base else ""


def _attributes(url: str, copy: Copy | None, public_urls: Mapping[str, str]) -> dict[str, str] | None:
    if copy is None:
        return None
    archived = _archived(copy, public_urls)
    return {
        "data-originalurl": url,
        **({"data-versionurl": archived} if archived else {}),
        "data-versiondate": copy.capture.moment[:19] + "Z",
    }


def _anchor(url: str, shown: str, copy: Copy | None, public_urls: Mapping[str, str]) -> str | None:
    attributes = _attributes(url, copy, public_urls)
    if attributes is None:
        return None
    written = "".join(f' {name}="{html.escape(value)}"' for name, value in {"href": url, **attributes}.items())
    return f"<a{written}>{shown}</a>"


def _fields(copy: Copy, public_urls: Mapping[str, str]) -> dict[str, str]:
    """``archiveurl``, ``archivedate`` and ``archivedigest``: styles that do not know them leave them out."""
    archived = _archived(copy, public_urls)
    payload = copy.capture.source.payload_sha256
    return {
        **({"archiveurl": archived.replace("{", "%7B").replace("}", "%7D")} if archived else {}),
        "archivedate": copy.capture.moment[:10],
        **({"archivedigest": ni_name(payload)} if payload else {}),
    }
