"""Every file of an archive, changed in every way by somebody without key and secret; then honest commands.

Of each case: nothing of what was put there is ever under a checkpoint; nothing honest is lost; and the next honest run
is good, after `repair` from a replica where evidence itself was damaged.
"""

import gzip
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

from preserve.formats.warc.members import iter_members
from preserve.formats.warc.record import compress_member, make_record, record_bytes
from preserve.provenance.ledger import Ledger
from preserve.store.layout import CollectionPaths
from tests.crash.dying import die
from tests.shell import Shell
from tests.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.damages, pytest.mark.timeout(1800)]

MARK = "forged.example"
"""Stands in everything that the attacker writes."""
_PAGES = ("/", "/a", "/b", "/c")
_SHA = "0" * 64
_KINDS: dict[str, dict[str, object]] = {
    "archive": {
        "collection": "demo",
        "format": 2,
        "origin": MARK,
        "key": MARK,
        "created": "2011-01-01T00:00:00.000000Z",
    },
    "record": {"record_id": f"urn:uuid:{MARK}", "uri": f"http://{MARK}/", "file": "x.warc.gz", "record_sha256": _SHA},
    "cable": {"record_id": f"urn:uuid:{MARK}", "published_id": MARK, "body_sha256": _SHA},
    "run": {"run": MARK, "outcome": "complete", "urls": [{"url": f"http://{MARK}/"}]},
    "import": {"file": "x.warc.gz", "source": MARK},
    "release": {"release": "forged", "title": MARK},
    "repair": {"path": "archive/x.warc.gz", "sources": [MARK]},
    "listing": {"archive": MARK},
    "memento": {"archive": MARK},
    "key": {"old": MARK, "new": MARK},
    "cut": {"file": "x.warc.gz", "reason": MARK},
    "fixity": {"file": "x.warc.gz", "program": MARK},
    "unheard-of": {"says": MARK},
}


@dataclass
class Lab:
    """The honest archive in two states, copied for every case: ended, and killed with a journal and open files."""

    folder: Path
    shell: Shell
    site: Site

    def start(self, state: str, name: str) -> "Case":
        """A copy of one state, with a home of its own."""
        folder = self.folder / name.replace("/", "-")
        shutil.copytree(self.folder / state, folder)
        os.environ["HOME"] = str(folder / "home")
        self.shell.folder = folder
        return Case(folder, self.shell, self.site, state)


@dataclass
class Case:
    """One copy, attacked."""

    folder: Path
    shell: Shell
    site: Site
    state: str

    @property
    def archive(self) -> Path:
        """The collection's folder."""
        return self.folder / "archives" / "demo"

    def signed(self) -> list[bytes]:
        """Every statement under the checkpoint."""
        return [entry for _index, entry in Ledger(CollectionPaths(self.folder / "archives", "demo")).raw()]

    def held(self) -> dict[bytes, None]:
        """Every file's bytes, wherever in the archive it lies."""
        return dict.fromkeys(path.read_bytes() for path in self.archive.rglob("*") if path.is_file())


def _site(site: Site) -> None:
    site.page("/", "".join(f'<a href="{path}">x</a>' for path in _PAGES).encode())
    for path in _PAGES[1:]:
        site.page(path, f"<p>honest words of {path}</p>".encode())


@pytest.fixture
def lab(tmp_path: Path, shell: Shell, site: Site) -> Iterator[Lab]:
    """Made anew for each test: the site's port is the test's own."""
    home = os.environ["HOME"]
    _site(site)
    os.environ["HOME"] = str(tmp_path / "ended" / "home")
    shell.folder = tmp_path / "ended"
    (shell.config / "layouts").mkdir(parents=True)
    shell.site_collection("demo", site, "/", layouts="[]")
    shell("init", "demo")
    shell("capture", "demo")
    shutil.copytree(tmp_path / "ended", tmp_path / "first")
    site.page("/a", b"<p>honest words, changed</p>")
    shell("capture", "demo")
    shell("replicate", str(tmp_path / "replica"), "demo")
    site.page("/a", b"<p>honest words, changed again</p>")
    for count in range(1, 60):
        # Killed when its first group of records is stated, and not yet under a checkpoint.
        shutil.copytree(tmp_path / "ended", tmp_path / "killed")
        os.environ["HOME"] = str(tmp_path / "killed" / "home")
        shell.folder = tmp_path / "killed"
        die(shell, count, "capture", "demo")
        pending = shell.archives / "demo" / "ledger" / "pending.jsonl"
        if pending.read_bytes().count(b"\n") > 3 and list((shell.archives / "demo" / "archive").glob("*.open")):
            break
        shutil.rmtree(tmp_path / "killed")
    else:
        pytest.fail("no stop leaves a journal and an open file")
    yield Lab(tmp_path, shell, site)
    os.environ["HOME"] = home


