"""What a person writes about one web archive that lost pages may be asked of: ``archives/NAME.yaml``."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from preserve.config.addresses import check_address, url_mistake
from preserve.config.checked import CORRECT, Strict, check
from preserve.config.collection import single_line
from preserve.config.place import bundled_config_dir
from preserve.errors import ConfigError
from preserve.limits import DEFAULT_LIMITS
from preserve.regular import open_regular

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")


def _template(text: str, *needed: str) -> str:
    mistake = url_mistake(text.replace("{", "").replace("}", ""))
    if mistake is not None:
        raise ValueError(f"{mistake}; write an address with {' and '.join(needed)} in it")
    for mark in needed:
        if mark not in text:
            raise ValueError(f"{mark} is missing; write an address with {' and '.join(needed)} in it")
    if "{" in (urlsplit(text).netloc or ""):
        raise ValueError("the host may not be made from an address; write it out")
    return text


def _list_template(text: str | None) -> str | None:
    return None if text is None else _template(text, "{url}")


def _memento_template(text: str) -> str:
    return _template(text, "{timestamp}", "{url}")


class ArchiveConfig(Strict):
    """One web archive. ``name`` is the file's name without ``.yaml``; every other field is a key of the file."""

    name: str = Field(description="the file's name")
    title: Annotated[str, AfterValidator(single_line)] = Field(description="the archive's name, as citations give it")
    timemap: Annotated[str | None, AfterValidator(_list_template)] = Field(
        default=None, description="the address of its TimeMaps (RFC 7089) with {url} in it"
    )
    cdx: Annotated[str | None, AfterValidator(_list_template)] = Field(
        default=None, description="the address of its CDX server with {url} in it, and {limit} where it takes a limit"
    )
    memento: Annotated[str, AfterValidator(_memento_template)] = Field(
        description="the address of a memento's raw bytes with {timestamp} (14 digits) and {url} in it"
    )
    delay_s: float = Field(default=4.0, ge=0, le=3600, description="seconds between two requests, 0 to 3600")
    per_day: int = Field(
        default=500, ge=1, le=1_000_000, description="requests a day (UTC) over all jobs, 1 to 1000000"
    )
    page_size: int = Field(default=1_000, ge=1, le=100_000, description="rows asked for at once, 1 to 100000")
    max_pages: int = Field(default=20, ge=1, le=1_000, description="parts of one list that are read, 1 to 1000")
    allow_addresses: tuple[Annotated[str, AfterValidator(check_address)], ...] = Field(
        default=(), description="a list of hosts or networks that may be private, such as 127.0.0.1"
    )

    @model_validator(mode="after")
    def _lists(self) -> "ArchiveConfig":
        if self.timemap is None and self.cdx is None:
            raise ValueError("neither timemap nor cdx is given; write one of them, better both")
        return self


def load_archives(config_dir: Path) -> tuple[ArchiveConfig, ...]:
    """The web archives of a configuration, sorted by name; those that came with the program where it has none.

    Raises:
        ConfigError: some have mistakes (all are named).
    """
    found: list[ArchiveConfig] = []
    mistakes: list[str] = []
    own = sorted((config_dir / "archives").glob("*.yaml"))
    for path in own or sorted((bundled_config_dir() / "archives").glob("*.yaml")):
        if _NAME.match(path.stem) is None:
            mistakes.append(f"{path}: the file's name cannot name an archive; use small letters, digits and hyphens")
            continue
        try:
            with open_regular(path) as file:
                data = file.read(DEFAULT_LIMITS.max_config_bytes + 1)
            found.append(check(data, ArchiveConfig, source=str(path), name=path.stem))
        except OSError as error:
            mistakes.append(f"{path}: {error.strerror}")
        except ConfigError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ConfigError(tuple(mistakes), next_step=CORRECT)
    return tuple(found)
