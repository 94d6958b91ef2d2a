"""What a person writes about one collection: where to begin, how far to go, how to behave, who answers for it."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from msgspec.structs import replace
from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from preserve import __version__
from preserve.config.addresses import check_address, check_proxy, url_mistake
from preserve.config.arks import is_ark_prefix
from preserve.config.checked import Strict
from preserve.config.patterns import linear
from preserve.config.schedule import ScheduleConfig, VerificationConfig
from preserve.config.spans import SPAN
from preserve.limits import DEFAULT_LIMITS, MIB, Limits
from preserve.text import nearest

_EMAIL = re.compile(r"[^\s@()<>]+@[^\s@()<>]+\.[^\s@()<>.]+")
_AUTHORITY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_FIELD_NAME = re.compile(r"[A-Za-z0-9-]{1,60}")
_OUR_FIELDS = frozenset(
    ["host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect", "keep-alive",
     "proxy-connection", "accept-encoding", "user-agent", "from", "if-none-match", "if-modified-since", "range"]
)  # fmt: skip
"""Fields that frame a request (RFC 9112), or that the program writes: a second one would be read in its place."""
_SECRET_SOURCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+")
_MAX_SELECTOR_CHARS = 500
RECHECKS = (HELD, LINKED) = ("held", "linked")
REGEX_MARK = "re:"
"""What begins a scope entry that is a regular expression and no prefix."""


def _seed(text: str) -> str:
    mistake = url_mistake(text)
    if mistake is not None:
        raise ValueError(f"{mistake}; write it like https://example.org/page.html")
    return text


def _contact(text: str) -> str:
    if text.isascii() and text.isprintable() and not set(text) & set("()"):
        if _EMAIL.fullmatch(text):
            return text
        if url_mistake(text) is None:
            return text
    raise ValueError(f"{text!r} is neither an e-mail address nor a URL; write one where site owners reach you")


def single_line(text: str) -> str:
    """The text itself, if it is one line.

    Raises:
        ValueError: it is not.
    """
    if not text.strip() or not text.isprintable():
        raise ValueError("empty, or more than one line; write a few words for people")
    return text


def _scope_entry(text: str) -> str:
    if text.startswith(REGEX_MARK):
        linear(text.removeprefix(REGEX_MARK))
        return text
    mistake = url_mistake(text)
    if mistake is not None:
        raise ValueError(
            f"{mistake}; write the beginning of addresses like https://example.org/ or `re:` and a pattern"
        )
    if "#" in text:
        raise ValueError(
            f"{text!r} has a fragment, which is no part of what is asked for; leave out '#' and what follows"
        )
    if {".", ".."} & set(urlsplit(text).path.split("/")):
        raise ValueError(f"{text!r} has a folder '.' or '..'; write the address as a browser shows it")
    if not urlsplit(text).path:
        raise ValueError(f"{text!r} would also match longer host names; end the host with '/': {text}/")
    return text


def _selector(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > _MAX_SELECTOR_CHARS:
        raise ValueError(f"no CSS selector on one line of at most {_MAX_SELECTOR_CHARS} characters")
    return text


def _recheck(text: str) -> str:
    if text in RECHECKS or SPAN.fullmatch(text) is not None:
        return text
    raise ValueError(f"{text!r} is none of {', '.join(RECHECKS)} and no span; write `held`, `linked` or one like 30d")


def _public(text: str | None) -> str | None:
    mistake = None if text is None else url_mistake(text)
    if text is not None and (mistake is not None or set(text) & set("?#")):
        raise ValueError(f"{mistake or 'a query or fragment'}; write it like https://archive.example.org/mrkva")
    return text


def _ark(text: str | None) -> str | None:
    if text is not None and not is_ark_prefix(text):
        raise ValueError("it begins no ARK; write the number of your authority and a shoulder, like 12345/x")
    return text


def _authorities(entries: dict[str, str]) -> dict[str, str]:
    for name, url in entries.items():
        mistake = url_mistake(url)
        if _AUTHORITY.fullmatch(name) is None:
            raise ValueError(
                f"{name!r} cannot name an authority; use lower-case letters, digits and hyphens, at most 40"
            )
        if mistake is not None:
            raise ValueError(f"{name}: {mistake}; write it like https://tsa.example.org/")
    return entries


def check_secret_source(source: str, name: str) -> str:
    """The text itself, if it says where a secret called ``name`` is read from.

    Raises:
        ValueError: it does not; it may be the secret.
    """
    if _SECRET_SOURCE.fullmatch(source) is None:
        raise ValueError(f"the value of {name} must not stand here; write `env:NAME` or `file:PATH`")
    return source


def _secret(name: str, source: str) -> tuple[str, str]:
    if _FIELD_NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is no name of a header field; write it like `Authorization`")
    if name.lower() in _OUR_FIELDS:
        raise ValueError(f"{name} is written by the program itself, and says where a request ends; leave it out")
    return name, check_secret_source(source, name)


def _secrets(fields: dict[str, str]) -> dict[str, str]:
    return dict(_secret(name, source) for name, source in fields.items())


def _layout(name: str, info: ValidationInfo) -> str:
    known = info.context.get("layouts") if isinstance(info.context, Mapping) else None
    if known is not None and name not in known:
        raise ValueError(f"no layout {name!r}; {nearest(name, known)}")
    return name


class ScopeConfig(Strict):
    """Which addresses belong to the collection: some ``include`` must fit and no ``exclude`` may."""

    include: Annotated[tuple[Annotated[str, AfterValidator(_scope_entry)], ...], Field(min_length=1)] = Field(
        description="a list with at least one beginning of addresses, or `re:` and a regular expression of RE2",
    )
    exclude: tuple[Annotated[str, AfterValidator(_scope_entry)], ...] = Field(
        default=(), description="a list of beginnings of addresses, or `re:` and regular expressions of RE2"
    )
    requisites: Literal["none", "scope", "all"] = Field(
        default="scope",
        description="what a page is made of (images, styles, scripts): `none`, `scope` (what `include` fits) or `all`",
    )
    sitemaps: bool = Field(default=False, description="`true` (sitemaps that robots.txt names are read) or `false`")
    feeds: bool = Field(default=False, description="`true` (feeds that pages name are read) or `false`")
    traps: Literal["skip", "follow"] = Field(
        default="skip", description="`skip` (addresses that repeat themselves, calendars without end) or `follow`"
    )
    max_depth: int = Field(default=3, ge=0, le=100, description="a whole number of links from a seed, 0 to 100")


class PolitenessConfig(Strict):
    """How the crawler treats a site."""

    delay_s: float = Field(default=1.0, ge=0, le=3600, description="seconds between two requests to a host, 0 to 3600")
    robots: Literal["obey", "ignore"] = Field(default="obey", description="`obey` or `ignore`")
    conditional: bool = Field(
        default=True, description="`true` (a page that is held is asked for only if it has changed) or `false`"
    )
    retries: int = Field(
        default=DEFAULT_LIMITS.retries,
        ge=0,
        le=10,
        description="how often an address is asked again in a run after a passing failure, 0 to 10",
    )
    max_wait_s: float = Field(
        default=DEFAULT_LIMITS.max_wait_s,
        ge=0,
        le=86_400,
        description="seconds that a run waits for a host that wants a pause, 0 to 86400; the next run goes on with it",
    )
    read_timeout_s: float = Field(
        default=DEFAULT_LIMITS.read_timeout_s, gt=0, le=600, description="seconds of silence, above 0 and to 600"
    )
    max_body_mb: int = Field(
        default=DEFAULT_LIMITS.max_body_bytes // MIB, ge=1, le=4096, description="MiB kept of one reply, 1 to 4096"
    )


class BrowserSiteConfig(Strict):
    """What a browser does on the pages of one site, beside what it does on every page."""

    pages: Annotated[tuple[Annotated[str, AfterValidator(_scope_entry)], ...], Field(min_length=1)] = Field(
        description="a list of beginnings of addresses, or `re:` and regular expressions of RE2"
    )
    dismiss: tuple[Annotated[str, AfterValidator(_selector)], ...] = Field(
        default=(),
        description="a list of CSS selectors of what is clicked once before anything else is done, such as a banner's "
        "`#refuse-cookies`; 20 at most are clicked",
    )
    click: tuple[Annotated[str, AfterValidator(_selector)], ...] = Field(
        default=(), description="as `browser_click`, and after it"
    )


class CollectionConfig(Strict):
    """One collection. ``name`` is the file's name without ``.yaml``; every other field is a key of the file."""

    name: str = Field(description="the file's name")
    title: Annotated[str, AfterValidator(single_line)] = Field(description="a title of a few words")
    contact: Annotated[str, AfterValidator(_contact)] = Field(
        description="an e-mail address or a URL, where site owners reach whoever runs the capture"
    )
    seeds: Annotated[tuple[Annotated[str, AfterValidator(_seed)], ...], Field(min_length=1)] = Field(
        description="a list of http or https addresses to begin at, at least one"
    )
    scope: ScopeConfig = Field(description="a group with at least `include`")
    politeness: PolitenessConfig = Field(default=PolitenessConfig(), description="a group of keys")
    layouts: tuple[Annotated[str, AfterValidator(_layout)], ...] | None = Field(
        default=None,
        description="a list of names of files in layouts/; an empty one: no page is read as a cable",
        json_schema_extra={"if left out": "all that are known"},
    )
    schedule: ScheduleConfig | None = Field(default=None, description="a group of keys with `every` or `cron`")
    recheck: Annotated[str, AfterValidator(_recheck)] = Field(
        default=HELD,
        description="`held` (each run looks again at what is held, linked or not), `linked` (only at what it finds), "
        "or a span such as 30d: held pages that were not looked at for so long",
    )
    max_recheck: int = Field(
        default=10_000,
        ge=0,
        le=10**7,
        description="how many held pages that nothing led to a run without `adaptive` looks at, 0 to 10000000",
    )
    recheck_imported: bool = Field(
        default=False, description="`true` (pages of imported files are looked at again, too) or `false`"
    )
    mute: tuple[Annotated[str, AfterValidator(_scope_entry)], ...] = Field(
        default=(),
        description="a list of beginnings of addresses, or `re:` and regular expressions of RE2: pages that are looked "
        "at and raise no alarm",
    )
    alarm_lost: float = Field(
        default=10,
        ge=0,
        le=100,
        description="per cent of the held pages looked at that may be lost, 0 to 100: a run that loses more, and at "
        "least three, is not good",
    )
    verification: VerificationConfig | None = Field(
        default=None, description="a group of keys with `every` or `cron`: when all that is held is verified"
    )
    min_free_mb: int = Field(
        default=DEFAULT_LIMITS.min_free_bytes // MIB,
        ge=0,
        le=10**9,
        description="MiB that stay free on the disk: a run stops before it has less, 0 to 1000000000",
    )
    allow_addresses: tuple[Annotated[str, AfterValidator(check_address)], ...] = Field(
        default=(), description="a list of hosts or networks that may be private, such as 127.0.0.1"
    )
    secret_headers: Annotated[dict[str, str], AfterValidator(_secrets)] = Field(
        default={},
        description="a group of `Field-Name: env:NAME` or `Field-Name: file:PATH`; only seeds' hosts get them",
    )
    browser: Literal["off", "pages", "all"] = Field(
        default="off",
        description="`off`, `pages` (a browser loads what `browser_for` fits) or `all` (a browser loads every page); "
        "needs the extra `browser` and Chromium",
    )
    browser_for: tuple[Annotated[str, AfterValidator(_scope_entry)], ...] = Field(
        default=(),
        description="with `browser: pages`: a list of beginnings of addresses, or `re:` and regular expressions of RE2",
    )
    browser_click: tuple[Annotated[str, AfterValidator(_selector)], ...] = Field(
        default=(),
        description="with a browser: a list of CSS selectors of what is clicked on a page, such as `button.more`; each "
        "again while it is there, 20 times in all at most",
    )
    browser_sites: Annotated[tuple[BrowserSiteConfig, ...], Field(max_length=1_000)] = Field(
        default=(),
        description="with a browser: a list of groups of keys with `pages`, for what is clicked on those pages only; "
        "what every group says that fits a page is done",
    )
    browser_sandbox: Literal["required", "where-possible"] = Field(
        default="where-possible",
        description="with a browser: `where-possible` (a run says where this machine gives Chromium no sandbox, and "
        "goes on) or `required` (it ends before it asks for anything)",
    )
    server_clock: Literal["check", "ignore"] = Field(
        default="check",
        description="`check` (a run stops where the first server's time is an hour or more from ours) or `ignore`",
    )
    tls: Literal["verify", "record"] = Field(
        default="verify", description="`verify` (a bad certificate is a failure) or `record` (it is only noted)"
    )

    proxy: Annotated[str | None, AfterValidator(check_proxy)] = Field(
        default=None,
        description="the address of an HTTP proxy, such as http://127.0.0.1:3128; it resolves names, not this program. "
        "Time authorities and `alive_url` are asked through it as well",
    )
    public_url: Annotated[str | None, AfterValidator(_public)] = Field(
        default=None,
        description="where the public replay of this collection begins, such as https://archive.example.org/mrkva; "
        "citations give its copies as `public_url/14 digits/address`, and one that is followed by another in the same "
        "second as `public_url/record/UUID`",
    )
    ark: Annotated[str | None, AfterValidator(_ark)] = Field(
        default=None,
        description="what the Archival Resource Keys of its captures begin with, such as `12345/x`: the number of your "
        "name assigning authority, a slash, and a shoulder that you give to nothing else",
    )
    time_authorities: Annotated[dict[str, str], AfterValidator(_authorities)] = Field(
        default={},
        description="a group of `name: address` of time-stamping authorities (RFC 3161) that are asked after each run",
    )
    warc_file_mb: int = Field(
        default=DEFAULT_LIMITS.max_warc_file_bytes // MIB,
        ge=1,
        le=100_000,
        description="MiB after which a new WARC file is begun, 1 to 100000",
    )
    second_reader: bool = Field(
        default=True,
        description="`true` (warcio reads each WARC file again before its seal is stated) or `false`, which is noted "
        "in the files",
    )

    @model_validator(mode="after")
    def _authorities_to_ask(self) -> Self:
        wants = self.schedule is not None and any(step.receipts for step in self.schedule.steps)
        if wants and not self.time_authorities:
            raise ValueError("the step `receipts` asks time authorities; name some in `time_authorities`")
        return self

    @model_validator(mode="after")
    def _pages_of_a_browser(self) -> Self:
        if (self.browser == "pages") != bool(self.browser_for):
            raise ValueError("`browser: pages` and a list `browser_for` belong together: write both, or neither")
        for name, said in (("browser_click", self.browser_click), ("browser_sites", self.browser_sites)):
            if self.browser == "off" and said:
                raise ValueError(f"`{name}` is for pages that a browser loads: write `browser: pages` or `all`, too")
        if self.browser != "off" and self.scope.requisites == "none":
            raise ValueError("a browser asks for what pages are made of: write `requisites: scope` or `all`")
        if self.browser != "off" and self.secret_headers:
            raise ValueError("a page's scripts could read what `secret_headers` opens: leave out these or `browser`")
        return self

    @property
    def user_agent(self) -> str:
        """What the crawler calls itself in every request: program, version, and whom to ask."""
        return f"preserve/{__version__} (+{self.contact})"

    @property
    def limits(self) -> Limits:
        """The program's bounds with those of this collection put in."""
        return replace(
            DEFAULT_LIMITS,
            retries=self.politeness.retries,
            max_wait_s=self.politeness.max_wait_s,
            read_timeout_s=self.politeness.read_timeout_s,
            max_body_bytes=self.politeness.max_body_mb * MIB,
            min_free_bytes=self.min_free_mb * MIB,
            max_warc_file_bytes=self.warc_file_mb * MIB,
        )
