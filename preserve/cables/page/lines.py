"""Texts whose first lines are the fields of a cable, one a line, and all the rest its message."""

from functools import partial

from preserve.cables.page.fields import FieldValue, make_field
from preserve.cables.page.layouts import Layout
from preserve.cables.page.reading import PageText, Reading, published_id
from preserve.cables.page.splitting import split_header
from preserve.cables.page.texts import Segment


def read(text: str, layout: Layout) -> Reading | None:
    """The cable in such a text; None where its identifier is missing."""
    fields: dict[str, FieldValue] = {}
    places: dict[str, tuple[int, int]] = {}
    position = 0
    for name in layout.lines:
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        said = text[position:end]
        if name != "-" and said.strip():
            fields[name] = make_field(name, said, source="field", times=layout.times)
            places[name] = (position, position + len(said.rstrip()))
        position = min(end + 1, len(text))
    identifier = published_id(fields["identifier"].printed) if "identifier" in fields else None
    if identifier is None:
        return None
    message = _from(text, position, len(text))
    header: PageText | None = None
    note = layout.sentences.get("partial_note")
    begin = len(text) - len(message.text.lstrip())
    match = None if note is None else note.pattern.match(text, begin)
    if match is not None:
        fields["partial_note"] = make_field("partial_note", match[0], source="header")
        places["partial_note"] = match.span()
        header, message = _from(text, position, match.end()), _from(text, match.end(), len(text))
    elif layout.split_header:
        header, message = split_header(message)
    title = fields.pop("title", None)
    return Reading(
        published_id=identifier,
        title="" if title is None else title.printed,
        fields=fields,
        places=places,
        header=header,
        body=message,
        strays=(),
        has_fields=len(fields) > 1,
    )


def _from(text: str, start: int, end: int) -> PageText:
    return PageText(text=text[start:end], segments=partial(_whole, start, end))


def _whole(start: int, end: int) -> list[Segment]:
    if start >= end:
        return []
    return [Segment(start=0, length=end - start, from_start=start, from_end=end, copied=True)]
