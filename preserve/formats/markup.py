"""The tags of a page that may lead somewhere, as a browser's tokeniser finds them, and what stands in them.

The grammar is that of the HTML Standard (section 13.2.5, "Tokenization"): comments, the content of ``script``,
``style``, ``textarea`` and their like, and what stands inside a quoted value hold no tags. No tree is built: nothing is
lost however deep or long a page is. As in `preserve.cables.page.tokens`, a tag that does not end is text, and a
quotation mark that never closes does not swallow the rest of the page.

All of a page is found by one expression, in time linear in its length: pages of real mirrors have a thousand links.

Tested by ``tests/unit/crawler/test_links.py``.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from html.entities import html5
from typing import Final, NamedTuple

from preserve.expressions import compiled_re, lazy_re

_SPACE: Final = "\t\n\f\r "
_END: Final = "[\t\n\f\r />]"
ATTRIBUTES: Final = r"""[^>=]*+(?:=[\t\n\f\r ]*+(?:"[^"]*+"|'[^']*+'|[^\t\n\f\r >]*+)[^>=]*+)*+"""
"""What stands between a tag's name and its ``>``, as an expression."""
_COMMENT: Final = r"!--(?:-?>|[^-]*+(?:-(?!-!?>)[^-]*+)*+(?:--!?>)?+)"
_ADDRESSED: Final = (
    *("a", "area", "audio", "base", "bgsound", "body", "embed", "feimage", "frame", "image", "img", "input", "link"),
    *("meta", "object", "source", "table", "td", "th", "tr", "track", "use", "video"),
)
"""Elements with attributes that are addresses, but for those whose content is raw."""
_RAW: Final = ("iframe", "noembed", "noframes", "style", "textarea", "title", "xmp")
_BARE: Final = r"/|[a-hj-moqruvyzA-HJ-MOQRUVYZ][a-zA-Z0-9]*+>|[tT][dDhHrR]>|[iIpP]>"
"""Tags that say nothing here, the most of a page: they are passed by at a glance."""
_PLAIN_LINK: Final = r"""[aA][ \n]href=(?:"[^"]*+"|'[^']*+')>"""

_START: Final = lazy_re(rf"<(?:[A-Za-z0-9_.-]+:)?([a-zA-Z][^\t\n\f\r />:]*+)({ATTRIBUTES})>")
_ATTRIBUTE: Final = lazy_re(
    r"""([^\t\n\f\r />][^\t\n\f\r />=]*+)(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:"([^"]*+)"|'([^']*+)'|([^\t\n\f\r >]*+)))?+"""
)
_REFERENCE: Final = lazy_re(r"&(?:#(?:[xX][0-9a-fA-F]++|[0-9]++);?+|[a-zA-Z][a-zA-Z0-9]*+(?:;|(?!=)))")
_MAX_REFERENCE: Final = 12
"""Characters of the longest numeric reference that names a character, but for zeros in front."""


class Tag(NamedTuple):
    """A start tag: its name without a prefix, its attributes, names in lower case, and the raw content behind it."""

    name: str
    attributes: dict[str, str]
    content: str


def _any_case(word: str) -> str:
    return "".join(f"[{char}{char.upper()}]" for char in word)


def _raw(name: str) -> str:
    """An element whose content is text up to its own end tag (HTML Standard, "raw text" and "RCDATA")."""
    said = _any_case(name)
    return rf"{said}(?={_END}){ATTRIBUTES}>[^<]*+(?:<(?!/{said}{_END})[^<]*+)*+"


def _script() -> str:
    """A script: inside ``<!--``, a second ``<script>`` ends by an end tag of its own ("script data escaped state")."""
    said = _any_case("script")
    inner = rf"{said}{_END}(?:[^<-]++|<(?!/{said}{_END})|-(?!->))*+(?:</{said}{_END})?+"
    escaped = rf"!--(?:[^<-]++|<(?:{inner}|(?!/{said}{_END}))|-(?!->))*+(?:-->)?+"
    return rf"{said}(?={_END}){ATTRIBUTES}>[^<]*+(?:<(?:{escaped}|(?!/{said}{_END}))[^<]*+)*+"


@lru_cache(maxsize=4)
def _finder(*, every: bool, xml: bool) -> re.Pattern[str]:
    """What finds tags in a page: those of elements with addresses, or ``every`` one that has attributes."""
    names = "[a-zA-Z][a-zA-Z0-9]*+" if every else "|".join(map(_any_case, _ADDRESSED))
    tag = rf"(?:{names})(?=[\t\n\f\r /]){ATTRIBUTES}>"
    # A tag is passed by, but what stands between its quotation marks is none.
    other = rf"[a-zA-Z](?=[^<>]*+<){ATTRIBUTES}>"
    if xml:
        prefixed = rf"(?:[A-Za-z0-9_.-]++:)?+(?:{names}|{_any_case('script')}|{_any_case('iframe')})"
        tag = rf"{prefixed}(?=[\t\n\f\r /]){ATTRIBUTES}>"
        return compiled_re(
            rf"<(?:{tag}|(?:[A-Za-z0-9_.-]++:)?+{_any_case('style')}{ATTRIBUTES}>[^<]*+|!--[^-]*+(?:-(?!->)[^-]*+)*+"
            rf"|!\[CDATA\[[^\]]*+(?:\](?!\]>)[^\]]*+)*+|[!?][^>]*+>|{other})"
        )
    plain_text = rf"{_any_case('plaintext')}(?={_END}){ATTRIBUTES}>(?s:.*+)"
    raw = "|".join([_script(), *map(_raw, _RAW), plain_text])
    return compiled_re(rf"<(?:{_PLAIN_LINK}|(?!{_BARE})(?:{raw}|{tag}|{_COMMENT}|[!?][^>]*+>|{other}))")


def addressed_tags(text: str, *, every: bool = False, xml: bool = False) -> dict[str, None]:
    """The different start tags of a page that may hold an address, as they are written, in order of finding.

    Among them may be others, and comments: `read_tag` tells. ``every``: all tags with attributes, of which a ``style``
    may hold an address. ``xml``: the page is XHTML sent as XML, where no content is raw and names may have prefixes.
    """
    # Beyond the last ">" no tag ends.
    return dict.fromkeys(_finder(every=every, xml=xml).findall(text, 0, text.rfind(">") + 1))


def tags_in(text: str, *, xml: bool = False) -> Iterator[re.Match[str]]:
    """Each start tag with attributes where it stands, raw content behind it and all, in order.

    As `addressed_tags`, but every one as often as it stands there.
    """
    return _finder(every=True, xml=xml).finditer(text, 0, text.rfind(">") + 1)


def read_tag(written: str) -> Tag | None:
    """A tag as `addressed_tags` gives it; None for what is none."""
    match = _START.match(written)
    if match is None:
        return None
    return Tag(match[1].lower(), attributes(match[2]), written[match.end() :])


class Spot(NamedTuple):
    """Where the value of an attribute stands in the text of its tag, without quotation marks, and as it is written."""

    name: str
    start: int
    end: int
    written: str
    is_quoted: bool


def tag_spots(written: str) -> tuple[str, list[Spot], int] | None:
    """A tag as `tags_in` gives it: its name without a prefix, its attributes that have values, and where it ends.

    Names are in lower case; of several equal ones there is the first. None for what is no tag.
    """
    match = _START.match(written)
    if match is None:
        return None
    found: dict[str, Spot | None] = {}
    for one in _ATTRIBUTE.finditer(written, match.start(2), match.end(2)):
        group = one.lastindex or 1
        name = one[1].lower()
        if name not in found:
            spot = Spot(name, one.start(group), one.end(group), one[group], group != _BARE_VALUE)
            # A quotation mark that never closes: to a browser there is no tag.
            is_open = not spot.is_quoted and spot.written[:1] in {'"', "'"}
            found[name] = spot if group > 1 and not is_open else None
    return match[1].lower(), [spot for spot in found.values() if spot is not None], match.end()


_BARE_VALUE: Final = 4
"""The group of `_ATTRIBUTE` with a value without quotation marks."""


def unescaped(written: str) -> tuple[str, list[int] | None]:
    """What an attribute's value stands for, and for each character of it, and its end, where that is written.

    None in place of the list: each stands where it is.
    """
    if "&" not in written:
        return written.replace("\x00", "\ufffd"), None
    pieces: list[str] = []
    places: list[int] = []
    done = 0
    for match in _REFERENCE.finditer(written):
        pieces.append(written[done : match.start()])
        places.extend(range(done, match.start()))
        said = _character(match)
        pieces.append(said)
        places.extend([match.start()] * len(said))
        done = match.end()
    pieces.append(written[done:])
    places.extend(range(done, len(written) + 1))
    return "".join(pieces).replace("\x00", "\ufffd"), places


def attributes(text: str) -> dict[str, str]:
    """Attributes as they stand in a tag, names in lower case, the first of several equal ones."""
    result: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        value = double or single or bare
        if "&" in value or "\x00" in value:
            value = _REFERENCE.sub(_character, value.replace("\x00", "\ufffd"))
        result.setdefault(name.lower(), value)
    return result


def _character(match: re.Match[str]) -> str:
    """What a reference in an attribute stands for ("named character reference state": `&copy=` is none)."""
    reference = match[0]
    if reference[1] != "#":
        return html5.get(reference[1:], reference)
    if len(reference) > _MAX_REFERENCE:
        digits = reference[2:].lstrip("xX0") or "0;"
        reference = f"&#{'x' if reference[2] in 'xX' else ''}{digits}"
    return unescape(reference) if len(reference) <= _MAX_REFERENCE else "\ufffd"


_REFRESH: Final = lazy_re(
    rf"[{_SPACE}]*+(?:[0-9]++[0-9.]*+|\.[0-9.]*+)(?=[;,{_SPACE}])[{_SPACE}]*[;,]?[{_SPACE}]*(.*)", re.DOTALL
)
_REFRESH_URL: Final = lazy_re(rf"[uU][rR][lL][{_SPACE}]*=[{_SPACE}]*")


def refresh(value: str) -> str | None:
    """The reference of a refresh, in a ``meta`` element or a header field; None where it names none."""
    found = refresh_span(value)
    return None if found is None else found[1]


def refresh_span(value: str) -> tuple[int, str] | None:
    """Where the reference of a refresh begins, and the reference; None where it names none.

    Source: the HTML Standard, section 4.2.5.3, "shared declarative refresh steps".
    """
    match = _REFRESH.fullmatch(value)
    if match is None or not match[1]:
        return None
    start = match.start(1)
    named = _REFRESH_URL.match(value, start)
    if named is not None:
        start = named.end()
    elif value[start] in "uU":
        return start, value[start:]
    if value[start : start + 1] in {'"', "'"}:
        return start + 1, value[start + 1 :].split(value[start], 1)[0]
    return start, value[start:]


_CANDIDATE: Final = lazy_re(rf"[{_SPACE},]*+([^{_SPACE}]++)")
_DESCRIPTORS: Final = lazy_re(r"(?:[^,(]++|\([^)]*+\)?+)*+")


def srcset(value: str) -> Iterator[str]:
    """The references of a ``srcset``."""
    return (reference for _start, reference in srcset_spans(value))


def srcset_spans(value: str) -> Iterator[tuple[int, str]]:
    """Where each reference of a ``srcset`` begins, and it.

    Source: the HTML Standard, section 4.8.4.2.2, "parsing a srcset attribute".
    """
    position = 0
    while (match := _CANDIDATE.match(value, position)) is not None:
        start, reference, position = match.start(1), match[1], match.end()
        if reference.endswith(","):
            reference = reference.rstrip(",")
        else:
            descriptors = _DESCRIPTORS.match(value, position)
            position = position if descriptors is None else descriptors.end()
        if reference:
            yield start, reference


_CSS_URL: Final = lazy_re(r"""url\([\t\n\f\r ]*+(?:"([^"\n]*+)"|'([^'\n]*+)'|([^\s"'()]++))\s*+\)""", re.IGNORECASE)
_CSS_IMPORT: Final = lazy_re(r"""@import\s*+(?:"([^"\n]*+)"|'([^'\n]*+)')""", re.IGNORECASE)
_CSS_COMMENT: Final = lazy_re(r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/)?+")


def style_references(text: str) -> Iterator[str]:
    """What a style sheet, or a ``style`` attribute, imports and shows."""
    text = _CSS_COMMENT.sub(" ", text)
    for pattern in (_CSS_IMPORT, _CSS_URL):
        for groups in pattern.findall(text):
            yield from (reference for reference in groups if reference)
