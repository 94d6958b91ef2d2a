"""What a person writes about one page layout: how its pages are told from others, and where on them stands what.

Tested by ``tests/unit/cables/page/test_layouts.py``.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from preserve.config.checked import Strict
from preserve.config.patterns import check_form, check_lines, check_match, check_search

FIELD_KEYS = frozenset(
    {
        "identifier",
        "title",
        "origin",
        "created",
        "released",
        "classification",
        "current_classification",
        "handling",
        "tags",
        "references",
        "locator",
        "redacted_note",
        "partial_note",
        "source",
        "source_released",
        "counter",
        "history",
        "number",
    }
)
"""The fields that a page of any layout can have."""

PLACE_KEYS = frozenset({"header", "body", "-"})
"""What a column or a line can be besides a field: the message's header, its text, or nothing that is wanted."""


def _field_key(text: str) -> str:
    if text not in FIELD_KEYS:
        raise ValueError(f"unknown field {text!r}; the fields are {', '.join(sorted(FIELD_KEYS))}")
    return text


def _place_key(text: str) -> str:
    if text not in FIELD_KEYS | PLACE_KEYS:
        raise ValueError(
            f"unknown field {text!r}; the fields are {', '.join(sorted(FIELD_KEYS))}, and header, body and '-'"
        )
    return text


def _as_list(value: object) -> object:
    return (value,) if isinstance(value, str) else value


FieldKey = Annotated[str, AfterValidator(_field_key)]
PlaceKey = Annotated[str, AfterValidator(_place_key)]
Beginning = Annotated[str, AfterValidator(check_match)]
Searched = Annotated[str, AfterValidator(check_search)]
Form = Annotated[str, AfterValidator(check_form)]
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_list)]
WholeLines = Annotated[str, AfterValidator(check_lines)]
Patterns = Annotated[tuple[WholeLines, ...], BeforeValidator(_as_list)]


class LayoutConfig(Strict):
    """One layout. ``name`` is the file's name without ``.yaml``; every other field is a key of the file."""

    name: str = Field(description="the file's name")
    title: str = Field(min_length=1, description="a few words: which sites use the layout, and when")
    version: int = Field(ge=1, description="a whole number, raised with every change that can change what is extracted")
    reads: Literal["page", "lines", "rows"] = Field(
        default="page",
        description="page (HTML, or text with labels), lines (a text whose first lines are fields) or rows (a table)",
    )
    recognise: Texts = Field(
        default=(), description="texts that every page of the layout holds or shows, all of them; blanks stretch"
    )
    begins: Beginning | None = Field(
        default=None,
        description="a regular expression that the beginning of every such page matches, and that of every row",
    )
    error_page: Texts = Field(
        default=(), description="texts of which the site's own error pages hold one: they are reported"
    )
    within: Texts = Field(
        default=(), description="selectors: the first that is found is the part of the page that is read"
    )
    furniture: Texts = Field(default=(), description="selectors of elements in that part that are not read")
    fields: Texts = Field(default=(), description="selectors: the first that is found is the element with the fields")
    labels: dict[str, FieldKey] = Field(default={}, description="a group of `printed label: field`")
    values: dict[FieldKey, Texts] = Field(
        default={}, description="a group of `field: selector`, for values without a label; `@name` for an attribute"
    )
    forms: dict[FieldKey, Form] = Field(
        default={}, description="a group of `field: regular expression`: of a value, what its first group matches"
    )
    sentences: dict[FieldKey, Searched] = Field(
        default={}, description="a group of `field: regular expression`, for what is printed as a sentence"
    )
    times: Literal["second", "hour", "day"] = Field(
        default="second", description="second, hour or day: the finest part of the printed times that is real"
    )
    header: Texts = Field(
        default=(),
        description="selectors: the first that is found, and not all of it `cut`, holds the header",
    )
    body: Texts = Field(default=(), description="selectors: the first that is found holds the message's text")
    only_markup: Texts = Field(
        default=(), description="names of the tags that are markup in header and body; all else there is text"
    )
    links: dict[FieldKey, Text] = Field(
        default={}, description="a group of `field: address`: of links in the text whose address begins so, the texts"
    )
    text_after: Searched | None = Field(
        default=None, description="a regular expression: the text begins behind the line that it matches"
    )
    text_before: Searched | None = Field(
        default=None, description="a regular expression: the text ends before the line that it matches"
    )
    cut: Patterns = Field(
        default=(), description="regular expressions of lines in the text that are not the message's, such as stamps"
    )
    split_header: bool = Field(
        default=False, description="true where header and text stand together and must be separated"
    )
    lines: tuple[PlaceKey, ...] = Field(default=(), description="for `lines`: the fields of the first lines, in order")
    columns: tuple[PlaceKey, ...] = Field(default=(), description="for `rows`: the fields of the columns, in order")
