"""A document written back with its archived copies named: Robust Links in HTML, links to the copies in Markdown and
LaTeX, fields in a bibliography.

Nothing is taken out: what is written is the document with things put in behind links, attributes and fields, and before
it is handed over it is held against the document, byte for byte.

Tested by ``tests/scenarios/test_check_documents.py``.
"""

import html
from collections.abc import Mapping, Sequence

from preserve.citation.documents import bibtex, markdown, tex
from preserve.citation.documents import html as pages
from preserve.citation.documents.checking import CitationCheck, Copy, is_archived
from preserve.citation.public_copies import public_copy
from preserve.errors import UsageError
from preserve.formats.citations.data import ni_name, safe_url


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
        # What leads to a copy already is left as it is.
        if not is_archived(target)
    }
    if kind == "html":
        return pages.with_robust_links(data, lambda url: _attributes(url, copies.get(url), public_urls))
    if kind == "markdown":
        return markdown.with_copies_named(data, lambda url: _anchor(url, copies.get(url), public_urls))
    if kind == "tex":
        return tex.with_copies_named(data, lambda url: _tex_note(copies.get(url), public_urls))
    if kind == "bibtex":
        entries = {
            entry: one.cited
            for one in checked
            if one.cited is not None and one.cited.capture.is_signed and (entry := one.entry) is not None
        }
        return bibtex.with_fields(data, {entry: _fields(copy, public_urls) for entry, copy in entries.items()})
    raise UsageError(
        f"a document of the kind {kind} cannot be written back",
        next_step="HTML, Markdown, LaTeX and BibTeX can; convert it to one of these.",
    )


def _archived(copy: Copy, public_urls: Mapping[str, str]) -> str:
    return public_copy(copy.archive, copy.capture, public_urls.get(copy.capture.collection, ""))


def _attributes(url: str, copy: Copy | None, public_urls: Mapping[str, str]) -> dict[str, str] | None:
    if copy is None:
        return None
    archived = _archived(copy, public_urls)
    return {
        "data-originalurl": url,
        **({"data-versionurl": archived} if archived else {}),
        "data-versiondate": copy.capture.moment[:19] + "Z",
    }


def _anchor(url: str, copy: Copy | None, public_urls: Mapping[str, str]) -> str | None:
    """What is put in behind a link of Markdown: a Robust Link to the copy, else to the address with its moment."""
    attributes = _attributes(url, copy, public_urls)
    if copy is None or attributes is None:
        return None
    archived = _archived(copy, public_urls)
    shown = "archived copy" if archived else f"captured {copy.capture.moment[:10]}"
    written = {"href": archived or url, **attributes}
    said = "".join(f' {name}="{html.escape(value)}"' for name, value in written.items())
    return f" (<a{said}>{shown}</a>)"


def _tex_note(copy: Copy | None, public_urls: Mapping[str, str]) -> str | None:
    """What is put in behind a link of LaTeX."""
    if copy is None:
        return None
    archived = _archived(copy, public_urls)
    day = copy.capture.moment[:10]
    if not archived:
        return f" (archived copy of {day})"
    address = safe_url(archived).replace("%", "\\%").replace("#", "\\#")
    return f" (archived copy of {day}: \\url{{{address}}})"


def _fields(copy: Copy, public_urls: Mapping[str, str]) -> dict[str, str]:
    """``archiveurl``, ``archivedate`` and ``archivedigest``: styles that do not know them leave them out."""
    archived = _archived(copy, public_urls)
    payload = copy.capture.source.payload_sha256
    return {
        **({"archiveurl": archived.replace("{", "%7B").replace("}", "%7D")} if archived else {}),
        "archivedate": copy.capture.moment[:10],
        **({"archivedigest": ni_name(payload)} if payload else {}),
    }
