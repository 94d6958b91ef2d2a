"""Walks over a desk with a real browser: `python walk_desk.py ADDRESS BROWSER FOLDER`, run by the tests' other Python.

Prints one JSON document: what axe-core finds, pages wider than the screen, requests to other hosts, and how far the
keyboard alone leads.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final, Literal

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-not-found, unused-ignore]
from playwright.sync_api import Browser, Page, sync_playwright  # type: ignore[import-not-found, unused-ignore]

CABLE = "05PORTSOLACE117"
_PAGES = [
    "/",
    "/search",
    "/search?q=harbour&origin=Embassy+Port+Solace&-class=SECRET",
    "/search?q=nothing-at-all",
    f"/cable/{CABLE}",
    f"/cable/{CABLE}?view=text",
    f"/cable/{CABLE}/cite?paragraph=2",
    f"/cable/{CABLE}/history",
    f"/cable/{CABLE}/diff",
    f"/graph/{CABLE}",
    "/browse",
    "/browse/tag",
    "/browse/origin",
    "/browse/class",
    "/browse/source",
    "/browse/month",
    "/statement/demo/5",
    "/collection/demo",
    "/operator",
    "/releases",
    "/about",
    "/accessibility",
    "/cable/99NOWHERE1",
]
_MOST_TABS = 150
_VIEWS: Final[list[tuple[int, Literal["light", "dark"], Literal["screen", "print"]]]] = [
    (1440, "light", "screen"),
    (1440, "dark", "screen"),
    (320, "light", "screen"),
    (320, "dark", "screen"),
    (720, "light", "print"),
]


def looks(browser: Browser, address: str) -> dict[str, list[str]]:
    """What is wrong with pages, on wide and narrow screens, light and dark, and printed."""
    violations, wide, elsewhere = [], [], []
    record = json.loads(_get(browser, f"{address}cable/{CABLE}.json"))
    name = record["record"]["id"]
    pages = [*_PAGES, f"/record/{name}", f"/cable/{CABLE}/at/{name}", f"/page?url={record['url']}"]
    for width, scheme, medium in _VIEWS:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
        page = context.new_page()
        page.emulate_media(media=medium)
        page.on("request", lambda request: None if request.url.startswith(address) else elsewhere.append(request.url))
        for path in pages:
            page.goto(address.rstrip("/") + path)
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wide.append(f"{width} {path}")
            found = Axe().run(page).response["violations"]
            violations += [
                f"{width} {scheme} {medium} {path}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found
            ]
        context.close()
    return {"violations": violations, "wide": wide, "elsewhere": elsewhere}


def _get(browser: Browser, address: str) -> str:
    context = browser.new_context()
    answer: str = context.request.get(address).text()
    context.close()
    return answer


def walk(browser: Browser, address: str, folder: Path) -> list[str]:
    """From the first page to a capsule by the keyboard alone, without scripts of the page."""
    context = browser.new_context(viewport={"width": 320, "height": 700}, forced_colors="active")
    page = context.new_page()
    steps = []
    page.goto(address)
    _tab_to(page, "e => e.id === 'q'")
    page.keyboard.type("harbour master")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=harbour+master")
    steps.append("search")
    _tab_to(page, f"e => e.matches('.hit a') && e.textContent.includes('{CABLE}')")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cable/{CABLE}")
    steps.append("cable")
    _tab_to(page, "e => e.getAttribute('aria-label') === 'Link to paragraph 2'")
    page.keyboard.press("Enter")
    page.wait_for_url("**#p2")
    steps.append("paragraph")
    _tab_to(page, "e => e.textContent.startsWith('Other forms')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cite")
    steps.append("cite")
    _tab_to(page, "e => e.id === 'paragraph'")
    page.keyboard.type("2")
    _tab_to(page, "e => e.textContent === 'Cite this'")
    page.keyboard.press("Enter")
    page.wait_for_url("**paragraph=2**")
    _tab_to(page, "e => e.textContent === 'Download the capsule'")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    download.value.save_as(folder / "passage.capsule.zip")
    steps.append("capsule")
    page.goto(f"{address}cable/{CABLE}")
    page.emulate_media(media="print")
    page.pdf(path=folder / "cable.pdf", prefer_css_page_size=True)
    steps.append("print")
    context.close()
    return steps


def _tab_to(page: Page, condition: str) -> None:
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate(f"({condition})(document.activeElement)"):
            return
    raise RuntimeError(f"the keyboard does not reach {condition}")


def main() -> None:
    """The command line."""
    address, browser_path, folder = sys.argv[1:]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        said: dict[str, Any] = dict(looks(browser, address))
        said["steps"] = walk(browser, address, Path(folder))
        browser.close()
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
