"""The frontier: each address once, ended only when that is durable, hosts remembered."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from sqlite3 import connect

import pytest

from preserve.crawler.frontier import FoundAddress, Frontier, FrontierTarget
from preserve.crawler.outcomes import AddressOutcome
from preserve.crawler.pace import HostState
from preserve.errors import ArchiveError, FormatError
from preserve.store.layout import CollectionPaths
from tests.ledgers import mac_of
from tests.unit.crawler.exchanges import NOW

HOST = "x.org"


@pytest.fixture
def paths(tmp_path: Path) -> CollectionPaths:
    return CollectionPaths(tmp_path, "demo")


@pytest.fixture
def frontier(paths: CollectionPaths) -> Iterator[Frontier]:
    with Frontier.open(paths, mac_of) as frontier:
        frontier.settle(frontier.start_or_resume_run(NOW).run_id)
        yield frontier


def _seeds(frontier: Frontier, *names: str) -> None:
    frontier.add(FoundAddress.of(f"http://x.org/{name}", via=None, depth=0, hop="seed") for name in names)
    frontier.save()


def _ended(target: FrontierTarget, reason: str, state: str = "done") -> AddressOutcome:
    return AddressOutcome(target.number, target.url, target.host, state, reason)


def test_each_address_is_given_out_once_in_order(frontier: Frontier) -> None:
    _seeds(frontier, "b", "a")
    frontier.add([FoundAddress.of("http://X.org:80/b#f", via=None, depth=0, hop="link")])
    assert (frontier.waiting, frontier.total, frontier.hosts()) == (2, 2, [HOST])
    assert [target.url for target in frontier.take(HOST, 1)] == ["http://x.org/b"]
    assert [target.url for target in frontier.take(HOST, 9)] == ["http://x.org/a"]
    assert frontier.take(HOST, 9) == []
    assert frontier.hosts() == []


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(FormatError):
        FoundAddress.of("not an address", via=None, depth=0, hop="seed")


def test_one_page_under_many_session_ids_is_one_address(frontier: Frontier) -> None:
    ids = ["0123456789abcdef" * 2, "fedcba9876543210" * 2]
    urls = [f"http://x.org/p;jsessionid={ids[0]}?q=1", f"http://x.org/p;jsessionid={ids[1]}?q=1"]
    urls += [f"http://x.org/p?q=1&PHPSESSID={i}" for i in ids]
    frontier.add(FoundAddress.of(url, via=None, depth=1, hop="link") for url in urls)
    frontier.add([FoundAddress.of("http://x.org/p?q=1", via=None, depth=1, hop="link")])
    assert frontier.total == 1
    assert frontier.refused() == {"trap-session": 3}


def test_seeds_are_asked_for_as_browsers_do_and_none_is_a_trap(frontier: Frontier) -> None:
    ids = [f"http://x.org/p?q=1&sid={digit * 32}" for digit in "ab"]
    seeds = FoundAddress.seeds([*ids, "http://B\u00fccher.example/a b#c", "http://x.org", "http://x.org:80/#d"])
    assert [seed.url for seed in seeds] == [*ids, "http://xn--bcher-kva.example/a%20b", "http://x.org/"]
    frontier.add(seeds)
    assert frontier.total == 4
    assert frontier.refused() == {}
    with pytest.raises(FormatError):
        FoundAddress.seeds(["http://a^b/"])


def test_only_marked_addresses_are_done_when_a_run_is_resumed(paths: CollectionPaths) -> None:
    with Frontier.open(paths, mac_of) as frontier:
        first = frontier.start_or_resume_run(NOW)
        frontier.settle(first.run_id)
        _seeds(frontier, "a", "b", "c")
        a, b, _c = frontier.take(HOST, 3)
        frontier.mark([_ended(a, "http-200")])
        frontier.save([_ended(b, "http-404")])
    with Frontier.open(paths, mac_of) as frontier:
        second = frontier.start_or_resume_run(NOW)
        assert (second.run_id, second.resumed) == (first.run_id, True)
        frontier.settle(second.run_id, [("http://x.org/b", 404, None)])
        assert [target.url for target in frontier.take(HOST, 3)] == ["http://x.org/c"]
        assert frontier.counts() == {"done": 2, "waiting": 1}
        assert frontier.problems(9) == [("http://x.org/b", "done", "http-404")]
        frontier.end_run(NOW)
        third = frontier.start_or_resume_run(NOW)
        assert (third.resumed, frontier.counts()) == (False, {})


def test_a_captured_address_whose_links_were_not_saved_is_asked_again(paths: CollectionPaths) -> None:
    with Frontier.open(paths, mac_of) as frontier:
        run = frontier.start_or_resume_run(NOW).run_id
        frontier.settle(run)
        _seeds(frontier, "a", "b")
        a, _b = frontier.take(HOST, 2)
        frontier.save([_ended(a, "http-200")])
        frontier.settle(run, [("http://x.org/b", 200, None)])
        assert [target.url for target in frontier.take(HOST, 3)] == ["http://x.org/a", "http://x.org/b"]


def test_what_is_asked_again_goes_behind_the_others_and_counts_its_tries(frontier: Frontier) -> None:
    _seeds(frontier, "a", "b")
    a, b = frontier.take(HOST, 2)
    frontier.mark([_ended(a, "timeout", "retry"), _ended(b, "http-200")])
    (again,) = frontier.take(HOST, 9)
    assert (again.url, again.tries, again.number > b.number) == (a.url, 1, True)
    frontier.mark([_ended(again, "timeout", "failed")])
    assert frontier.counts() == {"done": 1, "failed": 1}


def test_giving_up_a_host_ends_all_its_addresses(frontier: Frontier) -> None:
    _seeds(frontier, "a", "b", "c")
    frontier.take(HOST, 1)
    assert frontier.give_up(HOST, "host-paused") == 3
    assert (frontier.waiting, frontier.counts()) == (0, {"failed": 3})


def test_an_address_that_failed_ends_by_its_own_reason_when_its_host_is_given_up(
    frontier: Frontier, paths: CollectionPaths
) -> None:
    _seeds(frontier, "a", "b", "c")
    a, b = frontier.take(HOST, 2)
    frontier.mark([_ended(a, "http-503", "retry"), _ended(b, "timeout", "retry")])
    with connect(paths.frontier) as others:
        # What anybody could write into the file is no reason.
        others.execute("UPDATE targets SET reason = 'http-404' WHERE url = ?", (b.url,))
    others.close()
    assert frontier.give_up(HOST, "host-paused") == 3
    assert [(end.url, end.state, end.reason) for end in frontier.endings()] == [
        ("http://x.org/c", "failed", "host-paused"),
        (a.url, "done", "http-503"),
        (b.url, "failed", "host-paused"),
    ]


def _with_some_put_off(frontier: Frontier) -> None:
    frontier.put_off([f"http://x.org/{name}" for name in "cba"])
    _seeds(frontier, "c")
    frontier.add(FoundAddress.of(f"http://x.org/{name}", via=None, depth=1, hop="link") for name in "abdc")
    frontier.save()


def test_what_is_put_off_waits_until_it_is_released_and_a_seed_does_not(frontier: Frontier) -> None:
    _with_some_put_off(frontier)
    assert [target.url[-1] for target in frontier.take(HOST, 9)] == ["c", "d"]
    assert (frontier.waiting, frontier.total) == (0, 4)
    assert frontier.release() == [HOST, HOST]
    assert [target.url[-1] for target in frontier.take(HOST, 9)] == ["b", "a"]
    assert frontier.release() == []


def test_a_run_that_is_continued_asks_for_what_was_put_off(frontier: Frontier, paths: CollectionPaths) -> None:
    _with_some_put_off(frontier)
    with Frontier.open(paths, mac_of) as again:
        again.settle(again.start_or_resume_run(NOW).run_id)
        assert {target.url[-1] for target in again.take(HOST, 9)} == set("abcd")


def test_hosts_are_remembered_over_runs_until_they_are_clean(frontier: Frontier) -> None:
    state = HostState(host=HOST, troubles=3, last_trouble=NOW, paused_until=NOW + timedelta(hours=1))
    frontier.remember([state])
    frontier.save()
    frontier.end_run(NOW)
    frontier.start_or_resume_run(NOW)
    assert frontier.host_state(HOST) == state
    frontier.remember([HostState(host=HOST)])
    assert frontier.host_state(HOST).is_clean


def test_refused_addresses_are_kept_with_their_reason(frontier: Frontier) -> None:
    frontier.refuse(
        [("http://y.org/1", "out-of-scope"), ("http://x.org/2", "too-deep"), ("http://x.org/3", "too-deep")]
    )
    frontier.refuse([("http://y.org/1", "out-of-scope")])
    # A shorter way leads to it after all.
    frontier.add([FoundAddress.of("http://x.org/3", via=None, depth=1, hop="link")])
    assert frontier.refused() == {"out-of-scope": 1, "too-deep": 1}
    assert list(frontier.left_out()) == [
        ("http://x.org/2", "skipped", "too-deep"),
        ("http://y.org/1", "skipped", "out-of-scope"),
    ]


def test_an_end_that_somebody_else_wrote_is_none(paths: CollectionPaths) -> None:
    with Frontier.open(paths, mac_of) as frontier:
        run = frontier.start_or_resume_run(NOW).run_id
        frontier.settle(run)
        _seeds(frontier, "a", "b", "c")
        a, b, _c = frontier.take(HOST, 3)
        frontier.mark([_ended(a, "http-200"), _ended(b, "http-200")])
        frontier.refuse([("http://x.org/1", "too-deep"), ("http://x.org/2", "too-deep")])
        frontier.save()
    changes = [
        "UPDATE targets SET reason = 'http-404' WHERE url LIKE '%/a'",
        "UPDATE targets SET state = 'done', reason = 'http-200' WHERE url LIKE '%/c'",
        "UPDATE targets SET ended_mac = (SELECT ended_mac FROM targets WHERE url LIKE '%/b') WHERE url LIKE '%/c'",
        "INSERT INTO targets (key, url, host, depth, hop) VALUES ('k', 'http://forged.example/', 'x', 1, 'link')",
        "UPDATE refused SET reason = 'out-of-scope' WHERE url LIKE '%/2'",
    ]
    with connect(paths.frontier) as db:
        for change in changes:
            db.execute(change)
    db.close()
    with Frontier.open(paths, mac_of) as frontier:
        info = frontier.start_or_resume_run(NOW)
        assert (info.run_id, info.resumed) == (run, True)
        frontier.settle(run)
        assert list(frontier.report()) == [
            ("http://x.org/a", "waiting", "", ""),
            ("http://x.org/b", "done", "http-200", ""),
            ("http://x.org/c", "waiting", "", ""),
        ]
        assert frontier.refused() == {"too-deep": 1}


def test_a_run_that_somebody_else_began_is_none(paths: CollectionPaths) -> None:
    with Frontier.open(paths, mac_of) as frontier:
        first = frontier.start_or_resume_run(NOW)
    with connect(paths.frontier) as db:
        db.execute("UPDATE runs SET started = '2011-01-01T00:00:00.000000Z'")
    db.close()
    with Frontier.open(paths, mac_of) as frontier:
        second = frontier.start_or_resume_run(NOW)
        assert (second.resumed, second.run_id == first.run_id) == (False, False)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE targets SET reason = 'http-404' WHERE state = 'done'",
        "INSERT INTO targets (key, url, host, depth, hop) VALUES ('k', 'http://forged.example/', 'x', 1, 'link')",
        "DELETE FROM targets WHERE state = 'waiting'",
        "UPDATE targets SET url = 'http://forged.example/' WHERE state = 'waiting'",
    ],
)
def test_what_changes_while_a_run_is_under_way_is_not_reported(
    frontier: Frontier, paths: CollectionPaths, change: str
) -> None:
    _seeds(frontier, "a", "b")
    (target,) = frontier.take(HOST, 1)
    frontier.mark([_ended(target, "http-200")])
    with connect(paths.frontier) as db:
        db.execute(change)
    db.close()
    with pytest.raises(ArchiveError, match="was changed"):
        list(frontier.report())


def test_addresses_that_somebody_took_away_between_two_runs_are_all_found_again(paths: CollectionPaths) -> None:
    with Frontier.open(paths, mac_of) as frontier:
        run = frontier.start_or_resume_run(NOW).run_id
        frontier.settle(run)
        _seeds(frontier, "a", "b", "c")
    with connect(paths.frontier) as db:
        db.execute("DELETE FROM targets WHERE url LIKE '%/b'")
    db.close()
    with Frontier.open(paths, mac_of) as frontier:
        frontier.settle(frontier.start_or_resume_run(NOW).run_id)
        assert (frontier.total, frontier.waiting) == (0, 0)
        _seeds(frontier, "a", "b", "c")
        assert [url for url, *_end in frontier.report()] == [f"http://x.org/{name}" for name in "abc"]


@pytest.mark.parametrize("data", [b"rubbish" * 1000, b""])
def test_a_frontier_that_is_broken_is_begun_anew(paths: CollectionPaths, data: bytes) -> None:
    with Frontier.open(paths, mac_of) as frontier:
        frontier.start_or_resume_run(NOW)
    paths.frontier.write_bytes(data)
    with Frontier.open_sound(paths, mac_of) as frontier:
        assert frontier.start_or_resume_run(NOW).resumed is False
