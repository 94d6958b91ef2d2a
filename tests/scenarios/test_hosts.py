"""Many hosts at once: a slow one holds up no other, and none is asked over two connections."""

import threading
from pathlib import Path

import pytest

from tests.shell import Shell
from tests.simulated import Simulation, html, links
from tests.site import Site


@pytest.mark.parametrize("processes", [1, 2])
def test_a_host_that_does_not_answer_holds_up_no_other(shell: Shell, site: Site, processes: int) -> None:
    pages = [f"/page/{n}" for n in range(20)]
    for path in pages:
        site.page(path, b"x")
    site.page("/", "".join(f'<a href="{path}">x</a>' for path in pages).encode())
    site.page("/slow", b"slow")
    all_asked = threading.Event()
    in_time: list[bool] = []

    def before(path: str) -> None:
        if path == "/slow":
            # Answers only once every page of the other host was asked for.
            in_time.append(all_asked.wait(60))
        if set(pages) <= set(site.asked):
            all_asked.set()

    site.before = before
    slow, quick = f"http://localhost:{site.port}/slow", site.url("/")
    shell.collection(
        "demo",
        f"title: T\ncontact: test@example.org\nseeds:\n  - {slow}\n  - {quick}\nscope:\n  include:\n    - {quick}\n"
        "politeness:\n  delay_s: 0\n  read_timeout_s: 120\nlayouts: []\nallow_addresses: [127.0.0.0/8, '::1']\n",
    )
    shell("init", "demo")
    assert shell.json("capture", "demo", "--processes", str(processes))["problems"] == []
    assert in_time == [True]


def test_no_host_is_asked_over_two_connections_at_once(shell: Shell, site: Site) -> None:
    hosts = ["127.0.0.1", "localhost"]
    at_once: dict[str, int] = dict.fromkeys(hosts, 0)
    most: list[int] = []
    lock = threading.Lock()
    for n in range(10):
        site.page(f"/page/{n}", b"x")
    links_ = "".join(f'<a href="/page/{n}">x</a>' for n in range(10))
    site.page("/", links_.encode())

    def before(_path: str) -> None:
        host = site.own.head.split(b"Host: ")[1].split(b":")[0].decode()
        with lock:
            at_once[host] += 1
            most.append(at_once[host])
        threading.Event().wait(0.02)
        with lock:
            at_once[host] -= 1

    site.before = before
    seeds = "".join(f"\n    - http://{host}:{site.port}/" for host in hosts)
    shell.collection(
        "demo",
        f"title: T\ncontact: test@example.org\nseeds:{seeds}\nscope:\n  include:{seeds}\n"
        "politeness:\n  delay_s: 0\nlayouts: []\nallow_addresses: [127.0.0.0/8, '::1']\n",
    )
    shell("init", "demo")
    shell("capture", "demo")
    assert len(most) == 24
    assert max(most) == 1


@pytest.fixture
def sim(tmp_path: Path) -> Simulation:
    return Simulation(tmp_path)


@pytest.mark.parametrize(("most", "number"), [(50, 60), pytest.param(512, 600, marks=pytest.mark.slow)])
def test_more_hosts_than_are_worked_on_at_once_all_have_their_turn(
    sim: Simulation, monkeypatch: pytest.MonkeyPatch, most: int, number: int
) -> None:
    monkeypatch.setattr("preserve.crawler.coordinator._MAX_HOSTS", most)
    sim.politeness = "delay_s: 1\n  robots: ignore"
    hosts = [f"http://h{n}.org/" for n in range(number)]
    sim.seeds = ("http://x.org/",)
    sim.web.pages = {"http://x.org/": links(*hosts), **{host: links("/a", "/b") for host in hosts}}
    assert sim.run().outcome == "complete"
    assert len(sim.accounts) == 1 + 3 * number
    assert {state.split()[0] for state in sim.accounts.values()} == {"done"}


