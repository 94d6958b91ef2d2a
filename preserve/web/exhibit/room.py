"""The exhibit room as an ASGI application: what is asked, and the capture, list or page that answers it.

Tested by ``tests/scenarios/test_exhibit.py``.
"""

import hashlib
import json
import sqlite3
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import anyio
import anyio.to_thread
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from preserve.errors import ArchiveError, FormatError, NotHeldError, PreserveError, UsageError
from preserve.provenance.describe import MADE_HERE, page_of_made
from preserve.replay.blocked import Blocked, BlockedError
from preserve.replay.recover import Capture
from preserve.web.application import answer_to_options, live
from preserve.web.exhibit import cdx
from preserve.web.exhibit.held import Captures, Opened, Rooms, in_order
from preserve.web.exhibit.kept_edits import KeptEdits
from preserve.web.exhibit.memento import (
    LINK_FORMAT,
    Addresses,
    accepted,
    links,
    padded,
    pages_of,
    rfc1123,
    timemap_cdxj,
    timemap_json,
    timemap_links,
)
from preserve.web.exhibit.policy import Fields, security
from preserve.web.exhibit.showing import Frame, Shown, as_captured, rewritten
from preserve.web.exhibit.targets import Target, target_of
from preserve.web.library import Library
from preserve.web.reached import ServedNames, is_service_worker, origin_of
from preserve.web.responses import environment, reader_has
from preserve.web.routing import check_length, query_of
from preserve.web.settings import MAX_BEING_SENT_BYTES, THREADS, DeskSettings

