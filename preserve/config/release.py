"""What a person writes about one release of a source: who published it, when, in which files, and how it is told."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from preserve.config.checked import Strict
from preserve.config.layout import Text, Texts

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}\Z")
_DATE = re.compile(
    r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])(?:T(?:[01]\d|2[0-3]):[0-5]\d)?)?)?\Z", re.ASCII
)
_PRECISIONS = {4: "year", 7: "month", 10: "day", 16: "minute"}

Precision = Literal["year", "month", "day", "minute"]


def is_release_name(text: str) -> bool:
    """Whether a release can be called so: small letters, digits, points and hyphens, at most 64."""
    return _NAME.match(text) is not None


def date_precision(text: str) -> Precision:
    """How precisely a date of a release is known, by its length.

    Raises:
        ValueError: it is none.
    """
    if _DATE.match(text) is None:
        raise ValueError(f"{text[:40]!r} is no date; write 2011, 2011-10, 2011-10-04 or 2011-10-04T12:30 in UTC")
    found = _PRECISIONS[len(text)]
    return "year" if found == "year" else "month" if found == "month" else "day" if found == "day" else "minute"


def _date(text: str) -> str:
    date_precision(text)
    return text


def _as_text(value: object) -> object:
    """A year or a date that YAML took for a number or a date."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Date = Annotated[str, BeforeValidator(_as_text), AfterValidator(_date)]
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Hex64 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class BuildConfig(Strict):
    """One state of a release: the day or minute it was made, its counter, its file, as far as they are known."""

    built: Date | None = Field(default=None, description="when it was made, in UTC: 2010-11-30 or 2010-11-30T17:01")
    counter: int | None = Field(default=None, ge=0, description="how many cables its pages say were released so far")
    file: Text | None = Field(default=None, description="the name of its file")
    size: int | None = Field(default=None, ge=0, description="bytes of the file")
    md5: Hex32 | None = Field(default=None, description="MD5 of the file: 32 hexadecimal digits in small letters")
    sha256: Hex64 | None = Field(default=None, description="SHA-256 of the file: 64 hexadecimal digits")
    known: Literal["listed", "measured", "reported"] = Field(
        default="reported",
        description="listed (by the publisher), measured (on copies of the pages) or reported (by others)",
    )


class ReleaseConfig(Strict):
    """One release. ``name`` is the file's name without ``.yaml``; every other field is a key of the file."""

    name: str = Field(description="the file's name")
    title: str = Field(min_length=1, max_length=1_000, description="a few words: what was released")
    publisher: str = Field(
        default="", max_length=1_000, description="who published it; nothing where that is not known"
    )
    released: Date | None = Field(
        default=None, description="when, as precisely as it is known: 2011, 2011-10, 2011-10-04 or 2011-10-04T12:30"
    )
    counter: int | None = Field(default=None, ge=0, description="the number of cables in it")
    sources: Texts = Field(default=(), description="what pages print as their source where they mean this release")
    layouts: Texts = Field(default=(), description="layouts whose pages are of this release, whatever they print")
    counted: bool = Field(
        default=False, description="true where a page that prints a counter, and names no source, is of this release"
    )
    builds: tuple[BuildConfig, ...] = Field(default=(), description="a list of its states and files")
    known_from: Texts = Field(description="a list of texts: what the release is known from")
    note: str = Field(default="", max_length=4_000, description="what else a reader must know")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not is_release_name(self.name):
            raise ValueError(
                f"a release cannot be called {self.name[:70]!r}; use small letters, digits, points and hyphens"
            )
        return self

    @property
    def precision(self) -> Precision | None:
        """How precisely ``released`` is known."""
        return None if self.released is None else date_precision(self.released)
