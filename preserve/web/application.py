"""The desk as an ASGI application: who may ask, what is asked, who answers, and what an error looks like.

Tested by ``tests/scenarios/test_desk_hostile.py``.
"""

import re
import sqlite3
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from urllib.parse import urlencode

import anyio
import anyio.to_thread
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from preserve.errors import (
    ArchiveError,
    CatalogueDiffersError,
    FormatError,
    LockedError,
    NotHeldError,
    PreserveError,
    UsageError,
)
from preserve.replay.blocked import BlockedError
from preserve.web.exhibit.own_copy import PREFIX
from preserve.web.library import Library, NoIndexError, Shelf
from preserve.web.pages import packages
from preserve.web.pages.machines import metrics_text
from preserve.web.reached import ServedNames, origin_of
from preserve.web.responses import (
    JSON,
    SECURITY,
    DeskPage,
    DeskRedirect,
    File,
    Link,
    Ranged,
    environment,
    finished,
    json_bytes,
    link_header,
    negotiates_json,
    path_of,
    ranged,
    script_json,
)
from preserve.web.routes import EXPORTS, ROUTES
from preserve.web.routing import DeskRequest, Handler, TargetError, check_length, query_of, segments_of
from preserve.web.settings import EXPORT_QUERY_S, EXPORTS_A_MINUTE, EXPORTS_AT_ONCE, QUERY_S, THREADS, DeskSettings

_METHODS: Final = "GET, HEAD, OPTIONS"
_MOST_TAKERS: Final = 10_000


