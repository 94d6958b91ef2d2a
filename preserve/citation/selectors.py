"""A passage as others find it: W3C Web Annotation (JSON-LD) and the link with a text fragment."""

from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from preserve.citation.passage import Passage
from preserve.formats.citations.data import CitationData, captured_at, safe_url

_WHOLE_CHARS = 200
"""A longer text, or one of several lines, is named by its first and its last words."""
_EDGE_WORDS = 6


def selectors(passage: Passage) -> list[dict[str, object]]:
    """The passage in the extracted text and in the bytes (Web Annotation Data Model, section 4.2)."""
    return [
        {"type": "TextPositionSelector", "start": passage.start, "end": passage.end},
        {
            "type": "TextQuoteSelector",
            "exact": passage.exact,
            "prefix": passage.prefix,
            "suffix": passage.suffix,
        },
        {"type": "DataPositionSelector", "start": passage.byte_start, "end": passage.byte_end},
    ]


def annotation(data: CitationData, passage: Passage | None) -> dict[str, object]:
    """One annotation whose target is the page as captured, or the passage of it. The same input has the same ``id``."""
    state: dict[str, object] = {"type": "TimeState", "sourceDate": f"{captured_at(data):%Y-%m-%dT%H:%M:%SZ}"}
    if data.archived_url:
        state["cached"] = safe_url(data.archived_url)
    target: dict[str, object] = {"source": safe_url(data.url), "state": state}
    note = {"body": {"type": "TextualBody", "value": f"Second hand, {data.second_hand}."}} if data.second_hand else {}
    name = f"{data.record_id} {data.body_sha256}"
    if passage is not None:
        target["selector"] = selectors(passage)
        name += f" {passage.start}-{passage.end}"
    return {
        "@context": "http://www.w3.org/ns/anno.jsonld",
        "id": f"urn:uuid:{uuid5(NAMESPACE_URL, name)}",
        "type": "Annotation",
        "motivation": "bookmarking" if passage is None else "highlighting",
        **note,
        "target": target,
    }


def text_fragment(data: CitationData, passage: Passage) -> str:
    """A link that browsers scroll to the passage with (``#:~:text=``), to the archived copy where it is public.

    A fragment of the address itself stays before the directive, as "URL Fragment Text Directives" has it.
    """
    words = passage.exact.split()
    if "\n" in passage.exact or len(passage.exact) > _WHOLE_CHARS:
        edge = min(_EDGE_WORDS, len(words) // 2)
        shown = [words] if edge == 0 else [words[:edge], words[-edge:]]
    else:
        shown = [words]
    parts = [_encoded(" ".join(each)) for each in shown]
    before, after = _whole_words(passage.prefix, first=False), _whole_words(passage.suffix, first=True)
    if before:
        parts.insert(0, _encoded(before) + "-")
    if after:
        parts.append("-" + _encoded(after))
    url = safe_url(data.archived_url or data.url)
    return url + ("" if "#" in url else "#") + ":~:text=" + ",".join(parts)


def _encoded(text: str) -> str:
    return quote(text, safe="").replace("-", "%2D")


def _whole_words(context: str, *, first: bool) -> str:
    """The words of the context on the passage's line, without the one that its far end may have cut."""
    line = context.split("\n")[0 if first else -1]
    words = line.split()
    if words and len(line) == len(context) and len(context) > len(words[0]):
        words = words[:-1] if first else words[1:]
    return " ".join(words)
