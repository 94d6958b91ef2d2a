"""What the desk does not show to its readers, and why: ``config/blocked.yaml``. Nothing is taken out of an archive."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from preserve.config.checked import Strict


class BlockedEntry(Strict):
    """One thing that is not shown, named in one way, and the reason that its readers are given."""

    cable: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="a cable's id, in any spelling"
    )
    url: Annotated[str, Field(min_length=1, max_length=4_000)] | None = Field(
        default=None, description="an address, as it was captured"
    )
    record: Annotated[str, Field(pattern=r"^urn:uuid:[0-9a-f-]{36}$")] | None = Field(
        default=None, description="a record's id, urn:uuid:..."
    )
    reason: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        description="why, in a few words that every reader may see"
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.cable, self.url, self.record)) != 1:
            raise ValueError("write one of cable, url and record")
        return self


class BlockedConfig(Strict):
    """The list. ``name`` is that of the file."""

    name: str = Field(description="the file's name")
    blocked: tuple[BlockedEntry, ...] = Field(default=(), description="a list of what is not shown, with reasons")