class Desk:
    """The application. ``say`` gets what went wrong inside, for whoever runs it."""

    def __init__(self, settings: DeskSettings, say: Callable[[str], object] = lambda _line: None) -> None:
        self.settings = settings
        self.library = Library(settings, say)
        self._say = say
        self._names = ServedNames(settings.hosts, settings.public_url, settings.proxies)
        self._templates = environment()
        self._limiter: anyio.CapacityLimiter | None = None
        self._exports = ExportBucket()
        self.exhibit_url = ""
        """Where the exhibit room is, once it is known, without a slash at the end; empty: there is none."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; of another protocol than HTTP only the life of the server is listened to."""
        if scope["type"] == "lifespan":
            await live(receive, send)
        elif scope["type"] == "http":
            response = await self._respond(scope)
            if scope["method"] == "HEAD":
                response = _without_body(response)
            await response(scope, receive, send)

    async def _respond(self, scope: Scope) -> Response:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(THREADS)
        response = await anyio.to_thread.run_sync(partial(self.answer, scope), limiter=self._limiter)
        for name, value in SECURITY.items():
            response.headers.setdefault(name, value)
        return response

    def answer(self, scope: Scope) -> Response:
        """The answer to one request, made in a thread."""
        headers = Headers(scope=scope)
        if scope["method"] == "OPTIONS":
            return answer_to_options(headers)
        if scope["method"] not in {"GET", "HEAD"}:
            return self._error(405, "This desk is for reading: it takes GET, HEAD and OPTIONS.", headers=_ALLOW)
        host = headers.get("host", "")
        client = str((scope.get("client") or ("", 0))[0])
        is_proxy = self._names.is_proxy(scope)
        if not self._names.knows(host):
            return self._error(400, "This desk is not known by the name that the request gives it.")
        raw_path, raw_query = bytes(scope.get("raw_path") or scope["path"].encode()), bytes(scope["query_string"])
        raw_path = raw_path.partition(b"?")[0]
        if not check_length(raw_path, raw_query):
            return self._error(414, "The address is too long.")
        prefix, base = self._names.base(scope, headers)
        if prefix and (raw_path + b"/").startswith(prefix.encode() + b"/"):
            raw_path = raw_path[len(prefix) :] or b"/"
        asked = DeskRequest(path="/", segments=("",), prefix=prefix, base=base, exhibit=self._exhibit(base))
        wants_json = negotiates_json(headers.get("accept", ""))
        try:
            asked = replace(asked, path=raw_path.decode("ascii", "replace"), query=query_of(raw_query))
            segments = segments_of(raw_path)
            asked = replace(asked, segments=segments, wants_json=wants_json or segments[-1].endswith(".json"))
            taker = _taker(headers, client, is_proxy=is_proxy)
            return self._found(asked, taker, headers, is_head=scope["method"] == "HEAD")
        except Exception as error:  # noqa: BLE001 - every fault becomes a page; those of the program are reported
            return self._failed(error, asked)

    def _exhibit(self, base: str) -> str:
        """Where a reader of this desk reaches the exhibit room: by the same name, where it listens to all of them."""
        scheme, _, place = self.exhibit_url.partition("://")
        host, _, port = place.rpartition(":")
        if host not in {"0.0.0.0", "[::]"}:  # noqa: S104 - compared with, not bound to
            return self.exhibit_url
        return f"{scheme}://{re.sub(r':[0-9]+$', '', origin_of(base).partition('://')[2])}:{port}"

    def _found(self, asked: DeskRequest, taker: str, headers: Headers, *, is_head: bool) -> Response:
        last = asked.segments[-1]
        if last.endswith(".json") and not ROUTES.names(asked.segments):
            short = "" if last == "index.json" and len(asked.segments) == 1 else last.removesuffix(".json")
            asked = replace(asked, segments=(*asked.segments[:-1], short), wants_json=True)
        match = ROUTES.find(asked.segments)
        if match is None:
            raise NotHeldError("There is no such page here.")
        handler, rest = match
        is_export = handler in EXPORTS
        if is_export and (wait_s := self._exports.take(taker)):
            return self._error(
                429, "Too many exports at a time: wait a little.", asked, headers={"Retry-After": f"{wait_s:d}"}
            )
        query_s = EXPORT_QUERY_S if is_export or handler is packages.package else QUERY_S
        return self._made(handler, replace(asked, rest=rest), headers, query_s=query_s, is_head=is_head)

    def _made(
        self, handler: Handler, asked: DeskRequest, headers: Headers, *, query_s: float, is_head: bool
    ) -> Response:
        with self.library.opened(query_s=query_s) as shelf:
            try:
                answer = handler(shelf, asked)
            except NotHeldError as error:
                behind = [age.words for age in shelf.ages() if age.is_behind]
                if behind:
                    raise LockedError(
                        f"{error} Not all that is held is shown now ({'; '.join(behind)}).",
                        next_step="Try again once the archive has caught up.",
                    ) from error
                raise
            if isinstance(answer, DeskPage):
                # Every page says how far the collections are shown; one that shows nothing of them is shown without.
                with suppress(PreserveError):
                    shelf.archives  # noqa: B018 - opened at its first use
            shelf.require_whole()
            if isinstance(answer, Ranged):
                return ranged(answer, headers, is_head=is_head)
            response = self._rendered(answer, asked, shelf)
        return finished(
            response,
            if_none_match=headers.get("if-none-match", ""),
            is_data=(isinstance(answer, File) and answer.is_data) or asked.wants_json,
            max_age_s=answer.max_age_s if isinstance(answer, File) else 0,
        )

    def _rendered(self, answer: DeskPage | File | DeskRedirect, asked: DeskRequest, shelf: Shelf | None) -> Response:
        if isinstance(answer, DeskRedirect):
            return RedirectResponse(f"{asked.prefix}{answer.path}", status_code=303)
        if isinstance(answer, File):
            response = Response(answer.body, media_type=answer.media_type)
            if answer.name:
                response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(answer.name)}"'
            if answer.links:
                response.headers["Link"] = link_header(answer.links, asked.base)
            return response
        links = list(answer.links)
        if answer.twin and asked.path.endswith(".json"):
            # The twin is what describes the page: it leads back, and is no landing page itself.
            query = f"?{urlencode(asked.query)}" if asked.query else ""
            links = [Link("describes", path_of(*asked.segments) + query, "text/html")]
            links += [link for link in answer.links if link.rel == "linkset"]
        elif answer.twin:
            links.append(Link("alternate", answer.twin, JSON))
        ages = [] if shelf is None else shelf.ages()
        if asked.wants_json:
            data = {**answer.data, "as_of": [_age(age) for age in ages]}
            response = Response(json_bytes(data), status_code=answer.status, media_type=JSON)
        else:
            response = Response(self._html(answer, asked, shelf), status_code=answer.status, media_type="text/html")
        if answer.frames:
            policy = SECURITY["Content-Security-Policy"]
            response.headers["Content-Security-Policy"] = f"{policy}; frame-src {origin_of(answer.frames)}"
        if links:
            response.headers["Link"] = link_header(links, asked.base)
        if answer.twin:
            response.headers["Vary"] = "Accept"
        if not answer.is_indexed:
            response.headers["X-Robots-Tag"] = "noindex"
        return response

    def _html(self, page: DeskPage, asked: DeskRequest, shelf: Shelf | None) -> bytes:
        troubles = {} if shelf is None else shelf.troubles
        unsearched = {} if shelf is None else shelf.unsearched
        template = self._templates.get_template(page.template)
        text = template.render(
            **page.context,
            page=page,
            own_copy=self._own_copy(),
            prefix=asked.prefix,
            base=asked.base,
            exhibit=asked.exhibit,
            here=f"{asked.base}{asked.path}",
            now=time.strftime("%Y-%m-%d", time.gmtime()),
            ages=[] if shelf is None else shelf.ages(),
            uncounted=[] if shelf is None else sorted(shelf.uncounted - troubles.keys() - unsearched.keys()),
            troubles=[(name, *self.library.public.error(error)) for name, error in troubles.items()],
            unsearched=[(name, *self.library.public.error(error)) for name, error in unsearched.items()],
            structured=None if page.structured is None else script_json(page.structured),
        )
        return text.encode("utf-8", "replace")

    def _own_copy(self) -> str:
        """Where the operator's own copy of ReplayWeb.page is; empty where there is none."""
        is_there = self.settings.replay_web_page is not None and self.exhibit_url
        return f"{self.exhibit_url}{PREFIX}" if is_there else ""

    def _failed(self, error: Exception, asked: DeskRequest) -> Response:
        status, title = 500, "Something went wrong"
        message, next_step = self.library.public.error(error)
        if isinstance(error, sqlite3.OperationalError) and "interrupted" in message:
            status, title = 503, "This takes too long"
            message, next_step = "The question would take longer than this desk gives one.", "Narrow it, with a filter."
        elif isinstance(error, sqlite3.DatabaseError):
            status, title, next_step = 503, "Cannot be read", "The operator runs `preserve rebuild`."
        else:
            known = next((told for kinds, told in _STATUSES if isinstance(error, kinds)), None)
            if known is not None:
                status, title = known
            elif not isinstance(error, PreserveError):
                self._say("a fault of the program, please report it:\n" + "".join(traceback.format_exception(error)))
                message = "This is a fault of the program. Whoever runs this desk finds the details in its output."
        if isinstance(error, NotHeldError) and message.endswith("here."):
            title = "Not found"
        if isinstance(error, BlockedError):
            message = f"Held, and not shown here. The reason that is given: {message}"
        return self._error(status, message, asked, title=title, next_step=next_step)

    def _error(
        self,
        status: int,
        message: str,
        asked: DeskRequest | None = None,
        *,
        title: str = "",
        next_step: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        page = DeskPage(
            template="error.html",
            title=title or _TITLES.get(status, "Something went wrong"),
            data={"status": status, "error": message, "next_step": next_step},
            context={"message": message, "next_step": next_step, "status": status},
            status=status,
            is_indexed=False,
        )
        response = self._rendered(page, asked or DeskRequest(path="/", segments=("",)), None)
        response.headers.update({"Cache-Control": "no-store", **(headers or {})})
        if status == 451:  # noqa: PLR2004 - RFC 7725
            response.headers["Link"] = f'<{asked.base if asked else ""}/about#blocked>; rel="blocked-by"'
        return response


@dataclass(slots=True)
class _Level:
    tokens: float
    at: float


class Gauges:
    """The numbers of a desk's collections for Prometheus, as an application on an address of its own.

    They tell more of the machine than readers need, and cost more than a page: whoever watches reaches them, and
    nobody else.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request: ``/metrics`` is all there is."""
        if scope["type"] == "lifespan":
            await self._desk(scope, receive, send)
        elif scope["type"] == "http":
            await (await self._respond(scope))(scope, receive, send)

    async def _respond(self, scope: Scope) -> Response:
        if scope["method"] not in {"GET", "HEAD"}:
            return PlainTextResponse("It takes GET and HEAD.\n", status_code=405, headers={"Allow": "GET, HEAD"})
        if scope["path"] != "/metrics":
            return PlainTextResponse("The numbers are at /metrics.\n", status_code=404)
        body = await anyio.to_thread.run_sync(self._text)
        response = Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")
        response.headers.update({**SECURITY, "Cache-Control": "no-store"})
        return _without_body(response) if scope["method"] == "HEAD" else response

    def _text(self) -> bytes:
        with self._desk.library.opened() as shelf:
            return metrics_text(shelf)


class ExportBucket:
    """Exports that each address may take: so many at once, and so many a minute after that."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._levels: dict[str, _Level] = {}

    def take(self, taker: str) -> int:
        """Takes one; 0 where that may be, else the seconds to wait."""
        with self._lock:
            now = self._clock()
            if len(self._levels) >= _MOST_TAKERS:
                taking = self._levels.items()
                self._levels = {key: one for key, one in taking if self._filled(one, now) < EXPORTS_AT_ONCE}
            if len(self._levels) >= _MOST_TAKERS:
                return 60
            level = self._levels.setdefault(taker, _Level(EXPORTS_AT_ONCE, now))
            level.tokens, level.at = self._filled(level, now), now
            if level.tokens < 1:
                return 1 + int((1 - level.tokens) * 60 / EXPORTS_A_MINUTE)
            level.tokens -= 1
            return 0

    @staticmethod
    def _filled(level: _Level, now: float) -> float:
        return min(EXPORTS_AT_ONCE, level.tokens + (now - level.at) * EXPORTS_A_MINUTE / 60)


_ALLOW: Final = {"Allow": _METHODS}
_TITLES: Final = {400: "Not a request for this desk", 405: "Only for reading", 414: "Too long", 429: "Too many"}
_STATUSES: Final[tuple[tuple[tuple[type[Exception], ...], tuple[int, str]], ...]] = (
    ((BlockedError,), (451, "Not shown")),
    ((TargetError, UsageError), (400, "This cannot be asked")),
    ((NotHeldError,), (404, "Not held")),
    ((CatalogueDiffersError, ArchiveError, FormatError), (500, "FAIL")),
    ((LockedError,), (503, "Busy")),
    ((NoIndexError,), (503, "It cannot be searched yet")),
    ((PreserveError,), (503, "Cannot be read")),
)


def _age(age: object) -> object:
    return {name: getattr(age, name) for name in ("name", "statements", "shown", "signed", "indexed")}


def _taker(headers: Headers, client: str, *, is_proxy: bool) -> str:
    """Whose exports are counted: behind a named proxy the last address that it names."""
    forwarded = headers.get("x-forwarded-for", "") if is_proxy else ""
    return forwarded.rpartition(",")[2].strip()[:64] or client


async def live(receive: Receive, send: Send) -> None:
    """Listens to the life of the server, until it ends."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def answer_to_options(headers: Headers) -> Response:
    """What may be asked, also by pages of other sites."""
    answer = Response(status_code=204, headers={"Allow": _METHODS})
    if "access-control-request-method" in headers:
        answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.headers["Access-Control-Allow-Methods"] = _METHODS
        answer.headers["Access-Control-Allow-Headers"] = "*"
        answer.headers["Access-Control-Max-Age"] = "86400"
    return answer


def _without_body(response: Response) -> Response:
    """The headers of GET for HEAD."""
    if isinstance(response, StreamingResponse):
        # It was made without one.
        return response
    length = response.headers.get("content-length")
    response.body = b""
    if length is not None:
        response.headers["content-length"] = length
    return response


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:120].strip("-.") or "export"