def _forged_record() -> bytes:
    block = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>{MARK}</p>".encode()
    fields = [
        ("WARC-Type", "response"),
        ("WARC-Record-ID", "<urn:uuid:00000000-0000-4000-8000-000000000bad>"),
        ("WARC-Date", "2011-01-01T00:00:00Z"),
        ("WARC-Target-URI", f"http://{MARK}/"),
        ("Content-Type", "application/http; msgtype=response"),
    ]
    return compress_member(record_bytes(make_record(fields, block)))


def _check(case: Case, honest: list[bytes], *, mended: bool) -> None:
    """Runs what an honest operator runs, and holds the outcome against what was there before."""
    shell = case.shell
    shell("capture", "demo", status=None)
    assert "Traceback" not in shell.errors
    report = shell.json("verify", "demo", status=None)["collections"][0]
    damage = {finding["code"] for finding in report["findings"] if finding["code"].startswith("E-")}
    if damage - {"E-WARC-UNKNOWN"}:
        replica = str(case.folder.parent / "replica")
        shell("repair", "demo", "--from", replica, "--apply", status=None)
        shell("rebuild", "demo", status=None)
        mended = True
    shell("capture", "demo", status=None)
    last = shell("capture", "demo", status=None)
    report = shell.json("verify", "demo", status=None)["collections"][0]
    left = [f for f in report["findings"] if f["code"].startswith("E-") and f["code"] != "E-WARC-UNKNOWN"]
    assert not left, (left, last, shell.errors)
    now = case.signed()
    assert not [entry for entry in now if MARK.encode() in entry and b'"kind":"cut"' not in entry]
    assert now[: len(honest)] == honest
    for path in _PAGES:
        assert "honest words" in shell("show", case.site.url(path)) or path == "/"
    assert mended or not damage - {"E-WARC-UNKNOWN"}


def _journal_path(case: Case) -> Path:
    return case.archive / "ledger" / "pending.jsonl"


def _line(index: int, kind: str) -> bytes:
    statement = json.dumps({"kind": kind, "v": 2, **_KINDS[kind]}, sort_keys=True, separators=(",", ":"))
    return b'{"index":%d,"mac":"%s","statement":%s}\n' % (index, b"ab" * 32, statement.encode())


