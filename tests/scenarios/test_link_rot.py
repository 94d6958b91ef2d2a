"""Link rot as an operator sees it: captures on several days, and what `preserve rot` tells of each address."""

import json
import os
from collections import Counter

from preserve.cli.shared.common import keys_folder
from preserve.formats.tlog.note import Signer
from preserve.provenance.keys import key_path, read_key
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import RunEnd, RunStatement, encode
from preserve.replay.link_status_list import rot_of
from preserve.replay.one_link import link_of
from preserve.replay.recover import open_for_reading
from preserve.store.layout import CollectionPaths
from tests.clocks import ShiftedClock
from tests.ledgers import extended
from tests.shell import Shell
from tests.site import Site

PAGE = b"<html><title>A page</title><body>" + b"<p>Words that stay as they are.</p>" * 200 + b"</body></html>"


def _states(answer: dict[str, object]) -> dict[str, tuple[str, str]]:
    rows = answer["addresses"]
    assert isinstance(rows, list)
    return {row["url"].split("/", 3)[3]: (row["state"], row["reason"]) for row in rows}


def _same_alone(shell: Shell, *names: str) -> int:
    """Whether each address, looked at alone, is what it is among all; gives their number."""
    known = 0
    for name in names:
        with open_for_reading(shell.archives, [name], {}) as (archive,):
            for rot in rot_of(archive):
                alone = link_of(archive, rot.url)
                assert alone is not None
                assert alone == rot.machine
                known += 1
            assert link_of(archive, "http://nowhere.example/") is None
    return known


def test_every_state_from_captures_of_several_days(shell: Shell, site: Site, clock: type[ShiftedClock]) -> None:
    names = ["alive", "moved", "home", "changed", "soft", "gone", "once", "wall", "back", "cable", "broken"]
    for name in names:
        site.page(f"/{name}", PAGE)
    site.page("/", PAGE)
    site.page("/never", b"", status="404 Not Found")
    shell.site_collection("demo", site, *(f"/{name}" for name in names), "/never", "/")
    shell("init", "demo")
    shell("capture", "demo")
    assert _states(shell.json("rot", "--all", status=0))["never"] == ("unknown", "http-404")
    site.replies["/moved"] = b"HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    site.replies["/home"] = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
    site.page("/elsewhere", PAGE)
    site.page("/changed", PAGE.replace(b"stay", b"went"))
    site.page("/soft", b"<html><body>Sorry: page not found</body></html>")
    site.page("/gone", b"", status="410 Gone")
    site.page("/broken", b"", status="500 Oh")
    site.page("/back", b"", status="404 Not Found")
    site.replies["/wall"] = (
        b"HTTP/1.1 403 Forbidden\r\ncf-mitigated: challenge\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nwait"
    )
    clock.days = 1
    shell("capture", "demo", status=1)
    site.page("/once", b"", status="404 Not Found")
    site.page("/back", PAGE)
    clock.days = 2
    shell("capture", "demo", status=1)
    told = _states(shell.json("rot", "--all", status=1))
    assert told == {
        "": ("alive", "http-200"),
        "alive": ("alive", "http-200"),
        "back": ("alive", "http-200"),
        "broken": ("unknown", "http-500"),
        "cable": ("alive", "http-200"),
        "changed": ("changed", "text-changed"),
        "elsewhere": ("alive", "http-200"),
        "gone": ("gone", "http-410"),
        "home": ("soft-404", "http-302 to the front page"),
        "moved": ("moved", "http-301"),
        "never": ("gone", "http-404"),
        "once": ("unknown", "http-404"),
        "soft": ("soft-404", "error-page"),
        "wall": ("unknown", "challenge cloudflare"),
    }
    assert shell("rot", "--state", "gone", status=1).count("gone      http") == 1
    assert "14 addresses: 5 alive" in shell("rot", status=1)
    assert "; 1 never were a page" in shell("rot", status=1)
    assert "13 addresses: 5 alive" in shell("rot", "--held", status=1)
    assert "gone      http" not in shell("rot", "--since", "2999-01-01", status=1)
    text = shell("rot", "--state", "gone", "--never", status=1)
    assert text.count("gone      http") == 2
    assert f"preserve show '{site.url('/gone')}' -c demo --at 2" in text
    assert _same_alone(shell, "demo") == len(told)
    assert f"preserve rescue '{site.url('/never')}' --into demo" in text
    report = shell("rot", "--markdown", status=1)
    assert f"## gone: `{site.url('/gone')}`" in report
    assert "alive → unknown: `http-410`" in report
    with open_for_reading(shell.archives, ["demo"], {}) as (archive,):
        counts = Counter(str(found.state) for found in rot_of(archive))
    assert counts == Counter(shell.json("rot", status=1)["counts"])


