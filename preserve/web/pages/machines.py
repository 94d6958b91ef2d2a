"""What programs ask for: health, metrics, robots.txt, sitemap, the description of the interface, styles, links.

Tested by ``tests/scenarios/test_desk_machines.py``.
"""

import sqlite3
import time
from importlib import resources
from typing import Final
from xml.sax.saxutils import escape

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.errors import NotHeldError, PreserveError
from preserve.web.description import description
from preserve.web.library import Shelf
from preserve.web.metadata import cable_links, fixed_path
from preserve.web.pages.cable import find_cable
from preserve.web.pages.operator import states
from preserve.web.responses import File, json_bytes, path_of
from preserve.web.routing import DeskRequest

_STATIC: Final = {"desk.css": "text/css; charset=utf-8", "mark.svg": "image/svg+xml"}
_MOST_IN_SITEMAP: Final = 50_000
"""Of the protocol of sitemaps."""
_HOUR_S: Final = 3_600


def health(shelf: Shelf, _asked: DeskRequest) -> File:
    """Whether archives can be opened: 200, or the status of the error."""
    opened = [one.paths.name for one in shelf.archives]
    troubles = {name: shelf.public.error(error)[0] for name, error in shelf.troubles.items()}
    said = {"good": not troubles, "collections": opened, "troubles": troubles}
    return File(body=json_bytes(said), media_type="application/json")


def metrics_text(shelf: Shelf) -> bytes:
    """The state of the collections for Prometheus."""
    raised = unsent = None
    try:
        with AlarmDatabase.open(shelf.settings.archives, read_only=True) as book:
            raised, unsent = len(book.open_conditions()), len(book.unsent())
    except (PreserveError, sqlite3.DatabaseError, OSError):
        pass
    from preserve.health.prometheus import metrics  # noqa: PLC0415 - its library is slow to load

    return metrics(states(shelf), int(time.time()), open_alarms=raised, unsent_alarms=unsent).encode()


def robots(_shelf: Shelf, asked: DeskRequest) -> File:
    """Cables may be looked at by robots; what has no end may not."""
    closed = ("search", "graph/", "page", "record/", "statement/", "browse/", "static/")
    lines = [f"Disallow: {asked.prefix}/{path}" for path in closed]
    lines += [f"Disallow: {asked.prefix}/cable/*/diff", f"Disallow: {asked.prefix}/cable/*/cite"]
    text = "\n".join(["User-agent: *", *lines, f"Sitemap: {asked.base}/sitemap.xml", ""])
    return File(body=text.encode(), media_type="text/plain; charset=utf-8", is_data=False)


def sitemap(shelf: Shelf, asked: DeskRequest) -> File:
    """The addresses of cables, so many as the protocol lets stand in one file."""
    found: list[str] = []
    for one in shelf.indexes:
        for _key, cable in one.index.keys():  # noqa: SIM118 - no mapping
            if len(found) >= _MOST_IN_SITEMAP:
                break
            if not shelf.blocked.has(cable):
                address = f"{asked.base}{path_of('cable', cable.published_id)}"
                found.append(
                    f"<url><loc>{escape(address)}</loc><lastmod>{escape(cable.last_seen[:10])}</lastmod></url>"
                )
    text = (
        '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        + "\n".join(found)
        + "\n</urlset>\n"
    )
    return File(body=text.encode(), media_type="application/xml; charset=utf-8", is_data=False)


def openapi(_shelf: Shelf, asked: DeskRequest) -> File:
    """The interface for programs (OpenAPI 3.1)."""
    return File(body=json_bytes(description(asked.base)), media_type="application/vnd.oai.openapi+json;version=3.1")


def static(_shelf: Shelf, asked: DeskRequest) -> File:
    """A file that comes with the program."""
    name = asked.rest[0]
    if name not in _STATIC:
        raise NotHeldError("There is no such page here.")
    body = resources.files("preserve.web").joinpath("static", name).read_bytes()
    return File(body=body, media_type=_STATIC[name], is_data=False)


_BACK: Final = {"item": "collection", "describedby": "describes"}


def linkset(shelf: Shelf, asked: DeskRequest) -> File:
    """All typed links of a cable (RFC 9264): of its page, of that of this capture, and of its data back to it."""
    seen = find_cable(shelf, asked.rest[0], None)
    links = cable_links(seen)
    anchor = f"{asked.base}{path_of('cable', seen.published_id)}"
    members: dict[str, list[dict[str, str]]] = {}
    for link in links:
        target = {"href": f"{asked.base}{link.href}" if link.href.startswith("/") else link.href}
        if link.type:
            target["type"] = link.type
        members.setdefault(link.rel, []).append(target)
    pages = [{"anchor": page, **members} for page in (anchor, f"{asked.base}{fixed_path(seen)}")]
    others = [
        {"anchor": f"{asked.base}{link.href}", _BACK[link.rel]: [{"href": anchor, "type": "text/html"}]}
        for link in links
        if link.rel in _BACK
    ]
    return File(body=json_bytes({"linkset": [*pages, *others]}), media_type="application/linkset+json")
