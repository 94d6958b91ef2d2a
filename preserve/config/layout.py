"""What a person writes about one page layout: how its pages are told from others, and what its labels mean."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from preserve.config.checked import Strict

FIELD_KEYS = frozenset(
    {
        "identifier",
        "origin",
        "created",
        "released",
        "classification",
        "tags",
        "redacted_note",
        "partial_note",
        "source",
        "source_released",
        "counter",
    }
)
"""The fields that a page of any layout can have."""


def _field_key(text: str) -> str:
    if text not in FIELD_KEYS:
        raise ValueError(f"unknown field {text!r}; the fields are {', '.join(sorted(FIELD_KEYS))}")
    return text


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}; see the Python documentation of `re`") from error
    return text


FieldKey = Annotated[str, AfterValidator(_field_key)]
Regex = Annotated[str, AfterValidator(_regex)]


class LayoutConfig(Strict):
    """One layout. ``name`` is the file's name without ``.yaml``; every other field is a key of the file."""

    name: str = Field(description="the file's name")
    title: str = Field(min_length=1, description="a few words: which sites use the layout, and when")
    version: int = Field(ge=1, description="a whole number, raised with every change that can change what is extracted")
    extractor: str = Field(min_length=1, description="the name of the extractor in the program that reads such pages")
    recognise: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)] = Field(
        description="a list of texts that every page of the layout holds, byte for byte"
    )
    labels: dict[str, FieldKey] = Field(
        default={}, description="a group of `printed label: field`, with the fields of the reference"
    )
    sentences: dict[FieldKey, Regex] = Field(
        default={}, description="a group of `field: regular expression`, for what is printed as a sentence"
    )
