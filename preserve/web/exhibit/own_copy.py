"""The operator's own copy of ReplayWeb.page beside the exhibit room: its files, as they lie in a folder.

They are under a licence of their own (AGPL) and no part of this program. What may be asked for is what lay there when
the desk began: no path is made of what is asked. Its pages run scripts, those of captured pages too, on the origin of
the room; what the room itself shows is sandboxed, and the desk is of another origin. So nothing but the copy's own
service worker is given out as one.

Tested by ``tests/scenarios/test_own_copy.py``.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from preserve.errors import UsageError
from preserve.regular import read_regular
from preserve.web.reached import ServedNames, is_service_worker

PREFIX: Final = "/replay-web-page/"
_WORKER: Final = "sw.js"
_MOST_FILES: Final = 1_000
_MOST_BYTES: Final = 64 << 20
_MOST_DEPTH: Final = 6
_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".wasm": "application/wasm",
    ".gz": "application/gzip",
    ".woff2": "font/woff2",
}
_POLICY: Final = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' data: blob: {desk}; "
    "form-action 'none'; base-uri 'self'; object-src 'none'; frame-ancestors 'self'"
)


class OwnCopy:
    """The application: what begins with `PREFIX` is a file of the copy, all else is the room's."""

    def __init__(self, folder: Path, room: ASGIApp, names: ServedNames, desk_origins: Callable[[], str]) -> None:
        """``names``: those of the room. ``desk_origins``: the origins that packages come from, with blanks between.

        Raises:
            UsageError: the folder is no unpacked copy, or has too much in it.
        """
        self._files = dict(_listed(folder, "", 0))
        self._room = room
        self._names = names
        self._desk_origins = desk_origins
        if not {"index.html", "ui.js", _WORKER} <= self._files.keys() or len(self._files) > _MOST_FILES:
            raise UsageError(
                f"{folder} is no copy of ReplayWeb.page",
                next_step="Run `npm pack replaywebpage`, unpack it, and name the folder that holds sw.js.",
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path = bytes(scope.get("raw_path") or b"").partition(b"?")[0].decode("ascii", "replace")
        if scope["type"] != "http" or not path.startswith(PREFIX):
            await self._room(scope, receive, send)
            return
        name, method, headers = path.removeprefix(PREFIX), str(scope["method"]), Headers(scope=scope)
        response = await anyio.to_thread.run_sync(self._answer, name, method, headers)
        await response(scope, receive, send)

    def _answer(self, name: str, method: str, asked: Headers) -> Response:
        path = self._files.get(name or "index.html")
        headers = {
            "Content-Security-Policy": _POLICY.format(desk=self._desk_origins()),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
            "Cache-Control": "no-cache",
        }
        if not self._names.knows(asked.get("host", "")):
            said = "This is not known by the name that the request gives it.\n"
            return Response(said, status_code=400, headers=headers, media_type="text/plain")
        if is_service_worker(asked) and name != _WORKER:
            return Response("This is no service worker.\n", status_code=403, headers=headers, media_type="text/plain")
        if method not in {"GET", "HEAD"}:
            return Response(status_code=405, headers={**headers, "Allow": "GET, HEAD"})
        if path is None:
            return Response("There is no such file.\n", status_code=404, headers=headers, media_type="text/plain")
        try:
            data = read_regular(path, _MOST_BYTES)
        except OSError:
            return Response("It cannot be read.\n", status_code=503, headers=headers, media_type="text/plain")
        headers["Content-Type"] = _TYPES.get(path.suffix, "application/octet-stream")
        if method == "HEAD":
            return Response(headers={**headers, "Content-Length": str(len(data))})
        return Response(data, headers=headers)


def _listed(folder: Path, before: str, depth: int) -> Iterator[tuple[str, Path]]:
    """The files below a folder by their names with slashes; links are passed over."""
    try:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if entry.is_dir(follow_symlinks=False) and depth < _MOST_DEPTH:
                    yield from _listed(Path(entry.path), f"{before}{entry.name}/", depth + 1)
                elif entry.is_file(follow_symlinks=False):
                    yield f"{before}{entry.name}", Path(entry.path)
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}", next_step="Name another folder.") from error