_HTML: Final = (b"content-type", b"text/html; charset=utf-8")
_TEXT: Final = "text/plain; charset=utf-8"
_RAW: Final = frozenset({"raw", "original-content"})
_MOST_LISTED: Final = 1_000
_METHODS: Final = b"GET, HEAD, OPTIONS"
_PIECE_BYTES: Final = 64 * 1024
"""Of an answer that is handed over at a time; one that is no longer counts for nothing."""
_RETRY_S: Final = b"10"
_TIMEMAPS: Final = {
    "link": (timemap_links, LINK_FORMAT),
    "json": (timemap_json, "application/json"),
    "cdxj": (timemap_cdxj, "application/cdxj+ors"),
}
_TITLES: Final = {
    400: "This cannot be asked",
    403: "Not given",
    404: "Not held",
    405: "Only for reading",
    414: "Too long",
    451: "Not shown",
    500: "FAIL",
    503: "Cannot be read now",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    fields: Fields
    body: bytes


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request: its target, and how its reader reaches the room."""

    target: Target
    base: str
    prefix: str
    headers: Headers

    @property
    def at(self) -> Addresses:
        """The addresses of what is asked for."""
        return Addresses(self.base, self.target.collection, self.target.address)

    @property
    def preferred(self) -> str:
        """``original-content`` or ``raw`` where that is preferred; else nothing."""
        said = {part.partition(";")[0].strip().lower() for part in self.headers.get("prefer", "").split(",")}
        return next((one for one in sorted(_RAW) if one in said), "")


class ExhibitRoom:
    """The application. ``say`` gets what went wrong inside, for whoever runs it.

    ``desk_origins``: of the desk beside it, which may frame what is shown; they are known once it listens.
    """

    def __init__(self, settings: DeskSettings, library: Library, say: Callable[[str], object]) -> None:
        self.names = ServedNames(settings.hosts | settings.exhibit_hosts, settings.exhibit_url, settings.proxies)
        self._library = library
        self._rooms = Rooms(library)
        self._say = say
        self._edits = KeptEdits()
        self._template = environment().get_template("exhibit.html")
        self._limiter: anyio.CapacityLimiter | None = None
        self._being_sent = 0
        self.desk_origins: Sequence[str] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; of another protocol than HTTP only the life of the server is listened to."""
        if scope["type"] == "lifespan":
            await live(receive, send)
        elif scope["type"] == "http":
            if self._limiter is None:
                self._limiter = anyio.CapacityLimiter(THREADS)
            reply = await anyio.to_thread.run_sync(partial(self.answer, scope), limiter=self._limiter)
            await self._send(reply, send, is_head=scope["method"] == "HEAD")

    async def _send(self, reply: Reply, send: Send, *, is_head: bool) -> None:
        """Hands an answer over in pieces: each is waited for until the reader has taken most of those before it."""
        size = 0 if is_head or len(reply.body) <= _PIECE_BYTES else len(reply.body)
        # One that is larger than what there is room for is sent where it is alone.
        if size and self._being_sent and self._being_sent + size > MAX_BEING_SENT_BYTES:
            size = 0
            said = "Too much is being sent at this moment to readers who are slow to take it."
            reply = self._error(503, said, [(b"retry-after", _RETRY_S)], next_step="Ask again in a minute.")
        self._being_sent += size
        try:
            fields = [*reply.fields, (b"content-length", b"%d" % len(reply.body))]
            await send({"type": "http.response.start", "status": reply.status, "headers": fields})
            body = memoryview(b"" if is_head else reply.body)
            for start in range(0, max(1, len(body)), _PIECE_BYTES):
                end = start + _PIECE_BYTES
                await send({"type": "http.response.body", "body": bytes(body[start:end]), "more_body": end < len(body)})
        finally:
            self._being_sent -= size

    def answer(self, scope: Scope) -> Reply:
        """The answer to one request, made in a thread."""
        headers = Headers(scope=scope)
        path, query = bytes(scope.get("raw_path") or scope["path"].encode()), bytes(scope["query_string"])
        path = path.partition(b"?")[0]
        if scope["method"] == "OPTIONS":
            options = answer_to_options(headers)
            return self._whole(Reply(204, list(options.raw_headers), b""), "")
        if scope["method"] not in {"GET", "HEAD"}:
            return self._error(405, "This is for reading: it takes GET, HEAD and OPTIONS.", [(b"allow", _METHODS)])
        if is_service_worker(headers):
            return self._error(403, "Nothing that was captured is given out as a service worker.")
        if not self.names.knows(headers.get("host", "")):
            return self._error(400, "This room is not known by the name that the request gives it.")
        if not check_length(path, query):
            return self._error(414, "The address is too long.")
        prefix, base = self.names.base(scope, headers)
        if prefix and (path + b"/").startswith(prefix.encode() + b"/"):
            path = path[len(prefix) :] or b"/"
        target = target_of(path, query)
        if target is None:
            return self._error(404, "There is nothing of this kind here.")
        asked = _Asked(target, base, prefix, headers)
        try:
            return self._whole(self._found(asked, query), target.modifier)
        except Exception as error:  # noqa: BLE001 - every fault becomes a page; those of the program are reported
            return self._failed(error, asked)

    def _found(self, asked: _Asked, query: bytes) -> Reply:
        target = asked.target
        if target.kind == "front":
            return self._front(target.collection)
        if target.kind == "record":
            return self._record(asked)
        blocked = self._library.blocked()
        with self._rooms.opened(target.collection) as opened:
            if target.kind == "cdx":
                return self._cdx(opened, asked, query, blocked)
            blocked.check(url=target.address)
            captures = opened.captures_of(target.address)
            if captures is not None and blocked.config.blocked:
                captures = _shown(captures, opened, blocked)
            if target.kind == "timemap":
                return self._timemap(asked, captures)
            if captures is None:
                return self._not_held(asked)
            if target.kind == "list":
                return self._listed(asked, captures)
            if target.kind == "gate":
                return self._gate(asked, captures)
            return self._page(opened, asked, captures)

    def _front(self, collection: str) -> Reply:
        names = self._library.names()
        if collection and collection not in names:
            raise NotHeldError(f"no collection is called {collection} here")
        where = collection or (names[0] if len(names) == 1 else "COLLECTION")
        message = (
            f"Captured pages are shown here, as they were: {collection or ', '.join(names)}. "
            f"Put a page's whole address behind /{where}/ to see its newest capture, behind /{where}/*/ to list all."
        )
        return Reply(200, [_HTML, (b"cache-control", b"no-cache")], self._html("The exhibit room", message))

    def _gate(self, asked: _Asked, captures: Captures) -> Reply:
        """RFC 7089, section 4.1.1: the capture nearest to the moment that is accepted, else the newest."""
        said = asked.headers.get("accept-datetime")
        digits = captures.digits[-1] if said is None else accepted(said)
        if digits is None:
            raise UsageError(
                "Accept-Datetime holds no date", next_step="Write it as HTTP does: Tue, 04 Oct 2011 12:00:00 GMT."
            )
        place = captures.nearest(digits)
        fields = [(b"vary", b"accept-datetime, prefer")]
        return self._redirect(asked, captures, place, fields, "id_" if asked.preferred else "")

    def _redirect(self, asked: _Asked, captures: Captures, place: int, fields: Fields, modifier: str) -> Reply:
        """To a capture. What leads there is none itself: it has no Memento-Datetime."""
        at = asked.at
        if asked.preferred and modifier == "id_":
            fields = [*fields, (b"preference-applied", asked.preferred.encode())]
        location = at.memento(captures.moments[place], modifier)
        link = links(at, captures, place, is_memento=False)
        return Reply(
            302,
            [*fields, (b"location", location.encode()), (b"link", link.encode()), (b"cache-control", b"no-cache")],
            b"",
        )

    def _page(self, opened: Opened, asked: _Asked, captures: Captures) -> Reply:
        target = asked.target
        digits = padded(target.digits)
        if digits is None:
            raise UsageError(
                "this is no time", next_step="Write a year or more, up to 14 digits: 2011, 20110901120000."
            )
        place = captures.at(target.digits)
        modifier = "" if target.modifier == "no_" else target.modifier
        if place is None or target.modifier == "no_":
            return self._redirect(asked, captures, captures.nearest(digits), [], modifier)
        if asked.preferred and modifier != "id_":
            return self._redirect(asked, captures, place, [(b"vary", b"prefer")], "id_")
        moment = captures.moments[place]
        frame = Frame(asked.prefix, target.collection, moment.digits, modifier, opened.addresses_held, self._edits)
        shown = _of_capture(opened, moment.capture, frame, asked.headers)
        return self._memento(asked, captures, place, shown, moment.capture)

    def _memento(self, asked: _Asked, captures: Captures, place: int, shown: Shown, capture: Capture) -> Reply:
        # What scripts made of a page is no reply for its address at any moment.
        is_memento = not capture.is_built
        link = links(asked.at, captures, place if is_memento else None, is_memento=is_memento)
        if capture.second_hand and capture.memento is not None:
            link += f', <{capture.memento.memento}>; rel="derivedfrom"'
        tag = hashlib.sha256(shown.body).hexdigest()[:32]
        fields = [
            *shown.fields,
            *([(b"memento-datetime", rfc1123(captures.moments[place].digits).encode())] if is_memento else []),
            (b"link", link.encode("ascii", "replace")),
            (b"etag", f'"{tag}"'.encode()),
            # What is held of the addresses in a page may be more tomorrow.
            # What is shown today may be blocked tomorrow, and an import may bring another capture of that second.
            (b"cache-control", b"no-cache"),
            (b"x-archive-record-sha256", capture.row.record_sha256.encode()),
        ]
        if capture.source.payload_sha256:
            fields.append((b"x-archive-payload-sha256", capture.source.payload_sha256.encode()))
        if capture.second_hand:
            fields.append((b"x-archive-second-hand", capture.second_hand.encode("ascii", "replace")))
        if shown.status == 200 and reader_has(asked.headers.get("if-none-match", ""), tag):  # noqa: PLR2004
            return Reply(304, [one for one in fields if not one[0].startswith((b"content-", b"x-archive-orig-"))], b"")
        return Reply(shown.status, fields, shown.body)

    def _record(self, asked: _Asked) -> Reply:
        """A capture by its record: the only name of one that is followed by another in the same second.

        A collection that cannot be read does not hide what another holds.
        """
        named, trouble = asked.target.collection, None
        for name in [named] if named else self._library.names():
            is_here = False
            try:
                with self._rooms.opened(name) as opened:
                    capture = opened.reader.capture_of_record(asked.target.record)
                    is_here = capture is not None
                    if capture is not None:
                        return self._of_record(opened, asked, name, capture)
            except PreserveError as error:
                if is_here:
                    raise
                trouble = error
        raise trouble or NotHeldError(f"no capture {asked.target.record} is held here")

    def _of_record(self, opened: Opened, asked: _Asked, name: str, capture: Capture) -> Reply:
        blocked = self._library.blocked()
        blocked.check_shown(opened.reader, capture)
        page = page_of_made(capture.row.uri)
        if page is not None and not capture.is_built:
            blocked.check(url=page)
            by = capture.taken_in.told if capture.taken_in is not None else MADE_HERE
            raise NotHeldError(
                f"this record is no capture, but a picture or text of {page}: {by}",
                next_step="The desk shows pictures beside the page, and this record under /record.",
            )
        captures = in_order([capture])
        held = opened.captures_of(capture.url) or captures
        if blocked.config.blocked:
            held = _shown(held, opened, blocked)
        row = capture.row.record_id
        place = next((at for at, one in enumerate(held.moments) if one.capture.row.record_id == row), None)
        if place is None:
            held, place = captures, 0
        asked = replace(asked, target=replace(asked.target, collection=name, address=capture.url))
        frame = Frame(asked.prefix, name, held.digits[place], asked.target.modifier, opened.addresses_held, self._edits)
        return self._memento(asked, held, place, _of_capture(opened, capture, frame, asked.headers), capture)

    def _timemap(self, asked: _Asked, captures: Captures | None) -> Reply:
        write, media_type = _TIMEMAPS[asked.target.form]
        page = asked.target.page
        body = write(asked.at, captures, page).encode("ascii", "replace")
        is_there = captures is not None and 1 <= page <= pages_of(captures)
        link = links(asked.at, captures, None, is_memento=False).encode("ascii", "replace")
        fields = [(b"content-type", media_type.encode()), (b"link", link), (b"cache-control", b"no-cache")]
        return Reply(200 if is_there else 404, fields, body)

    def _listed(self, asked: _Asked, captures: Captures) -> Reply:
        at = asked.at
        rows = [
            (at.memento(one), one.digits, one.capture.source.status, one.capture.second_hand)
            for one in captures.moments[-_MOST_LISTED:]
        ]
        many = len(captures.moments)
        message = f"{many:,} capture{'s' * (many != 1)}."
        if many > _MOST_LISTED:
            message = f"The last {_MOST_LISTED:,} of {message}"
        body = self._html("Captures", message, address=asked.target.address, captures=rows)
        link = links(at, captures, None, is_memento=False).encode("ascii", "replace")
        return Reply(200, [_HTML, (b"link", link), (b"cache-control", b"no-cache")], body)

    def _cdx(self, opened: Opened, asked: _Asked, query: bytes, blocked: Blocked) -> Reply:
        question = cdx.question_of(query_of(query))
        if question.match == "exact":
            blocked.check(url=question.url)

        def is_shown(row: cdx.Row) -> bool:
            # Whoever counts gets the number of pages at most: some have fewer lines than they could.
            is_looked_up = bool(blocked.config.blocked) and not question.counts_pages
            return not blocked.reason(url=row.get("url", "")) and (
                not is_looked_up or _is_line_shown(opened, blocked, row)
            )

        if question.match == "exact":
            captures = opened.captures_of(question.url)
            if captures is not None and blocked.config.blocked:
                captures = _shown(captures, opened, blocked)
            if question.output == "link":
                target = replace(asked.target, address=question.url, form="link")
                return self._timemap(replace(asked, target=target), captures)
            rows = iter(()) if captures is None else cdx.exact_rows(captures, question)
        else:
            rows = cdx.index_rows(opened.reader.paths, question)
        if question.counts_pages:
            lines = len(cdx.select(rows, replace(question, limit=cdx.MAX_SCANNED, page=None), is_shown).rows)
            pages = {"pages": -(-lines // question.page_size), "pageSize": question.page_size, "blocks": lines}
            return _data(json.dumps(pages) + "\n", "application/json")
        found = cdx.select(rows, question, is_shown)
        text = "".join(f"{cdx.written(row, question)}\n" for row in found.rows)
        fields: Fields = []
        if found.resume:
            fields.append((b"x-resume-key", found.resume.encode()))
            if question.shows_resume:
                text += f"\n{found.resume}\n"
        reply = _data(
            text,
            "application/x-ndjson"
            if question.output == "json"
            else "text/x-cdxj"
            if question.output == "cdxj"
            else _TEXT,
        )
        return replace(reply, fields=[*reply.fields, *fields])

    def _not_held(self, asked: _Asked) -> Reply:
        at = asked.at
        link = links(at, None, None, is_memento=False).encode("ascii", "replace")
        message = (
            "No capture of this address is held here. The address stands below as text: whoever follows it leaves the "
            "archive for the live web, which may show something else today."
        )
        body = self._html("Not held", message, address=asked.target.address)
        fields = [_HTML, (b"link", link), (b"cache-control", b"no-store")]
        if asked.target.kind == "gate":
            fields.append((b"vary", b"accept-datetime"))
        return Reply(404, fields, body)

    def _failed(self, error: Exception, asked: _Asked) -> Reply:
        status = 503
        message, next_step = self._library.public.error(error)
        if isinstance(error, BlockedError):
            status, message = 451, f"Held, and not shown here. The reason that is given: {message}"
        elif isinstance(error, UsageError):
            status = 400
        elif isinstance(error, NotHeldError):
            status = 404
        elif isinstance(error, ArchiveError | FormatError):
            status = 500
        elif isinstance(error, sqlite3.DatabaseError):
            message, next_step = "This cannot be read now, or takes too long.", "Try again, or ask for less."
        elif not isinstance(error, PreserveError):
            self._say("a fault of the program, please report it:\n" + "".join(traceback.format_exception(error)))
            status, message = 500, "This is a fault of the program. Whoever runs it finds the details in its output."
        is_for_programs = asked.target.modifier == "id_" or asked.target.kind in {"cdx", "timemap"}
        return self._error(
            status, message, next_step=next_step, is_text=is_for_programs, modifier=asked.target.modifier
        )

    def _error(
        self,
        status: int,
        message: str,
        fields: Sequence[tuple[bytes, bytes]] = (),
        *,
        next_step: str = "",
        is_text: bool = False,
        modifier: str = "",
    ) -> Reply:
        title = _TITLES.get(status, "Something went wrong")
        said = [(b"content-type", _TEXT.encode()) if is_text else _HTML, (b"cache-control", b"no-store"), *fields]
        text = f"{title}: {message}\n{next_step}\n".encode("utf-8", "replace")
        body = text if is_text else self._html(title, message, next_step=next_step, is_bad=status == 500)  # noqa: PLR2004
        return self._whole(Reply(status, said, body), modifier)

    def _html(self, title: str, message: str, **more: object) -> bytes:
        said = {"address": "", "next_step": "", "captures": (), "is_bad": False, **more}
        return self._template.render(title=title, message=message, **said).encode("utf-8", "replace")

    def _whole(self, reply: Reply, modifier: str) -> Reply:
        framers = [origin_of(url) for url in self.desk_origins]
        return replace(reply, fields=[*reply.fields, *security(framers, is_frame=modifier == "if_")])


def _of_capture(opened: Opened, capture: Capture, frame: Frame, headers: Headers) -> Shown:
    """A capture, read now and held against its leaf.

    Raises:
        ArchiveError: it is damaged, or what it refers to is not held.
    """
    page = opened.reader.page(capture)
    if frame.modifier == "id_":
        return as_captured(page, frame, headers.get("accept-encoding"))
    return rewritten(page, frame)


def _shown(captures: Captures, opened: Opened, blocked: Blocked) -> Captures:
    """Captures without those that are not shown.

    Raises:
        BlockedError: none is.
    """
    kept, reason = [], None
    for moment in captures.moments:
        try:
            blocked.check_shown(opened.reader, moment.capture)
        except BlockedError as error:
            reason = error
        else:
            kept.append(moment.capture)
    if not kept and reason is not None:
        raise reason
    return captures if len(kept) == len(captures.moments) else in_order(kept)


def _is_line_shown(opened: Opened, blocked: Blocked, row: cdx.Row) -> bool:
    """Whether the capture that a line of the index is of is shown; one that the catalogue does not know is not."""
    capture = opened.capture_at(row.get("url", ""), row.get("filename", ""), row.get("offset", ""))
    return capture is not None and blocked.is_shown(opened.reader, capture)


def _data(text: str, media_type: str) -> Reply:
    return Reply(
        200, [(b"content-type", media_type.encode()), (b"cache-control", b"no-cache")], text.encode("utf-8", "replace")
    )