def test_a_dead_host_is_told_from_our_own_dead_network(
    shell: Shell, site: Site, clock: type[ShiftedClock], dead_port: int
) -> None:
    dead = f"http://localhost:{dead_port}/page"
    text = (
        "title: Two hosts\ncontact: test@example.org\nseeds:\n  - {0}\n  - {1}\nscope:\n  include:\n    - re:.*\n"
        "politeness:\n  delay_s: 0\n  max_wait_s: 0\n  retries: 0\n  robots: ignore\n"
        "allow_addresses:\n  - 127.0.0.1\n  - localhost\n"
    )
    site.page("/page", PAGE)
    shell.collection("both", text.format(site.url("/page"), dead))
    shell.collection("alone", text.format(dead, dead + "2"))
    for name in ("both", "alone"):
        shell("init", name)
        for day in range(3):
            clock.days += day
            shell("capture", name, status=None)
            # A host that failed is left alone for a while.
            (shell.archives / name / "state" / "frontier.sqlite").unlink()
    answer = shell.json("rot", "-c", "both", status=1)
    (row,) = answer["addresses"]
    assert (row["url"], row["state"], row["reason"], row["last_good"]) == (dead, "gone", "connect", None)
    assert row["transitions"][-1]["evidence"].startswith("urn:uuid:")
    assert {row["state"] for row in shell.json("rot", "-c", "alone", status=0)["addresses"]} == {"unknown"}
    assert _same_alone(shell, "both", "alone") == 4


def test_a_page_that_has_changed_and_was_not_modified_since_is_changed(
    shell: Shell, site: Site, clock: type[ShiftedClock]
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: %s\r\nContent-Length: %d\r\n\r\n"
    changed = PAGE.replace(b"stay", b"went")
    shell.site_collection("demo", site, "/page")
    shell("init", "demo")
    site.replies["/page"] = head % (b'"a"', len(PAGE)) + PAGE
    shell("capture", "demo")
    site.replies["/page"] = head % (b'"b"', len(changed)) + changed
    clock.days = 1
    shell("capture", "demo")
    site.unchanged["/page"] = b'If-None-Match: "b"'
    clock.days = 2
    shell("capture", "demo")
    (row,) = shell.json("rot", status=0)["addresses"]
    assert (row["state"], row["looks"], len(row["transitions"])) == ("changed", 3, 2)
    assert f"--at {row['first_good']['captured']}" in shell("rot", status=0)


def test_a_failure_that_a_continued_run_states_again_is_one_failure(shell: Shell, site: Site) -> None:
    shell.site_collection("demo", site, "/page")
    shell("init", "demo")
    paths = CollectionPaths(shell.archives, "demo")
    last = Ledger(paths).last_checkpoint()
    assert last is not None
    signer = Signer(last.origin, read_key(key_path("demo", keys_folder(os.environ)), None))
    for day in range(1, 5):
        for run in ("urn:continued", f"urn:{day}"):
            failed = "http://dead.example/continued" if run == "urn:continued" else "http://dead.example/each"
            ended = (
                RunEnd(url="http://live.example/", outcome="done", reason="http-200"),
                RunEnd(url=failed, outcome="failed", reason="dns"),
            )
            manifest = RunStatement(
                run=run, started="2026-01-01T00:00:00Z", ended=f"2026-01-0{day}T00:00:00Z", outcome="cancelled",
                program="test", files=(), counts={}, refused={}, first_statement=0, last_statement=0, urls=ended,
            )  # fmt: skip
            extended(paths, [encode(manifest)], signer)
    assert _states(shell.json("rot", status=1)) == {"continued": ("unknown", "dns"), "each": ("gone", "dns")}
    assert _same_alone(shell, "demo") == 2


def test_what_came_from_a_page_cannot_speak_to_shell_terminal_or_markdown(shell: Shell, site: Site) -> None:
    path = "/?`$(id)`'x%1b[31m"
    shell.site_collection("demo", site, path)
    shell("init", "demo")
    shell("capture", "demo")
    assert "preserve rescue 'http://127.0.0.1" in shell("rot", "--never", status=0)
    assert "`` http" in shell("rot", "--markdown", "--never", status=0)
    assert json.loads(shell("rot", "--json", status=0))["counts"]["unknown"] == 1


def test_wrong_use_is_told(shell: Shell) -> None:
    answer = json.loads(shell("rot", "--json", "--markdown", status=2))
    assert answer["error"]["message"] == "--json, --format and --markdown exclude each other"
    assert "no archive is held" in (shell("rot", status=3) or shell.errors)
