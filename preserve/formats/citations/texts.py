"""Citations for documents: one plain sentence, HTML with Robust Links, Markdown, wikitext.

Tested by ``tests/unit/formats/test_citations.py``.
"""

import html

from preserve.formats.citations.data import (
    CitationData,
    accessed_date,
    captured_at,
    document_date,
    is_web,
    iso,
    note,
    safe_url,
)
from preserve.text import single_spaced

_MARKDOWN = str.maketrans({sign: "\\" + sign for sign in r"\`*_{}[]<>#|~^$@&"})
_WIKI = str.maketrans({sign: f"&#{ord(sign)};" for sign in "&<>|{}[]'~_\""})
_WIKI_URL = str.maketrans({"[": "%5B", "]": "%5D", "'": "%27"})
_MARKDOWN_URL = str.maketrans({"(": "%28", ")": "%29", "*": "%2A", "_": "%5F"})


def to_text(data: CitationData) -> str:
    """One paragraph for a footnote; ends with a newline."""
    cable = f"cable {data.identifier}" if data.identifier else ""
    lead = ", ".join(part for part in (data.origin, f"“{data.name}”", cable, data.created) if part)
    more = note(data, (data.url,))
    accessed = f", accessed {data.accessed}" if data.accessed else ""
    return f"{single_spaced(lead)}. {safe_url(data.url)}{accessed}. {more[0].upper()}{more[1:]}.\n"


def to_robust_link(data: CitationData) -> str:
    """One ``a`` element with the attributes of Robust Links; ends with a newline.

    ``data-versionurl`` is there where the archive has a public address. An address that is no web address is no link.
    """
    title = html.escape(data.name)
    if not is_web(data.url):
        return f"<cite>{title}</cite>\n"
    rows = [("href", safe_url(data.url)), ("data-originalurl", safe_url(data.url))]
    if data.archived_url:
        rows.append(("data-versionurl", safe_url(data.archived_url)))
    rows.append(("data-versiondate", f"{captured_at(data):%Y-%m-%dT%H:%M:%SZ}"))
    attributes = "".join(f' {name}="{html.escape(value)}"' for name, value in rows)
    tip = html.escape(note(data, (data.url, data.archived_url)))
    return f'<a{attributes} title="{tip}">{title}</a>\n'


def to_markdown(data: CitationData) -> str:
    """One line of CommonMark; ends with a newline. The title links to the archived copy where it is public."""
    about = [_markdown(each) for each in (data.origin, _cable(data), data.created) if each]
    lead = ", ".join([_link(data.name, data.address), *about])
    original = f" {_link('Original', data.url)}." if data.archived_url else ""
    accessed = f" Accessed {data.accessed}." if data.accessed else ""
    return f"{lead}.{original}{accessed} {_markdown(_sentence(note(data, (data.url, data.archived_url))))}\n"


def to_wikitext(data: CitationData) -> str:
    """``{{cite web}}`` of the English Wikipedia, to be put between ``ref`` tags; ends with a newline.

    ``url-status`` is only there where it is known and an archived copy is given: without it the template takes the
    original for gone, and links the copy.
    """
    date, accessed = document_date(data), accessed_date(data)
    rows = [
        ("title", _wiki(data.name)),
        ("url", _wiki_url(data.url)),
        ("author", _wiki(data.origin)),
        ("date", "" if date is None else iso(date)),
        ("id", _wiki(", ".join(part for part in (_cable(data), *data.told_identifiers) if part))),
        ("type", _wiki(data.lack)),
        ("via", _wiki(", ".join(part for part in (data.source, _hand(data)) if part))),
        ("archive-url", _wiki_url(data.archived_url)),
        ("archive-date", captured_at(data).date().isoformat() if data.archived_url else ""),
        ("url-status", data.url_status if data.archived_url else ""),
        ("access-date", "" if accessed is None else iso(accessed)),
        ("quote", _wiki(data.quote)),
    ]
    return "{{cite web " + " ".join(f"|{name}={value}" for name, value in rows if value) + "}}\n"


def _hand(data: CitationData) -> str:
    return f"second hand, {data.second_hand}" if data.second_hand else ""


def _cable(data: CitationData) -> str:
    return f"cable {data.identifier}" if data.identifier else ""


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _markdown(text: str) -> str:
    return single_spaced(text).translate(_MARKDOWN)


def _link(title: str, url: str) -> str:
    if not is_web(url):
        return _markdown(title)
    return f"[{_markdown(title)}](<{safe_url(url).translate(_MARKDOWN_URL)}>)"


def _wiki(text: str) -> str:
    return single_spaced(text).translate(_WIKI)


def _wiki_url(url: str) -> str:
    return safe_url(url).translate(_WIKI_URL)
