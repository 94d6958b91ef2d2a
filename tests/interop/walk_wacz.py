"""Opens packages in ReplayWeb.page: `python walk_wacz.py FOLDER BROWSER WACZ ADDRESS...`, by the tests' other Python.

FOLDER is the unpacked npm package. Prints one JSON document: what the frame of each address shows, how many pages are
listed, and requests to other hosts than this one.
"""

import json
import re
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from playwright.sync_api import Page, sync_playwright  # type: ignore[import-not-found, unused-ignore]

_WAIT_MS = 30_000


class _Handler(SimpleHTTPRequestHandler):
    """The unpacked package, and one WACZ with ranges."""

    wacz = Path()

    def do_GET(self) -> None:
        if urlsplit(self.path).path != "/held.wacz":
            super().do_GET()
            return
        data = self.wacz.read_bytes()
        asked = re.match(r"bytes=(\d*)-(\d*)\Z", self.headers.get("Range", ""))
        if asked is None:
            self._send(200, data, {})
            return
        first, last = asked.groups()
        start = int(first) if first else max(0, len(data) - int(last))
        stop = min(int(last) + 1, len(data)) if first and last else len(data)
        self._send(206, data[start:stop], {"Content-Range": f"bytes {start}-{stop - 1}/{len(data)}"})

    def do_HEAD(self) -> None:
        if urlsplit(self.path).path != "/held.wacz":
            super().do_HEAD()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(self.wacz.stat().st_size))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()

    def _send(self, status: int, data: bytes, fields: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**fields, "Content-Length": str(len(data)), "Accept-Ranges": "bytes"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_words: Any) -> None:
        """Nothing is told."""


def shown(page: Page, here: str, address: str) -> str:
    """The text that ReplayWeb.page shows for an address."""
    source = quote(f"{here}held.wacz", safe="")
    page.goto("about:blank")
    page.goto(f"{here}?source={source}#view=replay&url={quote(address, safe='')}")
    for _step in range(_WAIT_MS // 250):
        for frame in page.frames:
            if "mp_/" in frame.url and frame.url.endswith(address):
                text = str(frame.evaluate("document.body ? document.body.innerText : ''"))
                if text.strip():
                    return text
        page.wait_for_timeout(250)
    return " | ".join(frame.url for frame in page.frames)


def listed(page: Page, here: str) -> int:
    """How many pages the list of the package shows."""
    page.goto("about:blank")
    page.goto(f"{here}?source={quote(f'{here}held.wacz', safe='')}#view=pages")
    page.wait_for_selector("wr-page-entry", timeout=_WAIT_MS, state="attached")
    return page.locator("wr-page-entry").count()


def main() -> None:
    """Serves, looks, and tells."""
    folder, program, wacz, *addresses = sys.argv[1:]
    _Handler.wacz = Path(wacz)
    elsewhere: list[str] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), lambda *given: _Handler(*given, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_address[1]}/"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            context = browser.new_context()
            context.route(lambda url: not url.startswith((here, "blob:", "data:")), lambda route: route.abort())
            page = context.new_page()
            ours = (here, "blob:", "data:")
            page.on("request", lambda asked: None if asked.url.startswith(ours) else elsewhere.append(asked.url))
            told = {"listed": listed(page, here), "shown": {each: shown(page, here, each) for each in addresses}}
            browser.close()
        server.shutdown()
    json.dump({**told, "elsewhere": elsewhere}, sys.stdout)


if __name__ == "__main__":
    main()