def _journal_attacks(lab: Lab) -> Iterator[tuple[str, str, Callable[[Case], None]]]:
    def put(change: Callable[[bytes], bytes]) -> Callable[[Case], None]:
        return lambda case: _put(_journal_path(case), change(_journal_path(case).read_bytes()))

    for state in ("ended", "killed"):
        for kind in _KINDS:
            yield state, f"line-{kind}", put(lambda data, kind=kind: data + _line(99, kind))  # type: ignore[misc]
    whole = (lab.folder / "killed" / "archives" / "demo" / "ledger" / "pending.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    borders = [n for n, line in enumerate(lines) if line.startswith(b'{"commit"')]
    for border in [-1, *borders[:-1]]:
        yield "killed", f"cut-at-{border}", put(lambda data, n=border: b"".join(lines[: n + 1]))  # type: ignore[misc]
    yield "killed", "cut-within", put(lambda data: data[:-20])
    yield "killed", "gone", lambda case: _journal_path(case).unlink()
    yield "killed", "emptied", put(lambda data: b"")
    yield "killed", "line-out", put(lambda data: b"".join(lines[:1] + lines[2:]))
    yield "killed", "line-changed", put(lambda data: data.replace(b"127.0.0.1", b"127.0.0.2", 1))
    yield "killed", "lines-turned", put(lambda data: b"".join([lines[0], lines[2], lines[1], *lines[3:]]))
    yield "ended", "older-genuine", put(lambda data: whole)
    yield "killed", "junk", put(lambda data: b"\0" * 4096)
    yield "killed", "a-folder", _remake_as_folder


def _put(path: Path, data: bytes) -> None:
    if path.exists():
        path.chmod(0o644)
    path.write_bytes(data)


def test_a_journal_that_somebody_else_wrote_in_is_never_signed(lab: Lab) -> None:
    for number, (state, name, attack) in enumerate(_journal_attacks(lab)):
        case = lab.start(state, f"journal-{number}-{name}")
        honest = case.signed()
        attack(case)
        status_line = case.shell("capture", "demo", status=None)
        if name != "cut-within" and not (state == "ended" and name == "emptied"):
            assert "quarantine" in case.shell.errors, (state, name, status_line, case.shell.errors)
            assert case.signed() == honest, name
        _check(case, honest, mended=True)
        shutil.rmtree(case.folder)


def _file_attacks(case: Case) -> Iterator[tuple[str, Callable[[Path], None]]]:
    yield "junk", lambda path: _put(path, MARK.encode() * 50)
    yield "empty", lambda path: _put(path, b"")
    yield "half", lambda path: _put(path, path.read_bytes()[: path.stat().st_size // 2])
    yield "longer", lambda path: _put(path, path.read_bytes() + _forged_record())
    yield "byte", lambda path: _put(path, _flipped(path.read_bytes()))
    yield "gone", lambda path: path.unlink()
    yield "renamed", _rename


def _rename(path: Path) -> None:
    path.rename(path.with_name(f"{path.name}.moved"))


def _remake_as_folder(case: Case) -> None:
    _journal_path(case).unlink()
    _journal_path(case).mkdir()


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :] if data else b"x"


def _is_derived(path: Path) -> bool:
    return path.parent.name in {"state", "indexes"} or path.name.endswith(".open") or path.name == "pending.jsonl"


@pytest.mark.parametrize("state", ["ended", "killed"])
def test_a_file_that_somebody_else_changed_is_never_signed_and_comes_back(lab: Lab, state: str) -> None:
    base = lab.folder / state / "archives" / "demo"
    files = sorted(path.relative_to(base) for path in base.rglob("*") if path.is_file() and path.name != "lock")
    for name in files:
        if state == "killed" and not _is_derived(name):
            continue
        for attack in ("junk", "empty", "half", "longer", "byte", "gone", "renamed"):
            case = lab.start(state, f"{state}-{name}-{attack}")
            honest = case.signed()
            dict(_file_attacks(case))[attack](case.archive / name)
            _check(case, honest, mended=_is_derived(name))
            shutil.rmtree(case.folder)


def test_a_file_that_somebody_else_added_is_never_signed(lab: Lab) -> None:
    forged = _forged_record()
    places = [
        "archive/demo-20110902000000000000-00001.warc.gz",
        "archive/demo-20110902000000000000-00001.warc.gz.open",
        "archive/demo-20110902000000000000-00001.warc.gz.0123456789abcdef.open",
        "archive/demo-20110902000000000000-00001.warc.gz.importing",
        "archive/demo-20110902000000000000-00001.warc.gz.0123456789abcdef.importing",
        "quarantine/demo-20110902000000000000-00001.warc.gz",
        "ledger/tile/9/000",
        "state/importing/x.json",
        "state/dumps/dump-0.warc.gz",
    ]
    for state in ("ended", "killed"):
        for place in places:
            case = lab.start(state, f"{state}-added-{place}")
            honest = case.signed()
            path = case.archive / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(forged)
            case.shell("capture", "demo", status=None)
            told = case.shell.errors + case.shell("verify", "demo", status=None)
            assert path.name in told or not place.startswith("archive/"), place
            _check(case, honest, mended=True)
            shutil.rmtree(case.folder)


def test_an_open_file_that_somebody_changed_gives_what_was_written_to_it_before(lab: Lab) -> None:
    """The same name and token, other bytes: what the journal proves of the beginning is kept, nothing else."""
    changes: list[Callable[[bytes], bytes]] = [
        lambda data: data + _forged_record(),
        lambda data: _forged_record() + data,
        _swapped,
        lambda data: b"",
    ]
    for number, change in enumerate(changes):
        case = lab.start("killed", f"open-{number}")
        honest = case.signed()
        (path,) = (case.archive / "archive").glob("*.open")
        _put(path, change(path.read_bytes()))
        _check(case, honest, mended=True)
        shutil.rmtree(case.folder)


def _swapped(data: bytes) -> bytes:
    """The last record's text changed, and compressed again."""
    members = list(iter_members(BytesIO(data)))
    last = members[-1]
    text = gzip.decompress(data[last.offset : last.offset + last.length]).replace(b"honest", b"forged")
    return data[: last.offset] + gzip.compress(text)


def test_an_older_state_of_any_part_put_back_is_told_and_never_signed(lab: Lab) -> None:
    old = lab.folder / "first" / "archives" / "demo"
    for part in ("ledger", "ledger/checkpoint", "state", "indexes", "archive", "."):
        case = lab.start("ended", f"older-{part}")
        # The log is known at this place, too.
        case.shell("verify", "demo")
        honest = case.signed()
        target = case.archive / part
        if target.is_dir():
            shutil.rmtree(target)
            shutil.copytree(old / part, target)
        else:
            _put(target, (old / part).read_bytes())
        asked = len(case.site.asked)
        case.shell("capture", "demo", status=None)
        if part in {"ledger", "ledger/checkpoint", "."}:
            assert len(case.site.asked) == asked, part
            assert "repair" in case.shell.errors, part
        _check(case, honest, mended=True)
        shutil.rmtree(case.folder)


_FORGED_TARGET = (
    "INSERT INTO targets (key, url, host, depth, hop, state, reason) "
    f"VALUES ('k', 'http://{MARK}/', '{MARK}', 1, 'link', 'done', 'http-200')"
)


def test_rows_of_the_databases_that_somebody_changed_are_never_signed(lab: Lab) -> None:
    changes = {
        "frontier.sqlite": [
            _FORGED_TARGET,
            "UPDATE targets SET state = 'done', reason = 'http-200'",
            f"INSERT OR REPLACE INTO refused VALUES ('{MARK}', 7, x'00')",
            f"INSERT INTO runs VALUES ('{MARK}', '2011-01-01T00:00:00.000000Z', NULL, x'00', NULL)",
        ],
        "catalogue.sqlite": [
            f"UPDATE records SET record_id = '{MARK}'",
            "UPDATE records SET payload_sha256 = (SELECT payload_sha256 FROM records WHERE uri LIKE '%/b')",
            "UPDATE meta SET value = value + 40 WHERE name = 'ledger_size'",
            "UPDATE meta SET value = 1 WHERE name = 'ledger_size'",
            "DELETE FROM records",
        ],
    }
    for state in ("ended", "killed"):
        for name, statements in changes.items():
            for number, statement in enumerate(statements):
                case = lab.start(state, f"{state}-{name}-{number}")
                honest = case.signed()
                with sqlite3.connect(case.archive / "state" / name) as db:
                    db.execute(statement)
                db.close()
                _check(case, honest, mended=True)
                case.shell("rebuild", "demo")
                case.shell("verify", "demo")
                shutil.rmtree(case.folder)


@pytest.mark.parametrize("command", ["import", "release", "repair", "rotate", "recover"])
def test_no_writing_command_signs_what_it_did_not_write(lab: Lab, command: str) -> None:
    warc = lab.folder / "honest.warc.gz"
    warc.write_bytes(_forged_record())
    words = {
        "import": ["import", str(warc), "--into", "demo"],
        "release": [
            "release",
            "add",
            "some-release",
            "--title",
            "A release",
            "--known-from",
            "a letter",
            "--into",
            "demo",
        ],
        "repair": ["repair", "demo", "--from", str(lab.folder / "replica"), "--apply"],
        "rotate": ["key", "rotate", "demo"],
        "recover": ["recover", "demo"],
    }[command]
    case = lab.start("ended", command)
    honest = case.signed()
    _put(_journal_path(case), _line(99, "key") + _line(100, "record"))
    case.shell(*words, status=1)
    assert case.signed() == honest
    # The release is declared by now; it is still to be stated.
    case.shell(*(["release", "add", "some-release", "--into", "demo"] if command == "release" else words))
    entries = case.signed()
    assert not [entry for entry in entries if MARK.encode() in entry and b'"kind":"record"' not in entry]
    assert any(b'"kind":"cut"' in entry for entry in entries)
    case.shell("verify", "demo")
