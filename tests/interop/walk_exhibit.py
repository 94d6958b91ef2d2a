"""Looks at a hostile exhibit in Chromium, alone and in the desk's frame: what it asked for, and what it could do.

``walk_exhibit.py RAW_PAGE EXHIBIT DESK_PAGE CHROMIUM FOLDER``; writes JSON.
"""

import json
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright


def look(context: Any, address: str, picture: Path) -> dict[str, Any]:
    """What a page asked for and shows."""
    page = context.new_page()
    asked: list[str] = []
    refused: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: refused.append(request.url))
    page.goto(address, wait_until="load")
    page.wait_for_timeout(1_500)
    page.screenshot(path=str(picture), full_page=True)
    frames = [frame.url for frame in page.frames]
    found = {"asked": asked, "refused": refused, "title": page.title(), "at": page.url, "frames": frames}
    pictures = "[...document.images].map(one => [(one.getAttribute('src') || '').slice(-6), one.naturalWidth])"
    found["images"] = page.evaluate(pictures)
    page.close()
    return found


def main() -> None:
    """Looks, and says what it saw."""
    raw, exhibit, desk, chromium, folder = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context()
        found: dict[str, Any] = {}
        for name, address in (("raw", raw), ("exhibit", exhibit), ("desk", desk)):
            found[name] = look(context, address, Path(folder) / f"{name}.png")
        page = context.new_page()
        page.goto(exhibit)
        page.click("#held")
        page.wait_for_load_state()
        found["held"] = [page.url, page.inner_text("body")]
        page.goto(exhibit)
        page.click("#live")
        page.wait_for_load_state()
        found["not held"] = [page.url, page.inner_text("h1")]
        found["cookies"] = context.cookies()
        browser.close()
    json.dump(found, sys.stdout)


main()
