"""Drives a browser: one JSON document a line on stdin for each page, lines of what happens on stdout.

A process of its own, so that whatever a page does to a browser can be ended from outside. It knows nothing of archives
and writes files of fixed names to the folder that the job names. Lines of stdout:
``{"asks": ADDRESS, "main": BOOL}`` for each request before it is sent, and ``{"done": {...}}`` at the end of a page.

Tested by ``tests/scenarios/test_browser.py``.
"""

import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Error, FloatRect, Page, Request, sync_playwright

from preserve.crawler.browser.own_user import CANNOT
from preserve.crawler.browser.plain import plain
from preserve.crawler.browser.process import end_when_alone
from preserve.crawler.browser.ways import OWN_USER, SANDBOX
from preserve.limits import DEFAULT_LIMITS
from preserve.regular import read_regular

_FLAGS = [
    "--disable-quic",
    # Without it, what is asked of the loopback goes round the proxy.
    "--proxy-bypass-list=<-loopback>",
    # Names are the proxy's to look up. Some Chromium would ask for itself all the same: of servers of WebRTC.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--disable-domain-reliability",
    "--disable-component-update",
    "--disable-client-side-phishing-detection",
    "--disable-features=OptimizationHints,MediaRouter,DialMediaRouteProvider,Translate,AutofillServerCommunication",
    # What a page sends by UDP goes round every proxy. Builds of Chromium know one or the other name.
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--no-pings",
]
_NO_SANDBOX = re.compile("No usable sandbox|sandboxing failed|Failed to move to new namespace")
"""What Chromium, and Playwright for it, say where the machine does not let it have its sandbox."""
_VIEWPORT = (1280, 800)
_THUMBNAIL = 0.25
_MOST_PIXELS = 20_000
"""Height of the picture of a whole page."""
_QUIET_MS = 5_000
"""How long the network is waited for until it is quiet."""


def _say(**said: object) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def _ask(url: str, *, is_main: bool) -> None:
    # One that is longer is refused: of how many characters is all the same.
    _say(asks=url[: DEFAULT_LIMITS.max_url_chars + 1], main=is_main)


def _asked(context: BrowserContext, page: Page) -> None:
    """Tells each request, as it is made."""

    def ask(request: Request) -> None:
        is_main = False
        with suppress(Error):
            is_main = request.is_navigation_request()
            is_main = is_main and request.frame.parent_frame is None
        _ask(request.url.partition("#")[0], is_main=is_main)

    context.on("request", ask)
    page.on("websocket", lambda socket: _ask("http" + socket.url.removeprefix("ws"), is_main=False))
    # A window that a page opens is not the page.
    context.on("page", lambda other: other.close() if other != page else None)
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.on("download", lambda download: download.cancel())


def _load(page: Page, job: dict[str, Any], until: float) -> tuple[str, str]:
    """Loads the page; how far that came, and why no further."""
    try:
        # A page that wants to go elsewhere at once stays, and is waited for in vain by its event.
        page.goto(job["url"], wait_until="commit", timeout=_share_ms(until))
        page.wait_for_function("document.readyState === 'complete'", timeout=_share_ms(until))
    except Error as error:
        if "Timeout" in error.message:
            return "time", ""
        is_nothing = "ERR_ABORTED" in error.message or "Download" in error.message
        return ("nothing", "") if is_nothing else ("failed", _first_line(error))
    with suppress(Error):
        page.wait_for_load_state("networkidle", timeout=_QUIET_MS)
    return "whole", ""


def _share_ms(until: float) -> float:
    """The part of the time that is left which goes to loading; pictures need the rest."""
    return max(1.0, 600.0 * (until - time.monotonic()))


def _each(made: dict[str, str], name: str, make: Callable[[], object]) -> None:
    """Makes one artefact; what cannot be made is told and is no failure of the page."""
    try:
        make()
        made[name] = ""
    except Exception as error:  # noqa: BLE001 - a page's scripts decide what its values are
        made[name] = _first_line(error)


