"""The title that an HTML page gives itself."""

from preserve.cables.page.texts import decode_references
from preserve.cables.page.tokens import tokenise
from preserve.formats.charset import decide
from preserve.limits import DEFAULT_LIMITS

_MAX_TITLE_CHARS = 1000


def page_title(payload: bytes, content_type: str | None) -> str:
    """The text of the first ``title`` element on one line, at most 1,000 characters; empty where there is none."""
    text = decide(payload[: DEFAULT_LIMITS.max_text_chars], content_type).text
    for token in tokenise(text):
        # The text of a `title` is raw, and bears its name.
        if token.kind == "text" and token.name == "title":
            return _one_line(text[token.start : min(token.end, token.start + _MAX_TITLE_CHARS * 8)])
        if token.kind == "end" and token.name == "title":
            break
    return ""


def _one_line(written: str) -> str:
    return " ".join(decode_references(written).split())[:_MAX_TITLE_CHARS].strip()
