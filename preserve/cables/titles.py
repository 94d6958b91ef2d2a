"""The title that an HTML page gives itself."""

from preserve.cables.texts import decode_references
from preserve.cables.tokens import tokenise
from preserve.formats.charset import decide
from preserve.limits import DEFAULT_LIMITS

_MAX_TITLE_CHARS = 1000


def page_title(payload: bytes, content_type: str | None) -> str:
    """The text of the first ``title`` element on one line, at most 1,000 characters; empty where there is none."""
    text = decide(payload[: DEFAULT_LIMITS.max_text_chars], content_type).text
    inside = False
    said = ""
    for token in tokenise(text):
        if token.name == "title":
            if token.kind == "end" or inside:
                break
            inside = token.kind == "start"
        elif inside and token.kind == "text":
            said += text[token.start : min(token.end, token.start + _MAX_TITLE_CHARS * 8)]
    return " ".join(decode_references(said).split())[:_MAX_TITLE_CHARS].strip()