def _artefacts(page: Page, context: BrowserContext, job: dict[str, Any]) -> dict[str, Any]:
    """Makes pictures and texts of the page before and after the behaviours."""
    folder, made = Path(job["folder"]), dict[str, str]()
    shown = page.evaluate_handle("document")
    cdp = context.new_cdp_session(page)
    _each(made, "view.png", lambda: page.screenshot(path=folder / "view.png", timeout=20_000))
    clip = {"x": 0, "y": 0, "width": _VIEWPORT[0], "height": _VIEWPORT[1], "scale": _THUMBNAIL}
    shot = {"format": "jpeg", "quality": 70, "clip": clip}
    _each(
        made,
        "thumbnail.jpg.base64",
        lambda: (folder / "thumbnail.jpg.base64").write_text(cdp.send("Page.captureScreenshot", shot)["data"]),
    )
    script = read_regular(Path(__file__).parent / "behaviours.js").decode()
    behaved: object = None
    try:
        behaved = page.evaluate(script, job["behaviours"])
        page.wait_for_load_state("networkidle", timeout=_QUIET_MS)
    except Exception as error:  # noqa: BLE001 - as above
        behaved = behaved or {"ended": _first_line(error)}
    inner = "document.body ? document.body.innerText : ''"
    _each(made, "dom.html", lambda: _write(folder / "dom.html", page.content()))
    _each(made, "text.txt", lambda: _write(folder / "text.txt", page.evaluate(inner)))
    _each(made, "accessibility.txt", lambda: _write(folder / "accessibility.txt", _tree(page)))
    _each(made, "full.png", lambda: _whole(page, folder / "full.png"))
    _each(made, "page.pdf", lambda: page.pdf(path=folder / "page.pdf"))
    facts: object = None
    with suppress(Error):
        facts = page.evaluate(
            "() => ({title: document.title.slice(0, 1000), url: location.href.slice(0, 4000),"
            " language: navigator.language, userAgent: navigator.userAgent,"
            " zone: Intl.DateTimeFormat().resolvedOptions().timeZone, isSecureContext})"
        )
    # Raises where a script has put another document in its place: what was made is of nobody knows which.
    shown.evaluate("one => one === document")
    return {"artefacts": made, "behaviours": plain(behaved), "page": plain(facts)}


def _first_line(error: Exception) -> str:
    said = error.message if isinstance(error, Error) else f"{type(error).__name__}: {error}"
    return (said.splitlines() or [""])[0][:200] or type(error).__name__


def _refused(error: Exception) -> str:
    """What of the way in which the browser was to be run this machine refuses; empty where it is something else."""
    said = error.message if isinstance(error, Error) else ""
    if CANNOT in said or "EACCES" in said:
        return OWN_USER
    return SANDBOX if _NO_SANDBOX.search(said) else ""


def _whole(page: Page, path: Path) -> None:
    height = page.evaluate("Math.min(Number(document.documentElement.scrollHeight) || 0, 1e6)")
    clip = FloatRect(x=0, y=0, width=_VIEWPORT[0], height=max(_VIEWPORT[1], min(int(height), _MOST_PIXELS)))
    page.screenshot(path=path, full_page=True, clip=clip, timeout=30_000)


def _tree(page: Page) -> str:
    return page.locator("body").aria_snapshot(timeout=20_000)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", errors="replace")


def _visit(playwright: Any, job: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - Playwright's own
    until = time.monotonic() + job["seconds"]
    context = playwright.chromium.launch_persistent_context(
        job["profile"],
        executable_path=job["browser"],
        headless=True,
        chromium_sandbox=job["sandbox"],
        args=[*_FLAGS, f"--ignore-certificate-errors-spki-list={job['spki']}"],
        proxy={"server": job["proxy"], "username": job["page"], "password": job["word"]},
        service_workers="block",
        viewport={"width": _VIEWPORT[0], "height": _VIEWPORT[1]},
        locale=job["language"],
        timezone_id=job["zone"],
        accept_downloads=True,
        user_agent=job["agent"] or None,
    )
    try:
        page = context.pages[0] if context.pages else context.new_page()
        if not job["agent"]:
            # Its own name, so that sites are told the truth, and behind it ours.
            return {"agent": page.evaluate("navigator.userAgent"), "version": _version(context, page)}
        _asked(context, page)
        state, why = _load(page, job, until)
        found = {"state": state, "why": why, "version": _version(context, page)}
        if state in {"whole", "time"}:
            found |= _artefacts(page, context, job)
        return found
    finally:
        with suppress(Error):
            context.close()


def _version(context: BrowserContext, page: Page) -> str:
    return str(context.new_cdp_session(page).send("Browser.getVersion")["product"])


def main() -> None:
    """Works off pages until stdin ends, or who began this is gone."""
    parent, folders = os.getppid(), list[Path]()
    threading.Thread(target=end_when_alone, args=(parent, folders), daemon=True).start()
    with sync_playwright() as playwright:
        try:
            for line in sys.stdin:
                job = json.loads(line)
                folders[:] = [Path(job["folder"])] if "folder" in job else []
                try:
                    _say(done=_visit(playwright, job))
                except Exception as error:  # noqa: BLE001 - whatever it is, it ends this page and no other
                    _say(done={"state": "failed", "why": _first_line(error), "refused": _refused(error)})
        finally:
            if os.getppid() != parent:
                end_when_alone(parent, folders)


if __name__ == "__main__":
    main()
