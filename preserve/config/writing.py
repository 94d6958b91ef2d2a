"""The file of a new collection, with a comment at each key; and the collection of single pages, which needs no file."""

import json
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from preserve.config.collection import CollectionConfig
from preserve.config.folder import parse_collection
from preserve.errors import ConfigError, UsageError

_TYPED = "typed"
SINGLE = "single"
"""The collection that takes pages which are captured by their address alone."""


def collection_file(*, title: str, contact: str, url: str, layouts: Sequence[str], about: str) -> str:
    """The text of a collection's file: the page at ``url``, and what lies beside it.

    ``layouts`` are those that read the page; none: it names none, so that pages are read by all that are known.
    ``about`` says what was seen there, for the comment.
    """
    beside = url[: url.rindex("/") + 1] if urlsplit(url).path else f"{url}/"
    named = "layouts:" + "".join(f"\n  - {name}" for name in layouts) if layouts else "# layouts: all that are known."
    private = _private_host(url)
    allowed = f"# The site is on this machine, or in its network.\nallow_addresses:\n  - {private}\n" if private else ""
    return f"""\
# A collection of `preserve`. All keys: docs/reference/configuration.md.
title: {_quoted(title)}
# Site owners must be able to reach you: an e-mail address or a URL.
contact: {_quoted(contact)}
# Where a run begins.
seeds:
  - {_quoted(url)}
scope:
  # Pages whose addresses begin so belong to it; `exclude:` leaves some of them out.
  include:
    - {_quoted(beside)}
  # How many links from a seed a page may be.
  max_depth: 1
politeness:
  # Seconds between two requests to a host.
  delay_s: 2
# {about}
{named}
{allowed}"""


def single_page(url: str, *, contact: str, layouts: Sequence[str]) -> CollectionConfig:
    """The configuration of one page with what it is made of, and nothing else.

    Raises:
        UsageError: the address or the contact is none.
    """
    private = _private_host(url)
    text = json.dumps(
        {
            "title": "Single pages",
            "contact": contact,
            "seeds": [url],
            "scope": {"include": ["re:.*"], "max_depth": 0, "requisites": "all"},
            "recheck": "linked",
            "layouts": list(layouts),
            **({"allow_addresses": [private]} if private else {}),
        }
    )
    try:
        return parse_collection(text.encode(), name=SINGLE, source=_TYPED, layouts=layouts)
    except ConfigError as error:
        # There is no file: what was typed is wrong.
        told = tuple(mistake.removeprefix(f"{_TYPED}:1: ") for mistake in error.mistakes)
        raise UsageError("\n".join(told), next_step="Give the address of a page, and --contact.") from error


def _private_host(url: str) -> str:
    """The host of an address that names this machine or one of its network; else empty. A name is not looked up."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return host
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    return host if address.is_private or address.is_loopback else ""


def _quoted(text: str) -> str:
    """A YAML scalar in double quotes: what JSON writes is YAML (YAML 1.2 section 1.3)."""
    return json.dumps(text, ensure_ascii=False)