def test_links_to_a_host_that_was_given_up_are_accounted_for(sim: Simulation) -> None:
    busy = b"HTTP/1.1 503 X\r\nRetry-After: 9999\r\nContent-Length: 0\r\n\r\n"
    sim.scope = "include: ['re:.*']\n  max_depth: 50"
    sim.politeness = "delay_s: 1\n  robots: ignore"
    sim.web.pages = {f"http://x.org/{n}": links(f"/{n + 1}", f"http://busy.org/{n}") for n in range(30)}
    sim.web.pages |= {f"http://busy.org/{n}": busy for n in range(30)}
    sim.seeds = ("http://x.org/0",)
    assert sim.run().outcome == "complete"
    assert sim.accounts["http://busy.org/29"] == "failed host-paused"
    assert len(sim.accounts) == 31 + 30


def test_traps_are_stopped_by_rule_and_counted(sim: Simulation) -> None:
    sim.scope = "include: ['http://x.org/']\n  max_depth: 50"
    home = links("a/", "calendar/2850-01", "p?PHPSESSID=" + "0" * 32, "p?PHPSESSID=" + "1" * 32, "http://y.org/")
    sim.web.pages = {"http://x.org/": home, "http://x.org/p?PHPSESSID=" + "0" * 32: html("p")}
    deep = ""
    for _level in range(9):
        deep += "a/"
        sim.web.pages[f"http://x.org/{deep}"] = links("a/")
    report = sim.run()
    assert report.refused == {"out-of-scope": 1, "trap-calendar": 1, "trap-repetition": 1, "trap-session": 1}
    assert max(url.count("a/") for url in sim.web.paths) == 3


def test_a_limit_of_redirects_ends_a_chain_and_every_hop_is_kept(sim: Simulation) -> None:
    for n in range(30):
        sim.web.pages[f"http://x.org/{n}"] = (
            f"HTTP/1.1 302 X\r\nLocation: /{n + 1}\r\nContent-Length: 0\r\n\r\n".encode()
        )
    sim.seeds = ("http://x.org/0",)
    sim.run()
    assert len(sim.accounts) == 21
    assert set(sim.accounts.values()) == {"done http-302"}


def test_requisites_feeds_and_sitemaps_are_taken_as_configured(sim: Simulation) -> None:
    page = html(
        "<link rel=stylesheet href=/s.css><link rel=alternate type=application/atom+xml href=/feed>"
        "<img src=http://cdn.org/i.png>"
    )
    css = b"HTTP/1.1 200 OK\r\nContent-Type: text/css\r\nContent-Length: 17\r\n\r\n@import '/t.css';"
    feed = "<feed xmlns='http://www.w3.org/2005/Atom'><entry><link href='/from-feed'/></entry></feed>"
    robots = "User-agent: *\nAllow: /\nSitemap: http://x.org/map.xml\n"
    sitemap = "<urlset><url><loc>http://x.org/from-map</loc></url></urlset>"
    sim.web.pages = {
        "http://x.org/": page,
        "http://x.org/s.css": css,
        "http://x.org/feed": html(feed),
        "http://x.org/robots.txt": html(robots),
        "http://x.org/map.xml": html(sitemap),
    }
    sim.scope = "include: ['http://x.org/']"
    sim.more = "recheck: linked\n"
    sim.run()
    assert set(sim.web.paths) == {"http://x.org/", "http://x.org/s.css", "http://x.org/t.css"}
    sim.web.asked.clear()
    sim.scope = "include: ['http://x.org/']\n  requisites: all\n  sitemaps: true\n  feeds: true"
    sim.run()
    rest = {"http://x.org/feed", "http://x.org/from-feed", "http://x.org/map.xml", "http://x.org/from-map"}
    assert set(sim.web.paths) == {
        "http://x.org/", "http://x.org/s.css", "http://x.org/t.css", "http://cdn.org/i.png", *rest
    }  # fmt: skip
    sim.web.asked.clear()
    sim.scope = "include: ['http://x.org/']\n  requisites: none"
    sim.run()
    assert sim.web.paths == ["http://x.org/"]


def test_one_host_has_one_pace_whatever_its_schemes_and_ports(sim: Simulation) -> None:
    sim.politeness = "delay_s: 5\n  robots: ignore"
    sim.seeds = ("http://x.org/", "https://x.org/", "http://x.org:8080/")
    sim.run()
    assert [round(at) for at, _url in sim.web.asked] == [0, 5, 10]
